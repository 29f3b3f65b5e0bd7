"""What each stage of the ladder does when it fires (reference C.4 NO_SHOW, C.6)."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Self, assert_never
from uuid import UUID

import msgspec
import orjson

from shaodao.commands import suspensions
from shaodao.commands.history import Entry, Hearer, record
from shaodao.commands.promises import overdue_sentence
from shaodao.commands.transaction import Transaction
from shaodao.domain.explanation import due_moment
from shaodao.domain.vocabulary import ClockKind, EscalationStage, Role

_OWNER = """
SELECT a.id, a.organization_code, o.name, a.whistle_id, a.state
FROM assignment a JOIN organizations o ON o.code = a.organization_code WHERE a.county_code = $1 AND a.id = $2
"""
_LEAD = """
SELECT a.id, a.organization_code, o.name, a.whistle_id, a.state
FROM assignment a JOIN organizations o ON o.code = a.organization_code
JOIN case_file c ON c.county_code = $1 AND c.id = a.case_id AND c.round = a.round
WHERE a.county_code = $1 AND a.case_id = $2 AND a.role = 'LEAD'
    AND a.state IN ('NOTIFIED', 'ACKNOWLEDGED', 'OBJECTED', 'ARRIVED', 'HANDLING', 'RETURNED')
"""
_NOTE_FIRED = """
UPDATE deadline SET history = history || $3::jsonb WHERE county_code = $1 AND id = $2
"""
_INFORM_COUNTY = """
UPDATE case_file SET county_informed_at = coalesce(county_informed_at, $3) WHERE county_code = $1 AND id = $2
"""
_LATE = """
UPDATE assignment SET late_acknowledge = late_acknowledge OR $3, late_arrive = late_arrive OR $4,
    late_report = late_report OR $5, updated_at = $6
WHERE county_code = $1 AND id = $2
"""
_NO_SHOW = "UPDATE assignment SET no_show = true, updated_at = $3 WHERE county_code = $1 AND id = $2"
_PROMISE_OVERDUE = """
UPDATE promise SET overdue_at = $3 FROM deadline d
WHERE d.county_code = $1 AND d.id = $2 AND promise.county_code = $1 AND promise.id = d.promise_id
    AND promise.state = 'IN_PROGRESS'
RETURNING promise.id, promise.promiser_name, promise.organization_code, promise.due_on
"""


@dataclass(frozen=True)
class DueStage:
    """A stage that has come due. ``clock`` and ``deadline_due_at`` are None for what hangs on no deadline.

    That is a wake-up, and the dates of a suspension, which then is named by ``deadline_id``.
    """

    deadline_id: UUID
    stage: EscalationStage
    case_id: UUID
    assignment_id: UUID | None
    due_at: datetime
    note: str | None
    clock: ClockKind | None
    deadline_due_at: datetime | None

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> Self:
        """From a row of ``deadline_stage`` with its deadline's kind and due instant."""
        clock = msgspec.convert(row["clock"], ClockKind | None)
        return cls(**{**row, "stage": msgspec.convert(row["stage"], EscalationStage), "clock": clock})


@dataclass(frozen=True)
class _Owner:
    """The assignment that a stage is about, or the LEAD's for a stage of the case."""

    id: UUID
    organization_code: str
    name: str
    whistle_id: UUID | None
    state: str

    def hears(self, hook: str) -> tuple[Hearer, ...]:
        """What its department is called with."""
        return (Hearer(self.id, self.organization_code, hook),)


async def fire(tx: Transaction, due: DueStage) -> None:
    """Fire a stage: its flags, its event and what departments hear of it. The caller deletes its row."""
    match due.stage:
        case EscalationStage.OVERDUE:
            await _overdue(tx, due)
        case EscalationStage.NO_SHOW:
            await _no_show(tx, due)
        case EscalationStage.WAKE:
            await _wake(tx, due)
        case EscalationStage.REVIEW:
            await suspensions.remind_of_review(tx, due.case_id, due.deadline_id)
        case EscalationStage.RESUME:
            await suspensions.resume_as_planned(tx, due.case_id)
        case (
            EscalationStage.REMIND | EscalationStage.URGE | EscalationStage.WARN_COUNTY | EscalationStage.SUPERVISE
            | EscalationStage.CIRCULAR | EscalationStage.DISTRICT_INVESTIGATION
        ):  # fmt: skip
            raise NotImplementedError(f"no clock writes the stage {due.stage} yet")
        case _:
            assert_never(due.stage)
    if due.clock is not None:
        await _note_fired(tx, due)


async def _overdue(tx: Transaction, due: DueStage) -> None:
    if due.clock is ClockKind.PROMISE:
        await _promise_overdue(tx, due)
        return
    if due.clock is ClockKind.OBJECTION:
        await _ruling_overdue(tx, due)
        return
    owner = await _owner(tx, due)
    assert due.clock is not None, "only a deadline passes"
    if due.assignment_id is not None:
        await _set_late(tx, due.assignment_id, due.clock)
    elif due.clock is ClockKind.HANDLING:
        await tx.connection.execute(_INFORM_COUNTY, tx.county, due.case_id, tx.now)
    whose = owner.name if owner is not None and due.assignment_id is not None else "案件"
    await record(tx, due.case_id, _entry("deadlinePassed", f"{whose}{_passed(due)}", due, owner, "on_overdue"))


async def _ruling_overdue(tx: Transaction, due: DueStage) -> None:
    """The arbiter of an objection 派单异议 is late, not the department: it hears nothing, but the county does (C.6)."""
    owner = await _owner(tx, due)
    assert owner is not None, "only an assignment is objected to"
    await tx.connection.execute(_INFORM_COUNTY, tx.county, due.case_id, tx.now)
    entry = _entry("deadlinePassed", f"对{owner.name}派单异议的裁定：{_passed(due)}", due, owner, "on_overdue")
    await record(tx, due.case_id, replace(entry, hearers=()))


async def _promise_overdue(tx: Transaction, due: DueStage) -> None:
    """A promise 一事一诺 whose day has passed is marked and told in the case's history; it stays open (Z-49)."""
    row = await tx.connection.fetchrow(_PROMISE_OVERDUE, tx.county, due.deadline_id, due.deadline_due_at)
    if row is None:
        return
    payload = {
        "stage": due.stage, "stage_due_at": due.due_at, "clock": due.clock, "deadline_id": str(due.deadline_id),
        "due_at": due.deadline_due_at, "promise_id": str(row["id"]),
    }  # fmt: skip
    text = overdue_sentence(row["promiser_name"], row["due_on"])
    entry = Entry("promiseOverdue", text, role=Role.SYSTEM, organization_code=row["organization_code"], payload=payload)
    await record(tx, due.case_id, entry)


async def _no_show(tx: Transaction, due: DueStage) -> None:
    """未报到: the assignment is flagged, and the county hears of it at the same moment (C.6)."""
    owner = await _owner(tx, due)
    assert owner is not None, "only an assignment is awaited"
    await tx.connection.execute(_NO_SHOW, tx.county, owner.id, tx.now)
    await tx.connection.execute(_INFORM_COUNTY, tx.county, due.case_id, tx.now)
    await record(tx, due.case_id, _entry("noShow", f"{owner.name}逾期仍未报到，记为未报到", due, owner, "on_overdue"))


async def _wake(tx: Transaction, due: DueStage) -> None:
    owner = await _owner(tx, due)
    assert owner is not None, "only an assignment is woken for"
    await record(tx, due.case_id, _entry("wakeUp", f"按{owner.name}的设定定时提醒", due, owner, "on_wake"))


def _entry(type_: str, text: str, due: DueStage, owner: _Owner | None, hook: str) -> Entry:
    payload: dict[str, Any] = {"stage": due.stage, "stage_due_at": due.due_at}
    if due.clock is not None:
        payload |= {"clock": due.clock, "deadline_id": str(due.deadline_id), "due_at": due.deadline_due_at}
    if due.note is not None:
        payload["note"] = due.note
    own = due.assignment_id is not None and owner is not None
    return Entry(
        type_, text, role=Role.SYSTEM, payload=payload, hearers=() if owner is None else owner.hears(hook),
        organization_code=owner.organization_code if own and owner else None,
        assignment_id=due.assignment_id, whistle_id=owner.whistle_id if own and owner else None,
    )  # fmt: skip


def _passed(due: DueStage) -> str:
    """Which limit ended when, as people read it."""
    assert due.clock is not None, "only a deadline passes"
    assert due.deadline_due_at is not None, "only a deadline passes"
    return f"{due.clock.label}已过（{due_moment(due.deadline_due_at)}到期），超期"


async def _owner(tx: Transaction, due: DueStage) -> _Owner | None:
    """The stage's own assignment; for the case's handling clock the LEAD's, if it is still at work."""
    if due.assignment_id is not None:
        row = await tx.connection.fetchrow(_OWNER, tx.county, due.assignment_id)
    elif due.clock is ClockKind.HANDLING:
        row = await tx.connection.fetchrow(_LEAD, tx.county, due.case_id)
    else:
        row = None
    return None if row is None else _Owner(**dict(row))


async def _set_late(tx: Transaction, assignment_id: UUID, clock: ClockKind) -> None:
    """The flags 迟应、迟到、迟报; computed marks, so the assignment's version stays."""
    late = [clock is kind for kind in (ClockKind.ACKNOWLEDGE, ClockKind.ARRIVE, ClockKind.RESULT)]
    if any(late):
        await tx.connection.execute(_LATE, tx.county, assignment_id, *late, tx.now)


async def _note_fired(tx: Transaction, due: DueStage) -> None:
    """Keep on the deadline that the stage fired, and how many seconds late: more than a moment only after an outage."""
    late = max(0, round((tx.now - due.due_at).total_seconds()))
    fired = [{"stage": due.stage, "at": tx.now, "late": late}]
    await tx.connection.execute(_NOTE_FIRED, tx.county, due.deadline_id, orjson.dumps(fired).decode())
