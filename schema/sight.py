"""What a resolver may know of a stored row: only what the viewer sees, by the same rules as every compiled read."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import orjson
from strawberry.schema import Schema

from schema.compiler.catalogue import catalogue_of
from schema.compiler.conditions import key_predicates
from schema.compiler.operation import statement_of
from schema.compiler.parameters import Binding
from schema.compiler.rows import related
from schema.compiler.rules import conjunction
from schema.compiler.shape import viewer_shape
from schema.compiler.state import Compilation
from schema.ids import decode_as
from schema.plans import Plan
from schema.reading import Context
from shaodao.commands.running import connection_of
from shaodao.commands.transaction import Connection


async def seen(context: Context, schema: Schema, type_name: str, identifier: str, facts: str) -> Any:
    """Facts of the row with a global id, an SQL expression giving JSON with the row as ``{t}``; None if it is not seen.

    Raises ClientError INVALID_ID.
    """
    catalogue = catalogue_of(schema._schema)
    mapped = catalogue.types[type_name]
    decoded = decode_as(identifier, type_name, mapped.table.shared)
    compilation = Compilation(catalogue, {}, {}, viewer_shape(context.viewer, context.counties))
    row, predicates = related(compilation, mapped.table, None, {})
    predicates += key_predicates(compilation, row, "id", lambda _: decoded)
    source = f"{mapped.table.name} {row.alias} WHERE {conjunction(predicates)}"
    plan = Plan(statement_of(compilation, [f"(SELECT ({compilation.filled(facts, row)})::text FROM {source})"], [""]))
    binding = Binding(context.viewer, context.counties, context.now, {}, None, context.services)
    text = (await plan.run(context.database, binding))[""]
    return None if text is None else orjson.loads(text)


@asynccontextmanager
async def borrowed(context: Context) -> AsyncIterator[Connection]:
    """A connection to the request's database, as commands know it."""
    if isinstance(context.database, asyncpg.Pool):
        async with context.database.acquire() as connection:
            yield connection_of(connection)
    else:
        yield connection_of(context.database)
