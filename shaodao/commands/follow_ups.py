"""After closing: the follow-up call 回访, and the reporter's own rating 评价 (reference C.3, B.2)."""

from dataclasses import dataclass
from uuid import UUID

from shaodao.commands import clocks
from shaodao.commands.case_steps import CaseStep, case_outcome, decide_case, record_case
from shaodao.commands.checking import checked_text, optional_text
from shaodao.commands.transaction import Outcome, Transaction
from shaodao.domain.errors import Faults
from shaodao.domain.facts import CaseFacts
from shaodao.domain.vocabulary import CaseState, ClockKind, EvaluatorKind, Satisfaction, SolvedLevel

_CALL = """
INSERT INTO follow_up (
    county_code, id, case_id, round, caller_id, channel, called_at, contacted, responded, solved, satisfaction, comment
) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
"""
_MOVE = "UPDATE case_file SET state = $4, version = version + 1, updated_at = $3 WHERE county_code = $1 AND id = $2"
_RATE = """
INSERT INTO evaluation (county_code, id, case_id, evaluator_kind, evaluator_id, satisfaction, comment, evaluated_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
"""


@dataclass(frozen=True)
class FollowUpInput:
    """A follow-up call. When nobody was reached (``contacted`` false) there are no answers.

    ``responded`` 响应: whether the handling organization contacted the reporter in time; ``solved`` is always asked;
    ``satisfaction`` missing counts as NOT_RATED.
    """

    channel: str
    contacted: bool
    responded: bool | None = None
    solved: SolvedLevel | None = None
    satisfaction: Satisfaction | None = None
    comment: str | None = None


async def record_follow_up(
    tx: Transaction, case_id: UUID, given: FollowUpInput, *, expected_version: int | None = None
) -> Outcome:
    """Record a follow-up call 回访 by somebody who neither handled nor verified; a call that reached nobody leaves CLOSED.

    Raises InvalidInput at ``channel``, ``solved``, ``responded``, ``satisfaction`` and ``comment``, NotPermitted,
    StateConflict.
    """
    facts = await decide_case(tx, "recordFollowUp", case_id, expected_version)
    checked = _checked(tx, given)
    call_id, target = tx.new_id(), CaseState.FOLLOWED_UP if checked.contacted else CaseState.CLOSED
    await tx.connection.execute(
        _CALL, tx.county, call_id, case_id, facts.round, tx.actor.account_id, checked.channel, tx.now, checked.contacted,
        checked.responded, _name(checked.solved), _name(checked.satisfaction), checked.comment,
    )  # fmt: skip
    await tx.connection.execute(_MOVE, tx.county, case_id, tx.now, str(target))
    if checked.contacted:
        await clocks.stop(tx, case_id, ClockKind.FOLLOW_UP)
    called = f"{tx.actor.name}回访{'' if checked.contacted else '未联系上'}"
    step = CaseStep("recordFollowUp", "recordFollowUp", called, target, detail=_answers(checked))
    await record_case(tx, facts, step)
    return await case_outcome(tx, case_id, call_id)


async def rate_result(
    tx: Transaction, case_id: UUID, *, satisfaction: Satisfaction, comment: str | None = None, expected_version: int | None = None
) -> Outcome:  # fmt: skip
    """The reporter rates the result 评价, once. Raises InvalidInput at ``comment``, NotPermitted, StateConflict."""
    facts = await decide_case(tx, "rateResult", case_id, expected_version)
    faults = Faults()
    said = optional_text(faults, "comment", comment, tx.ground.rulebook.texts.explanation)
    faults.check()
    rating_id = tx.new_id()
    await tx.connection.execute(
        _RATE,
        tx.county,
        rating_id,
        case_id,
        str(EvaluatorKind.RESIDENT),
        tx.actor.account_id,
        str(satisfaction),
        said,
        tx.now,
    )
    await tx.connection.execute(_MOVE, tx.county, case_id, tx.now, str(facts.state))
    await record_case(tx, facts, _rated(facts, satisfaction))
    return await case_outcome(tx, case_id, rating_id)


def _checked(tx: Transaction, given: FollowUpInput) -> FollowUpInput:
    limits, faults = tx.ground.rulebook.texts, Faults()
    channel = checked_text(faults, "channel", given.channel, limits.name)
    comment = optional_text(faults, "comment", given.comment, limits.explanation)
    if given.contacted and given.solved is None:
        faults.add("solved", "请询问问题是否解决", "ask whether the matter is solved")
    if not given.contacted:
        for path, answer in (
            ("responded", given.responded),
            ("solved", given.solved),
            ("satisfaction", given.satisfaction),
        ):
            if answer is not None:
                faults.add(path, "未联系上时不能填写", "there is no answer when nobody was reached")
    faults.check()
    rated = given.satisfaction or (Satisfaction.NOT_RATED if given.contacted else None)
    return FollowUpInput(channel, given.contacted, given.responded, given.solved, rated, comment)


def _answers(call: FollowUpInput) -> str | None:
    """What the reporter said: the departments are not told it in public."""
    if call.solved is None or call.satisfaction is None:
        return call.comment
    return "，".join(filter(None, (call.solved.label, call.satisfaction.label, call.comment)))


def _rated(facts: CaseFacts, satisfaction: Satisfaction) -> CaseStep:
    payload = {"satisfaction": str(satisfaction)}
    return CaseStep(
        "rateResult", "rateResult", "诉求人评价办理结果", facts.state, payload=payload, detail=satisfaction.label
    )


def _name(term: SolvedLevel | Satisfaction | None) -> str | None:
    return None if term is None else str(term)
