"""Archiving 归档 (reference C.3 archive): by the dispatcher, or by the system some days after the last word. Then it is only read."""

from collections.abc import Awaitable, Callable
from uuid import UUID

from shaodao.commands import clocks
from shaodao.commands.case_steps import CaseStep, case_outcome, decide_case, record_case
from shaodao.commands.facts import read_case
from shaodao.commands.firing import catch_up
from shaodao.commands.transaction import Outcome, Transaction
from shaodao.domain.case_machine import CASE_MACHINE
from shaodao.domain.deadlines import due
from shaodao.domain.facts import CaseFacts
from shaodao.domain.vocabulary import CaseState, ClockKind

_ARCHIVE = """
UPDATE case_file SET state = 'ARCHIVED', archived_at = $3, version = version + 1, updated_at = $3
WHERE county_code = $1 AND id = $2
"""
# A command is at work on the case: it is archived another time.
_LOCK = "SELECT 1 FROM case_file WHERE county_code = $1 AND id = $2 FOR UPDATE SKIP LOCKED"
_LAST_WORD = """
SELECT greatest(c.closed_at, (
    SELECT max(greatest(f.called_at, f.reviewed_at, f.exclusion_decided_at)) FROM follow_up f
    WHERE f.county_code = c.county_code AND f.case_id = c.id
))
FROM case_file c WHERE c.county_code = $1 AND c.id = $2
"""


class NotYetError(Exception):
    """The case is not to be archived by the system now: somebody works on it, or its time has not come."""


async def archive(tx: Transaction, case_id: UUID, *, expected_version: int | None = None) -> Outcome:
    """Archive the ended case 归档: nothing of it is changed any more.

    Raises NotPermitted, StateConflict (a review is due, a promise or an objection is open).
    """
    facts = await decide_case(tx, "archive", case_id, expected_version)
    await _archive(tx, facts)
    return await case_outcome(tx, case_id)


def archive_when_due(case_id: UUID) -> Callable[[Transaction], Awaitable[Outcome]]:
    """The system's command: archive the case when ``archive_after`` has passed since it was closed, called about or reviewed.

    The actor needs a grant of the system for the case's place. Raises NotYetError, and as ``archive``.
    """

    async def command(tx: Transaction) -> Outcome:
        if await tx.connection.fetchval(_LOCK, tx.county, case_id) is None:
            raise NotYetError
        await catch_up(tx, case_id)
        facts = await read_case(tx, case_id)
        CASE_MACHINE.decide("archive", facts, tx.actor)
        last = await tx.connection.fetchval(_LAST_WORD, tx.county, case_id)
        rulebook = tx.ground.rulebook
        if tx.now < due(last, rulebook.archive_after, tx.ground.calendar, rulebook.work_time).at:
            raise NotYetError
        await _archive(tx, facts)
        return await case_outcome(tx, case_id)

    return command


async def _archive(tx: Transaction, facts: CaseFacts) -> None:
    await tx.connection.execute(_ARCHIVE, tx.county, facts.id, tx.now)
    await clocks.stop(tx, facts.id, ClockKind.FOLLOW_UP)
    step = CaseStep("archive", "archiveCase", f"{tx.actor.name}归档案件", CaseState.ARCHIVED)
    await record_case(tx, facts, step)
