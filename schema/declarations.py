"""What a type, a field, a list or a filter can declare: the words that the compiler reads. ``schema.mapping`` writes them down."""

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Literal

from shaodao.domain.permissions import Level

NOWHERE = "(SELECT)"
"""The table of a type that stands on none: one row without columns, for fields that stand on the viewer or on lists."""

Operator = Literal["eq", "ne", "in", "prefix", "lt", "lte", "gte", "gt", "is_null", "contains"]
Direction = Literal["asc", "desc"]
TermSpec = tuple[str, Direction] | tuple[str, Direction, Literal["nullable"]]
DEFAULT_SCOPE: Mapping[Level, str] = {
    "GRID": "grid_code",
    "COMMUNITY": "community_code",
    "STREET": "street_code",
    "COUNTY": "county_code",
}


@dataclass(frozen=True)
class Table:
    """Where a type stands: its table, its row rule, its key after county_code, the names of its scope columns.

    Of a ``view`` nothing guarantees that the key is one row's. A page of a table that is ``cut_first`` is found before its
    objects are made: where these cost far more than the scan, PostgreSQL takes scans that differ a hundredfold for equal.
    """

    name: str
    rule: str
    shared: bool = False
    key: tuple[str, ...] = ("id",)
    node: bool = False
    view: bool = False
    cut_first: bool = False
    scope: Mapping[Level, str] = field(default_factory=lambda: DEFAULT_SCOPE)


@dataclass(frozen=True)
class Term:
    """One ordering column; nulls, where there may be any, stand last in both directions."""

    column: str
    descending: bool
    nullable: bool


@dataclass(frozen=True)
class Orders:
    """The orderings of a list by name, the first being the default; ``enum`` is their GraphQL enum."""

    terms: Mapping[str, tuple[Term, ...]]
    enum: type[StrEnum] | None = None

    @property
    def default(self) -> str:
        """The name of the ordering that holds when none is asked for."""
        return next(iter(self.terms))


class Choice(StrEnum):
    """Base of the enums of orderings and groups; their values decide the SQL, so they are part of a plan's key."""


@dataclass(frozen=True)
class Where:
    """The column compared with the value; a given null means IS NULL if ``nullable``, else it is refused."""

    column: str
    operator: Operator = "eq"
    nullable: bool = False


@dataclass(frozen=True)
class Flag:
    """The SQL predicate holds (true) or does not (false)."""

    sql: str


@dataclass(frozen=True)
class Search:
    """The pieces of the text are all in the array ``column``, and the expression ``recheck`` contains the text."""

    column: str
    pieces: Callable[[str], list[str]]
    recheck: str | None = None


@dataclass(frozen=True)
class Exists:
    """A row of ``table`` visible to the viewer exists, joined by ``on`` (its column to ours), whose column compares."""

    table: str
    on: Mapping[str, str]
    column: str
    operator: Operator = "eq"


@dataclass(frozen=True)
class Fragment:
    """A predicate with ``{value}``; ``bind`` makes what is bound of the client's value and the request's ``Binding``."""

    sql: str
    bind: Callable[[Any, Any], Any] | None = None


@dataclass(frozen=True)
class ByKind:
    """A condition for each kind of value, which ``kind`` tells; what it raises is the client's mistake.

    The kind decides the SQL, so a plan serves values of one kind only: what would be an OR over all of them, which no
    index serves, is the one comparison that the value needs.
    """

    kind: Callable[[Any], Hashable]
    conditions: Mapping[Hashable, "Condition"]


@dataclass(frozen=True)
class ById:
    """The row with this global id."""


@dataclass(frozen=True)
class Seen:
    """The condition, on rows on which the field rule shows what it asks about: or its answers would tell what is hidden."""

    rule: str
    condition: "Condition"


Condition = Where | Flag | Search | Exists | Fragment | ByKind | ById | Seen


@dataclass(frozen=True)
class Argument:
    """An argument of a list or root field: its annotation, what it means, its description."""

    annotation: Any
    condition: Condition
    description: str | None = None


@dataclass(frozen=True)
class Column:
    """A column of the row."""

    name: str
    visible: str | None = None


@dataclass(frozen=True)
class Expression:
    """An SQL expression over the row."""

    sql: str
    visible: str | None = None


@dataclass(frozen=True)
class Embedded:
    """An object made of the same row, null where the predicate ``when`` does not hold."""

    when: str | None = None
    visible: str | None = None


@dataclass(frozen=True)
class One:
    """The row of the field's type whose columns equal ours."""

    on: Mapping[str, str]
    visible: str | None = None


@dataclass(frozen=True)
class Many:
    """Every such row as a plain list; as a root field every visible row."""

    on: Mapping[str, str]
    terms: tuple[Term, ...]
    where: str | None = None
    arguments: Mapping[str, Argument] = field(default_factory=dict)
    visible: str | None = None


@dataclass(frozen=True)
class Page:
    """A Relay connection over such rows, read forwards or backwards."""

    on: Mapping[str, str]
    orders: Orders
    where: str | None = None
    arguments: Mapping[str, Argument] = field(default_factory=dict)
    visible: str | None = None


@dataclass(frozen=True)
class Single:
    """A root field: the one visible row that the arguments name, or null."""

    arguments: Mapping[str, Argument]


@dataclass(frozen=True, eq=False)
class Through:
    """Rows of ``table`` visible to the viewer that hang on ours by ``on`` (their column to ours)."""

    table: str
    on: Mapping[str, str]
    where: str | None = None


@dataclass(frozen=True)
class Group:
    """What rows are counted by: the column of the counts' type that holds it, and what it is.

    That is ``sql``, by default the column of the same name; ``{t}`` is the row, or one that it leads to ``through``.
    """

    column: str
    description: str
    sql: str | None = None
    through: Through | None = None


@dataclass(frozen=True)
class Groups:
    """What rows may be counted by, by name, and the GraphQL enum of the names."""

    groups: Mapping[str, Group]
    enum: Any


@dataclass(frozen=True)
class Counts:
    """A root field: how many visible rows of the GraphQL type ``of`` there are, by the groups asked for."""

    of: str
    groups: Groups
    arguments: Mapping[str, Argument] = field(default_factory=dict)


@dataclass(frozen=True)
class Derived:
    """A value that Python computes from facts that the statement reads; see ``derived``."""

    facts: str
    compute: Callable[..., Any]
    visible: str | None = None


@dataclass(frozen=True)
class RootExpression:
    """A root field: an SQL expression that stands on no row."""

    sql: str


@dataclass(frozen=True)
class NodeById:
    """``node(id)``."""


@dataclass(frozen=True)
class NodesByIds:
    """``nodes(ids)``."""


@dataclass(frozen=True)
class Stored:
    """A payload's stored object: at run time a ``StoredRef``, read after commit as the viewer sees it."""


RowDeclaration = Column | Expression | Embedded | One | Many | Page | Derived
RootDeclaration = Single | Many | Page | Counts | RootExpression | NodeById | NodesByIds
Declaration = RowDeclaration | RootDeclaration | Stored


@dataclass(frozen=True)
class StoredRef:
    """Names a stored row: the GraphQL type, the county (none for a shared table) and the key."""

    type: str
    county: int | None
    key: str
