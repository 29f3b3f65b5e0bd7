"""The announcer: a wake-up here at once, in other processes soon, and again after a lost connection."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
import pytest

from shaodao.delivery.announcer import CHANNEL, Announcer, AnnouncerRules, open_announcer

QUICK = AnnouncerRules(coalesce=0.02, probe_every=0.05, reconnect_after=0.05)
Pool = asyncpg.Pool


@asynccontextmanager
async def listening(dsn: str, pool: "Pool[asyncpg.Record]") -> AsyncIterator[Announcer]:
    """An announcer whose listening connection stands."""
    async with open_announcer(dsn, pool, QUICK) as announcer:
        with announcer.listen() as bell:
            assert await bell.wait(5)  # rung once when it listens
        yield announcer


async def test_news_ring_here_at_once(database: str, pool: "Pool[asyncpg.Record]") -> None:
    async with listening(database, pool) as announcer:
        with announcer.listen() as bell:
            announcer.announce()
            assert await bell.wait(0.001)
            assert not await bell.wait(0.1)  # its own notification does not come back


async def test_news_ring_in_another_process(database: str, pool: "Pool[asyncpg.Record]") -> None:
    async with listening(database, pool) as here, listening(database, pool) as there:
        with there.listen() as bell:
            here.announce()
            assert await bell.wait(5)


async def test_many_news_are_one_notification(database: str, pool: "Pool[asyncpg.Record]") -> None:
    heard: list[str] = []
    connection = await asyncpg.connect(database)
    await connection.add_listener(CHANNEL, lambda *arguments: heard.append(str(arguments[-1])))
    async with listening(database, pool) as announcer:
        for _ in range(100):
            announcer.announce()
        await asyncio.sleep(0.3)
    await connection.close()
    assert len(heard) == 1


async def test_a_lost_connection_is_made_anew_and_everyone_is_woken(
    database: str, pool: "Pool[asyncpg.Record]"
) -> None:
    async with listening(database, pool) as announcer:
        with announcer.listen() as bell:
            await pool.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE application_name = 'shaodao listener' AND datname = current_database()"
            )
            assert await bell.wait(5)


async def test_a_bell_rung_before_the_wait_is_not_lost(database: str, pool: "Pool[asyncpg.Record]") -> None:
    async with listening(database, pool) as announcer:
        with announcer.listen() as bell:
            bell.ring()
            assert await bell.wait(0.001)
            with pytest.raises(AssertionError):
                assert await bell.wait(0.01)


class Stumbling:
    """A pool whose first statement finds its connection ended while nobody used it."""

    def __init__(self) -> None:
        self.told = asyncio.Event()
        self.statements = 0

    async def execute(self, *_: object) -> None:
        self.statements += 1
        if self.statements == 1:
            raise asyncpg.InternalClientError("cannot switch to state 12; another operation (2) is in progress")
        self.told.set()


async def test_other_processes_are_told_again_after_a_connection_ended_unused(database: str) -> None:
    pool = Stumbling()
    async with open_announcer(database, pool, QUICK) as announcer, asyncio.timeout(5):  # type: ignore[arg-type] # execute alone
        announcer.announce()
        while not pool.statements:
            await asyncio.sleep(0.01)
        announcer.announce()
        await pool.told.wait()
