"""Closing a case 办结: one set of rules, whether the dispatcher closes it or the last whistle's 消哨 does (reference C.3 close)."""

from shaodao.commands import clocks, communications, merged_cases, messages
from shaodao.commands.checking import checked_text
from shaodao.commands.history import Entry, Hearer, record
from shaodao.commands.transaction import Transaction
from shaodao.domain.errors import Faults, InvalidInput
from shaodao.domain.facts import CaseFacts
from shaodao.domain.vocabulary import CaseState, ClockKind, CloseKind, MessageKind, Role, WhistleState

_CLOSE = """
UPDATE case_file SET state = $3, closed_at = $4, closed_by = $5, close_kind = $6, result_text = $7,
    handled_at = coalesce(handled_at, $4), explanation = coalesce($8, explanation), version = version + 1, updated_at = $4
WHERE county_code = $1 AND id = $2 RETURNING title
"""
_WITHDRAW_DRAFTS = """
UPDATE whistle w SET state = 'WITHDRAWN', withdrawn_at = $3, withdraw_reason = $4, version = version + 1, updated_at = $3
FROM (
    SELECT id, state FROM whistle WHERE county_code = $1 AND case_id = $2 AND state IN ('DRAFTED', 'PENDING_APPROVAL')
) before
WHERE w.county_code = $1 AND w.id = before.id RETURNING w.id, w.number, w.drafted_at, before.state
"""
_NOT_NEEDED = "案件已办结，未吹响"
# Ways to end a case that have actions of their own (C.3 transferLegal, withdraw, void).
_OTHER_ACTIONS = frozenset({CloseKind.TRANSFERRED, CloseKind.WITHDRAWN, CloseKind.VOID})
# A confirmation 补批 that comes late stays an audit finding even when the case is closed by then (C.4 confirm), and a promise
# 承诺 is to be kept whatever becomes of the case (Z-49).
_STOPPED = tuple(kind for kind in ClockKind if kind not in (ClockKind.CONFIRMATION, ClockKind.PROMISE))


async def close_case(tx: Transaction, facts: CaseFacts, close_kind: CloseKind, result_text: str) -> None:
    """Close the case: its clocks stop, its and every merged reporter are told the result, the follow-up clock 回访时限 starts.

    Whistles that were never blown are withdrawn: nobody is left to approve them.

    The caller has decided that it may be closed, and records the history entry, heard by ``closing_hearers``. Raises
    InvalidInput at ``closeKind`` for a way to end that has an action of its own, and for EXPLAINED before the reporter was
    given an explanation (S-18), which then stands on the case; and at ``resultText``.
    """
    result = checked_result(tx, result_text)
    if close_kind in _OTHER_ACTIONS:
        raise InvalidInput.at(
            "closeKind", f"“{close_kind.label}”须用专门操作", f"{close_kind} has an action of its own"
        )
    explanation = await _explanation(tx, facts) if close_kind is CloseKind.EXPLAINED else None
    title = await tx.connection.fetchval(
        _CLOSE, tx.county, facts.id, str(CaseState.CLOSED), tx.now, tx.actor.account_id, str(close_kind), result, explanation
    )  # fmt: skip
    await _withdraw_drafts(tx, facts)
    await clocks.stop(tx, facts.id, *_STOPPED)
    text = f"您反映的“{title}”（编号{facts.number}）已办结：{result}"[: tx.ground.rulebook.texts.message]
    await messages.tell_reporter(tx, facts.id, MessageKind.RESULT, text)
    await merged_cases.tell_result(tx, facts, result)
    await clocks.start(
        tx, ClockKind.FOLLOW_UP, facts.id, tx.ground.rulebook.follow_up_limit, "follow_up", case_round=facts.round
    )  # fmt: skip


def checked_result(tx: Transaction, result_text: str) -> str:
    """The result as it is told to the reporter. Raises InvalidInput at ``resultText``."""
    faults = Faults()
    result = checked_text(faults, "resultText", result_text, tx.ground.rulebook.texts.result)
    faults.check()
    return result


async def _explanation(tx: Transaction, facts: CaseFacts) -> str:
    """What the reporter was told of why it cannot be solved; without it such an outcome is not accepted (S-18)."""
    text = await communications.explanation_of(tx, facts.id)
    if text is None:
        raise InvalidInput.at(
            "closeKind",
            "须先向诉求人解释并记录沟通（解释）",
            "explain it to the reporter first: recordCommunication EXPLANATION",
        )
    return text


def closing_payload(close_kind: CloseKind, result: str) -> dict[str, str]:
    """What the closing's entry tells the departments that hear of it."""
    return {"close_kind": str(close_kind), "result": result.strip()}


def closing_hearers(facts: CaseFacts) -> tuple[Hearer, ...]:
    """The organizations that hear of the closing 办结: all with an active part in the present round."""
    return tuple(Hearer(a.id, a.organization_code, "on_case_closed") for a in facts.active)


async def _withdraw_drafts(tx: Transaction, facts: CaseFacts) -> None:
    rows = await tx.connection.fetch(_WITHDRAW_DRAFTS, tx.county, facts.id, tx.now, _NOT_NEEDED)
    for row in sorted(rows, key=lambda row: (row["drafted_at"], row["id"])):
        entry = Entry(
            "withdrawWhistle", f"哨 {row['number']} 自动撤回", detail=_NOT_NEEDED, whistle_id=row["id"], role=Role.SYSTEM,
            from_state=row["state"], to_state=str(WhistleState.WITHDRAWN),
        )  # fmt: skip
        await record(tx, facts.id, entry)
