"""After an answer that is not content: the mandatory review 复核 and a new round 重办 (reference C.3 reopen, C.9 point 11, S-20)."""

from uuid import UUID

from shaodao.commands import clocks, merged_cases, messages, wording
from shaodao.commands.case_steps import CaseStep, case_outcome, decide_case, record_case
from shaodao.commands.checking import only_text
from shaodao.commands.transaction import Outcome, Transaction
from shaodao.domain.case_machine import CASE_MACHINE
from shaodao.domain.case_vocabulary import ReviewDecision
from shaodao.domain.deadlines import Due
from shaodao.domain.facts import CaseFacts
from shaodao.domain.vocabulary import CaseState, ClockKind, MessageKind

_REVIEW = """
UPDATE follow_up SET review_decision = $3, review_reason = $4, reviewed_by = $5, reviewed_at = $6
WHERE county_code = $1 AND id = $2
"""
_TOUCH = "UPDATE case_file SET version = version + 1, updated_at = $3 WHERE county_code = $1 AND id = $2"
_KEEP_ROUND = """
INSERT INTO case_round (
    county_code, case_id, round, due_at, handled_at, closed_at, closed_by, close_kind, result_text, explanation,
    reopened_by, reopened_at, reopen_reason
)
SELECT county_code, id, round, due_at, handled_at, closed_at, closed_by, close_kind, result_text, explanation, $3, $4, $5
FROM case_file WHERE county_code = $1 AND id = $2
"""
_BEGIN_ROUND = """
UPDATE case_file SET state = 'REOPENED', round = round + 1, reopened_at = $3, due_at = $4, due_provisional = $5,
    handled_at = NULL, agent_id = NULL, closed_at = NULL, closed_by = NULL, close_kind = NULL, result_text = NULL, explanation = NULL,
    settled_by_first_receiver = false, settled_on_the_spot = false, version = version + 1, updated_at = $3
WHERE county_code = $1 AND id = $2
RETURNING title, reporter_phone_hash IS NOT NULL OR reporter_person_id IS NOT NULL AS reachable
"""


async def reopen(tx: Transaction, case_id: UUID, *, reason: str, expected_version: int | None = None) -> Outcome:
    """Reopen the case for another round 重办: a new handling clock by the same class runs from now, the outcome so far is kept.

    Raises InvalidInput at ``reason``, NotPermitted, StateConflict (a review has decided against it, the rounds are used up).
    """
    facts = await decide_case(tx, "reopen", case_id, expected_version)
    _check_rounds(tx, facts)
    why = only_text("reason", reason, tx.ground.rulebook.texts.reason)
    await _begin_round(tx, facts, why)
    sentence = f"{tx.actor.name}重办案件（第{facts.round + 1}次）"
    await record_case(tx, facts, CaseStep("reopen", "reopenCase", sentence, CaseState.REOPENED, detail=why))
    return await case_outcome(tx, case_id)


async def review(
    tx: Transaction, case_id: UUID, *, decision: ReviewDecision, reason: str, expected_version: int | None = None
) -> Outcome:
    """Review a follow-up that was unsolved, solved in part or dissatisfied 复核; a leader decides, and says why.

    REOPEN reopens the case in the same step; after NO_REOPEN it stays closed. Raises InvalidInput at ``reason``,
    NotPermitted, StateConflict (no such follow-up waits; for REOPEN: the rounds are used up).
    """
    facts = await decide_case(tx, "reviewFollowUp", case_id, expected_version)
    reopens = decision is ReviewDecision.REOPEN
    if reopens:
        _check_rounds(tx, facts)
    why = only_text("reason", reason, tx.ground.rulebook.texts.reason)
    call = facts.follow_up
    assert call is not None  # the machine has found it
    await tx.connection.execute(_REVIEW, tx.county, call.id, str(decision), why, tx.actor.account_id, tx.now)
    if reopens:
        await _begin_round(tx, facts, why)
    else:
        await tx.connection.execute(_TOUCH, tx.county, case_id, tx.now)
    step = CaseStep(
        "reviewFollowUp", "reviewFollowUp", f"{tx.actor.name}复核回访：{decision.label}",
        CaseState.REOPENED if reopens else None, public=reopens, detail=why, payload={"decision": str(decision)},
    )  # fmt: skip
    await record_case(tx, facts, step)
    return await case_outcome(tx, case_id, call.id)


def _check_rounds(tx: Transaction, facts: CaseFacts) -> None:
    """Raise StateConflict when the case was reopened as often as the rulebook lets it be."""
    most = tx.ground.rulebook.rounds.reopen
    if facts.round >= most:
        CASE_MACHINE.conflict(f"最多重办{most}次", f"a case is reopened {most} times at most", facts, tx.actor)


async def _begin_round(tx: Transaction, facts: CaseFacts, why: str) -> None:
    """Keep the round's outcome and begin the next; the assignments of the rounds before stay as history."""
    await tx.connection.execute(_KEEP_ROUND, tx.county, facts.id, tx.actor.account_id, tx.now, why)
    await clocks.stop(tx, facts.id, ClockKind.FOLLOW_UP)
    reckoned = await _start_handling(tx, facts)
    row = await tx.connection.fetchrow(
        _BEGIN_ROUND, tx.county, facts.id, tx.now, reckoned.at, reckoned.provisional
    )  # fmt: skip
    assert row is not None
    if row["reachable"]:
        limit = tx.ground.rulebook.contact_limits.of(facts.urgency)
        rule = f"contact_limits.{facts.urgency}"
        await clocks.start(tx, ClockKind.CONTACT, facts.id, limit, rule, case_round=facts.round + 1)
    until = wording.until(reckoned.at)
    text = f"您反映的“{row['title']}”（编号{facts.number}）重新办理，预计{until}办结。"
    await messages.tell_reporter(tx, facts.id, MessageKind.REOPENED, text[: tx.ground.rulebook.texts.message])
    await merged_cases.tell_reopened(tx, facts, until)


async def _start_handling(tx: Transaction, facts: CaseFacts) -> Due:
    limit = tx.ground.rulebook.case_limit(facts.urgency)
    rule = f"case_limits.{facts.urgency}"
    return await clocks.start(tx, ClockKind.HANDLING, facts.id, limit, rule, case_round=facts.round + 1)
