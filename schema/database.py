"""What a request reads from: readers or a pool, or the one connection of a test or of a transaction."""

import asyncio
from collections.abc import AsyncIterator, Hashable
from contextlib import asynccontextmanager
from typing import Any, TypeAlias

import asyncpg

from shaodao.commands import transaction
from shaodao.commands.running import connection_of
from shaodao.postgres.readers import Readers

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record] | asyncpg.pool.PoolConnectionProxy[asyncpg.Record]"
Source: TypeAlias = "asyncpg.Pool[asyncpg.Record] | Readers | Connection"


class SharedReads:
    """A database of which each statement is asked once, whoever asks: for many that look at the same thing at once.

    Statements are the same when their text and all their values are, and with these whatever the viewer may see.
    """

    def __init__(self, source: Source) -> None:
        self.source = source
        self._asked: dict[Hashable, asyncio.Future[asyncpg.Record | None]] = {}

    async def fetchrow(self, sql: str, *values: Any) -> "asyncpg.Record | None":
        """The first row of a statement. One who gives up takes it from nobody else."""
        asked = sql, tuple(tuple(value) if isinstance(value, list) else value for value in values)
        answer = self._asked.get(asked)
        if answer is None or (answer.done() and (answer.cancelled() or answer.exception() is not None)):
            answer = self._asked[asked] = asyncio.ensure_future(self.source.fetchrow(sql, *values))
        return await asyncio.shield(answer)

    async def fetch(self, sql: str, *values: Any) -> "list[asyncpg.Record]":
        """The rows of a statement, which is not shared."""
        return await self.source.fetch(sql, *values)


Database: TypeAlias = "Source | SharedReads"


def source_of(database: Database) -> Source:
    """What is read from in the end."""
    return database.source if isinstance(database, SharedReads) else database


@asynccontextmanager
async def borrowed(database: Database) -> AsyncIterator[transaction.Connection]:
    """A connection for more than one statement, as commands know it."""
    database = source_of(database)
    if isinstance(database, asyncpg.Pool | Readers):
        async with database.acquire() as connection:
            yield connection_of(connection)
    else:
        yield connection_of(database)
