"""What has served its time is removed, outcomes of commands that no client repeats any more; next month's log is made ready."""

from datetime import datetime, timedelta

import asyncpg
import structlog

from shaodao.commands.transaction import Ground
from shaodao.delivery.pace import Now
from shaodao.domain.calendar import SHANGHAI

EVERY = 3600.0

_COUNTIES = "SELECT DISTINCT county_code FROM command_outcome WHERE at < $1"
_FORGET = "DELETE FROM command_outcome WHERE county_code = $1 AND at < $2"
_HAS_LOG = "SELECT to_regclass($1) IS NOT NULL"
_WAIT_AT_MOST = "SET LOCAL lock_timeout = '2s'"

_log = structlog.get_logger(__name__)


class Housekeeper:
    """Forgets the outcomes of commands after the rulebook's ``idempotency_days``, and makes the next month's log of deliveries.

    What is logged in a month without a partition of its own stands in the default one: no turn of a month can stop a
    delivery, whether or not this ever ran. A month of which something stands there already stays there.
    """

    name = "housekeeper"

    def __init__(self, pool: "asyncpg.Pool[asyncpg.Record]", ground: Ground, now: Now) -> None:
        self._pool = pool
        self._kept = timedelta(days=ground.rulebook.idempotency_days)
        self._now = now

    async def one_pass(self) -> float:
        """Remove what is old; answers the seconds until the next time."""
        before = self._now() - self._kept
        for row in await self._pool.fetch(_COUNTIES, before):
            await self._pool.execute(_FORGET, row["county_code"], before)
        try:
            await self._make_next_log()
        except asyncpg.PostgresError as error:
            # Another process was faster, the table is busy, or the month has begun in the default partition.
            _log.warning("delivery_log_not_made", error=str(error))
        return EVERY

    async def _make_next_log(self) -> None:
        month = _following(self._now().astimezone(SHANGHAI))
        name = f"delivery_log_{month:%Y_%m}"
        async with self._pool.acquire() as connection, connection.transaction():
            if await connection.fetchval(_HAS_LOG, name):
                return
            await connection.execute(_WAIT_AT_MOST)
            await connection.execute(
                f"CREATE TABLE {name} PARTITION OF delivery_log"
                f" FOR VALUES FROM ('{month.isoformat()}') TO ('{_following(month).isoformat()}')"
            )


def _following(day: datetime) -> datetime:
    """The beginning of the month after the day's, in Shanghai."""
    year, month = (day.year + 1, 1) if day.month == 12 else (day.year, day.month + 1)
    return datetime(year, month, 1, tzinfo=SHANGHAI)
