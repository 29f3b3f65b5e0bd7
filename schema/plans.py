"""Plans: a statement and, once PostgreSQL has told the types of its parameters, how to run it again and again."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, TypeAlias

import asyncpg

from schema.compiler.operation import Statement
from schema.compiler.parameters import Binding, converted
from schema.derived import with_derived

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record] | asyncpg.pool.PoolConnectionProxy[asyncpg.Record]"
Database: TypeAlias = "asyncpg.Pool[asyncpg.Record] | Connection"


@dataclass
class Plan:
    """A statement that may be run for every request of its shape."""

    statement: Statement
    types: tuple[str, ...] | None = None

    async def run(self, database: Database, binding: Binding) -> dict[str, bytes | None]:
        """The JSON text of each column by response name. Raises ClientError when a value does not fit."""
        async with _connection(database) as connection:
            row = await self._row(connection, binding)
        texts = zip(self.statement.names, row, strict=True)
        return {
            name: None if text is None else with_derived(text.encode(), name, self.statement.derived, binding)
            for name, text in texts
        }

    async def _row(self, connection: Connection, binding: Binding) -> "asyncpg.Record":
        if self.types is not None:
            row = await connection.fetchrow(self.statement.sql, *self._values(self.types, binding))
        else:
            prepared = await connection.prepare(self.statement.sql)
            types = tuple(_type_name(parameter) for parameter in prepared.get_parameters())
            row = await prepared.fetchrow(*self._values(types, binding))
            self.types = types
        assert row is not None
        return row

    def _values(self, types: tuple[str, ...], binding: Binding) -> list[Any]:
        return [
            converted(slot, type_name, binding) for slot, type_name in zip(self.statement.slots, types, strict=True)
        ]


def _type_name(parameter: "asyncpg.Type") -> str:
    return parameter.name if parameter.kind != "array" else f"{parameter.name.removesuffix('[]').removeprefix('_')}[]"


@asynccontextmanager
async def _connection(database: Database) -> AsyncIterator[Connection]:
    if isinstance(database, asyncpg.Pool):
        async with database.acquire() as connection:
            yield connection
    else:
        yield database
