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

from shaodao.postgres.pool import STATEMENT_SECONDS, close_pool, create_pool

GENERIC = "force_generic_plan"
"""The compiler's statements are such that one plan is good for all values (``looks`` tell what is not). Left to choose,
PostgreSQL plans some of them anew each time, which takes several times as long as running them."""


class Readers:
    """At most ``size`` connections of a pool that lends to nobody else; who finds none waits, the first first.

    Nobody waits longer than ``seconds``: then it is a TimeoutError.
    """

    def __init__(self, pool: "asyncpg.Pool[asyncpg.Record]", size: int, seconds: float) -> None:
        self._pool = pool
        self._places = _Places(size, seconds)
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


class _Places(asyncio.Semaphore):
    """A semaphore that is waited for no longer than some seconds; who need not wait pays for no clock."""

    def __init__(self, size: int, seconds: float) -> None:
        super().__init__(size)
        self._seconds = seconds

    async def __aenter__(self) -> None:
        """Take a place. Raises TimeoutError."""
        if self.locked():
            async with asyncio.timeout(self._seconds):
                await self.acquire()
        else:
            await self.acquire()


@asynccontextmanager
async def open_readers(
    dsn: str, size: int, *, application_name: str = "shaodao", seconds: float = STATEMENT_SECONDS
) -> AsyncIterator[Readers]:
    """Readers on a pool of their own; ``seconds``: what a statement may take, and the wait for one. Raises DatabaseUnreachable."""
    name = f"{application_name} reading"
    pool = await create_pool(dsn, size, application_name=name, statement_seconds=seconds, plan_cache_mode=GENERIC)
    readers = Readers(pool, size, seconds)
    try:
        yield readers
    finally:
        await readers.close()
        await close_pool(pool)
