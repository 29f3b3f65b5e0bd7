"""What a request reads from: readers or a pool, or the one connection of a test or of a transaction."""

import asyncio
import math
from collections.abc import AsyncIterator, Hashable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from time import monotonic
from typing import Any, TypeAlias

import asyncpg

from shaodao.commands import transaction
from shaodao.commands.running import connection_of
from shaodao.postgres.readers import Readers

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record] | asyncpg.pool.PoolConnectionProxy[asyncpg.Record]"
Source: TypeAlias = "asyncpg.Pool[asyncpg.Record] | Readers | Connection"


@dataclass
class Horizon:
    """How far one reader has seen: the end, by the monotonic clock, of the newest read that it was given."""

    at: float = -math.inf


class SharedRead:
    """One statement that is asked, from ``began`` to ``ended``."""

    def __init__(self, source: Source, sql: str, values: Sequence[Any]) -> None:
        self.began, self.ended = monotonic(), math.inf
        self.answer = asyncio.ensure_future(self._read(source, sql, values))

    @property
    def failed(self) -> bool:
        """Whether it has to be asked again."""
        return self.answer.done() and (self.answer.cancelled() or self.answer.exception() is not None)

    async def _read(self, source: Source, sql: str, values: Sequence[Any]) -> "asyncpg.Record | None":
        row = await source.fetchrow(sql, *values)
        self.ended = monotonic()
        return row


class SharedReads:
    """A database of which each statement is asked once, whoever asks: for many that look at the same thing at once.

    Statements are the same when their text and all their values are, and with these whatever the viewer may see.
    """

    def __init__(self, source: Source) -> None:
        self.source = source
        self._asked: dict[Hashable, SharedRead] = {}
        self._horizon: Horizon | None = None

    def seen_from(self, horizon: Horizon) -> "SharedReads":
        """The same reads for one who must not see anything older than what it has seen, and asks that anew."""
        own = SharedReads(self.source)
        own._asked, own._horizon = self._asked, horizon
        return own

    async def fetchrow(self, sql: str, *values: Any) -> "asyncpg.Record | None":
        """The first row of a statement. One who gives up takes it from nobody else."""
        asked = sql, tuple(tuple(value) if isinstance(value, list) else value for value in values)
        reading = self._asked.get(asked)
        if reading is None or reading.failed or (self._horizon is not None and reading.began < self._horizon.at):
            reading = self._asked[asked] = SharedRead(self.source, sql, values)
        row = await asyncio.shield(reading.answer)
        if self._horizon is not None:
            self._horizon.at = max(self._horizon.at, reading.ended)
        return row

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
