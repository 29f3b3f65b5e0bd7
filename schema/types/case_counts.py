"""Counts of cases for boards: by state, urgency, category, place, organization or day."""

from datetime import date

import strawberry

from schema.declarations import Group, Through
from schema.mapping import groups, one
from schema.types.divisions import Division
from schema.types.organizations import Organization
from schema.types.routing import Category
from shaodao.domain.vocabulary import CaseState, Urgency

# Whom the matter was taken from again has no more to do with it; an agent's own part is none of the organization's.
_TAKES_PART = Through(
    "assignment", {"case_id": "id"}, where="{t}.state NOT IN ('REASSIGNED', 'WITHDRAWN') AND {t}.agent_id IS NULL"
)

CaseGroup = groups(
    "CaseGroup",
    "What cases are counted by.",
    STATE=Group("state", "By state."),
    URGENCY=Group("urgency", "By class of urgency and difficulty."),
    CATEGORY=Group("category_code", "By category; none where it is not known yet."),
    STREET=Group("street_code", "By street."),
    COMMUNITY=Group("community_code", "By community; none where it is not known."),
    ORGANIZATION=Group(
        "organization_code",
        "By organization with a part in it; a case of several counts for each, one of nobody for none.",
        through=_TAKES_PART,
    ),
    DAY=Group(
        "day",
        "By the day on which it was registered, in Shanghai's time.",
        sql="({t}.registered_at AT TIME ZONE 'Asia/Shanghai')::date",
    ),
)


@strawberry.type(description="How many cases there are of a group. What was not grouped by is null.")
class CaseCount:
    count: int = strawberry.field(description="How many.")
    state: CaseState | None = strawberry.field(description="Their state.")
    urgency: Urgency | None = strawberry.field(description="Their class.")
    category: Category | None = one(on={"code": "category_code"}, description="Their category 诉求分类.")
    street: Division | None = one(on={"code": "street_code"}, description="Their street.")
    community: Division | None = one(on={"code": "community_code"}, description="Their community.")
    organization: Organization | None = one(on={"code": "organization_code"}, description="The organization 单位.")
    day: date | None = strawberry.field(description="The day of registration.")
