"""What an operation costs, estimated before it runs from the @cost and @listSize of the schema and the sizes asked for.

The IBM GraphQL cost specification: an object costs 1, a leaf nothing, unless @cost says otherwise; what stands below a list is
counted as often as the list has items. Fragments are counted once for each size, so the work is linear in the document.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from graphql import (
    FieldNode,
    FragmentSpreadNode,
    GraphQLField,
    GraphQLNamedType,
    GraphQLSchema,
    InlineFragmentNode,
    IntValueNode,
    OperationDefinitionNode,
    SelectionSetNode,
    ValueNode,
    VariableNode,
    get_named_type,
    is_leaf_type,
)

from schema.compiler.catalogue import strawberry_field
from schema.cost_directives import Cost, ListSize
from schema.documents import Document

LARGEST_SIZE = 100
"""What a size is taken for that is no page's: it will be refused."""
REMEMBERED = 200
"""Costs that are remembered of an operation, by the sizes asked for."""

Sizes = tuple[tuple[str, int], ...]
"""How many items the fields below have, by their names."""


@dataclass(frozen=True)
class FieldCost:
    """What a field costs, and each of its items; and which arguments say how many items it, or its sized fields, have."""

    weight: int
    each: int
    size: int = 1
    slicing: tuple[str, ...] = ()
    sized: tuple[str, ...] = ()


@dataclass
class Costs:
    """The costs of a schema's operations; those of its fields are found when they are first asked for."""

    schema: GraphQLSchema
    _fields: dict[tuple[str, str], FieldCost] = field(default_factory=dict)

    def of(self, document: Document, name: str | None, variables: Mapping[str, Any]) -> int:
        """The cost of an operation of a valid document with these variables. Raises Refused as ``Document.operation`` does."""
        operation = document.operation(name)
        known: dict[Any, int] = document.memory.setdefault((Costs, name), {})
        sizes = tuple(_sizes(operation, variables))
        if sizes not in known:
            if len(known) >= REMEMBERED:
                known.clear()
            known[sizes] = _Estimate(self, document, dict(sizes)).operation(operation)
        return known[sizes]

    def field(self, type_: GraphQLNamedType, name: str) -> FieldCost:
        """What a field of a type costs."""
        key = (type_.name, name)
        if key not in self._fields:
            self._fields[key] = _declared(getattr(type_, "fields")[name])  # noqa: B009 - not every named type has fields
        return self._fields[key]


@dataclass
class _Estimate:
    """One estimation; ``known`` holds the costs of fragments by name and the sizes that they stand under."""

    costs: Costs
    document: Document
    variables: Mapping[str, int]
    known: dict[tuple[str, Sizes], int] = field(default_factory=dict)

    def operation(self, operation: OperationDefinitionNode) -> int:
        """The cost of the whole operation."""
        root = self.costs.schema.get_root_type(operation.operation)
        assert root is not None, "the document is valid"
        return self.selections(operation.selection_set, root, ())

    def selections(self, selected: SelectionSetNode, type_: GraphQLNamedType, sizes: Sizes) -> int:
        """The cost of what is selected of one object."""
        return sum(self.parts(selected, type_, sizes))

    def parts(self, selected: SelectionSetNode, type_: GraphQLNamedType, sizes: Sizes) -> Iterator[int]:
        """The costs of the parts of a selection; of fragments on several types all are counted."""
        for node in selected.selections:
            if isinstance(node, FieldNode):
                yield self.field(node, type_, sizes)
            elif isinstance(node, InlineFragmentNode):
                inner = self.named(node.type_condition.name.value) if node.type_condition else type_
                yield self.selections(node.selection_set, inner, sizes)
            elif isinstance(node, FragmentSpreadNode):
                yield self.fragment(node.name.value, sizes)

    def fragment(self, name: str, sizes: Sizes) -> int:
        """The cost of a named fragment, counted once for the sizes that it stands under."""
        if (name, sizes) not in self.known:
            found = self.document.fragments[name]
            inner = self.named(found.type_condition.name.value)
            self.known[name, sizes] = self.selections(found.selection_set, inner, sizes)
        return self.known[name, sizes]

    def named(self, name: str) -> GraphQLNamedType:
        """The type with a name."""
        found = self.costs.schema.get_type(name)
        assert found is not None, "the document is valid"
        return found

    def field(self, node: FieldNode, type_: GraphQLNamedType, sizes: Sizes) -> int:
        """The cost of a field with what stands below it, for all of its items."""
        name = node.name.value
        if name.startswith("__"):
            return 0
        cost = self.costs.field(type_, name)
        size = dict(sizes).get(name) or self.asked(node, cost)
        below = 0
        if node.selection_set is not None:
            inner = get_named_type(getattr(type_, "fields")[name].type)  # noqa: B009
            below = self.selections(node.selection_set, inner, tuple((one, size) for one in cost.sized))
        return cost.weight + (cost.each + below) * (1 if cost.sized else size)

    def asked(self, node: FieldNode, cost: FieldCost) -> int:
        """The largest of the sizes that are asked for, else the assumed one."""
        given = (argument.value for argument in node.arguments or () if argument.name.value in cost.slicing)
        return max((size for each in given if (size := self.value(each)) is not None), default=cost.size)

    def value(self, node: ValueNode) -> int | None:
        """The size that an argument says; None where it says none."""
        if isinstance(node, VariableNode):
            return self.variables.get(node.name.value)
        return _size(int(node.value)) if isinstance(node, IntValueNode) else None


def _sizes(operation: OperationDefinitionNode, variables: Mapping[str, Any]) -> Iterator[tuple[str, int]]:
    """The integers among the variables, which may be sizes, and those that stand in the document as defaults."""
    for definition in operation.variable_definitions or ():
        name, default = definition.variable.name.value, definition.default_value
        given = int(default.value) if isinstance(default, IntValueNode) else None
        if (size := _size(variables.get(name, given))) is not None:
            yield name, size


def _size(given: Any) -> int | None:
    if not isinstance(given, int) or isinstance(given, bool):
        return None
    return given if 1 <= given <= LARGEST_SIZE else LARGEST_SIZE


def _declared(definition: GraphQLField) -> FieldCost:
    """What a field's directives say."""
    found = strawberry_field(definition)
    directives = found.directives if found else ()
    weight = sum(int(one.weight) for one in directives if isinstance(one, Cost))
    each = 0 if is_leaf_type(get_named_type(definition.type)) else 1
    size = next((one for one in directives if isinstance(one, ListSize)), None)
    if size is None:
        return FieldCost(weight, each)
    slicing, sized = (tuple(names or ()) for names in (size.slicing_arguments, size.sized_fields))
    return FieldCost(weight, each, size.assumed_size or 1, slicing, sized)
