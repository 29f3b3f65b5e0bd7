"""What operations cost: by the directives of the schema and the sizes asked for, in work that is linear in the document."""

from typing import Any

import pytest
from graphql import GraphQLSchema, parse

from api.costs import LARGEST_SIZE, Costs
from api.operations import operation_files
from schema.cost_directives import COMMAND, COUNTED, PAGE_SIZE, PARTS, SMALL_TABLE
from schema.documents import Document, Refused, document_of
from schema.schema import build_schema


@pytest.fixture(scope="module")
def schema() -> GraphQLSchema:
    return build_schema()._schema


def document(text: str) -> Document:
    return document_of(text, parse(text))


def cost(schema: GraphQLSchema, text: str, name: str | None = None, **variables: Any) -> int:
    return Costs(schema).of(document(text), name, variables)


CASES = "query ($n: Int{}) {{ cases(first: $n) {{ nodes {{ number }} }} }}"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{ serverTime __typename }", 0),
        ("{ viewer { name login } }", 1),
        ('{ case(number: "1") { number grid { code worker { name } } } }', 3),
        ("{ cases { nodes { number } } }", 1 + PAGE_SIZE),
        ("{ cases(first: 7) { nodes { number grid { code } } } }", 1 + 7 * 2),
        ("{ cases(last: 7) { edges { cursor node { number } } } }", 1 + 7 * 2),
        ("{ cases(first: 7) { totalCount pageInfo { endCursor } } }", 1 + COUNTED + 1),
        ("{ cases(first: 2) { nodes { assignments { organization { code } } } } }", 1 + 2 * (1 + PARTS * 2)),
        ("{ cases(first: 2) { nodes { history(first: 9) { nodes { text } } } } }", 1 + 2 * (1 + 1 + 9)),
        ("{ categories { code } }", SMALL_TABLE),
        ("{ caseCounts(groupBy: [STATE]) { count street { code } } }", COUNTED + SMALL_TABLE * 2),
        ("mutation { a: __typename }", 0),
        ("{ __schema { types { name } } }", 0),
        ("{ a: cases(first: 1) { nodes { id } } b: cases(first: 2) { nodes { id } } }", 2 + 3),
        ('{ node(id: "x") { id ... on Case { grid { code } } ... on Grid { worker { name } } } }', 1 + 1 + 1),
    ],
)
def test_an_operation_costs_what_its_objects_and_lists_are(schema: GraphQLSchema, text: str, expected: int) -> None:
    assert cost(schema, text) == expected


@pytest.mark.parametrize(
    ("default", "variables", "size"),
    [
        ("", {"n": 3}, 3),
        ("", {}, PAGE_SIZE),
        ("", {"n": None}, PAGE_SIZE),
        (" = 30", {}, 30),
        (" = 30", {"n": 4}, 4),
        (" = 30", {"n": None}, PAGE_SIZE),
        ("", {"n": 10**9}, LARGEST_SIZE),
        ("", {"n": -1}, LARGEST_SIZE),
        ("", {"n": True}, PAGE_SIZE),
        ("", {"n": ["x"]}, PAGE_SIZE),
    ],
)
def test_a_size_may_come_with_the_variables(
    schema: GraphQLSchema, default: str, variables: dict[str, Any], size: int
) -> None:
    assert cost(schema, CASES.format(default), **variables) == 1 + size


def test_a_size_is_looked_at_in_every_request(schema: GraphQLSchema) -> None:
    costs, asked = Costs(schema), document(CASES.format(""))
    assert [costs.of(asked, None, {"n": n}) for n in (5, 6, 5)] == [6, 7, 6]


def test_a_command_costs_more_than_its_answer(schema: GraphQLSchema) -> None:
    text = "mutation ($i: AcceptCaseInput!) { acceptCase(input: $i) { ... on CasePayload { case { number } } } }"
    assert cost(schema, text) == COMMAND + 1 + 1


def test_fragments_that_double_sixty_times_are_counted_once_each(schema: GraphQLSchema) -> None:
    chain = " ".join(f"fragment F{n} on Case {{ ...F{n + 1} ...F{n + 1} }}" for n in range(60))
    text = f'{{ case(number: "1") {{ ...F0 }} }} {chain} fragment F60 on Case {{ grid {{ code }} }}'
    assert cost(schema, text) == 1 + 2**60


def test_the_operation_must_be_named_among_several(schema: GraphQLSchema) -> None:
    text = "query A { viewer { name } } query B { cases { nodes { id } } }"
    assert (cost(schema, text, "A"), cost(schema, text, "B")) == (1, 1 + PAGE_SIZE)
    with pytest.raises(Refused):
        cost(schema, text)


def test_the_operations_of_the_documentation_cost_far_less_than_the_limit(schema: GraphQLSchema) -> None:
    costs = Costs(schema)
    for file in operation_files():
        assert costs.of(document(file.document), None, file.variables) < 1_000, file.name
