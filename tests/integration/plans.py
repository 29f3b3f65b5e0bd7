"""Plans of compiled statements: made twice, for their values and for any values, and run to see how many rows they visit.

PostgreSQL plans the first five executions of a statement for their values, and may plan for any values from then on.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, Literal, TypeAlias

import asyncpg
import orjson

from schema.compiler.catalogue import Catalogue
from schema.compiler.operation import Statement
from schema.compiler.parameters import Binding, converted
from schema.compiler.words import Words
from schema.plans import _type_name
from shaodao.domain.permissions import Viewer
from shaodao.presets import load_rulebook
from tests.compiling import compiled

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"
Plan: TypeAlias = Mapping[str, Any]
Mode = Literal["force_custom_plan", "force_generic_plan"]
MODES: tuple[Mode, ...] = ("force_custom_plan", "force_generic_plan")
LARGE = {"case_file", "case_event", "assignment", "person", "lane", "delivery", "delivery_log_default"}
LOOKED_AT = ("Actual Rows", "Rows Removed by Filter", "Rows Removed by Index Recheck")
SOME_HUNDREDS = 900
"""Rows that a list may visit besides: as many as a community has, whose cases are sorted soon enough."""
TIMES = 20
"""Rows that a list may visit for each that it shows."""


@dataclass(frozen=True)
class Asked:
    """A statement, the request that it answers, and how many lists and counts that asks for."""

    statement: Statement
    binding: Binding
    lists: int


@dataclass(frozen=True)
class Work:
    """What a plan did: the tables it read whole, the rows of large tables that it visited, the rows that it answered.

    ``lists`` is how many lists and counts were asked for.
    """

    mode: Mode
    whole: tuple[str, ...]
    visited: Mapping[str, int]
    answered: int
    lists: int

    @property
    def excess(self) -> int:
        """How many rows were visited beyond what the answer may need."""
        return sum(self.visited.values()) - TIMES * self.answered - SOME_HUNDREDS * self.lists

    def __str__(self) -> str:
        parts = ", ".join(f"{rows} by {scan}" for scan, rows in self.visited.items())
        return f"{self.mode}: {self.answered} rows answered, visited {parts or 'none'}"


def asked(
    catalogue: Catalogue, viewer: Viewer, now: Any, text: str, variables: Mapping[str, Any], counties: tuple[int, ...],
    words: Words,
) -> Asked:  # fmt: skip
    """A document as a statement, asked by a viewer, where these words are known to be common."""
    services = SimpleNamespace(ground=lambda: SimpleNamespace(rulebook=load_rulebook("shimahe")))
    statement = compiled(catalogue, viewer, text, variables, counties, words)
    lists = len(statement.names) + text.count("totalCount")
    return Asked(statement, Binding(viewer, counties, now, variables, services=services), lists)


async def explained(connection: Connection, request: Asked, mode: Mode, run: bool = False) -> Plan:
    """The plan that PostgreSQL makes; with ``run``, as it went."""
    prepared = await connection.prepare(request.statement.sql)
    types = [_type_name(parameter) for parameter in prepared.get_parameters()]
    values = await quoted(connection, request, types)
    await connection.execute(f"SET plan_cache_mode = {mode}")
    declared, given = (f"({', '.join(each)})" if each else "" for each in (types, values))
    await connection.execute(f"PREPARE asked {declared} AS {request.statement.sql}")
    options = "ANALYZE, TIMING OFF, BUFFERS OFF, FORMAT JSON" if run else "FORMAT JSON"
    text = await connection.fetchval(f"EXPLAIN ({options}) EXECUTE asked {given}")
    await connection.execute("DEALLOCATE asked; RESET plan_cache_mode")
    plan: Plan = orjson.loads(text)[0]["Plan"]
    return plan


async def quoted(connection: Connection, request: Asked, types: list[str]) -> list[str]:
    """The values of the parameters as SQL, for EXECUTE takes no others."""
    if not types:
        return []
    values = (converted(slot, name, request.binding) for slot, name in zip(request.statement.slots, types, strict=True))
    columns = (f"quote_nullable(${index}::{name}::text) || '::{name}'" for index, name in enumerate(types, 1))
    return list(await connection.fetchrow(f"SELECT {', '.join(columns)}", *values) or ())


def scans(plan: Plan) -> Iterator[Plan]:
    """The parts of a plan that read a table."""
    if "Relation Name" in plan:
        yield plan
    for inner in plan.get("Plans", ()):
        yield from scans(inner)


def end_to_end(plan: Plan) -> Iterator[str]:
    """The large tables that a plan reads whole."""
    for scan in scans(plan):
        conditioned = any(f"{kind} Cond" in scan for kind in ("Index", "Recheck"))
        if scan.get("Relation Name") in LARGE and not conditioned:
            yield f"{scan['Node Type']} on {scan['Relation Name']}"


def visited(plan: Plan) -> dict[str, int]:
    """The rows of large tables that the scans of a plan that was run looked at, by scan."""
    found: dict[str, int] = {}
    for scan in scans(plan):
        if scan.get("Relation Name") in LARGE:
            used = sorted(each["Index Name"] for each in (scan, *bitmaps(scan)) if "Index Name" in each)
            name = f"{scan['Node Type']} on {scan['Relation Name']} ({', '.join(used)})"
            found[name] = found.get(name, 0) + looked_at(scan)
    return {name: rows for name, rows in found.items() if rows}


def bitmaps(scan: Plan) -> Iterator[Plan]:
    """The indexes whose bitmaps a table is read by: two that are combined are both walked."""
    for inner in scan.get("Plans", ()):
        if "Bitmap" in inner["Node Type"] and "Relation Name" not in inner:
            yield from (inner,) if "Index Name" in inner else bitmaps(inner)


def looked_at(scan: Plan) -> int:
    """How many rows of its table a scan looked at, or entries of the longest of its bitmaps."""
    rows: float = sum(scan.get(name, 0) for name in LOOKED_AT) * scan["Actual Loops"]
    entries: list[float] = [inner["Actual Rows"] * inner["Actual Loops"] for inner in bitmaps(scan)]
    return round(max([rows, *entries]))


COUNTS = ("totalCount", "count")


def rows_in(answer: Any) -> int:
    """How many rows an answer shows in lists, at every level, and how many it tells by their number."""
    if isinstance(answer, list):
        return len(answer) + sum(map(rows_in, answer))
    if isinstance(answer, dict):
        return sum(value if name in COUNTS else rows_in(value) for name, value in answer.items())
    return 0


async def answer(connection: Connection, request: Asked) -> dict[str, Any]:
    """The answer of a request, by root field."""
    prepared = await connection.prepare(request.statement.sql)
    slots = zip(request.statement.slots, prepared.get_parameters(), strict=True)
    [row] = await prepared.fetch(*(converted(slot, _type_name(kind), request.binding) for slot, kind in slots))
    names = request.statement.names
    return {name: value and orjson.loads(value) for name, value in zip(names, row.values(), strict=True)}


async def worked(connection: Connection, request: Asked, mode: Mode) -> Work:
    """What a plan of a request did."""
    answered = rows_in(await answer(connection, request))
    plan = await explained(connection, request, mode, run=True)
    return Work(mode, tuple(end_to_end(plan)), visited(plan), answered, request.lists)
