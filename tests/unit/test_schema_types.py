"""The schema's types as they are declared: described, bilingual, and with the field's words."""

import re

import pytest
from graphql import GraphQLEnumType, GraphQLInputObjectType, GraphQLObjectType, GraphQLSchema

from schema.dictionary import dictionary
from schema.enumerations import TERMS, enumerations
from schema.errors import ClientError
from schema.schema import build_schema
from schema.types.places import county_range, division_level
from shaodao.domain import case_vocabulary, vocabulary
from shaodao.domain.vocabulary import Term

CHINESE = re.compile(r"[\u4e00-\u9fff]")


@pytest.fixture(scope="module")
def schema() -> GraphQLSchema:
    return build_schema()._schema


def test_every_word_of_the_field_is_an_enumeration() -> None:
    words = [*vars(vocabulary).values(), *vars(case_vocabulary).values()]
    declared = {found for found in words if isinstance(found, type) and issubclass(found, Term)}
    assert declared - {Term} == set(TERMS)


def test_every_value_is_described_in_chinese(schema: GraphQLSchema) -> None:
    for enumeration, labels in enumerations():
        found = schema.type_map.get(enumeration.__name__)
        if isinstance(found, GraphQLEnumType):
            assert [value.description for value in found.values.values()] == list(labels)


def test_every_type_and_field_is_described(schema: GraphQLSchema) -> None:
    bare = [
        f"{name}.{field}" if field else name
        for name, found in schema.type_map.items()
        if isinstance(found, GraphQLObjectType | GraphQLInputObjectType) and not name.startswith("__")
        for field, described in [("", found), *found.fields.items()]
        if not described.description
    ]
    assert bare == []


def test_the_dictionary_tells_every_label() -> None:
    told = {entry.name: entry for entry in dictionary(None)}
    assert [value.label for value in told["CaseState"].values][:2] == ["已登记", "已受理"]
    assert all(
        CHINESE.search(value.label) or value.label == "WGS-84" for entry in told.values() for value in entry.values
    )


def test_an_unknown_enumeration_is_refused() -> None:
    with pytest.raises(ClientError):
        dictionary(["Nothing"])


@pytest.mark.parametrize(
    ("code", "level"),
    [
        ("990101001002", "COMMUNITY"),
        ("990101001000", "STREET"),
        ("990101000000", "COUNTY"),
        ("990100000000", "CITY"),
        ("990000000000", "PROVINCE"),
    ],
)
def test_a_division_is_of_a_level(code: str, level: str) -> None:
    assert division_level(code) == level


@pytest.mark.parametrize("code", ["", "99", "99010100100a", "990101001001001", "９９0101001001"])
def test_what_is_no_division_is_refused(code: str) -> None:
    with pytest.raises(ClientError):
        division_level(code)


def test_a_city_is_a_range_of_counties() -> None:
    assert county_range("990100000000", None) == [990100, 990199]  # type: ignore[arg-type]  # the request does not matter
