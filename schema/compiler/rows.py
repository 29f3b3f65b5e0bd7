"""Lists of rows: what they join on, who may see them, in which order, and the FROM clause that reads them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from schema.compiler.rules import conjunction, driving_rule, held_to
from schema.compiler.state import Compilation, Row
from schema.mapping import Table, Term

MAXIMUM_SCANS = 16
"""Counties up to which a root list is a scan for each county; above, one scan compares with all of them."""


@dataclass(frozen=True)
class Listing:
    """A list of rows: the row, the predicates that hold for it, whether it is driven from a linked table, its order."""

    row: Row
    predicates: tuple[str, ...]
    driven: bool
    terms: tuple[Term, ...]


def related(compilation: Compilation, table: Table, parent: Row | None, on: Mapping[str, str]) -> tuple[Row, list[str]]:
    """A row of the table that hangs on the parent, with the predicates of the join, the counties and the rule."""
    row, rule = held_to(compilation, Row(compilation.alias(), table, parent, on), table.rule)
    joins = [f"{row.alias}.{theirs} = {parent.alias}.{ours}" for theirs, ours in on.items()] if parent else []
    return row, [*compilation.bound(row), *joins, rule]


def listing(
    compilation: Compilation, table: Table, parent: Row | None, on: Mapping[str, str], terms: Sequence[Term],
    where: str | None,
) -> Listing:  # fmt: skip
    """A list of rows of the table, of a parent or of everything that the viewer sees."""
    row, predicates = related(compilation, table, parent, on)
    driving = driving_rule(compilation, row, table.rule) if parent is None else None
    if driving is not None:
        predicates[-1] = driving
    if where:
        predicates.append(f"({compilation.filled(where, row)})")
    return Listing(row, tuple(predicates), driving is not None, total_order(table, terms))


def total_order(table: Table, terms: Sequence[Term]) -> tuple[Term, ...]:
    """The ordering, made total by the key in the direction of its last term."""
    named = {term.column for term in terms}
    descending = bool(terms) and terms[-1].descending
    return (*terms, *(Term(column, descending, False) for column in table.key if column not in named))


def term_sql(row: Row, term: Term) -> str:
    """The ordering column or expression on a row."""
    return term.column.replace("{t}", row.alias) if "{t}" in term.column else f"{row.alias}.{term.column}"


def order_by(row: Row, terms: Sequence[Term]) -> str:
    """The ORDER BY clause; nulls stand last."""
    parts = []
    for term in terms:
        direction = " DESC" if term.descending else ""
        parts.append(f"{term_sql(row, term)}{direction}{' NULLS LAST' if term.nullable else ''}")
    return f"ORDER BY {', '.join(parts)}"


def rows_sql(
    compilation: Compilation, listed: Listing, columns: str, after: Sequence[str] = (), limit: str | None = None
) -> str:
    """The SELECT of a list, ordered, from the row after a position, up to a limit."""
    tail = f"{order_by(listed.row, listed.terms)}{f' LIMIT {limit}' if limit else ''}"
    return f"SELECT {columns} FROM {_source(compilation, listed, after, tail)} {tail}"


def count_sql(listed: Listing) -> str:
    """How many rows the list has."""
    return f"(SELECT count(*) FROM {_plain(listed, listed.predicates)})"


def _source(compilation: Compilation, listed: Listing, after: Sequence[str], tail: str) -> str:
    predicates = (*listed.predicates, *after)
    row = listed.row
    if row.parent is None and not row.table.shared and 1 < compilation.viewer.counties <= MAXIMUM_SCANS:
        scans = [
            f"(SELECT {row.alias}.* FROM {_scan(listed, (*predicates, _at(compilation, row, index)))} {tail})"
            for index in range(compilation.viewer.counties)
        ]
        return f"({' UNION ALL '.join(scans)}) {row.alias}"
    return _scan(listed, predicates)


def _at(compilation: Compilation, row: Row, index: int) -> str:
    return f"{row.alias}.county_code {compilation.county_at(index)}"


def _scan(listed: Listing, predicates: Sequence[str]) -> str:
    if not listed.driven:
        return _plain(listed, predicates)
    # OFFSET 0 keeps the ordering out of the choice of a scan: the few linked rows are fetched, then sorted.
    alias = listed.row.alias
    return f"(SELECT {alias}.* FROM {_plain(listed, predicates)} OFFSET 0) {alias}"


def _plain(listed: Listing, predicates: Sequence[str]) -> str:
    row = listed.row
    return f"{row.table.name} {row.alias} WHERE {conjunction(predicates)}"
