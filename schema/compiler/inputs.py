"""Arguments as the compiler sees them: which are present, and how to read each again for every request.

A list of scalars is one array whatever its length. ``bool`` and orderings may be looked at while compiling, because
the shape of the variables holds their values; of anything else only presence and null may be looked at.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from graphql import (
    FieldNode,
    GraphQLArgument,
    GraphQLField,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLInputType,
    ListValueNode,
    ObjectValueNode,
    Undefined,
    ValueNode,
    VariableNode,
    get_nullable_type,
    is_list_type,
    value_from_ast,
)

from schema.compiler.parameters import Binding
from schema.errors import invalid_input

Variables = Mapping[str, Any]


@dataclass(frozen=True)
class Input:
    """A given value: its name for errors, its type and definition, the value now, and how to read it later."""

    label: str
    definition: GraphQLArgument | GraphQLInputField
    value: Any
    read: Callable[[Variables], Any]

    @property
    def null(self) -> bool:
        """Whether null was given."""
        return self.value is None

    def slot(self, binding: Binding) -> Any:
        """The value of a request, for a parameter."""
        return self.read(binding.variables)

    def fields(self) -> dict[str, "Input"]:
        """The given fields of an input object by GraphQL name."""
        type_ = get_nullable_type(self.definition.type)
        assert isinstance(type_, GraphQLInputObjectType)
        return {name: self._field(name, type_.fields[name]) for name in type_.fields if name in self.value}

    def _field(self, name: str, definition: GraphQLInputField) -> "Input":
        return Input(f"{self.label}.{name}", definition, self.value[name], lambda variables: self.read(variables)[name])


def given_arguments(field: GraphQLField, node: FieldNode, variables: Variables) -> dict[str, Input]:
    """The arguments that have a value or an explicit null, by GraphQL name; defaults count as given."""
    nodes = {argument.name.value: argument.value for argument in node.arguments or ()}
    found = {}
    for name, definition in field.args.items():
        read = _reader(nodes[name], definition.type) if name in nodes else None
        value = read(variables) if read else Undefined
        if value is Undefined:
            if definition.default_value is Undefined:
                continue
            value, read = definition.default_value, _constant(definition.default_value)
        if read is not None:
            found[name] = Input(name, definition, value, read)
    return found


def _constant(value: Any) -> Callable[[Variables], Any]:
    return lambda _: value


def _reader(node: ValueNode, type_: GraphQLInputType) -> Callable[[Variables], Any]:
    """How to read a literal or a variable; gives Undefined for an absent variable."""
    if isinstance(node, VariableNode):
        name = node.name.value
        return lambda variables: variables.get(name, Undefined)
    inner = get_nullable_type(type_)
    if isinstance(node, ObjectValueNode) and isinstance(inner, GraphQLInputObjectType) and _has_variable(node):
        return _object_reader(node, inner)
    if isinstance(node, ListValueNode) and is_list_type(inner) and _has_variable(node):
        items = [_reader(item, inner.of_type) for item in node.values]
        return lambda variables: [_null_if_absent(item(variables)) for item in items]
    value = value_from_ast(node, type_)
    if value is Undefined:
        raise invalid_input(getattr(node, "value", "") or "value", "值无效", "not a valid value")
    return _constant(value)


def _object_reader(node: ObjectValueNode, type_: GraphQLInputObjectType) -> Callable[[Variables], Any]:
    readers = {entry.name.value: _reader(entry.value, type_.fields[entry.name.value].type) for entry in node.fields}

    def read(variables: Variables) -> dict[str, Any]:
        values = {name: reader(variables) for name, reader in readers.items()}
        return {name: value for name, value in values.items() if value is not Undefined}

    return read


def _null_if_absent(value: Any) -> Any:
    return None if value is Undefined else value


def _has_variable(node: ValueNode) -> bool:
    if isinstance(node, ObjectValueNode):
        return any(_has_variable(entry.value) for entry in node.fields)
    if isinstance(node, ListValueNode):
        return any(_has_variable(item) for item in node.values)
    return isinstance(node, VariableNode)
