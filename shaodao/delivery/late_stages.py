"""How late the clock is: by how much the oldest due stage, and which stages could not be fired. For operators."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import asyncpg

from shaodao.commands.due_stages import RUNS, WAITING
from shaodao.commands.transaction import Connection

WORTH_A_WORD = timedelta(minutes=1)
"""A stage that is later than this is told of: a clock that runs fires within seconds."""

# What goes on or is changed after its time is late only from then on. So that asking costs little however much has come due,
# the hundred that came due first are looked at.
_STANDING = f"""
SELECT min(greatest(first.due_at, first.not_before)) AS oldest,
    (SELECT count(*) FROM deadline_stage WHERE failures > 0) AS failed
FROM (SELECT s.due_at, s.not_before FROM {WAITING} WHERE s.due_at <= $1 AND {RUNS} ORDER BY s.due_at LIMIT 100) first
"""
_FAILED = """
SELECT c.number, s.stage, s.failures, s.last_error
FROM deadline_stage s JOIN case_file c ON c.county_code = s.county_code AND c.id = s.case_id
WHERE s.failures > 0 ORDER BY s.due_at LIMIT $1
"""


@dataclass(frozen=True)
class Lateness:
    """By how much the oldest due stage is late, and how many due stages failed when they were to be fired."""

    late: timedelta
    failed: int

    @property
    def worth_a_word(self) -> bool:
        """Whether somebody should look."""
        return self.late > WORTH_A_WORD

    def __str__(self) -> str:
        told = f"a deadline's stage is {self.late.total_seconds():.0f} s late"
        return f"{told}, {self.failed} could not be fired" if self.failed else told


async def lateness(pool: "asyncpg.Pool[asyncpg.Record] | Connection", now: datetime) -> Lateness:
    """How late the clock is now."""
    row = await pool.fetchrow(_STANDING, now)
    assert row is not None
    return Lateness(now - row["oldest"] if row["oldest"] else timedelta(), row["failed"])


async def failed_stages(pool: "asyncpg.Pool[asyncpg.Record] | Connection", most: int) -> list[str]:
    """The stages that could not be fired, the oldest first, each with its case and its last error."""
    return [
        f"{row['stage']} of case {row['number']} failed {row['failures']} times: {row['last_error']}"
        for row in await pool.fetch(_FAILED, most)
    ]
