"""The stage of each clock that is to come (reference C.6): a row that the platform's clock fires when its time has come.

Of a clock only the next stage is a row; when it fires, the one after it is written, computed from the clock's due
(docs/adr/0010-ladder.md).
"""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from shaodao.commands.transaction import Transaction
from shaodao.domain.ladder import Ascent, next_rung, rungs
from shaodao.domain.vocabulary import EscalationStage

_STAGE = """
INSERT INTO deadline_stage (county_code, deadline_id, stage, case_id, assignment_id, due_at, note, not_before)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (county_code, deadline_id, stage) DO UPDATE
SET due_at = excluded.due_at, not_before = excluded.not_before, failures = 0, retry_at = NULL, last_error = NULL
"""
_MOVE = """
UPDATE deadline_stage SET due_at = greatest(rung.at, $5)
FROM unnest($3::text[], $4::timestamptz[]) AS rung (stage, at)
WHERE county_code = $1 AND deadline_id = $2 AND deadline_stage.stage = rung.stage AND due_at > $5 AND due_at <> rung.at
"""
_DROP = "DELETE FROM deadline_stage WHERE county_code = $1 AND deadline_id = ANY($2::uuid[])"


async def write(
    tx: Transaction, clock_id: UUID, case_id: UUID, assignment_id: UUID | None, ascent: Ascent,
    fired: Mapping[str, datetime], *, not_before: datetime | None,
) -> None:  # fmt: skip
    """Write a running clock's next stage, after those that have fired, each at its time.

    ``not_before``: when the clock went on or was changed last, for what lies before that is not late by it; None: it ran
    all along.
    """
    reached = rungs(ascent, tx.ground.rulebook, tx.ground.calendar)
    rung = next_rung(reached, fired, ascent.due_at, not_before)
    if rung is not None:
        await plan(tx, rung.stage, clock_id, case_id, rung.at, assignment_id=assignment_id, not_before=not_before)


async def move(tx: Transaction, clock_id: UUID, ascent: Ascent) -> None:
    """Move the stage that a running clock waits for to its time by the present calendar, never into the past."""
    reached = rungs(ascent, tx.ground.rulebook, tx.ground.calendar)
    stages, times = [str(rung.stage) for rung in reached], [rung.at for rung in reached]
    await tx.connection.execute(_MOVE, tx.county, clock_id, stages, times, tx.now)


async def plan(
    tx: Transaction, stage: EscalationStage, owner_id: UUID, case_id: UUID, at: datetime, *,
    assignment_id: UUID | None = None, note: str | None = None, not_before: datetime | None = None,
) -> None:  # fmt: skip
    """Plan a stage, once for its owner: a clock, or what hangs on none, such as a wake-up or a date of a suspension."""
    await tx.connection.execute(
        _STAGE, tx.county, owner_id, str(stage), case_id, assignment_id, at, note, not_before
    )  # fmt: skip


async def drop(tx: Transaction, *owner_ids: UUID) -> None:
    """Drop what was still to fire of clocks, or of a suspension."""
    if owner_ids:
        await tx.connection.execute(_DROP, tx.county, list(owner_ids))
