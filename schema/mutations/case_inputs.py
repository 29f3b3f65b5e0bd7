"""Inputs of a case's actions (reference C.3). Their fields are named as the commands' faults are."""

from datetime import datetime

import strawberry

from schema.mutations.base import CaseAction, KeyedInput
from schema.mutations.identifiers import Identifiers
from schema.mutations.shared_inputs import PartyInput, PointInput, point_of
from shaodao.commands.follow_ups import FollowUpInput
from shaodao.commands.registration import AccusedInput, CaseInput
from shaodao.commands.reporters import ReporterInput as Reporter
from shaodao.domain.vocabulary import (
    CaseKind,
    CaseVisibility,
    Channel,
    CloseKind,
    EventScale,
    NotAcceptedReason,
    Satisfaction,
    Severity,
    SolvedLevel,
    Urgency,
)


@strawberry.input(description="Who reports 诉求人. A resident who registers is the reporter and needs none of this.")
class ReporterInput:
    name: str | None = strawberry.field(default=None, description="Name, at most 50 characters; kept sealed.")
    phone: str | None = strawberry.field(default=None, description="Phone; kept sealed, found again by a keyed hash.")
    person_id: strawberry.ID | None = strawberry.field(
        default=None, description="Global identifier of a person of the register, who tells name and phone."
    )
    anonymous: bool = strawberry.field(default=False, description="Anonymous 匿名: nobody is named.")
    confidential: bool = strawberry.field(
        default=False, description="Confidential 保密: the identity never reaches a department (C.7)."
    )

    def reporter(self, identifiers: Identifiers, path: str) -> Reporter:
        """The reporter for a command; ``path`` is where the input stands."""
        return Reporter(
            name=self.name,
            phone=self.phone,
            person_id=identifiers.optional(f"{path}.personId", self.person_id, "Person"),
            anonymous=self.anonymous,
            confidential=self.confidential,
        )


@strawberry.input(description="The party complained about 被反映方: a name, an organization, or both.")
class AccusedPartyInput:
    name: str | None = strawberry.field(default=None, description="Name, at most 50 characters.")
    organization_code: str | None = strawberry.field(
        default=None, description="Code of the organization, which is then never called to handle the case 回避."
    )

    def accused(self) -> AccusedInput:
        """The party for a command."""
        return AccusedInput(name=self.name, organization_code=self.organization_code)


@strawberry.input(description="A case to be registered. Its place is found from the point, else from the codes.")
class NewCaseInput:
    kind: CaseKind = strawberry.field(description="Kind of case.")
    channel: Channel = strawberry.field(description="Channel through which it came.")
    title: str = strawberry.field(description="Title, 1 to 100 characters.")
    description: str = strawberry.field(description="What it is about, 1 to 2,000 characters.")
    urgency: Urgency = strawberry.field(
        default=Urgency.GENERAL, description="Class, which decides the limit (S-14, C.5)."
    )
    category_code: str | None = strawberry.field(default=None, description="Code of the category 诉求分类.")
    component_code: str | None = strawberry.field(default=None, description="Code of the city component 部件, if any.")
    severity: Severity | None = strawberry.field(default=None, description="Severity of an event.")
    scale: EventScale | None = strawberry.field(default=None, description="Scale of an event.")
    point: PointInput | None = strawberry.field(default=None, description="Where it is; in no grid it is no error.")
    grid_code: str | None = strawberry.field(default=None, description="Fifteen-digit code of the grid.")
    division_code: str | None = strawberry.field(
        default=None, description="Twelve-digit code of the community or street, where neither point nor grid is known."
    )
    address: str | None = strawberry.field(default=None, description="Address, at most 80 characters.")
    occurred_at: datetime | None = strawberry.field(default=None, description="When it happened; not in the future.")
    reporter: ReporterInput | None = strawberry.field(default=None, description="Who reports.")
    visibility: CaseVisibility = strawberry.field(default=CaseVisibility.NORMAL, description="Visibility class (C.7).")
    public: bool = strawberry.field(default=False, description="Whether the result may be published.")
    subject_person_id: strawberry.ID | None = strawberry.field(
        default=None, description="Global identifier of the person whom it concerns."
    )
    vessel_id: strawberry.ID | None = strawberry.field(
        default=None, description="Global identifier of the vessel that it concerns; its sea grid is the place."
    )
    source_reference: str | None = strawberry.field(
        default=None, description="Its number in the system it came from, such as 12345's; at most 50 characters."
    )
    first_receiver_id: strawberry.ID | None = strawberry.field(
        default=None,
        description="Global identifier of the account of who was asked first 首问 (S-11), if that is not who registers; by the "
        "dispatcher and the chief.",
    )
    accused_party: AccusedPartyInput | None = strawberry.field(
        default=None, description="Whom it complains about; street staff alone read it (C.7)."
    )

    def case(self, identifiers: Identifiers, prefix: str = "") -> CaseInput:
        """The case for a command; ``prefix`` is where the input stands."""
        identifiers.place(self.grid_code, self.division_code)
        subject = identifiers.optional(f"{prefix}subjectPersonId", self.subject_person_id, "Person")
        vessel = identifiers.optional(f"{prefix}vesselId", self.vessel_id, "Vessel")
        receiver = identifiers.shared(f"{prefix}firstReceiverId", self.first_receiver_id, "Account")
        reporter = None if self.reporter is None else self.reporter.reporter(identifiers, f"{prefix}reporter")
        return CaseInput(
            kind=self.kind, channel=self.channel, title=self.title, description=self.description, urgency=self.urgency,
            category_code=self.category_code, component_code=self.component_code, severity=self.severity,
            scale=self.scale, point=point_of(self.point), grid_code=self.grid_code, division_code=self.division_code,
            address=self.address, occurred_at=self.occurred_at, reporter=reporter, visibility=self.visibility,
            public=self.public, subject_person_id=subject, vessel_id=vessel, source_reference=self.source_reference,
            first_receiver_id=receiver, accused=None if self.accused_party is None else self.accused_party.accused(),
        )  # fmt: skip


@strawberry.input(description="Input of registerCase.")
class RegisterCaseInput(NewCaseInput, KeyedInput):
    pass


@strawberry.input(description="Input of acceptCase.")
class AcceptCaseInput(CaseAction):
    pass


@strawberry.input(description="Input of refuseCase.")
class RefuseCaseInput(CaseAction):
    reason: NotAcceptedReason = strawberry.field(description="Why it is not accepted.")
    explanation: str = strawberry.field(description="Explanation to the reporter, 1 to 2,000 characters.")
    emergency_line: str | None = strawberry.field(
        default=None, description="For EMERGENCY_LINE alone, and then needed: 110, 119, 120, 122 or 12395."
    )


@strawberry.input(description="Input of objectToRefusal.")
class ObjectToRefusalInput(CaseAction):
    text: str = strawberry.field(description="The objection, 1 to 2,000 characters.")


@strawberry.input(description="Input of settleCaseAtOnce.")
class SettleCaseAtOnceInput(CaseAction):
    result_text: str = strawberry.field(description="The result as the reporter is told, 1 to 2,000 characters.")
    close_kind: CloseKind = strawberry.field(description="How it ends; not TRANSFERRED, WITHDRAWN or VOID.")


@strawberry.input(description="Input of reportCaseUp.")
class ReportCaseUpInput(CaseAction):
    initial_opinion: str = strawberry.field(description="Initial opinion 初步受理意见 (S-13), 1 to 2,000 characters.")


@strawberry.input(description="Input of classifyCase: an urgency, a category, or both.")
class ClassifyCaseInput(CaseAction):
    urgency: Urgency | None = strawberry.field(default=None, description="The class; the due is reckoned anew.")
    category_code: str | None = strawberry.field(default=None, description="Code of the category 诉求分类.")
    reason: str | None = strawberry.field(
        default=None, description="Why, at most 500 characters; needed once the case was dispatched."
    )


@strawberry.input(description="Input of dispatchCase.")
class DispatchCaseInput(CaseAction):
    parties: list[PartyInput] = strawberry.field(description="The organizations, exactly one of them LEAD.")
    duty_basis: str = strawberry.field(
        description="The duty by which they are called 职责依据 (L-29), 1 to 500 characters."
    )
    catalogue_code: str | None = strawberry.field(
        default=None, description="Code of the item of the dispatch catalogue 派单目录 that is followed."
    )


@strawberry.input(description="Input of closeCase.")
class CloseCaseInput(CaseAction):
    close_kind: CloseKind = strawberry.field(description="How it ends; not TRANSFERRED, WITHDRAWN or VOID.")
    result_text: str = strawberry.field(description="The result as the reporter is told, 1 to 2,000 characters.")


@strawberry.input(description="Input of withdrawCase.")
class WithdrawCaseInput(CaseAction):
    reason: str = strawberry.field(description="Why, 1 to 500 characters.")


@strawberry.input(description="Input of recordFollowUp. When nobody was reached there are no answers.")
class RecordFollowUpInput(CaseAction):
    channel: str = strawberry.field(description="How the reporter was called, such as 电话; at most 50 characters.")
    contacted: bool = strawberry.field(description="Whether somebody was reached.")
    responded: bool | None = strawberry.field(
        default=None, description="响应: whether the handling organization had contacted the reporter in time."
    )
    solved: SolvedLevel | None = strawberry.field(
        default=None, description="Whether the matter is solved; always asked."
    )
    satisfaction: Satisfaction | None = strawberry.field(
        default=None, description="How satisfied the reporter is; missing counts as NOT_RATED."
    )
    comment: str | None = strawberry.field(default=None, description="What was said, at most 2,000 characters.")

    def follow_up(self) -> FollowUpInput:
        """The call for a command."""
        return FollowUpInput(
            self.channel, self.contacted, self.responded, self.solved, self.satisfaction, self.comment
        )  # fmt: skip


@strawberry.input(description="Input of rateResult.")
class RateResultInput(CaseAction):
    satisfaction: Satisfaction = strawberry.field(description="How satisfied the reporter is.")
    comment: str | None = strawberry.field(default=None, description="A comment, at most 2,000 characters.")
