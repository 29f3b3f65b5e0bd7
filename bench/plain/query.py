"""The root fields of the benchmark's operations, with the names and arguments of the server's schema."""

from enum import Enum
from typing import Annotated

import strawberry

from bench.plain.conditions import Conditions, in_scope
from bench.plain.pages import Connection, Listing, Order, connection
from bench.plain.types import (
    Assignment,
    Case,
    CaseCount,
    Person,
    PlainInfo,
    assignment_of,
    case_count_of,
    case_of,
    person_of,
)
from shaodao.domain.text import bigrams

_TEXT = "concat_ws(' ', number, title, description, address)"
_OPEN = "closed_at IS NULL AND state NOT IN ('NOT_ACCEPTED', 'MERGED', 'CANCELLED')"
MOST_GROUPS = 1000
_BY_ID = ("timestamptz", "uuid")


@strawberry.enum
class CaseOrder(Enum):
    """Ordering of cases."""

    NEWEST = "NEWEST"


@strawberry.enum
class CaseGroup(Enum):
    """What cases are counted by; the value is the column."""

    STATE = "state"
    STREET = "street_code"


@strawberry.enum
class AssignmentOrder(Enum):
    """Ordering of assignments."""

    NEWEST = "NEWEST"


@strawberry.input
class CaseFilter:
    """What cases must meet."""

    division: str | None = None
    open: bool | None = None
    text: str | None = None


@strawberry.input
class PersonFilter:
    """What people must meet."""

    grid: str | None = None


CaseFilterArgument = Annotated[CaseFilter | None, strawberry.argument(name="filter")]
PersonFilterArgument = Annotated[PersonFilter | None, strawberry.argument(name="filter")]


@strawberry.type
class Query:
    """What the benchmark asks."""

    @strawberry.field
    async def cases(
        self, info: PlainInfo, given: CaseFilterArgument = None, order_by: CaseOrder = CaseOrder.NEWEST, first: int = 20,
        after: str | None = None,
    ) -> Connection[Case]:  # fmt: skip
        """Cases, newest first."""
        conditions = in_scope(info.context.viewer)
        if given is not None:
            _narrow(conditions, given)
        listing = Listing(info.context.pool, "case_file", conditions, _newest("registered_at"), _BY_ID)
        return await connection(listing, case_of, first, after)

    @strawberry.field
    async def case(self, info: PlainInfo, number: str) -> Case | None:
        """A case by its number."""
        conditions = in_scope(info.context.viewer)
        conditions.add("number = {}", number)
        row = await info.context.pool.fetchrow(f"SELECT * FROM case_file WHERE {conditions.sql}", *conditions.values)
        return None if row is None else case_of(row)

    @strawberry.field
    async def case_counts(
        self, info: PlainInfo, group_by: list[CaseGroup], given: CaseFilterArgument = None
    ) -> list[CaseCount]:
        """How many cases there are by group, the largest first."""
        conditions = in_scope(info.context.viewer)
        if given is not None:
            _narrow(conditions, given)
        columns = ", ".join(group.value for group in group_by)
        sql = (
            f"SELECT {columns}, count(*) AS count FROM case_file WHERE {conditions.sql}"
            f" GROUP BY {columns} ORDER BY count DESC, {columns} LIMIT {MOST_GROUPS}"
        )
        rows = await info.context.pool.fetch(sql, *conditions.values)
        return [case_count_of(row) for row in rows]

    @strawberry.field
    async def people(
        self, info: PlainInfo, given: PersonFilterArgument = None, first: int = 20, after: str | None = None
    ) -> Connection[Person]:
        """People by name."""
        conditions = in_scope(info.context.viewer)
        if given is not None and given.grid is not None:
            conditions.add("grid_code = {}", given.grid)
        listing = Listing(info.context.pool, "person", conditions, (("name", "ASC"), ("id", "ASC")), ("text", "uuid"))
        return await connection(listing, person_of, first, after)

    @strawberry.field
    async def assignments(
        self, info: PlainInfo, organization: str, order_by: AssignmentOrder = AssignmentOrder.NEWEST, first: int = 20,
        after: str | None = None,
    ) -> Connection[Assignment]:  # fmt: skip
        """A department's inbox, newest first."""
        conditions = Conditions()
        conditions.add("county_code = {} AND organization_code = {}", info.context.viewer.county, organization)
        conditions.add("organization_code = {} AND agent_id IS NULL", info.context.viewer.organization)
        listing = Listing(info.context.pool, "assignment", conditions, _newest("notified_at"), _BY_ID)
        return await connection(listing, assignment_of, first, after)


def _newest(column: str) -> Order:
    return ((column, "DESC"), ("id", "DESC"))


def _narrow(conditions: Conditions, given: CaseFilter) -> None:
    if given.division is not None:
        conditions.between_codes("street_code", given.division[:9].removesuffix("000"))
    if given.open:
        conditions.add(_OPEN)
    if given.text is not None:
        conditions.add("search_bigrams @> {}", bigrams(given.text))
        conditions.add(f"{_TEXT} ILIKE {{}}", f"%{given.text}%")
