"""Mutations between the first receiver and the closing (reference C.3): agent, level, communication, disclosure, ways out."""

import strawberry

from schema.mutations import handling_inputs as inputs
from schema.mutations.base import Given, Info, action, on_case, perform
from schema.mutations.identifiers import Identifiers
from schema.mutations.payloads import CasePayload
from schema.problems import AnyProblem
from shaodao.commands import accused_parties, agents, communications, disclosure, legal_ways, levels, settling, voiding
from shaodao.commands.running import Command


@strawberry.type
class HandlingMutations:
    """What happens to a case besides being dispatched and closed."""

    @action(CasePayload)
    async def settle_on_the_spot(
        self, info: Info, given: Given[inputs.SettleOnTheSpotInput]
    ) -> CasePayload | AnyProblem:
        """Register a case and close it at one go 当场办结, in a visit, a courtyard session or at a window (S-06).

        By the grid worker, the chief or the dispatcher who stands before the people and is its first receiver 首接人.
        """

        def prepare(identifiers: Identifiers) -> Command:
            case = given.case(identifiers)
            return lambda tx: settling.settle_on_the_spot(
                tx, case, result_text=given.result_text, close_kind=given.close_kind, explanation=given.explanation
            )

        return await perform(info, given, prepare, CasePayload.of)

    @action(CasePayload)
    async def appoint_agent(self, info: Info, given: Given[inputs.AppointAgentInput]) -> CasePayload | AnyProblem:
        """Appoint an agent 全程代办人, with whom the matter stays until it is closed (Z-32). By the dispatcher or the chief.

        The agent's assignment is LEAD and being handled at once; another LEAD becomes CO. No department hears of it.
        """

        def prepare(identifiers: Identifiers) -> Command:
            case_id = identifiers.key("caseId", given.case_id, "Case")
            account_id = identifiers.shared("accountId", given.account_id, "Account")
            assert account_id is not None  # given
            return lambda tx: agents.appoint_agent(
                tx, case_id, account_id=account_id, duty_basis=given.duty_basis, expected_version=given.expected_version
            )

        return await perform(info, given, prepare, CasePayload.of)

    @action(CasePayload)
    async def record_communication(
        self, info: Info, given: Given[inputs.RecordCommunicationInput]
    ) -> CasePayload | AnyProblem:
        """Record what was said to the reporter 沟通记录 (J-21). By street staff, the agent, or a department with a part in the case.

        The first contact stops the clock of contacting; EXPLAINED closes a case only after an EXPLANATION (S-18).
        """
        return await on_case(
            info, given, communications.record_communication, kind=given.kind, text=given.text, channel=given.channel,
            expected_version=given.expected_version,
        )  # fmt: skip

    @action(CasePayload)
    async def raise_level(self, info: Info, given: Given[inputs.RaiseLevelInput]) -> CasePayload | AnyProblem:
        """Raise a case to the next level 提级 (C.6, S-17). By the chief to the street, the dispatcher to the county, then the county."""
        return await on_case(
            info, given, levels.raise_level, tried=given.tried, why_not_here=given.why_not_here, help_wanted=given.help_wanted,
            expected_version=given.expected_version,
        )  # fmt: skip

    @action(CasePayload)
    async def send_down(self, info: Info, given: Given[inputs.SendDownInput]) -> CasePayload | AnyProblem:
        """Send a case down by one level 下派, by an item of that level's duty list (C.6). By the dispatcher or the county."""
        return await on_case(
            info, given, levels.send_down, duty_item_code=given.duty_item_code, reason=given.reason,
            expected_version=given.expected_version,
        )  # fmt: skip

    @action(CasePayload)
    async def transfer_to_legal_way(
        self, info: Info, given: Given[inputs.TransferToLegalWayInput]
    ) -> CasePayload | AnyProblem:
        """Close a case as transferred to a legal way 移送法定途径; the reporter is told where to. By the dispatcher."""
        return await on_case(
            info, given, legal_ways.transfer_to_legal_way, body=given.body, number=given.number, explanation=given.explanation,
            expected_version=given.expected_version,
        )  # fmt: skip

    @action(CasePayload)
    async def request_void(self, info: Info, given: Given[inputs.RequestVoidInput]) -> CasePayload | AnyProblem:
        """Ask that a case be voided 申请作废. By the dispatcher or a street leader; the work goes on until it is decided."""
        return await on_case(
            info, given, voiding.request_void, reason=given.reason, expected_version=given.expected_version
        )

    @action(CasePayload)
    async def decide_void(self, info: Info, given: Given[inputs.DecideVoidInput]) -> CasePayload | AnyProblem:
        """Decide whether a case is voided 审批作废. By a street leader who did not ask for it; voided, all work on it ends."""
        return await on_case(
            info,
            given,
            voiding.decide_void,
            granted=given.granted,
            text=given.text,
            expected_version=given.expected_version,
        )

    @action(CasePayload)
    async def set_disclosure(self, info: Info, given: Given[inputs.SetDisclosureInput]) -> CasePayload | AnyProblem:
        """Say whether a case may be published 公开 and whether its reporter is confidential 保密 (C.7). By the dispatcher."""
        return await on_case(
            info, given, disclosure.set_disclosure, public=given.public, confidential=given.confidential, reason=given.reason,
            expected_version=given.expected_version,
        )  # fmt: skip

    @action(CasePayload)
    async def name_accused_party(
        self, info: Info, given: Given[inputs.NameAccusedPartyInput]
    ) -> CasePayload | AnyProblem:
        """Say whom a case complains about 被反映方, once that is known: they are called for nothing and do not see it (C.7).

        By the dispatcher, wherever setDisclosure is allowed. An organization that is at work on the case is replaced first.
        """
        accused = None if given.accused_party is None else given.accused_party.accused()
        return await on_case(
            info, given, accused_parties.name_accused_party, accused=accused, reason=given.reason,
            expected_version=given.expected_version,
        )  # fmt: skip
