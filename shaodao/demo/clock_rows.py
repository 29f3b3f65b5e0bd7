"""Rows of the demonstration street's deadlines, and the steps of those that passed.

A stage whose time has come when the street is loaded never fires: it is history, and the clock has nothing to do with it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from shaodao.commands.supervising import EVENTS
from shaodao.commands.transaction import Transaction
from shaodao.commands.wording import overdue_sentence, stage_sentence
from shaodao.demo.cast import decider
from shaodao.demo.copying import Row
from shaodao.demo.dues import Clock
from shaodao.demo.identifiers import case_id, promise_id, stable_id, whistle_id
from shaodao.demo.parts import Part, Scene
from shaodao.demo.promising import organization_of
from shaodao.demo.story import Step
from shaodao.domain.case_vocabulary import SuspensionKind
from shaodao.domain.clock_changes import Pause, entry_of
from shaodao.domain.ladder import AGAINST_EACH, LADDERED, Ascent, Rung, recipients, rungs
from shaodao.domain.permissions import county_of
from shaodao.domain.vocabulary import AssignmentRole, ClockKind, ClockState, EscalationStage

_BEFORE_DUE = (EscalationStage.REMIND, EscalationStage.URGE)


def clock_row(tx: Transaction, scene: Scene, clock: Clock) -> Row:
    """The row of ``deadline``; its history names what was changed and what is past."""
    past = [
        {"stage": rung.stage, "at": rung.at.isoformat()} | ({"needless": True} if rung.stage in _BEFORE_DUE else {})
        for rung in _rungs(tx, clock) if rung.at <= _end(tx, clock)
    ]  # fmt: skip
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
    """The row of ``deadline_stage``: what a running clock fires next."""
    if clock.state is not ClockState.RUNNING:
        return []
    following = next((rung for rung in _rungs(tx, clock) if rung.at > tx.now), None)
    if following is None:
        return []
    return [{
        "county_code": county_of(clock.case.grid), "deadline_id": clock.id, "stage": following.stage,
        "case_id": case_id(clock.case.seq), "assignment_id": clock.part and clock.part.id, "due_at": following.at,
    }]  # fmt: skip


def passed_steps(tx: Transaction, scene: Scene, clock: Clock, parts: Sequence[Part]) -> Iterator[Step]:
    """The steps in the history for what passed while the clock ran."""
    for one in _taken(tx, scene, clock, parts):
        payload = {
            "stage": one.stage, "stage_due_at": one.at, "clock": clock.kind, "deadline_id": clock.id, "due_at": clock.due.at,
        }  # fmt: skip
        type_ = "promiseOverdue" if clock.promise is not None else EVENTS[one.stage]
        yield Step(one.at, type_, one.text, organization=one.organization, part=one.part, payload=payload)


def supervision_rows(tx: Transaction, scene: Scene, clock: Clock, parts: Sequence[Part]) -> Iterator[Row]:
    """Rows of ``supervision`` 督办链: the same, as who stands higher sees it."""
    if clock.kind not in LADDERED:
        return
    for one in _taken(tx, scene, clock, parts):
        whose = one.organization or ""
        told = recipients(
            one.stage, called=one.part is not None, by_whistle=one.part is not None and one.part.whistle is not None,
            vertical=one.part is not None and scene.is_vertical(one.part.organization),
        )  # fmt: skip
        yield {
            "county_code": county_of(clock.case.grid), "id": stable_id("supervision", f"{clock.id}:{one.stage}:{whose}"),
            "case_id": case_id(clock.case.seq), "deadline_id": clock.id, "assignment_id": one.part and one.part.id,
            "whistle_id": one.part and one.part.whistle and whistle_id(one.part.whistle.id), "organization_code": one.organization,
            "street_code": scene.street.code, "community_code": f"{clock.case.grid[:12]}", "grid_code": clock.case.grid,
            "stage": one.stage, "clock": clock.kind, "reason": one.text, "recipients": [str(each) for each in told],
            "due_at": clock.due.at, "issued_at": one.at, "late_seconds": 0, "ended_at": clock.stopped_at or clock.paused_at,
        }  # fmt: skip


@dataclass(frozen=True)
class _Taken:
    """A stage that was taken, when, and against which part."""

    at: datetime
    stage: EscalationStage
    text: str
    organization: str | None
    part: Part | None


def _taken(tx: Transaction, scene: Scene, clock: Clock, parts: Sequence[Part]) -> Iterator[_Taken]:
    """What came due while the clock ran; who had begun was not reminded, and urging leaves no trace here."""
    for rung in _rungs(tx, clock):
        if rung.stage in _BEFORE_DUE or rung.at > _end(tx, clock):
            continue
        owing = [part for part in parts if _owes(part, rung.at)] if clock.kind is ClockKind.HANDLING else []
        against: Sequence[Part | None] = owing if rung.stage in AGAINST_EACH and owing else [clock.part]
        for part in against:
            organization = _organization(scene, clock) if part is None else part.organization
            whose = "案件" if organization is None else scene.name_of(organization)
            text = stage_sentence(rung.stage, whose, clock.kind, clock.due.at)
            if clock.promise is not None:
                text = overdue_sentence(clock.promise.promiser, clock.promise.due)
            yield _Taken(rung.at, rung.stage, text, organization, part)


def _owes(part: Part, at: datetime) -> bool:
    """Whether the part owed its result at a time."""
    ended = part.reported_at or part.reassigned_at
    return part.role is not AssignmentRole.INFORM and part.notified_at <= at and (ended is None or ended > at)


def _organization(scene: Scene, clock: Clock) -> str | None:
    """Whose clock it is, if an organization's."""
    if clock.promise is not None:
        return organization_of(scene, clock.promise)
    return None if clock.part is None else clock.part.organization


def _rungs(tx: Transaction, clock: Clock) -> tuple[Rung, ...]:
    urgency = clock.case.reclassified.to if clock.case.reclassified else clock.case.urgency
    whistle = clock.whistle.kind if clock.whistle else None
    ascent = Ascent(clock.kind, clock.started_at, clock.due.at, urgency, whistle)
    return rungs(ascent, tx.ground.rulebook, tx.ground.calendar)


def _pausing(scene: Scene, clock: Clock) -> Iterator[dict[str, Any]]:
    """The entry of the pause that lasts while the case is suspended."""
    reason, since = clock.case.suspension, clock.paused_at
    if clock.state is ClockState.PAUSED and reason is not None and since is not None:
        why = f"{SuspensionKind[reason.kind].label}挂账"
        yield entry_of(Pause(since, None, clock.due.at, why, decider(scene, reason.approved_by)))


def _end(tx: Transaction, clock: Clock) -> datetime:
    """Until when the clock has run."""
    return clock.stopped_at or clock.paused_at or tx.now
