"""The types of the benchmark's operations: plain fields from the row, relations by the request's DataLoaders."""

from datetime import date, datetime
from typing import Annotated

import strawberry
from asyncpg import Record
from strawberry.types import Info

from bench.plain.conditions import Conditions
from bench.plain.context import Context
from bench.plain.pages import Connection, Listing, connection
from shaodao.domain import vocabulary

PlainInfo = Info[Context, None]


def global_id(type_name: str, row: Record) -> strawberry.ID:
    """The public identifier of a row of a growing table."""
    return strawberry.ID(f"{type_name}:{row['county_code']}:{row['id']}")


@strawberry.type
class Grid:
    """A grid 网格."""

    code: str
    name: str


@strawberry.type
class Organization:
    """An organization 单位."""

    code: str
    name: str


@strawberry.type
class Reporter:
    """Who reported a case, masked."""

    anonymous: bool
    name: str | None
    phone: str | None


@strawberry.type
class CaseEvent:
    """A step in the history of a case."""

    seq: int
    at: datetime
    type: str
    text: str
    actor_role: vocabulary.Role
    from_state: str | None
    to_state: str | None


@strawberry.type
class Whistle:
    """A whistle 哨."""

    id: strawberry.ID
    number: str
    kind: vocabulary.WhistleKind
    state: vocabulary.WhistleState
    reason: str
    blown_at: datetime | None
    closed_at: datetime | None


@strawberry.type
class Report:
    """A report of an organization."""

    id: strawberry.ID
    kind: vocabulary.ReportKind
    measures: str
    result: vocabulary.ReportResult | None
    reported_at: datetime


@strawberry.type
class Deadline:
    """A clock with its limit."""

    kind: vocabulary.ClockKind
    started_at: datetime
    due_at: datetime
    state: vocabulary.ClockState


@strawberry.type
class Assignment:
    """An organization's part in a case."""

    id: strawberry.ID
    role: vocabulary.AssignmentRole
    state: vocabulary.AssignmentState
    version: int
    notified_at: datetime
    acknowledge_due_at: datetime | None
    acknowledged_at: datetime | None
    arrived_at: datetime | None
    result_due_at: datetime | None
    reported_at: datetime | None
    verified_at: datetime | None
    row: strawberry.Private[Record]

    @strawberry.field
    async def organization(self, info: PlainInfo) -> Organization | None:
        """The organization."""
        row = await info.context.loaders.organization.load(self.row["organization_code"])
        return None if row is None else Organization(code=row["code"], name=row["name"])

    @strawberry.field
    async def case(self, info: PlainInfo) -> Annotated["Case", strawberry.lazy("bench.plain.types")] | None:
        """The case."""
        row = await info.context.loaders.case.load(self.row["case_id"])
        return None if row is None else case_of(row)

    @strawberry.field
    async def reports(self, info: PlainInfo) -> list[Report]:
        """Its reports."""
        return [report_of(row) for row in await info.context.loaders.reports.load(self.row["id"])]

    @strawberry.field
    async def deadlines(self, info: PlainInfo) -> list[Deadline]:
        """Its clocks."""
        return [deadline_of(row) for row in await info.context.loaders.deadlines.load(self.row["id"])]


@strawberry.type
class Case:
    """A case 事件/诉求."""

    id: strawberry.ID
    number: str
    title: str
    description: str
    state: vocabulary.CaseState
    urgency: vocabulary.Urgency
    level: vocabulary.SolvingLevel
    address: str | None
    version: int
    registered_at: datetime
    accepted_at: datetime | None
    due_at: datetime | None
    closed_at: datetime | None
    reporter: Reporter
    row: strawberry.Private[Record]

    @strawberry.field
    async def grid(self, info: PlainInfo) -> Grid | None:
        """The grid, if known."""
        if self.row["grid_code"] is None:
            return None
        row = await info.context.loaders.grid.load(self.row["grid_code"])
        return None if row is None else Grid(code=row["code"], name=row["name"])

    @strawberry.field
    async def assignments(self, info: PlainInfo) -> list[Assignment]:
        """Its assignments."""
        return [assignment_of(row) for row in await info.context.loaders.assignments.load(self.row["id"])]

    @strawberry.field
    async def whistles(self, info: PlainInfo) -> list[Whistle]:
        """Its whistles."""
        return [whistle_of(row) for row in await info.context.loaders.whistles.load(self.row["id"])]

    @strawberry.field
    async def history(self, info: PlainInfo, first: int = 20, after: str | None = None) -> Connection[CaseEvent]:
        """Its history, newest first."""
        conditions = Conditions()
        conditions.add("county_code = {} AND case_id = {}", self.row["county_code"], self.row["id"])
        conditions.add("type <> {}", "wakeUp")
        listing = Listing(info.context.pool, "case_event", conditions, (("seq", "DESC"),), ("int",))
        return await connection(listing, event_of, first, after)


@strawberry.type
class Household:
    """A household 户."""

    id: strawberry.ID
    number: str
    address: str
    member_count: int


@strawberry.type
class CareTag:
    """A care tag 关爱标签."""

    kind: vocabulary.CareKind
    evidence: str | None
    valid_from: date


@strawberry.type
class Person:
    """A person 人口, masked."""

    id: strawberry.ID
    reference: str | None
    name: str
    gender: vocabulary.Gender
    id_number: str | None
    phone: str | None
    address: str | None
    residence_kind: vocabulary.ResidenceKind
    relation_to_head: str | None
    row: strawberry.Private[Record]

    @strawberry.field
    async def household(self, info: PlainInfo) -> Household | None:
        """Their household."""
        if self.row["household_id"] is None:
            return None
        row = await info.context.loaders.household.load(self.row["household_id"])
        return None if row is None else household_of(row)

    @strawberry.field
    async def care_tags(self, info: PlainInfo) -> list[CareTag]:
        """Care tags that are valid today."""
        return [care_tag_of(row) for row in await info.context.loaders.care_tags.load(self.row["id"])]


@strawberry.type
class Division:
    """A division 行政区划."""

    code: str
    name: str


@strawberry.type
class CaseCount:
    """How many cases there are of a group; what was not grouped by is null."""

    count: int
    state: vocabulary.CaseState | None
    street_code: strawberry.Private[str | None]

    @strawberry.field
    async def street(self, info: PlainInfo) -> Division | None:
        """Their street."""
        if self.street_code is None:
            return None
        row = await info.context.loaders.division.load(self.street_code)
        return None if row is None else Division(code=row["code"], name=row["name"])


def case_of(row: Record) -> Case:
    """The case of a row."""
    reporter = Reporter(
        anonymous=row["reporter_anonymous"], name=row["reporter_name_masked"], phone=row["reporter_phone_masked"]
    )
    return Case(
        id=global_id("Case", row), number=row["number"], title=row["title"], description=row["description"],
        state=vocabulary.CaseState[row["state"]], urgency=vocabulary.Urgency[row["urgency"]],
        level=vocabulary.SolvingLevel[row["level"]], address=row["address"], version=row["version"],
        registered_at=row["registered_at"], accepted_at=row["accepted_at"], due_at=row["due_at"],
        closed_at=row["closed_at"], reporter=reporter, row=row,
    )  # fmt: skip


def assignment_of(row: Record) -> Assignment:
    """The assignment of a row."""
    return Assignment(
        id=global_id("Assignment", row), role=vocabulary.AssignmentRole[row["role"]],
        state=vocabulary.AssignmentState[row["state"]], version=row["version"], notified_at=row["notified_at"],
        acknowledge_due_at=row["acknowledge_due_at"], acknowledged_at=row["acknowledged_at"],
        arrived_at=row["arrived_at"], result_due_at=row["result_due_at"], reported_at=row["reported_at"],
        verified_at=row["verified_at"], row=row,
    )  # fmt: skip


def whistle_of(row: Record) -> Whistle:
    """The whistle of a row."""
    return Whistle(
        id=global_id("Whistle", row), number=row["number"], kind=vocabulary.WhistleKind[row["kind"]],
        state=vocabulary.WhistleState[row["state"]], reason=row["reason"], blown_at=row["blown_at"],
        closed_at=row["closed_at"],
    )  # fmt: skip


def report_of(row: Record) -> Report:
    """The report of a row."""
    result = None if row["result"] is None else vocabulary.ReportResult[row["result"]]
    return Report(
        id=global_id("Report", row), kind=vocabulary.ReportKind[row["kind"]], measures=row["measures"], result=result,
        reported_at=row["reported_at"],
    )  # fmt: skip


def deadline_of(row: Record) -> Deadline:
    """The clock of a row."""
    return Deadline(
        kind=vocabulary.ClockKind[row["kind"]], started_at=row["started_at"], due_at=row["due_at"],
        state=vocabulary.ClockState[row["state"]],
    )  # fmt: skip


def event_of(row: Record) -> CaseEvent:
    """The event of a row."""
    return CaseEvent(
        seq=row["seq"], at=row["at"], type=row["type"], text=row["text"], actor_role=vocabulary.Role[row["actor_role"]],
        from_state=row["from_state"], to_state=row["to_state"],
    )  # fmt: skip


def person_of(row: Record) -> Person:
    """The person of a row."""
    return Person(
        id=global_id("Person", row), reference=row["reference"], name=row["name"],
        gender=vocabulary.Gender[row["gender"]], id_number=row["id_number_masked"], phone=row["phone_masked"],
        address=row["address"], residence_kind=vocabulary.ResidenceKind[row["residence_kind"]],
        relation_to_head=row["relation_to_head"], row=row,
    )  # fmt: skip


def household_of(row: Record) -> Household:
    """The household of a row."""
    return Household(
        id=global_id("Household", row), number=row["number"], address=row["address"], member_count=row["member_count"]
    )


def care_tag_of(row: Record) -> CareTag:
    """The care tag of a row."""
    return CareTag(kind=vocabulary.CareKind[row["kind"]], evidence=row["evidence"], valid_from=row["valid_from"])


def case_count_of(row: Record) -> CaseCount:
    """The count of a row, which has the columns that were grouped by."""
    state = row.get("state")
    return CaseCount(
        count=row["count"], state=state and vocabulary.CaseState[state], street_code=row.get("street_code")
    )
