"""Mutations of campaigns 专项整治 (reference S-21, J-20)."""

from datetime import date

import strawberry

from schema.mutations.base import Action, CaseAction, Given, Info, action, perform, prepared
from schema.mutations.identifiers import Identifiers
from schema.mutations.payloads import CampaignPayload
from schema.problems import AnyProblem
from shaodao.commands import campaigns
from shaodao.commands.running import Command


@strawberry.input
class CampaignAction(Action):
    """An action on a campaign."""

    campaign_id: strawberry.ID = strawberry.field(description="Global identifier of the campaign.")


@strawberry.input(description="Input of growCampaign.")
class GrowCampaignInput(CaseAction):
    name: str = strawberry.field(description="Name, 1 to 100 characters.")
    scope: str = strawberry.field(description="What is looked for, and where, 1 to 500 characters.")
    grid_codes: list[str] = strawberry.field(
        default_factory=list,
        description="Codes of its grids, at most 100, all of the case's street; none: the whole street.",
    )
    starts_on: date = strawberry.field(description="First day.")
    ends_on: date = strawberry.field(description="Last day, not before the first.")


@strawberry.input(description="Input of joinCampaign.")
class JoinCampaignInput(CaseAction):
    campaign_id: strawberry.ID = strawberry.field(
        description="Global identifier of a running campaign of the case's street."
    )


@strawberry.input(description="Input of recordCampaignCounts.")
class RecordCampaignCountsInput(CampaignAction):
    found: int = strawberry.field(description="How many were found 发现 by now, in all.")
    cleared: int = strawberry.field(description="How many of them are cleared 清理, in all; not more than found.")
    text: str | None = strawberry.field(default=None, description="A remark, at most 2,000 characters.")


@strawberry.input(description="Input of endCampaign.")
class EndCampaignInput(CampaignAction):
    report: str = strawberry.field(description="What came of it 总结, 1 to 2,000 characters.")


@strawberry.type
class CampaignMutations:
    """The actions on campaigns. All of them are done by the street's dispatcher or a street leader."""

    @action(CampaignPayload)
    async def grow_campaign(self, info: Info, given: Given[GrowCampaignInput]) -> CampaignPayload | AnyProblem:
        """Grow a campaign from a case 发起专项整治 (S-21). By the dispatcher or a street leader."""
        prepare = prepared(
            ("caseId", given.case_id, "Case"), campaigns.grow, name=given.name, scope=given.scope,
            grid_codes=given.grid_codes, starts_on=given.starts_on, ends_on=given.ends_on,
            expected_version=given.expected_version,
        )  # fmt: skip
        return await perform(info, given, prepare, CampaignPayload.of)

    @action(CampaignPayload)
    async def join_campaign(self, info: Info, given: Given[JoinCampaignInput]) -> CampaignPayload | AnyProblem:
        """Take a case up in a running campaign 纳入专项整治; the source case's history tells of it. By dispatcher or leader."""

        def prepare(identifiers: Identifiers) -> Command:
            case_id = identifiers.key("caseId", given.case_id, "Case")
            campaign_id = identifiers.key("campaignId", given.campaign_id, "Campaign")
            return lambda tx: campaigns.join(
                tx, case_id, campaign_id=campaign_id, expected_version=given.expected_version
            )

        return await perform(info, given, prepare, CampaignPayload.of)

    @action(CampaignPayload)
    async def record_campaign_counts(
        self, info: Info, given: Given[RecordCampaignCountsInput]
    ) -> CampaignPayload | AnyProblem:
        """Record a campaign's counts 登记成效: how many were found and cleared by now. The case is the source case."""
        prepare = prepared(
            ("campaignId", given.campaign_id, "Campaign"), campaigns.record_counts, found=given.found,
            cleared=given.cleared, text=given.text, expected_version=given.expected_version,
        )  # fmt: skip
        return await perform(info, given, prepare, CampaignPayload.of)

    @action(CampaignPayload)
    async def end_campaign(self, info: Info, given: Given[EndCampaignInput]) -> CampaignPayload | AnyProblem:
        """End a running campaign with a report 结束专项整治. The case is the source case."""
        prepare = prepared(
            ("campaignId", given.campaign_id, "Campaign"), campaigns.end, report=given.report,
            expected_version=given.expected_version,
        )  # fmt: skip
        return await perform(info, given, prepare, CampaignPayload.of)
