"""The noter: tells in the history of each case that a department was paused or resumed (``shaodao.commands.pause_notes``)."""

import asyncpg

from shaodao.commands.pause_notes import PauseAct, Telling, counties, is_told, untold
from shaodao.commands.running import CommandRunner, connection_of
from shaodao.delivery.pace import Now

POLL = 2.0
"""Seconds until the next look."""
BATCH = 100
"""Cases that one transaction tells, and so locks."""


class Noter:
    """One process's noter. Any number of them share the work: a case is told by whoever has its lock."""

    name = "noter"

    def __init__(self, pool: "asyncpg.Pool[asyncpg.Record]", runner: CommandRunner, now: Now) -> None:
        self._pool = pool
        self._runner = runner
        self._now = now

    async def one_pass(self) -> float:
        """Tell what is untold; answers the seconds until the next look."""
        async with self._pool.acquire() as lent:
            acts = [
                act
                for county in await counties(connection_of(lent))
                for act in await untold(connection_of(lent), county)
            ]
        held: set[tuple[int, str]] = set()
        for act in acts:
            if (act.county, act.department) not in held and not await self._told(act):
                # Its cases tell what was done to a department in the order in which it was done.
                held.add((act.county, act.department))
        return POLL

    async def _told(self, act: PauseAct) -> bool:
        """Tell an act in case after case; False: somebody is at work on some of them, which are told at a later look."""
        while True:
            telling = Telling(act, BATCH)
            await self._runner.run(telling, actor=act.actor, county=act.county, now=self._now())
            if telling.told == 0:
                async with self._pool.acquire() as lent:
                    return await is_told(connection_of(lent), act)
