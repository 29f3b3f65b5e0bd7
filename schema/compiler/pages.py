"""Connections: edges, nodes, pageInfo and totalCount, each computed only when selected, read by keyset from either end.

The statement has three levels: the rows with their JSON and cursors (ordered and limited), their aggregates, and the
connection's object made of those.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from graphql import FieldNode, GraphQLObjectType, get_named_type

from schema.compiler.conditions import argument_predicates
from schema.compiler.inputs import Input
from schema.compiler.keyset import Positioned, beyond_predicate
from schema.compiler.parameters import Binding
from schema.compiler.rows import Cut, Listing, count_sql, listing, rows_sql, term_sql
from schema.compiler.rules import literal
from schema.compiler.selections import collect
from schema.compiler.state import Compilation, Row
from schema.cursors import cursor_sql, decode, invalid_cursor
from schema.declarations import Page, Table
from schema.errors import ClientError

DEFAULT_SIZE = 20
MAXIMUM_SIZE = 100
Nodes = Sequence[FieldNode]
Render = Callable[[Compilation, Row, GraphQLObjectType, Nodes], str]


@dataclass
class _Connection:
    """A connection in the making; ``size`` is the parameter of how many rows are asked for, from the end if ``last``."""

    compilation: Compilation
    type: GraphQLObjectType
    given: Mapping[str, Input]
    listed: Listing
    list_id: str
    size: str
    last: bool
    render: Render
    row_columns: list[str] = field(default_factory=list)
    aggregates: list[str] = field(default_factory=list)
    looks_ahead: bool = False

    def json(self, nodes: Nodes) -> str:
        """The connection's JSON object."""
        columns = self.columns(self.type, nodes, self.part)
        return f'(SELECT row_to_json("#") FROM (SELECT {columns}{self.source()}) "#")'

    def object(self, name: str, nodes: Nodes, part: Callable[[str, Nodes], str]) -> str:
        """The JSON object of a field of the connection."""
        return f'(SELECT row_to_json("#") FROM (SELECT {self.columns(self.inner(name), nodes, part)}) "#")'

    def columns(self, type_: GraphQLObjectType, nodes: Nodes, part: Callable[[str, Nodes], str]) -> str:
        """What is selected of a type, each field made by ``part`` of its name."""
        found = []
        for key, selected in collect(self.compilation, type_, nodes).items():
            with self.compilation.under(key):
                name = selected[0].name.value
                sql = literal(type_.name) if name == "__typename" else part(name, selected)
                found.append(f'{sql} AS "{key}"')
        return ", ".join(found)

    def inner(self, name: str) -> GraphQLObjectType:
        """The object type of a field of the connection."""
        found = get_named_type(self.type.fields[name].type)
        assert isinstance(found, GraphQLObjectType)
        return found

    def part(self, name: str, nodes: Nodes) -> str:
        """One field of the connection."""
        match name:
            case "totalCount":
                return count_sql(self.compilation, self.listed)
            case "pageInfo":
                return self.object("pageInfo", nodes, self.page_fact)
            case "edges":
                return self.array(self.object("edges", nodes, self.edge_part))
            case _:
                return self.array(self.node(nodes))

    def edge_part(self, name: str, nodes: Nodes) -> str:
        """One field of an edge."""
        return self.cursor() if name == "cursor" else self.node(nodes)

    def node(self, nodes: Nodes) -> str:
        """The JSON object of a row."""
        return self.render(self.compilation, self.listed.row, self.inner("nodes"), nodes)

    def cursor(self) -> str:
        """The cursor of a row."""
        row = self.listed.row
        return cursor_sql(self.list_id, tuple(term_sql(row, term) for term in self.listed.terms))

    def page_fact(self, name: str, _: Nodes) -> str:
        """One field of the page information."""
        match name:
            case "hasNextPage":
                return self.has_position("before") if self.last else self.more()
            case "hasPreviousPage":
                return self.more() if self.last else self.has_position("after")
            case "startCursor":
                return self.cursor_at(self.start())
            case _:
                return self.cursor_at("count(*)::int" if self.last else f"least(count(*)::int, {self.size})")

    def cursor_at(self, place: str) -> str:
        """The cursor of the row at a place, or null. Writing it costs as much as reading the row: it is written once."""
        terms = (term_sql(self.listed.row, term) for term in self.listed.terms)
        values = tuple(self.aggregate(f"({self.gathered(term)})[{place}]") for term in terms)
        return f"CASE WHEN {self.aggregate('count(*)')} > 0 THEN {cursor_sql(self.list_id, values)} END"

    def more(self) -> str:
        """Whether there are rows beyond those asked for: one is read ahead."""
        self.looks_ahead = True
        return f"({self.aggregate('count(*)')} > {self.size})"

    def has_position(self, name: str) -> str:
        """Whether the page was asked for with a cursor, and so has rows on its other side."""
        return "true" if _is_given(self.given, name) else "false"

    def array(self, sql: str) -> str:
        """The JSON array of an expression over the rows, without the row that was read ahead."""
        kept = f"{self.start()}:{'' if self.last else self.size}"
        return self.aggregate(f"coalesce(array_to_json(({self.gathered(sql)})[{kept}]), '[]'::json)")

    def start(self) -> str:
        """Where the rows that were asked for begin among those that were read."""
        return f"greatest(count(*)::int - {self.size}, 0) + 1" if self.last else "1"

    def gathered(self, sql: str) -> str:
        """The array of an expression over the rows."""
        return f'array_agg(p."#{_place(self.row_columns, sql)}")'

    def aggregate(self, sql: str) -> str:
        """An aggregate of the rows, as the connection's object calls it."""
        return f'a."#{_place(self.aggregates, sql)}"'

    def source(self) -> str:
        """The FROM clause of the connection's object. Where no row is asked for, it still binds, and so checks, the size."""
        if not self.aggregates:
            return f" WHERE {self.size} > 0"
        cut = Cut(tuple(self.within()), f"{self.size} + 1" if self.looks_ahead else self.size, self.last)
        rows = rows_sql(self.compilation, self.listed, _numbered(self.row_columns) or "1", cut)
        return f" FROM (SELECT {_numbered(self.aggregates)} FROM ({rows}) p) a"

    def within(self) -> Iterator[str]:
        """The predicates of the cursors between which the page lies."""
        terms, row = self.listed.terms, self.listed.row
        for name in ("after", "before"):
            if _is_given(self.given, name):
                values = [self.position(self.given[name], index) for index in range(len(terms))]
                columns = zip(terms, values, strict=True)
                yield beyond_predicate(
                    [Positioned(term_sql(row, term), term, value, name == "before") for term, value in columns]
                )

    def position(self, given: Input, index: int) -> str:
        """The parameter of one of the values in a cursor."""
        terms, list_id = self.listed.terms, self.list_id

        def read(binding: Binding) -> object:
            value = decode(given.slot(binding), list_id, len(terms))[index]
            if value is None and not terms[index].nullable:
                raise invalid_cursor()
            return value

        return self.compilation.parameters.add(given.label, read, lambda _: invalid_cursor())


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
    last = _is_given(given, "last")
    size = _size(compilation, given, "last" if last else "first")
    return _Connection(compilation, type_, given, listed, f"{name}:{order}", size, last, render).json(nodes)


def _size(compilation: Compilation, given: Mapping[str, Input], name: str) -> str:
    """The parameter of how many rows are asked for. Raises ClientError INVALID_PAGE for both ends at once."""
    path = ".".join((*compilation.path, name))
    if _is_given(given, "first") and _is_given(given, "last"):
        raise ClientError(
            "INVALID_PAGE", f"{path}：first 与 last 不能同时使用", f"{path}: cannot be given together with first"
        )
    read = given[name].slot if name in given else lambda _: None
    return compilation.parameters.add(name, lambda binding: _checked(read(binding), path)) + "::int"


def _checked(asked: int | None, path: str) -> int:
    """How many rows are asked for. Raises ClientError INVALID_PAGE, with the argument's place, outside 1 to 100."""
    size = DEFAULT_SIZE if asked is None else int(asked)
    if not 1 <= size <= MAXIMUM_SIZE:
        raise ClientError(
            "INVALID_PAGE", f"{path}：须在 1 到 {MAXIMUM_SIZE} 之间", f"{path}: must be 1 to {MAXIMUM_SIZE}"
        )
    return size


def _place(columns: list[str], sql: str) -> int:
    """Where an expression stands among the columns; put there if it does not yet."""
    if sql not in columns:
        columns.append(sql)
    return columns.index(sql)


def _numbered(columns: Sequence[str]) -> str:
    return ", ".join(f'{sql} AS "#{index}"' for index, sql in enumerate(columns))


def _is_given(given: Mapping[str, Input], name: str) -> bool:
    return name in given and not given[name].null
