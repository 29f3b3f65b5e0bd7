"""The stages of a case that have come due (reference C.6): reading the next, and putting aside one that cannot fire."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, LiteralString, Self
from uuid import UUID

import asyncpg
import orjson

from shaodao.commands.transaction import Connection, Transaction
from shaodao.domain.clock_changes import fired_of
from shaodao.domain.delivery import shown_error
from shaodao.domain.ladder import Ascent
from shaodao.domain.vocabulary import ClockKind, EscalationStage, Urgency, WhistleKind

FIRST_PAUSE, LONGEST_PAUSE = timedelta(seconds=30), timedelta(hours=1)
"""After how long a stage that could not be fired is tried again: at first, and at the latest; it doubles with each failure."""

ON_NO_CLOCK: LiteralString = "('WAKE', 'REVIEW', 'RESUME')"
"""A wake-up and a suspension's own dates hang on no clock."""

WAITING: LiteralString = (
    "deadline_stage s LEFT JOIN deadline d ON d.county_code = s.county_code AND d.id = s.deadline_id"
)
"""The stages that wait, with their clocks."""

RUNS: LiteralString = f"(s.stage IN {ON_NO_CLOCK} OR d.state = 'RUNNING')"
"""Of a paused clock nothing fires."""

NOT_ASIDE: LiteralString = "coalesce(s.retry_at <= {now}, true)"
"""What could not be fired waits until it is tried again."""

HAS_DUE: LiteralString = f"""EXISTS (
    SELECT FROM deadline_stage s WHERE s.county_code = $1 AND s.case_id = {{case}} AND s.due_at <= {{now}} AND {NOT_ASIDE}
        AND s.stage NOT IN {ON_NO_CLOCK}
)"""
"""Whether a stage of a case's clocks has come due."""

_NEXT = f"""
SELECT s.deadline_id, s.stage, s.case_id, s.assignment_id, s.due_at, s.not_before, s.note, d.kind, d.started_at,
    d.unit IS NULL AS unlimited, d.due_at AS clock_due_at, d.ladder_since, d.ladder_used, d.history, c.urgency,
    w.kind AS whistle_kind
FROM deadline_stage s
JOIN case_file c ON c.county_code = $1 AND c.id = s.case_id
LEFT JOIN deadline d ON d.county_code = $1 AND d.id = s.deadline_id
LEFT JOIN whistle w ON w.county_code = $1 AND w.id = d.whistle_id
WHERE s.county_code = $1 AND s.case_id = $2 AND s.due_at <= $3 AND {NOT_ASIDE.replace("{now}", "$3")} AND {RUNS}
    AND (d.id IS NOT NULL OR NOT $4)
ORDER BY s.due_at, s.deadline_id, s.stage LIMIT 1
"""
_TAKE = "DELETE FROM deadline_stage WHERE county_code = $1 AND deadline_id = $2 AND stage = $3"
# Whoever holds the row is at work on it.
_PUT_ASIDE = """
UPDATE deadline_stage SET failures = failures + 1, last_error = $6,
    retry_at = $5 + least($7::interval * power(2, least(failures, 20)), $8::interval)
WHERE (county_code, deadline_id, stage) IN (
    SELECT county_code, deadline_id, stage FROM deadline_stage
    WHERE county_code = $1 AND case_id = $2 AND due_at <= $5 AND deadline_id = coalesce($3, deadline_id)
        AND stage = coalesce($4, stage)
    FOR UPDATE SKIP LOCKED
)
"""


class StageNotFired(Exception):
    """A stage could not be fired."""

    def __init__(self, deadline_id: UUID, stage: str) -> None:
        super().__init__(f"{stage} of {deadline_id} could not be fired")
        self.deadline_id = deadline_id
        self.stage = stage

    @property
    def reason(self) -> BaseException:
        """What went wrong."""
        return self.__cause__ or self


@dataclass(frozen=True)
class DueStage:
    """A stage that has come due. ``ascent``: None for what hangs on no deadline; ``fired``: the stages that fired before, each
    when it did last.

    On none hang a wake-up, and the dates of a suspension, which then is named by ``deadline_id``. ``not_before``: from when
    it could fire, where its clock went on or was changed after its time.
    """

    deadline_id: UUID
    stage: EscalationStage
    case_id: UUID
    assignment_id: UUID | None
    due_at: datetime
    not_before: datetime | None
    note: str | None
    ascent: Ascent | None
    fired: Mapping[str, datetime]

    @classmethod
    def of(cls, row: asyncpg.Record) -> Self:
        """From a row of ``next_due``."""
        return cls(
            row["deadline_id"], EscalationStage[row["stage"]], row["case_id"], row["assignment_id"], row["due_at"],
            row["not_before"], row["note"], None if row["kind"] is None else _ascent(row),
            fired_of(orjson.loads(row["history"] or "[]")),
        )  # fmt: skip

    @property
    def clock(self) -> ClockKind:
        """What the deadline limits."""
        assert self.ascent is not None, "only a deadline passes"
        return self.ascent.kind

    @property
    def clock_due_at(self) -> datetime:
        """When the deadline was due."""
        assert self.ascent is not None, "only a deadline passes"
        return self.ascent.due_at

    def late_seconds(self, now: datetime) -> int:
        """How long after it could it fires: more than a moment only after an outage."""
        return max(0, round((now - max(self.due_at, self.not_before or self.due_at)).total_seconds()))

    def payload(self, now: datetime) -> dict[str, Any]:
        """What the event tells of it."""
        told: dict[str, Any] = {
            "stage": self.stage, "stage_due_at": self.due_at, "late_seconds": self.late_seconds(now)
        }  # fmt: skip
        if self.ascent is not None:
            told |= {"clock": self.clock, "deadline_id": str(self.deadline_id), "due_at": self.clock_due_at}
        return told if self.note is None else told | {"note": self.note}


async def next_due(tx: Transaction, case_id: UUID, *, of_clocks: bool = False) -> asyncpg.Record | None:
    """The row of the case's stage that is fired next, under the case's lock; None: none is due.

    ``of_clocks``: leave out what hangs on no clock.
    """
    return await tx.connection.fetchrow(_NEXT, tx.county, case_id, tx.now, of_clocks)


async def take_out(tx: Transaction, due: DueStage) -> None:
    """Delete the row of a stage that is fired in this transaction."""
    await tx.connection.execute(_TAKE, tx.county, due.deadline_id, str(due.stage))


async def put_aside(
    connection: "Connection | asyncpg.Pool[asyncpg.Record]", county: int, case_id: UUID, now: datetime, failure: Exception
) -> None:  # fmt: skip
    """Have the stage that could not be fired tried again later, with its error to be shown; the others go on.

    Of a failure that names no stage all that is due in the case is put aside.
    """
    named = failure if isinstance(failure, StageNotFired) else None
    reason = failure if named is None else named.reason
    error = shown_error(f"{type(reason).__name__}: {reason}")
    await connection.execute(
        _PUT_ASIDE, county, case_id, named and named.deadline_id, named and named.stage, now, error, FIRST_PAUSE,
        LONGEST_PAUSE,
    )  # fmt: skip


def _ascent(row: asyncpg.Record) -> Ascent:
    whistle, kind = row["whistle_kind"], ClockKind[row["kind"]]
    return Ascent(
        kind, row["started_at"], row["clock_due_at"], Urgency[row["urgency"]],
        None if whistle is None else WhistleKind[whistle], row["ladder_since"], row["ladder_used"],
        appointed=kind is ClockKind.ARRIVE and row["unlimited"],
    )  # fmt: skip
