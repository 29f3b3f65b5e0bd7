"""The differential test: for every viewer the compiled statement answers what the interpreter answers row by row."""

import json
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, TypeAlias
from uuid import UUID

import asyncpg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from schema.execution import Context, ReadService
from shaodao.domain.permissions import Grant, Viewer
from shaodao.domain.text import bigrams
from shaodao.domain.vocabulary import Role
from shaodao.postgres.pool import create_pool
from tests.mini_interpreter import Interpreter, Row, Selected
from tests.mini_schema import RULES, TABLES, mini_schema

Pool: TypeAlias = "asyncpg.Pool[asyncpg.Record]"
NOW = datetime(2026, 3, 1, tzinfo=UTC)
ME, OTHER = UUID(int=0xA), UUID(int=0xB)
STREETS = ("330902001000", "330902002000", "330903001000")
AREAS = [{"code": "E", "name": "东"}, {"code": "W", "name": "西"}]
TITLES = ("电梯故障", "电梯", "道路积水", "a%b", "a_b")

VIEWERS = {
    "nobody": (),
    "resident": (Grant(Role.RESIDENT, STREETS[0]),),
    "dispatcher": (Grant(Role.STREET_DISPATCHER, STREETS[0]),),
    "two streets": (Grant(Role.STREET_DISPATCHER, STREETS[0]), Grant(Role.STREET_DISPATCHER, STREETS[1])),
    "two counties": (Grant(Role.STREET_DISPATCHER, STREETS[0]), Grant(Role.STREET_DISPATCHER, STREETS[2])),
    "worker": (Grant(Role.GRID_WORKER, STREETS[0]),),
    "county": (Grant(Role.COUNTY_GRID_OFFICE, "330902000000"),),
    "department": (Grant(Role.DEPT_HANDLER, "330902000000", "A"),),
    "department of two": (Grant(Role.DEPT_HANDLER, "330902000000", "A"), Grant(Role.DEPT_HANDLER, "330903000000", "B")),
    "city": (Grant(Role.STREET_DISPATCHER, "330900000000"),),
    "province and street": (Grant(Role.COUNTY_GRID_OFFICE, "330000000000"), Grant(Role.GRID_WORKER, STREETS[2])),
    "worker and department": (Grant(Role.GRID_WORKER, STREETS[1]), Grant(Role.DEPT_HANDLER, "330902000000", "B")),
}

instants = st.integers(-3, 3).map(lambda days: NOW + timedelta(days=days, microseconds=days * 1001))


@st.composite
def worlds(draw: st.DrawFn) -> dict[str, list[Row]]:
    """A few permits, visits and notes whose values collide often."""
    permits = [draw(permit_rows(number)) for number in range(draw(st.integers(0, 7)))]
    for row in permits:
        near = [other["id"] for other in permits if other["county_code"] == row["county_code"]]
        row["previous_id"] = draw(st.none() | st.sampled_from(near))
    visits = [draw(visit_rows(number, permits)) for number in range(draw(st.integers(0, 8)) if permits else 0)]
    notes = [draw(note_rows(number, visits)) for number in range(draw(st.integers(0, 4)) if visits else 0)]
    return {
        "mini_permit": permits,
        "mini_visit": visits,
        "mini_note": notes,
        "mini_areas": [dict(area) for area in AREAS],
    }


@st.composite
def permit_rows(draw: st.DrawFn, number: int) -> Row:
    street, title = draw(st.sampled_from(STREETS)), draw(st.sampled_from(TITLES))
    return {
        "county_code": int(street[:6]),
        "id": UUID(int=100 + number),
        "street_code": street,
        "area_code": draw(st.sampled_from(("E", "W", None))),
        "title": title,
        "state": draw(st.sampled_from(("DRAFT", "OPEN", "CLOSED"))),
        "secret": draw(st.booleans()),
        "owner_id": draw(st.sampled_from((None, ME, OTHER))),
        "phone": draw(st.sampled_from((None, "100****0001"))),
        "opened_at": draw(instants),
        "due_at": draw(st.none() | instants),
        "score": draw(st.none() | st.integers(0, 2)),
        "bigrams": bigrams(title),
    }


@st.composite
def visit_rows(draw: st.DrawFn, number: int, permits: list[Row]) -> Row:
    permit = draw(st.sampled_from(permits))
    return {
        "county_code": permit["county_code"],
        "id": UUID(int=200 + number),
        "permit_id": permit["id"],
        "organization_code": draw(st.sampled_from(("A", "B"))),
        "visited_at": draw(instants),
        "rating": draw(st.none() | st.integers(0, 2)),
    }


@st.composite
def note_rows(draw: st.DrawFn, number: int, visits: list[Row]) -> Row:
    visit = draw(st.sampled_from(visits))
    keys = {"county_code": visit["county_code"], "permit_id": visit["permit_id"], "visit_id": visit["id"]}
    return {**keys, "id": UUID(int=300 + number), "text": draw(st.sampled_from(("早", "晚")))}


LEAVES = {
    "Permit": ("__typename", "id", "title", "state", "score", "openedAt", "dueAt", "owner", "phone", "overdue"),
    "Visit": ("__typename", "id", "organizationCode", "visitedAt", "rating"),
    "Note": ("id", "text"),
    "Area": ("id", "code", "name"),
    "Times": ("openedAt", "dueAt"),
}
LINKS = {
    "Permit": {"area": "Area", "previous": "Permit", "visits": "Visit", "ratedVisits": "Visit", "times": "Times"},
    "Visit": {"permit": "Permit", "notes": "Note"},
    "Note": {"visit": "Visit"},
}
PAGES = ("permits", "ratedVisits")
ACTIONS = Selected("actions", "actions", {}, (Selected("name", "name"), Selected("allowed", "allowed")))


@st.composite
def selections(draw: st.DrawFn, name: str, depth: int) -> tuple[Selected, ...]:
    """A selection on a type, no deeper than ``depth``."""
    leaves = draw(st.lists(st.sampled_from(LEAVES[name]), min_size=1, max_size=4, unique=True))
    found = [Selected(draw(st.sampled_from((leaf, f"x{leaf}"))), leaf) for leaf in leaves]
    links = LINKS.get(name, {})
    if depth and links:
        for link in draw(st.lists(st.sampled_from(sorted(links)), max_size=3, unique=True)):
            below = selections(links[link], depth - 1)
            page = link in PAGES
            found.append(
                draw(connections(link, below, visit_filters)) if page else Selected(link, link, {}, draw(below))
            )
    if name == "Permit" and draw(st.booleans()):
        found.append(ACTIONS)
    return tuple(found)


@st.composite
def connections(draw: st.DrawFn, /, name: str, below: Any, filters: Any, **arguments: Any) -> Selected:
    """A connection with some of its parts."""
    parts = draw(st.lists(st.sampled_from(("nodes", "edges", "pageInfo", "totalCount")), min_size=1, unique=True))
    given_arguments = {key: draw(value) for key, value in arguments.items() if draw(st.booleans())}
    end = draw(st.sampled_from((None, "first", "last")))
    if end is not None:
        given_arguments[end] = draw(st.integers(1, 4))
    if draw(st.booleans()):
        given_arguments["filter"] = draw(filters)
    return Selected(
        draw(st.sampled_from((name, "list"))), name, given_arguments,
        tuple(Selected(part, part, {}, draw(below) if part in ("nodes", "edges") else ()) for part in parts),
    )  # fmt: skip


visit_filters = st.fixed_dictionaries({}, optional={"organization": st.sampled_from(("A", "B"))})
permit_filters = st.fixed_dictionaries(
    {},
    optional={
        "state": st.sampled_from(("OPEN", "DRAFT")),
        "states": st.lists(st.sampled_from(("OPEN", "DRAFT", "CLOSED")), max_size=2),
        "titleStarts": st.sampled_from(("", "电", "电梯", "a%")),
        "hasOwner": st.booleans(),
        "owner": st.sampled_from((None, str(ME))),
        "undated": st.booleans(),
        "overdue": st.booleans(),
        "openedBefore": st.just(NOW.isoformat()),
        "openedFrom": st.just(NOW.isoformat()),
        "text": st.sampled_from(("电梯", "积水", "电梯故障", "a%b", "a_b", "a%")),
        "visitedBy": st.sampled_from(("A", "B")),
    },
)
ORDERS, GROUPS = ("NEWEST", "DUE", "BEST"), ("STATE", "AREA", "ORGANIZATION", "DAY")
ENUMS = {*ORDERS, *GROUPS}
orders = st.sampled_from(ORDERS)


@st.composite
def counts(draw: st.DrawFn) -> Selected:
    """Counts of permits by some groups."""
    arguments: dict[str, Any] = {"groupBy": draw(st.lists(st.sampled_from(GROUPS), max_size=3))}
    if draw(st.booleans()):
        arguments["filter"] = draw(permit_filters)
    leaves = draw(st.lists(st.sampled_from(("count", "state", "organization", "day", "area")), min_size=1, unique=True))
    below = {"area": (Selected("name", "name"),)}
    return Selected(
        "n", "permitCounts", arguments, tuple(Selected(leaf, leaf, {}, below.get(leaf, ())) for leaf in leaves)
    )


def rendered(selected: tuple[Selected, ...]) -> str:
    """The selection as GraphQL, with its arguments as literals."""
    return " ".join(_rendered(chosen) for chosen in selected)


def _rendered(chosen: Selected) -> str:
    alias = "" if chosen.key == chosen.name else f"{chosen.key}: "
    arguments = ", ".join(f"{name}: {_literal(value)}" for name, value in chosen.arguments.items())
    below = rendered(chosen.below)
    match chosen.name:
        case "edges":
            below = f"node {{ {below} }}"
        case "pageInfo":
            below = "hasNextPage hasPreviousPage"
        case "node":
            below = f"... on Permit {{ {below} }}"
    text = f"{alias}{chosen.name}{f'({arguments})' if arguments else ''}{f' {{ {below} }}' if below else ''}"
    return FRAGMENTS.get(chosen.key, "{}").replace("{}", text)


FRAGMENTS = {"xid": "... on Node { {} }", "xtitle": "... @include(if: true) { {} }", "xstate": "... on Permit { {} }"}
"""Some fields stand in fragments, known by their aliases."""


def _literal(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{name}: {_literal(inner)}" for name, inner in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_literal, value)) + "]"
    if value in ENUMS:
        return str(value)
    return json.dumps(value)


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
        for row in rows:
            places = ", ".join(f"${index}" for index in range(1, len(row) + 1))
            await pool.execute(f"INSERT INTO {name} ({', '.join(row)}) VALUES ({places})", *row.values())


def asking(name: str, pool: Pool) -> Context:
    """A request of a viewer; who is granted more than a county asks in both."""
    viewer = Viewer(name, "示", VIEWERS[name], account_id=ME)
    wide = any(grant.level in ("CITY", "PROVINCE") for grant in viewer.grants)
    return Context(viewer, NOW, pool, counties=(330902, 330903) if wide else ())


def interpreted(world: Mapping[str, list[Row]], context: Context) -> Interpreter:
    """The interpreter of the same request."""
    return Interpreter(world, context.viewer, NOW, context.counties)


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(
    world=worlds(),
    permits=connections("permits", selections("Permit", 3), permit_filters, orderBy=orders),
    visits=connections("visits", selections("Visit", 2), visit_filters),
    counted=counts(),
    area=selections("Area", 0),
    node=selections("Permit", 2),
)
async def test_the_statement_answers_what_the_rows_say(
    mini_pool: Pool, world: dict[str, list[Row]], permits: Selected, visits: Selected, counted: Selected,
    area: tuple[Selected, ...], node: tuple[Selected, ...],
) -> None:  # fmt: skip
    await fill(mini_pool, world)
    service = ReadService(mini_schema(), rules=RULES)
    identifier = f"Permit:{world['mini_permit'][0]['county_code'] if world['mini_permit'] else 330902}:{UUID(int=100)}"
    asked = (
        Selected("p", "permits", permits.arguments, permits.below),
        Selected("v", "visits", visits.arguments, visits.below),
        counted,
        Selected("areas", "areas", {}, area),
        Selected("node", "node", {"id": identifier}, node),
        Selected("permit", "permit", {"id": identifier}, node),
    )
    for name in VIEWERS:
        context = asking(name, mini_pool)
        outcome = await service.execute(f"{{ {rendered(asked)} }}", context)
        assert outcome.errors == ()
        assert json.loads(outcome.data or b"") == interpreted(world, context).answer(asked), name


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
        context = asking(name, mini_pool)
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
    service, context = ReadService(mini_schema(), rules=RULES), asking("city", mini_pool)

    async def asked(**given: Any) -> Any:
        return json.loads((await service.execute(PAGE, context, {"order": order, **given})).data or b"")["permits"]

    whole = await asked()
    cursors = [edge["cursor"] for edge in whole["edges"]]
    for start in range(len(cursors)):
        for stop in range(start, len(cursors)):
            between = await asked(after=cursors[start], before=cursors[stop], **{end: 100})
            assert between["nodes"] == whole["nodes"][start + 1 : stop]
