"""Reports and their verification: the four elements, the form, lateness, rework without a new clock (C.1.5, C.4, C.9 point 6)."""

from datetime import datetime, timedelta
from uuid import UUID

import pytest

from shaodao.commands import reports, verifications
from shaodao.commands.dispatching import PartyInput
from shaodao.commands.reports import ProgressInput
from shaodao.delivery.clock import Clock
from shaodao.domain.errors import InvalidInput, NotPermitted, StateConflict
from shaodao.domain.permissions import SYSTEM
from shaodao.domain.vocabulary import ReportResult, VerificationMethod, WhistleKind
from tests.integration.conftest import Street
from tests.integration.whistle_steps import (
    COUNTY,
    DISPATCHER,
    LEAD,
    WORKER,
    arrived,
    assignment_of,
    blown,
    do,
    events,
    hearings,
    paths,
    report_input,
    reported,
    row,
    running,
    viewer_of,
)

ON_SITE = VerificationMethod.ON_SITE


async def at_work(street: Street) -> tuple[UUID, UUID]:
    case_id, _ = await blown(street)
    lead = await assignment_of(street, case_id, "CG")
    await arrived(street, lead, "CG")
    return case_id, lead


async def test_progress_implies_the_start_and_stops_the_first_clock(street: Street) -> None:
    case_id, lead = await at_work(street)
    outcome = await do(street, lambda tx: reports.report_progress(tx, lead, ProgressInput("已查清2名车主")), "CG")
    assert outcome.assignment_state == "HANDLING"
    assert await running(street, case_id, lead) == {"RESULT"}
    assert outcome.record_id is not None
    assert (await row(street, "report", outcome.record_id))["kind"] == "PROGRESS"


async def test_an_emergency_is_reported_on_at_a_cycle(street: Street) -> None:
    """C.5 rule 5: after 2 hours, then every 4; each report starts the clock of the next, the result ends them."""
    case_id, _ = await blown(street, kind=WhistleKind.EMERGENCY, self_effort=None)
    lead = await assignment_of(street, case_id, "CG")
    await arrived(street, lead, "CG")
    for _ in range(2):
        await do(
            street, lambda tx: reports.report_progress(tx, lead, ProgressInput("正在排险")), "CG", timedelta(hours=1)
        )
        assert await running(street, case_id, lead) == {"PROGRESS_REPORT", "RESULT"}
    due_at = await street.pool.fetchval("SELECT max(due_at) FROM deadline WHERE kind = 'PROGRESS_REPORT'")
    assert due_at == street.now + timedelta(hours=4)
    street.now = due_at + timedelta(minutes=1)
    await Clock(street.pool, street.runner, SYSTEM, lambda: street.now).one_pass()
    texts = [
        each["text"] for each in await street.pool.fetch("SELECT text FROM case_event WHERE case_id = $1", case_id)
    ]
    assert sum("阶段反馈时限已过" in text for text in texts) == 1
    await do(street, lambda tx: reports.report_result(tx, lead, report_input(street.now, fields={"立案号": "1"})), "CG")
    assert await running(street, case_id, lead) == set()


async def test_after_a_returned_result_reports_are_owed_again(street: Street) -> None:
    """The cycle begins anew with the return: while the result was looked at no report was owed, and none is awaited twice."""
    case_id, _ = await blown(street, kind=WhistleKind.EMERGENCY, self_effort=None)
    lead = await assignment_of(street, case_id, "CG")
    await arrived(street, lead, "CG")
    await do(street, lambda tx: reports.report_progress(tx, lead, ProgressInput("正在排险")), "CG", timedelta(hours=1))
    await do(street, lambda tx: reports.report_result(tx, lead, report_input(street.now)), "CG", timedelta(hours=1))
    later = timedelta(hours=6)
    await do(street, lambda tx: verifications.return_report(tx, lead, ON_SITE, "仍在渗水"), DISPATCHER, later)
    assert await running(street, case_id, lead) == {"PROGRESS_REPORT", "RESULT"}
    awaited = "SELECT due_at FROM deadline WHERE kind = 'PROGRESS_REPORT' AND state = 'RUNNING'"
    assert [each["due_at"] for each in await street.pool.fetch(awaited)] == [street.now + timedelta(hours=4)]
    await do(street, lambda tx: reports.report_progress(tx, lead, ProgressInput("二次注浆")), "CG", timedelta(hours=3))
    assert [each["due_at"] for each in await street.pool.fetch(awaited)] == [street.now + timedelta(hours=4)]


async def test_the_result_has_four_elements_and_stops_the_clocks(street: Street) -> None:
    case_id, lead = await at_work(street)
    given = report_input(street.now, fields={"立案号": "例案1号"})
    outcome = await do(street, lambda tx: reports.report_result(tx, lead, given), "CG", timedelta(hours=4))
    done = await row(street, "assignment", lead)
    assert (done["state"], done["late_report"], done["reported_at"]) == ("REPORTED", False, street.now)
    assert done["started_at"] == street.now
    assert await running(street, case_id, lead) == set()
    assert outcome.record_id is not None
    report = await row(street, "report", outcome.record_id)
    assert (report["result"], report["fields"]) == ("SOLVED", '{"立案号": "例案1号"}')


async def test_a_faulty_result_tells_everything_at_once(street: Street) -> None:
    _, lead = await at_work(street)
    naive = datetime(2026, 11, 21, 10, 0)  # noqa: DTZ001 - a time without a zone is what is refused
    given = report_input(
        street.now + timedelta(hours=1), talked_with="", measures=" ", solve_by=naive, result=ReportResult.UNSOLVED
    )
    with pytest.raises(InvalidInput) as refused:
        await do(street, lambda tx: reports.report_result(tx, lead, given), "CG")
    assert paths(refused.value) == ["acceptedAt", "solveBy", "measures", "talkedWith", "explanation"]


@pytest.mark.parametrize("fields", [{"长": "长" * 9_000}, {"空": "a\0"}])
async def test_fields_that_cannot_be_kept(street: Street, fields: dict[str, str]) -> None:
    _, lead = await at_work(street)
    with pytest.raises(InvalidInput) as refused:
        await do(street, lambda tx: reports.report_result(tx, lead, report_input(tx.now, fields=fields)), "CG")
    assert paths(refused.value) == ["fields"]


async def test_an_organization_without_a_form_adds_any_fields(street: Street) -> None:
    case_id, _ = await blown(street, parties=[PartyInput("SC", LEAD)])
    lead = await assignment_of(street, case_id, "SC")
    await arrived(street, lead, "SC")
    given = report_input(street.now, fields={"文书号": "例文1号"})
    outcome = await do(street, lambda tx: reports.report_result(tx, lead, given), "SC")
    assert outcome.assignment_state == "REPORTED"


async def test_a_report_after_the_due_instant_is_late(street: Street) -> None:
    _, lead = await at_work(street)
    due_at = (await row(street, "assignment", lead))["result_due_at"]
    given = report_input(street.now)
    street.now = due_at
    await do(street, lambda tx: reports.report_result(tx, lead, given), "CG")
    assert (await row(street, "assignment", lead))["late_report"] is True


async def test_nothing_is_reported_before_the_arrival(street: Street) -> None:
    case_id, _ = await blown(street)
    lead = await assignment_of(street, case_id, "CG")
    with pytest.raises(StateConflict):
        await do(street, lambda tx: reports.report_result(tx, lead, report_input(tx.now)), "CG")


async def test_the_last_report_brings_the_case_to_verification(street: Street) -> None:
    case_id, whistle_id = await blown(street)
    for code in ("CG", "JJ"):
        await reported(street, await assignment_of(street, case_id, code), code)
    case = await row(street, "case_file", case_id)
    assert (case["state"], case["handled_at"]) == ("VERIFYING", street.now)
    assert (await row(street, "whistle", whistle_id))["state"] == "REPORTED"
    assert {"VERIFICATION"} <= await running(street, case_id)
    assert "HANDLING" not in await running(street, case_id)


async def test_a_returned_report_does_not_reset_the_clock(street: Street) -> None:
    case_id, _ = await blown(street)
    for code in ("CG", "JJ"):
        await reported(street, await assignment_of(street, case_id, code), code)
    lead = await assignment_of(street, case_id, "CG")
    before = await street.pool.fetchrow("SELECT * FROM deadline WHERE assignment_id = $1 AND kind = 'RESULT'", lead)
    later = timedelta(hours=3)
    outcome = await do(street, lambda tx: verifications.return_report(tx, lead, ON_SITE, "仍有1辆"), after=later)
    assert (outcome.assignment_state, outcome.whistle_state, outcome.case_state) == ("RETURNED", "HANDLING", "HANDLING")
    after = await street.pool.fetchrow("SELECT * FROM deadline WHERE assignment_id = $1 AND kind = 'RESULT'", lead)
    assert before is not None
    assert after is not None
    assert (after["state"], after["started_at"], after["due_at"]) == ("RUNNING", before["started_at"], before["due_at"])
    case = await row(street, "case_file", case_id)
    assert (case["rework_count"], case["handled_at"]) == (1, None)
    assert (await hearings(street, case_id))[-1] == ("CG", "on_return")
    assert {"HANDLING"} <= await running(street, case_id)
    again = await do(street, lambda tx: reports.report_result(tx, lead, report_input(tx.now)), "CG")
    assert (again.whistle_state, again.case_state) == ("REPORTED", "VERIFYING")


async def test_at_the_second_return_the_district_is_asked_to_investigate(street: Street) -> None:
    case_id, lead = await at_work(street)
    for _ in range(2):
        await do(street, lambda tx: reports.report_result(tx, lead, report_input(tx.now)), "CG")
        await do(street, lambda tx: verifications.return_report(tx, lead, ON_SITE, "仍有1辆"))
    assert (await row(street, "assignment", lead))["returned_count"] == 2
    assert (await events(street, case_id))[-1] == "investigate"
    assert (await row(street, "case_file", case_id))["county_informed_at"] == street.now
    taken = "SELECT count(*) FROM supervision WHERE assignment_id = $1 AND stage = 'DISTRICT_INVESTIGATION' AND ended_at IS NULL"
    assert await street.pool.fetchval(taken, lead) == 1
    await do(street, lambda tx: reports.report_result(tx, lead, report_input(tx.now)), "CG")
    assert await street.pool.fetchval(taken, lead) == 0


async def test_verifying_brings_the_whistle_to_verified(street: Street) -> None:
    case_id, whistle_id = await blown(street)
    for code in ("CG", "JJ"):
        await reported(street, await assignment_of(street, case_id, code), code)
        lead = await assignment_of(street, case_id, code)
        await do(street, lambda tx, lead=lead: verifications.verify(tx, lead, ON_SITE, "已清理"))  # type: ignore[misc]
    assert (await row(street, "whistle", whistle_id))["state"] == "VERIFIED"
    assert (await row(street, "case_file", case_id))["state"] == "VERIFYING"


async def test_a_field_check_decides_nothing(street: Street) -> None:
    case_id, lead = await at_work(street)
    await do(street, lambda tx: reports.report_result(tx, lead, report_input(tx.now)), "CG")
    outcome = await do(street, lambda tx: verifications.file_field_check(tx, lead, ON_SITE, True, "已清理"), WORKER)
    assert outcome.assignment_state == "REPORTED"
    check = await street.pool.fetchrow("SELECT * FROM verification WHERE case_id = $1", case_id)
    assert check is not None
    assert (check["field_check"], check["passed"], check["verifier_id"]) == (
        True,
        True,
        viewer_of(street, WORKER).account_id,
    )


@pytest.mark.parametrize("who", ["CG", WORKER, COUNTY])
async def test_who_does_not_verify(street: Street, who: str) -> None:
    _, lead = await at_work(street)
    await do(street, lambda tx: reports.report_result(tx, lead, report_input(tx.now)), "CG")
    with pytest.raises(NotPermitted):
        await do(street, lambda tx: verifications.verify(tx, lead, ON_SITE, "已清理"), who)


async def test_a_handler_does_not_verify_even_as_dispatcher(street: Street) -> None:
    _, lead = await at_work(street)
    await do(street, lambda tx: reports.report_result(tx, lead, report_input(tx.now)), "CG")
    await street.pool.execute(
        "UPDATE assignment SET agent_id = $2 WHERE id = $1", lead, street.viewer("吕示衡").account_id
    )
    with pytest.raises(NotPermitted):
        await do(street, lambda tx: verifications.verify(tx, lead, ON_SITE, "已清理"))
