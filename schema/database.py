"""What a request reads from: readers or a pool, or the one connection of a test or of a transaction."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TypeAlias

import asyncpg

from shaodao.commands import transaction
from shaodao.commands.running import connection_of
from shaodao.postgres.readers import Readers

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record] | asyncpg.pool.PoolConnectionProxy[asyncpg.Record]"
Database: TypeAlias = "asyncpg.Pool[asyncpg.Record] | Readers | Connection"


@asynccontextmanager
async def borrowed(database: Database) -> AsyncIterator[transaction.Connection]:
    """A connection for more than one statement, as commands know it."""
    if isinstance(database, asyncpg.Pool | Readers):
        async with database.acquire() as connection:
            yield connection_of(connection)
    else:
        yield connection_of(database)
