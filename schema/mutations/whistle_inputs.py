"""Inputs of a whistle's actions (reference C.4). Their fields are named as the commands' faults are."""

from datetime import datetime

import strawberry

from schema.mutations.base import Action, CaseAction, WhistleAction
from schema.mutations.case_inputs import NewCaseInput
from schema.mutations.shared_inputs import PartyInput, parties_of
from shaodao.commands.emergencies import EmergencyInput
from shaodao.commands.evaluations import Scores
from shaodao.commands.whistle_content import WhistleInput
from shaodao.domain.vocabulary import CloseKind, WhistleKind, WhistleReason


@strawberry.input(description="What a whistle says.")
class WhistleContent:
    kind: WhistleKind = strawberry.field(description="Kind of whistle.")
    reason_kind: WhistleReason | None = strawberry.field(
        default=None, description="Why the street cannot solve it alone; may miss with `listItemCode`."
    )
    reason: str | None = strawberry.field(
        default=None, description="The same in words, 1 to 500 characters; may miss with `listItemCode`."
    )
    parties: list[PartyInput] = strawberry.field(
        default_factory=list,
        description="The departments to call, exactly one of them LEAD; none with `listItemCode`: those of the list. In a "
        "DEPARTMENT whistle the case's own LEAD may stay, and the drafting department is not among them.",
    )
    self_effort: str | None = strawberry.field(
        default=None,
        description="What the street did itself 街道已做工作, at most 2,000 characters; may miss in an EMERGENCY only.",
    )
    duty_basis: str | None = strawberry.field(
        default=None,
        description="The duties that it rests on 职责依据, at most 500 characters; may miss in an EMERGENCY only.",
    )
    place: str | None = strawberry.field(default=None, description="Where to gather 集结地点, at most 80 characters.")
    assemble_at: datetime | None = strawberry.field(
        default=None, description="When to gather 集结时间; in the future. A CAMPAIGN and a CROSS_AREA whistle need it."
    )
    remote_allowed: bool = strawberry.field(default=False, description="Whether handling from afar counts as arriving.")
    complex: bool = strawberry.field(
        default=False, description="Whether the longer limit for the result holds 复杂 (C.5 rule 5)."
    )
    list_item_code: str | None = strawberry.field(
        default=None,
        description="Code of an item of `whistleListItems` 吹哨事项清单: it fills in what is left out of reason kind, reason, "
        "parties and duty basis. Without it the item that holds the matter is found; where none does, the whistle is flagged "
        "`offList` or refused, by the rulebook's `whistle_list`. An EMERGENCY never is.",
    )
    plan_until: datetime | None = strawberry.field(
        default=None,
        description="For CAMPAIGN and CROSS_AREA: by when the plan expects the result; else it is due with the case.",
    )
    partner_street_code: str | None = strawberry.field(
        default=None,
        description="For CROSS_AREA 跨区联合哨: code of a street of another county to blow it with. Approval invites that street; "
        "on a case that came by such an invitation it may miss.",
    )

    def content(self) -> WhistleInput:
        """The whistle for a command."""
        return WhistleInput(
            kind=self.kind, reason_kind=self.reason_kind, reason=self.reason, parties=parties_of(self.parties),
            self_effort=self.self_effort, duty_basis=self.duty_basis, place=self.place, assemble_at=self.assemble_at,
            remote_allowed=self.remote_allowed, complex=self.complex, list_item_code=self.list_item_code,
            plan_until=self.plan_until, partner_street_code=self.partner_street_code,
        )  # fmt: skip


@strawberry.input(description="Input of draftWhistle.")
class DraftWhistleInput(WhistleContent, CaseAction):
    pass


@strawberry.input(description="Input of reviseWhistle: the whole content anew.")
class ReviseWhistleInput(WhistleContent, WhistleAction):
    pass


@strawberry.input(description="Input of submitWhistle.")
class SubmitWhistleInput(WhistleAction):
    pass


@strawberry.input(description="Input of approveWhistle.")
class ApproveWhistleInput(WhistleAction):
    text: str | None = strawberry.field(default=None, description="Opinion 审批意见, at most 500 characters.")


@strawberry.input(description="Input of rejectWhistle.")
class RejectWhistleInput(WhistleAction):
    text: str = strawberry.field(description="Why it is turned down, 1 to 500 characters.")


@strawberry.input(description="Input of sendWhistleBack.")
class SendWhistleBackInput(WhistleAction):
    text: str = strawberry.field(description="What is to be mended, 1 to 500 characters.")


@strawberry.input(
    description="Input of blowEmergencyWhistle: `caseId` of a case, or `newCase` with a new one's fields."
)
class BlowEmergencyWhistleInput(Action):
    case_id: strawberry.ID | None = strawberry.field(default=None, description="Global identifier of the case.")
    new_case: NewCaseInput | None = strawberry.field(
        default=None, description="A case that is registered by the same call."
    )
    reason: str = strawberry.field(description="What has happened, 1 to 500 characters.")
    parties: list[PartyInput] = strawberry.field(
        default_factory=list,
        description="The departments to call; none: those of the emergency template 应急预案 that fits.",
    )
    place: str | None = strawberry.field(default=None, description="Where to gather 集结地点, at most 80 characters.")
    remote_allowed: bool = strawberry.field(default=False, description="Whether handling from afar counts as arriving.")

    def emergency(self) -> EmergencyInput:
        """The emergency for a command."""
        return EmergencyInput(self.reason, parties_of(self.parties), self.place, self.remote_allowed)


@strawberry.input(description="Input of blowDraftedEmergency.")
class BlowDraftedEmergencyInput(WhistleAction):
    pass


@strawberry.input(description="Input of confirmWhistle.")
class ConfirmWhistleInput(WhistleAction):
    text: str | None = strawberry.field(default=None, description="Opinion 补批意见, at most 500 characters.")


@strawberry.input(description="Input of addDepartment.")
class AddDepartmentInput(WhistleAction):
    party: PartyInput = strawberry.field(description="The organization, as CO or INFORM.")
    reason: str = strawberry.field(description="Why it is needed, 1 to 500 characters.")


@strawberry.input(description="Input of changeLead.")
class ChangeLeadInput(WhistleAction):
    organization_code: str = strawberry.field(description="Code of the organization that becomes the LEAD.")
    reason: str = strawberry.field(description="Why, 1 to 500 characters.")
    excuse_former: bool = strawberry.field(
        default=False, description="Whether the former LEAD is excused from reporting 免予反馈; else it becomes CO."
    )


@strawberry.input(description="Input of withdrawWhistle.")
class WithdrawWhistleInput(WhistleAction):
    reason: str = strawberry.field(description="Why, 1 to 500 characters.")


@strawberry.input(description="Input of closeWhistle.")
class CloseWhistleInput(WhistleAction):
    result_text: str = strawberry.field(
        description="What came of it 消哨说明, 1 to 2,000 characters; the reporter is told it when the case closes with it."
    )
    close_kind: CloseKind = strawberry.field(
        description="How the case ends, if this closes it; not TRANSFERRED, WITHDRAWN or VOID."
    )


@strawberry.input(description="How a department did, each from 0 to 100.")
class ScoresInput:
    report_in: int = strawberry.field(description="How promptly it came 报到效率.")
    handling: int = strawberry.field(description="How it handled the matter 办理情况.")
    result: int = strawberry.field(description="What came of it 结果满意度.")

    def scores(self) -> Scores:
        """The scores for a command."""
        return Scores(self.report_in, self.handling, self.result)


@strawberry.input(description="Input of rateDepartment.")
class RateDepartmentInput(WhistleAction):
    organization_code: str = strawberry.field(description="Code of an organization that owed a report.")
    scores: ScoresInput = strawberry.field(description="The three scores.")
    comment: str | None = strawberry.field(default=None, description="A comment, at most 2,000 characters.")


@strawberry.input(description="Input of judgeWhistle.")
class JudgeWhistleInput(WhistleAction):
    proper: bool = strawberry.field(description="Whether it was proper to blow it.")
    completeness: int | None = strawberry.field(
        default=None, description="How complete it was 要素完整, from 0 to 100, if scored."
    )
    timeliness: int | None = strawberry.field(
        default=None, description="How soon the street verified 核查及时, from 0 to 100, if scored."
    )
    comment: str | None = strawberry.field(default=None, description="A comment, at most 2,000 characters.")
