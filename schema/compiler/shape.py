"""What of a request decides the SQL: the shape of the viewer and the shape of the variables.

Requests of one shape share a plan. Every way in which the compiler looks at a value, not only at its presence, must
show here: booleans (@skip, @include, flags), choices (orderings, groups), and the type inside a global id.
"""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from graphql import ListTypeNode, NamedTypeNode, NonNullTypeNode, OperationDefinitionNode, TypeNode

from schema.declarations import Choice
from schema.ids import type_in
from shaodao.domain.permissions import Grant, Level, Viewer
from shaodao.domain.vocabulary import Role

LONGEST_TYPE = 64
MAXIMUM_TYPES = 200
"""Limits of what a plan's key remembers of identifiers; names and numbers of types lie below them."""


@dataclass(frozen=True)
class Pair:
    """A role at a level; ``several`` when the viewer has it in more than one scope."""

    role: Role
    level: Level
    several: bool

    def scopes(self, viewer: Viewer) -> list[str]:
        """The viewer's scope codes for this pair, ascending."""
        return sorted({grant.scope for grant in viewer.grants if (grant.role, grant.level) == (self.role, self.level)})


@dataclass(frozen=True)
class ViewerShape:
    """The set of a viewer's (role, level) pairs, how many counties it is asked for, and whether it has one organization."""

    pairs: tuple[Pair, ...]
    counties: int
    one_organization: bool

    def __hash__(self) -> int:
        return self._hash

    @cached_property
    def _hash(self) -> int:
        """Made once: every request of a session looks its plan up by this."""
        return hash((self.pairs, self.counties, self.one_organization))


def viewer_shape(viewer: Viewer, counties: tuple[int, ...]) -> ViewerShape:
    """The shape of a viewer: not its identity. Made once for all requests of a session."""
    found: ViewerShape | None = viewer.memory.get(len(counties))
    if found is None:
        found = viewer.memory[len(counties)] = _shape_of(viewer, len(counties))
    return found


def _shape_of(viewer: Viewer, counties: int) -> ViewerShape:
    scopes: dict[tuple[Role, Level], set[str]] = {}
    for grant in viewer.grants:
        scopes.setdefault(_pair_of(grant), set()).add(grant.scope)
    pairs = tuple(Pair(role, level, len(codes) > 1) for (role, level), codes in sorted(scopes.items()))
    return ViewerShape(pairs, counties, len(viewer.organizations) == 1)


def variables_shape(operation: OperationDefinitionNode, variables: Mapping[str, Any]) -> Hashable:
    """Of each variable whether it is absent, null or a value; of booleans, choices and ids what decides the SQL."""
    shapes = []
    for definition in operation.variable_definitions or ():
        name = definition.variable.name.value
        if name in variables:
            read = _identifier_shape if _named(definition.type) == "ID" else _shape
            shapes.append((name, read(variables[name])))
    return tuple(shapes)


def _pair_of(grant: Grant) -> tuple[Role, Level]:
    return grant.role, grant.level


def _named(node: TypeNode) -> str:
    while isinstance(node, ListTypeNode | NonNullTypeNode):
        node = node.type
    return node.name.value if isinstance(node, NamedTypeNode) else ""


def _identifier_shape(value: Any) -> Hashable:
    """The types in identifiers. What is longer than any name, or more than there are types, is refused by the compiler."""
    if isinstance(value, list):
        types = frozenset(_identifier_shape(item) for item in value)
        return types if len(types) <= MAXIMUM_TYPES else MAXIMUM_TYPES
    return type_in(value)[:LONGEST_TYPE] if isinstance(value, str) else None


def _shape(value: Any) -> Hashable:
    match value:
        case None | bool() | Choice():
            return value
        case dict():
            return tuple((name, _shape(value[name])) for name in sorted(value))
        case list():
            return tuple(dict.fromkeys(value)) if value and all(isinstance(item, Choice) for item in value) else "list"
        case _:
            return "value"
