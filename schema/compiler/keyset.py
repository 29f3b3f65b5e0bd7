"""Rows after a position in a total order."""

from collections.abc import Sequence

from schema.mapping import Term

Positioned = tuple[str, Term, str]
"""An ordering expression, its term, and the parameter with its value in the cursor."""


def after_predicate(columns: Sequence[Positioned]) -> str:
    """The rows after the cursor's. Nulls stand last, and a row comparison would lose them, so they are ranked apart."""
    terms = [term for _, term, _ in columns]
    if not any(term.nullable for term in terms) and len({term.descending for term in terms}) == 1:
        sign = "<" if terms[0].descending else ">"
        left, right = ", ".join(column for column, _, _ in columns), ", ".join(value for _, _, value in columns)
        return f"({left}) {sign} ({right})"
    return f"({_bound(columns[0])}{_after(columns)})"


def _bound(first: Positioned) -> str:
    """A plain bound on the first column, which an index can use where the alternatives cannot."""
    column, term, value = first
    return "" if term.nullable else f"{column} {'<=' if term.descending else '>='} {value} AND "


def _after(columns: Sequence[Positioned]) -> str:
    beyond = _beyond(columns[0])
    if len(columns) == 1:
        return beyond
    return f"({beyond} OR ({_same(columns[0])} AND {_after(columns[1:])}))"


def _beyond(positioned: Positioned) -> str:
    column, term, value = positioned
    strict = f"{column} {'<' if term.descending else '>'} {value}"
    return f"({strict} OR ({column} IS NULL AND {value} IS NOT NULL))" if term.nullable else strict


def _same(positioned: Positioned) -> str:
    column, term, value = positioned
    return f"{column} {'IS NOT DISTINCT FROM' if term.nullable else '='} {value}"
