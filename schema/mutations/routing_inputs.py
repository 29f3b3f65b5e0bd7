"""Inputs about routing rules, duty lists and community admission (reference C.1.4, L-25 to L-29)."""

from datetime import date, time
from typing import Any

import strawberry

from schema.mutations.base import KeyedInput
from shaodao.commands.admissions import AdmissionInput
from shaodao.commands.duty_lists import DutyInput
from shaodao.commands.rule_checks import RuleContent, RuleInput
from shaodao.domain.deadlines import DeadlineUnit
from shaodao.domain.vocabulary import AreaKind, DivisionLevel, DutyListKind


@strawberry.input
class RoutingRuleFields:
    """What a rule consists of beside its LEAD; a condition that is left out holds for every matter."""

    code: str = strawberry.field(
        description="1 to 20 letters, digits or hyphens. An existing rule gets a further version; all fields are told again."
    )
    name: str = strawberry.field(description="The matter, 1 to 50 characters.")
    category_code: str | None = strawberry.field(default=None, description="Condition: the category, or one below it.")
    component_code: str | None = strawberry.field(
        default=None, description="Condition: the city component 部件事件代码, ten digits."
    )
    area_kind: AreaKind | None = strawberry.field(default=None, description="Condition: the grid's kind of area.")
    area_code: str | None = strawberry.field(
        default=None,
        description="Condition: code of a division or grid. A new rule that a street proposes without one holds for that street.",
    )
    keywords: list[str] = strawberry.field(
        default_factory=list, description="Condition: one of these words in title or description; at most 50."
    )
    time_from: time | None = strawberry.field(
        default=None, description="Condition: time of day in Shanghai, from here on; with `timeTo`."
    )
    time_to: time | None = strawberry.field(
        default=None, description="Condition: up to here, exclusive; past midnight when it is the earlier."
    )
    co_organization_codes: list[str] = strawberry.field(
        default_factory=list, description="Codes of the organizations that it proposes to help 协办."
    )
    duty_item_code: str | None = strawberry.field(default=None, description="Code of the duty that it rests on.")
    limit_unit: DeadlineUnit | None = strawberry.field(default=None, description="Unit of its own limit.")
    limit_amount: int | None = strawberry.field(
        default=None, description="Amount of its own limit, before the class's."
    )
    evidence_required: bool = strawberry.field(default=False, description="Whether a photo of the result is required.")
    sort: int | None = strawberry.field(
        default=None, description="Place in the order; by default the former version's, else after all others."
    )

    def content(self) -> RuleContent:
        """The rule without its LEAD for a command."""
        return RuleContent(**self._told())

    def rule(self, lead: str) -> RuleInput:
        """The rule for a command."""
        return RuleInput(**self._told(), lead_organization_code=lead)

    def _told(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in RuleContent.__struct_fields__}


@strawberry.input(description="Input of proposeRoutingRule.")
class ProposeRoutingRuleInput(KeyedInput, RoutingRuleFields):
    lead_organization_code: str = strawberry.field(
        description="Code of the organization that it proposes to lead 主办."
    )
    reason: str = strawberry.field(description="Why, 1 to 500 characters.")


@strawberry.input(description="Input of proposeRuleFromRuling. LEAD and reason are the ruling's.")
class ProposeRuleFromRulingInput(KeyedInput, RoutingRuleFields):
    objection_id: strawberry.ID = strawberry.field(description="Global identifier of the granted objection.")


@strawberry.input(description="Input of decideRoutingRule.")
class DecideRoutingRuleInput(KeyedInput):
    rule_id: strawberry.ID = strawberry.field(description="Global identifier of the version.")
    granted: bool = strawberry.field(description="Whether it comes into force; one that retires its rule ends it.")
    text: str | None = strawberry.field(
        default=None, description="Opinion, at most 500 characters; a refusal needs it."
    )


@strawberry.input(description="Input of retireRoutingRule.")
class RetireRoutingRuleInput(KeyedInput):
    rule_id: strawberry.ID = strawberry.field(description="Global identifier of the version in force.")
    reason: str = strawberry.field(description="Why, 1 to 500 characters.")


@strawberry.input(
    description="Input of defineDutyItem. A code is defined once: what changes is ended and defined under a new one."
)
class DefineDutyItemInput(KeyedInput):
    code: str = strawberry.field(description="Code, 1 to 50 characters, not used before.")
    list_kind: DutyListKind = strawberry.field(description="The list that it stands on.")
    holder_level: DivisionLevel = strawberry.field(
        description="The level whose duty it is: COUNTY, STREET or COMMUNITY; of what was taken back, COUNTY."
    )
    name: str = strawberry.field(description="The duty, 1 to 50 characters.")
    legal_basis: str = strawberry.field(description="Legal basis 法律依据, 1 to 500 characters.")
    category_code: str | None = strawberry.field(
        default=None, description="Category of cases; none: of every category."
    )
    lead_organization_code: str | None = strawberry.field(default=None, description="Code of who leads 主办.")
    assist_organization_codes: list[str] = strawberry.field(
        default_factory=list, description="Codes of who assists 协办."
    )
    valid_from: date | None = strawberry.field(default=None, description="First day; by default today.")
    valid_to: date | None = strawberry.field(default=None, description="Last day, included.")

    def item(self) -> DutyInput:
        """The duty for a command."""
        return DutyInput(**{name: getattr(self, name) for name in DutyInput.__struct_fields__})


@strawberry.input(description="Input of endDutyItem.")
class EndDutyItemInput(KeyedInput):
    code: str = strawberry.field(description="Code of the duty.")
    reason: str = strawberry.field(description="Why, 1 to 500 characters.")
    last_day: date | None = strawberry.field(default=None, description="Its last day, included; by default today.")


@strawberry.input(description="Input of requestCommunityAdmission.")
class RequestCommunityAdmissionInput(KeyedInput):
    organization_code: str = strawberry.field(description="Code of the organization whose work it is.")
    name: str = strawberry.field(description="The work in a few words, 1 to 50 characters.")
    category_code: str = strawberry.field(description="Category of the cases.")
    content: str = strawberry.field(description="What the communities are asked to do, 1 to 2,000 characters.")
    legal_basis: str = strawberry.field(description="Legal basis 法律依据, 1 to 500 characters.")
    community_codes: list[str] = strawberry.field(description="Codes of communities of one street, at least one.")
    valid_to: date = strawberry.field(description="Last day, included.")
    valid_from: date | None = strawberry.field(default=None, description="First day; by default today.")

    def admission(self) -> AdmissionInput:
        """The request for a command."""
        return AdmissionInput(**{name: getattr(self, name) for name in AdmissionInput.__struct_fields__})


@strawberry.input(description="Input of decideCommunityAdmission.")
class DecideCommunityAdmissionInput(KeyedInput):
    admission_id: strawberry.ID = strawberry.field(description="Global identifier of the request.")
    granted: bool = strawberry.field(description="Whether the work is admitted.")
    text: str | None = strawberry.field(
        default=None, description="Opinion, at most 500 characters; a refusal needs it."
    )
