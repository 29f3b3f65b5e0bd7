"""Mutations of dispatch objections 派单异议 (reference C.4; L-21 to L-29)."""

import strawberry

from schema.mutations.base import AssignmentAction, Given, Info, action, perform, prepared
from schema.mutations.payloads import ObjectionPayload
from schema.problems import AnyProblem
from shaodao.commands import objections
from shaodao.domain.vocabulary import ObjectionReason


@strawberry.input(description="Input of raiseObjection.")
class RaiseObjectionInput(AssignmentAction):
    reason_kind: ObjectionReason = strawberry.field(description="Kind of reason.")
    text: str = strawberry.field(description="The reason in words, 1 to 2,000 characters.")
    evidence: str | None = strawberry.field(
        default=None,
        description="What proves it 依据, such as the document that moved the duty; at most 2,000 characters.",
    )


@strawberry.input(description="Input of decideObjection.")
class DecideObjectionInput(AssignmentAction):
    granted: bool = strawberry.field(description="Whether the organization is relieved of the assignment.")
    text: str = strawberry.field(description="Why, 1 to 2,000 characters.")
    reassign_to: str | None = strawberry.field(
        default=None, description="Code of who takes over 改派; needed when granted, and never the objector."
    )
    duty_basis: str | None = strawberry.field(
        default=None,
        description="The duty by which they are called 职责依据 (L-29), at most 500 characters; needed when granted.",
    )

    def ruling(self) -> objections.Ruling:
        """The ruling for a command."""
        return objections.Ruling(self.granted, self.text, self.reassign_to, self.duty_basis)


@strawberry.type
class ObjectionMutations:
    """The actions on objections to an assignment."""

    @action(ObjectionPayload)
    async def raise_objection(self, info: Info, given: Given[RaiseObjectionInput]) -> ObjectionPayload | AnyProblem:
        """Object to an assignment 派单异议, within the objection window and at most two rounds (C.4, C.5 rule 6).

        In an emergency arrive first and argue later 先到场、后争议: the window then runs from the arrival. The clocks of the
        case and of the result run on. By its organization.
        """
        prepare = prepared(
            ("assignmentId", given.assignment_id, "Assignment"), objections.raise_objection, reason_kind=given.reason_kind,
            text=given.text, evidence=given.evidence, expected_version=given.expected_version,
        )  # fmt: skip
        return await perform(info, given, prepare, ObjectionPayload.of)

    @action(ObjectionPayload)
    async def decide_objection(self, info: Info, given: Given[DecideObjectionInput]) -> ObjectionPayload | AnyProblem:
        """Decide an objection 裁定异议; granting it calls another organization in the same step 改派 (C.4).

        The first round by the street's dispatcher or leader, a later one by the county grid office; never by the objector.
        After the last round the assignment is directed 指定办理 and stands. What was granted may be made a routing rule by
        proposeRuleFromRuling.
        """
        prepare = prepared(
            ("assignmentId", given.assignment_id, "Assignment"), objections.decide_objection, given.ruling(),
            expected_version=given.expected_version,
        )  # fmt: skip
        return await perform(info, given, prepare, ObjectionPayload.of)
