"""The differential test: for every viewer the compiled statement answers what the interpreter answers row by row."""

import json
from collections.abc import AsyncIterator, Collection, Mapping
from dataclasses import replace
from random import Random
from typing import Any, TypeAlias

import asyncpg
import pytest
from graphql import GraphQLSyntaxError, parse
from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis import strategies as st

from schema.counties import is_wide
from schema.execution import Context, ReadService
from shaodao.domain.permissions import Viewer
from shaodao.domain.text import bigrams
from shaodao.postgres.pool import create_pool
from tests.mini_documents import LINKS, ORDERS, Cursor, Selection, documents, fields_of, one_by_one, whole
from tests.mini_interpreter import Interpreter, Row, Selected
from tests.mini_rules import RULES
from tests.mini_schema import TABLES, mini_schema
from tests.mini_worlds import COUNTIES, NOW, VIEWERS, mixed_viewers, worlds
from tests.mini_writing import Writer, Written

Pool: TypeAlias = "asyncpg.Pool[asyncpg.Record]"
Answers: TypeAlias = Mapping[str, list[tuple[str, str]]]
"""Of each list in an ordering the ids and cursors of its rows, as a viewer sees them."""
orders = st.sampled_from(ORDERS)
PHASES = [Phase.reuse, Phase.generate, Phase.shrink]
QUICK = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]


@pytest.fixture
async def mini_pool(empty_database: str) -> AsyncIterator[Pool]:
    pool = await create_pool(empty_database, 1)
    await pool.execute(TABLES)
    yield pool
    await pool.close()


async def fill(pool: Pool, world: Mapping[str, list[Row]]) -> None:
    """The tables hold exactly these rows."""
    await pool.execute(f"TRUNCATE {', '.join(world)}")
    for name, rows in world.items():
        if rows:
            places = ", ".join(f"${index}" for index in range(1, len(rows[0]) + 1))
            insert = f"INSERT INTO {name} ({', '.join(rows[0])}) VALUES ({places})"
            await pool.executemany(insert, [tuple(row.values()) for row in rows])


COMMON = frozenset(bigrams("电梯 积水"))
"""Pieces that are taken for common: another way is gone to the rows that have them."""


def asking(viewer: Viewer, pool: Pool) -> Context:
    """A request of a viewer; who is granted more than a county asks in both."""
    return Context(viewer, NOW, pool, counties=COUNTIES if is_wide(viewer) else ())


def interpreted(world: Mapping[str, list[Row]], context: Context, flag: bool = True) -> Interpreter:
    """The interpreter of the same request."""
    return Interpreter(world, context.viewer, NOW, context.counties, flag)


async def answer(service: ReadService, context: Context, text: str, variables: Mapping[str, Any]) -> Any:
    """The answer of a request that goes well."""
    outcome = await service.execute(text, context, variables)
    assert outcome.errors == (), (text, variables)
    return json.loads(outcome.data or b"")


LISTED = "edges { cursor node { id } }"


def listed(parent: str, wanted: Collection[str], below: str = "") -> str:
    """The wanted connections of a type, each in its ordering, named by its place."""
    found = [below]
    for place in sorted(wanted):
        [owner, name], order = place.partition(":")[0].split("."), place.partition(":")[2]
        if owner == parent:
            ordering = f", orderBy: {order}" if order else ""
            found.append(f"{owner}_{name}_{order}: {name}(first: 100{ordering}) {{ {LISTED} }}")
    return " ".join(found)


def cursors_of(wanted: Collection[str]) -> str:
    """A document that asks for every cursor of the wanted lists."""
    below = listed("Permit", wanted, "__typename")
    mine = listed("Me", wanted, "__typename")
    return f"{{ {listed('Query', wanted)} me {{ {mine} }} permits(first: 100) {{ nodes {{ {below} }} }} }}"


async def every_cursor(service: ReadService, context: Context, wanted: Collection[str]) -> Answers:
    """What cursors of the wanted lists the viewer could have."""
    found: dict[str, list[tuple[str, str]]] = {}

    def gather(part: Any) -> None:
        for key, value in part.items() if isinstance(part, dict) else enumerate(part or ()):
            if isinstance(value, dict) and "edges" in value:
                rows = [(edge["node"]["id"], edge["cursor"]) for edge in value["edges"]]
                found.setdefault(str(key).replace("_", ".", 1).replace("_", ":").rstrip(":"), []).extend(rows)
            elif isinstance(value, dict | list):
                gather(value)

    gather(await answer(service, context, cursors_of(wanted), {}))
    return found


def row_of(cursor: Cursor, known: Answers) -> tuple[str, str] | None:
    """The id and the cursor that the viewer takes."""
    rows = known.get(cursor.place, [])
    return rows[cursor.index % len(rows)] if rows else None


def with_rows(selected: Selection, known: Answers) -> Selection:
    """The selection with the ids of rows for their cursors, as the interpreter takes them."""
    return tuple(
        replace(
            chosen,
            below=with_rows(chosen.below, known),
            arguments={
                key: ((row := row_of(value, known)) and row[0]) if isinstance(value, Cursor) else value
                for key, value in chosen.arguments.items()
            },
        )
        for chosen in selected
    )


async def compared(
    service: ReadService, context: Context, world: dict[str, list[Row]], asked: Selection, written: Written,
    flags: tuple[bool, ...] = (True, False),
) -> None:  # fmt: skip
    """A viewer's answers with the flag and without it are what the interpreter says."""
    wanted = {cursor.place for cursor in written.cursors.values()}
    known = await every_cursor(service, context, wanted) if wanted else {}
    cursors = {name: row[1] for name, cursor in written.cursors.items() if (row := row_of(cursor, known))}
    for flag in flags:
        expected = interpreted(world, context, flag).answer(with_rows(asked, known))
        found = await answer(service, context, written.text, written.given(flag, cursors))
        assert found == expected, (context.viewer.login, flag, written.text, written.variables)


def is_read(text: str) -> bool:
    """Whether a document is short enough to be read at all: by chance one has more tokens than any may have."""
    try:
        parse(text, max_tokens=4_000)
    except GraphQLSyntaxError:
        return False
    return True


@settings(max_examples=24, deadline=None, suppress_health_check=QUICK, phases=PHASES)
@given(world=worlds(), asked=documents(), seed=st.integers(0, 1 << 32), mixed=mixed_viewers())
async def test_the_statement_answers_what_the_rows_say(
    mini_pool: Pool, world: dict[str, list[Row]], asked: Selection, seed: int, mixed: Viewer
) -> None:
    await fill(mini_pool, world)
    written, service = Writer(Random(seed)).document(asked), ReadService(mini_schema(), rules=RULES)
    assume(is_read(written.text))
    service.words.common_pieces = {"mini_permit": COMMON} if seed % 2 else {}
    for viewer in (*VIEWERS.values(), mixed):
        await compared(service, asking(viewer, mini_pool), world, asked, written)


@settings(max_examples=10, deadline=None, suppress_health_check=QUICK, phases=PHASES)
@given(world=worlds(), asked=one_by_one(), mixed=mixed_viewers())
async def test_every_condition_alone_lets_through_what_the_rows_say(
    mini_pool: Pool, world: dict[str, list[Row]], asked: Selection, mixed: Viewer
) -> None:
    await fill(mini_pool, world)
    written, service = Writer(Random(0)).document(asked), ReadService(mini_schema(), rules=RULES)
    for viewer in (*VIEWERS.values(), mixed):
        await compared(service, asking(viewer, mini_pool), world, asked, written, flags=(True,))


PERMITS = [(Selected(key, key, {}, whole(inner, 1)),) for key, inner in LINKS["Permit"]]
WHOLE = (
    *(Selected("permits", "permits", {}, (Selected("nodes", "nodes", {}, below),)) for below in PERMITS),
    *(Selected(name, name, {}, whole(inner, 1)) for name, inner in fields_of("Query", "permits", "visits", "steps", "me")),
)  # fmt: skip
"""Every field of every type, two levels below the root."""


@settings(max_examples=2, deadline=None, suppress_health_check=QUICK, phases=PHASES)
@given(world=worlds(), mixed=mixed_viewers())
async def test_every_field_of_every_row_is_what_the_rows_say(
    mini_pool: Pool, world: dict[str, list[Row]], mixed: Viewer
) -> None:
    await fill(mini_pool, world)
    service = ReadService(mini_schema(), rules=RULES)
    for asked in WHOLE:
        written = Writer(Random(0)).document((asked,))
        for viewer in (*VIEWERS.values(), mixed):
            await compared(service, asking(viewer, mini_pool), world, (asked,), written, flags=(True,))


PAGE = """query ($order: PermitOrder!, $first: Int, $after: String, $last: Int, $before: String) {
  permits(orderBy: $order, first: $first, after: $after, last: $last, before: $before) {
    nodes { id } edges { cursor } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }"""


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(world=worlds(), order=orders, size=st.integers(1, 3), backwards=st.booleans())
async def test_pages_one_after_the_other_give_every_row_once(
    mini_pool: Pool, world: dict[str, list[Row]], order: str, size: int, backwards: bool
) -> None:
    await fill(mini_pool, world)
    service = ReadService(mini_schema(), rules=RULES)
    for name in ("dispatcher", "two counties", "city", "department of two"):
        context = asking(VIEWERS[name], mini_pool)
        whole = Selected(
            "permits", "permits", {"orderBy": order}, (Selected("nodes", "nodes", {}, (Selected("id", "id"),)),)
        )
        expected = interpreted(world, context).answer((whole,))["permits"]["nodes"]
        found: list[Any] = []
        cursor, more = None, True
        while more:
            given = {"last": size, "before": cursor} if backwards else {"first": size, "after": cursor}
            page = json.loads((await service.execute(PAGE, context, {"order": order, **given})).data or b"")["permits"]
            info, cursors = page["pageInfo"], [edge["cursor"] for edge in page["edges"]]
            assert (info["startCursor"], info["endCursor"]) == ((cursors[0], cursors[-1]) if cursors else (None, None))
            assert info["hasNextPage" if backwards else "hasPreviousPage"] == (cursor is not None)
            found = page["nodes"] + found if backwards else found + page["nodes"]
            more, cursor = (
                (info["hasPreviousPage"], info["startCursor"])
                if backwards
                else (info["hasNextPage"], info["endCursor"])
            )
        assert found == expected


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(world=worlds(), order=orders, end=st.sampled_from(("first", "last")))
async def test_a_page_between_two_cursors_is_what_lies_between(
    mini_pool: Pool, world: dict[str, list[Row]], order: str, end: str
) -> None:
    await fill(mini_pool, world)
    service, context = ReadService(mini_schema(), rules=RULES), asking(VIEWERS["city"], mini_pool)

    async def asked(**given: Any) -> Any:
        return json.loads((await service.execute(PAGE, context, {"order": order, **given})).data or b"")["permits"]

    whole = await asked()
    cursors = [edge["cursor"] for edge in whole["edges"]]
    for start in range(len(cursors)):
        for stop in range(start, len(cursors)):
            between = await asked(after=cursors[start], before=cursors[stop], **{end: 100})
            assert between["nodes"] == whole["nodes"][start + 1 : stop]
