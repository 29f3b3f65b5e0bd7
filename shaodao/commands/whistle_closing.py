"""Ending a whistle: 撤哨, and 消哨 with which the last open whistle closes its case (reference C.4)."""

from uuid import UUID

from shaodao.commands import clocks, closing, notices
from shaodao.commands.checking import only_text
from shaodao.commands.facts import lock_whistle, read_case
from shaodao.commands.history import Entry, Hearer, record
from shaodao.commands.progress import advance
from shaodao.commands.steps import WhistleStep, organization_called, record_whistle, whistle_outcome
from shaodao.commands.transaction import Outcome, Transaction
from shaodao.domain.case_guards import every_report_verified, owing
from shaodao.domain.clock_changes import Handover
from shaodao.domain.facts import AssignmentBrief, CaseFacts, WhistleFacts
from shaodao.domain.vocabulary import AssignmentRole, CaseState, ClockKind, CloseKind, Role, WhistleState
from shaodao.domain.whistle_machine import WHISTLE_MACHINE

_WITHDRAW = """
UPDATE whistle SET state = 'WITHDRAWN', withdrawn_at = $3, withdraw_reason = $4, version = version + 1, updated_at = $3
WHERE county_code = $1 AND id = $2
"""
_WITHDRAW_ASSIGNMENTS = """
UPDATE assignment SET state = 'WITHDRAWN', version = version + 1, updated_at = $3
WHERE county_code = $1 AND whistle_id = $2 AND state NOT IN ('REASSIGNED', 'EXCUSED', 'WITHDRAWN')
"""
_LEAD_AGAIN = """
UPDATE assignment SET role = 'LEAD', version = version + 1, updated_at = $3 WHERE county_code = $1 AND id = $2
"""
_BACK_TO_ACCEPTED = """
UPDATE case_file SET state = 'ACCEPTED', version = version + 1, updated_at = $3 WHERE county_code = $1 AND id = $2
"""
_CLOSE = """
UPDATE whistle SET state = 'CLOSED', closed_by = $3, closed_at = $4, close_text = $5, version = version + 1, updated_at = $4
WHERE county_code = $1 AND id = $2
"""
_DISPATCHED = frozenset({CaseState.ASSIGNED, CaseState.HANDLING})


async def withdraw(tx: Transaction, whistle_id: UUID, reason: str, *, expected_version: int | None = None) -> Outcome:
    """Withdraw a whistle 撤哨 to which nobody has come: its assignments end, and the departments hear of it.

    When nobody else is at work the case stands accepted again; else the first CO of an earlier dispatch leads again.
    """
    facts = await lock_whistle(tx, whistle_id, expected_version)
    WHISTLE_MACHINE.decide("withdraw", facts, tx.actor)
    why = only_text("reason", reason, tx.ground.rulebook.texts.reason)
    await tx.connection.execute(_WITHDRAW, tx.county, whistle_id, tx.now, why)
    await tx.connection.execute(_WITHDRAW_ASSIGNMENTS, tx.county, whistle_id, tx.now)
    await clocks.stop(tx, facts.case.id, *notices.CLOCKS, ClockKind.CONFIRMATION, whistle_id=whistle_id)
    step = WhistleStep(
        "withdraw", "withdrawWhistle", f"{tx.actor.name}撤回哨 {facts.number}", WhistleState.WITHDRAWN, detail=f"原因：{why}",
        public=facts.blown_at is not None, payload={"reason": why},
        hearers=[Hearer(a.id, a.organization_code, "on_withdrawn") for a in facts.active],
    )  # fmt: skip
    await record_whistle(tx, facts, step)
    await _go_back(tx, await read_case(tx, facts.case.id))
    await advance(tx, facts.case.id, None)
    return await whistle_outcome(tx, whistle_id)


async def close(
    tx: Transaction, whistle_id: UUID, result_text: str, close_kind: CloseKind, *, expected_version: int | None = None
) -> Outcome:
    """Close a verified whistle 消哨. The last open one closes its case, when every report of the case is verified.

    Raises InvalidInput at ``resultText`` and ``closeKind``.
    """
    facts = await lock_whistle(tx, whistle_id, expected_version)
    WHISTLE_MACHINE.decide("close", facts, tx.actor)
    result = closing.checked_result(tx, result_text)
    await tx.connection.execute(_CLOSE, tx.county, whistle_id, tx.actor.account_id, tx.now, result)
    await clocks.stop(tx, facts.case.id, *notices.CLOCKS, whistle_id=whistle_id)
    text = f"{tx.actor.name}对哨 {facts.number} 消哨"
    step = WhistleStep("close", "closeWhistle", text, WhistleState.CLOSED, public=True, detail=result)
    await record_whistle(tx, facts, step)
    case = await read_case(tx, facts.case.id)
    if _closes_with_its_whistle(tx, case):
        await _close_case(tx, facts, case, close_kind, result)
    return await whistle_outcome(tx, whistle_id)


def _closes_with_its_whistle(tx: Transaction, case: CaseFacts) -> bool:
    verified = every_report_verified(case, tx.actor) is None
    return case.state is CaseState.VERIFYING and case.open_whistles == 0 and verified


async def _close_case(
    tx: Transaction, facts: WhistleFacts, case: CaseFacts, close_kind: CloseKind, result: str
) -> None:
    await closing.close_case(tx, case, close_kind, result)
    entry = Entry(
        "closeCase", f"案件随哨 {facts.number} 消哨办结（{close_kind.label}）", detail=result, public=True, whistle_id=facts.id,
        role=Role.STREET_DISPATCHER, from_state=str(case.state), to_state=str(CaseState.CLOSED),
        payload=closing.closing_payload(close_kind, result), hearers=closing.closing_hearers(case),
    )  # fmt: skip
    await record(tx, case.id, entry)


async def _go_back(tx: Transaction, case: CaseFacts) -> None:
    """Keep to exactly one active LEAD, or to none in a case that is not dispatched (C.4 invariants)."""
    left = owing(case.active)
    if case.state not in _DISPATCHED or any(a.role is AssignmentRole.LEAD for a in left):
        return
    if left:
        await _lead_again(tx, case, left[0])
        return
    await tx.connection.execute(_BACK_TO_ACCEPTED, tx.county, case.id, tx.now)
    entry = Entry(
        "caseProgressed", f"撤哨后无在办单位，案件回到“{CaseState.ACCEPTED.label}”", public=True, role=Role.SYSTEM,
        from_state=str(case.state), to_state=str(CaseState.ACCEPTED),
    )  # fmt: skip
    await record(tx, case.id, entry)


async def _lead_again(tx: Transaction, case: CaseFacts, assignment: AssignmentBrief) -> None:
    """The organization goes on as LEAD, and hears it: what it owes now is more than a CO's part."""
    await tx.connection.execute(_LEAD_AGAIN, tx.county, assignment.id, tx.now)
    await clocks.tell_continued(tx, case.id, Handover.LEAD_CHANGED, assignment.id)
    name = await organization_called(tx, assignment.organization_code)
    entry = Entry(
        "changeLead", f"撤哨后主办变更为{name}", public=True, role=Role.SYSTEM, assignment_id=assignment.id,
        whistle_id=assignment.whistle_id, hearers=[Hearer(assignment.id, assignment.organization_code, "on_dispatch")],
    )  # fmt: skip
    await record(tx, case.id, entry)
