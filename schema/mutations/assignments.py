"""Mutations of an assignment 报到 (reference C.4)."""

import strawberry

from schema.mutations import assignment_inputs as inputs
from schema.mutations.base import Given, Info, action, on_assignment, perform
from schema.mutations.identifiers import Identifiers
from schema.mutations.payloads import AssignmentPayload
from schema.mutations.shared_inputs import point_of
from schema.problems import AnyProblem
from shaodao.commands import assignments, questions, reports, verifications
from shaodao.commands.running import Command


@strawberry.type
class AssignmentMutations:
    """The actions on an assignment."""

    @action(AssignmentPayload)
    async def acknowledge_assignment(
        self, info: Info, given: Given[inputs.AcknowledgeAssignmentInput]
    ) -> AssignmentPayload | AnyProblem:
        """Sign for an assignment 应哨, naming who comes. By its organization, or by the dispatcher who phoned it 代签."""
        return await on_assignment(
            info, given, assignments.acknowledge, given.persons, for_person=given.for_person,
            expected_version=given.expected_version,
        )  # fmt: skip

    @action(AssignmentPayload)
    async def read_assignment(
        self, info: Info, given: Given[inputs.ReadAssignmentInput]
    ) -> AssignmentPayload | AnyProblem:
        """Note an INFORM assignment 阅知. By its organization."""
        return await on_assignment(info, given, assignments.read, expected_version=given.expected_version)

    @action(AssignmentPayload)
    async def arrive_at_scene(
        self, info: Info, given: Given[inputs.ArriveAtSceneInput]
    ) -> AssignmentPayload | AnyProblem:
        """Report in on the scene 到场报到, which implies signing. By its organization, or by the dispatcher who phoned it."""
        return await on_assignment(
            info, given, assignments.arrive, point_of(given.point), for_person=given.for_person,
            expected_version=given.expected_version,
        )  # fmt: skip

    @action(AssignmentPayload)
    async def confirm_arrival(
        self, info: Info, given: Given[inputs.ConfirmArrivalInput]
    ) -> AssignmentPayload | AnyProblem:
        """Confirm an arrival 确认到场 that nothing else proves. By the dispatcher."""
        return await on_assignment(info, given, assignments.confirm_arrival, expected_version=given.expected_version)

    @action(AssignmentPayload)
    async def start_handling(
        self, info: Info, given: Given[inputs.StartHandlingInput]
    ) -> AssignmentPayload | AnyProblem:
        """Start handling 开始处置, after arriving where that is demanded. By its organization."""
        return await on_assignment(info, given, assignments.start, expected_version=given.expected_version)

    @action(AssignmentPayload)
    async def report_progress(
        self, info: Info, given: Given[inputs.ReportProgressInput]
    ) -> AssignmentPayload | AnyProblem:
        """Report how it goes 阶段反馈; implies the start. By its organization."""
        return await on_assignment(
            info, given, reports.report_progress, given.progress(), expected_version=given.expected_version
        )

    @action(AssignmentPayload)
    async def report_result(self, info: Info, given: Given[inputs.ReportResultInput]) -> AssignmentPayload | AnyProblem:
        """Report the result 反馈办结 with its four elements (B.1); implies the start. By its organization."""

        def prepare(identifiers: Identifiers) -> Command:
            assignment_id = identifiers.key("assignmentId", given.assignment_id, "Assignment")
            report = given.report()
            return lambda tx: reports.report_result(tx, assignment_id, report, expected_version=given.expected_version)

        return await perform(info, given, prepare, AssignmentPayload.of)

    @action(AssignmentPayload)
    async def file_field_check(
        self, info: Info, given: Given[inputs.FileFieldCheckInput]
    ) -> AssignmentPayload | AnyProblem:
        """Say what the scene of a report looks like 现场核查; the dispatcher decides. By grid worker or chief, never a handler (C.9)."""
        return await on_assignment(
            info, given, verifications.file_field_check, given.method, given.passed, given.text,
            expected_version=given.expected_version,
        )  # fmt: skip

    @action(AssignmentPayload)
    async def verify_report(self, info: Info, given: Given[inputs.VerifyReportInput]) -> AssignmentPayload | AnyProblem:
        """Find a report right 核查通过. By a dispatcher who handled nothing of the case (C.9)."""
        return await on_assignment(
            info, given, verifications.verify, given.method, given.text, expected_version=given.expected_version
        )

    @action(AssignmentPayload)
    async def return_report(self, info: Info, given: Given[inputs.ReturnReportInput]) -> AssignmentPayload | AnyProblem:
        """Return a report 退回重办; its clock goes on (C.9). By a dispatcher who handled nothing of the case."""
        return await on_assignment(
            info, given, verifications.return_report, given.method, given.text, expected_version=given.expected_version
        )

    @action(AssignmentPayload)
    async def excuse_assignment(
        self, info: Info, given: Given[inputs.ExcuseAssignmentInput]
    ) -> AssignmentPayload | AnyProblem:
        """Excuse an organization that is not the LEAD from reporting 免予反馈. By a street leader."""
        return await on_assignment(
            info, given, assignments.excuse, given.reason, expected_version=given.expected_version
        )

    @action(AssignmentPayload)
    async def ask_question(self, info: Info, given: Given[inputs.AskQuestionInput]) -> AssignmentPayload | AnyProblem:
        """Ask the street for what is missing 补充信息; no clock waits for the answer (C.5 rule 9). By its organization."""
        return await on_assignment(info, given, questions.ask, given.text, expected_version=given.expected_version)

    @action(AssignmentPayload)
    async def answer_question(
        self, info: Info, given: Given[inputs.AnswerQuestionInput]
    ) -> AssignmentPayload | AnyProblem:
        """Answer an organization's question 答复. By the street: dispatcher, leader, grid chief or worker."""

        def prepare(identifiers: Identifiers) -> Command:
            assignment_id = identifiers.key("assignmentId", given.assignment_id, "Assignment")
            question_id = identifiers.optional("questionId", given.question_id, "Question")
            return lambda tx: questions.answer(
                tx, assignment_id, question_id, given.text, expected_version=given.expected_version
            )

        return await perform(info, given, prepare, AssignmentPayload.of)

    @action(AssignmentPayload)
    async def release_assignment(
        self, info: Info, given: Given[inputs.ReleaseAssignmentInput]
    ) -> AssignmentPayload | AnyProblem:
        """Release an organization 离场, not before the whole whistle is verified: 事不完、人不撤 (C.4). By the dispatcher."""
        return await on_assignment(info, given, assignments.release, expected_version=given.expected_version)
