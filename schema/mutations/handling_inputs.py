"""Inputs of the actions between the first receiver and the closing (reference C.3). Their fields are named as the faults are."""

import strawberry

from schema.mutations.base import CaseAction, KeyedInput
from schema.mutations.case_inputs import AccusedPartyInput, NewCaseInput
from shaodao.domain.case_vocabulary import CommunicationKind
from shaodao.domain.vocabulary import CloseKind


@strawberry.input(
    description="Input of settleOnTheSpot: a case that is registered and closed at one go 当场办结 (S-06)."
)
class SettleOnTheSpotInput(NewCaseInput, KeyedInput):
    result_text: str = strawberry.field(description="The result as the reporter is told, 1 to 2,000 characters.")
    close_kind: CloseKind = strawberry.field(description="How it ends; not TRANSFERRED, WITHDRAWN or VOID.")
    explanation: str | None = strawberry.field(
        default=None,
        description="What the reporter was told of why it cannot be solved, at most 2,000 characters; needed for EXPLAINED (S-18).",
    )


@strawberry.input(description="Input of appointAgent.")
class AppointAgentInput(CaseAction):
    account_id: strawberry.ID = strawberry.field(
        description="Global identifier of the agent's account: a grid worker or chief of a team that serves the grid (Z-32)."
    )
    duty_basis: str | None = strawberry.field(
        default=None, description="The duty by which the agent acts 职责依据, at most 500 characters."
    )


@strawberry.input(description="Input of raiseLevel. All three are demanded (C.6); each has 1 to 500 characters.")
class RaiseLevelInput(CaseAction):
    tried: str = strawberry.field(description="What was tried 已做工作.")
    why_not_here: str = strawberry.field(description="Why it cannot be solved on this level.")
    help_wanted: str = strawberry.field(description="Which help is wanted of the next one.")


@strawberry.input(description="Input of sendDown.")
class SendDownInput(CaseAction):
    duty_item_code: str = strawberry.field(
        description="Code of the item of the lower level's duty list 履职事项清单 (BASIC or ASSIST) that holds the matter (C.6)."
    )
    reason: str = strawberry.field(description="Why, 1 to 500 characters.")


@strawberry.input(description="Input of transferToLegalWay.")
class TransferToLegalWayInput(CaseAction):
    body: str = strawberry.field(description="The receiving body 受理机关, 1 to 50 characters.")
    number: str = strawberry.field(description="The number that the matter has there, 1 to 50 characters.")
    explanation: str = strawberry.field(description="Why, as the reporter is told, 1 to 2,000 characters.")


@strawberry.input(description="Input of requestVoid.")
class RequestVoidInput(CaseAction):
    reason: str = strawberry.field(description="Why, 1 to 500 characters.")


@strawberry.input(description="Input of decideVoid.")
class DecideVoidInput(CaseAction):
    granted: bool = strawberry.field(description="Whether the case is voided.")
    text: str = strawberry.field(description="What is said to the decision, 1 to 500 characters.")


@strawberry.input(description="Input of setDisclosure; what is left out stays as it is, and one of the two is given.")
class SetDisclosureInput(CaseAction):
    public: bool | None = strawberry.field(
        default=None,
        description="Whether the result may be published 公开: never of a restricted or confidential case or a dispute (C.7).",
    )
    confidential: bool | None = strawberry.field(
        default=None, description="Whether the reporter is kept from the departments 保密, from now on (C.7)."
    )
    reason: str = strawberry.field(description="Why, 1 to 500 characters.")


@strawberry.input(description="Input of nameAccusedParty.")
class NameAccusedPartyInput(CaseAction):
    accused_party: AccusedPartyInput | None = strawberry.field(
        default=None, description="Whom it complains about; missing: nobody after all."
    )
    reason: str = strawberry.field(description="Why, 1 to 500 characters.")


@strawberry.input(description="Input of recordCommunication.")
class RecordCommunicationInput(CaseAction):
    kind: CommunicationKind = strawberry.field(description="What the reporter was told.")
    channel: str | None = strawberry.field(
        default=None, description="How they were reached, such as 电话 or 当面; at most 50 characters."
    )
    text: str = strawberry.field(description="What was said, 1 to 2,000 characters; the reporter reads it.")
