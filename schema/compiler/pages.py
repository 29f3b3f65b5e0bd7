"""Connections: edges, nodes, pageInfo and totalCount, each computed only when selected, read forwards by keyset.

The statement has three levels: the rows with their JSON and cursors (ordered and limited), their aggregates, and the
connection's object made of those.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from graphql import FieldNode, GraphQLObjectType, get_named_type

from schema.compiler.conditions import argument_predicates
from schema.compiler.inputs import Input
from schema.compiler.keyset import after_predicate
from schema.compiler.parameters import Binding
from schema.compiler.rows import Listing, count_sql, listing, rows_sql, term_sql
from schema.compiler.rules import literal
from schema.compiler.selections import collect
from schema.compiler.state import Compilation, Row
from schema.cursors import cursor_sql, decode, invalid_cursor
from schema.errors import ClientError
from schema.mapping import Page, Table

DEFAULT_FIRST = 20
MAXIMUM_FIRST = 100
Nodes = Sequence[FieldNode]
Render = Callable[[Compilation, Row, GraphQLObjectType, Nodes], str]


@dataclass
class _Connection:
    """A connection in the making."""

    compilation: Compilation
    type: GraphQLObjectType
    given: Mapping[str, Input]
    listed: Listing
    list_id: str
    first: str
    render: Render
    row_columns: list[str] = field(default_factory=list)
    aggregates: list[str] = field(default_factory=list)
    looks_ahead: bool = False

    def part(self, node: FieldNode, nodes: Nodes) -> str:
        """One field of the connection."""
        match node.name.value:
            case "__typename":
                return literal(self.type.name)
            case "totalCount":
                return count_sql(self.listed)
            case "pageInfo":
                return self.page_info(nodes)
            case "edges":
                return self.array(self.edge(nodes))
            case _:
                return self.array(self.render(self.compilation, self.listed.row, self.inner("nodes"), nodes))

    def inner(self, name: str) -> GraphQLObjectType:
        """The object type of a field of the connection."""
        found = get_named_type(self.type.fields[name].type)
        assert isinstance(found, GraphQLObjectType)
        return found

    def row_column(self, sql: str) -> str:
        """A column of the rows, as the aggregates call it."""
        return f'p."#{_place(self.row_columns, sql)}"'

    def aggregate(self, sql: str) -> str:
        """An aggregate of the rows, as the connection's object calls it."""
        return f'a."#{_place(self.aggregates, sql)}"'

    def array(self, sql: str) -> str:
        """The JSON array of an expression over the rows, without the row that was read ahead."""
        column = self.row_column(sql)
        return self.aggregate(f"coalesce(array_to_json((array_agg({column}))[1:{self.first}]), '[]'::json)")

    def edge(self, nodes: Nodes) -> str:
        """The JSON object of an edge."""
        type_ = self.inner("edges")
        columns = []
        for key, selected in collect(self.compilation, type_, nodes).items():
            with self.compilation.under(key):
                columns.append(f'{self.edge_part(type_, selected)} AS "{key}"')
        return f'(SELECT row_to_json("#") FROM (SELECT {", ".join(columns)}) "#")'

    def edge_part(self, type_: GraphQLObjectType, nodes: Nodes) -> str:
        match nodes[0].name.value:
            case "__typename":
                return literal(type_.name)
            case "cursor":
                return self.cursor()
            case _:
                return self.render(self.compilation, self.listed.row, self.inner("nodes"), nodes)

    def cursor(self) -> str:
        row = self.listed.row
        return cursor_sql(self.list_id, tuple(term_sql(row, term) for term in self.listed.terms))

    def page_info(self, nodes: Nodes) -> str:
        type_ = self.inner("pageInfo")
        selected = collect(self.compilation, type_, nodes)
        columns = [f'{self.page_fact(type_, facts[0].name.value)} AS "{key}"' for key, facts in selected.items()]
        return f'(SELECT row_to_json("#") FROM (SELECT {", ".join(columns)}) "#")'

    def page_fact(self, type_: GraphQLObjectType, name: str) -> str:
        match name:
            case "__typename":
                return literal(type_.name)
            case "hasNextPage":
                self.looks_ahead = True
                return f"({self.count()} > {self.first})"
            case "hasPreviousPage":
                return "true" if _has_position(self.given) else "false"
            case "startCursor":
                return self.aggregate(f"(array_agg({self.row_column(self.cursor())}))[1]")
            case _:
                cursors = self.aggregate(f"array_agg({self.row_column(self.cursor())})")
                return f"{cursors}[least({self.count()}, {self.first})]"

    def count(self) -> str:
        return self.aggregate("count(*)")

    def source(self) -> str:
        """The FROM clause of the connection's object. Where no row is asked for, it still binds, and so checks, ``first``."""
        if not self.aggregates:
            return f" WHERE {self.first} > 0"
        limit = f"{self.first} + 1" if self.looks_ahead else self.first
        columns = _numbered(self.row_columns) or "1"
        rows = rows_sql(self.compilation, self.listed, columns, self.after(), limit)
        return f" FROM (SELECT {_numbered(self.aggregates)} FROM ({rows}) p) a"

    def after(self) -> list[str]:
        """The predicate of the position after which the page begins."""
        if not _has_position(self.given):
            return []
        given, terms, list_id = self.given["after"], self.listed.terms, self.list_id

        def value(index: int) -> str:
            def read(binding: Binding) -> object:
                return decode(given.slot(binding), list_id, len(terms))[index]

            return self.compilation.parameters.add("after", read, lambda _: invalid_cursor())

        columns = [(term_sql(self.listed.row, term), term, value(index)) for index, term in enumerate(terms)]
        return [after_predicate(columns)]


def page_json(
    compilation: Compilation, table: Table, parent: Row | None, declaration: Page, type_: GraphQLObjectType,
    nodes: Nodes, given: Mapping[str, Input], name: str, render: Render,
) -> str:  # fmt: skip
    """The JSON object of a connection; ``name`` tells its list from others in cursors."""
    order = str(given["orderBy"].value) if "orderBy" in given else declaration.orders.default
    listed = listing(compilation, table, parent, declaration.on, declaration.orders.terms[order], declaration.where)
    row_type = get_named_type(type_.fields["nodes"].type)
    chosen = argument_predicates(compilation, listed.row, declaration.arguments, given, row_type.name)
    listed = replace(listed, predicates=(*listed.predicates, *chosen))
    path = ".".join((*compilation.path, "first"))
    first = compilation.parameters.add("first", lambda binding: _first(given, binding, path)) + "::int"
    connection = _Connection(compilation, type_, given, listed, f"{name}:{order}", first, render)
    columns = []
    for key, selected in collect(compilation, type_, nodes).items():
        with compilation.under(key):
            columns.append(f'{connection.part(selected[0], selected)} AS "{key}"')
    return f'(SELECT row_to_json("#") FROM (SELECT {", ".join(columns)}{connection.source()}) "#")'


def _place(columns: list[str], sql: str) -> int:
    """Where an expression stands among the columns; put there if it does not yet."""
    if sql not in columns:
        columns.append(sql)
    return columns.index(sql)


def _numbered(columns: Sequence[str]) -> str:
    return ", ".join(f'{sql} AS "#{index}"' for index, sql in enumerate(columns))


def _has_position(given: Mapping[str, Input]) -> bool:
    return "after" in given and not given["after"].null


def _first(given: Mapping[str, Input], binding: Binding, path: str) -> int:
    """How many rows are asked for. Raises ClientError INVALID_PAGE, with the argument's place, outside 1 to 100."""
    asked = given["first"].slot(binding) if "first" in given else None
    first = DEFAULT_FIRST if asked is None else int(asked)
    if not 1 <= first <= MAXIMUM_FIRST:
        raise ClientError(
            "INVALID_PAGE", f"{path}：须在 1 到 {MAXIMUM_FIRST} 之间", f"{path}: must be 1 to {MAXIMUM_FIRST}"
        )
    return first
