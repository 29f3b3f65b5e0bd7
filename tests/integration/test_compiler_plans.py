"""The plans of compiled statements on many unevenly spread rows: no table that grows is read from end to end.

Each is planned twice, for its values and for any values, as PostgreSQL does from the sixth execution of a statement on.
"""

import asyncio
import base64
from collections.abc import AsyncIterator, Coroutine, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any, Literal, TypeAlias
from uuid import UUID, uuid4

import asyncpg
import orjson
import pytest

from schema.compiler.catalogue import Catalogue, catalogue_of
from schema.compiler.operation import Statement
from schema.compiler.parameters import Binding, Slot, converted
from schema.plans import _type_name
from schema.schema import build_schema
from shaodao.domain.permissions import Grant, Viewer
from shaodao.domain.vocabulary import LeaderRank, Role
from shaodao.postgres.embedded import Cluster
from shaodao.postgres.pool import connect
from shaodao.presets import load_rulebook
from tests.compiling import compiled
from tests.integration.skewed import BUSY, CROWDED, RARE, execute, make_skewed

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"
Mode = Literal["force_custom_plan", "force_generic_plan"]
MODES: tuple[Mode, ...] = ("force_custom_plan", "force_generic_plan")
NOW = datetime(2026, 11, 20, 2, tzinfo=UTC)
LARGE = {"case_file", "case_event", "assignment", "person"}
COUNTY, CITY = "990101000000", "990100000000"

VIEWERS: dict[str, tuple[Grant, ...]] = {
    "dispatcher": (Grant(Role.STREET_DISPATCHER, CROWDED),),
    "leader": (Grant(Role.STREET_LEADER, CROWDED, rank=LeaderRank.CHIEF),),
    "worker": (Grant(Role.GRID_WORKER, "990101001001001"),),
    "chief": (Grant(Role.GRID_CHIEF, "990101001001"),),
    "caller": (Grant(Role.FOLLOW_UP, CROWDED),),
    "busy department": (Grant(Role.DEPT_HANDLER, COUNTY, BUSY),),
    "rare department": (Grant(Role.DEPT_HANDLER, COUNTY, RARE),),
    "resident": (Grant(Role.RESIDENT, CROWDED),),
    "county": (Grant(Role.COUNTY_GRID_OFFICE, COUNTY),),
    "city": (Grant(Role.STREET_DISPATCHER, CITY),),
}
WHOLE_COUNTIES = {"tasks", "counts", "people", "one list twice"}
"""What a viewer of whole counties asks that reads all of them, or sorts all of them."""


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return catalogue_of(build_schema()._schema)


@pytest.fixture(scope="module")
def skewed(postgres: Cluster) -> Iterator[str]:
    """DSN of the database, made once."""
    name = f"skewed_{uuid4().hex}"
    _alone(make_skewed(postgres, name))
    yield postgres.dsn(name)
    _alone(execute(postgres, f'DROP DATABASE "{name}" WITH (FORCE)'))


@pytest.fixture
async def connection(skewed: str) -> AsyncIterator[Connection]:
    opened = await connect(skewed)
    yield opened
    await opened.close()


def _alone(work: Coroutine[Any, Any, None]) -> None:
    """In a thread of its own, for a loop of a test may be running in this one."""
    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, work).result()


async def explained(connection: Connection, statement: Statement, binding: Binding, mode: Mode) -> Any:
    """The plan that PostgreSQL makes."""
    prepared = await connection.prepare(statement.sql)
    types = [_type_name(parameter) for parameter in prepared.get_parameters()]
    values = []
    for slot, name in zip(statement.slots, types, strict=True):
        value = converted(slot, name, binding)
        values.append(await connection.fetchval(f"SELECT quote_nullable($1::{name}::text) || '::{name}'", value))
    await connection.execute(f"SET plan_cache_mode = {mode}")
    declared, given = (f"({', '.join(each)})" if each else "" for each in (types, values))
    await connection.execute(f"PREPARE asked {declared} AS {statement.sql}")
    text = await connection.fetchval(f"EXPLAIN (FORMAT JSON) EXECUTE asked {given}")
    await connection.execute("DEALLOCATE asked; RESET plan_cache_mode")
    return orjson.loads(text)[0]["Plan"]


def end_to_end(plan: Mapping[str, Any]) -> Iterator[str]:
    """The large tables that a plan reads whole."""
    conditioned = any(f"{kind} Cond" in plan for kind in ("Index", "Recheck"))
    if plan.get("Relation Name") in LARGE and not conditioned:
        yield f"{plan['Node Type']} on {plan['Relation Name']}"
    for inner in plan.get("Plans", ()):
        yield from end_to_end(inner)


async def read_whole(
    connection: Connection, catalogue: Catalogue, name: str, text: str, variables: Mapping[str, Any]
) -> list[str]:
    """What either plan of a document reads whole."""
    viewer = Viewer("示", "示", VIEWERS[name], account_id=UUID(int=1), person_id=UUID(int=2))
    counties = (990101, 990102) if name == "city" else viewer.counties
    services = SimpleNamespace(ground=lambda: SimpleNamespace(rulebook=load_rulebook("shimahe")))
    statement = compiled(catalogue, viewer, text, variables, counties)
    binding = Binding(viewer, counties, NOW, variables, services=services)
    found: list[str] = []
    for mode in MODES:
        found += end_to_end(await explained(connection, statement, binding, mode))
    return found


BOARD = """number title state dueAt overdue grid { name worker { name } } reporter { name phone } waitingOn { since }
    assignments { role state organization { code name } }"""
INBOX = "state round notifiedAt overdue case { number title dueAt } deadlines { kind dueAt }"
OPERATIONS = {
    "newest open": f"{{ cases(filter: {{open: true}}) {{ nodes {{ {BOARD} }} pageInfo {{ hasNextPage endCursor }} }} }}",
    "last open": f"{{ cases(last: 20, filter: {{open: true}}) {{ nodes {{ {BOARD} }} pageInfo {{ hasPreviousPage }} }} }}",
    "due": f"{{ cases(orderBy: DUE, filter: {{open: true}}) {{ nodes {{ {BOARD} }} }} }}",
    "of a state": f"{{ cases(filter: {{states: [REGISTERED]}}) {{ nodes {{ {BOARD} }} }} }}",
    "history": '{ case(number: "990101001000-40") { history(first: 50) { nodes { text } } whistles { kind } assignments { state } } }',
    "text and count": f'{{ cases(filter: {{text: "积水"}}) {{ totalCount nodes {{ {BOARD} }} }} }}',
    "inbox": f'{{ assignments(organization: "{RARE}", filter: {{open: true}}) {{ totalCount nodes {{ {INBOX} }} }} }}',
    "busy inbox": f'{{ assignments(organization: "{BUSY}", orderBy: RESULT_DUE) {{ nodes {{ {INBOX} }} }} }}',
    "tasks": "{ viewer { tasks { totalCount nodes { action since dueAt case { number title } } } } }",
    "counts": "{ caseCounts(groupBy: [STATE, COMMUNITY]) { count state community { name } } }",
    "counts by organization": "{ caseCounts(groupBy: [ORGANIZATION], filter: {open: true}) { count organization { name } } }",
    "people": "{ people(first: 50) { nodes { name phone household { number } careTags { kind } } } }",
    "person by name": '{ people(filter: {text: "积水"}) { totalCount nodes { name } } }',
    "wild text": """{ cases(filter: {text: "100%_\\\\ 'x' \\"y\\""}) { nodes { number } } }""",
    "no states": "{ cases(filter: {states: []}) { totalCount nodes { number } } }",
    "one list twice": f"{{ a: cases(first: 1) {{ nodes {{ {BOARD} }} }} b: cases(last: 1, orderBy: DUE) {{ nodes {{ {BOARD} }} }} }}",
}


ASKED = [(name, key) for name in VIEWERS for key in OPERATIONS if name != "city" or key not in WHOLE_COUNTIES]


@pytest.mark.parametrize(("name", "operation"), ASKED)
async def test_a_list_reads_no_table_whole(
    connection: Connection, catalogue: Catalogue, name: str, operation: str
) -> None:
    assert await read_whole(connection, catalogue, name, OPERATIONS[operation], {}) == []


async def test_the_check_finds_what_is_read_whole(connection: Connection) -> None:
    statement = Statement(
        "SELECT count(*) FROM case_file WHERE title = $1", (Slot("title", lambda _: "甲"),), (), ("",)
    )
    binding = Binding(Viewer("示", "示"), (), NOW, {})
    plan = await explained(connection, statement, binding, "force_generic_plan")
    assert list(end_to_end(plan)) == ["Seq Scan on case_file"]


@pytest.mark.parametrize("order", ["NEWEST", "DUE"])
@pytest.mark.parametrize(("size", "cursor"), [("first", "after"), ("last", "before")])
async def test_a_page_from_a_cursor_begins_there(
    connection: Connection, catalogue: Catalogue, order: str, size: str, cursor: str
) -> None:
    values = ["2026-06-01T00:00:00+08:00", str(UUID(int=7))]
    given = base64.urlsafe_b64encode(orjson.dumps([f"Query.cases:{order}", *values])).decode().rstrip("=")
    text = f"query ($at: String) {{ cases(orderBy: {order}, filter: {{open: true}}, {size}: 20, {cursor}: $at) {{ nodes {{ number }} }} }}"
    assert await read_whole(connection, catalogue, "dispatcher", text, {"at": given}) == []
