"""Filters of the lists of routing rules, duties and community admissions."""

from datetime import datetime

import strawberry

from schema.declarations import Flag, Fragment, Where
from schema.mapping import filtered
from shaodao.domain.case_vocabulary import AdmissionState, RuleState

_TODAY = "({now} AT TIME ZONE 'Asia/Shanghai')::date"
VALID_DUTY = "{t}.valid_from <= " + _TODAY + " AND ({t}.valid_to IS NULL OR {t}.valid_to >= " + _TODAY + ")"
"""Whether an item of a duty list is valid today."""

_IN_FORCE_AT = "{t}.in_force_from <= {value}::timestamptz AND ({t}.in_force_until IS NULL OR {t}.in_force_until > {value}::timestamptz)"


@strawberry.input(description="What versions of routing rules must meet; every field that is given must hold.")
class RoutingRuleFilter:
    states: list[RuleState] | None = filtered(Where("state", "in"), description="In these states.")
    code: str | None = filtered(Where("code"), description="Versions of this rule.")
    category: str | None = filtered(Where("category_code"), description="With this category as condition.")
    lead_organization: str | None = filtered(
        Where("lead_organization_code"), description="That propose this organization to lead."
    )
    in_force_at: datetime | None = filtered(Fragment(_IN_FORCE_AT), description="In force at this time.")
    from_ruling: bool | None = filtered(
        Flag("{t}.objection_id IS NOT NULL"), description="Whether a ruling on an objection led to them."
    )


@strawberry.input(description="What requests for community admission must meet.")
class CommunityAdmissionFilter:
    states: list[AdmissionState] | None = filtered(Where("state", "in"), description="In these states.")
    organization: str | None = filtered(Where("organization_code"), description="Of this organization.")
    community: str | None = filtered(
        Fragment("{value}::text = ANY({t}.community_codes)"), description="Naming the community with this code."
    )
    street: str | None = filtered(Where("street_code"), description="Of the street with this code.")
