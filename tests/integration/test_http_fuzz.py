"""Bodies, query strings and documents out of a generator: whatever comes, it is answered, and never by a failure of ours.

SHAODAO_TEST_FUZZ sets how many of each are tried, by default as many as take a few seconds.
"""

import json
import os
from collections.abc import AsyncIterator, Mapping
from typing import Any, Literal

import httpx
import pytest
import pytest_asyncio
from graphql import (
    GraphQLArgument,
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNamedType,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLType,
    get_named_type,
    is_leaf_type,
)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from schema.schema import build_schema
from shaodao.limits import Limits
from shaodao.postgres.embedded import Cluster
from tests.integration.api_steps import DISPATCHER, Api, copied, opened, settings_of

pytestmark = pytest.mark.asyncio(loop_scope="module")

TRIED = settings(
    max_examples=int(os.environ.get("SHAODAO_TEST_FUZZ", "40")),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],  # a document takes long to draw on a machine that is busy
)
SCHEMA: GraphQLSchema = build_schema()._schema
UNHURRIED = Limits(cost_per_second=0)
ANSWERED = {200, 294, 400, 405, 413, 414, 415, 422}
LEAKED = ("Traceback", "asyncpg", "Exception", "object at 0x", "NoneType", "INTERNAL_ERROR")

TEXT = st.text(max_size=20)
SCALARS = (
    st.none() | st.booleans() | st.integers() | st.floats() | TEXT | st.sampled_from(["Case:990101:x", "2026-11-20"])
)
JSON_VALUES = st.recursive(
    SCALARS, lambda each: st.lists(each, max_size=4) | st.dictionaries(TEXT, each, max_size=4), max_leaves=20
)
MEMBERS = st.sampled_from(["query", "operationName", "variables", "extensions", "id", ""])
QUERY = '{"query": "query ($first: Int) { grids(first: $first) { nodes { code } } }", "variables": {"first": 1}}'


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def api(postgres: Cluster, street_template: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Api]:
    folder = tmp_path_factory.mktemp("data")
    async with copied(postgres, street_template) as dsn, opened(settings_of(dsn, folder, limits=UNHURRIED)) as made:
        yield made


def assert_answered(answer: httpx.Response) -> None:
    assert answer.status_code in ANSWERED, answer.text
    assert answer.json().keys() <= {"data", "errors", "extensions"}
    assert [word for word in LEAKED if word in answer.text] == []


@st.composite
def broken(draw: st.DrawFn) -> bytes:
    """A good body with a few bytes changed, left out or put in."""
    body = bytearray(QUERY.encode())
    for _ in range(draw(st.integers(1, 6))):
        place = draw(st.integers(0, len(body) - 1))
        body[place : place + draw(st.integers(0, 3))] = draw(st.binary(max_size=3))
    return bytes(body)


LIKELY = ["990101001000", "990101001001001", "A02", "CG", "Case:990101:bc14a6d5-ebc7-50c4-9f67-985aa080e5a6", "x", ""]
TIMES = ["2026-11-20", "2026-11-20T10:00:00+08:00", "9999-12-31", "0001-01-01T00:00:00Z"]
NUMBERS = st.integers(-3, 120) | st.sampled_from([2**31 - 1, -(2**31), 2**53, 10**30])
SPOILT = [
    "nonsense",
    "null",
    "$v",
    "...F",
    "@skip(if: 1)",
    "{",
    "}",
    "(",
    '"',
    "@",
    "query",
    "subscription",
    "\\u0000",
    "#",
]


def literal(type_: GraphQLType) -> st.SearchStrategy[str]:
    """Text of a value that the type may have, as far as the schema tells."""
    match type_:
        case GraphQLNonNull():
            return literal(type_.of_type)
        case GraphQLList():
            return st.lists(literal(type_.of_type), max_size=3).map(lambda values: f"[{', '.join(values)}]")
        case GraphQLEnumType():
            return st.sampled_from(sorted(type_.values))
        case GraphQLInputObjectType():
            return arguments(type_.fields).map(lambda text: f"{{{text}}}")
    match getattr(type_, "name", ""):
        case "Boolean":
            return st.sampled_from(["true", "false"])
        case "Int":
            return NUMBERS.map(str)
        case "Float":
            return (NUMBERS | st.floats(allow_nan=False, allow_infinity=False)).map(str)
        case _:
            words = st.sampled_from([*LIKELY, *TIMES]) | st.text(max_size=12)
            return words.map(lambda word: json.dumps(word, ensure_ascii=False))


@st.composite
def arguments(draw: st.DrawFn, declared: Mapping[str, GraphQLArgument | GraphQLInputField]) -> str:
    """Those that must be given, and some of the others."""
    others = [name for name, each in declared.items() if not isinstance(each.type, GraphQLNonNull)]
    wanted = draw(st.lists(st.sampled_from(others), max_size=3, unique=True)) if others else []
    names = [name for name in declared if name in wanted or name not in others]
    return ", ".join(f"{name}: {draw(literal(declared[name].type))}" for name in names)


@st.composite
def selections(draw: st.DrawFn, named: GraphQLNamedType, depth: int) -> str:
    """A valid selection set of a type."""
    if not isinstance(named, GraphQLObjectType | GraphQLInterfaceType):
        return "{ __typename }"
    fields = {name: each for name, each in named.fields.items() if depth or is_leaf_type(get_named_type(each.type))}
    names = draw(st.lists(st.sampled_from(sorted(fields)), min_size=1, max_size=3)) if fields else []
    parts = [draw(selected(f"a{number}: {name}", fields[name], depth)) for number, name in enumerate(names)]
    return f"{{ {' '.join(parts) or '__typename'} }}"


@st.composite
def selected(draw: st.DrawFn, name: str, field: GraphQLField, depth: int) -> str:
    given_values, below = draw(arguments(field.args)), get_named_type(field.type)
    text = name + (f"({given_values})" if given_values else "") + draw(st.sampled_from(["", "", " @include(if: true)"]))
    return text if is_leaf_type(below) else f"{text} {draw(selections(below, max(depth - 1, 0)))}"


@st.composite
def documents(draw: st.DrawFn, kind: Literal["query", "mutation"]) -> str:
    """A valid document, now and then spoilt in one place."""
    root = SCHEMA.query_type if kind == "query" else SCHEMA.mutation_type
    assert root is not None
    text = f"{kind} {draw(selections(root, 4))}"
    if draw(st.integers(0, 3)) < 3:
        return text
    place = draw(st.integers(0, len(text)))
    return text[:place] + draw(st.sampled_from(SPOILT)) + text[place + draw(st.integers(0, 5)) :]


@TRIED
@given(body=st.binary(max_size=200) | broken())
async def test_any_bytes(api: Api, body: bytes) -> None:
    assert_answered(await api.post(body))


@TRIED
@given(value=st.dictionaries(MEMBERS, JSON_VALUES) | JSON_VALUES)
async def test_any_json(api: Api, value: Any) -> None:
    assert_answered(await api.post(json.dumps(value).encode()))


@TRIED
@given(parameters=st.lists(st.tuples(MEMBERS, TEXT | JSON_VALUES.map(json.dumps)), max_size=5))
async def test_any_query_string(api: Api, parameters: list[tuple[str, str]]) -> None:
    named = [(name, value.encode("utf-8", "surrogatepass")) for name, value in parameters]
    assert_answered(await api.client.get("/graphql", params=named, headers=api.headers()))  # type: ignore[arg-type] # bytes are quoted as they are


@pytest.mark.parametrize("who", [DISPATCHER, "CG", "P014"])
@TRIED
@given(document=documents("query"))
async def test_any_query(api: Api, who: str, document: str) -> None:
    assert_answered(await api.ask(document, who=who))


@TRIED
@given(document=documents("mutation"))
async def test_any_mutation(api: Api, document: str) -> None:
    assert_answered(await api.ask(document))
