"""Mutations of merging repeated reports 并单 and of archiving 归档 (reference C.3 merge, archive; C.9 point 10)."""

import strawberry

from schema.mutations import merging_inputs as inputs
from schema.mutations.base import Given, Info, action, on_case, perform
from schema.mutations.identifiers import Identifiers
from schema.mutations.payloads import CasePayload
from schema.problems import AnyProblem
from shaodao.commands import archiving, merging
from shaodao.commands.running import Command


@strawberry.type
class MergingMutations:
    """What is done with repeated reports, and with what is over."""

    @action(CasePayload)
    async def merge_case(self, info: Info, given: Given[inputs.MergeCaseInput]) -> CasePayload | AnyProblem:
        """Merge a case into an open main case of the same street 并单 (B.2). Its reporter hears the main case's result.

        By the dispatcher, while it is open: its work ends and its clocks stop.
        """

        def prepare(identifiers: Identifiers) -> Command:
            case = identifiers.key("caseId", given.case_id, "Case")
            main = identifiers.key("mainCaseId", given.main_case_id, "Case")
            return lambda tx: merging.merge(
                tx, case, main_case_id=main, reason=given.reason, expected_version=given.expected_version
            )

        return await perform(info, given, prepare, CasePayload.of)

    @action(CasePayload)
    async def unmerge_case(self, info: Info, given: Given[inputs.UnmergeCaseInput]) -> CasePayload | AnyProblem:
        """Undo a merging 取消并单: the case stands accepted again and its clock goes on. By the dispatcher."""
        return await on_case(info, given, merging.unmerge, reason=given.reason, expected_version=given.expected_version)

    @action(CasePayload)
    async def archive_case(self, info: Info, given: Given[inputs.ArchiveCaseInput]) -> CasePayload | AnyProblem:
        """Archive an ended case 归档: it is only read from then on. By the dispatcher; the system does it after some days.

        Not while a review is due, or a promise or an objection is open.
        """
        return await on_case(info, given, archiving.archive, expected_version=given.expected_version)
