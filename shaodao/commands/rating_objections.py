"""Objections to a rating 评价异议: by whom it is about, once, decided by a third person (reference C.4 evaluate, C.8 双考核)."""

from uuid import UUID

from shaodao.commands.checking import checked_text, only_text
from shaodao.commands.evaluations import Judgement, Scores
from shaodao.commands.facts import lock_whistle
from shaodao.commands.history import Entry, record
from shaodao.commands.steps import organization_called, whistle_outcome
from shaodao.commands.transaction import Outcome, Transaction
from shaodao.domain.case_vocabulary import Decision
from shaodao.domain.deadlines import due
from shaodao.domain.errors import Faults, NotFound, NotPermitted
from shaodao.domain.facts import RatingBrief, WhistleFacts
from shaodao.domain.vocabulary import EvaluatorKind
from shaodao.domain.whistle_machine import WHISTLE_MACHINE, may_object, neither_rater_nor_objector

_OBJECT = """
UPDATE evaluation SET objected_by = $3, objected_at = $4, objection_text = $5 WHERE county_code = $1 AND id = $2
"""
_DECIDE = """
UPDATE evaluation SET objection_decision = $3, objection_decided_by = $4, objection_decided_at = $5, objection_decision_text = $6
WHERE county_code = $1 AND id = $2
"""
# Beside the original, which stays (C.9 point 15: the same numbers later).
_CORRECT_SCORES = """
UPDATE evaluation SET corrected_report_in_score = $3, corrected_handling_score = $4, corrected_result_score = $5,
    corrected_score = $6
WHERE county_code = $1 AND id = $2
"""
_CORRECT_JUDGEMENT = """
UPDATE evaluation SET corrected_proper = $3, corrected_completeness_score = $4, corrected_timeliness_score = $5
WHERE county_code = $1 AND id = $2
"""


async def object_to_rating(
    tx: Transaction, whistle_id: UUID, *, evaluation_id: UUID, text: str, expected_version: int | None = None
) -> Outcome:
    """Object to a rating 提出评价异议: a department to its own, a street leader to the county's of the whistle.

    Within the rulebook's ``rating_objection_window`` from the evaluation, each once. Raises NotFound for an evaluation that
    is not of this whistle or, NotPermitted for a rating of somebody else, InvalidInput at ``text``.
    """
    facts = await lock_whistle(tx, whistle_id, expected_version)
    WHISTLE_MACHINE.decide("objectToRating", facts, tx.actor)
    rating = _rating(facts, evaluation_id)
    if not may_object(rating, facts, tx.actor):
        raise NotPermitted("只能对本方的评价提出异议", "only who a rating is about may object to it")
    if rating.objected:
        WHISTLE_MACHINE.conflict("该评价已提出过异议", "the rating was objected to already", facts, tx.actor)
    _check_window(tx, facts, rating)
    reason = only_text("text", text, tx.ground.rulebook.texts.reason)
    await tx.connection.execute(_OBJECT, tx.county, evaluation_id, tx.actor.account_id, tx.now, reason)
    await _record(tx, facts, rating, "objectToRating", f"{tx.actor.name}对{await _named(tx, rating)}提出异议", reason)
    return await whistle_outcome(tx, whistle_id)


async def decide_rating_objection(
    tx: Transaction, whistle_id: UUID, *, evaluation_id: UUID, granted: bool, text: str, scores: Scores | None = None,
    judgement: Judgement | None = None, expected_version: int | None = None,
) -> Outcome:  # fmt: skip
    """Decide an objection to a rating 裁定评价异议, by the county grid office: neither the rater nor who objected.

    Granted, the corrected ``scores`` of a department, or the corrected ``judgement`` of the whistle, stand beside the first.
    Raises InvalidInput at ``text``, ``scores`` and ``judgement``.
    """
    facts = await lock_whistle(tx, whistle_id, expected_version)
    WHISTLE_MACHINE.decide("decideRatingObjection", facts, tx.actor)
    rating = _rating(facts, evaluation_id)
    if not rating.waits:
        WHISTLE_MACHINE.conflict("该评价没有待裁定的异议", "no objection to this rating waits", facts, tx.actor)
    if not neither_rater_nor_objector(rating, tx.actor):
        raise NotPermitted("评价人、异议人不能裁定该异议", "the rater and the objector cannot decide the objection")
    reason = _checked_decision(tx, rating, granted, text, scores, judgement)
    decision = Decision.GRANTED if granted else Decision.REFUSED
    await tx.connection.execute(
        _DECIDE, tx.county, evaluation_id, str(decision), tx.actor.account_id, tx.now, reason
    )  # fmt: skip
    await _correct(tx, evaluation_id, scores, judgement)
    sentence = f"{tx.actor.name}裁定{await _named(tx, rating)}的异议：{decision.label}{_corrected(scores, judgement)}"
    await _record(tx, facts, rating, "decideRatingObjection", sentence, reason)
    return await whistle_outcome(tx, whistle_id)


def _rating(facts: WhistleFacts, evaluation_id: UUID) -> RatingBrief:
    for rating in facts.ratings:
        if rating.id == evaluation_id:
            return rating
    raise NotFound("Evaluation", str(evaluation_id))


def _check_window(tx: Transaction, facts: WhistleFacts, rating: RatingBrief) -> None:
    rulebook = tx.ground.rulebook
    until = due(rating.evaluated_at, rulebook.rating_objection_window, tx.ground.calendar, rulebook.work_time).at
    if tx.now >= until:
        WHISTLE_MACHINE.conflict("评价异议期已过", "the window for objecting to the rating is over", facts, tx.actor)


def _checked_decision(
    tx: Transaction, rating: RatingBrief, granted: bool, text: str, scores: Scores | None, judgement: Judgement | None
) -> str:
    """The reason; what is granted names what it corrects, in the rating's own terms."""
    faults = Faults()
    reason = checked_text(faults, "text", text, tx.ground.rulebook.texts.reason)
    of_department = rating.evaluator_kind is EvaluatorKind.STREET
    for path, given, wanted in (
        ("scores", scores, granted and of_department), ("judgement", judgement, granted and not of_department),
    ):  # fmt: skip
        if given is None and wanted:
            faults.add(path, "同意异议须给出更正后的评价", "what is granted names the corrected rating")
        elif given is not None and not wanted:
            faults.add(path, "此裁定不更正该项", "this decision corrects nothing of that")
    if scores is not None:
        scores.check(faults)
    if judgement is not None:
        judgement.check(faults, "judgement.")
    faults.check()
    return reason


async def _correct(tx: Transaction, evaluation_id: UUID, scores: Scores | None, judgement: Judgement | None) -> None:
    if scores is not None:
        await tx.connection.execute(
            _CORRECT_SCORES, tx.county, evaluation_id, scores.report_in, scores.handling, scores.result, scores.mean
        )
    if judgement is not None:
        await tx.connection.execute(
            _CORRECT_JUDGEMENT, tx.county, evaluation_id, judgement.proper, judgement.completeness, judgement.timeliness
        )


def _corrected(scores: Scores | None, judgement: Judgement | None) -> str:
    if scores is not None:
        return f"，更正为{scores.mean}分"
    return "" if judgement is None else f"，更正为{judgement.text}"


async def _named(tx: Transaction, rating: RatingBrief) -> str:
    if rating.organization_code is None:
        return "区网格办评哨"
    return f"{await organization_called(tx, rating.organization_code)}的评价"


async def _record(
    tx: Transaction, facts: WhistleFacts, rating: RatingBrief, action: str, text: str, detail: str
) -> None:
    """The step in the history; of its own rating a department reads it."""
    entry = Entry(
        action, text, detail=detail, whistle_id=facts.id, organization_code=rating.organization_code,
        from_state=str(facts.state), to_state=str(facts.state), payload={"evaluation_id": str(rating.id)},
        role=WHISTLE_MACHINE.acting_role(action, facts, tx.actor),
    )  # fmt: skip
    await record(tx, facts.case.id, entry)
