"""Clocks (reference C.5): starting, stopping and going on with a deadline, and the stages that are still to come."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, LiteralString
from uuid import UUID

import orjson

from shaodao.commands import clock_pauses, clock_stages, stored_clocks
from shaodao.commands.stored_clocks import Moved, StoredClock
from shaodao.commands.transaction import Transaction
from shaodao.domain.clock_changes import Decider, Handover, Move, Pause, decided_by, entry_of, moves_of, recounted
from shaodao.domain.deadlines import Due, Limit, due
from shaodao.domain.facts import CaseFacts
from shaodao.domain.ladder import first_rung
from shaodao.domain.vocabulary import AssignmentRole, ClockKind, ClockState, EscalationStage

STARTED: LiteralString = """started AS (
    INSERT INTO deadline (
        county_code, id, case_id, whistle_id, assignment_id, organization_code, kind, round, unit, amount, rule,
        started_at, due_at, provisional, state, history, promise_id
    )
    SELECT $1, clock.id, clock.case_id, whistle_id, assignment_id, organization_code, kind, coalesce(round, 0), unit, amount,
        rule, started_at, due_at, provisional, 'RUNNING', '[]', promise_id
    FROM {source} CROSS JOIN json_to_recordset({clocks}) AS clock (
        id uuid, case_id uuid, whistle_id uuid, assignment_id uuid, organization_code text, kind text, round int, unit text,
        amount int, rule text, started_at timestamptz, due_at timestamptz, provisional boolean, promise_id uuid
    )
), planned AS (
    INSERT INTO deadline_stage (county_code, deadline_id, stage, case_id, assignment_id, due_at)
    SELECT $1, clock.id, stage, clock.case_id, clock.assignment_id, stage_at
    FROM {source} CROSS JOIN json_to_recordset({clocks}) AS clock (
        id uuid, case_id uuid, assignment_id uuid, stage text, stage_at timestamptz
    )
)"""
"""The parts of a statement that start clocks with their first stages, as many at once as ``{clocks}``, the JSON of ``rows``, has;
for each row of ``{source}``, which has one or none."""
_START = f"WITH {STARTED.replace('{source}', '(SELECT 1) one').replace('{clocks}', '$2::json')} SELECT 1"
# Who has reported, or is called no more, is no longer supervised by the case's limit either.
# Written so that one plan serves whichever owner is named: PostgreSQL would plan the usual "is null or" anew each time.
_STOP = """
WITH stopped AS (
    UPDATE deadline SET state = 'STOPPED', stopped_at = $4
    WHERE county_code = $1 AND case_id = $2 AND kind = ANY($3::text[]) AND state = 'RUNNING'
        AND assignment_id IS NOT DISTINCT FROM coalesce($5::uuid, assignment_id) AND whistle_id IS NOT DISTINCT FROM coalesce($6::uuid, whistle_id)
        AND promise_id IS NOT DISTINCT FROM coalesce($7::uuid, promise_id)
    RETURNING id, kind, assignment_id
), dropped AS (
    DELETE FROM deadline_stage USING stopped WHERE county_code = $1 AND deadline_id = stopped.id
), answered AS (
    UPDATE supervision SET ended_at = $4 FROM stopped
    WHERE county_code = $1 AND case_id = $2 AND ended_at IS NULL AND (
        deadline_id = stopped.id OR supervision.assignment_id = stopped.assignment_id AND stopped.kind = 'RESULT'
    )
)
SELECT EXISTS (
    SELECT FROM deadline WHERE county_code = $1 AND case_id = $2 AND kind = ANY($3::text[]) AND state = 'PAUSED'
        AND assignment_id IS NOT DISTINCT FROM coalesce($5::uuid, assignment_id) AND whistle_id IS NOT DISTINCT FROM coalesce($6::uuid, whistle_id)
)
"""
# The clocks of an earlier round 重办 stay as they stopped.
_GO_ON = f"""
UPDATE deadline SET state = 'RUNNING', stopped_at = NULL, ladder_since = $5, ladder_used = 0
WHERE county_code = $1 AND case_id = $2 AND kind = $3 AND state = 'STOPPED' AND ($4::uuid IS NULL OR assignment_id = $4)
    AND round = (SELECT c.round FROM case_file c WHERE c.county_code = $1 AND c.id = $2)
RETURNING {stored_clocks.COLUMNS}
"""

_CONTINUED = """
UPDATE deadline SET history = history || $4::jsonb
WHERE county_code = $1 AND case_id = $2 AND (kind = 'HANDLING' OR kind = 'RESULT' AND assignment_id = ANY($3::uuid[]))
    AND round = (SELECT c.round FROM case_file c WHERE c.county_code = $1 AND c.id = $2)
"""


@dataclass(frozen=True)
class Reckoning:
    """When a clock begins and when it is due, by which limit (None: by another clock's due) and by which rule."""

    started_at: datetime
    due: Due
    limit: Limit | None
    rule: str


@dataclass(frozen=True)
class Owner:
    """What a clock hangs on."""

    case_id: UUID
    case_round: int = 0
    whistle_id: UUID | None = None
    assignment_id: UUID | None = None
    organization_code: str | None = None
    promise_id: UUID | None = None


async def start(
    tx: Transaction, kind: ClockKind, case_id: UUID, limit: Limit, rule: str, *, started_at: datetime | None = None,
    whistle_id: UUID | None = None, assignment_id: UUID | None = None, organization_code: str | None = None, case_round: int = 0,
) -> Due:  # fmt: skip
    """Start a clock by a limit; ``rule`` names where the limit comes from. Answers its due instant (exclusive)."""
    begun = started_at or tx.now
    reckoned = due(begun, limit, tx.ground.calendar, tx.ground.rulebook.work_time)
    await start_at(
        tx, kind, case_id, reckoned, rule, limit=limit, started_at=begun, whistle_id=whistle_id, assignment_id=assignment_id,
        organization_code=organization_code, case_round=case_round,
    )  # fmt: skip
    return reckoned


async def start_at(
    tx: Transaction, kind: ClockKind, case_id: UUID, reckoned: Due, rule: str, *, limit: Limit | None = None,
    started_at: datetime | None = None, whistle_id: UUID | None = None, assignment_id: UUID | None = None,
    organization_code: str | None = None, case_round: int = 0, promise_id: UUID | None = None,
) -> UUID:  # fmt: skip
    """Start a clock whose due instant is known, such as an assembly time 集结时间."""
    own = Owner(case_id, case_round, whistle_id, assignment_id, organization_code, promise_id)
    row = _row(tx, kind, Reckoning(started_at or tx.now, reckoned, limit, rule), own)
    await start_rows(tx, [row])
    clock_id: UUID = row["id"]
    return clock_id


async def start_rows(tx: Transaction, started: Sequence[Mapping[str, Any]]) -> None:
    """Start the clocks of ``rows``, of several owners perhaps, in one round trip to the database."""
    if started:
        await tx.connection.execute(_START, tx.county, orjson.dumps(started).decode())


def rows(tx: Transaction, own: Owner, reckonings: Mapping[ClockKind, Reckoning]) -> list[dict[str, Any]]:
    """Clocks of one owner, as STARTED writes them."""
    return [_row(tx, kind, reckoning, own) for kind, reckoning in reckonings.items()]


def _row(tx: Transaction, kind: ClockKind, reckoning: Reckoning, own: Owner) -> dict[str, Any]:
    due, limit = reckoning.due, reckoning.limit
    first = first_rung(kind, reckoning.started_at, due.at, tx.ground.rulebook)
    return {
        "id": tx.new_id(), "case_id": own.case_id, "whistle_id": own.whistle_id, "assignment_id": own.assignment_id,
        "organization_code": own.organization_code, "promise_id": own.promise_id, "kind": str(kind), "round": own.case_round,
        "unit": limit and str(limit.unit), "amount": limit and limit.amount, "rule": reckoning.rule,
        "started_at": reckoning.started_at, "due_at": due.at, "provisional": due.provisional,
        "stage": str(first.stage), "stage_at": first.at,
    }  # fmt: skip


async def stop(
    tx: Transaction, case_id: UUID, *kinds: ClockKind, assignment_id: UUID | None = None, whistle_id: UUID | None = None,
    promise_id: UUID | None = None,
) -> None:  # fmt: skip
    """Stop the clocks of these kinds: what was still to fire never fires.

    A paused clock first goes on with what remained, so that it is judged by a due that the pause has moved: what is done
    while a clock pauses is never late, and rework goes on from there.
    """
    which = (tx.county, case_id, [str(kind) for kind in kinds], tx.now, assignment_id, whistle_id, promise_id)
    if await tx.connection.fetchval(_STOP, *which):
        await clock_pauses.go_on(tx, case_id, *kinds, assignment_id=assignment_id, whistle_id=whistle_id)
        await tx.connection.fetchval(_STOP, *which)


async def go_on(tx: Transaction, case_id: UUID, kind: ClockKind, assignment_id: UUID | None = None) -> None:
    """Let stopped clocks run on, as after a returned report: rework does not reset the clock (C.9 point 6).

    Their ladder begins anew with what remains (C.6); what fired for the due that passed does not fire again.
    """
    rows = await tx.connection.fetch(_GO_ON, tx.county, case_id, str(kind), assignment_id, tx.now)
    for clock in map(StoredClock.of, rows):
        await clock_stages.write(
            tx, clock.id, case_id, clock.assignment_id, clock.ascent, clock.fired, not_before=tx.now
        )  # fmt: skip


async def tell_continued(tx: Transaction, case_id: UUID, after: Handover, *assignment_ids: UUID) -> None:
    """Keep in the history of the case's limit, and of the assignments' own, that none was reset, for who asks why."""
    entry = {"continued_at": tx.now, "after": str(after)}
    await tx.connection.execute(_CONTINUED, tx.county, case_id, assignment_ids, orjson.dumps([entry]).decode())


async def tell_lead(tx: Transaction, case: CaseFacts, organization_code: str | None, *at_work: UUID) -> None:
    """As ``tell_continued``, when another organization gets the lead 主办, or a case that all had left is given out again.

    ``case``: as it stood before; who is called first in a round takes nothing over. ``at_work``: assignments that go on in
    another part with limits of their own, besides the former LEAD's.
    """
    former = next((a for a in case.active if a.role is AssignmentRole.LEAD), None)
    if former is None:
        if case.assignments:
            await tell_continued(tx, case.id, Handover.DISPATCHED_AGAIN)
    elif organization_code not in (None, former.organization_code):
        await tell_continued(tx, case.id, Handover.LEAD_CHANGED, former.id, *at_work)


async def change(
    tx: Transaction, kind: ClockKind, case_id: UUID, limit: Limit, rule: str, *, case_round: int = 0,
    from_now: bool = False, decider: Decider | None = None,
) -> Moved | None:  # fmt: skip
    """Give the case's clock another limit, counted from its start, or ``from_now`` (C.5 rule 8); answers how it moved.

    Counted from the start, the pauses that are over count again, the extensions do not: those were granted to the old limit.
    No due is set in the past (rule 10): where the start leads there the limit counts from now, and a clock whose due has
    passed stays as it is, for changing the limit makes nothing timely that is late. What it was before stands in the clock's
    history. A stage that fired fires again only if it now lies ahead. None: there is no such clock, or it stays.
    """
    clock = await stored_clocks.newest(tx, kind, case_id, case_round)
    if clock is None:
        return None
    calendar, work_time = tx.ground.calendar, tx.ground.rulebook.work_time
    pauses = [move for move in moves_of(clock.changes) if isinstance(move, Pause) and move.resumed_at]
    counted = recounted(clock.started_at, limit, pauses, calendar, work_time)
    anew = from_now or clock.lies_behind(counted.due.at, tx.now)
    if anew and not from_now and clock.lies_behind(clock.due_at, tx.now):
        return None
    if anew:
        counted = recounted(tx.now, limit, (), calendar, work_time)
    to = Reckoning(tx.now if anew else clock.started_at, counted.due, limit, rule)
    return await change_to(tx, clock, to, counted.moves, decider)


async def change_assignment(
    tx: Transaction, kind: ClockKind, case_id: UUID, assignment_id: UUID, case_round: int, reckoning: Reckoning,
    decider: Decider | None = None,
) -> None:  # fmt: skip
    """Give an assignment's clock another due instant; as ``change``. The assignment's due follows."""
    clock = await stored_clocks.newest(tx, kind, case_id, case_round, assignment_id)
    if clock is not None:
        await change_to(tx, clock, reckoning, decider=decider)


async def change_to(
    tx: Transaction, clock: StoredClock, to: Reckoning, again: Sequence[Move] = (), decider: Decider | None = None
) -> Moved:
    """Give a clock another reckoning; ``again``: the moves that count under it again."""
    # A paused clock that begins anew pauses from its new beginning.
    paused_at = None if clock.paused_at is None else max(clock.paused_at, to.started_at)
    changed = replace(
        clock, limit=to.limit, rule=to.rule, started_at=to.started_at, due_at=to.due.at, provisional=to.due.provisional,
        paused_at=paused_at,
    )  # fmt: skip
    if to.started_at != clock.started_at:
        changed = replace(changed, since=None, used=0.0)
    entries = [clock.before(tx.now) | decided_by(decider), *({**entry_of(move), "again": True} for move in again)]
    if changed.state is ClockState.PAUSED and paused_at is not None:
        entries.append({**_lasting(clock, paused_at, to.due.at), "again": True})
    await stored_clocks.keep(tx, clock, changed, *entries)
    return Moved(clock, changed)


def _lasting(clock: StoredClock, paused_at: datetime, due_at: datetime) -> dict[str, Any]:
    """The entry of the pause that lasts, with the due that it now holds back."""
    begun = next(
        (change for change in reversed(clock.changes) if isinstance(change, Pause)), Pause(paused_at, None, due_at)
    )
    return entry_of(replace(begun, at=paused_at, due_before=due_at))


async def wake_at(tx: Transaction, case_id: UUID, assignment_id: UUID, at: datetime, note: str) -> None:
    """Have a department woken for an assignment at a time (Desk.wake_after): a stage of its own, outside any clock."""
    await clock_stages.plan(tx, EscalationStage.WAKE, tx.new_id(), case_id, at, assignment_id=assignment_id, note=note)
