"""Suspension 挂账, its reviews and resumption, and pauses of the clock (C.3 suspend, C.5 rule 9, C.6, J-21, S-18)."""

from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
import pytest

from shaodao.commands import assignments, cases, deadlines, reports, suspensions, verifications
from shaodao.commands.deadlines import PauseInput
from shaodao.commands.reports import ReportInput
from shaodao.commands.suspensions import SuspensionInput
from shaodao.commands.transaction import Outcome
from shaodao.delivery.clock import Clock
from shaodao.domain.calendar import SHANGHAI
from shaodao.domain.case_vocabulary import PauseReason, StatutoryProcedure, SuspensionKind
from shaodao.domain.errors import DomainError, InvalidInput, NotPermitted, StateConflict
from shaodao.domain.permissions import SYSTEM
from shaodao.domain.vocabulary import ReportResult, Urgency, VerificationMethod
from tests.integration import case_steps, whistle_steps
from tests.integration.case_steps import case_row, clock, dispatched, last_event, messages, paths
from tests.integration.conftest import Street
from tests.integration.whistle_steps import CHIEF, DEPUTY, DISPATCHER, assignment_of

TESTING = PauseInput(PauseReason.STATUTORY_PROCEDURE, "委托房屋安全检测", StatutoryProcedure.TESTING)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


def waiting(**changes: Any) -> SuspensionInput:
    given: dict[str, Any] = {
        "kind": SuspensionKind.ENGINEERING, "reason": "列入年度改造计划", "interim_measure": "配备移动泵", "review_cycle_days": 30,
    }  # fmt: skip
    return SuspensionInput(**given | changes)


async def handling(street: Street, **changes: Any) -> UUID:
    """A case on which its LEAD is at work."""
    case_id = await dispatched(street, **changes)
    lead = await assignment_of(street, case_id, "CG")
    await whistle_steps.do(street, lambda tx: assignments.acknowledge(tx, lead, persons=["万示序"]), "CG")
    await whistle_steps.do(street, lambda tx: assignments.start(tx, lead), "CG")
    return case_id


async def suspend(street: Street, case_id: UUID, who: str = DEPUTY, **changes: Any) -> Outcome:
    return await whistle_steps.do(street, lambda tx: suspensions.suspend(tx, case_id, waiting(**changes)), who)


async def pause(street: Street, case_id: UUID) -> Outcome:
    return await whistle_steps.do(street, lambda tx: deadlines.pause(tx, case_id, TESTING))


async def report(street: Street, case_id: UUID, organization: str) -> None:
    given = ReportInput(
        accepted_at=street.now, talked_with="沈例宽", measures="已拖移", solve_by=street.now, result=ReportResult.SOLVED
    )  # fmt: skip
    assignment_id = await assignment_of(street, case_id, organization)
    await whistle_steps.do(street, lambda tx: reports.report_result(tx, assignment_id, given), organization)


async def suspension_of(street: Street, case_id: UUID) -> Any:
    return await case_steps.only_row(street, "SELECT * FROM suspension WHERE case_id = $1", case_id)


async def run_clock(street: Street) -> None:
    for _ in range(10):
        await Clock(street.pool, street.runner, SYSTEM, lambda: street.now).one_pass()


async def refused(street: Street, error: type[DomainError], step: Any, who: str = DISPATCHER) -> Any:
    with pytest.raises(error) as caught:
        await whistle_steps.do(street, step, who)
    return caught


async def test_a_suspended_case_promises_no_due_and_tells_why(street: Street) -> None:
    """S-18, J-21: reason, interim measure and cycle told; every clock of the case pauses along."""
    case_id = await handling(street)
    await suspend(street, case_id)
    row, stored = await case_row(street, case_id), await suspension_of(street, case_id)
    assert (row["state"], row["due_at"]) == ("SUSPENDED", None)
    assert (stored["review_due_at"], stored["told_reporter_at"]) == (at("2026-12-21 08:30"), street.now)  # a Monday
    told = await street.pool.fetchval("SELECT text FROM message WHERE case_id = $1 AND kind = 'SUSPENSION'", case_id)
    assert "列入年度改造计划" in told
    assert "配备移动泵" in told
    states = await street.pool.fetch(
        "SELECT DISTINCT state FROM deadline WHERE case_id = $1 AND stopped_at IS NULL", case_id
    )
    assert [state["state"] for state in states] == ["PAUSED"]
    dues = await street.pool.fetch("SELECT result_due_at FROM assignment WHERE case_id = $1", case_id)
    assert [due["result_due_at"] for due in dues] == [None, None]
    event = await last_event(street, case_id)
    assert (event["type"], event["text"]) == ("suspendCase", f"{DEPUTY}批准挂账（工程原因）")


async def test_a_resumed_case_has_what_remained(street: Street) -> None:
    """C.5 rule 9 by the vector: 10 wd from 2 November, paused on the 5th, resumed on the 25th: the end of 4 December."""
    street.now = at("2026-11-02 09:00")
    case_id = await handling(street, urgency=Urgency.COMPLEX)
    street.now = at("2026-11-05 16:00")
    await suspend(street, case_id, CHIEF)
    street.now = at("2026-11-25 09:00")
    await whistle_steps.do(street, lambda tx: suspensions.resume(tx, case_id, reason="资金到位"))
    row, stored = await case_row(street, case_id), await suspension_of(street, case_id)
    assert (row["state"], row["due_at"]) == ("HANDLING", at("2026-12-05 00:00"))
    assert (stored["resumed_at"], stored["resume_reason"]) == (street.now, "资金到位")
    result = await street.pool.fetchval(
        "SELECT result_due_at FROM assignment WHERE case_id = $1 AND organization_code = 'CG'", case_id
    )
    assert result == at("2026-12-05 00:00")
    assert "恢复办理，12月4日前办结" in (await last_event(street, case_id))["text"]
    assert (await messages(street, case_id))[-1] == "DEADLINE"
    assert await street.pool.fetchval("SELECT count(*) FROM deadline_stage WHERE stage IN ('REVIEW', 'RESUME')") == 0
    history = orjson.loads((await clock(street, case_id, "HANDLING"))["history"])
    [over] = [entry for entry in history if entry.get("resumed_at")]
    assert (over["why"], over["office"], over["resumed_office"]) == (
        "工程原因挂账",
        "STREET_CHIEF",
        "STREET_DISPATCHER",
    )


async def test_who_approves_a_suspension(street: Street) -> None:
    case_id = await handling(street, urgency=Urgency.COMPLEX)
    for who in (DEPUTY, DISPATCHER):
        await refused(street, NotPermitted, lambda tx: suspensions.suspend(tx, case_id, waiting()), who)
    await suspend(street, case_id, CHIEF)
    await refused(street, StateConflict, lambda tx: suspensions.suspend(tx, case_id, waiting()), CHIEF)


async def test_a_suspension_needs_its_dates(street: Street) -> None:
    """Bad input: suspending without a review date, with too long a cycle, resuming in the past."""
    case_id = await handling(street)
    changes = [
        ({"review_cycle_days": None}, {"reviewCycleDays"}),
        ({"review_cycle_days": 0}, {"reviewCycleDays"}),
        ({"review_cycle_days": 91, "planned_resume": date(2026, 11, 20)}, {"reviewCycleDays", "plannedResume"}),
        ({"reason": " ", "interim_measure": ""}, {"reason", "interimMeasure"}),
    ]
    for change, where in changes:
        bad = await refused(
            street, InvalidInput, lambda tx, c=change: suspensions.suspend(tx, case_id, waiting(**c)), DEPUTY
        )  # fmt: skip
        assert paths(bad) == where
    early = await dispatched(street)
    await refused(street, StateConflict, lambda tx: suspensions.suspend(tx, early, waiting()), DEPUTY)


async def test_nothing_fires_while_suspended_but_the_reminder_of_each_cycle(street: Street) -> None:
    """C.6: while SUSPENDED no stage fires except the review reminder: once for a cycle, also after an outage."""
    case_id = await handling(street)
    await suspend(street, case_id)
    street.now = at("2026-12-21 09:00")
    await run_clock(street)
    await run_clock(street)
    street.now = at("2027-03-30 09:00")  # three cycles missed
    await run_clock(street)
    types = [row["type"] for row in await street.pool.fetch("SELECT type FROM case_event ORDER BY seq")]
    assert types.count("suspensionReviewDue") == 2
    assert "deadlinePassed" not in types
    reminded = await last_event(street, case_id)
    assert (reminded["public"], reminded["text"]) == (False, "挂账满30天，须复核")
    following = await street.pool.fetchval("SELECT due_at FROM deadline_stage WHERE stage = 'REVIEW'")
    assert following == at("2027-04-29 08:30")


async def test_a_review_is_told_and_sets_the_next_one(street: Street) -> None:
    case_id = await handling(street)
    await suspend(street, case_id)
    street.now = at("2026-12-22 09:00")
    await whistle_steps.do(street, lambda tx: suspensions.review(tx, case_id, text="改造未开工，继续挂账"))
    stored = await suspension_of(street, case_id)
    assert (stored["review_text"], stored["review_due_at"]) == ("改造未开工，继续挂账", at("2027-01-21 08:30"))
    assert (await messages(street, case_id)).count("SUSPENSION") == 2
    assert "下次复核：1月21日" in (await last_event(street, case_id))["text"]
    for day in (date(2026, 12, 22), date(2027, 12, 1)):
        bad = await refused(
            street, InvalidInput, lambda tx, d=day: suspensions.review(tx, case_id, text="再议", next_review_on=d)
        )  # fmt: skip
        assert paths(bad) == {"nextReviewOn"}


async def test_the_system_resumes_on_the_planned_day(street: Street) -> None:
    """C.3 resume: the system on the date; a case that was resumed before stays as it is."""
    case_id, other = await handling(street), await handling(street)
    for each in (case_id, other):
        await suspend(street, each, planned_resume=date(2026, 12, 1))
    await whistle_steps.do(street, lambda tx: suspensions.resume(tx, other, reason="提前开工"))
    street.now = at("2026-12-01 00:10")
    await run_clock(street)
    row = await case_row(street, case_id)
    # Five working days remained of 20 November's: the days after it, from the 1st on.
    assert (row["state"], row["due_at"]) == ("HANDLING", at("2026-12-09 00:00"))
    event = await last_event(street, case_id)
    assert (event["type"], event["actor_name"], event["actor_role"]) == ("resumeCase", "系统", "SYSTEM")
    assert (await suspension_of(street, case_id))["resumed_by"] is None
    assert (
        await street.pool.fetchval("SELECT count(*) FROM case_event WHERE case_id = $1 AND type = 'resumeCase'", other)
        == 1
    )


async def test_an_overdue_case_stays_overdue_through_a_suspension(street: Street) -> None:
    case_id = await handling(street)
    due = (await case_row(street, case_id))["due_at"]
    street.now = due + timedelta(days=2)
    await run_clock(street)
    await suspend(street, case_id)
    street.now += timedelta(days=10)
    await whistle_steps.do(street, lambda tx: suspensions.resume(tx, case_id, reason="可以办理"))
    await run_clock(street)
    assert (await case_row(street, case_id))["due_at"] == due
    passed = "SELECT count(*) FROM case_event WHERE case_id = $1 AND type = 'deadlinePassed' AND payload ->> 'clock' = 'HANDLING'"
    assert await street.pool.fetchval(passed, case_id) == 1


async def test_a_pause_goes_on_with_what_remained_while_the_work_goes_on(street: Street) -> None:
    """C.5 rule 9: waiting for a statutory procedure; the state stays HANDLING."""
    case_id = await handling(street)
    await pause(street, case_id)
    row = await case_row(street, case_id)
    assert (row["state"], row["due_at"]) == ("HANDLING", None)
    assert "等待法定程序（检测）" in (await last_event(street, case_id))["text"]
    await refused(street, StateConflict, lambda tx: deadlines.pause(tx, case_id, TESTING))
    street.now = at("2026-12-03 10:00")
    await run_clock(street)
    await whistle_steps.do(street, lambda tx: deadlines.resume(tx, case_id, reason="检测报告已出"))
    assert (await case_row(street, case_id))["due_at"] == at("2026-12-11 00:00")
    stored = await case_steps.only_row(street, "SELECT * FROM deadline_pause WHERE case_id = $1", case_id)
    assert (stored["procedure"], stored["resumed_at"]) == ("TESTING", street.now)
    await refused(street, StateConflict, lambda tx: deadlines.resume(tx, case_id, reason="再次"))


async def test_what_is_no_reason_to_pause(street: Street) -> None:
    case_id = await handling(street)
    bad = [
        (PauseInput(PauseReason.STATUTORY_PROCEDURE, "送检"), {"procedure"}),
        (PauseInput(PauseReason.RESIDENT_MATERIAL, "", StatutoryProcedure.HEARING), {"procedure", "reason"}),
        (PauseInput(PauseReason.RESIDENT_MATERIAL, "缺产权证", expected_until=date(2026, 11, 20)), {"expectedUntil"}),
    ]
    for given, where in bad:
        found = await refused(street, InvalidInput, lambda tx, g=given: deadlines.pause(tx, case_id, g))
        assert paths(found) == where
    await refused(street, NotPermitted, lambda tx: deadlines.pause(tx, case_id, TESTING), "CG")
    street.now = (await case_row(street, case_id))["due_at"]
    await refused(street, StateConflict, lambda tx: deadlines.pause(tx, case_id, TESTING))


async def test_a_report_that_comes_in_while_the_clock_pauses_ends_the_pause(street: Street) -> None:
    """VERIFYING stops a paused clock with what remained; rework goes on from there."""
    case_id = await handling(street)
    await pause(street, case_id)
    street.now = at("2026-12-03 10:00")
    helper = await assignment_of(street, case_id, "JJ")
    await whistle_steps.do(street, lambda tx: assignments.acknowledge(tx, helper, persons=["陶示途"]), "JJ")
    for organization in ("CG", "JJ"):
        await report(street, case_id, organization)
    row, stopped = await case_row(street, case_id), await clock(street, case_id, "HANDLING")
    assert (row["state"], row["due_at"], stopped["state"]) == ("VERIFYING", at("2026-12-11 00:00"), "STOPPED")
    assert row["handled_at"] < row["due_at"]
    assert await street.pool.fetchval("SELECT count(*) FROM deadline_pause WHERE resumed_at IS NULL") == 0

    lead = await assignment_of(street, case_id, "CG")
    await whistle_steps.do(
        street, lambda tx: verifications.return_report(tx, lead, VerificationMethod.ON_SITE, "仍有2辆")
    )
    again = await clock(street, case_id, "HANDLING")
    assert (again["state"], again["due_at"]) == ("RUNNING", at("2026-12-11 00:00"))


async def test_withdrawing_a_suspended_case_ends_it_cleanly(street: Street) -> None:
    case_id = await handling(street, who="P014")
    await suspend(street, case_id)
    await whistle_steps.do(street, lambda tx: cases.withdraw(tx, case_id, reason="已自行解决"), "P014")
    assert (
        await street.pool.fetchval("SELECT count(*) FROM deadline WHERE case_id = $1 AND state <> 'STOPPED'", case_id)
        == 0
    )
    assert await street.pool.fetchval("SELECT count(*) FROM deadline_stage WHERE case_id = $1", case_id) == 0
    assert (await suspension_of(street, case_id))["resumed_at"] == street.now


async def test_a_new_class_while_paused_still_promises_no_due(street: Street) -> None:
    """C.5 rules 8 and 9 together: the pause before counts again under the new limit, the one that lasts goes on."""
    case_id = await handling(street)
    await pause(street, case_id)
    await whistle_steps.do(street, lambda tx: cases.classify(tx, case_id, urgency=Urgency.COMPLEX, reason="涉及多部门"))
    assert (await case_row(street, case_id))["due_at"] is None
    street.now = at("2026-12-03 10:00")
    await whistle_steps.do(street, lambda tx: deadlines.resume(tx, case_id, reason="检测报告已出"))
    assert (await case_row(street, case_id))["due_at"] == at("2026-12-18 00:00")
    await whistle_steps.do(street, lambda tx: cases.classify(tx, case_id, urgency=Urgency.GENERAL, reason="已明确责任"))
    assert (await case_row(street, case_id))["due_at"] == at("2026-12-11 00:00")
