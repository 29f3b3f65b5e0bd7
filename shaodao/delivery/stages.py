"""What each stage does when it fires, and which stage of its clock is then waited for (reference C.4 NO_SHOW, C.6)."""

from dataclasses import dataclass
from typing import assert_never
from uuid import UUID

import orjson

from shaodao.commands import clock_stages, suspensions
from shaodao.commands.history import Entry, Hearer, record
from shaodao.commands.promises import overdue_sentence
from shaodao.commands.transaction import Transaction
from shaodao.commands.wording import stage_sentence
from shaodao.delivery.climbing import climb
from shaodao.delivery.due_stages import DueStage
from shaodao.domain.ladder import LADDERED
from shaodao.domain.vocabulary import ClockKind, EscalationStage, Role

_OWNER = """
SELECT a.id, a.organization_code, o.name, a.whistle_id
FROM assignment a JOIN organizations o ON o.code = a.organization_code WHERE a.county_code = $1 AND a.id = $2
"""
_NOTE_FIRED = """
UPDATE deadline SET history = history || $3::jsonb WHERE county_code = $1 AND id = $2
"""
_INFORM_COUNTY = """
UPDATE case_file SET county_informed_at = coalesce(county_informed_at, $3) WHERE county_code = $1 AND id = $2
"""
_PROMISE_OVERDUE = """
UPDATE promise SET overdue_at = $3 FROM deadline d
WHERE d.county_code = $1 AND d.id = $2 AND promise.county_code = $1 AND promise.id = d.promise_id
    AND promise.state = 'IN_PROGRESS'
RETURNING promise.id, promise.promiser_name, promise.organization_code, promise.due_on
"""


@dataclass(frozen=True)
class _Owner:
    """The assignment that a stage is about."""

    id: UUID
    organization_code: str
    name: str
    whistle_id: UUID | None


async def fire(tx: Transaction, due: DueStage) -> None:
    """Fire a stage: its flags, its event and who hears of it; then its clock's next stage waits.

    The caller deletes its row.
    """
    match due.stage:
        case EscalationStage.WAKE:
            await _wake(tx, due)
        case EscalationStage.REVIEW:
            await suspensions.remind_of_review(tx, due.case_id, due.deadline_id)
        case EscalationStage.RESUME:
            await suspensions.resume_as_planned(tx, due.case_id)
        case (
            EscalationStage.REMIND | EscalationStage.URGE | EscalationStage.OVERDUE | EscalationStage.WARN_COUNTY
            | EscalationStage.SUPERVISE | EscalationStage.CIRCULAR | EscalationStage.DISTRICT_INVESTIGATION
            | EscalationStage.NO_SHOW
        ):  # fmt: skip
            await _go_up(tx, due)
        case _:
            assert_never(due.stage)


async def _go_up(tx: Transaction, due: DueStage) -> None:
    """Take a stage of a clock's ladder, keep that it fired, and wait for the next."""
    taken = True
    if due.clock in LADDERED:
        taken = await climb(tx, due)
    elif due.clock is ClockKind.PROMISE:
        await _promise_overdue(tx, due)
    else:
        await _own_limit_passed(tx, due)
    await _note_fired(tx, due, taken=taken)
    assert due.ascent is not None, "only a deadline has a ladder"
    fired = due.fired | {due.stage}
    await clock_stages.write(tx, due.deadline_id, due.case_id, due.assignment_id, due.ascent, fired)


async def _own_limit_passed(tx: Transaction, due: DueStage) -> None:
    """A limit of the street's own has passed, or an arbiter's 异议裁定: it is marked; no department is called for it.

    The county hears of an arbiter who is late (C.6).
    """
    owner = None if due.assignment_id is None else await _owner(tx, due.assignment_id)
    ruling = due.clock is ClockKind.OBJECTION and owner is not None
    if ruling:
        await tx.connection.execute(_INFORM_COUNTY, tx.county, due.case_id, tx.now)
    whose = f"对{owner.name}派单异议的裁定：" if ruling and owner else "案件"
    text = stage_sentence(due.stage, whose, due.clock, due.clock_due_at)
    await record(tx, due.case_id, _entry("deadlinePassed", text, tx, due, owner, None))


async def _promise_overdue(tx: Transaction, due: DueStage) -> None:
    """A promise 一事一诺 whose day has passed is marked and told in the case's history; it stays open (Z-49)."""
    row = await tx.connection.fetchrow(_PROMISE_OVERDUE, tx.county, due.deadline_id, due.clock_due_at)
    if row is None:
        return
    text = overdue_sentence(row["promiser_name"], row["due_on"])
    payload = {**due.payload(tx.now), "promise_id": str(row["id"])}
    entry = Entry("promiseOverdue", text, role=Role.SYSTEM, organization_code=row["organization_code"], payload=payload)
    await record(tx, due.case_id, entry)


async def _wake(tx: Transaction, due: DueStage) -> None:
    assert due.assignment_id is not None, "only an assignment is woken for"
    owner = await _owner(tx, due.assignment_id)
    await record(tx, due.case_id, _entry("wakeUp", f"按{owner.name}的设定定时提醒", tx, due, owner, "on_wake"))


def _entry(type_: str, text: str, tx: Transaction, due: DueStage, owner: _Owner | None, hook: str | None) -> Entry:
    if owner is None:
        return Entry(type_, text, role=Role.SYSTEM, payload=due.payload(tx.now))
    hearers = () if hook is None else (Hearer(owner.id, owner.organization_code, hook),)
    return Entry(
        type_, text, role=Role.SYSTEM, payload=due.payload(tx.now), hearers=hearers,
        organization_code=owner.organization_code, assignment_id=owner.id, whistle_id=owner.whistle_id,
    )  # fmt: skip


async def _owner(tx: Transaction, assignment_id: UUID) -> _Owner:
    row = await tx.connection.fetchrow(_OWNER, tx.county, assignment_id)
    assert row is not None, "a stage's assignment is there"
    return _Owner(**dict(row))


async def _note_fired(tx: Transaction, due: DueStage, *, taken: bool) -> None:
    """Keep on the deadline that the stage fired, how many seconds late, and whether it was passed by as needless."""
    fired = {"stage": due.stage, "at": tx.now, "late": due.late_seconds(tx.now)} | ({} if taken else {"needless": True})
    await tx.connection.execute(_NOTE_FIRED, tx.county, due.deadline_id, orjson.dumps([fired]).decode())
