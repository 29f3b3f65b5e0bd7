"""The clock: fires the stages of deadlines that have come due, each once, late after an outage but in order (C.6).

Stages are rows. A stage fires in one transaction with the deletion of its row, under the lock of its case, so any
number of clocks race without a leader. As every command, the clock locks the case first.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import asyncpg
import structlog

from shaodao.commands.due_stages import NOT_ASIDE, RUNS, WAITING, StageNotFired, put_aside
from shaodao.commands.firing import fire_all
from shaodao.commands.running import CommandRunner
from shaodao.commands.transaction import Outcome, Transaction
from shaodao.delivery.pace import Now
from shaodao.delivery.stages import fire
from shaodao.domain.permissions import Viewer
from shaodao.postgres.errors import connection_lost

_COUNTIES = f"""
SELECT DISTINCT s.county_code FROM {WAITING} WHERE s.due_at <= $1 AND {NOT_ASIDE.replace("{now}", "$1")} AND {RUNS}
"""
_NEXT = f"SELECT s.due_at FROM {WAITING} WHERE {RUNS} AND s.due_at > $1 ORDER BY s.due_at LIMIT 1"
_CASES = f"""
SELECT s.case_id FROM {WAITING}
WHERE s.county_code = $1 AND s.due_at <= $2 AND {NOT_ASIDE.replace("{now}", "$2")} AND {RUNS}
GROUP BY s.case_id ORDER BY min(s.due_at) LIMIT $3
"""
# Another clock, or a command, is at work on the case: pass it by and come back.
_LOCK_CASE = "SELECT 1 FROM case_file WHERE county_code = $1 AND id = $2 FOR UPDATE SKIP LOCKED"
_log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class ClockRules:
    """``batch``: cases of one county in one look. ``poll``, ``busy``: seconds until the next look.

    ``busy`` is for a case that someone else has locked.
    """

    batch: int = 100
    poll: float = 2.0
    busy: float = 0.2


class _Busy(Exception):
    """Someone else is at work on the case."""


class NothingDue(Exception):
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
            left |= not await self._fire_case(county, case_id)
        return left or len(cases) == self._rules.batch

    async def _fire_case(self, county: int, case_id: UUID) -> bool:
        """Fire all due stages of a case, in order, in one transaction; False when any may be left, as of a case that is locked."""
        try:
            await self._runner.run(fire_due(case_id), actor=self._actor, county=county, now=self._now())
        except _Busy:
            return False
        except NothingDue:
            return True
        except Exception as error:
            reason = error.reason if isinstance(error, StageNotFired) else error
            if connection_lost(reason):  # all others would fail alike
                raise
            # One broken stage must not stop the clock of all others.
            _log.exception("stage_not_fired", case=str(case_id), error=str(reason))
            await put_aside(self._pool, county, case_id, self._now(), error)
            return False
        return True


def fire_due(case_id: UUID) -> Callable[[Transaction], Awaitable[Outcome]]:
    """The command that fires the due stages of a case."""

    async def command(tx: Transaction) -> Outcome:
        if await tx.connection.fetchval(_LOCK_CASE, tx.county, case_id) is None:
            raise _Busy
        if not await fire_all(tx, case_id, fire):
            raise NothingDue
        return Outcome(county_code=tx.county, case_id=case_id)

    return command
