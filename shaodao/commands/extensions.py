"""Extensions 延期 of a case's handling clock (reference C.5 rule 7): asked for before the due, decided by level, and told."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from shaodao.commands import deadline_notices, stored_clocks, wording
from shaodao.commands.case_steps import CaseStep, case_outcome, decide_case, record_case
from shaodao.commands.checking import checked_text, only_text, optional_text
from shaodao.commands.facts import lock_assignment
from shaodao.commands.history import Hearer, actor_name
from shaodao.commands.stored_clocks import StoredClock
from shaodao.commands.transaction import Outcome, Transaction
from shaodao.domain.case_machine import CASE_MACHINE
from shaodao.domain.case_vocabulary import Approver, Decision
from shaodao.domain.clock_changes import Decider, Extension, entry_of
from shaodao.domain.deadlines import LONGEST_AMOUNT, DeadlineUnit, Due, Limit, extended, overdue
from shaodao.domain.errors import Faults
from shaodao.domain.facts import AssignmentBrief, CaseFacts
from shaodao.domain.limit_words import limit_text
from shaodao.domain.vocabulary import AssignmentRole, ClockKind, ClockState, MessageKind, Role, Urgency

_GRANTED_BEFORE = """
SELECT count(*) FROM extension_request WHERE county_code = $1 AND deadline_id = $2 AND decision = 'GRANTED'
"""
_REQUEST = """
INSERT INTO extension_request (
    county_code, id, case_id, deadline_id, assignment_id, organization_code, unit, amount, reason, evidence, approver,
    requested_by, requested_at, due_before
) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
"""
_TOUCH = """
UPDATE case_file SET version = version + 1, updated_at = $3,
    county_informed_at = CASE WHEN $4 THEN coalesce(county_informed_at, $3) ELSE county_informed_at END
WHERE county_code = $1 AND id = $2
"""
_READ = """
SELECT assignment_id, organization_code, unit, amount, reason FROM extension_request WHERE county_code = $1 AND id = $2
"""
_DECIDE = """
UPDATE extension_request SET decision = $3, decision_text = $4, decided_by = $5, decided_at = $6, due_after = $7,
    told_reporter_at = CASE WHEN $8 THEN $6::timestamptz END
WHERE county_code = $1 AND id = $2
"""


@dataclass(frozen=True)
class _Asked:
    """What was asked for, and for which assignment's organization."""

    limit: Limit
    reason: str
    assignment_id: UUID | None
    organization_code: str | None


async def request(
    tx: Transaction, case_id: UUID, *, unit: DeadlineUnit, amount: int, reason: str, evidence: str | None = None,
    expected_version: int | None = None,
) -> Outcome:  # fmt: skip
    """Ask for more time 申请延期, before the case is due. ``amount`` in ``unit``; it counts from the old due.

    The first one, not longer than the clock's own limit, is the street's to decide: a GENERAL case's by a deputy, a COMPLEX
    case's by the chief. The others are the county's, which from then on sees the case. Raises InvalidInput at ``amount``,
    ``reason`` and ``evidence``, NotPermitted, StateConflict (URGENT, due already, one waits, the clock does not run).
    """
    facts = await decide_case(tx, "requestExtension", case_id, expected_version)
    limit, why, proof = _checked(tx, unit, amount, reason, evidence)
    clock = await stored_clocks.handling_clock(tx, case_id, facts.round)
    if overdue(tx.now, clock.due_at):
        CASE_MACHINE.conflict("已超过办理期限，不能申请延期", "extending after the due time", facts, tx.actor)
    approver = await _approver(tx, facts, clock, limit)
    lead, request_id = _lead(facts), tx.new_id()
    await tx.connection.execute(
        _REQUEST, tx.county, request_id, case_id, clock.id, lead and lead.id, lead and lead.organization_code,
        str(limit.unit), limit.amount, why, proof, str(approver), tx.actor.account_id, tx.now, clock.due_at,
    )  # fmt: skip
    await tx.connection.execute(_TOUCH, tx.county, case_id, tx.now, approver is Approver.COUNTY_GRID_OFFICE)
    await record_case(tx, facts, _requested(tx, facts, limit, approver, why))
    return await case_outcome(tx, case_id, request_id)


async def request_for_assignment(
    tx: Transaction, assignment_id: UUID, *, unit: DeadlineUnit, amount: int, reason: str
) -> Outcome:
    """Ask for more time as the organization of an assignment, which must have the lead 主办. Raises as ``request``."""
    facts = await lock_assignment(tx, assignment_id)
    return await request(tx, facts.case.id, unit=unit, amount=amount, reason=reason)


async def decide(
    tx: Transaction, case_id: UUID, *, granted: bool, text: str, expected_version: int | None = None
) -> Outcome:
    """Decide the request that waits 审批延期; ``text`` is told to who asked. Granted, the reporter is told the reason.

    The handling clock and the LEAD's result clock are due later by what was granted. Raises InvalidInput at ``text``,
    NotPermitted (another level decides, or who asked), StateConflict.
    """
    facts = await decide_case(tx, "decideExtension", case_id, expected_version)
    said = only_text("text", text, tx.ground.rulebook.texts.reason)
    assert facts.extension is not None, "a guard sees to it"
    asked, told, dues = await _asked(tx, facts.extension.id), False, _Dues()
    if granted:
        dues = await _extend(tx, facts, asked)
        told = await _tell_reporter(tx, facts, asked, dues)
    decision = Decision.GRANTED if granted else Decision.REFUSED
    await tx.connection.execute(
        _DECIDE, tx.county, facts.extension.id, str(decision), said, tx.actor.account_id, tx.now, dues.of_case, told
    )  # fmt: skip
    await tx.connection.execute(_TOUCH, tx.county, case_id, tx.now, False)
    await _answer(tx, facts, asked, said, dues)
    await record_case(tx, facts, _decided(tx, facts, asked, decision, said, dues, told))
    return await case_outcome(tx, case_id, facts.extension.id)


@dataclass(frozen=True)
class _Dues:
    """The new dues: the case's, and the result's of whoever asked, where it has a clock of its own."""

    of_case: datetime | None = None
    of_result: datetime | None = None
    paused: bool = False


def _checked(
    tx: Transaction, unit: DeadlineUnit, amount: int, reason: str, evidence: str | None
) -> tuple[Limit, str, str | None]:
    faults, texts = Faults(), tx.ground.rulebook.texts
    if not 1 <= amount <= LONGEST_AMOUNT:
        faults.add("amount", f"须在 1 到 {LONGEST_AMOUNT} 之间", f"must be 1 to {LONGEST_AMOUNT}")
    why = checked_text(faults, "reason", reason, texts.reason)
    proof = optional_text(faults, "evidence", evidence, texts.explanation)
    faults.check()
    return Limit(unit, amount), why, proof


async def _approver(tx: Transaction, facts: CaseFacts, clock: StoredClock, limit: Limit) -> Approver:
    """Who decides: beyond the original limit, or after as many as the rulebook leaves to the street, the county."""
    before = await tx.connection.fetchval(_GRANTED_BEFORE, tx.county, clock.id)
    calendar, work_time = tx.ground.calendar, tx.ground.rulebook.work_time
    # Days and hours are compared by where they lead.
    furthest = None if clock.limit is None else extended(clock.due_at, clock.limit, calendar, work_time).at
    beyond = furthest is None or extended(clock.due_at, limit, calendar, work_time).at > furthest
    if beyond or before >= tx.ground.rulebook.rounds.extension:
        return Approver.COUNTY_GRID_OFFICE
    return Approver.STREET_DEPUTY if facts.urgency is Urgency.GENERAL else Approver.STREET_CHIEF


def _lead(facts: CaseFacts) -> AssignmentBrief | None:
    return next((a for a in facts.active if a.role is AssignmentRole.LEAD), None)


def _requested(tx: Transaction, facts: CaseFacts, limit: Limit, approver: Approver, why: str) -> CaseStep:
    role = CASE_MACHINE.acting_role("requestExtension", facts, tx.actor) or Role.SYSTEM
    text = f"{actor_name(tx, role)}申请延期{limit_text(limit)}，由{approver.label}审批"
    payload = {"unit": str(limit.unit), "amount": limit.amount, "approver": str(approver)}
    return CaseStep("requestExtension", "requestExtension", text, public=False, payload=payload, detail=f"原因：{why}")


async def _answer(tx: Transaction, facts: CaseFacts, asked: _Asked, said: str, dues: _Dues) -> None:
    """Write to the duty phone of who asked: an organization without a plugin hears it no other way."""
    if asked.organization_code is not None:
        due_at = dues.of_result or dues.of_case
        by = "" if due_at is None or dues.paused else f"，请于{wording.until(due_at)}办结"
        told = f"不同意延期：{said}" if due_at is None else f"同意延期{limit_text(asked.limit)}{by}。"
        await deadline_notices.call_organizations(tx, facts.id, facts.number, [asked.organization_code], told)


async def _asked(tx: Transaction, request_id: UUID) -> _Asked:
    row = await tx.connection.fetchrow(_READ, tx.county, request_id)
    assert row is not None
    limit = Limit(DeadlineUnit(row["unit"]), row["amount"])
    return _Asked(limit, row["reason"], row["assignment_id"], row["organization_code"])


async def _extend(tx: Transaction, facts: CaseFacts, asked: _Asked) -> _Dues:
    role = CASE_MACHINE.acting_role("decideExtension", facts, tx.actor)
    decider = deadline_notices.decider_of(facts, tx.actor, role)
    handling = await stored_clocks.handling_clock(tx, facts.id, facts.round)
    due = await _extend_clock(tx, handling, asked.limit, decider)
    result_due, lead = None, _hearing(facts, asked)
    result = lead and await stored_clocks.newest(tx, ClockKind.RESULT, facts.id, facts.round, lead.id)
    if result and result.state is not ClockState.STOPPED:
        follows = result.limit is None and result.due_at == handling.due_at
        result_due = (await _extend_clock(tx, result, asked.limit, decider, due if follows else None)).at
    return _Dues(due.at, result_due, handling.state is ClockState.PAUSED)


async def _extend_clock(
    tx: Transaction, clock: StoredClock, limit: Limit, decider: Decider, to: Due | None = None
) -> Due:
    due = to or extended(clock.due_at, limit, tx.ground.calendar, tx.ground.rulebook.work_time)
    entry = clock.before(tx.now) | entry_of(Extension(tx.now, limit, clock.due_at, decider))
    later = replace(clock, due_at=due.at, provisional=clock.provisional or due.provisional)
    await stored_clocks.keep(tx, clock, later, entry)
    return due


async def _tell_reporter(tx: Transaction, facts: CaseFacts, asked: _Asked, dues: _Dues) -> bool:
    until = "" if dues.of_case is None or dues.paused else f"，预计{wording.until(dues.of_case)}办结"
    told = f"延期{limit_text(asked.limit)}办理{until}。原因：{asked.reason}"
    return await deadline_notices.tell_reporter(tx, facts, MessageKind.EXTENSION, told)


def _hearing(facts: CaseFacts, asked: _Asked) -> AssignmentBrief | None:
    """Whose extension it is: the assignment for which it was asked, or whoever has the lead since."""
    return next((a for a in facts.active if a.id == asked.assignment_id), _lead(facts))


def _decided(
    tx: Transaction, facts: CaseFacts, asked: _Asked, decision: Decision, said: str, dues: _Dues, told: bool
) -> CaseStep:
    hearing, granted = _hearing(facts, asked), decision is Decision.GRANTED
    text = f"{tx.actor.name}{decision.label}延期{limit_text(asked.limit)}"
    if dues.of_case is not None:
        text += f"，{wording.until(dues.of_case)}办结"
    unheard = f"；{deadline_notices.NOBODY_TO_TELL}" if granted and not told else ""
    payload: dict[str, Any] = {
        "granted": granted, "reason": said, "due_at": dues.of_result or dues.of_case, "case_due_at": dues.of_case,
        "told_reporter": told,
    }  # fmt: skip
    hearers = () if hearing is None else (Hearer(hearing.id, hearing.organization_code, "on_extension_decided"),)
    return CaseStep(
        "decideExtension", "decideExtension", text, public=granted, payload=payload, hearers=hearers,
        detail=f"申请原因：{asked.reason}；审批意见：{said}{unheard}",
    )  # fmt: skip
