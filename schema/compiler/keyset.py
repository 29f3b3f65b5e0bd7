"""Rows on one side of a position in a total order, in which nulls stand last."""

from collections.abc import Sequence
from dataclasses import dataclass

from schema.declarations import Term


@dataclass(frozen=True)
class Positioned:
    """An ordering expression, its term, the parameter with its value in the cursor, and which side is meant."""

    column: str
    term: Term
    value: str
    before: bool = False

    @property
    def sign(self) -> str:
        """How what lies on that side compares with the value."""
        return "<" if self.term.descending != self.before else ">"

    def beyond(self) -> str:
        """Whether the column lies strictly on that side. A plain comparison would lose the nulls."""
        strict = f"{self.column} {self.sign} {self.value}"
        if not self.term.nullable:
            return strict
        null, other = (self.value, self.column) if self.before else (self.column, self.value)
        return f"({strict} OR ({null} IS NULL AND {other} IS NOT NULL))"

    def same(self) -> str:
        """Whether the column equals the value."""
        return f"{self.column} {'IS NOT DISTINCT FROM' if self.term.nullable else '='} {self.value}"


def beyond_predicate(columns: Sequence[Positioned]) -> str:
    """The rows on the side of the cursor that is meant: one row comparison where nulls and directions let it be."""
    signs = {column.sign for column in columns}
    if len(signs) == 1 and not any(column.term.nullable for column in columns):
        left, right = ", ".join(each.column for each in columns), ", ".join(each.value for each in columns)
        return f"({left}) {signs.pop()} ({right})"
    first = columns[0]
    # A plain bound on the first column, which an index can use where the alternatives cannot.
    bound = "" if first.term.nullable else f"{first.column} {first.sign}= {first.value} AND "
    return f"({bound}{_alternatives(columns)})"


def _alternatives(columns: Sequence[Positioned]) -> str:
    first, *rest = columns
    return f"({first.beyond()} OR ({first.same()} AND {_alternatives(rest)}))" if rest else first.beyond()
