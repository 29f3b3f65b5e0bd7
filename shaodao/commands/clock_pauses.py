"""Pausing clocks and going on with what remained (reference C.5 rule 9), and ending what a pause hangs on."""

from dataclasses import replace
from uuid import UUID

from shaodao.commands import clock_stages, stored_clocks
from shaodao.commands.stored_clocks import StoredClock, clocks_of
from shaodao.commands.transaction import Transaction
from shaodao.domain.clock_changes import Decider, Pause, entry_of
from shaodao.domain.deadlines import continued
from shaodao.domain.vocabulary import ClockKind, ClockState

_END_PAUSE = """
UPDATE deadline_pause SET resumed_at = $3, resumed_by = $4 WHERE county_code = $1 AND case_id = $2 AND resumed_at IS NULL
"""
_END_SUSPENSION = """
UPDATE suspension SET resumed_at = $3, resumed_by = $4 WHERE county_code = $1 AND case_id = $2 AND resumed_at IS NULL
RETURNING id
"""


async def pause(tx: Transaction, case_id: UUID, *kinds: ClockKind, why: str, decider: Decider) -> None:
    """Pause the case's running clocks of these kinds, its assignments' too: none fires, and none promises a due."""
    for clock in await clocks_of(tx, case_id, *kinds, states=(ClockState.RUNNING,)):
        begun = Pause(tx.now, None, clock.due_at, why, decider)
        paused = replace(clock, state=ClockState.PAUSED, paused_at=tx.now)
        await stored_clocks.keep(tx, clock, paused, entry_of(begun))


async def go_on(
    tx: Transaction, case_id: UUID, *kinds: ClockKind, resumer: Decider | None = None,
    assignment_id: UUID | None = None, whistle_id: UUID | None = None,
) -> None:  # fmt: skip
    """Let paused clocks go on with what remained. With the handling clock the pause or suspension itself is over."""
    paused = await clocks_of(
        tx, case_id, *kinds, states=(ClockState.PAUSED,), assignment_id=assignment_id, whistle_id=whistle_id
    )
    for clock in paused:
        await _go_on(tx, clock, resumer)
        if clock.kind is ClockKind.HANDLING:
            await _end(tx, case_id)


async def _go_on(tx: Transaction, clock: StoredClock, resumer: Decider | None) -> None:
    calendar, work_time = tx.ground.calendar, tx.ground.rulebook.work_time
    paused_at = clock.paused_at or tx.now
    due = continued(paused_at, clock.due_at, tx.now, clock.unit, calendar, work_time)
    begun = next((change for change in reversed(clock.changes) if isinstance(change, Pause)), None)
    over = replace(
        begun or Pause(paused_at, None, clock.due_at), resumed_at=tx.now, due_before=clock.due_at, resumer=resumer
    )
    running = replace(
        clock, state=ClockState.RUNNING, paused_at=None, due_at=due.at, provisional=clock.provisional or due.provisional,
        since=tx.now, used=clock.ascent.used_at(paused_at),
    )  # fmt: skip
    await stored_clocks.keep(tx, clock, running, entry_of(over))


async def _end(tx: Transaction, case_id: UUID) -> None:
    """The pause and the suspension of the case are over, however its clock came to go on or to stop."""
    await tx.connection.execute(_END_PAUSE, tx.county, case_id, tx.now, tx.actor.account_id)
    rows = await tx.connection.fetch(_END_SUSPENSION, tx.county, case_id, tx.now, tx.actor.account_id)
    await clock_stages.drop(tx, *(row["id"] for row in rows))
