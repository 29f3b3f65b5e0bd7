"""Identifiers, cursors, bound values and shapes, whatever a client puts into them."""

import base64
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from uuid import UUID

import pytest
from graphql import OperationDefinitionNode, parse
from hypothesis import given
from hypothesis import strategies as st

from schema.compiler.conditions import _after_prefix
from schema.compiler.keyset import Positioned, beyond_predicate
from schema.compiler.parameters import to_postgres
from schema.compiler.shape import variables_shape
from schema.cursors import decode as decode_cursor
from schema.declarations import Term
from schema.errors import ClientError
from schema.ids import GlobalId, decode, decode_as
from schema.lru import Lru
from tests.mini_schema import PermitOrder


class Colour(StrEnum):
    """An enum as inputs bring it."""

    RED = "RED"


@pytest.mark.parametrize(
    "identifier", [GlobalId("Grid", 330902, "330902001001001"), GlobalId("Organization", None, "A:B")]
)
def test_an_identifier_survives_the_round_trip(identifier: GlobalId) -> None:
    assert decode(str(identifier)) == identifier


@given(st.text())
def test_garbage_is_never_more_than_a_client_error(text: str) -> None:
    with suppress(ClientError):
        decode(text)
    with pytest.raises(ClientError) as refusal:
        decode_cursor(text, "list", 2)
    assert refusal.value.code == "INVALID_CURSOR"


@pytest.mark.parametrize("text", ["", "Case", "Case:1:x", "Case:33090２:x", "Case:330902:", ":330902:x"])
def test_what_was_never_given_out_is_refused(text: str) -> None:
    with pytest.raises(ClientError):
        decode(text)


def test_an_identifier_of_another_type_is_refused() -> None:
    with pytest.raises(ClientError):
        decode_as("Visit:330902:x", "Permit", shared=False)
    with pytest.raises(ClientError):
        decode_as("Permit::x", "Permit", shared=False)


def cursor(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def test_a_cursor_gives_its_values_and_null_is_one() -> None:
    assert decode_cursor(cursor('["list", null, "x"]'), "list", 2) == [None, "x"]


@pytest.mark.parametrize("text", ['["other", 1, 2]', '["list", 1]', '{"a": 1}', '["list", [1], 2]', "7", ""])
def test_a_foreign_cursor_is_refused(text: str) -> None:
    with pytest.raises(ClientError) as refusal:
        decode_cursor(cursor(text), "list", 2)
    assert refusal.value.extensions == {"code": "INVALID_CURSOR"}


@pytest.mark.parametrize(
    ("value", "type_name", "expected"),
    [
        (None, "int4", None),
        (Colour.RED, "text", "RED"),
        ("2026-01-02", "date", date(2026, 1, 2)),
        ("00000000-0000-0000-0000-000000000001", "uuid", UUID(int=1)),
        (["1"], "int4[]", [1]),
        ("2026-01-02T00:00:00Z", "timestamptz", datetime(2026, 1, 2, tzinfo=UTC)),
        ({"a": 1}, "jsonb", '{"a":1}'),
        (b"x", "bytea", b"x"),
    ],
)
def test_a_value_becomes_what_postgresql_wants(value: object, type_name: str, expected: object) -> None:
    assert to_postgres(value, type_name) == expected


def test_a_time_without_a_zone_is_shanghais() -> None:
    instant = to_postgres("2026-01-02T08:00:00", "timestamptz")
    assert instant.utcoffset() == timedelta(hours=8)


@pytest.mark.parametrize(
    ("value", "type_name"),
    [
        ("\0", "text"),
        ("\ud800", "text"),
        (1 << 31, "int4"),
        ("x", "uuid"),
        ("x", "date"),
        ("x", "text[]"),
        ("x", "bool"),
    ],
)
def test_a_value_that_does_not_fit_is_refused(value: object, type_name: str) -> None:
    with pytest.raises((ValueError, TypeError)):
        to_postgres(value, type_name)


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1), st.text(st.characters(exclude_categories=["Cs"])))
def test_the_range_of_a_prefix_holds_exactly_what_begins_with_it(prefix: str, text: str) -> None:
    upper = _after_prefix(prefix).encode()
    assert prefix.encode() <= (prefix + text).encode() < upper
    assert (prefix.encode() <= text.encode() < upper) == text.startswith(prefix)


def test_columns_without_nulls_in_one_direction_are_a_row_comparison() -> None:
    columns = [("t.a", Term("a", True, False), "$1"), ("t.id", Term("id", True, False), "$2")]
    assert beyond_predicate([Positioned(*each) for each in columns]) == "(t.a, t.id) < ($1, $2)"
    assert beyond_predicate([Positioned(*each, before=True) for each in columns]) == "(t.a, t.id) > ($1, $2)"


def operation(text: str) -> OperationDefinitionNode:
    node = parse(text).definitions[0]
    assert isinstance(node, OperationDefinitionNode)
    return node


def test_the_shape_of_variables_is_what_decides_the_statement() -> None:
    node = operation("query ($f: F, $flag: Boolean, $order: O, $id: ID!, $first: Int) { x }")
    assert PermitOrder.enum is not None
    base = {"f": {"a": [1]}, "flag": True, "order": PermitOrder.enum("DUE"), "id": "Permit:330902:1", "first": 1}

    def shape(**changes: object) -> object:
        return variables_shape(node, {**base, **changes})

    assert shape() == shape(f={"a": [1, 2, 3]}, first=2, id="Permit:330902:2")
    different = [
        shape(flag=False), shape(order=PermitOrder.enum("BEST")), shape(id="Visit:330902:1"), shape(first=None),
        shape(f={"a": [1], "b": 1}), shape(f={"a": None}), shape(f=None),
    ]  # fmt: skip
    assert len({shape(), *different}) == 8


def test_a_shape_stays_small_whatever_is_given() -> None:
    node = operation("query ($id: ID, $ids: [ID!]) { x }")
    huge = variables_shape(node, {"id": "x" * 100_000, "ids": [f"T{number}:1:1" for number in range(10_000)]})
    assert len(str(huge)) < 200


def test_a_cache_is_bounded_by_number_and_weight() -> None:
    cache: Lru[str] = Lru(3, 10)
    for key, weight in (("a", 4), ("b", 4), ("a", 5), ("c", 1)):
        cache.put(key, key, weight)
    assert (len(cache), cache.get("b")) == (3, "b")
    cache.put("d", "d", 3)
    assert [cache.get(key) for key in "abcd"] == [None, "b", "c", "d"]
    cache.put("e", "e", 11)
    assert len(cache) == 0
