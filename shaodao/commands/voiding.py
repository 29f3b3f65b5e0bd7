"""Voiding a case 作废 (reference C.3 void): one asks, a leader who is another person decides."""

from uuid import UUID

from shaodao.commands import clocks, merged_cases, messages, withdrawal
from shaodao.commands.case_steps import CaseStep, case_outcome, decide_case, record_case
from shaodao.commands.checking import only_text
from shaodao.commands.transaction import Outcome, Transaction
from shaodao.domain.errors import NotPermitted
from shaodao.domain.facts import CaseFacts
from shaodao.domain.vocabulary import CaseState, ClockKind, CloseKind, MessageKind

_REQUEST = """
UPDATE case_file SET void_requested_by = $4, void_requested_at = $3, void_reason = $5, version = version + 1, updated_at = $3
WHERE county_code = $1 AND id = $2
"""
_REFUSE = """
UPDATE case_file SET void_requested_by = NULL, void_requested_at = NULL, void_reason = NULL, version = version + 1,
    updated_at = $3
WHERE county_code = $1 AND id = $2
"""
_VOID = """
UPDATE case_file SET state = 'CANCELLED', close_kind = 'VOID', closed_at = $3, closed_by = $4, version = version + 1,
    updated_at = $3
WHERE county_code = $1 AND id = $2 RETURNING title
"""
_REASON = "案件已作废"


async def request_void(tx: Transaction, case_id: UUID, *, reason: str, expected_version: int | None = None) -> Outcome:
    """Ask that a case be voided 申请作废, such as one that was registered by mistake. The work on it goes on meanwhile.

    Raises InvalidInput at ``reason``, NotPermitted (also for somebody without an account: two people void), StateConflict.
    """
    facts = await decide_case(tx, "requestVoid", case_id, expected_version)
    if tx.actor.account_id is None:
        raise NotPermitted("须以个人账号申请作废", "a person's account asks to void")
    why = only_text("reason", reason, tx.ground.rulebook.texts.reason)
    await tx.connection.execute(_REQUEST, tx.county, case_id, tx.now, tx.actor.account_id, why)
    text = f"{tx.actor.name}申请作废案件"
    await record_case(tx, facts, CaseStep("requestVoid", "requestVoid", text, public=False, detail=f"原因：{why}"))
    return await case_outcome(tx, case_id)


async def decide_void(
    tx: Transaction, case_id: UUID, *, granted: bool, text: str, expected_version: int | None = None
) -> Outcome:
    """Decide on the request to void 审批作废, by a leader who did not make it.

    Granted, the case is CANCELLED: all work ends, departments hear of it, the reporter is told, and what was merged
    into it stands alone again. Refused, the request is gone, and a new one may be made. Raises InvalidInput at ``text``, NotPermitted, StateConflict.
    """
    facts = await decide_case(tx, "decideVoid", case_id, expected_version)
    said = only_text("text", text, tx.ground.rulebook.texts.reason)
    if granted:
        return await _void(tx, facts, said)
    await tx.connection.execute(_REFUSE, tx.county, case_id, tx.now)
    step = CaseStep(
        "decideVoid", "decideVoid", f"{tx.actor.name}不同意作废案件", public=False, detail=said, payload={"granted": False}
    )  # fmt: skip
    await record_case(tx, facts, step)
    return await case_outcome(tx, case_id)


async def _void(tx: Transaction, facts: CaseFacts, said: str) -> Outcome:
    hearers = await withdrawal.end_work(tx, facts, _REASON)
    title = await tx.connection.fetchval(_VOID, tx.county, facts.id, tx.now, tx.actor.account_id)
    await clocks.stop(tx, facts.id, *ClockKind)
    told = f"您反映的“{title}”（编号{facts.number}）经审核已作废，不再办理；如有疑问请与街道联系。"
    await messages.tell_reporter(tx, facts.id, MessageKind.RESULT, told[: tx.ground.rulebook.texts.message])
    await merged_cases.release(tx, facts, _REASON)
    step = CaseStep(
        "decideVoid", "decideVoid", f"{tx.actor.name}同意作废案件", CaseState.CANCELLED, hearers=hearers, detail=said,
        payload={"granted": True, "reason": _REASON, "close_kind": str(CloseKind.VOID)},
    )  # fmt: skip
    await record_case(tx, facts, step)
    return await case_outcome(tx, facts.id)
