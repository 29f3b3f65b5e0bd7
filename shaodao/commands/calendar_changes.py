"""A changed calendar 放假安排调整 and the clocks that are open (reference C.5 rule 11).

A later due is applied silently. An earlier one is applied only with notice, and so never when it has passed already. Clocks
whose due has passed keep it, and what fired has fired; the stages after it that are still to come move with the calendar.
"""

from dataclasses import dataclass, field, replace
from uuid import UUID

from shaodao.commands import clock_stages, deadline_notices, stored_clocks
from shaodao.commands.facts import take_case
from shaodao.commands.history import Entry, record
from shaodao.commands.stored_clocks import Moved, StoredClock, clocks_of
from shaodao.commands.transaction import Outcome, Transaction
from shaodao.domain.clock_changes import Move, Pause, entry_of, moves_of, recounted
from shaodao.domain.deadlines import DeadlineUnit, Due
from shaodao.domain.errors import NotFound
from shaodao.domain.facts import CaseFacts
from shaodao.domain.vocabulary import ClockKind, ClockState, Role

BY_CALENDAR = (
    DeadlineUnit.NATURAL_DAY, DeadlineUnit.WORKING_DAY, DeadlineUnit.WORKING_HOUR, DeadlineUnit.WORKING_MINUTE,
)  # fmt: skip
"""The units that the calendar has a part in."""

_WHY = "放假安排调整"


@dataclass
class _Moved:
    """The clocks that the calendar moved."""

    clocks: list[Moved] = field(default_factory=list)
    handling: Moved | None = None


async def recompute_after_calendar_change(tx: Transaction, case_id: UUID) -> Outcome:
    """Count the case's open clocks anew by the calendar that holds now, under the case's lock.

    Raises NotFound.
    """
    facts, moved = await take_case(tx, case_id), _Moved()
    if facts is None:
        raise NotFound("Case", str(case_id))
    # The handling clock first: results without a limit of their own are due with the case.
    running = (ClockState.RUNNING, ClockState.PAUSED)
    for kinds in ((ClockKind.HANDLING,), tuple(kind for kind in ClockKind if kind is not ClockKind.HANDLING)):
        for clock in await clocks_of(tx, case_id, *kinds, states=running):
            await _recount(tx, clock, moved)
    for one in moved.clocks:
        if one.earlier:
            await _record_earlier(tx, facts, one)
    await deadline_notices.tell_earlier(tx, facts, moved.clocks, _WHY)
    return Outcome(county_code=tx.county, case_id=case_id)


async def _recount(tx: Transaction, clock: StoredClock, moved: _Moved) -> None:
    found = _counted(tx, clock, moved)
    if found is None or clock.due_at <= tx.now or not _leads_elsewhere(tx, clock, found[0]):
        if clock.state is ClockState.RUNNING:
            await clock_stages.move(tx, clock.id, clock.ascent)
        return
    due, moves = found
    after = replace(clock, due_at=due.at, provisional=due.provisional)
    if due.at == clock.due_at:
        # The notice of a provisional year is there, and says what was assumed.
        await stored_clocks.keep(tx, clock, after)
        return
    entries = [clock.before(tx.now) | {"calendar": True}, *({**entry_of(move), "again": True} for move in moves)]
    await stored_clocks.keep(tx, clock, after, *entries)
    moved.clocks.append(Moved(clock, after))
    if clock.kind is ClockKind.HANDLING:
        moved.handling = moved.clocks[-1]


def _leads_elsewhere(tx: Transaction, clock: StoredClock, due: Due) -> bool:
    return not clock.lies_behind(due.at, tx.now) and (due.at, due.provisional) != (clock.due_at, clock.provisional)


def _counted(tx: Transaction, clock: StoredClock, moved: _Moved) -> tuple[Due, tuple[Move, ...]] | None:
    """Where the clock now leads, and its moves counted anew; None where the calendar has no part in it."""
    if clock.limit is None:
        if clock.kind is not ClockKind.RESULT or moved.handling is None:
            return None
        before, after = moved.handling.before, moved.handling.after
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


async def _record_earlier(tx: Transaction, facts: CaseFacts, moved: Moved) -> None:
    """An earlier due stands in the history."""
    after = moved.after
    entry = Entry(
        "calendarChanged", deadline_notices.earlier_sentence(moved, _WHY), public=after.kind is ClockKind.HANDLING,
        role=Role.SYSTEM, organization_code=after.organization_code, assignment_id=after.assignment_id,
        payload={"clock": after.kind, "from": moved.before.due_at, "to": after.due_at},
    )  # fmt: skip
    await record(tx, facts.id, entry)
