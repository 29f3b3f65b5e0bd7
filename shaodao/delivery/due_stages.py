"""A stage of a clock that has come due, as the clock reads it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, LiteralString, Self
from uuid import UUID

import asyncpg

from shaodao.domain.ladder import Ascent
from shaodao.domain.vocabulary import ClockKind, EscalationStage, Urgency, WhistleKind

COLUMNS: LiteralString = """s.deadline_id, s.stage, s.case_id, s.assignment_id, s.due_at, s.note, d.kind, d.started_at,
    d.due_at AS clock_due_at, d.ladder_since, d.ladder_used, c.urgency, w.kind AS whistle_kind, ARRAY(
        SELECT entry ->> 'stage' FROM jsonb_array_elements(d.history) AS entry WHERE entry ? 'stage'
    ) AS fired"""
"""What ``DueStage.of`` reads, of the stage ``s``, its deadline ``d``, case ``c`` and whistle ``w``."""


@dataclass(frozen=True)
class DueStage:
    """A stage that has come due. ``ascent``: None for what hangs on no deadline; ``fired``: the stages that fired before.

    On none hang a wake-up, and the dates of a suspension, which then is named by ``deadline_id``.
    """

    deadline_id: UUID
    stage: EscalationStage
    case_id: UUID
    assignment_id: UUID | None
    due_at: datetime
    note: str | None
    ascent: Ascent | None
    fired: frozenset[str]

    @classmethod
    def of(cls, row: asyncpg.Record) -> Self:
        """From a row with the columns of ``COLUMNS``."""
        return cls(
            row["deadline_id"], EscalationStage[row["stage"]], row["case_id"], row["assignment_id"], row["due_at"],
            row["note"], None if row["kind"] is None else _ascent(row), frozenset(row["fired"]),
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
        """How late it fires: more than a moment only after an outage."""
        return max(0, round((now - self.due_at).total_seconds()))

    def payload(self, now: datetime) -> dict[str, Any]:
        """What the event tells of it."""
        told: dict[str, Any] = {
            "stage": self.stage, "stage_due_at": self.due_at, "late_seconds": self.late_seconds(now)
        }  # fmt: skip
        if self.ascent is not None:
            told |= {"clock": self.clock, "deadline_id": str(self.deadline_id), "due_at": self.clock_due_at}
        return told if self.note is None else told | {"note": self.note}


def _ascent(row: asyncpg.Record) -> Ascent:
    whistle = row["whistle_kind"]
    return Ascent(
        ClockKind[row["kind"]], row["started_at"], row["clock_due_at"], Urgency[row["urgency"]],
        None if whistle is None else WhistleKind[whistle], row["ladder_since"], row["ladder_used"],
    )  # fmt: skip
