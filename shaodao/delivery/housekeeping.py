"""What has served its time is removed: outcomes of commands that no client repeats any more."""

from datetime import timedelta

import asyncpg

from shaodao.commands.transaction import Ground
from shaodao.delivery.pace import Now

EVERY = 3600.0

_COUNTIES = "SELECT DISTINCT county_code FROM command_outcome WHERE at < $1"
_FORGET = "DELETE FROM command_outcome WHERE county_code = $1 AND at < $2"


class Housekeeper:
    """Forgets the outcomes of commands after the rulebook's ``idempotency_days``."""

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
        return EVERY
