"""Which fields a selection asks for, once fragments, @skip and @include are resolved for a concrete type."""

from collections.abc import Iterable, Iterator

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLObjectType,
    InlineFragmentNode,
    SelectionNode,
    SelectionSetNode,
    VariableNode,
    is_abstract_type,
)
from graphql.language import BooleanValueNode

from schema.compiler.state import Compilation
from schema.errors import ClientError

MAXIMUM_NAME_BYTES = 63
MAXIMUM_COLUMNS = 1_600
Collected = dict[str, tuple[FieldNode, ...]]


def collect(compilation: Compilation, type_: GraphQLObjectType, nodes: Iterable[FieldNode]) -> Collected:
    """The fields under the nodes by response name, in order. Raises ClientError for what PostgreSQL cannot name."""
    return collect_sets(compilation, type_, (node.selection_set for node in nodes if node.selection_set))


def collect_sets(compilation: Compilation, type_: GraphQLObjectType, sets: Iterable[SelectionSetNode]) -> Collected:
    """The fields of selection sets, such as an operation's, as ``collect``."""
    found: dict[str, list[FieldNode]] = {}
    visited: set[str] = set()
    for selections in sets:
        for selected in _flatten(compilation, type_, selections, visited):
            found.setdefault(response_name(selected), []).append(selected)
    _check(found)
    compilation.count_fields(len(found))
    return {name: tuple(selected) for name, selected in found.items()}


def response_name(node: FieldNode) -> str:
    """The key of a field in the answer."""
    return node.alias.value if node.alias else node.name.value


def _check(found: dict[str, list[FieldNode]]) -> None:
    if len(found) > MAXIMUM_COLUMNS:
        raise ClientError("INVALID_SELECTION", "选择的字段过多", f"more than {MAXIMUM_COLUMNS} fields in a selection")
    for name, nodes in found.items():
        if len(name) > MAXIMUM_NAME_BYTES:
            raise ClientError(
                "INVALID_SELECTION", "字段别名过长", f"a response name over {MAXIMUM_NAME_BYTES} bytes", nodes
            )


def _flatten(
    compilation: Compilation, type_: GraphQLObjectType, selections: SelectionSetNode, visited: set[str]
) -> Iterator[FieldNode]:
    for selection in selections.selections:
        if not _included(compilation, selection):
            continue
        if isinstance(selection, FieldNode):
            yield selection
            continue
        fragment = _fragment(compilation, selection, visited)
        if fragment is not None and _applies(compilation, type_, fragment):
            yield from _flatten(compilation, type_, fragment.selection_set, visited)


def _fragment(
    compilation: Compilation, selection: SelectionNode, visited: set[str]
) -> InlineFragmentNode | FragmentDefinitionNode | None:
    """The fragment to look into; a named one only the first time, for its fields are the same each time."""
    if isinstance(selection, InlineFragmentNode):
        return selection
    assert isinstance(selection, FragmentSpreadNode)
    name = selection.name.value
    if name in visited:
        return None
    visited.add(name)
    return compilation.fragments.get(name)


def _applies(
    compilation: Compilation, type_: GraphQLObjectType, fragment: InlineFragmentNode | FragmentDefinitionNode
) -> bool:
    if fragment.type_condition is None:
        return True
    condition = compilation.catalogue.schema.get_type(fragment.type_condition.name.value)
    if condition is type_:
        return True
    return is_abstract_type(condition) and compilation.catalogue.schema.is_sub_type(condition, type_)


def _included(compilation: Compilation, selection: SelectionNode) -> bool:
    for directive in selection.directives or ():
        if directive.name.value in ("skip", "include"):
            value = directive.arguments[0].value if directive.arguments else None
            condition = _truth(compilation, value)
            if condition == (directive.name.value == "skip"):
                return False
    return True


def _truth(compilation: Compilation, value: object) -> bool:
    if isinstance(value, VariableNode):
        return bool(compilation.variables.get(value.name.value))
    return isinstance(value, BooleanValueNode) and value.value
