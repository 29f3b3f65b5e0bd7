"""Campaigns 专项整治 (reference C.1.4, S-21): what grew out of a case over an area, with its counts and its cases."""

from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

from schema.declarations import Where
from schema.mapping import filtered, many, one, orderings, table
from schema.relay import Node
from schema.types.accounts import Account
from schema.types.divisions import Division
from shaodao.domain.case_vocabulary import CampaignState

if TYPE_CHECKING:
    from schema.types.cases import Case


@table("campaign_case", rule="campaign_case", key=("campaign_id", "case_id"))
@strawberry.type(description="That a case was taken up in a campaign. Cases that the viewer does not see are absent.")
class CampaignCase:
    campaign: Annotated["Campaign", strawberry.lazy("schema.types.campaigns")] | None = one(
        on={"id": "campaign_id"}, description="The campaign."
    )
    case: Annotated["Case", strawberry.lazy("schema.types.cases")] | None = one(
        on={"id": "case_id"}, description="The case."
    )
    joined_at: datetime = strawberry.field(description="When it was taken up.")


@table("campaign", rule="staff_only", node=True)
@strawberry.type(description="A campaign 专项整治: what one case showed is looked for in a whole area. For staff.")
class Campaign(Node):
    name: str = strawberry.field(description="Name.")
    scope: str = strawberry.field(description="What is looked for, and where.")
    street: Division | None = one(on={"code": "street_code"}, description="The street that runs it.")
    grid_codes: list[str] = strawberry.field(description="Codes of its grids; none: the whole street.")
    source_case: Annotated["Case", strawberry.lazy("schema.types.cases")] | None = one(
        on={"id": "source_case_id"}, description="The case that it grew from."
    )
    cases: list[CampaignCase] = many(
        on={"campaign_id": "id"}, order=[("joined_at", "asc")], description="Its cases, the source case first."
    )
    starts_on: date = strawberry.field(description="First day.")
    ends_on: date = strawberry.field(description="Last day as planned.")
    found: int = strawberry.field(description="How many were found 发现 by now.")
    cleared: int = strawberry.field(description="How many of them are cleared 清理.")
    report: str | None = strawberry.field(description="What came of it 总结.")
    state: CampaignState = strawberry.field(description="State.")
    started_by: Account | None = one(on={"id": "started_by"}, description="Who started it.")
    started_at: datetime = strawberry.field(description="When.")
    ended_by: Account | None = one(on={"id": "ended_by"}, description="Who ended it.")
    ended_at: datetime | None = strawberry.field(description="When.")
    version: int = strawberry.field(description="Version, for `expectedVersion`.")


CampaignOrder = orderings("CampaignOrder", "Ordering of campaigns.", NEWEST=[("started_at", "desc")])


@strawberry.input(description="What campaigns must meet.")
class CampaignFilter:
    states: list[CampaignState] | None = filtered(Where("state", "in"), description="In these states.")
    street: str | None = filtered(Where("street_code"), description="Code of the street.")
