"""Mutations of a case (reference C.3)."""

import strawberry

from schema.mutations import case_inputs as inputs
from schema.mutations.base import Given, Info, action, on_case, perform
from schema.mutations.identifiers import Identifiers
from schema.mutations.payloads import CasePayload
from schema.mutations.shared_inputs import parties_of
from schema.problems import AnyProblem
from shaodao.commands import cases, follow_ups, registration
from shaodao.commands.running import Command


@strawberry.type
class CaseMutations:
    """The actions on a case."""

    @action(CasePayload)
    async def register_case(self, info: Info, given: Given[inputs.RegisterCaseInput]) -> CasePayload | AnyProblem:
        """Register a case 登记. Its clocks start, and the reporter gets a receipt with number and due day.

        By any role but the county grid office and the follow-up caller; a resident registers as the reporter.
        """

        def prepare(identifiers: Identifiers) -> Command:
            case = given.case(identifiers)
            return lambda tx: registration.register(tx, case)

        return await perform(info, given, prepare, CasePayload.of, one_statement=True)

    @action(CasePayload)
    async def accept_case(self, info: Info, given: Given[inputs.AcceptCaseInput]) -> CasePayload | AnyProblem:
        """Accept a case 受理 and tell the reporter. By the dispatcher or the first receiver 首接人; the category must be set."""
        return await on_case(info, given, cases.accept, expected_version=given.expected_version)

    @action(CasePayload)
    async def refuse_case(self, info: Info, given: Given[inputs.RefuseCaseInput]) -> CasePayload | AnyProblem:
        """Do not accept a case 不予受理, with an explanation to the reporter. By the dispatcher (B.2, C.7)."""
        return await on_case(
            info, given, cases.refuse, reason=given.reason, explanation=given.explanation,
            emergency_line=given.emergency_line, expected_version=given.expected_version,
        )  # fmt: skip

    @action(CasePayload)
    async def object_to_refusal(
        self, info: Info, given: Given[inputs.ObjectToRefusalInput]
    ) -> CasePayload | AnyProblem:
        """Object to a refusal 对不予受理提出异议, once: the case stands registered again. By the reporter or the dispatcher."""
        return await on_case(
            info, given, cases.object_to_refusal, text=given.text, expected_version=given.expected_version
        )

    @action(CasePayload)
    async def settle_case_at_once(
        self, info: Info, given: Given[inputs.SettleCaseAtOnceInput]
    ) -> CasePayload | AnyProblem:
        """Settle a case at once 即接即办: it is closed and told. By the first receiver; not for COMPLEX matters."""
        return await on_case(
            info, given, cases.settle_at_once, result_text=given.result_text, close_kind=given.close_kind,
            expected_version=given.expected_version,
        )  # fmt: skip

    @action(CasePayload)
    async def report_case_up(self, info: Info, given: Given[inputs.ReportCaseUpInput]) -> CasePayload | AnyProblem:
        """Report a case up to the street 上报街道 with an initial opinion. By the first receiver, from below the street (C.6)."""
        return await on_case(
            info, given, cases.report_up, initial_opinion=given.initial_opinion,
            expected_version=given.expected_version,
        )  # fmt: skip

    @action(CasePayload)
    async def classify_case(self, info: Info, given: Given[inputs.ClassifyCaseInput]) -> CasePayload | AnyProblem:
        """Class a case by urgency, category or both 分类 (S-14). By the dispatcher, while it is open.

        Its due is reckoned anew, never in the past; the LEAD, the organizations and the reporter are told an earlier one.
        """
        return await on_case(
            info, given, cases.classify, urgency=given.urgency, category_code=given.category_code, reason=given.reason,
            expected_version=given.expected_version,
        )  # fmt: skip

    @action(CasePayload)
    async def dispatch_case(self, info: Info, given: Given[inputs.DispatchCaseInput]) -> CasePayload | AnyProblem:
        """Dispatch a case 派单 to organizations, one of them LEAD; each is notified. By the dispatcher, once it is accepted."""
        return await on_case(
            info, given, cases.dispatch, parties=parties_of(given.parties), duty_basis=given.duty_basis,
            catalogue_code=given.catalogue_code, expected_version=given.expected_version,
        )  # fmt: skip

    @action(CasePayload)
    async def close_case(self, info: Info, given: Given[inputs.CloseCaseInput]) -> CasePayload | AnyProblem:
        """Close a verified case 核查办结 and tell the result. By a dispatcher who handled nothing of it (C.9); no whistle open."""
        return await on_case(
            info, given, cases.close, close_kind=given.close_kind, result_text=given.result_text,
            expected_version=given.expected_version,
        )  # fmt: skip

    @action(CasePayload)
    async def withdraw_case(self, info: Info, given: Given[inputs.WithdrawCaseInput]) -> CasePayload | AnyProblem:
        """Withdraw a case 撤回: all work on it ends. By its reporter, while it is open."""
        return await on_case(info, given, cases.withdraw, reason=given.reason, expected_version=given.expected_version)

    @action(CasePayload)
    async def record_follow_up(self, info: Info, given: Given[inputs.RecordFollowUpInput]) -> CasePayload | AnyProblem:
        """Record a follow-up call 回访 (B.2). By a follow-up caller who neither handled nor verified the case (C.9)."""
        return await on_case(
            info, given, follow_ups.record_follow_up, given.follow_up(), expected_version=given.expected_version
        )

    @action(CasePayload)
    async def rate_result(self, info: Info, given: Given[inputs.RateResultInput]) -> CasePayload | AnyProblem:
        """Rate the result of a closed case 评价, once. By its reporter."""
        return await on_case(
            info, given, follow_ups.rate_result, satisfaction=given.satisfaction, comment=given.comment,
            expected_version=given.expected_version,
        )  # fmt: skip
