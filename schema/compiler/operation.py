"""The compiler's face: an operation's stored root fields, or a payload's stored object, as one statement."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import assert_never

from graphql import FieldNode, GraphQLObjectType

from schema.compiler.catalogue import MappedType, root_declaration
from schema.compiler.conditions import argument_predicates
from schema.compiler.counts import counts_json
from schema.compiler.nodes import node_json, nodes_json, stored_json
from schema.compiler.objects import Place, connection_json, list_json, place_of, row_json
from schema.compiler.parameters import Binding, Slot
from schema.compiler.rows import related
from schema.compiler.rules import literal
from schema.compiler.selections import Collected
from schema.compiler.state import NO_ROW, Compilation, DerivedField, Look
from schema.declarations import Counts, Many, NodeById, NodesByIds, Page, RootDeclaration, RootExpression, Single
from schema.ids import GlobalId


@dataclass(frozen=True)
class Statement:
    """What is sent: the SQL, where its parameters come from, and what Python must still compute in the answer.

    The answer is one row with the bytes of a JSON text in each column; ``names`` are the columns' response names. It answers requests
    of the same shapes in whose variables ``looks`` see the same.
    """

    sql: str
    slots: tuple[Slot, ...]
    derived: tuple[DerivedField, ...]
    names: tuple[str, ...]
    looks: tuple[Look, ...] = ()


def is_stored_root(type_: GraphQLObjectType, nodes: Sequence[FieldNode]) -> bool:
    """Whether a root field is answered by SQL."""
    name = nodes[0].name.value
    return name == "__typename" or isinstance(root_declaration(type_.fields.get(name)), RootDeclaration)


def compile_whole(compilation: Compilation, type_: GraphQLObjectType, fields: Collected) -> Statement:
    """One statement whose single column is the whole ``data`` object."""
    columns = ", ".join(f'{column} AS "{key}"' for key, column in _roots(compilation, type_, fields))
    return statement_of(compilation, [f'(SELECT row_to_json("#") FROM (SELECT {columns}) "#")'], [""])


def compile_roots(compilation: Compilation, type_: GraphQLObjectType, fields: Collected) -> Statement:
    """One statement with a column for each root field, for an operation that also has resolvers."""
    columns = [column for _, column in _roots(compilation, type_, fields)]
    return statement_of(compilation, columns, list(fields))


def compile_stored(
    compilation: Compilation, mapped: MappedType, nodes: Sequence[FieldNode], read: Callable[[Binding], GlobalId]
) -> Statement:
    """One statement that reads a stored object by county and key."""
    return statement_of(compilation, [stored_json(compilation, mapped, nodes, read)], [""])


def statement_of(compilation: Compilation, columns: Sequence[str], names: Sequence[str]) -> Statement:
    """The statement of JSON columns, with the parameters that it still has: a rule that is ``false`` takes its own away.

    The texts come as bytes, for that is what is sent on: as text each would be decoded and encoded again.
    """
    kept: dict[str, str] = {}
    slots: list[Slot] = []

    def renumbered(match: re.Match[str]) -> str:
        if match[0] not in kept:
            slots.append(compilation.parameters.slots[int(match[1]) - 1])
            kept[match[0]] = f"${len(slots)}"
        return kept[match[0]]

    texts = ", ".join(f"convert_to(({column})::text, 'UTF8')" for column in columns)
    sql = re.sub(r"\$(\d+)", renumbered, f"SELECT {texts}")
    return Statement(sql, tuple(slots), tuple(compilation.derived), tuple(names), tuple(compilation.looks))


def _roots(compilation: Compilation, type_: GraphQLObjectType, fields: Collected) -> Iterator[tuple[str, str]]:
    for key, nodes in fields.items():
        with compilation.under(key):
            yield key, _root(compilation, type_, nodes)


def _root(compilation: Compilation, type_: GraphQLObjectType, nodes: Sequence[FieldNode]) -> str:
    if nodes[0].name.value == "__typename":
        return f"to_json({literal(type_.name)}::text)"
    place = place_of(compilation, type_, nodes)
    declaration = root_declaration(place.field)
    assert isinstance(declaration, RootDeclaration)
    match declaration:
        case Single():
            return _single(compilation, declaration, place)
        case Many():
            return list_json(compilation, None, declaration, place)
        case Page():
            return connection_json(compilation, None, declaration, place)
        case Counts():
            return counts_json(compilation, declaration, place)
        case RootExpression(sql):
            return f"to_json({compilation.filled(sql, NO_ROW)})"
        case NodeById():
            return node_json(compilation, nodes, place.given["id"])
        case NodesByIds():
            return nodes_json(compilation, nodes, place.given["ids"])
        case _:
            assert_never(declaration)


def _single(compilation: Compilation, declaration: Single, place: Place) -> str:
    mapped = compilation.catalogue.types[place.type.name]
    row, predicates = related(compilation, mapped.table, None, {})
    predicates += argument_predicates(compilation, row, declaration.arguments, place.given, mapped.type.name)
    return row_json(compilation, row, mapped.type, place.nodes, predicates, unique=False)
