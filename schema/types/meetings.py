"""Meetings that take up a case: 联席会议 (reference C.4), 民情研判 (J-15, J-16)."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

from schema.declarations import Flag, Where
from schema.mapping import expression, filtered, many, one, orderings, table
from schema.relay import Node
from schema.types.accounts import Account
from schema.types.organizations import Organization
from shaodao.domain.case_vocabulary import MeetingKind

if TYPE_CHECKING:
    from schema.types.cases import Case
    from schema.types.whistles import Whistle

_MISSED = "{t}.decided_at IS NULL AND {t}.meets_at <= {now}"


@table("meeting_participant", rule="meeting_participant", key=("meeting_id", "organization_code"))
@strawberry.type(description="An organization that is called to a meeting.")
class MeetingParticipant:
    organization: Organization | None = one(on={"code": "organization_code"}, description="The organization.")


@table("meeting", rule="meeting", node=True)
@strawberry.type(
    description="A meeting that takes up a case; its decision returns to the case. Departments see those they are called to."
)
class Meeting(Node):
    kind: MeetingKind = strawberry.field(description="Kind.")
    case: Annotated["Case", strawberry.lazy("schema.types.cases")] | None = one(
        on={"id": "case_id"}, description="The case."
    )
    whistle: Annotated["Whistle", strawberry.lazy("schema.types.whistles")] | None = one(
        on={"id": "whistle_id", "case_id": "case_id"}, description="The whistle that it is about, if any."
    )
    topic: str = strawberry.field(description="What it is about 议题.")
    meets_at: datetime = strawberry.field(description="When it meets.")
    place: str | None = strawberry.field(description="Where.")
    participants: list[MeetingParticipant] = many(
        on={"meeting_id": "id"}, order=[("organization_code", "asc")], description="Who is called to it 参会单位."
    )
    called_by: Account | None = one(on={"id": "called_by"}, description="Who called it.")
    called_at: datetime = strawberry.field(description="When.")
    missed: bool = expression(
        f"({_MISSED})", description="Whether its time has passed without a decision that was recorded 未按期召开."
    )
    decision: str | None = strawberry.field(description="What it decided; null until that is recorded.")
    lead: Organization | None = one(
        on={"code": "lead_organization_code"}, description="Who leads by its decision 主办."
    )
    co_organization_codes: list[str] = strawberry.field(description="Codes of who helps by its decision 协办.")
    decided_by: Account | None = one(on={"id": "decided_by"}, description="Who recorded the decision.")
    decided_at: datetime | None = strawberry.field(description="When.")


MeetingOrder = orderings(
    "MeetingOrder",
    "Ordering of meetings.",
    MEETS=[("meets_at", "asc")],
    NEWEST=[("meets_at", "desc")],
)


@strawberry.input(description="What meetings must meet.")
class MeetingFilter:
    kinds: list[MeetingKind] | None = filtered(Where("kind", "in"), description="Of these kinds.")
    street: str | None = filtered(Where("street_code"), description="Code of the street.")
    decided: bool | None = filtered(Flag("{t}.decided_at IS NOT NULL"), description="Whether a decision was recorded.")
    missed: bool | None = filtered(Flag(_MISSED), description="Whether its time has passed without a decision (J-15).")
    meets_from: datetime | None = filtered(Where("meets_at", "gte"), description="At this time or later.")
    meets_before: datetime | None = filtered(Where("meets_at", "lt"), description="Before this time.")
