"""Objects: the SELECT list of a type's selection, each nested object or list a correlated scalar sub-select.

``"#"`` names rows that become JSON: no response name can be the same, so a whole-row reference is never taken for
a column.
"""

from collections.abc import Sequence
from typing import assert_never

from graphql import FieldNode, GraphQLObjectType, get_named_type, is_object_type

from schema.compiler.catalogue import declaration_of
from schema.compiler.conditions import argument_predicates
from schema.compiler.inputs import Input, given_arguments
from schema.compiler.pages import page_sql
from schema.compiler.rows import order_by, related, rows_source
from schema.compiler.rules import conjunction, disjunction, field_rule, literal, row_rule
from schema.compiler.selections import collect
from schema.compiler.state import Compilation, DerivedField, Row
from schema.mapping import (
    Column,
    Declaration,
    Derived,
    Embedded,
    Expression,
    Many,
    NodeById,
    NodesByIds,
    One,
    Page,
    Single,
    Stored,
    Table,
)

Nodes = Sequence[FieldNode]


def object_json(compilation: Compilation, row: Row, type_: GraphQLObjectType, nodes: Nodes) -> str:
    """The JSON object of a row that is in scope."""
    return f'(SELECT row_to_json("#") FROM (SELECT {select_list(compilation, row, type_, nodes)}) "#")'


def select_list(compilation: Compilation, row: Row, type_: GraphQLObjectType, nodes: Nodes) -> str:
    """The selected fields of a row, each under its response name."""
    columns = []
    for name, selected in collect(compilation, type_, nodes).items():
        with compilation.under(name):
            columns.append(f'{_field(compilation, row, type_, selected)} AS "{name}"')
    return ", ".join(columns)


def one_json(compilation: Compilation, row: Row, type_: GraphQLObjectType, nodes: Nodes, where: Sequence[str]) -> str:
    """The JSON object of the one row of a table that meets the conditions, or null. ``row.rule`` is applied too."""
    conditions = conjunction([*compilation.bound(row), *where, row.rule])
    columns = select_list(compilation, row, type_, nodes)
    source = f"FROM {row.table.name} {row.alias} WHERE {conditions} LIMIT 1"
    return f'(SELECT row_to_json("#") FROM (SELECT {columns} {source}) "#")'


def many_json(
    compilation: Compilation, table: Table, parent: Row | None, declaration: Many, node: FieldNode, nodes: Nodes,
    type_: GraphQLObjectType, given: dict[str, Input],
) -> str:  # fmt: skip
    """The JSON array of every such row, ``[]`` when there is none."""
    row, predicates, driving = related(compilation, table, parent, declaration.on)
    if declaration.where:
        predicates.append(f"({compilation.filled(declaration.where, row)})")
    predicates += argument_predicates(compilation, row, declaration.arguments, given, type_.name)
    source = rows_source(compilation, row, predicates, driving)
    columns = select_list(compilation, row, type_, nodes)
    ordering = order_by(row, declaration.terms)
    return f"""(SELECT coalesce(json_agg("#"), '[]') FROM (SELECT {columns} {source} {ordering}) "#")"""
