"""Firing the stages of a case's clocks that have come due (reference C.6), by the platform's clock or by whoever acts first.

A command fires what has come due before it looks at the case: so an outage of the platform's clock loses nothing, and what
is stopped or changed afterwards has climbed as far as its time had come.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from uuid import UUID

import orjson
import structlog

from shaodao.commands import clock_stages, due_stages
from shaodao.commands.climbing import climb
from shaodao.commands.due_stages import DueStage, StageNotFired
from shaodao.commands.history import Entry, record
from shaodao.commands.transaction import Transaction
from shaodao.commands.wording import overdue_sentence, stage_sentence
from shaodao.domain.ladder import LADDERED
from shaodao.domain.permissions import SYSTEM
from shaodao.domain.vocabulary import ClockKind, Role
from shaodao.postgres.errors import connection_lost

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

_log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Owner:
    """The assignment that a stage is about."""

    id: UUID
    organization_code: str
    name: str
    whistle_id: UUID | None


async def catch_up(tx: Transaction, case_id: UUID) -> None:
    """Fire, in the system's name, what has come due of the case's clocks; the caller has locked the case.

    A stage that cannot fire is put aside and keeps nobody from working. Raises only what a lost connection raises.
    """
    while True:
        system = replace(tx, actor=SYSTEM)
        try:
            async with tx.connection.transaction():
                await fire_all(system, case_id, go_up, of_clocks=True)
        except StageNotFired as failure:
            if connection_lost(failure.reason):
                raise
            _log.exception("stage_not_fired", case=str(case_id), error=str(failure.reason))
            await due_stages.put_aside(tx.connection, tx.county, case_id, tx.now, failure)
        else:
            tx.last_event = system.last_event
            return


async def fire_all(
    tx: Transaction, case_id: UUID, fire: Callable[[Transaction, DueStage], Awaitable[None]], *, of_clocks: bool = False
) -> int:
    """Fire the case's due stages in their order, each after its row was deleted; how many. Raises StageNotFired."""
    fired = 0
    while (row := await due_stages.next_due(tx, case_id, of_clocks=of_clocks)) is not None:
        try:
            stage = DueStage.of(row)
            await due_stages.take_out(tx, stage)
            await fire(tx, stage)
        except Exception as error:
            raise StageNotFired(row["deadline_id"], row["stage"]) from error
        fired += 1
    return fired


async def go_up(tx: Transaction, due: DueStage) -> None:
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
    fired = {**due.fired, str(due.stage): tx.now}
    await clock_stages.write(
        tx, due.deadline_id, due.case_id, due.assignment_id, due.ascent, fired, not_before=due.not_before
    )  # fmt: skip


async def owner_of(tx: Transaction, assignment_id: UUID) -> Owner:
    """The assignment that a stage is about, and its organization's name."""
    row = await tx.connection.fetchrow(_OWNER, tx.county, assignment_id)
    assert row is not None, "a stage's assignment is there"
    return Owner(**dict(row))


async def _own_limit_passed(tx: Transaction, due: DueStage) -> None:
    """A limit of the street's own has passed, or an arbiter's 异议裁定: it is marked; no department is called for it.

    The county hears of an arbiter who is late (C.6).
    """
    owner = None if due.assignment_id is None else await owner_of(tx, due.assignment_id)
    ruling = due.clock is ClockKind.OBJECTION and owner is not None
    if ruling:
        await tx.connection.execute(_INFORM_COUNTY, tx.county, due.case_id, tx.now)
    whose = f"对{owner.name}派单异议的裁定：" if ruling and owner else "案件"
    text = stage_sentence(due.stage, whose, due.clock, due.clock_due_at)
    entry = Entry("deadlinePassed", text, role=Role.SYSTEM, payload=due.payload(tx.now))
    if owner is not None:
        entry = replace(
            entry, organization_code=owner.organization_code, assignment_id=owner.id, whistle_id=owner.whistle_id
        )
    await record(tx, due.case_id, entry)


async def _promise_overdue(tx: Transaction, due: DueStage) -> None:
    """A promise 一事一诺 whose day has passed is marked and told in the case's history; it stays open (Z-49)."""
    row = await tx.connection.fetchrow(_PROMISE_OVERDUE, tx.county, due.deadline_id, due.clock_due_at)
    if row is None:
        return
    text = overdue_sentence(row["promiser_name"], row["due_on"])
    payload = {**due.payload(tx.now), "promise_id": str(row["id"])}
    entry = Entry("promiseOverdue", text, role=Role.SYSTEM, organization_code=row["organization_code"], payload=payload)
    await record(tx, due.case_id, entry)


async def _note_fired(tx: Transaction, due: DueStage, *, taken: bool) -> None:
    """Keep on the deadline that the stage fired, how many seconds late, and whether it was passed by as needless."""
    fired = {"stage": due.stage, "at": tx.now, "late": due.late_seconds(tx.now)} | ({} if taken else {"needless": True})
    await tx.connection.execute(_NOTE_FIRED, tx.county, due.deadline_id, orjson.dumps([fired]).decode())
