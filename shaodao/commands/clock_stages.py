"""The stages of clocks that are still to come (reference C.6): rows that the platform's clock fires when their time has come."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from uuid import UUID

from shaodao.commands.transaction import Transaction
from shaodao.domain.vocabulary import ClockKind, EscalationStage

_STAGE = """
INSERT INTO deadline_stage (county_code, deadline_id, stage, case_id, assignment_id, due_at, note)
VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (county_code, deadline_id, stage) DO UPDATE SET due_at = excluded.due_at
"""
_DROP = "DELETE FROM deadline_stage WHERE county_code = $1 AND deadline_id = ANY($2::uuid[])"


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


async def write(
    tx: Transaction, kind: ClockKind, clock_id: UUID, case_id: UUID, assignment_id: UUID | None,
    started_at: datetime, due_at: datetime, *, fired: frozenset[str] = frozenset(),
) -> None:  # fmt: skip
    """Write a running clock's stages, but for those that have fired."""
    rows = [
        (tx.county, clock_id, str(stage), case_id, assignment_id, at, None)
        for stage, at in stages(tx, kind, started_at, due_at).items()
        if stage not in fired
    ]
    await tx.connection.executemany(_STAGE, rows)


async def plan(
    tx: Transaction, stage: EscalationStage, owner_id: UUID, case_id: UUID, at: datetime, *,
    assignment_id: UUID | None = None, note: str | None = None,
) -> None:  # fmt: skip
    """Plan a stage that hangs on no clock: a department's wake-up, or the next date of a suspension; once for its owner."""
    await tx.connection.execute(_STAGE, tx.county, owner_id, str(stage), case_id, assignment_id, at, note)


async def drop(tx: Transaction, *owner_ids: UUID) -> None:
    """Drop what was still to fire of clocks, or of a suspension."""
    if owner_ids:
        await tx.connection.execute(_DROP, tx.county, list(owner_ids))
