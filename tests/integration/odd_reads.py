"""Queries with odd input that are to be answered: what they ask of the street's lists, and nothing that is refused.

``test_reads_odd_input`` asserts their answers, ``test_compiler_plans`` that none is a slow plan.
"""

import json
from collections.abc import Iterator
from itertools import islice

from graphql import (
    GraphQLInputObjectType,
    GraphQLObjectType,
    GraphQLSchema,
    get_named_type,
    get_nullable_type,
    is_leaf_type,
    is_list_type,
    is_required_argument,
)

ROOTS = 30
"""As many root fields as the gate lets through."""
FIELDS = 2_000
"""As many fields."""

WILD_TEXTS = (
    "积水%", "a_b", "50%_off", "it's", '"门牌"', "back\\slash", "100%", "%积水%", "_水", "$1", "{t}", "(路口", "路口 积水",
    "AbC", "没有的字", "水" * 200,
)  # fmt: skip
"""Texts with what LIKE, SQL and our own fragments take for more than letters."""
WILD_CODES = ("%", "_", "'", "A%", "", "\U0010ffff", "A" * 1_000)


def literal(text: str) -> str:
    """A string as GraphQL writes it."""
    return json.dumps(text, ensure_ascii=False)


def of_text(root: str, text: str) -> str:
    """The rows of a list with a text."""
    return f"{{ {root}(filter: {{text: {literal(text)}}}, first: 100) {{ totalCount nodes {{ id }} }} }}"


def list_filters(schema: GraphQLSchema) -> Iterator[tuple[str, str]]:
    """The root lists and the fields of their filters that take a list."""
    query = schema.query_type
    assert query is not None
    for root, field in query.fields.items():
        argument = field.args.get("filter")
        named = get_named_type(argument.type) if argument else None
        if isinstance(named, GraphQLInputObjectType):
            lists = (name for name, entry in named.fields.items() if is_list_type(get_nullable_type(entry.type)))
            yield from ((root, name) for name in lists)


ARGUMENTS = {"assignments": 'organization: "CG", ', "caseCounts": "groupBy: [STATE], "}
SELECTIONS = {"caseCounts": "count state"}


def empty_list(root: str, name: str) -> str:
    """A list whose filter has an empty list."""
    selection = SELECTIONS.get(root, "totalCount nodes { id }")
    return f"{{ {root}({ARGUMENTS.get(root, '')}filter: {{{name}: []}}) {{ {selection} }} }}"


def many_roots(number: int) -> str:
    """Root fields of several sizes, filters and orders, each under its own name."""
    orders = ("NEWEST", "OLDEST", "CHANGED")
    roots = (
        f"r{index}: cases(first: {index % 5 + 1}, orderBy: {orders[index % 3]}, filter: {{open: {('false', 'true')[index % 2]}}})"
        " { nodes { number state } }"
        for index in range(number)
    )
    return f"{{ {' '.join(roots)} }}"


TWICE = """{
  a: cases(first: 2, filter: {open: true}) { nodes { number history(first: 1) { nodes { seq } } h: history(last: 1) { nodes { seq } } } }
  b: cases(last: 2, filter: {open: true}) { nodes { number } }
  c: cases(orderBy: OLDEST, first: 2, filter: {open: true}) { nodes { number } }
  d: cases(first: 2, filter: {open: false}) { nodes { number } }
  viewer { urgent: tasks(first: 1, filter: {actions: [VERIFY]}) { nodes { action } } all: tasks(first: 1) { nodes { action } } }
}"""
"""The same fields under several names with different arguments, at the root and below."""

ABSENT = "{ cases(first: null, last: null, after: null, before: null, filter: null) { totalCount nodes { number } } }"
"""Nulls that say no more than absence does."""


def many_fields(schema: GraphQLSchema, number: int) -> str:
    """So many different fields of cases and of what hangs on them, without aliases."""
    case = schema.type_map["Case"]
    assert isinstance(case, GraphQLObjectType)
    tree = Tree(number - 2)
    nodes = f"nodes {{ {tree.selection(case, 3)} }}"
    last = " totalCount" if tree.left else ""  # an object would take two
    return f"{{ cases(first: 3) {{ {nodes}{last} }} }}"


class Tree:
    """Selects fields until there are enough."""

    def __init__(self, wanted: int) -> None:
        self.left = wanted

    def selection(self, type_: GraphQLObjectType, depth: int) -> str:
        """Leaves first, then what lies deeper."""
        leaves = [name for name, field in type_.fields.items() if is_leaf_type(get_named_type(field.type))]
        found = list(islice(leaves, self.left))
        self.left -= len(found)
        return " ".join((*found, *self.deeper(type_, depth)))

    def deeper(self, type_: GraphQLObjectType, depth: int) -> Iterator[str]:
        """Fields that lead to objects and can be asked for without arguments."""
        for name, field in type_.fields.items():
            named = get_named_type(field.type)
            plain = not any(map(is_required_argument, field.args.values()))
            if depth and plain and self.left > 1 and isinstance(named, GraphQLObjectType) and name != "edges":
                self.left -= 1
                yield f"{name} {{ {self.selection(named, depth - 1)} }}"
