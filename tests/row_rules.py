"""Rules evaluated on plain rows, in Python and without SQL: what the statements of the compiler must agree with."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias, assert_never

from shaodao.domain.permissions import (
    AllOf,
    AnyOf,
    Condition,
    Everything,
    Grant,
    InScope,
    Is,
    IsNot,
    Known,
    Level,
    Linked,
    Mine,
    NotMine,
    Rule,
    Subject,
    Unknown,
    Viewer,
    prefix_of,
)

Row: TypeAlias = Mapping[str, Any]
SCOPE: Mapping[Level, str] = {"GRID": "grid_code", "COMMUNITY": "community_code", "STREET": "street_code"}
"""The columns that a scope below the county compares with, where a table does not name others."""


def parts_of(condition: Condition) -> Iterator[Condition]:
    """A condition and every condition inside it."""
    yield condition
    match condition:
        case AllOf(parts) | AnyOf(parts):
            for part in parts:
                yield from parts_of(part)
        case Linked(condition=inner):
            yield from parts_of(inner)


@dataclass
class RowRules:
    """The rows of every table, the rules, who asks, and in which counties; ``scopes`` renames tables' scope columns."""

    rows: Mapping[str, list[Any]]
    rules: Mapping[str, Rule]
    viewer: Viewer
    counties: tuple[int, ...]
    scopes: Mapping[str, Mapping[Level, str]] = field(default_factory=dict)
    _found: dict[tuple[str, str], dict[Any, list[Row]]] = field(default_factory=dict)

    def visible(self, rule: str, table: str, meets: Callable[[Any], bool] = lambda _: True) -> list[Any]:
        """The rows of a table that a rule lets through."""
        return [row for row in self.rows[table] if meets(row) and self.sees(rule, table, row)]

    def sees(self, rule: str, table: str, row: Row) -> bool:
        """Whether a rule holds for a row of a table: for one of the grants, and in one of the counties asked in."""
        if row.get("county_code", self.counties[0]) not in self.counties:
            return False
        conditions = self.rules[rule]
        return any(
            grant.role in conditions and self.holds(conditions[grant.role], table, row, grant)
            for grant in self.viewer.grants
        )

    def holds(self, condition: Condition, table: str, row: Row, grant: Grant) -> bool:
        """Whether a condition holds for a row of a table and a grant."""
        match condition:
            case Everything():
                return True
            case InScope():
                return self.in_scope(table, row, grant)
            case Mine(column, subject) | NotMine(column, subject):
                mine = row[column] is not None and row[column] in self.own(subject)
                return mine is isinstance(condition, Mine)
            case Is(column, values):
                return row[column] in values
            case IsNot(column, values):
                return row[column] not in values
            case Known(column) | Unknown(column):
                return (row[column] is None) is isinstance(condition, Unknown)
            case Linked(other, theirs, ours, inner):
                return any(
                    self.holds(inner, other, linked, grant)
                    for linked in self.having(other, theirs, row[ours])
                    if linked["county_code"] == row["county_code"]
                )
            case AllOf(parts):
                return all(self.holds(part, table, row, grant) for part in parts)
            case AnyOf(parts):
                return any(self.holds(part, table, row, grant) for part in parts)
            case _:
                assert_never(condition)

    def in_scope(self, table: str, row: Row, grant: Grant) -> bool:
        """Whether a row lies in a grant's scope; above the street by its county."""
        if grant.level in ("COUNTY", "CITY", "PROVINCE"):
            return str(row["county_code"]).startswith(prefix_of(grant.scope))
        column = {**SCOPE, **self.scopes.get(table, {})}[grant.level]
        return bool(row[column] == grant.scope)

    def own(self, subject: Subject) -> tuple[Any, ...]:
        """What of the viewer a column is compared with."""
        match subject:
            case Subject.ORGANIZATION:
                return self.viewer.organizations
            case Subject.ACCOUNT:
                return (self.viewer.account_id,)
            case Subject.PERSON:
                return (self.viewer.person_id,)
            case _:
                assert_never(subject)

    def having(self, table: str, column: str, value: Any) -> Iterable[Row]:
        """The rows of a table whose column is the value; none for a null, as in SQL."""
        if (table, column) not in self._found:
            by_value: dict[Any, list[Row]] = {}
            for row in self.rows[table]:
                by_value.setdefault(row[column], []).append(row)
            self._found[table, column] = by_value
        return self._found[table, column].get(value, []) if value is not None else []
