"""Mutations of a whistle (reference C.4)."""

import strawberry

from schema.mutations import whistle_inputs as inputs
from schema.mutations.base import Given, Info, action, on_whistle, perform
from schema.mutations.identifiers import Identifiers
from schema.mutations.payloads import EmergencyPayload, WhistlePayload
from schema.problems import AnyProblem
from shaodao.commands import emergencies, evaluations, whistle_closing, whistle_parties, whistles
from shaodao.commands.registration import CaseInput
from shaodao.commands.running import Command
from shaodao.commands.transaction import Outcome, Transaction
from shaodao.domain.errors import Fault, InvalidInput


@strawberry.type
class WhistleMutations:
    """The actions on a whistle."""

    @action(WhistlePayload)
    async def draft_whistle(self, info: Info, given: Given[inputs.DraftWhistleInput]) -> WhistlePayload | AnyProblem:
        """Draft a whistle 起草吹哨 for a case that the street cannot solve alone (C.9). By dispatcher, grid chief or worker.

        ROUTINE and JOINT_ENFORCEMENT for SEVERAL_DEPARTMENTS name at least two: a single one's matter is dispatched (C.9 point
        2). A DEPARTMENT whistle 部门哨 is drafted by the LEAD or a CO of the case, who draft no other kind (B.1).
        """

        def prepare(identifiers: Identifiers) -> Command:
            case_id = identifiers.key("caseId", given.case_id, "Case")
            content = given.content()
            return lambda tx: whistles.draft(tx, case_id, content, expected_version=given.expected_version)

        return await perform(info, given, prepare, WhistlePayload.of)

    @action(WhistlePayload)
    async def revise_whistle(self, info: Info, given: Given[inputs.ReviseWhistleInput]) -> WhistlePayload | AnyProblem:
        """Put another content in the place of a draft's 修改. By its drafter."""
        return await on_whistle(
            info, given, whistles.revise, given.content(), expected_version=given.expected_version
        )  # fmt: skip

    @action(WhistlePayload)
    async def submit_whistle(self, info: Info, given: Given[inputs.SubmitWhistleInput]) -> WhistlePayload | AnyProblem:
        """Hand a draft to the street leader 报批. By its drafter or the dispatcher."""
        return await on_whistle(info, given, whistles.submit, expected_version=given.expected_version)

    @action(WhistlePayload)
    async def approve_whistle(
        self, info: Info, given: Given[inputs.ApproveWhistleInput]
    ) -> WhistlePayload | AnyProblem:
        """Approve and blow a whistle 批准吹哨; the departments are called by the same act.

        By a street leader who did not draft it: a DEPUTY for ROUTINE and JOINT_ENFORCEMENT, the CHIEF for every kind (C.7).
        """
        return await on_whistle(info, given, whistles.approve, given.text, expected_version=given.expected_version)

    @action(WhistlePayload)
    async def reject_whistle(self, info: Info, given: Given[inputs.RejectWhistleInput]) -> WhistlePayload | AnyProblem:
        """Turn a whistle down for good 驳回. By whoever may approve it."""
        return await on_whistle(info, given, whistles.reject, given.text, expected_version=given.expected_version)

    @action(WhistlePayload)
    async def send_whistle_back(
        self, info: Info, given: Given[inputs.SendWhistleBackInput]
    ) -> WhistlePayload | AnyProblem:
        """Give a whistle back to its drafter 退回修改. By whoever may approve it."""
        return await on_whistle(info, given, whistles.send_back, given.text, expected_version=given.expected_version)

    @action(EmergencyPayload)
    async def blow_emergency_whistle(
        self, info: Info, given: Given[inputs.BlowEmergencyWhistleInput]
    ) -> EmergencyPayload | AnyProblem:
        """Blow an emergency whistle at once 应急直吹, for a case or for a new one, all in one transaction.

        Answers whom to phone and which emergency number to dial: the platform replaces neither. A street leader confirms
        afterwards 补批 (C.4, C.9). By the dispatcher.
        """

        def prepare(identifiers: Identifiers) -> Command:
            case_id = identifiers.optional("caseId", given.case_id, "Case")
            new_case = None if given.new_case is None else given.new_case.case(identifiers, "newCase.")

            async def command(tx: Transaction) -> Outcome:
                try:
                    return await emergencies.blow_emergency(
                        tx, case_id, new_case, given.emergency(), expected_version=given.expected_version
                    )
                except InvalidInput as error:
                    raise error if new_case is None else _below_new_case(error) from error

            return command

        return await perform(info, given, prepare, EmergencyPayload.of)

    @action(EmergencyPayload)
    async def blow_drafted_emergency(
        self, info: Info, given: Given[inputs.BlowDraftedEmergencyInput]
    ) -> EmergencyPayload | AnyProblem:
        """Blow a drafted emergency whistle at once 应急直吹; answers as blowEmergencyWhistle. By the dispatcher."""

        def prepare(identifiers: Identifiers) -> Command:
            whistle_id = identifiers.key("whistleId", given.whistle_id, "Whistle")
            return lambda tx: emergencies.blow_drafted_emergency(
                tx, whistle_id, expected_version=given.expected_version
            )

        return await perform(info, given, prepare, EmergencyPayload.of)

    @action(WhistlePayload)
    async def confirm_whistle(
        self, info: Info, given: Given[inputs.ConfirmWhistleInput]
    ) -> WhistlePayload | AnyProblem:
        """Confirm an emergency whistle afterwards 补批; coming late is a finding, no refusal. By a leader who did not blow it."""
        return await on_whistle(info, given, whistles.confirm, given.text, expected_version=given.expected_version)

    @action(WhistlePayload)
    async def add_department(self, info: Info, given: Given[inputs.AddDepartmentInput]) -> WhistlePayload | AnyProblem:
        """Call a further organization to a blown whistle 增派. By a street leader; in an EMERGENCY also by the dispatcher."""
        return await on_whistle(
            info, given, whistle_parties.add_department, given.party.party(), given.reason,
            expected_version=given.expected_version,
        )  # fmt: skip

    @action(WhistlePayload)
    async def change_lead(self, info: Info, given: Given[inputs.ChangeLeadInput]) -> WhistlePayload | AnyProblem:
        """Make another organization the LEAD 变更主办. By a street leader; in an EMERGENCY also by the dispatcher."""
        return await on_whistle(
            info, given, whistle_parties.change_lead, given.organization_code, given.reason,
            excuse_former=given.excuse_former, expected_version=given.expected_version,
        )  # fmt: skip

    @action(WhistlePayload)
    async def withdraw_whistle(
        self, info: Info, given: Given[inputs.WithdrawWhistleInput]
    ) -> WhistlePayload | AnyProblem:
        """Withdraw a whistle 撤哨 to which nobody has come yet. By its drafter or a street leader."""
        return await on_whistle(
            info, given, whistle_closing.withdraw, given.reason, expected_version=given.expected_version
        )  # fmt: skip

    @action(WhistlePayload)
    async def close_whistle(self, info: Info, given: Given[inputs.CloseWhistleInput]) -> WhistlePayload | AnyProblem:
        """Close a verified whistle 消哨; the last open one closes its case. By a dispatcher who handled nothing of it (C.9)."""
        return await on_whistle(
            info, given, whistle_closing.close, given.result_text, given.close_kind,
            expected_version=given.expected_version,
        )  # fmt: skip

    @action(WhistlePayload)
    async def rate_department(
        self, info: Info, given: Given[inputs.RateDepartmentInput]
    ) -> WhistlePayload | AnyProblem:
        """Rate a department of a closed whistle 街道评部门, each once. By a street leader."""
        return await on_whistle(
            info, given, evaluations.rate_department, given.organization_code, given.scores.scores(), given.comment,
            expected_version=given.expected_version,
        )  # fmt: skip

    @action(WhistlePayload)
    async def judge_whistle(self, info: Info, given: Given[inputs.JudgeWhistleInput]) -> WhistlePayload | AnyProblem:
        """Judge whether a closed whistle was proper 区网格办评哨, once. By the county grid office."""
        return await on_whistle(
            info, given, evaluations.judge, given.proper, given.comment, completeness=given.completeness,
            timeliness=given.timeliness, expected_version=given.expected_version,
        )  # fmt: skip


def _below_new_case(error: InvalidInput) -> InvalidInput:
    """The same faults, with those of a new case where its fields stand in the input."""
    named = {_camel(name) for name in CaseInput.__struct_fields__}
    return InvalidInput(
        *(
            Fault(f"newCase.{fault.path}", fault.message, fault.english)
            if fault.path.partition(".")[0] in named
            else fault
            for fault in error.faults
        )
    )


def _camel(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(word.capitalize() for word in others)
