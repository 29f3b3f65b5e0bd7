"""Readers: a connection for each statement, lent in turn; what broke is replaced, and nobody waits for ever."""

import asyncio
from collections.abc import AsyncIterator

import asyncpg
import pytest

from shaodao.postgres.readers import Readers, open_readers

BACKEND = "SELECT pg_backend_pid()"


@pytest.fixture
async def readers(empty_database: str) -> AsyncIterator[Readers]:
    async with open_readers(empty_database, 2) as opened:
        yield opened


async def backend(readers: Readers) -> int:
    row = await readers.fetchrow(BACKEND)
    assert row is not None
    return int(row[0])


async def test_one_after_the_other_share_a_connection(readers: Readers) -> None:
    assert len({await backend(readers) for _ in range(5)}) == 1
    assert (readers.open, readers.idle) == (1, 1)


async def test_more_than_there_are_connections_wait_their_turn(readers: Readers) -> None:
    found = await asyncio.gather(*(readers.fetch(f"{BACKEND}, pg_sleep(0.01)") for _ in range(9)))
    assert len({rows[0][0] for rows in found}) == 2
    assert readers.idle == readers.size == 2


async def test_a_statement_that_fails_costs_no_place(readers: Readers) -> None:
    for _ in range(5):
        with pytest.raises(asyncpg.DivisionByZeroError):
            await readers.fetchrow("SELECT 1 / $1::int", 0)
        with pytest.raises(ZeroDivisionError):
            async with readers.acquire():
                raise ZeroDivisionError
    assert await backend(readers) > 0


async def test_one_who_goes_away_in_the_middle_leaves_a_connection_that_answers(readers: Readers) -> None:
    for _ in range(3):
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await readers.fetchrow("SELECT pg_sleep(30)")
    assert len(await asyncio.gather(*(backend(readers) for _ in range(4)))) == 4


async def test_what_broke_while_it_lay_idle_is_replaced(readers: Readers, empty_database: str) -> None:
    ended = await backend(readers)
    killer = await asyncpg.connect(empty_database)
    await killer.execute("SELECT pg_terminate_backend($1)", ended)
    while await killer.fetchval("SELECT count(*) FROM pg_stat_activity WHERE pid = $1", ended):
        await asyncio.sleep(0.01)
    await killer.close()
    await asyncio.sleep(0.01)
    assert await backend(readers) != ended


async def test_closing_waits_for_nobody(empty_database: str) -> None:
    async with asyncio.timeout(1), open_readers(empty_database, 2) as readers:
        await asyncio.gather(backend(readers), backend(readers))
