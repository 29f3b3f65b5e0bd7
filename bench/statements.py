"""The compiled statement of an operation as a pgbench script: what PostgreSQL alone could do."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import asyncpg

from bench.agreement import data_of
from schema.execution import Context, ReadService
from schema.schema import build_schema
from shaodao.domain.permissions import Grant, Viewer
from shaodao.postgres.pool import connect


@dataclass(frozen=True)
class Script:
    """A pgbench script, its variables as text, and the answer that the statement gives."""

    sql: str
    variables: Mapping[str, str]
    data: Any


@dataclass
class Recorder:
    """Stands in for a request's connection and remembers the statement that is prepared on it."""

    connection: "asyncpg.Connection[asyncpg.Record]"
    sql: str = ""
    types: Sequence[str] = ()
    values: Sequence[Any] = field(default_factory=tuple)
    _prepared: Any = None

    async def prepare(self, sql: str) -> "Recorder":
        """Prepare for real; what follows is asked of this object."""
        self._prepared = await self.connection.prepare(sql)
        self.sql, self.types = sql, [_sql_type(found) for found in self.get_parameters()]
        return self

    def get_parameters(self) -> Sequence["asyncpg.Type"]:
        """The types that PostgreSQL found for the parameters."""
        return tuple(self._prepared.get_parameters())

    async def fetchrow(self, *values: Any) -> Any:
        """Run the statement."""
        self.values = values
        return await self._prepared.fetchrow(*values)


async def script_of(dsn: str, document: str, variables: Mapping[str, Any], grant: Grant) -> Script:
    """Compile a query for a viewer with one grant, as the server does, and write it down for pgbench."""
    connection = await connect(dsn)
    try:
        recorder = Recorder(connection)
        context = Context(viewer=Viewer("bench", "示测", (grant,)), now=datetime.now(UTC), database=recorder)  # type: ignore[arg-type] # the two methods that a plan calls
        outcome = await ReadService(build_schema()).execute(document, context, variables)
        data = data_of(400 if outcome.errors else 200, outcome.body())
        return Script(_script(recorder), _variables(recorder), data)
    finally:
        await connection.close()


def _script(recorder: Recorder) -> str:
    """pgbench takes a colon in a literal for a variable, so the literal is cut there, as SQL allows at the end of a line.

    It makes every mention of a variable a parameter of its own, so each gets its type. It gets the text that the server
    gets as bytes: written as text, as pgbench gets everything, bytes are twice as long.
    """
    text = re.sub(r"^SELECT convert_to\((.*), 'UTF8'\)$", r"SELECT \1", recorder.sql, flags=re.DOTALL)
    sql = re.sub(r"(?<!:):(?=\w)", ":'\n'", text)
    return re.sub(r"\$(\d+)", lambda n: f" :p{n[1]}::{recorder.types[int(n[1]) - 1]}", sql) + ";\n"


def _variables(recorder: Recorder) -> dict[str, str]:
    return {f"p{number}": _text(value) for number, value in enumerate(recorder.values, 1)}


def _sql_type(found: "asyncpg.Type") -> str:
    return f"{found.name.removesuffix('[]').removeprefix('_')}[]" if found.kind == "array" else found.name


def _text(value: Any) -> str:
    """A value as PostgreSQL reads it. pgbench has no null, and the operations bind none."""
    match value:
        case bool():
            return str(value).lower()
        case list() | tuple():
            return "{" + ",".join(_element(item) for item in value) + "}"
        case datetime():
            return value.isoformat()
        case None:
            raise ValueError("an operation of the benchmark binds a null")
        case _:
            return str(value)


def _element(item: Any) -> str:
    return "NULL" if item is None else json.dumps(_text(item), ensure_ascii=False)
