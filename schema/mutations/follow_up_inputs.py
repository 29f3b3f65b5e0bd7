"""Inputs of what follows from a follow-up call 回访 (reference C.3 reopen, B.2)."""

import strawberry

from schema.mutations.base import CaseAction
from shaodao.domain.case_vocabulary import ExclusionReason, ReviewDecision


@strawberry.input(description="Input of proposeExclusion.")
class ProposeExclusionInput(CaseAction):
    kind: ExclusionReason = strawberry.field(description="On which ground.")
    reason: str = strawberry.field(description="Why, 1 to 500 characters.")
    evidence: str = strawberry.field(description="What proves it, 1 to 2,000 characters.")


@strawberry.input(description="Input of decideExclusion.")
class DecideExclusionInput(CaseAction):
    granted: bool = strawberry.field(description="Whether the call is left out of the rates.")
    text: str = strawberry.field(description="Why, 1 to 500 characters.")


@strawberry.input(description="Input of reviewFollowUp.")
class ReviewFollowUpInput(CaseAction):
    decision: ReviewDecision = strawberry.field(description="REOPEN reopens the case in the same step.")
    reason: str = strawberry.field(description="Why, 1 to 500 characters.")


@strawberry.input(description="Input of reopenCase.")
class ReopenCaseInput(CaseAction):
    reason: str = strawberry.field(description="Why, 1 to 500 characters.")
