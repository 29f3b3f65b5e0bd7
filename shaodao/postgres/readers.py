"""Connections for reading, each lent for one statement: taking and giving back is a list's pop and append.

A pool's own acquire and release make a proxy and a task for each loan, which cost a tenth of what a process does for an
answer (docs/benchmarks.md). Readers keep the connections that they got from their pool, and give back only the one on which
something went wrong: the pool cleans it or opens another.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import asyncpg

from shaodao.postgres.pool import close_pool, create_pool


class Readers:
    """At most ``size`` connections of a pool that lends to nobody else; who finds none waits, the first first."""

    def __init__(self, pool: "asyncpg.Pool[asyncpg.Record]", size: int) -> None:
        self._pool = pool
        self._places = asyncio.Semaphore(size)
        self._idle: list[asyncpg.pool.PoolConnectionProxy[asyncpg.Record]] = []
        self.size = size

    @property
    def idle(self) -> int:
        """How many connections are open and at hand."""
        return len(self._idle)

    @property
    def open(self) -> int:
        """How many connections are open."""
        return self._pool.get_size()

    async def fetchrow(self, sql: str, *values: Any) -> "asyncpg.Record | None":
        """The first row of a statement."""
        async with self._places:
            connection = self._at_hand() or await self._pool.acquire()
            try:
                row = await connection.fetchrow(sql, *values)
            except BaseException:
                await self._pool.release(connection)
                raise
            self._idle.append(connection)
            return row

    @asynccontextmanager
    async def acquire(self) -> AsyncIterator["asyncpg.pool.PoolConnectionProxy[asyncpg.Record]"]:
        """A connection for more than one statement."""
        async with self._places:
            connection = self._at_hand() or await self._pool.acquire()
            try:
                yield connection
            except BaseException:
                await self._pool.release(connection)
                raise
            self._idle.append(connection)

    async def fetch(self, sql: str, *values: Any) -> "list[asyncpg.Record]":
        """The rows of a statement."""
        async with self.acquire() as connection:
            return await connection.fetch(sql, *values)

    async def close(self) -> None:
        """Give all connections back."""
        while connection := self._at_hand():
            await self._pool.release(connection)

    def _at_hand(self) -> "asyncpg.pool.PoolConnectionProxy[asyncpg.Record] | None":
        """The connection that was given back last, if one is still connected: the pool takes back what breaks meanwhile."""
        while self._idle:
            connection = self._idle.pop()
            with suppress(asyncpg.InterfaceError):
                if not connection.is_closed():
                    return connection
        return None


@asynccontextmanager
async def open_readers(dsn: str, size: int, *, application_name: str = "shaodao") -> AsyncIterator[Readers]:
    """Readers on a pool of their own. Raises DatabaseUnreachable."""
    pool = await create_pool(dsn, size, application_name=f"{application_name} reading")
    readers = Readers(pool, size)
    try:
        yield readers
    finally:
        await readers.close()
        await close_pool(pool)
