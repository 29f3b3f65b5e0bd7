"""Inputs of an assignment's actions (reference C.4). Their fields are named as the commands' faults are."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, cast

import strawberry
from strawberry.scalars import JSON

from schema.mutations.base import AssignmentAction
from schema.mutations.shared_inputs import PointInput
from shaodao.commands.reports import ProgressInput, ReportInput
from shaodao.domain.errors import InvalidInput
from shaodao.domain.vocabulary import ReportResult, VerificationMethod


@strawberry.input(description="Input of acknowledgeAssignment.")
class AcknowledgeAssignmentInput(AssignmentAction):
    persons: list[str] = strawberry.field(
        default_factory=list,
        description="Who comes 到场人员, 1 to 50 names of at most 50 characters; the dispatcher may leave it out.",
    )
    for_person: str | None = strawberry.field(
        default=None, description="代签: whom the dispatcher phoned; the dispatcher must name them, nobody else may."
    )


@strawberry.input(description="Input of readAssignment.")
class ReadAssignmentInput(AssignmentAction):
    pass


@strawberry.input(description="Input of arriveAtScene.")
class ArriveAtSceneInput(AssignmentAction):
    point: PointInput | None = strawberry.field(
        default=None,
        description="Where they are; it proves the arrival near the case's point, and is refused far from it.",
    )
    for_person: str | None = strawberry.field(
        default=None, description="Whom the dispatcher phoned; the dispatcher must name them, nobody else may."
    )


@strawberry.input(description="Input of confirmArrival.")
class ConfirmArrivalInput(AssignmentAction):
    pass


@strawberry.input(description="Input of startHandling.")
class StartHandlingInput(AssignmentAction):
    pass


@strawberry.input(description="Input of reportProgress.")
class ReportProgressInput(AssignmentAction):
    measures: str = strawberry.field(description="What is being done 解决措施, 1 to 2,000 characters.")
    talked_with: str | None = strawberry.field(default=None, description="With whom it was talked over 与谁沟通.")
    accepted_at: datetime | None = strawberry.field(
        default=None, description="When it was taken up 受理时间; not in the future."
    )
    solve_by: datetime | None = strawberry.field(default=None, description="By when it will be solved 解决时限.")

    def progress(self) -> ProgressInput:
        """The report for a command."""
        return ProgressInput(self.measures, self.talked_with, self.accepted_at, self.solve_by)


@strawberry.input(
    description="Input of reportResult: the four elements of a report (B.1) and the organization's own form."
)
class ReportResultInput(AssignmentAction):
    accepted_at: datetime = strawberry.field(description="When it was taken up 受理时间; not in the future.")
    talked_with: str = strawberry.field(description="With whom it was talked over 与谁沟通, 1 to 500 characters.")
    measures: str = strawberry.field(description="What was done 解决措施, 1 to 2,000 characters.")
    solve_by: datetime = strawberry.field(description="By when it is solved 解决时限.")
    result: ReportResult = strawberry.field(description="The result.")
    explanation: str | None = strawberry.field(
        default=None, description="Why not, at most 2,000 characters; needed for UNSOLVED and LONG_TERM."
    )
    fields: JSON | None = strawberry.field(
        default=None,
        description="The organization's form, filled in: an object by `Department.reportForm`, at most as large as the rulebook allows, such as 16 KiB.",
    )

    def report(self) -> ReportInput:
        """The report for a command. Raises InvalidInput when ``fields`` is no object."""
        filled: Any = self.fields if self.fields is not None else {}
        if not isinstance(filled, Mapping):
            raise InvalidInput.at("fields", "须为 JSON 对象", "must be a JSON object")
        return ReportInput(
            self.accepted_at, self.talked_with, self.measures, self.solve_by, self.result, self.explanation,
            cast(Mapping[str, Any], filled),
        )  # fmt: skip


@strawberry.input(description="Input of fileFieldCheck.")
class FileFieldCheckInput(AssignmentAction):
    method: VerificationMethod = strawberry.field(description="How it was checked.")
    passed: bool = strawberry.field(description="Whether the scene bears the report out.")
    text: str = strawberry.field(description="What was seen, 1 to 500 characters.")


@strawberry.input(description="Input of verifyReport.")
class VerifyReportInput(AssignmentAction):
    method: VerificationMethod = strawberry.field(description="How it was verified.")
    text: str = strawberry.field(description="What was found, 1 to 500 characters.")


@strawberry.input(description="Input of returnReport.")
class ReturnReportInput(AssignmentAction):
    method: VerificationMethod = strawberry.field(description="How it was verified.")
    text: str = strawberry.field(description="What is to be done again, 1 to 500 characters.")


@strawberry.input(description="Input of excuseAssignment.")
class ExcuseAssignmentInput(AssignmentAction):
    reason: str = strawberry.field(description="Why, 1 to 500 characters.")


@strawberry.input(description="Input of askQuestion.")
class AskQuestionInput(AssignmentAction):
    text: str = strawberry.field(description="What is missing, 1 to 2,000 characters.")


@strawberry.input(description="Input of answerQuestion.")
class AnswerQuestionInput(AssignmentAction):
    question_id: strawberry.ID | None = strawberry.field(
        default=None, description="Global identifier of the question; missing: the one that has waited longest."
    )
    text: str = strawberry.field(description="The answer, 1 to 2,000 characters.")


@strawberry.input(description="Input of releaseAssignment.")
class ReleaseAssignmentInput(AssignmentAction):
    pass
