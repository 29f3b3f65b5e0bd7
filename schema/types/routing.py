"""The dispatch catalogue 派单目录, duty lists and categories (reference C.1.4)."""

from datetime import date, datetime, time
from typing import Annotated

import strawberry

from schema.mapping import column, expression, many, one, table
from schema.relay import Node
from schema.types.accounts import Account
from schema.types.divisions import Division
from schema.types.organizations import Organization
from shaodao.domain.case_vocabulary import AdmissionState, RuleState
from shaodao.domain.deadlines import DeadlineUnit
from shaodao.domain.vocabulary import AreaKind, DivisionLevel, DutyListKind


@table("categories", rule="shared", shared=True, key=("code",), node=True)
@strawberry.type(description="A category of cases 诉求分类.")
class Category(Node):
    code: str = strawberry.field(description="Code, such as `A13`.")
    name: str = strawberry.field(description="Name.")
    parent: Annotated["Category", strawberry.lazy("schema.types.routing")] | None = one(
        on={"code": "parent_code"}, description="The category above it."
    )
    children: list[Annotated["Category", strawberry.lazy("schema.types.routing")]] = many(
        on={"parent_code": "code"}, order=[("sort", "asc")], description="The categories below it."
    )
    lead_organization: Organization | None = one(
        on={"code": "lead_organization_code"}, description="Who leads by default 默认主办."
    )
    sort: int = strawberry.field(description="Place in lists.")
    active: bool = strawberry.field(description="Whether new cases may have it.")
    from_source: bool = strawberry.field(description="Whether the field's own papers name it; the others are examples.")


@table("duty_list_items", rule="shared", shared=True, key=("code",), node=True)
@strawberry.type(description="An item of a duty list 履职事项清单.")
class DutyListItem(Node):
    code: str = strawberry.field(description="Code.")
    list_kind: DutyListKind = column("list", description="The list that it stands on.")
    holder_level: DivisionLevel = strawberry.field(description="The level whose duty it is.")
    name: str = strawberry.field(description="The duty.")
    category: Category | None = one(on={"code": "category_code"}, description="Category of cases.")
    lead_organization: Organization | None = one(on={"code": "lead_organization_code"}, description="Who leads 主办.")
    assist_organization_codes: list[str] = strawberry.field(description="Codes of those who assist 协办.")
    legal_basis: str = strawberry.field(description="Legal basis 法律依据.")
    valid_from: date = strawberry.field(description="First day of validity.")
    valid_to: date | None = strawberry.field(description="Last day of validity.")
    defined_by: Account | None = one(
        on={"id": "defined_by"}, visible="staff_only", description="Who put it on the list; for staff only."
    )
    defined_at: datetime | None = strawberry.field(description="When it was put on the list.")
    ended_by: Account | None = one(
        on={"id": "ended_by"}, visible="staff_only", description="Who ended it; for staff only."
    )
    ended_at: datetime | None = strawberry.field(description="When its end was set.")
    end_reason: str | None = column("end_reason", visible="staff_only", description="Why it was ended; for staff only.")


@table("routing_rule", rule="staff_only", node=True)
@strawberry.type(
    description="A version of a routing rule 派单规则: conditions, and whom it proposes. Every version stays: who proposed and "
    "decided it, when and why. The versions IN_FORCE are the dispatch catalogue 派单目录."
)
class RoutingRule(Node):
    code: str = strawberry.field(description="Code of the rule, which its versions share.")
    version: int = strawberry.field(description="Number of the version, from 1.")
    state: RuleState = strawberry.field(description="State of the version.")
    retires: bool = strawberry.field(description="Whether this version ends the rule 停用 instead of changing it.")
    sort: int = strawberry.field(description="Place in the order in which rules are tried; of equals the code decides.")
    name: str = strawberry.field(description="The matter.")
    category: Category | None = one(
        on={"code": "category_code"}, description="Condition: the category, or one below it."
    )
    component_code: str | None = strawberry.field(description="Condition: the city component 部件事件代码, ten digits.")
    area_kind: AreaKind | None = strawberry.field(description="Condition: the grid's kind of area.")
    area_code: str | None = strawberry.field(description="Condition: the division or grid in which the case lies.")
    keywords: list[str] = strawberry.field(description="Condition: one of these words in title or description.")
    time_from: time | None = strawberry.field(
        description="Condition: the time of day in Shanghai at which it happened, else was registered; from here on."
    )
    time_to: time | None = strawberry.field(
        description="Condition: up to here, exclusive; past midnight when it is the earlier."
    )
    lead_organization: Organization | None = one(on={"code": "lead_organization_code"}, description="Who leads 主办.")
    co_organization_codes: list[str] = strawberry.field(description="Codes of those who help 协办.")
    duty_item: DutyListItem | None = one(on={"code": "duty_item_code"}, description="The duty that it rests on.")
    limit_unit: DeadlineUnit | None = strawberry.field(description="Unit of its own limit.")
    limit_amount: int | None = strawberry.field(description="Amount of its own limit, before the class's.")
    evidence_required: bool = strawberry.field(description="Whether a photo of the result is required.")
    reason: str | None = column(
        "reason",
        visible="street_staff",
        description="Why it was proposed; for the street and the county, not for departments.",
    )
    from_ruling: bool = expression(
        "{t}.objection_id IS NOT NULL", description="Whether a ruling on an objection led to it."
    )
    proposed_by: Account | None = one(on={"id": "proposed_by"}, description="Who proposed it; null for the first ones.")
    proposed_at: datetime = strawberry.field(description="When it was proposed.")
    decided_by: Account | None = one(on={"id": "decided_by"}, description="Who decided, another person.")
    decided_at: datetime | None = strawberry.field(description="When it was decided.")
    decision_text: str | None = strawberry.field(description="What the decider said.")
    in_force_from: datetime | None = strawberry.field(description="Since when it is, or was, in force.")
    in_force_until: datetime | None = strawberry.field(description="Until when it was in force, exclusive.")
    versions: list[Annotated["RoutingRule", strawberry.lazy("schema.types.routing")]] = many(
        on={"code": "code"}, order=[("version", "asc")], description="All versions of the rule: its history."
    )


@table("community_admission", rule="community_admission", node=True)
@strawberry.type(
    description="A department's request to place work on communities 社区准入, and what came of it (L-26)."
)
class CommunityAdmission(Node):
    organization: Organization | None = one(on={"code": "organization_code"}, description="Whose work it is.")
    name: str = strawberry.field(description="The work in a few words.")
    category: Category | None = one(on={"code": "category_code"}, description="Category of the cases.")
    content: str = strawberry.field(description="What the communities are asked to do.")
    legal_basis: str = strawberry.field(description="Legal basis 法律依据.")
    street: Division | None = one(on={"code": "street_code"}, description="The street whose leader decides.")
    community_codes: list[str] = strawberry.field(description="Codes of the communities.")
    valid_from: date = strawberry.field(description="First day of validity.")
    valid_to: date = strawberry.field(description="Last day of validity.")
    state: AdmissionState = strawberry.field(description="State of the request.")
    requested_by: Account | None = one(on={"id": "requested_by"}, description="Who asked.")
    requested_at: datetime = strawberry.field(description="When it was asked for.")
    decided_by: Account | None = one(on={"id": "decided_by"}, description="Who decided, a leader of the street.")
    decided_at: datetime | None = strawberry.field(description="When it was decided.")
    decision_text: str | None = strawberry.field(description="What the leader said.")
    valid: bool = expression(
        "{t}.state = 'GRANTED' AND ({now} AT TIME ZONE 'Asia/Shanghai')::date BETWEEN {t}.valid_from AND {t}.valid_to",
        description="Whether work may be placed by it today.",
    )
