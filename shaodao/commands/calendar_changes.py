"""A changed calendar 放假安排调整 and the clocks that are open (reference C.5 rule 11).

A later due is applied silently. An earlier one is applied only with notice, and so never when it has passed already. Clocks
whose due has passed stay as they are: what fired has fired.
"""

from dataclasses import dataclass, field, replace
from uuid import UUID

from shaodao.commands import deadline_notices, stored_clocks, wording
from shaodao.commands.facts import read_case
from shaodao.commands.history import Entry, record
from shaodao.commands.stored_clocks import StoredClock, clocks_of
from shaodao.commands.transaction import Outcome, Transaction
from shaodao.domain.clock_changes import Move, Pause, entry_of, moves_of, recounted
from shaodao.domain.deadlines import DeadlineUnit, Due
from shaodao.domain.errors import NotFound
from shaodao.domain.facts import CaseFacts
from shaodao.domain.vocabulary import ClockKind, ClockState, MessageKind, Role

BY_CALENDAR = (
    DeadlineUnit.NATURAL_DAY, DeadlineUnit.WORKING_DAY, DeadlineUnit.WORKING_HOUR, DeadlineUnit.WORKING_MINUTE,
)  # fmt: skip
"""The units that the calendar has a part in."""

_LOCK = "SELECT 1 FROM case_file WHERE county_code = $1 AND id = $2 FOR UPDATE"
_REPORTER_TOLD = """
SELECT EXISTS (SELECT FROM message WHERE county_code = $1 AND case_id = $2 AND organization_code IS NULL)
"""


@dataclass
class _Moved:
    """The clocks that the calendar moved, each with its due before."""

    earlier: list[tuple[StoredClock, StoredClock]] = field(default_factory=list)
    handling: tuple[StoredClock, StoredClock] | None = None


async def recompute_after_calendar_change(tx: Transaction, case_id: UUID) -> Outcome:
    """Count the case's open clocks anew by the calendar that holds now, under the case's lock.

    Raises NotFound.
    """
    if await tx.connection.fetchval(_LOCK, tx.county, case_id) is None:
        raise NotFound("Case", str(case_id))
    facts, moved = await read_case(tx, case_id), _Moved()
    # The handling clock first: results without a limit of their own are due with the case.
    running = (ClockState.RUNNING, ClockState.PAUSED)
    for kinds in ((ClockKind.HANDLING,), tuple(kind for kind in ClockKind if kind is not ClockKind.HANDLING)):
        for clock in await clocks_of(tx, case_id, *kinds, states=running):
            await _recount(tx, clock, moved)
    for before, after in moved.earlier:
        await _give_notice(tx, facts, before, after)
    return Outcome(county_code=tx.county, case_id=case_id)


async def _recount(tx: Transaction, clock: StoredClock, moved: _Moved) -> None:
    found = _counted(tx, clock, moved)
    if found is None or clock.due_at <= tx.now:
        return
    due, moves = found
    if due.at <= (clock.paused_at or tx.now) or (due.at, due.provisional) == (clock.due_at, clock.provisional):
        return
    after = replace(clock, due_at=due.at, provisional=due.provisional)
    if due.at == clock.due_at:
        # The notice of a provisional year is there, and says what was assumed.
        await stored_clocks.keep(tx, clock, after)
        return
    entries = [clock.before(tx.now) | {"calendar": True}, *({**entry_of(move), "again": True} for move in moves)]
    await stored_clocks.keep(tx, clock, after, *entries)
    if clock.kind is ClockKind.HANDLING:
        moved.handling = (clock, after)
    if due.at < clock.due_at and clock.state is ClockState.RUNNING:
        moved.earlier.append((clock, after))


def _counted(tx: Transaction, clock: StoredClock, moved: _Moved) -> tuple[Due, tuple[Move, ...]] | None:
    """Where the clock now leads, and its moves counted anew; None where the calendar has no part in it."""
    if clock.limit is None:
        if clock.kind is not ClockKind.RESULT or moved.handling is None:
            return None
        before, after = moved.handling
        return (Due(after.due_at, after.provisional, ()), ()) if clock.due_at == before.due_at else None
    if clock.limit.unit not in BY_CALENDAR:
        return None
    counted = recounted(
        clock.started_at, clock.limit, moves_of(clock.changes), tx.ground.calendar, tx.ground.rulebook.work_time
    )  # fmt: skip
    return counted.due, tuple(_as_it_lasts(clock, move) for move in counted.moves)


def _as_it_lasts(clock: StoredClock, move: Move) -> Move:
    """A pause that lasts is told from its very beginning, by which the clock's row knows it."""
    lasts = isinstance(move, Pause) and move.resumed_at is None and clock.paused_at is not None
    return replace(move, at=clock.paused_at) if lasts and clock.paused_at else move


async def _give_notice(tx: Transaction, facts: CaseFacts, before: StoredClock, after: StoredClock) -> None:
    """An earlier due stands in the history, and whoever it binds or was promised to is written to."""
    until = wording.until(after.due_at)
    text = f"放假安排调整，{after.kind.label}由{wording.until(before.due_at)}提前为{until}"
    of_case = after.kind is ClockKind.HANDLING
    entry = Entry(
        "calendarChanged", text, public=of_case, role=Role.SYSTEM, organization_code=after.organization_code,
        assignment_id=after.assignment_id, payload={"clock": after.kind, "from": before.due_at, "to": after.due_at},
    )  # fmt: skip
    await record(tx, facts.id, entry)
    if after.organization_code is not None:
        await deadline_notices.call_organizations(tx, facts.id, facts.number, [after.organization_code], f"{text}。")
    elif of_case:
        await deadline_notices.call_lead(tx, facts, f"{text}。")
        if await tx.connection.fetchval(_REPORTER_TOLD, tx.county, facts.id):
            told = f"因放假安排调整，预计{until}办结。"
            await deadline_notices.tell_reporter(tx, facts, MessageKind.DEADLINE, told)
