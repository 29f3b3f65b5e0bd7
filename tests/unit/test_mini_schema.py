"""The mini schema has one of everything, so that the differential test speaks of all that the compiler can be asked."""

from collections.abc import Iterator
from typing import Any, get_args

import pytest
from graphql import GraphQLField, GraphQLInputObjectType, GraphQLObjectType, is_union_type

from schema.compiler.catalogue import Catalogue, MappedType, catalogue_of, condition_of, declaration_of
from schema.declarations import (
    NOWHERE,
    Condition,
    Counts,
    Declaration,
    Derived,
    Exists,
    Fragment,
    Many,
    Operator,
    Page,
    RowDeclaration,
    Seen,
    Single,
    Where,
)
from shaodao.domain import permissions
from shaodao.domain.vocabulary import Role
from tests.mini_documents import FILTERS, LEAVES, LINKS, OTHERS
from tests.mini_rules import RULES
from tests.mini_schema import mini_schema
from tests.mini_worlds import GRANTS
from tests.row_rules import parts_of


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return catalogue_of(mini_schema()._schema, RULES)


def fields(catalogue: Catalogue) -> Iterator[tuple[GraphQLObjectType, GraphQLField]]:
    """Every field of every object type but the executor's own."""
    for name, type_ in catalogue.schema.type_map.items():
        if isinstance(type_, GraphQLObjectType) and not name.startswith("__"):
            yield from ((type_, field) for field in type_.fields.values())


def declarations(catalogue: Catalogue) -> list[Declaration]:
    """What every field declares, on rows and at the root."""
    return [found for _, field in fields(catalogue) if (found := declaration_of(field)) is not None]


def conditions(catalogue: Catalogue) -> list[Condition]:
    """The condition of every argument and of every field of a filter, and those inside them."""
    inputs = (type_ for type_ in catalogue.schema.type_map.values() if isinstance(type_, GraphQLInputObjectType))
    found = [condition_of(field) for type_ in inputs for field in type_.fields.values()]
    for declaration in declarations(catalogue):
        if isinstance(declaration, Many | Page | Single | Counts):
            found += [argument.condition for argument in declaration.arguments.values()]
    outer = [condition for condition in found if condition is not None]
    return [*outer, *(condition.condition for condition in outer if isinstance(condition, Seen))]


def kinds(found: list[Any]) -> set[type]:
    return {type(each) for each in found}


def test_every_kind_of_declaration_occurs(catalogue: Catalogue) -> None:
    assert set(get_args(Declaration)) - kinds(declarations(catalogue)) == set()


def test_every_kind_of_declaration_on_a_row_is_hidden_by_a_rule_somewhere(catalogue: Catalogue) -> None:
    hidden = [found for found in declarations(catalogue) if getattr(found, "visible", None) is not None]
    assert set(get_args(RowDeclaration)) - kinds(hidden) == set()


def test_every_kind_of_condition_and_every_operator_occurs(catalogue: Catalogue) -> None:
    found = conditions(catalogue)
    assert set(get_args(Condition)) - kinds(found) == set()
    compared = {condition.operator for condition in found if isinstance(condition, Where)}
    assert set(get_args(Operator)) - compared == set()
    assert any(condition.nullable for condition in found if isinstance(condition, Where))
    assert {condition.bind is None for condition in found if isinstance(condition, Fragment)} == {True, False}
    assert {"eq", "gte"} <= {condition.operator for condition in found if isinstance(condition, Exists)}


def test_lists_of_every_form_occur(catalogue: Catalogue) -> None:
    """In a row and at the root: with a filter, with arguments, with a condition of their own, in several orderings."""
    lists = [found for found in declarations(catalogue) if isinstance(found, Many | Page)]
    for kind in (Many, Page):
        here = [each for each in lists if isinstance(each, kind)]
        assert {bool(each.on) for each in here} == {True, False}
        assert {each.where is not None for each in here} == {True, False}
    terms = [term for each in lists if isinstance(each, Page) for order in each.orders.terms.values() for term in order]
    assert {(term.descending, term.nullable) for term in terms} == {
        (a, b) for a in (True, False) for b in (True, False)
    }
    assert any(len(each.orders.terms) > 1 and each.on for each in lists if isinstance(each, Page))
    assert any(each.arguments for each in lists)
    assert any("filter" in field.args and "orderBy" in field.args for _, field in fields(catalogue))
    assert any(field.args for _, field in fields(catalogue) if isinstance(declaration_of(field), Derived))


def test_groups_of_every_form_occur(catalogue: Catalogue) -> None:
    [counts] = [found for found in declarations(catalogue) if isinstance(found, Counts)]
    groups = counts.groups.groups.values()
    assert {group.sql is not None for group in groups} == {True, False}
    assert {group.through is not None and group.through.where is not None for group in groups} == {True, False}


def test_tables_of_every_form_occur(catalogue: Catalogue) -> None:
    tables: list[MappedType] = list(catalogue.types.values())
    assert {mapped.table.shared for mapped in tables} == {True, False}
    assert {len(mapped.table.key) for mapped in tables} == {0, 1, 2}
    assert any(mapped.table.name == NOWHERE for mapped in tables)
    assert any(mapped.table.scope["STREET"] != "street_code" for mapped in tables)
    stored = {mapped.type for mapped in tables}
    unions = [type_ for type_ in catalogue.schema.type_map.values() if is_union_type(type_)]
    assert any(stored >= set(union.types) for union in unions)


def test_every_kind_of_rule_and_every_subject_occurs() -> None:
    found = [part for rule in RULES.values() for condition in rule.values() for part in parts_of(condition)]
    assert set(get_args(permissions.Condition)) - kinds(list(found)) == set()
    mine = {part.subject for part in found if isinstance(part, permissions.Mine)}
    assert set(permissions.Subject) - mine == set()


def test_every_role_and_every_level_asks() -> None:
    """A role that is added to the vocabulary fails here until somebody asks with it."""
    grants = [grant for each in GRANTS.values() for grant in each]
    assert set(Role) - {grant.role for grant in grants} == set()
    assert set(get_args(permissions.Level)) - {grant.level for grant in grants} == set()
    mixtures = [{grant.role for grant in each} for each in GRANTS.values() if len({grant.role for grant in each}) > 1]
    assert len(mixtures) > 4
    assert any(len({grant.level for grant in each}) > 1 for each in GRANTS.values())


def test_the_random_documents_can_ask_for_all_of_it(catalogue: Catalogue) -> None:
    """Fields are taken from the schema; arguments and fields of filters must have values to be asked with."""
    asked = {*LEAVES, *LINKS}
    assert set(catalogue.types) - asked == set()
    named = {
        "id",
        "ids",
        "identifier",
        "name",
        "title",
        "groupBy",
        "first",
        "last",
        "after",
        "before",
        "orderBy",
        "filter",
    }
    given = {
        name
        for type_, field in fields(catalogue)
        if type_.name not in ("Mutation", "Subscription")
        for name in field.args
    }
    assert given - named - set(OTHERS) == set()
    for name, asked_of in FILTERS.items():
        filter_type = catalogue.schema.type_map[name]
        assert isinstance(filter_type, GraphQLInputObjectType)
        assert set(filter_type.fields) == set(asked_of)
