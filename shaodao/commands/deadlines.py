"""Shortening 缩短 and pausing 暂停 a case's handling clock while the work goes on (reference C.5 rules 9 and 10)."""

from dataclasses import dataclass, replace
from datetime import date, datetime
from uuid import UUID

from shaodao.commands import clock_pauses, deadline_notices, notices, progress, stored_clocks, wording
from shaodao.commands.case_steps import CaseStep, case_outcome, decide_case, record_case
from shaodao.commands.checking import check_future, checked_text
from shaodao.commands.stored_clocks import StoredClock, clocks_of
from shaodao.commands.transaction import Outcome, Transaction
from shaodao.domain.case_machine import CASE_MACHINE
from shaodao.domain.case_vocabulary import PauseReason, StatutoryProcedure
from shaodao.domain.clock_changes import Decider, Shortening, entry_of
from shaodao.domain.deadlines import overdue
from shaodao.domain.errors import Faults
from shaodao.domain.facts import CaseFacts
from shaodao.domain.vocabulary import AssignmentRole, ClockKind, ClockState, MessageKind

PAUSED_KINDS = (ClockKind.HANDLING, *notices.REPORTING, ClockKind.RESULT)
"""The clocks that wait for a procedure or for the resident: not those of answering, of coming and of verifying."""

_TOUCH = "UPDATE case_file SET version = version + 1, updated_at = $3 WHERE county_code = $1 AND id = $2"
_PAUSE = """
INSERT INTO deadline_pause (
    county_code, id, case_id, deadline_id, reason_kind, procedure, reason, paused_by, paused_at, expected_until
) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
"""


@dataclass(frozen=True)
class PauseInput:
    """Why the clock pauses; ``procedure`` with STATUTORY_PROCEDURE alone. ``expected_until`` binds nobody."""

    reason_kind: PauseReason
    reason: str
    procedure: StatutoryProcedure | None = None
    expected_until: date | None = None


async def shorten(
    tx: Transaction, case_id: UUID, *, due_at: datetime, reason: str, expected_version: int | None = None
) -> Outcome:
    """Order a case to be due earlier 缩短时限: by a leader, at an instant to come (exclusive) before the present due.

    Result clocks that would run beyond it end with it; the duty phones of the LEAD and of theirs, and the reporter, are
    written to: an earlier due is never silent. Raises InvalidInput at ``dueAt`` and ``reason``, NotPermitted, StateConflict.
    """
    facts = await decide_case(tx, "shortenDeadline", case_id, expected_version)
    handling = await stored_clocks.handling_clock(tx, case_id, facts.round)
    faults = Faults()
    check_future(faults, "dueAt", due_at, tx.now)
    if due_at.utcoffset() is not None and due_at >= handling.due_at:
        faults.add("dueAt", "须早于现有期限", "must lie before the present due")
    why = checked_text(faults, "reason", reason, tx.ground.rulebook.texts.reason)
    faults.check()
    decider = _decider(tx, facts, "shortenDeadline")
    called = await _shorten_clocks(tx, facts, handling, due_at, decider)
    await tx.connection.execute(_TOUCH, tx.county, case_id, tx.now)
    until = wording.until(due_at)
    await deadline_notices.call_lead(tx, facts, f"时限缩短，请于{until}办结。原因：{why}")
    await deadline_notices.call_organizations(tx, case_id, facts.number, called, f"时限缩短，请于{until}反馈办结。")
    await deadline_notices.tell_reporter(tx, facts, MessageKind.DEADLINE, f"时限缩短，预计{until}办结。")
    text = f"{tx.actor.name}缩短办理时限，{until}办结"
    payload = {"from": handling.due_at, "to": due_at}
    step = CaseStep("shortenDeadline", "shortenDeadline", text, payload=payload, detail=f"原因：{why}")
    await record_case(tx, facts, step)
    return await case_outcome(tx, case_id)


async def pause(
    tx: Transaction, case_id: UUID, given: PauseInput, *, expected_version: int | None = None
) -> Outcome:  # fmt: skip
    """Pause the handling clock 暂停计时 for a statutory procedure or the resident's material; the work goes on.

    The clocks of reports and results pause along, and the reporter is told. Waiting for another department is no reason.
    Raises InvalidInput at ``procedure``, ``reason`` and ``expectedUntil``, NotPermitted, StateConflict (also overdue).
    """
    facts = await decide_case(tx, "pauseDeadline", case_id, expected_version)
    why = _checked(tx, given)
    clock = await stored_clocks.handling_clock(tx, case_id, facts.round)
    if overdue(tx.now, clock.due_at):
        CASE_MACHINE.conflict(
            "已超过办理期限，不能暂停计时", "a clock that is due already cannot pause", facts, tx.actor
        )
    cause = given.reason_kind.label + (f"（{given.procedure.label}）" if given.procedure else "")
    decider = _decider(tx, facts, "pauseDeadline")
    pause_id = tx.new_id()
    await tx.connection.execute(
        _PAUSE, tx.county, pause_id, case_id, clock.id, str(given.reason_kind), given.procedure and str(given.procedure),
        why, tx.actor.account_id, tx.now, given.expected_until,
    )  # fmt: skip
    await clock_pauses.pause(tx, case_id, *PAUSED_KINDS, why=cause, decider=decider)
    await tx.connection.execute(_TOUCH, tx.county, case_id, tx.now)
    told = f"暂停计时，{cause}：{why}。恢复计时后将另行告知。"
    await deadline_notices.tell_reporter(tx, facts, MessageKind.DEADLINE, told)
    text, payload = f"{tx.actor.name}暂停计时：{cause}", {"reason_kind": str(given.reason_kind)}
    await record_case(
        tx, facts, CaseStep("pauseDeadline", "pauseDeadline", text, payload=payload, detail=f"原因：{why}")
    )
    return await case_outcome(tx, case_id, pause_id)


async def resume(
    tx: Transaction, case_id: UUID, *, reason: str, expected_version: int | None = None
) -> Outcome:  # fmt: skip
    """Let the clock go on 恢复计时 with what remained (C.5 rule 9); the reporter and the LEAD are told the new due.

    Raises InvalidInput at ``reason``, NotPermitted, StateConflict (it does not pause).
    """
    facts = await decide_case(tx, "resumeDeadline", case_id, expected_version)
    faults = Faults()
    why = checked_text(faults, "reason", reason, tx.ground.rulebook.texts.reason)
    faults.check()
    await clock_pauses.go_on(tx, case_id, *PAUSED_KINDS, resumer=_decider(tx, facts, "resumeDeadline"))
    await tx.connection.execute(_TOUCH, tx.county, case_id, tx.now)
    text = f"{tx.actor.name}恢复计时{await told_to_go_on(tx, facts, '恢复计时')}"
    await record_case(tx, facts, CaseStep("resumeDeadline", "resumeDeadline", text, detail=f"原因：{why}"))
    await progress.advance(tx, case_id, None)
    return await case_outcome(tx, case_id)


async def told_to_go_on(tx: Transaction, facts: CaseFacts, what: str) -> str:
    """Tell the reporter and the LEAD by when a case that goes on is to be settled; answers that in words, with a comma before.

    A case that was overdue is so again: nobody is promised a day that has passed.
    """
    clock = await stored_clocks.handling_clock(tx, facts.id, facts.round)
    passed = overdue(tx.now, clock.due_at)
    until = wording.until(clock.due_at)
    await deadline_notices.tell_reporter(
        tx, facts, MessageKind.DEADLINE, f"{what}。" if passed else f"{what}，预计{until}办结。"
    )
    by = "，已超期" if passed else f"，{until}办结"
    await deadline_notices.call_lead(tx, facts, f"{what}{by}。")
    return by


def _decider(tx: Transaction, facts: CaseFacts, action: str) -> Decider:
    return deadline_notices.decider_of(facts, tx.actor, CASE_MACHINE.acting_role(action, facts, tx.actor))


async def _shorten_clocks(
    tx: Transaction, facts: CaseFacts, handling: StoredClock, to: datetime, decider: Decider
) -> set[str]:
    """Shorten the handling clock and the result clocks that run beyond it; the organizations of these, without the LEAD."""
    await _shorten_clock(tx, handling, to, decider)
    called: set[str] = set()
    for clock in await clocks_of(tx, facts.id, ClockKind.RESULT, states=(ClockState.RUNNING,)):
        if clock.due_at > to:
            await _shorten_clock(tx, clock, to, decider)
            called |= {clock.organization_code} if clock.organization_code else set()
    return called - {a.organization_code for a in facts.active if a.role is AssignmentRole.LEAD}


async def _shorten_clock(tx: Transaction, clock: StoredClock, to: datetime, decider: Decider) -> None:
    entry = clock.before(tx.now) | entry_of(Shortening(tx.now, to, clock.due_at, decider))
    await stored_clocks.keep(tx, clock, replace(clock, due_at=to, provisional=False), entry)


def _checked(tx: Transaction, given: PauseInput) -> str:
    faults = Faults()
    if given.reason_kind is PauseReason.STATUTORY_PROCEDURE and given.procedure is None:
        faults.add("procedure", "须写明法定程序：检测、鉴定、公告或听证", "name the statutory procedure")
    if given.reason_kind is PauseReason.RESIDENT_MATERIAL and given.procedure is not None:
        faults.add("procedure", "仅“等待法定程序”须写明程序", "only STATUTORY_PROCEDURE names a procedure")
    if given.expected_until is not None and given.expected_until <= tx.today:
        faults.add("expectedUntil", "须晚于今天", "must lie after today")
    why = checked_text(faults, "reason", given.reason, tx.ground.rulebook.texts.reason)
    faults.check()
    return why
