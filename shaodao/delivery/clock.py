"""The clock: fires the stages of deadlines that have come due, each once, late after an outage but in order (C.6).

Stages are rows. A stage fires in one transaction with the deletion of its row, under the lock of its case, so any
number of clocks race without a leader. As every command, the clock locks the case first.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from time import monotonic
from uuid import UUID

import asyncpg
import structlog

from shaodao.commands.running import CommandRunner
from shaodao.commands.transaction import Outcome, Transaction
from shaodao.delivery import due_stages
from shaodao.delivery.due_stages import DueStage
from shaodao.delivery.pace import Now
from shaodao.delivery.stages import fire
from shaodao.domain.permissions import Viewer
from shaodao.postgres.errors import connection_lost

# A wake-up and a suspension's own dates hang on no clock; of a paused clock nothing fires.
_RUNS = "(s.stage IN ('WAKE', 'REVIEW', 'RESUME') OR d.state = 'RUNNING')"
_FROM = "deadline_stage s LEFT JOIN deadline d ON d.county_code = s.county_code AND d.id = s.deadline_id"
_COUNTIES = f"SELECT DISTINCT s.county_code FROM {_FROM} WHERE s.due_at <= $1 AND {_RUNS}"
_NEXT = f"SELECT s.due_at FROM {_FROM} WHERE {_RUNS} AND s.due_at > $1 ORDER BY s.due_at LIMIT 1"
_CASES = f"""
SELECT s.case_id FROM {_FROM} WHERE s.county_code = $1 AND s.due_at <= $2 AND {_RUNS}
GROUP BY s.case_id ORDER BY min(s.due_at) LIMIT $3
"""
# Another clock, or a command, is at work on the case: pass it by and come back.
_LOCK_CASE = "SELECT 1 FROM case_file WHERE county_code = $1 AND id = $2 FOR UPDATE SKIP LOCKED"
_DUE = f"""
SELECT {due_stages.COLUMNS}
FROM deadline_stage s
JOIN case_file c ON c.county_code = $1 AND c.id = s.case_id
LEFT JOIN deadline d ON d.county_code = $1 AND d.id = s.deadline_id
LEFT JOIN whistle w ON w.county_code = $1 AND w.id = d.whistle_id
WHERE s.county_code = $1 AND s.case_id = $2 AND s.due_at <= $3 AND {_RUNS}
ORDER BY s.due_at, s.deadline_id, s.stage LIMIT 1
"""
_DELETE = "DELETE FROM deadline_stage WHERE county_code = $1 AND deadline_id = $2 AND stage = $3"

_log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class ClockRules:
    """``batch``: cases of one county in one look. ``poll``, ``busy``, ``after_error``: seconds until the next look.

    ``busy`` is for a case that someone else has locked, ``after_error`` for one whose stage could not be fired.
    """

    batch: int = 100
    poll: float = 2.0
    busy: float = 0.2
    after_error: float = 30.0


class _Busy(Exception):
    """Someone else is at work on the case."""


class _NothingDue(Exception):
    """Another clock has fired the case's stages."""


class Clock:
    """One process's clock; ``actor`` is the system."""

    name = "clock"

    def __init__(
        self, pool: "asyncpg.Pool[asyncpg.Record]", runner: CommandRunner, actor: Viewer, now: Now,
        rules: ClockRules | None = None,
    ) -> None:  # fmt: skip
        self._pool = pool
        self._runner = runner
        self._actor = actor
        self._now = now
        self._rules = rules or ClockRules()
        self._failed: dict[UUID, float] = {}

    async def one_pass(self) -> float:
        """Fire what is due; answers the seconds until something is."""
        now = self._now()
        passed_by = False
        for row in await self._pool.fetch(_COUNTIES, now):
            passed_by |= await self._fire_county(row["county_code"], now)
        if passed_by:
            return self._rules.busy
        following: datetime | None = await self._pool.fetchval(_NEXT, now)
        wait = self._rules.poll if following is None else (following - self._now()).total_seconds()
        return min(max(wait, 0), self._rules.poll)

    async def _fire_county(self, county: int, now: datetime) -> bool:
        """Fire the due stages of a county; whether any may be left."""
        left = False
        cases = [row["case_id"] for row in await self._pool.fetch(_CASES, county, now, self._rules.batch)]
        for case_id in cases:
            if self._failed.get(case_id, 0) > monotonic():
                continue
            left |= not await self._fire_case(county, case_id)
        return left or len(cases) == self._rules.batch

    async def _fire_case(self, county: int, case_id: UUID) -> bool:
        """Fire all due stages of a case, in order, in one transaction; False when someone else has it locked."""
        try:
            await self._runner.run(fire_due(case_id), actor=self._actor, county=county, now=self._now())
        except _Busy:
            return False
        except _NothingDue:
            return True
        except Exception as error:
            if connection_lost(error):  # all others would fail alike
                raise
            # One broken case must not stop the clock of all others.
            _log.exception("stage_not_fired", case=str(case_id), error=str(error))
            self._failed[case_id] = monotonic() + self._rules.after_error
        return True


def fire_due(case_id: UUID) -> Callable[[Transaction], Awaitable[Outcome]]:
    """The command that fires the due stages of a case."""

    async def command(tx: Transaction) -> Outcome:
        if await tx.connection.fetchval(_LOCK_CASE, tx.county, case_id) is None:
            raise _Busy
        fired = 0
        while (stage := await _next_due(tx, case_id)) is not None:
            await tx.connection.execute(_DELETE, tx.county, stage.deadline_id, str(stage.stage))
            await fire(tx, stage)
            fired += 1
        if not fired:
            raise _NothingDue
        return Outcome(county_code=tx.county, case_id=case_id)

    return command


async def _next_due(tx: Transaction, case_id: UUID) -> DueStage | None:
    row = await tx.connection.fetchrow(_DUE, tx.county, case_id, tx.now)
    return None if row is None else DueStage.of(row)
