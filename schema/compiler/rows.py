"""Lists of rows: what they join on, who may see them, in which order, and the FROM clause that reads them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from schema.compiler.rules import conjunction, driving_rule, held_to
from schema.compiler.state import Compilation, Row
from schema.declarations import NOWHERE, Table, Term

MAXIMUM_SCANS = 40
"""Counties up to which a root list is a scan for each county, as a city has; above, one scan compares with all of them."""


@dataclass(frozen=True)
class Listing:
    """A list of rows: the row, the predicates that hold for it, whether it is driven from a linked table, its order."""

    row: Row
    predicates: tuple[str, ...]
    driven: bool
    terms: tuple[Term, ...]


@dataclass(frozen=True)
class Cut:
    """The part of a list that is read: the rows that meet ``within``, of those the first or last up to a limit."""

    within: tuple[str, ...] = ()
    limit: str | None = None
    last: bool = False


WHOLE = Cut()


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
    if parent is not None and parent.table.name == NOWHERE:
        parent = None
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


def order_by(row: Row, terms: Sequence[Term], backwards: bool = False) -> str:
    """The ORDER BY clause; nulls stand last, and first in the opposite order."""
    parts = []
    for term in terms:
        direction = " DESC" if term.descending != backwards else ""
        nulls = f" NULLS {'FIRST' if backwards else 'LAST'}" if term.nullable else ""
        parts.append(f"{term_sql(row, term)}{direction}{nulls}")
    return f"ORDER BY {', '.join(parts)}"


def rows_sql(compilation: Compilation, listed: Listing, columns: str, cut: Cut = WHOLE) -> str:
    """The SELECT of a list in its order. The last rows are found in the opposite order, then turned round."""
    row, forwards = listed.row, order_by(listed.row, listed.terms)
    if not cut.last and not (cut.limit and row.table.cut_first):
        tail = f"{forwards}{f' LIMIT {cut.limit}' if cut.limit else ''}"
        return f"SELECT {columns} FROM {source(compilation, listed, cut.within, tail)} {tail}"
    tail = f"{order_by(row, listed.terms, backwards=cut.last)} LIMIT {cut.limit}"
    found = f"SELECT {row.alias}.* FROM {source(compilation, listed, cut.within, tail)} {tail}"
    return f"SELECT {columns} FROM ({found}) {row.alias} {forwards}"


def count_sql(compilation: Compilation, listed: Listing) -> str:
    """How many rows the list has."""
    return f"(SELECT count(*) FROM {source(compilation, listed)})"


def source(compilation: Compilation, listed: Listing, within: Sequence[str] = (), tail: str = "") -> str:
    """The FROM clause of a list: a root list of several counties is a scan of each, cut by ``tail`` like the whole."""
    row, counties = listed.row, compilation.viewer.counties
    predicates = [*listed.predicates, *within]
    if "LIMIT" in tail:
        predicates = [compilation.walked.get(predicate, predicate) for predicate in predicates]
    if row.parent is not None or row.table.shared or not 1 < counties <= MAXIMUM_SCANS:
        return _scan(listed, predicates)
    anywhere = compilation.bound(row)
    found = [predicate for predicate in predicates if predicate not in anywhere]
    scans = []
    for index in range(counties):
        here = f"{row.alias}.county_code {compilation.county_at(index)}"
        scans.append(f"(SELECT {row.alias}.* FROM {_scan(listed, (here, *found))} {tail})")
    return f"({' UNION ALL '.join(scans)}) {row.alias}"


def _scan(listed: Listing, predicates: Sequence[str]) -> str:
    row = listed.row
    found = f"{row.table.name} {row.alias} WHERE {conjunction(predicates)}"
    # OFFSET 0 keeps the ordering out of the choice of a scan: the few linked rows are fetched, then sorted.
    return f"(SELECT {row.alias}.* FROM {found} OFFSET 0) {row.alias}" if listed.driven else found
