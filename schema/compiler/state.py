"""What is carried through the compilation of one statement."""

import re
from collections.abc import Callable, Hashable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

from graphql import FragmentDefinitionNode

from schema.compiler.catalogue import Catalogue
from schema.compiler.inputs import Input, Variables
from schema.compiler.parameters import Parameters, Read
from schema.compiler.shape import ViewerShape
from schema.compiler.words import Words
from schema.declarations import NOWHERE, Derived, Table
from schema.errors import ClientError

MAXIMUM_FIELDS = 10_000
"""Fields of a statement after fragments are expanded; the compiler's work and the statement stay linear in this."""

_JOINED_COUNTY = re.compile(r"(\w+\.county_code) = (?:\w+|\{t\})\.county_code")
_PLACEHOLDERS: Mapping[str, tuple[str, Read, str]] = {
    "{now}": ("now", lambda binding: binding.now, "timestamptz"),
    "{account}": ("account", lambda binding: binding.viewer.account_id, "uuid"),
    "{person}": ("person", lambda binding: binding.viewer.person_id, "uuid"),
    "{organizations}": ("organizations", lambda binding: list(binding.viewer.organizations), "text[]"),
    "{ranks}": ("ranks", lambda binding: sorted({str(g.rank) for g in binding.viewer.grants if g.rank}), "text[]"),
    "{yellow}": ("yellow", lambda binding: binding.services.ground().rulebook.ladder.urge_share, "float8"),
    "{yellow_urgent}": (
        "yellow_urgent", lambda binding: binding.services.ground().rulebook.ladder.urge_share_urgent, "float8",
    ),
    "{similar_days}": ("similar_days", lambda binding: binding.services.ground().rulebook.similarity.days, "int4"),
    "{similar_closed_days}": (
        "similar_closed_days", lambda binding: binding.services.ground().rulebook.similarity.closed_days, "int4",
    ),
    "{similar_metres}": (
        "similar_metres", lambda binding: binding.services.ground().rulebook.similar_radius_metres, "float8",
    ),
}  # fmt: skip


@dataclass(frozen=True)
class Row:
    """A row in scope: its alias and table, the row it hangs on and by which columns, and the rule it met."""

    alias: str
    table: Table
    parent: "Row | None" = None
    on: Mapping[str, str] = field(default_factory=dict)
    rule: str = ""

    def ancestors(self) -> Iterator["Row"]:
        """The rows on which this one hangs, the nearest first."""
        row = self.parent
        while row is not None:
            yield row
            row = row.parent


NO_ROW = Row("", Table(NOWHERE, rule="", shared=True))
"""What a field stands on that stands on no table's row."""


@dataclass(frozen=True)
class Projection:
    """The selection on a derived object: by response name the field's name and the selection below it."""

    type_name: str
    fields: Mapping[str, tuple[str, "Projection | None"]]


@dataclass(frozen=True)
class DerivedField:
    """A place in the answer whose facts Python replaces: response keys from the root, lists are passed through."""

    path: tuple[str, ...]
    declaration: Derived
    arguments: Mapping[str, Input]
    projection: Projection | None


Kind = TypeVar("Kind", bound=Hashable)
Look = Callable[[Variables], Hashable]
"""What a statement hangs on beside the shapes: a kind of value, seen again in the variables of each request."""


@dataclass
class Compilation:
    """One statement in the making."""

    catalogue: Catalogue
    fragments: Mapping[str, FragmentDefinitionNode]
    variables: Variables
    viewer: ViewerShape
    parameters: Parameters = field(default_factory=Parameters)
    derived: list[DerivedField] = field(default_factory=list)
    links: dict[Hashable, str] = field(default_factory=dict)
    words: Words = field(default_factory=Words)
    looks: list[Look] = field(default_factory=list)
    walked: dict[str, str] = field(default_factory=dict)
    path: tuple[str, ...] = ()
    _aliases: int = 0
    _fields: int = 0

    def alias(self) -> str:
        """A new row alias."""
        self._aliases += 1
        return f"t{self._aliases}"

    @contextmanager
    def under(self, *keys: str) -> Iterator[None]:
        """Response keys that everything compiled inside stands under."""
        outer = self.path
        self.path = (*outer, *keys)
        try:
            yield
        finally:
            self.path = outer

    def count_fields(self, number: int) -> None:
        """Count fields towards the limit. Raises ClientError beyond it."""
        self._fields += number
        if self._fields > MAXIMUM_FIELDS:
            raise ClientError("INVALID_SELECTION", "选择的字段过多", f"more than {MAXIMUM_FIELDS} fields")

    def looked_at(self, given: Input, kind: Callable[[Any], Kind]) -> Kind:
        """The kind of a given value, which the statement hangs on: a request with another kind needs another one."""
        self.looks.append(lambda variables: kind(given.read(variables)))
        return kind(given.value)

    @property
    def county(self) -> str:
        """The comparison that binds a county column to the viewer's counties."""
        if self.viewer.counties == 1:
            return f"= {self.parameters.shared('county', lambda binding: binding.counties[0])}"
        return f"= ANY({self.parameters.shared('counties', lambda binding: binding.counties)}::int[])"

    def county_at(self, index: int) -> str:
        """The comparison that binds a county column to one of the viewer's counties."""
        if self.viewer.counties == 1:
            return self.county
        return f"= {self.parameters.shared(('county', index), lambda binding: binding.counties[index])}"

    def bound(self, row: Row) -> list[str]:
        """The county conditions that every row of a growing table carries on every level."""
        if row.table.shared:
            return []
        conditions = [f"{row.alias}.county_code {self.county}"]
        if row.parent is not None and not row.parent.table.shared:
            conditions.append(f"{row.alias}.county_code = {row.parent.alias}.county_code")
        return conditions

    def filled(self, sql: str, row: Row) -> str:
        """A declared SQL fragment with its placeholders filled; a table that it joins by county is bound to ours too."""
        if "{county}" not in sql:
            sql = _JOINED_COUNTY.sub(r"\1 {county} AND \g<0>", sql)
        for placeholder, (key, read, type_name) in _PLACEHOLDERS.items():
            if placeholder in sql:
                sql = sql.replace(placeholder, f"{self.parameters.shared(key, read)}::{type_name}")
        if "{county}" in sql:
            sql = sql.replace("{county}", self.county)
        return sql.replace("{t}", row.alias)
