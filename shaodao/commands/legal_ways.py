"""Transferring a case to a legal way 移送法定途径 (reference C.3 transferLegal): court, arbitration, reconsideration, 信访."""

from uuid import UUID

from shaodao.commands import clocks, merged_cases, messages, withdrawal
from shaodao.commands.case_steps import CaseStep, case_outcome, decide_case, record_case
from shaodao.commands.checking import checked_text
from shaodao.commands.transaction import Outcome, Transaction
from shaodao.domain.errors import Faults
from shaodao.domain.facts import CaseFacts
from shaodao.domain.vocabulary import CaseState, ClockKind, CloseKind, MessageKind

_TRANSFER = """
UPDATE case_file SET state = 'CLOSED', close_kind = 'TRANSFERRED', closed_at = $3, closed_by = $4, legal_body = $5,
    legal_number = $6, result_text = $7, explanation = $8, handled_at = coalesce(handled_at, $3), version = version + 1,
    updated_at = $3
WHERE county_code = $1 AND id = $2 RETURNING title
"""
# A promise 承诺 is to be kept whatever becomes of the case (Z-49).
_STOPPED = tuple(kind for kind in ClockKind if kind is not ClockKind.PROMISE)


async def transfer_to_legal_way(
    tx: Transaction, case_id: UUID, *, body: str, number: str, explanation: str, expected_version: int | None = None
) -> Outcome:
    """Close a case as transferred to the body that decides by law; its and every merged reporter are told where to.

    The number there is the reporter's own: who else told of the matter does not learn it.

    All other work on it ends, departments hear of it, and a follow-up is owed as of any closing. Raises InvalidInput at
    ``body``, ``number`` and ``explanation``, NotPermitted, StateConflict.
    """
    facts = await decide_case(tx, "transferLegal", case_id, expected_version)
    faults, texts = Faults(), tx.ground.rulebook.texts
    to = checked_text(faults, "body", body, texts.name)
    numbered = checked_text(faults, "number", number, texts.name)
    why = checked_text(faults, "explanation", explanation, texts.explanation)
    faults.check()
    result = f"已移送{to}（编号{numbered}）依法办理"
    hearers = await withdrawal.end_work(tx, facts, result)
    title = await tx.connection.fetchval(
        _TRANSFER, tx.county, case_id, tx.now, tx.actor.account_id, to, numbered, result, why
    )  # fmt: skip
    await clocks.stop(tx, case_id, *_STOPPED)
    await _tell(tx, facts, f"您反映的“{title}”（编号{facts.number}）{result}。{why}", f"已移送{to}依法办理。")
    limit = tx.ground.rulebook.follow_up_limit
    await clocks.start(tx, ClockKind.FOLLOW_UP, case_id, limit, "follow_up", case_round=facts.round)
    step = CaseStep(
        "transferLegal", "transferToLegalWay", f"{tx.actor.name}将案件移送{to}（编号{numbered}）", CaseState.CLOSED,
        hearers=hearers, detail=why,
        payload={"reason": result, "close_kind": str(CloseKind.TRANSFERRED), "body": to, "number": numbered},
    )  # fmt: skip
    await record_case(tx, facts, step)
    return await case_outcome(tx, case_id)


async def _tell(tx: Transaction, facts: CaseFacts, told: str, result: str) -> None:
    await messages.tell_reporter(tx, facts.id, MessageKind.RESULT, told[: tx.ground.rulebook.texts.message])
    await merged_cases.tell_result(tx, facts, result)
