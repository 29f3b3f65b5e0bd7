"""The linker: tells the other county how this one's side of a joint whistle 跨区联合哨 stands (reference C.2.3, scale.md rule 12).

A link whose case or whistle stands otherwise than it last told is told by a command in the partner's county. The link stays
locked meanwhile, so any number of linkers tell a side one after the other; what was told twice after a crash is heard once.
"""

from dataclasses import replace
from time import monotonic
from uuid import UUID

import asyncpg
import structlog

from shaodao.commands.cross_area import LinkBusy, Telling, hear, mark_told, to_tell
from shaodao.commands.running import CommandRunner, connection_of
from shaodao.delivery.pace import Now
from shaodao.domain.permissions import Grant, Viewer
from shaodao.domain.vocabulary import Role
from shaodao.postgres.errors import connection_lost

POLL = 2.0
"""Seconds until the next look."""
AFTER_ERROR = 60.0
"""Seconds until a link that could not be told is tried again."""

_COUNTIES = "SELECT DISTINCT county_code FROM cross_area_link WHERE NOT ended"
_UNTOLD = """
SELECT l.id FROM cross_area_link l
JOIN case_file c ON c.county_code = $1 AND c.county_code = l.county_code AND c.id = l.case_id
LEFT JOIN whistle w ON w.county_code = $1 AND w.county_code = l.county_code AND w.id = l.whistle_id
WHERE l.county_code = $1 AND NOT l.ended AND l.told IS DISTINCT FROM concat_ws('/', c.state, w.number, w.state)
ORDER BY l.id
"""

_log = structlog.get_logger(__name__)


class Linker:
    """One process's linker; ``actor`` is the system, which gets a grant for the very street that it tells."""

    name = "linker"

    def __init__(self, pool: "asyncpg.Pool[asyncpg.Record]", runner: CommandRunner, actor: Viewer, now: Now) -> None:
        self._pool = pool
        self._runner = runner
        self._actor = actor
        self._now = now
        self._failed: dict[UUID, float] = {}

    async def one_pass(self) -> float:
        """Tell what is untold; answers the seconds until the next look."""
        for county in await self._pool.fetch(_COUNTIES):
            for link in await self._pool.fetch(_UNTOLD, county["county_code"]):
                if self._failed.get(link["id"], 0) <= monotonic():
                    await self._tell(county["county_code"], link["id"])
        return POLL

    async def _tell(self, county: int, link_id: UUID) -> None:
        try:
            async with self._pool.acquire() as lent, lent.transaction():
                connection = connection_of(lent)
                telling = await to_tell(connection, county, link_id)
                if telling is not None:
                    await self._heard(telling)
                    await mark_told(connection, county, telling)
        except LinkBusy:
            return
        except Exception as error:
            if connection_lost(error):  # all others would fail alike
                raise
            # One broken link must not keep the others from being told.
            _log.exception("link_not_told", link=str(link_id), error=str(error))
            self._failed[link_id] = monotonic() + AFTER_ERROR

    async def _heard(self, telling: Telling) -> None:
        actor = replace(self._actor, grants=(Grant(Role.SYSTEM, telling.partner_street_code),))
        await self._runner.run(
            lambda tx: hear(tx, telling), actor=actor, county=telling.partner_county_code, now=self._now()
        )
