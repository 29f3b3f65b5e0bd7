"""Operations from end to end on the mini schema: the executor's part, refusals, plans kept, values as they come back."""

import base64
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any, TypeAlias
from uuid import UUID

import asyncpg
import pytest

from schema.execution import Context, Outcome, ReadService
from shaodao.domain.permissions import Grant, Viewer
from shaodao.domain.vocabulary import Role
from shaodao.postgres.pool import create_pool
from tests.mini_rules import RULES
from tests.mini_schema import TABLES, mini_schema

Pool: TypeAlias = "asyncpg.Pool[asyncpg.Record]"
NOW = datetime(2026, 3, 1, tzinfo=UTC)
STREET = "330902001000"
FIRST, SECOND = str(UUID(int=1)), str(UUID(int=2))
DISPATCHER = Viewer("dispatcher", "示", (Grant(Role.STREET_DISPATCHER, STREET),))
NOBODY = Viewer("nobody", "示")

ROWS = f"""
INSERT INTO mini_areas VALUES ('E', '东');
INSERT INTO mini_permit (county_code, id, street_code, area_code, title, state, secret, opened_at, due_at, payload, valid_on)
VALUES (330902, '{FIRST}', '{STREET}', 'E', '甲', 'DRAFT', false, '2026-02-01T00:00:00Z', '2026-02-02T00:00:00.5Z', '{{"a": [1]}}', '2026-02-03'),
       (330902, '{SECOND}', '{STREET}', 'E', '乙', 'OPEN', false, '2026-02-02T00:00:00Z', NULL, '{{}}', NULL);
"""


@pytest.fixture
async def mini_pool(empty_database: str) -> AsyncIterator[Pool]:
    pool = await create_pool(empty_database, 2)
    await pool.execute(TABLES + ROWS)
    yield pool
    await pool.close()


@pytest.fixture
def service() -> ReadService:
    return ReadService(mini_schema(), rules=RULES)


def context(pool: Pool, viewer: Viewer = DISPATCHER) -> Context:
    return Context(viewer, NOW, pool, services=pool)


def data(outcome: Outcome) -> Any:
    """The answer of an operation that went well."""
    assert outcome.errors == ()
    return json.loads(outcome.body())["data"]


def code(outcome: Outcome) -> Any:
    """The code of the only error of an operation of which nothing was executed."""
    assert outcome.data is None
    [error] = outcome.errors
    return (error.extensions or {}).get("code")


async def test_values_come_back_as_their_scalars_say(mini_pool: Pool, service: ReadService) -> None:
    text = "query ($id: ID!) { permit(id: $id) { openedAt dueAt validOn payload overdue times { openedAt } owner } }"
    answer = data(await service.execute(text, context(mini_pool), {"id": f"Permit:330902:{FIRST}"}))
    assert answer["permit"] == {
        "openedAt": "2026-02-01T08:00:00+08:00",
        "dueAt": "2026-02-02T08:00:00.5+08:00",
        "validOn": "2026-02-03",
        "payload": {"a": [1]},
        "overdue": True,
        "times": None,
        "owner": None,
    }


async def test_resolvers_and_stored_fields_mix_in_the_order_asked(mini_pool: Pool, service: ReadService) -> None:
    text = """{ b: permits { nodes { title actions { name } } } greeting(name: "您好") __typename
        a: areas { name } __schema { queryType { name } } }"""
    answer = data(await service.execute(text, context(mini_pool)))
    assert list(answer) == ["b", "greeting", "__typename", "a", "__schema"]
    assert answer["greeting"] == "您好, dispatcher"
    assert answer["b"]["nodes"][0] == {"title": "乙", "actions": [{"name": "open"}, {"name": "close"}]}
    assert answer["a"] == [{"name": "东"}]


async def test_nodes_come_in_the_order_asked_and_null_where_there_is_none(
    mini_pool: Pool, service: ReadService
) -> None:
    text = "query ($ids: [ID!]!) { nodes(ids: $ids) { __typename id ... on Area { name } ... on Permit { title } } }"
    ids = [f"Permit:330902:{SECOND}", "Area::E", f"Permit:330902:{UUID(int=9)}", f"Permit:330902:{FIRST}", "Area::E"]
    found = data(await service.execute(text, context(mini_pool), {"ids": ids}))["nodes"]
    assert [row and row["id"] for row in found] == [ids[0], ids[1], None, ids[3], ids[4]]
    assert found[1] == {"__typename": "Area", "id": "Area::E", "name": "东"}
    assert data(await service.execute(text, context(mini_pool), {"ids": []}))["nodes"] == []


async def test_a_mutations_object_is_read_after_it(mini_pool: Pool, service: ReadService) -> None:
    text = f"""mutation {{ first: open(county: 330902, key: "{FIRST}") {{ ...P }} again: open(county: 330902, key: "{FIRST}") {{ ...P }} }}
        fragment P on OpenPayload {{ outcome permit {{ state x: title actions {{ name allowed }} area {{ name }} }} }}"""
    answer = data(await service.execute(text, context(mini_pool)))
    assert answer["first"] == answer["again"]
    assert answer["first"]["permit"] == {
        "state": "OPEN",
        "x": "甲",
        "actions": [{"name": "open", "allowed": False}, {"name": "close", "allowed": True}],
        "area": {"name": "东"},
    }


async def test_a_payloads_object_out_of_sight_is_null(mini_pool: Pool, service: ReadService) -> None:
    text = f'mutation {{ open(county: 330902, key: "{FIRST}") {{ outcome permit {{ state }} }} }}'
    answer = data(await service.execute(text, context(mini_pool, NOBODY)))
    assert answer == {"open": {"outcome": "opened", "permit": None}}


async def test_a_subscription_reads_its_object_at_each_event(mini_pool: Pool, service: ReadService) -> None:
    text = f'subscription {{ opened(county: 330902, key: "{FIRST}") {{ outcome permit {{ title overdue }} }} }}'
    asked = Context(DISPATCHER, datetime(2026, 2, 1, tzinfo=UTC), mini_pool)
    found = [data(outcome)["opened"] async for outcome in service.subscribe(text, asked)]
    assert [event["outcome"] for event in found] == ["first", "second"]
    assert [event["permit"]["overdue"] for event in found] == [False, True]


async def test_a_subscription_is_no_query(mini_pool: Pool, service: ReadService) -> None:
    outcome = await service.execute('subscription { opened(county: 1, key: "1") { outcome } }', context(mini_pool))
    assert code(outcome) == "INVALID_OPERATION"


@pytest.mark.parametrize(("directive", "shows"), [("include", True), ("skip", False)])
async def test_skip_and_include_decide_at_every_request(
    mini_pool: Pool, service: ReadService, directive: str, shows: bool
) -> None:
    text = f"query ($given: Boolean!) {{ areas {{ code ... @{directive}(if: $given) {{ name }} }} }}"
    for _ in range(3):
        shown = await service.execute(text, context(mini_pool), {"given": shows})
        hidden = await service.execute(text, context(mini_pool), {"given": not shows})
        assert data(shown) == {"areas": [{"code": "E", "name": "东"}]}
        assert data(hidden) == {"areas": [{"code": "E"}]}


async def test_names_that_look_like_rows_are_only_names(mini_pool: Pool, service: ReadService) -> None:
    text = "{ p: permits(first: 1) { a: nodes { t1: title p: state row_to_json: score } } }"
    assert data(await service.execute(text, context(mini_pool)))["p"]["a"] == [
        {"t1": "乙", "p": "OPEN", "row_to_json": None}
    ]


def _cursor(values: list[Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(values).encode()).decode().rstrip("=")


REFUSED = [
    ('{ node(id: "garbage") { id } }', "INVALID_ID"),
    ('{ node(id: "Permit:330902:not-a-uuid") { id } }', "INVALID_ID"),
    ('{ node(id: "PageInfo::x") { id } }', "INVALID_ID"),
    ('{ permit(id: "Visit:330902:00000000-0000-0000-0000-000000000001") { id } }', "INVALID_ID"),
    ("{ permits(first: 0) { nodes { id } } }", "INVALID_PAGE"),
    ("{ permits(first: -1) { nodes { id } } }", "INVALID_PAGE"),
    ("{ permits(first: 101) { nodes { id } } }", "INVALID_PAGE"),
    ("{ permits(first: 1000000000) { totalCount } }", "INVALID_PAGE"),
    ("{ permits(last: 0) { nodes { id } } }", "INVALID_PAGE"),
    ("{ permits(last: 101) { pageInfo { hasPreviousPage } } }", "INVALID_PAGE"),
    ("{ permits(first: 1, last: 1) { nodes { id } } }", "INVALID_PAGE"),
    ('{ permits(last: 1, before: "garbage") { nodes { id } } }', "INVALID_CURSOR"),
    (
        f'{{ permits(after: "{_cursor(["Query.permits:NEWEST", None, FIRST])}") {{ nodes {{ id }} }} }}',
        "INVALID_CURSOR",
    ),
    (f'{{ permits(after: "{_cursor(["Query.permits:NEWEST", 1, 2])}") {{ nodes {{ id }} }} }}', "INVALID_CURSOR"),
    ("{ permits(filter: {states: null}) { nodes { id } } }", "INVALID_INPUT"),
    ("{ permitCounts(groupBy: [STATE], filter: {state: null}) { count } }", "INVALID_INPUT"),
    (f'{{ permits(filter: {{text: "{"长" * 201}"}}) {{ nodes {{ id }} }} }}', "INVALID_INPUT"),
    ('{ permits(after: "garbage") { nodes { id } } }', "INVALID_CURSOR"),
    ("{ permits(filter: {state: null}) { nodes { id } } }", "INVALID_INPUT"),
    ('{ permits(filter: {state: "\\u0000"}) { nodes { id } } }', "INVALID_INPUT"),
    ('{ permits(filter: {text: "。"}) { nodes { id } } }', "INVALID_INPUT"),
    ('{ permits(filter: {owner: "not-a-uuid"}) { nodes { id } } }', "INVALID_INPUT"),
]


@pytest.mark.parametrize(("text", "expected"), REFUSED)
async def test_what_cannot_be_used_is_a_typed_client_error(
    mini_pool: Pool, service: ReadService, text: str, expected: str
) -> None:
    assert code(await service.execute(text, context(mini_pool))) == expected


async def test_a_cursor_of_another_ordering_or_list_is_refused(mini_pool: Pool, service: ReadService) -> None:
    first = data(await service.execute("{ permits { pageInfo { endCursor } } }", context(mini_pool)))
    variables = {"after": first["permits"]["pageInfo"]["endCursor"]}
    for field in (
        "permits(orderBy: DUE, after: $after)", "permits(orderBy: DUE, last: 1, before: $after)", "visits(after: $after)",
    ):  # fmt: skip
        text = f"query ($after: String) {{ {field} {{ nodes {{ id }} }} }}"
        assert code(await service.execute(text, context(mini_pool), variables)) == "INVALID_CURSOR"


async def test_the_operation_must_be_named_when_there_are_several(mini_pool: Pool, service: ReadService) -> None:
    text = "query A { areas { code } } query B { areas { name } }"
    assert code(await service.execute(text, context(mini_pool))) == "INVALID_OPERATION"
    assert code(await service.execute(text, context(mini_pool), name="C")) == "INVALID_OPERATION"
    assert data(await service.execute(text, context(mini_pool), name="B")) == {"areas": [{"name": "东"}]}


@pytest.mark.parametrize(
    ("text", "variables", "stage"),
    [
        ("{", {}, "parse"),
        ("{ nothing }", {}, "validate"),
        ("query ($first: Int) { permits(first: $first) { totalCount } }", {"first": "x"}, "variables"),
    ],
)
async def test_a_refusal_says_how_far_the_request_came(
    mini_pool: Pool, service: ReadService, text: str, variables: dict[str, Any], stage: str
) -> None:
    outcome = await service.execute(text, context(mini_pool), variables)
    assert (outcome.data, outcome.stage) == (None, stage)


async def test_a_plan_is_kept_at_its_second_use_and_shared_by_viewers_of_a_shape(
    mini_pool: Pool, service: ReadService
) -> None:
    text = "query ($f: PermitFilter) { permits(filter: $f) { nodes { title } } }"
    other = Viewer("other", "示", (Grant(Role.STREET_DISPATCHER, "330902009000"),))
    kept = []
    for viewer, state in ((DISPATCHER, "OPEN"), (DISPATCHER, "DRAFT"), (other, "OPEN"), (DISPATCHER, "OPEN")):
        answer = data(await service.execute(text, context(mini_pool, viewer), {"f": {"state": state}}))
        kept.append((len(service.plans.kept), service.plans.kept.hits, len(answer["permits"]["nodes"])))
    assert kept == [(0, 0, 1), (1, 0, 1), (1, 1, 0), (1, 2, 1)]


async def test_the_kind_of_a_value_decides_the_statement_at_every_request(
    mini_pool: Pool, service: ReadService
) -> None:
    text = "query ($f: PermitFilter) { permits(filter: $f) { nodes { title } } }"
    kept = []
    for place in ("E", "W", "33", "34", "E", "33"):
        answer = data(await service.execute(text, context(mini_pool), {"f": {"place": place}}))
        kept.append((len(service.plans.kept), service.plans.kept.hits, len(answer["permits"]["nodes"])))
    assert kept == [(0, 0, 2), (1, 0, 0), (2, 0, 2), (2, 1, 0), (2, 2, 2), (2, 3, 2)]


@pytest.mark.parametrize("times", [1, 2, 3])
async def test_what_is_of_no_kind_is_refused_at_every_request(
    mini_pool: Pool, service: ReadService, times: int
) -> None:
    text = "query ($f: PermitFilter) { permits(filter: $f) { nodes { title } } }"
    for _ in range(times - 1):
        data(await service.execute(text, context(mini_pool), {"f": {"place": "E"}}))
    assert code(await service.execute(text, context(mini_pool), {"f": {"place": "?"}})) == "INVALID_INPUT"


async def test_a_variable_inside_an_input_object_may_be_absent(mini_pool: Pool, service: ReadService) -> None:
    text = "query ($s: String, $t: [String!]) { permits(filter: {state: $s, states: $t}) { nodes { title } } }"
    assert len(data(await service.execute(text, context(mini_pool)))["permits"]["nodes"]) == 2
    assert len(data(await service.execute(text, context(mini_pool), {"s": "OPEN"}))["permits"]["nodes"]) == 1
    assert len(data(await service.execute(text, context(mini_pool), {"t": []}))["permits"]["nodes"]) == 0
    assert len(data(await service.execute(text, context(mini_pool), {"t": ["OPEN", "DRAFT"]}))["permits"]["nodes"]) == 2


async def test_given_nulls_for_paging_mean_nothing(mini_pool: Pool, service: ReadService) -> None:
    text = "query ($a: String, $f: PermitFilter, $n: Int) { permits(after: $a, filter: $f, first: $n) { totalCount nodes { id } } }"
    answer = data(await service.execute(text, context(mini_pool), {"a": None, "f": None, "n": None}))
    assert answer["permits"]["totalCount"] == len(answer["permits"]["nodes"]) == 2


async def test_one_list_under_two_names_has_its_own_arguments(mini_pool: Pool, service: ReadService) -> None:
    text = """query ($a: String) { x: permits(filter: {state: $a}) { nodes { title } } y: permits(filter: {state: "OPEN"}, last: 1)
      { nodes { title } } z: permits(filter: {states: []}) { totalCount nodes { title } }
      permitByTitle(title: "甲") { v: visits { id } p: ratedVisits(first: 1) { totalCount } q: ratedVisits(last: 2) { totalCount } } }"""
    answer = data(await service.execute(text, context(mini_pool), {"a": "DRAFT"}))
    assert [answer[key]["nodes"] for key in "xyz"] == [[{"title": "甲"}], [{"title": "乙"}], []]
    assert answer["permitByTitle"] == {"v": [], "p": {"totalCount": 0}, "q": {"totalCount": 0}}


async def test_many_root_fields_and_many_fields_are_answered_or_refused(mini_pool: Pool, service: ReadService) -> None:
    """The HTTP gate allows 30 root fields; the compiler itself has no trouble with more."""
    roots = " ".join(f"r{number}: permits(first: {number % 100 + 1}) {{ totalCount }}" for number in range(60))
    answer = data(await service.execute(f"{{ {roots} }}", context(mini_pool)))
    assert list(answer.values()) == [{"totalCount": 2}] * 60
    fields = " ".join(["title", "state"] * 1_000)
    outcome = await service.execute(f"{{ permits(first: 1) {{ nodes {{ {fields} }} }} }}", context(mini_pool))
    assert (outcome.data, outcome.stage) == (None, "validate")  # comparing them all would take too long
    aliases = " ".join(f"a{number}: title" for number in range(1_250))
    answer = data(await service.execute(f"{{ permits(first: 1) {{ nodes {{ {aliases} }} }} }}", context(mini_pool)))
    assert len(answer["permits"]["nodes"][0]) == 1_250


async def test_groups_in_a_variable_decide_the_statement_at_every_request(
    mini_pool: Pool, service: ReadService
) -> None:
    text = "query ($by: [PermitGroup!]!) { permitCounts(groupBy: $by) { count state area { name } } }"
    by_state = [{"count": 1, "state": state, "area": None} for state in ("DRAFT", "OPEN")]
    for _ in range(3):
        for groups, expected in (
            (["STATE"], by_state),
            (["AREA"], [{"count": 2, "state": None, "area": {"name": "东"}}]),
            ([], [{"count": 2, "state": None, "area": None}]),
        ):
            assert data(await service.execute(text, context(mini_pool), {"by": groups}))["permitCounts"] == expected
        nobody = await service.execute(text, context(mini_pool, NOBODY), {"by": ["STATE"]})
        assert data(nobody)["permitCounts"] == []


async def test_every_type_is_a_node_under_an_interface(mini_pool: Pool, service: ReadService) -> None:
    text = """query ($ids: [ID!]!) { nodes(ids: $ids) { ...N ... on Node { id } ... on Permit { title } ... on Area { name } } }
      fragment N on Node { __typename ... on Permit { area { ... on Node { __typename } } } }"""
    ids = [f"Permit:330902:{FIRST}", "Area::E"]
    assert data(await service.execute(text, context(mini_pool), {"ids": ids}))["nodes"] == [
        {"__typename": "Permit", "id": ids[0], "title": "甲", "area": {"__typename": "Area"}},
        {"__typename": "Area", "id": ids[1], "name": "东"},
    ]
