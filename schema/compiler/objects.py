"""Objects: the SELECT list of a type's selection, each nested object or list a correlated scalar sub-select.

``"#"`` names rows that become JSON: no response name can be the same, so a whole-row reference is never taken for
a column.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import assert_never

from graphql import FieldNode, GraphQLField, GraphQLNamedType, GraphQLObjectType, get_named_type

from schema.compiler.catalogue import MappedType, declaration_of
from schema.compiler.conditions import argument_predicates
from schema.compiler.inputs import Input, given_arguments
from schema.compiler.pages import page_json
from schema.compiler.rows import listing, related, rows_sql
from schema.compiler.rules import conjunction, field_rule, literal
from schema.compiler.selections import collect
from schema.compiler.state import Compilation, DerivedField, Projection, Row
from schema.declarations import Column, Derived, Embedded, Expression, Many, One, Page, RowDeclaration

Nodes = Sequence[FieldNode]


@dataclass(frozen=True)
class Place:
    """A selected field of a type: its definition, its nodes, its arguments."""

    parent: GraphQLObjectType
    field: GraphQLField
    nodes: Nodes
    given: Mapping[str, Input]

    @property
    def name(self) -> str:
        """The type's and the field's name, which tell a list from others."""
        return f"{self.parent.name}.{self.nodes[0].name.value}"

    @property
    def type(self) -> GraphQLObjectType:
        """The object type of the field."""
        found = get_named_type(self.field.type)
        assert isinstance(found, GraphQLObjectType)
        return found


def place_of(compilation: Compilation, parent: GraphQLObjectType, nodes: Nodes) -> Place:
    """The definition and arguments of a selected field."""
    field = parent.fields[nodes[0].name.value]
    return Place(parent, field, nodes, given_arguments(field, nodes[0], compilation.variables))


def object_json(compilation: Compilation, row: Row, type_: GraphQLObjectType, nodes: Nodes) -> str:
    """The JSON object of a row that is in scope."""
    return f'(SELECT row_to_json("#") FROM (SELECT {select_list(compilation, row, type_, nodes)}) "#")'


def select_list(compilation: Compilation, row: Row, type_: GraphQLObjectType, nodes: Nodes) -> str:
    """The selected fields of a row, each under its response name."""
    columns = []
    for key, selected in collect(compilation, type_, nodes).items():
        with compilation.under(key):
            columns.append(f'{_field_sql(compilation, row, type_, selected)} AS "{key}"')
    return ", ".join(columns)


def row_json(
    compilation: Compilation, row: Row, type_: GraphQLObjectType, nodes: Nodes, predicates: Sequence[str], *, unique: bool
) -> str:  # fmt: skip
    """The JSON object of the one row that meets the predicates, or null.

    Where a key picks the row (``unique``) there is no LIMIT, which would cost PostgreSQL a level for each row.
    """
    columns = select_list(compilation, row, type_, nodes)
    limit = "" if unique else " LIMIT 1"
    source = f"FROM {row.table.name} {row.alias} WHERE {conjunction(predicates)}{limit}"
    return f'(SELECT row_to_json("#") FROM (SELECT {columns} {source}) "#")'


def list_json(compilation: Compilation, parent: Row | None, declaration: Many, place: Place) -> str:
    """The JSON array of every such row, ``[]`` when there is none."""
    mapped = compilation.catalogue.types[place.type.name]
    listed = listing(compilation, mapped.table, parent, declaration.on, declaration.terms, declaration.where)
    chosen = argument_predicates(compilation, listed.row, declaration.arguments, place.given, mapped.type.name)
    listed = replace(listed, predicates=(*listed.predicates, *chosen))
    columns = select_list(compilation, listed.row, mapped.type, place.nodes)
    return f"""(SELECT coalesce(json_agg("#"), '[]') FROM ({rows_sql(compilation, listed, columns)}) "#")"""


def connection_json(compilation: Compilation, parent: Row | None, declaration: Page, place: Place) -> str:
    """The JSON object of a connection."""
    mapped = mapped_rows(compilation, place.type)
    return page_json(
        compilation, mapped.table, parent, declaration, place.type, place.nodes, place.given, place.name, object_json
    )


def mapped_rows(compilation: Compilation, connection: GraphQLObjectType) -> MappedType:
    """The type of a connection's rows."""
    return compilation.catalogue.types[get_named_type(connection.fields["nodes"].type).name]


def global_id_sql(row: Row, type_name: str) -> str:
    """The expression of a row's global id."""
    county = "''" if row.table.shared else f"{row.alias}.county_code"
    parts = [literal(type_name), county, *(f"{row.alias}.{name}" for name in row.table.key)]
    joined = " || ':' || ".join(parts)
    return f"({joined})"


def _field_sql(compilation: Compilation, row: Row, type_: GraphQLObjectType, nodes: Nodes) -> str:
    name = nodes[0].name.value
    if name == "__typename":
        return literal(type_.name)
    if name == "id" and row.table.node and type_.name in compilation.catalogue.types:
        return global_id_sql(row, type_.name)
    place = place_of(compilation, type_, nodes)
    declaration = declaration_of(place.field)
    assert isinstance(declaration, RowDeclaration)
    sql = _declared_sql(compilation, row, declaration, place)
    if declaration.visible is None:
        return sql
    rule = field_rule(compilation, row, declaration.visible)
    return sql if rule == "true" else f"CASE WHEN {rule} THEN {sql} END"


def _declared_sql(compilation: Compilation, row: Row, declaration: RowDeclaration, place: Place) -> str:
    match declaration:
        case Column(name):
            return _leaf(f"{row.alias}.{name}", place)
        case Expression(sql):
            return _leaf(f"({compilation.filled(sql, row)})", place)
        case Embedded(when):
            made = object_json(compilation, row, place.type, place.nodes)
            return f"CASE WHEN {compilation.filled(when, row)} THEN {made} END" if when else made
        case One(on):
            return _one(compilation, row, on, place)
        case Many():
            return list_json(compilation, row, declaration, place)
        case Page():
            return connection_json(compilation, row, declaration, place)
        case Derived():
            return _derived(compilation, row, declaration, place)
        case _:
            assert_never(declaration)


def _leaf(sql: str, place: Place) -> str:
    """A scalar; GraphQL's ID is a string whatever the column's type."""
    return f"{sql}::text" if get_named_type(place.field.type).name == "ID" else sql


def _one(compilation: Compilation, parent: Row, on: Mapping[str, str], place: Place) -> str:
    mapped = compilation.catalogue.types[place.type.name]
    row, predicates = related(compilation, mapped.table, parent, on)
    unique = not mapped.table.view and set(mapped.table.key) <= on.keys()
    return row_json(compilation, row, mapped.type, place.nodes, predicates, unique=unique)


def _derived(compilation: Compilation, row: Row, declaration: Derived, place: Place) -> str:
    projection = _projection(compilation, get_named_type(place.field.type), place.nodes)
    compilation.derived.append(DerivedField(compilation.path, declaration, place.given, projection))
    facts = compilation.filled(declaration.facts, row)
    return f"json_build_object('#', {len(compilation.derived) - 1}, 'facts', ({facts}))"


def _projection(compilation: Compilation, type_: GraphQLNamedType, nodes: Nodes) -> Projection | None:
    if not isinstance(type_, GraphQLObjectType):
        return None
    fields: dict[str, tuple[str, Projection | None]] = {}
    for key, selected in collect(compilation, type_, nodes).items():
        name = selected[0].name.value
        definition = type_.fields.get(name)
        inner = _projection(compilation, get_named_type(definition.type), selected) if definition else None
        fields[key] = (name, inner)
    return Projection(type_.name, fields)
