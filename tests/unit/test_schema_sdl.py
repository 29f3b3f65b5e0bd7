"""The schema as clients see it: its committed text, its descriptions, its nullability, its mutations' answers."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLUnionType,
    get_named_type,
    is_introspection_type,
    is_non_null_type,
    is_specified_scalar_type,
)

import schema
from schema.actions import MUTATIONS
from schema.compiler.catalogue import catalogue_of
from schema.faults import mapping_faults
from schema.schema import build_schema, sdl
from shaodao.domain.rules import RULES

COMMITTED = Path(str(schema.__path__[0])) / "schema.graphql"
PROBLEMS = {"InvalidInput", "NotFound", "NotPermitted", "StateConflict", "IdempotencyConflict", "RateLimited"}
NO_COMMAND = {"moveDemoClock"}
"""Moving the demonstration's clock is no command: it has no outcome and no place in the feed."""
NEVER_REPEATED = {"revealPersonalData"}


@pytest.fixture(scope="module")
def graphql() -> GraphQLSchema:
    return build_schema()._schema


def mutations(graphql: GraphQLSchema) -> dict[str, Any]:
    """The mutations that run commands, by name."""
    root = graphql.mutation_type
    assert root is not None
    return {name: field for name, field in root.fields.items() if name not in NO_COMMAND}


def test_the_committed_text_is_the_schema() -> None:
    assert COMMITTED.read_text(encoding="utf-8") == sdl(), "run: make schema"


def test_the_mapping_has_no_faults(graphql: GraphQLSchema) -> None:
    """Among them: every ``one`` whose target may be hidden from the viewer is nullable."""
    assert mapping_faults(catalogue_of(graphql, RULES)) == []


def test_every_mutation_answers_with_a_payload_or_any_problem(graphql: GraphQLSchema) -> None:
    for name, field in mutations(graphql).items():
        assert is_non_null_type(field.type), name
        union = get_named_type(field.type)
        assert isinstance(union, GraphQLUnionType), name
        assert union.name == f"{name[0].upper()}{name[1:]}Result"
        members = {member.name: member for member in union.types}
        assert members.keys() >= PROBLEMS, name
        (payload,) = (members[other] for other in members.keys() - PROBLEMS)
        assert str(payload.fields["cursor"].type) == "String!", name
        if payload.name != "BulkPayload":  # each of its results has one
            assert str(payload.fields["outcome"].type) == "CommittedOutcome!", name


def test_every_mutation_takes_one_input_with_an_idempotency_key(graphql: GraphQLSchema) -> None:
    for name, field in mutations(graphql).items():
        assert list(field.args) == ["input"], name
        given = get_named_type(field.args["input"].type)
        assert isinstance(given, GraphQLInputObjectType), name
        assert str(given.fields["idempotencyKey"].type) == "String!", name
        on_stored = {"caseId", "whistleId", "assignmentId"} & given.fields.keys()
        if on_stored and name not in NEVER_REPEATED:
            assert str(given.fields["expectedVersion"].type) == "Int", name


def test_every_action_of_the_transition_tables_is_a_mutation(graphql: GraphQLSchema) -> None:
    named = {mutation for machine in MUTATIONS.values() for mutation in machine.values()}
    assert named <= mutations(graphql).keys()


def test_every_stored_object_of_a_payload_is_nullable(graphql: GraphQLSchema) -> None:
    stored = catalogue_of(graphql, RULES).types
    for name, type_ in graphql.type_map.items():
        if isinstance(type_, GraphQLObjectType) and name.endswith(("Payload", "Change", "Call")):
            for field_name, field in type_.fields.items():
                hidden = get_named_type(field.type).name in stored
                assert not (hidden and is_non_null_type(field.type)), f"{name}.{field_name}"


def test_everything_is_described(graphql: GraphQLSchema) -> None:
    assert sorted(_undescribed(graphql)) == []


def _undescribed(graphql: GraphQLSchema) -> Iterator[str]:
    for name, type_ in graphql.type_map.items():
        if is_introspection_type(type_) or is_specified_scalar_type(type_) or type_ is graphql.query_type:
            continue
        if not type_.description:
            yield name
        yield from _undescribed_members(name, type_)


def _undescribed_members(name: str, type_: GraphQLNamedType) -> Iterator[str]:
    if isinstance(type_, GraphQLEnumType):
        yield from (f"{name}.{value}" for value, entry in type_.values.items() if not entry.description)
    if isinstance(type_, GraphQLObjectType | GraphQLInterfaceType):
        for field_name, field in type_.fields.items():
            if not field.description:
                yield f"{name}.{field_name}"
            yield from (f"{name}.{field_name}({at})" for at, given in field.args.items() if not given.description)
    if isinstance(type_, GraphQLInputObjectType):
        yield from (f"{name}.{field_name}" for field_name, field in type_.fields.items() if not field.description)
