"""The plans of compiled statements on many unevenly spread rows: none reads a large table whole, or far more than it shows.

Each is planned twice, for its values and for any values, as PostgreSQL may do from the sixth execution of a statement on,
and run by both plans. What is known to be slow is named with its cause in ``slow_plans``; when that is mended, the test
of it fails until its line is taken out.
"""

import asyncio
from collections.abc import AsyncIterator, Coroutine, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest

from schema.compiler.catalogue import Catalogue, catalogue_of
from schema.compiler.operation import Statement
from schema.compiler.parameters import Binding, Slot
from schema.compiler.words import STATISTICS, Words
from schema.schema import build_schema
from shaodao.domain.permissions import Grant, Viewer
from shaodao.domain.vocabulary import LeaderRank, Role
from shaodao.postgres.embedded import Cluster
from shaodao.postgres.pool import connect
from tests.integration.odd_reads import (
    ABSENT,
    FIELDS,
    ROOTS,
    TWICE,
    WILD_CODES,
    WILD_TEXTS,
    empty_list,
    list_filters,
    literal,
    many_fields,
    many_roots,
    of_text,
)
from tests.integration.plans import MODES, Asked, Connection, Mode, answer, asked, end_to_end, explained, worked
from tests.integration.skewed import BUSY, CROWDED, RARE, execute, make_skewed
from tests.integration.slow_plans import cause_of

NOW = datetime(2026, 11, 20, 2, tzinfo=UTC)
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
READ_WHOLE = {("city", "counts")}
"""Counts of nearly everything there is."""

BOARD = """number title state dueAt overdue grid { name worker { name } } reporter { name phone } waitingOn { since }
    assignments { role state organization { code name } }"""
INBOX = "state round notifiedAt overdue case { number title dueAt } deadlines { kind dueAt }"
LANE = "caseNumber state seq since hook eventType owed attempts lastError nextAttemptAt organization { code } case { title }"
DELIVERY = "state delivery { deliveredAt attempts handledAt owed lastError state }"
STATES = "{ departmentStates { department { name } waiting retrying running parked oldestSince } }"
OPERATIONS = {
    "newest open": f"{{ cases(filter: {{open: true}}) {{ nodes {{ {BOARD} }} pageInfo {{ hasNextPage endCursor }} }} }}",
    "last open": f"{{ cases(last: 20, filter: {{open: true}}) {{ nodes {{ {BOARD} }} pageInfo {{ hasPreviousPage }} }} }}",
    "due": f"{{ cases(orderBy: DUE, filter: {{open: true}}) {{ nodes {{ {BOARD} }} }} }}",
    "of a state": f"{{ cases(filter: {{states: [REGISTERED]}}) {{ nodes {{ {BOARD} }} }} }}",
    "history": '{ case(number: "990101001000-40") { history(first: 50) { nodes { text } } whistles { kind } assignments { state } } }',
    "text and count": f'{{ cases(filter: {{text: "积水"}}) {{ totalCount nodes {{ {BOARD} }} }} }}',
    "text": '{ cases(filter: {text: "积水"}) { nodes { number } } }',
    "common text": '{ cases(filter: {text: "占道"}) { nodes { number } } }',
    "inbox": f'{{ assignments(organization: "{RARE}", filter: {{open: true}}) {{ totalCount nodes {{ {INBOX} }} }} }}',
    "busy inbox": f'{{ assignments(organization: "{BUSY}", orderBy: RESULT_DUE) {{ nodes {{ {INBOX} }} }} }}',
    "tasks": "{ viewer { tasks { totalCount nodes { action since dueAt case { number title } } } } }",
    "counts": "{ caseCounts(groupBy: [STATE, COMMUNITY]) { count state community { name } } }",
    "counts by organization": "{ caseCounts(groupBy: [ORGANIZATION], filter: {open: true}) { count organization { name } } }",
    "people": "{ people(first: 50) { nodes { name phone household { number } careTags { kind } } } }",
    "person by name": '{ people(filter: {text: "积水"}) { totalCount nodes { name } } }',
    "one list twice": f"{{ a: cases(first: 1) {{ nodes {{ {BOARD} }} }} b: cases(last: 1, orderBy: DUE) {{ nodes {{ {BOARD} }} }} }}",
    "a day": '{ cases(filter: {openedFrom: "2026-11-01T00:00:00+08:00", openedBefore: "2026-11-02T00:00:00+08:00"}) { nodes { number } } }',
    "a community": '{ cases(filter: {division: "990101001003"}) { nodes { number } } }',
    "a category": '{ cases(filter: {category: "A99"}) { nodes { number } } }',
    "an organization": f'{{ cases(filter: {{organization: "{RARE}"}}) {{ nodes {{ number }} }} }}',
    "changed": '{ cases(orderBy: CHANGED, filter: {changedFrom: "2026-11-19T00:00:00+08:00"}) { nodes { number } } }',
    "lanes": f"{{ deliveryLanes {{ nodes {{ {LANE} }} }} }}",
    "parked lanes": f"{{ deliveryLanes(filter: {{state: PARKED}}) {{ nodes {{ {LANE} }} }} }}",
    "lanes of a department": f'{{ deliveryLanes(filter: {{department: "{BUSY.lower()}"}}) {{ nodes {{ {LANE} }} }} }}',
    "deliveries": f'{{ assignments(organization: "{RARE}") {{ nodes {{ {DELIVERY} }} }} }}',
    "deliveries of cases": f"{{ cases(filter: {{open: true}}) {{ nodes {{ number assignments {{ {DELIVERY} }} }} }} }}",
    "urgency": "{ cases(orderBy: URGENCY, filter: {open: true}) { nodes { number } } }",
}  # fmt: skip


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


@dataclass(frozen=True)
class Asking:
    """The schema, and the words that are common in the database, as the server knows them from its statistics."""

    catalogue: Catalogue
    words: Words

    def __call__(self, name: str, text: str, variables: Mapping[str, Any] | None = None) -> Asked:
        """A document as one of the viewers asks it."""
        viewer = Viewer("示", "示", VIEWERS[name], account_id=UUID(int=1), person_id=UUID(int=2))
        counties = (990101, 990102) if name == "city" else viewer.counties
        return asked(self.catalogue, viewer, NOW, text, variables or {}, counties, self.words)


@pytest.fixture
async def asking(connection: Connection, catalogue: Catalogue) -> Asking:
    words = Words()
    words.learn(await connection.fetch(STATISTICS))
    return Asking(catalogue, words)


@pytest.fixture
def expected(request: pytest.FixtureRequest, connection: Connection) -> None:
    """A test of what is known to be slow is expected to fail; of which that is, the server's version decides."""
    given = request.node.callspec.params
    version = connection.get_server_version().major
    cause = cause_of(given["name"], given["operation"], given["mode"], version)
    if cause:
        request.node.add_marker(pytest.mark.xfail(reason=cause, strict=True, raises=AssertionError))


async def assert_worth(connection: Connection, request: Asked, mode: Mode, may_read_whole: bool = False) -> None:
    """A plan reads no large table whole, and visits few rows besides those that it answers."""
    work = await worked(connection, request, mode)
    assert may_read_whole or work.whole == ()
    assert work.excess <= 0, str(work)


def test_a_word_is_known_to_be_common_and_another_to_be_rare(asking: Asking) -> None:
    assert [asking.words.common("case_file", [word]) for word in ("占道", "积水")] == [True, False]


@pytest.mark.usefixtures("expected")
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(("name", "operation"), [(name, key) for name in VIEWERS for key in OPERATIONS])
async def test_a_list_reads_little_more_than_it_shows(
    connection: Connection, asking: Asking, name: str, operation: str, mode: Mode
) -> None:
    request = asking(name, OPERATIONS[operation])
    await assert_worth(connection, request, mode, (name, operation) in READ_WHOLE)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("text", [STATES, OPERATIONS["lanes"], OPERATIONS["lanes of a department"]])
@pytest.mark.parametrize("name", ["county", "city", "dispatcher"])
async def test_lanes_are_not_read_anew_for_each_row(
    connection: Connection, asking: Asking, name: str, text: str, mode: Mode
) -> None:
    """A list looks at each lane once and sorts, and forty departments count their own ones: some times as many as there are."""
    work = await worked(connection, asking(name, text), mode)
    assert work.answered >= 20
    read = sum(rows for scan, rows in work.visited.items() if " on lane " in scan or " on delivery " in scan)
    assert read <= 5 * await connection.fetchval("SELECT count(*) FROM lane"), str(work)


async def test_the_check_finds_what_is_read_whole(connection: Connection) -> None:
    statement = Statement(
        "SELECT json_build_array((SELECT count(*) FROM case_file WHERE title = $1))::text",
        (Slot("title", lambda _: "甲"),), (), ("",),
    )  # fmt: skip
    request = Asked(statement, Binding(Viewer("示", "示"), (), NOW, {}), 1)
    plan = await explained(connection, request, "force_generic_plan")
    assert list(end_to_end(plan)) == ["Seq Scan on case_file"]
    assert (await worked(connection, request, "force_generic_plan")).excess > 40_000


async def test_the_check_finds_a_county_that_is_walked_by_an_index(connection: Connection) -> None:
    """An index that finds the county and sorts, and a filter that lets nearly nothing through: the page never fills."""
    sql = (
        "SELECT json_agg(x.number)::text FROM (SELECT number FROM case_file WHERE county_code = $1"
        " AND description LIKE '%没有%' ORDER BY registered_at DESC LIMIT 20) x"
    )
    request = Asked(
        Statement(sql, (Slot("county", lambda _: 990101),), (), ("",)), Binding(Viewer("示", "示"), (), NOW, {}), 1
    )
    work = await worked(connection, request, "force_generic_plan")
    assert (work.whole, work.excess > 20_000) == ((), True)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("order", ["NEWEST", "OLDEST", "DUE", "CHANGED", "URGENCY"])
@pytest.mark.parametrize(("size", "cursor"), [("first", "after"), ("last", "before")])
async def test_a_page_from_a_cursor_begins_there(
    connection: Connection, asking: Asking, order: str, size: str, cursor: str, mode: Mode
) -> None:
    """The cursor is that of the hundredth row, given out by the list itself."""
    own = f"orderBy: {order}, filter: {{open: true}}"
    far = f"{{ cases({own}, {size}: 100) {{ pageInfo {{ startCursor endCursor }} }} }}"
    page = await answer(connection, asking("dispatcher", far))
    at = page["cases"]["pageInfo"]["endCursor" if size == "first" else "startCursor"]
    text = f"query ($at: String) {{ cases({own}, {size}: 20, {cursor}: $at) {{ nodes {{ number }} }} }}"
    await assert_worth(connection, asking("dispatcher", text, {"at": at}), mode)


SCHEMA = build_schema()._schema
OF_MANY = ("cases", "people", "assignments", "caseCounts")
ODD = {
    "absent": ABSENT,
    "twice": TWICE,
    "first hundred": "{ cases(first: 100) { nodes { number } } }",
    "last hundred": "{ cases(last: 100) { nodes { number } } }",
    "many roots": many_roots(ROOTS),
    "many fields": many_fields(SCHEMA, FIELDS),
    **{f"no {name} of {root}": empty_list(root, name) for root, name in list_filters(SCHEMA) if root in OF_MANY},
    **{f"text {index}": of_text("cases", text) for index, text in enumerate(WILD_TEXTS[:6])},
    **{f"name {index}": of_text("people", text) for index, text in enumerate(WILD_TEXTS[:3])},
    "wild category": f"{{ cases(filter: {{category: {literal(WILD_CODES[0])}}}) {{ nodes {{ id }} }} }}",
    "wild grid": f"{{ cases(filter: {{grid: {literal(WILD_CODES[0])}}}) {{ nodes {{ id }} }} }}",
}


@pytest.mark.usefixtures("expected")
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(("name", "operation"), [(name, key) for name in ("dispatcher", "city") for key in ODD])
async def test_odd_input_is_no_slow_plan(
    connection: Connection, asking: Asking, name: str, operation: str, mode: Mode
) -> None:
    await assert_worth(connection, asking(name, ODD[operation]), mode)
