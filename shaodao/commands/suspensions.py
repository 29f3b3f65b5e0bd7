"""Suspending 挂账 a case that cannot be solved for now, its reviews 复核, and resuming it 恢复 (reference C.3, C.5 rule 9, J-21)."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from uuid import UUID

from shaodao.commands import clock_pauses, clock_stages, deadline_notices, deadlines, progress
from shaodao.commands.case_steps import CaseStep, case_outcome, decide_case, record_case
from shaodao.commands.checking import checked_text
from shaodao.commands.facts import read_case
from shaodao.commands.history import Entry, record
from shaodao.commands.transaction import Outcome, Transaction
from shaodao.domain.calendar import SHANGHAI
from shaodao.domain.case_machine import CASE_MACHINE
from shaodao.domain.case_vocabulary import SuspensionKind
from shaodao.domain.clock_changes import Decider
from shaodao.domain.errors import Faults
from shaodao.domain.facts import CaseFacts
from shaodao.domain.vocabulary import CaseState, ClockKind, EscalationStage, MessageKind, Role

# A promise was made to somebody, and an emergency whistle's confirmation is owed whatever becomes of the case.
_STAY = (ClockKind.PROMISE, ClockKind.CONFIRMATION)
PAUSED_KINDS = tuple(kind for kind in ClockKind if kind not in _STAY)
"""While a case is suspended none of its ladder's stages fires (C.6)."""

_SUSPEND = """
INSERT INTO suspension (
    county_code, id, case_id, kind, reason, interim_measure, approved_by, suspended_at, review_cycle_days, planned_resume,
    review_due_at, told_reporter_at
) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, CASE WHEN $12 THEN $8::timestamptz END)
"""
_MOVE = """
UPDATE case_file SET state = $3, version = version + 1, updated_at = $4 WHERE county_code = $1 AND id = $2
"""
_LASTING = """
SELECT id, review_cycle_days, review_due_at, planned_resume FROM suspension
WHERE county_code = $1 AND case_id = $2 AND resumed_at IS NULL
"""
_REVIEW = """
UPDATE suspension SET reviewed_at = $3, reviewed_by = $4, review_text = $5, review_due_at = $6
WHERE county_code = $1 AND id = $2
"""
_RESUME_REASON = "UPDATE suspension SET resume_reason = $3 WHERE county_code = $1 AND id = $2"
_AS_PLANNED = "到达计划恢复日期"


@dataclass(frozen=True)
class SuspensionInput:
    """Why a case waits, and what is done meanwhile.

    ``review_cycle_days``: after how many days it is reviewed, each time; without it there is no suspension.
    ``planned_resume``: the day on which the system resumes it; None: until somebody does.
    """

    kind: SuspensionKind
    reason: str
    interim_measure: str
    review_cycle_days: int | None = None
    planned_resume: date | None = None


@dataclass(frozen=True)
class _Checked:
    reason: str
    interim_measure: str
    cycle: int


@dataclass(frozen=True)
class _Lasting:
    """The suspension that lasts."""

    id: UUID
    review_cycle_days: int
    review_due_at: datetime | None
    planned_resume: date | None


async def suspend(
    tx: Transaction, case_id: UUID, given: SuspensionInput, *, expected_version: int | None = None
) -> Outcome:
    """Suspend the case 挂账: its clocks pause, and the reporter is told why and what is done meanwhile (S-18).

    By a street leader of the rank that the class asks for, or the county. An overdue case stays overdue when it is resumed.
    Raises InvalidInput at ``reason``, ``interimMeasure``, ``reviewCycleDays`` and ``plannedResume``, NotPermitted,
    StateConflict.
    """
    facts = await decide_case(tx, "suspend", case_id, expected_version)
    checked = _checked(tx, given)
    decider = _decider(tx, facts, "suspend")
    why = f"{given.kind.label}挂账"
    await clock_pauses.pause(tx, case_id, *PAUSED_KINDS, why=why, decider=decider)
    told = f"因{given.kind.label}暂缓办理：{checked.reason}。期间措施：{checked.interim_measure}。每{checked.cycle}天复核一次。"
    heard = await deadline_notices.tell_reporter(tx, facts, MessageKind.SUSPENSION, told)
    suspension_id, review_at = tx.new_id(), _review_at(tx, tx.today + timedelta(days=checked.cycle))
    await tx.connection.execute(
        _SUSPEND, tx.county, suspension_id, case_id, str(given.kind), checked.reason, checked.interim_measure,
        tx.actor.account_id, tx.now, checked.cycle, given.planned_resume, review_at, heard,
    )  # fmt: skip
    await _plan(tx, case_id, suspension_id, review_at, given.planned_resume)
    await _move(tx, case_id, CaseState.SUSPENDED)
    await deadline_notices.call_lead(tx, facts, f"已批准挂账（{given.kind.label}），暂停计时。")
    await record_case(tx, facts, _suspended(tx, given, checked, heard))
    return await case_outcome(tx, case_id, suspension_id)


async def review(
    tx: Transaction, case_id: UUID, *, text: str, next_review_on: date | None = None,
    expected_version: int | None = None,
) -> Outcome:  # fmt: skip
    """Review a suspended case 挂账复核 and tell the reporter; the next review is called for after another cycle.

    ``next_review_on``: another day for it, not later than the longest cycle. Raises InvalidInput at ``text`` and
    ``nextReviewOn``, NotPermitted, StateConflict.
    """
    facts = await decide_case(tx, "reviewSuspension", case_id, expected_version)
    lasting = await _lasting(tx, case_id)
    faults = Faults()
    found = checked_text(faults, "text", text, tx.ground.rulebook.texts.reason)
    day = next_review_on or tx.today + timedelta(days=lasting.review_cycle_days)
    furthest = tx.today + timedelta(days=tx.ground.rulebook.longest_review_cycle_days)
    if not tx.today < day <= furthest:
        faults.add(
            "nextReviewOn", f"须晚于今天且不晚于{furthest}", f"must lie after today, at the latest on {furthest}"
        )
    faults.check()
    review_at = _review_at(tx, day)
    await tx.connection.execute(_REVIEW, tx.county, lasting.id, tx.now, tx.actor.account_id, found, review_at)
    await clock_stages.plan(tx, EscalationStage.REVIEW, lasting.id, case_id, review_at)
    await _move(tx, case_id, facts.state)
    following = f"{day.month}月{day.day}日"
    await deadline_notices.tell_reporter(
        tx, facts, MessageKind.SUSPENSION, f"挂账复核：{found}。下次复核：{following}。"
    )
    step = CaseStep(
        "reviewSuspension", "reviewSuspension", f"{tx.actor.name}复核挂账，下次复核：{following}", detail=found
    )  # fmt: skip
    await record_case(tx, facts, step)
    return await case_outcome(tx, case_id, lasting.id)


async def resume(
    tx: Transaction, case_id: UUID, *, reason: str, expected_version: int | None = None
) -> Outcome:  # fmt: skip
    """Resume a suspended case 恢复办理: its clocks go on with what remained; the reporter and the LEAD are told the due.

    Raises InvalidInput at ``reason``, NotPermitted, StateConflict.
    """
    facts = await decide_case(tx, "resume", case_id, expected_version)
    faults = Faults()
    why = checked_text(faults, "reason", reason, tx.ground.rulebook.texts.reason)
    faults.check()
    by = await _resume(tx, facts, why, _decider(tx, facts, "resume"))
    text = f"{tx.actor.name}恢复办理{by}"
    await record_case(tx, facts, CaseStep("resume", "resumeCase", text, CaseState.HANDLING, detail=f"原因：{why}"))
    await progress.advance(tx, case_id, None)
    return await case_outcome(tx, case_id)


async def resume_as_planned(tx: Transaction, case_id: UUID) -> None:
    """The system resumes a case on the day that was planned, if it still is suspended. The clock has locked the case."""
    facts = await read_case(tx, case_id)
    if facts.state is not CaseState.SUSPENDED:
        return
    decider = deadline_notices.decider_of(facts, tx.actor, Role.SYSTEM)
    by = await _resume(tx, facts, _AS_PLANNED, decider)
    entry = Entry(
        "resumeCase", f"系统按计划恢复办理{by}", public=True, detail=_AS_PLANNED, role=Role.SYSTEM,
        from_state=str(facts.state), to_state=str(CaseState.HANDLING),
    )  # fmt: skip
    await record(tx, case_id, entry)
    await progress.advance(tx, case_id, None)


async def remind_of_review(tx: Transaction, case_id: UUID, suspension_id: UUID) -> None:
    """Say in the history that a review is called for, and plan the reminder of the next cycle. The clock has locked the case.

    What was missed in an outage is made up for once.
    """
    row = await tx.connection.fetchrow(_LASTING, tx.county, case_id)
    if row is None or row["id"] != suspension_id:
        return
    lasting = _Lasting(**dict(row))
    entry = Entry(
        "suspensionReviewDue", f"挂账满{lasting.review_cycle_days}天，须复核", role=Role.SYSTEM,
        payload={"suspension_id": str(suspension_id), "review_due_at": lasting.review_due_at},
    )  # fmt: skip
    await record(tx, case_id, entry)
    following = _review_at(tx, tx.today + timedelta(days=lasting.review_cycle_days))
    await clock_stages.plan(tx, EscalationStage.REVIEW, suspension_id, case_id, following)


def _checked(tx: Transaction, given: SuspensionInput) -> _Checked:
    faults, rulebook = Faults(), tx.ground.rulebook
    reason = checked_text(faults, "reason", given.reason, rulebook.texts.reason)
    measure = checked_text(faults, "interimMeasure", given.interim_measure, rulebook.texts.reason)
    longest, cycle = rulebook.longest_review_cycle_days, given.review_cycle_days or 0
    if given.review_cycle_days is None:
        faults.add("reviewCycleDays", "须写明复核周期", "suspending without a review date")
    elif not 1 <= cycle <= longest:
        faults.add("reviewCycleDays", f"须在 1 到 {longest} 天之间", f"must be 1 to {longest} days")
    if given.planned_resume is not None and given.planned_resume <= tx.today:
        faults.add("plannedResume", "须晚于今天", "must lie after today")
    faults.check()
    return _Checked(reason, measure, cycle)


def _review_at(tx: Transaction, day: date) -> datetime:
    """The instant of a review on the day, or on the next working day: when work begins."""
    calendar = tx.ground.calendar
    working = day if calendar.is_working_day(day) else calendar.next_working_day(day)
    return datetime.combine(working, tx.ground.rulebook.work_time.periods[0].begins, SHANGHAI)


async def _plan(
    tx: Transaction, case_id: UUID, suspension_id: UUID, review_at: datetime, planned_resume: date | None
) -> None:
    await clock_stages.plan(tx, EscalationStage.REVIEW, suspension_id, case_id, review_at)
    if planned_resume is not None:
        begins = datetime.combine(planned_resume, time.min, SHANGHAI)
        await clock_stages.plan(tx, EscalationStage.RESUME, suspension_id, case_id, begins)


async def _move(tx: Transaction, case_id: UUID, state: CaseState) -> None:
    await tx.connection.execute(_MOVE, tx.county, case_id, str(state), tx.now)


async def _lasting(tx: Transaction, case_id: UUID) -> _Lasting:
    row = await tx.connection.fetchrow(_LASTING, tx.county, case_id)
    assert row is not None, "a suspended case has a suspension that lasts"
    return _Lasting(**dict(row))


async def _resume(tx: Transaction, facts: CaseFacts, why: str, decider: Decider) -> str:
    """Let the clocks go on and the case be handled; answers by when, as ``told_to_go_on``."""
    lasting = await _lasting(tx, facts.id)
    await clock_pauses.go_on(tx, facts.id, *PAUSED_KINDS, resumer=decider)
    await tx.connection.execute(_RESUME_REASON, tx.county, lasting.id, why)
    await _move(tx, facts.id, CaseState.HANDLING)
    return await deadlines.told_to_go_on(tx, facts, "恢复办理")


def _decider(tx: Transaction, facts: CaseFacts, action: str) -> Decider:
    return deadline_notices.decider_of(facts, tx.actor, CASE_MACHINE.acting_role(action, facts, tx.actor))


def _suspended(tx: Transaction, given: SuspensionInput, checked: _Checked, heard: bool) -> CaseStep:
    unheard = "" if heard else f"；{deadline_notices.NOBODY_TO_TELL}"
    return CaseStep(
        "suspend", "suspendCase", f"{tx.actor.name}批准挂账（{given.kind.label}）", CaseState.SUSPENDED,
        payload={"kind": str(given.kind), "review_cycle_days": checked.cycle, "told_reporter": heard},
        detail=f"原因：{checked.reason}；临时措施：{checked.interim_measure}{unheard}",
    )  # fmt: skip
