"""What was uploaded and never attached is thrown away; of what was attached its place among the uploads is forgotten."""

import asyncpg

from shaodao.delivery.pace import Now
from shaodao.files import FileStore, below

EVERY = 600.0
AT_ONCE = 100
"""Uploads of one pass; where there were as many, the next pass follows at once."""

# By then nobody attaches them: attaching asks for the same time. So nothing is deleted under a file that is just being taken.
_OVER = "SELECT county_code, id, attached_at IS NULL AS unused FROM upload WHERE attach_by <= $1 ORDER BY attach_by LIMIT $2"
_FORGET = "DELETE FROM upload WHERE county_code = $1 AND id = $2"


class Sweeper:
    """Removes the bytes of uploads whose time to be attached is over."""

    name = "sweeper"

    def __init__(self, pool: "asyncpg.Pool[asyncpg.Record]", files: FileStore, now: Now) -> None:
        self._pool = pool
        self._files = files
        self._now = now

    async def one_pass(self) -> float:
        """Remove what is over; answers the seconds until the next time. Bytes go first, so that none are left that nobody knows."""
        rows = await self._pool.fetch(_OVER, self._now(), AT_ONCE)
        for row in rows:
            if row["unused"]:
                await self._files.delete_below(below(row["county_code"], row["id"]))
            await self._pool.execute(_FORGET, row["county_code"], row["id"])
        return 0.0 if len(rows) == AT_ONCE else EVERY
