"""Mutations of what follows from a follow-up call: exclusion 剔除, review 复核, another round 重办 (reference C.3 reopen, B.2, S-20)."""

import strawberry

from schema.mutations import follow_up_inputs as inputs
from schema.mutations.base import Given, Info, action, on_case
from schema.mutations.payloads import CasePayload
from schema.problems import AnyProblem
from shaodao.commands import exclusions, reopening


@strawberry.type
class FollowUpMutations:
    """What is done with what a reporter answered."""

    @action(CasePayload)
    async def propose_exclusion(
        self, info: Info, given: Given[inputs.ProposeExclusionInput]
    ) -> CasePayload | AnyProblem:
        """Propose to leave the newest follow-up out of the rates 申请剔除 (B.2). By the follow-up caller or the dispatcher."""
        return await on_case(
            info, given, exclusions.propose_exclusion, kind=given.kind, reason=given.reason, evidence=given.evidence,
            expected_version=given.expected_version,
        )  # fmt: skip

    @action(CasePayload)
    async def decide_exclusion(self, info: Info, given: Given[inputs.DecideExclusionInput]) -> CasePayload | AnyProblem:
        """Decide on a proposed exclusion 审批剔除. By a street leader or the county, never by who proposed it."""
        return await on_case(
            info, given, exclusions.decide_exclusion, granted=given.granted, text=given.text,
            expected_version=given.expected_version,
        )  # fmt: skip

    @action(CasePayload)
    async def review_follow_up(self, info: Info, given: Given[inputs.ReviewFollowUpInput]) -> CasePayload | AnyProblem:
        """Review an unsolved or dissatisfied follow-up 复核: REOPEN or NO_REOPEN, with a reason. By a street leader (C.9)."""
        return await on_case(
            info, given, reopening.review, decision=given.decision, reason=given.reason,
            expected_version=given.expected_version,
        )  # fmt: skip

    @action(CasePayload)
    async def reopen_case(self, info: Info, given: Given[inputs.ReopenCaseInput]) -> CasePayload | AnyProblem:
        """Reopen an ended case 重办: a new handling clock runs, the outcome so far is kept. By the dispatcher, twice at most."""
        return await on_case(
            info, given, reopening.reopen, reason=given.reason, expected_version=given.expected_version
        )
