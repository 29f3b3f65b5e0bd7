"""Mutations about ratings 评价: objecting to one, and deciding the objection (reference C.4 evaluate, C.8 双考核)."""

import strawberry

from schema.mutations.base import Given, Info, WhistleAction, action, perform
from schema.mutations.identifiers import Identifiers
from schema.mutations.payloads import WhistlePayload
from schema.mutations.whistle_inputs import ScoresInput
from schema.problems import AnyProblem
from shaodao.commands import rating_objections
from shaodao.commands.evaluations import Judgement
from shaodao.commands.running import Command


@strawberry.input(description="How the county finds a whistle.")
class JudgementInput:
    proper: bool = strawberry.field(description="Whether it was proper to blow it.")
    completeness: int | None = strawberry.field(default=None, description="要素完整, from 0 to 100, if scored.")
    timeliness: int | None = strawberry.field(default=None, description="核查及时, from 0 to 100, if scored.")

    def judgement(self) -> Judgement:
        """The finding for a command."""
        return Judgement(self.proper, self.completeness, self.timeliness)


@strawberry.input
class RatingAction(WhistleAction):
    """An action on a rating of a whistle."""

    evaluation_id: strawberry.ID = strawberry.field(description="Global identifier of the evaluation.")


@strawberry.input(description="Input of objectToRating.")
class ObjectToRatingInput(RatingAction):
    text: str = strawberry.field(description="Why, 1 to 500 characters.")


@strawberry.input(description="Input of decideRatingObjection.")
class DecideRatingObjectionInput(RatingAction):
    granted: bool = strawberry.field(description="Whether the rating is corrected.")
    text: str = strawberry.field(description="Why, 1 to 500 characters.")
    scores: ScoresInput | None = strawberry.field(
        default=None, description="The corrected scores of a department; needed where its objection is granted."
    )
    judgement: JudgementInput | None = strawberry.field(
        default=None,
        description="The corrected judgement of the whistle; needed where the street's objection is granted.",
    )


@strawberry.type
class RatingMutations:
    """The actions on a rating."""

    @action(WhistlePayload)
    async def object_to_rating(self, info: Info, given: Given[ObjectToRatingInput]) -> WhistlePayload | AnyProblem:
        """Object to a rating 评价异议, once: a department to its own, a street leader to the county's judgement of the whistle.

        Within the rulebook's `rating_objection_window` (5 working days) from the evaluation; later it is a StateConflict. A
        department never rates a street (街道办事处条例 43), so there is nothing of that to object to.
        """

        def prepare(identifiers: Identifiers) -> Command:
            whistle_id = identifiers.key("whistleId", given.whistle_id, "Whistle")
            evaluation_id = identifiers.key("evaluationId", given.evaluation_id, "Evaluation")
            return lambda tx: rating_objections.object_to_rating(
                tx, whistle_id, evaluation_id=evaluation_id, text=given.text, expected_version=given.expected_version
            )

        return await perform(info, given, prepare, WhistlePayload.of)

    @action(WhistlePayload)
    async def decide_rating_objection(
        self, info: Info, given: Given[DecideRatingObjectionInput]
    ) -> WhistlePayload | AnyProblem:
        """Decide an objection to a rating 裁定评价异议; what is granted is corrected beside the original, which stays.

        By the county grid office: an officer who neither rated nor objected (C.8 双考核).
        """

        def prepare(identifiers: Identifiers) -> Command:
            whistle_id = identifiers.key("whistleId", given.whistle_id, "Whistle")
            evaluation_id = identifiers.key("evaluationId", given.evaluation_id, "Evaluation")
            scores = None if given.scores is None else given.scores.scores()
            judgement = None if given.judgement is None else given.judgement.judgement()
            return lambda tx: rating_objections.decide_rating_objection(
                tx, whistle_id, evaluation_id=evaluation_id, granted=given.granted, text=given.text, scores=scores,
                judgement=judgement, expected_version=given.expected_version,
            )  # fmt: skip

        return await perform(info, given, prepare, WhistlePayload.of)
