"""Building the inputs of mutations: Strawberry finds out anew for every request how each field is converted; here it is once."""

from collections.abc import Callable, Mapping
from dataclasses import MISSING
from typing import Any, TypeAlias, cast

from strawberry import Schema
from strawberry.types.arguments import InputContext
from strawberry.types.base import (
    StrawberryList,
    StrawberryMaybe,
    StrawberryObjectDefinition,
    StrawberryOptional,
    has_object_definition,
)
from strawberry.types.enum import StrawberryEnumDefinition, has_enum_definition
from strawberry.types.field import StrawberryField

Convert: TypeAlias = Callable[[Any, InputContext, str], Any]
"""Makes a value that graphql-core has coerced what the field holds; the last argument is the field's name in GraphQL."""


def prepare_inputs(schema: Schema) -> None:
    """Let every input type of the schema be built by a plan of its fields."""
    for known in schema.schema_converter.type_map.values():
        definition = known.definition
        if isinstance(definition, StrawberryObjectDefinition) and definition.is_input and definition.from_input is None:
            definition.from_input = _builder(schema, definition)


def _builder(
    schema: Schema, definition: StrawberryObjectDefinition
) -> Callable[[type, Mapping[str, Any], InputContext], Any]:
    absent = {field.python_name: None for field in definition.fields if _has_no_default(field)}
    plan = {
        schema.config.name_converter.from_field(field): (
            field.python_name, _converter(schema, field.resolve_type(type_definition=definition)),
        )
        for field in definition.fields
    }  # fmt: skip

    def build(input_type: type, values: Mapping[str, Any], context: InputContext) -> Any:
        given: dict[str, Any] = dict(absent)
        for name, value in values.items():
            attribute, convert = plan[name]
            given[attribute] = value if convert is None or value is None else convert(value, context, name)
        return input_type(**given)

    return build


def _has_no_default(field: StrawberryField) -> bool:
    return field.default_value is MISSING and field.default_factory is MISSING


def _converter(schema: Schema, type_: Any) -> Convert | None:
    """How values of a type are converted; None: they stay as graphql-core gives them."""
    if isinstance(type_, StrawberryOptional) and not isinstance(type_, StrawberryMaybe):
        return _converter(schema, type_.of_type)
    if isinstance(type_, StrawberryEnumDefinition) or has_enum_definition(type_) or _is_scalar(schema, type_):
        return None
    if isinstance(type_, StrawberryList) and _converter(schema, type_.of_type) is None:
        return _copied  # graphql-core gives the same default to every request
    return lambda value, context, name: context.convert(value, type_, name)


def _is_scalar(schema: Schema, type_: Any) -> bool:
    return not has_object_definition(type_) and type_ in schema.schema_converter.scalar_registry


def _copied(value: Any, _: InputContext, __: str) -> list[Any]:
    return list(cast(list[Any], value))
