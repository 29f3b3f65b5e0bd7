"""The archivist: archives 归档 what was closed long enough ago (reference C.3 archive), case by case, each by itself."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import asyncpg
import structlog

from shaodao.commands.archiving import NotYetError, archive_when_due
from shaodao.commands.running import CommandRunner
from shaodao.commands.transaction import Ground
from shaodao.delivery.pace import Now
from shaodao.domain.deadlines import DeadlineUnit, Limit
from shaodao.domain.errors import DomainError
from shaodao.domain.permissions import Grant, Viewer
from shaodao.domain.vocabulary import Role
from shaodao.postgres.errors import connection_lost

EVERY = 60.0
"""Seconds between two looks: one short statement for each county when there is nothing to archive."""
BATCH = 100

_COUNTIES = """
SELECT DISTINCT county_code FROM case_file WHERE state IN ('CLOSED', 'FOLLOWED_UP') AND closed_at < $1
"""
_ENDED = """
SELECT id, closed_at FROM case_file
WHERE county_code = $1 AND state IN ('CLOSED', 'FOLLOWED_UP') AND closed_at < $2 AND (closed_at, id) > ($3, $4)
ORDER BY closed_at, id LIMIT $5
"""
_BEGINNING = (datetime(1970, 1, 1, tzinfo=UTC), UUID(int=0))

_log = structlog.get_logger(__name__)


class Archivist:
    """Archives by the rulebook's ``archive_after``; what waits for a review, a promise or an objection it passes by."""

    name = "archivist"

    def __init__(
        self, pool: "asyncpg.Pool[asyncpg.Record]", runner: CommandRunner, ground: Callable[[], Ground], system: Viewer,
        now: Now,
    ) -> None:  # fmt: skip
        self._pool = pool
        self._runner = runner
        self._ground = ground
        self._system = system
        self._now = now

    async def one_pass(self) -> float:
        """Archive what has come due; answers the seconds until the next time."""
        before = self._now() - shortest(self._ground().rulebook.archive_after)
        for row in await self._pool.fetch(_COUNTIES, before):
            await self._archive_county(row["county_code"], before)
        return EVERY

    async def _archive_county(self, county: int, before: datetime) -> None:
        last = _BEGINNING
        while rows := await self._pool.fetch(_ENDED, county, before, *last, BATCH):
            for row in rows:
                await self._archive_case(county, row["id"])
            last = (rows[-1]["closed_at"], rows[-1]["id"])

    async def _archive_case(self, county: int, case_id: UUID) -> None:
        actor = replace(self._system, grants=(Grant(Role.SYSTEM, f"{county}000000"),))
        try:
            await self._runner.run(archive_when_due(case_id), actor=actor, county=county, now=self._now())
        except (NotYetError, DomainError):
            return
        except Exception as error:
            if connection_lost(error):  # all others would fail alike
                raise
            # One broken case must not keep all others out of the archive.
            _log.exception("case_not_archived", case=str(case_id), error=str(error))


def shortest(limit: Limit) -> timedelta:
    """A time that the limit is never shorter than: which cases need not be looked at yet."""
    if limit.unit in (DeadlineUnit.NATURAL_DAY, DeadlineUnit.WORKING_DAY):
        return timedelta(days=limit.amount)
    return timedelta()
