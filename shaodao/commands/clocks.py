"""Clocks (reference C.5): starting, stopping and going on with a deadline, and the stages that are still to come."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import orjson

from shaodao.commands.transaction import Transaction
from shaodao.domain.deadlines import Due, Limit, due
from shaodao.domain.vocabulary import ClockKind, EscalationStage

_START = """
INSERT INTO deadline (
    county_code, id, case_id, whistle_id, assignment_id, organization_code, kind, round, unit, amount, rule,
    started_at, due_at, provisional, state, history
) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, 'RUNNING', $15::jsonb)
"""
_STAGE = """
INSERT INTO deadline_stage (county_code, deadline_id, stage, case_id, assignment_id, due_at, note)
VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (county_code, deadline_id, stage) DO UPDATE SET due_at = excluded.due_at
"""
_STOP = """
UPDATE deadline SET state = 'STOPPED', stopped_at = $4
WHERE county_code = $1 AND case_id = $2 AND kind = ANY($3::text[]) AND state = 'RUNNING'
    AND ($5::uuid IS NULL OR assignment_id = $5) AND ($6::uuid IS NULL OR whistle_id = $6)
RETURNING id
"""
_GO_ON = """
UPDATE deadline SET state = 'RUNNING', stopped_at = NULL
WHERE county_code = $1 AND case_id = $2 AND kind = $3 AND state = 'STOPPED' AND ($4::uuid IS NULL OR assignment_id = $4)
RETURNING id, case_id, assignment_id, started_at, due_at, history
"""
_READ = """
SELECT id, assignment_id, started_at, due_at, unit, amount, rule, state, history FROM deadline
WHERE county_code = $1 AND case_id = $2 AND kind = $3 AND round = $4 AND assignment_id IS NOT DISTINCT FROM $5::uuid
ORDER BY started_at DESC, id DESC LIMIT 1
"""
_CHANGE = """
UPDATE deadline SET unit = $3, amount = $4, rule = $5, started_at = $6, due_at = $7, provisional = $8,
    history = history || $9::jsonb
WHERE county_code = $1 AND id = $2
"""
_DROP_STAGES = "DELETE FROM deadline_stage WHERE county_code = $1 AND deadline_id = ANY($2::uuid[])"


@dataclass(frozen=True)
class Reckoning:
    """When a clock begins and when it is due, by which limit (None: by another clock's due) and by which rule."""

    started_at: datetime
    due: Due
    limit: Limit | None
    rule: str


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
    organization_code: str | None = None, case_round: int = 0,
) -> UUID:  # fmt: skip
    """Start a clock whose due instant is known, such as an assembly time 集结时间."""
    clock_id, begun = tx.new_id(), started_at or tx.now
    await tx.connection.execute(
        _START, tx.county, clock_id, case_id, whistle_id, assignment_id, organization_code, str(kind), case_round,
        limit and str(limit.unit), limit and limit.amount, rule, begun, reckoned.at, reckoned.provisional, b"[]".decode(),
    )  # fmt: skip
    await _write_stages(tx, kind, clock_id, case_id, assignment_id, begun, reckoned.at, fired=set())
    return clock_id


async def stop(
    tx: Transaction, case_id: UUID, *kinds: ClockKind, assignment_id: UUID | None = None, whistle_id: UUID | None = None
) -> None:
    """Stop the running clocks of these kinds: what was still to fire never fires."""
    names = [str(kind) for kind in kinds]
    rows = await tx.connection.fetch(_STOP, tx.county, case_id, names, tx.now, assignment_id, whistle_id)
    if rows:
        await tx.connection.execute(_DROP_STAGES, tx.county, [row["id"] for row in rows])


async def go_on(tx: Transaction, case_id: UUID, kind: ClockKind, assignment_id: UUID | None = None) -> None:
    """Let stopped clocks run on, as after a returned report: rework does not reset the clock (C.9 point 6)."""
    rows = await tx.connection.fetch(_GO_ON, tx.county, case_id, str(kind), assignment_id)
    for row in rows:
        fired = {entry.get("stage") for entry in orjson.loads(row["history"])}
        await _write_stages(
            tx, kind, row["id"], case_id, row["assignment_id"], row["started_at"], row["due_at"], fired=fired
        )  # fmt: skip


async def change(
    tx: Transaction,
    kind: ClockKind,
    case_id: UUID,
    limit: Limit,
    rule: str,
    *,
    case_round: int = 0,
    from_now: bool = False,
) -> Due | None:
    """Give the case's clock another limit, counted from its start, or ``from_now`` (C.5 rule 8); answers the new due.

    What it was before stands in the clock's history. A stage that fired fires again only if it now lies ahead. None: the
    case has no such clock.
    """
    row = await tx.connection.fetchrow(_READ, tx.county, case_id, str(kind), case_round, None)
    if row is None:
        return None
    begun = tx.now if from_now else row["started_at"]
    reckoned = due(begun, limit, tx.ground.calendar, tx.ground.rulebook.work_time)
    await _change(tx, kind, case_id, row, Reckoning(begun, reckoned, limit, rule))
    return reckoned


async def started_at(
    tx: Transaction, kind: ClockKind, case_id: UUID, assignment_id: UUID, case_round: int
) -> datetime | None:
    """When an assignment's clock of the kind last started; None: it has none."""
    row = await tx.connection.fetchrow(_READ, tx.county, case_id, str(kind), case_round, assignment_id)
    return None if row is None else row["started_at"]


async def change_assignment(
    tx: Transaction, kind: ClockKind, case_id: UUID, assignment_id: UUID, case_round: int, reckoning: Reckoning
) -> None:
    """Give an assignment's clock another due instant; as ``change``."""
    row = await tx.connection.fetchrow(_READ, tx.county, case_id, str(kind), case_round, assignment_id)
    if row is not None:
        await _change(tx, kind, case_id, row, reckoning)


async def _change(tx: Transaction, kind: ClockKind, case_id: UUID, row: asyncpg.Record, to: Reckoning) -> None:
    before = {name: row[name] for name in ("unit", "amount", "rule", "started_at", "due_at")} | {"changed_at": tx.now}
    await tx.connection.execute(
        _CHANGE, tx.county, row["id"], to.limit and str(to.limit.unit), to.limit and to.limit.amount, to.rule, to.started_at,
        to.due.at, to.due.provisional, orjson.dumps([before]).decode(),
    )  # fmt: skip
    if row["state"] == "RUNNING":
        fired = {entry.get("stage") for entry in orjson.loads(row["history"])} if to.due.at <= tx.now else set()
        await tx.connection.execute(_DROP_STAGES, tx.county, [row["id"]])
        await _write_stages(
            tx, kind, row["id"], case_id, row["assignment_id"], to.started_at, to.due.at, fired=fired
        )  # fmt: skip


async def wake_at(tx: Transaction, case_id: UUID, assignment_id: UUID, at: datetime, note: str) -> None:
    """Have a department woken for an assignment at a time (Desk.wake_after): a stage of its own, outside any clock."""
    await tx.connection.execute(
        _STAGE, tx.county, tx.new_id(), str(EscalationStage.WAKE), case_id, assignment_id, at, note
    )


def stages(
    tx: Transaction, kind: ClockKind, started_at: datetime, due_at: datetime
) -> Mapping[EscalationStage, datetime]:
    """The instants of a clock's stages. OVERDUE for every clock, NO_SHOW for arriving (C.4, C.6)."""
    instants: dict[EscalationStage, datetime] = {EscalationStage.OVERDUE: due_at}
    if kind is ClockKind.ARRIVE:
        factor: float = tx.ground.rulebook.whistle_ladder.no_show_factor
        instants[EscalationStage.NO_SHOW] = started_at + timedelta(
            seconds=(due_at - started_at).total_seconds() * factor
        )
    return instants


async def _write_stages(
    tx: Transaction, kind: ClockKind, clock_id: UUID, case_id: UUID, assignment_id: UUID | None,
    started_at: datetime, due_at: datetime, *, fired: set[Any],
) -> None:  # fmt: skip
    rows = [
        (tx.county, clock_id, str(stage), case_id, assignment_id, at, None)
        for stage, at in stages(tx, kind, started_at, due_at).items()
        if stage not in fired
    ]
    await tx.connection.executemany(_STAGE, rows)
