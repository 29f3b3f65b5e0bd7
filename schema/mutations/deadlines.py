"""Mutations of what moves a case's deadline (reference C.3, C.5 rules 7 to 10)."""

import strawberry

from schema.mutations import deadline_inputs as inputs
from schema.mutations.base import Given, Info, action, on_case
from schema.mutations.payloads import CasePayload
from schema.problems import AnyProblem
from shaodao.commands import deadlines, extensions, suspensions


@strawberry.type
class DeadlineMutations:
    """Extension, shortening, suspension and pause."""

    @action(CasePayload)
    async def request_extension(
        self, info: Info, given: Given[inputs.RequestExtensionInput]
    ) -> CasePayload | AnyProblem:
        """Ask for more time 申请延期 before the case is due (C.5 rule 7). By the LEAD, the agent or the dispatcher; not URGENT.

        The first one within the original limit is decided by a street leader (GENERAL: a deputy, COMPLEX: the chief), any
        other by the county grid office.
        """
        return await on_case(
            info, given, extensions.request, unit=given.unit, amount=given.amount, reason=given.reason,
            evidence=given.evidence, expected_version=given.expected_version,
        )  # fmt: skip

    @action(CasePayload)
    async def decide_extension(self, info: Info, given: Given[inputs.DecideExtensionInput]) -> CasePayload | AnyProblem:
        """Decide the extension that waits 审批延期; granted, the reporter is told why. By its level, never by who asked."""
        return await on_case(
            info, given, extensions.decide, granted=given.granted, text=given.text,
            expected_version=given.expected_version,
        )  # fmt: skip

    @action(CasePayload)
    async def shorten_deadline(self, info: Info, given: Given[inputs.ShortenDeadlineInput]) -> CasePayload | AnyProblem:
        """Order a case to be due earlier 缩短时限 (C.5 rule 10), never in the past. By a deputy, the chief or the county."""
        return await on_case(
            info, given, deadlines.shorten, due_at=given.due_at, reason=given.reason,
            expected_version=given.expected_version,
        )  # fmt: skip

    @action(CasePayload)
    async def suspend_case(self, info: Info, given: Given[inputs.SuspendCaseInput]) -> CasePayload | AnyProblem:
        """Suspend a case that cannot be solved for now 挂账 (J-21, S-18): its clocks pause, and the reporter is told.

        By a deputy for GENERAL cases, else the chief; or the county. From HANDLING, with a cycle of reviews.
        """
        return await on_case(
            info, given, suspensions.suspend, given.suspension(), expected_version=given.expected_version
        )  # fmt: skip

    @action(CasePayload)
    async def review_suspension(
        self, info: Info, given: Given[inputs.ReviewSuspensionInput]
    ) -> CasePayload | AnyProblem:
        """Review a suspended case 挂账复核 and tell the reporter. By the dispatcher, a deputy, the chief or the county."""
        return await on_case(
            info, given, suspensions.review, text=given.text, next_review_on=given.next_review_on,
            expected_version=given.expected_version,
        )  # fmt: skip

    @action(CasePayload)
    async def resume_case(self, info: Info, given: Given[inputs.ResumeCaseInput]) -> CasePayload | AnyProblem:
        """Resume a suspended case 恢复办理 with what remained of its limit (C.5 rule 9). By whoever may review it."""
        return await on_case(
            info, given, suspensions.resume, reason=given.reason, expected_version=given.expected_version
        )

    @action(CasePayload)
    async def pause_deadline(self, info: Info, given: Given[inputs.PauseDeadlineInput]) -> CasePayload | AnyProblem:
        """Pause the clock 暂停计时 for a statutory procedure or the resident's material (C.5 rule 9); the work goes on.

        By the dispatcher, before the case is due. A report that comes in ends the pause.
        """
        return await on_case(info, given, deadlines.pause, given.pause(), expected_version=given.expected_version)

    @action(CasePayload)
    async def resume_deadline(self, info: Info, given: Given[inputs.ResumeDeadlineInput]) -> CasePayload | AnyProblem:
        """Let a paused clock go on 恢复计时 with what remained (C.5 rule 9); the reporter is told. By the dispatcher."""
        return await on_case(
            info, given, deadlines.resume, reason=given.reason, expected_version=given.expected_version
        )
