"""The stage of each clock that is to come (reference C.6): a row that the platform's clock fires when its time has come.

Of a clock only the next stage is a row; when it fires, the one after it is written, computed from the clock's due
(docs/adr/0010-ladder.md).
"""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from shaodao.commands.transaction import Transaction
from shaodao.domain.ladder import Ascent, next_rung, rungs
from shaodao.domain.vocabulary import EscalationStage

_STAGE = """
INSERT INTO deadline_stage (county_code, deadline_id, stage, case_id, assignment_id, due_at, note)
VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (county_code, deadline_id, stage) DO UPDATE SET due_at = excluded.due_at
"""
_DROP = "DELETE FROM deadline_stage WHERE county_code = $1 AND deadline_id = ANY($2::uuid[])"


async def write(
    tx: Transaction, clock_id: UUID, case_id: UUID, assignment_id: UUID | None, ascent: Ascent, fired: Collection[str]
) -> None:
    """Write a running clock's next stage, after those that have fired."""
    reached = rungs(ascent, tx.ground.rulebook, tx.ground.calendar)
    rung = next_rung(reached, fired, ascent.due_at, tx.now)
    if rung is not None:
        await plan(tx, rung.stage, clock_id, case_id, rung.at, assignment_id=assignment_id)


async def plan(
    tx: Transaction, stage: EscalationStage, owner_id: UUID, case_id: UUID, at: datetime, *,
    assignment_id: UUID | None = None, note: str | None = None,
) -> None:  # fmt: skip
    """Plan a stage, once for its owner: a clock, or what hangs on none, such as a wake-up or a date of a suspension."""
    await tx.connection.execute(_STAGE, tx.county, owner_id, str(stage), case_id, assignment_id, at, note)


async def drop(tx: Transaction, *owner_ids: UUID) -> None:
    """Drop what was still to fire of clocks, or of a suspension."""
    if owner_ids:
        await tx.connection.execute(_DROP, tx.county, list(owner_ids))
