"""Rows of the demonstration street's deadlines, and the steps of those that passed.

A stage whose time has come when the street is loaded never fires: it is history, and the clock has nothing to do with it.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import orjson

from shaodao.commands import clock_stages
from shaodao.commands.promises import overdue_sentence
from shaodao.commands.transaction import Transaction
from shaodao.demo.cast import decider
from shaodao.demo.copying import Row
from shaodao.demo.dues import Clock
from shaodao.demo.identifiers import case_id, promise_id, whistle_id
from shaodao.demo.parts import Scene
from shaodao.demo.promising import organization_of
from shaodao.demo.story import Step
from shaodao.domain.case_vocabulary import SuspensionKind
from shaodao.domain.clock_changes import Pause, entry_of
from shaodao.domain.explanation import due_moment
from shaodao.domain.permissions import county_of
from shaodao.domain.vocabulary import ClockState, EscalationStage


def clock_row(tx: Transaction, scene: Scene, clock: Clock) -> Row:
    """The row of ``deadline``; its history names what was changed and what is past."""
    past = [{"stage": stage, "at": at.isoformat()} for stage, at in _stages(tx, clock).items() if at <= _end(tx, clock)]
    return {
        "county_code": county_of(clock.case.grid), "id": clock.id, "case_id": case_id(clock.case.seq),
        "whistle_id": clock.whistle and whistle_id(clock.whistle.id), "assignment_id": clock.part and clock.part.id,
        "organization_code": _organization(scene, clock), "kind": clock.kind, "round": clock.round_number,
        "promise_id": clock.promise and promise_id(clock.promise.id),
        "unit": clock.limit and clock.limit.unit, "amount": clock.limit and clock.limit.amount, "rule": clock.rule,
        "started_at": clock.started_at, "due_at": clock.due.at, "provisional": clock.due.provisional,
        "state": clock.state, "stopped_at": clock.stopped_at,
        "paused_at": clock.paused_at if clock.state is ClockState.PAUSED else None,
        "history": orjson.dumps([*clock.changes, *past, *_pausing(scene, clock)]).decode(),
    }  # fmt: skip


def stage_rows(tx: Transaction, clock: Clock) -> list[Row]:
    """Rows of ``deadline_stage``: what a running clock has still to fire."""
    if clock.state is not ClockState.RUNNING:
        return []
    return [
        {
            "county_code": county_of(clock.case.grid), "deadline_id": clock.id, "stage": stage,
            "case_id": case_id(clock.case.seq), "assignment_id": clock.part and clock.part.id, "due_at": at,
        }
        for stage, at in _stages(tx, clock).items() if at > tx.now
    ]  # fmt: skip


def passed_steps(tx: Transaction, scene: Scene, clock: Clock) -> Iterator[Step]:
    """The steps in the history for what passed while the clock ran."""
    organization = _organization(scene, clock)
    who = "案件" if organization is None else scene.name_of(organization)
    passed = f"{who}{clock.kind.label}已过（{due_moment(clock.due.at)}到期），超期"
    texts = {
        EscalationStage.OVERDUE: ("deadlinePassed", passed),
        EscalationStage.NO_SHOW: ("noShow", f"{who}逾期仍未报到，记为未报到"),
    }
    if clock.promise is not None:
        overdue = overdue_sentence(clock.promise.promiser, clock.promise.due)
        texts = {EscalationStage.OVERDUE: ("promiseOverdue", overdue)}
    for stage, at in _stages(tx, clock).items():
        if stage in texts and at <= _end(tx, clock):
            type_, text = texts[stage]
            payload = {
                "stage": stage,
                "stage_due_at": at,
                "clock": clock.kind,
                "deadline_id": clock.id,
                "due_at": clock.due.at,
            }
            yield Step(at, type_, text, organization=organization, part=clock.part, payload=payload)


def _organization(scene: Scene, clock: Clock) -> str | None:
    """Whose clock it is, if an organization's."""
    if clock.promise is not None:
        return organization_of(scene, clock.promise)
    return None if clock.part is None else clock.part.organization


def _stages(tx: Transaction, clock: Clock) -> dict[EscalationStage, datetime]:
    return dict(clock_stages.stages(tx, clock.kind, clock.started_at, clock.due.at))


def _pausing(scene: Scene, clock: Clock) -> Iterator[dict[str, Any]]:
    """The entry of the pause that lasts while the case is suspended."""
    reason, since = clock.case.suspension, clock.paused_at
    if clock.state is ClockState.PAUSED and reason is not None and since is not None:
        why = f"{SuspensionKind[reason.kind].label}挂账"
        yield entry_of(Pause(since, None, clock.due.at, why, decider(scene, reason.approved_by)))


def _end(tx: Transaction, clock: Clock) -> datetime:
    """Until when the clock has run."""
    return clock.stopped_at or clock.paused_at or tx.now
