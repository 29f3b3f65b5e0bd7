"""Inputs of what moves a deadline (reference C.5 rules 7 to 10). Their fields are named as the commands' faults are."""

from datetime import date, datetime

import strawberry

from schema.mutations.base import CaseAction
from shaodao.commands.deadlines import PauseInput
from shaodao.commands.suspensions import SuspensionInput
from shaodao.domain.case_vocabulary import PauseReason, StatutoryProcedure, SuspensionKind
from shaodao.domain.deadlines import DeadlineUnit


@strawberry.input(description="Input of requestExtension.")
class RequestExtensionInput(CaseAction):
    unit: DeadlineUnit = strawberry.field(description="Unit of the extension.")
    amount: int = strawberry.field(description="Amount, 1 to 10,000; it counts from the old due.")
    reason: str = strawberry.field(description="Why, 1 to 500 characters; told to the reporter when it is granted.")
    evidence: str | None = strawberry.field(default=None, description="What proves it, at most 2,000 characters.")


@strawberry.input(description="Input of decideExtension.")
class DecideExtensionInput(CaseAction):
    granted: bool = strawberry.field(description="Whether it is granted.")
    text: str = strawberry.field(description="What is said to it, 1 to 500 characters; told to who asked.")


@strawberry.input(description="Input of shortenDeadline.")
class ShortenDeadlineInput(CaseAction):
    due_at: datetime = strawberry.field(
        description="The new due, exclusive: the end of 15 October is 16 October, 00:00. In the future, before the old due."
    )
    reason: str = strawberry.field(description="Why, 1 to 500 characters.")


@strawberry.input(description="Input of suspendCase.")
class SuspendCaseInput(CaseAction):
    kind: SuspensionKind = strawberry.field(description="Kind of reason.")
    reason: str = strawberry.field(
        description="Why it cannot be solved for now, 1 to 500 characters; the reporter is told."
    )
    interim_measure: str = strawberry.field(
        description="What is done meanwhile 临时措施, 1 to 500 characters; the reporter is told."
    )
    review_cycle_days: int | None = strawberry.field(
        default=None,
        description="Days until it is reviewed, each time, 1 to 90 by default. Needed: without it InvalidInput.",
    )
    planned_resume: date | None = strawberry.field(
        default=None, description="The day on which it is resumed by itself, after today; none: until somebody does."
    )

    def suspension(self) -> SuspensionInput:
        """The suspension for a command."""
        return SuspensionInput(
            self.kind, self.reason, self.interim_measure, self.review_cycle_days, self.planned_resume
        )  # fmt: skip


@strawberry.input(description="Input of reviewSuspension.")
class ReviewSuspensionInput(CaseAction):
    text: str = strawberry.field(description="What the review found, 1 to 500 characters; the reporter is told.")
    next_review_on: date | None = strawberry.field(
        default=None, description="Day of the next review, after today; by default after another cycle."
    )


@strawberry.input(description="Input of resumeCase.")
class ResumeCaseInput(CaseAction):
    reason: str = strawberry.field(description="Why, 1 to 500 characters.")


@strawberry.input(description="Input of pauseDeadline.")
class PauseDeadlineInput(CaseAction):
    reason_kind: PauseReason = strawberry.field(
        description="A statutory procedure or the resident's material; waiting for another department is no reason."
    )
    procedure: StatutoryProcedure | None = strawberry.field(
        default=None, description="Which procedure: with STATUTORY_PROCEDURE alone, and then needed."
    )
    reason: str = strawberry.field(description="Why, 1 to 500 characters; the reporter is told.")
    expected_until: date | None = strawberry.field(
        default=None, description="Until when it is expected to last, after today; it ends by resumeDeadline."
    )

    def pause(self) -> PauseInput:
        """The pause for a command."""
        return PauseInput(self.reason_kind, self.reason, self.procedure, self.expected_until)


@strawberry.input(description="Input of resumeDeadline.")
class ResumeDeadlineInput(CaseAction):
    reason: str = strawberry.field(description="Why, 1 to 500 characters.")
