"""全程代办 (Z-32, C.3 appointAgent): a member of the grid's team takes the matter to its end, and no department hears of it."""

from typing import Any
from uuid import UUID

from shaodao.commands import assignments, cases, questions, reports, verifications
from shaodao.commands.agents import appoint_agent
from shaodao.commands.dispatching import PartyInput
from shaodao.commands.registration import AccusedInput
from shaodao.commands.reports import ProgressInput
from shaodao.demo.identifiers import account_id
from shaodao.domain.errors import InvalidInput, NotFound, NotPermitted, StateConflict
from shaodao.domain.vocabulary import CaseVisibility, CloseKind, VerificationMethod
from tests.integration import whistle_steps
from tests.integration.case_steps import (
    CO,
    LEAD,
    Step,
    accepted,
    case_row,
    dispatched,
    do,
    last_event,
    only_row,
    paths,
    refused,
    registered,
)
from tests.integration.conftest import Street
from tests.integration.whistle_steps import report_input

AGENT, CHIEF = "周示岚", "尤示宁"


def appointing(case_id: UUID, who: str = AGENT, **more: Any) -> Step:
    return lambda tx: appoint_agent(tx, case_id, account_id=account_id(who), **more)


async def agent_row(street: Street, case_id: UUID) -> Any:
    return await only_row(street, "SELECT * FROM assignment WHERE case_id = $1 AND agent_id IS NOT NULL", case_id)


async def test_the_agent_of_the_grids_team_is_lead_and_told(street: Street) -> None:
    case_id = await accepted(street)
    outcome = await do(street, appointing(case_id, duty_basis="基本履职事项清单第40项"), CHIEF)
    assignment = await agent_row(street, case_id)
    assert (outcome.case_state, outcome.assignment_id) == ("HANDLING", assignment["id"])
    assert (assignment["role"], assignment["state"], assignment["organization_code"]) == ("LEAD", "HANDLING", "JD")
    assert (assignment["arrival_required"], assignment["duty_basis"]) == (False, "基本履职事项清单第40项")
    case = await case_row(street, case_id)
    assert case["agent_id"] == account_id(AGENT)
    event = await last_event(street, case_id)
    assert (event["type"], event["text"]) == ("appointAgent", "尤示宁指定周示岚为全程代办人")
    message = await only_row(street, "SELECT * FROM message WHERE case_id = $1 AND organization_code = 'JD'", case_id)
    assert message["text"].startswith(f"【代办】案件{case['number']}：望海里周边")
    clocks = await street.pool.fetch(
        "SELECT kind, due_at FROM deadline WHERE assignment_id = $1 AND state = 'RUNNING'", assignment["id"]
    )
    assert [(each["kind"], each["due_at"]) for each in clocks] == [("RESULT", assignment["result_due_at"])]


async def test_a_former_lead_helps_and_no_department_hears_of_the_agent(street: Street) -> None:
    case_id = await dispatched(street)
    before = await street.pool.fetchval("SELECT count(*) FROM delivery WHERE case_id = $1", case_id)
    await do(street, appointing(case_id))
    roles = await street.pool.fetch("SELECT organization_code, role FROM assignment WHERE case_id = $1", case_id)
    assert {(row["organization_code"], row["role"]) for row in roles} == {("CG", "CO"), ("JJ", "CO"), ("JD", "LEAD")}
    assignment = await agent_row(street, case_id)
    await do(street, lambda tx: reports.report_result(tx, assignment["id"], report_input(tx.now)), AGENT)
    assert await street.pool.fetchval("SELECT count(*) FROM delivery WHERE case_id = $1", case_id) == before
    # JD's own handler has no part in what is the agent's.
    handler = street.department_viewer("JD")
    try:
        await street.run(lambda tx: assignments.start(tx, assignment["id"]), handler)
        raise AssertionError("the organization's handler acted for its agent")
    except NotFound:
        pass


async def test_the_agent_goes_through_to_the_closing_and_verifies_nothing(street: Street) -> None:
    case_id = await accepted(street)
    await do(street, appointing(case_id))
    assignment_id: UUID = (await agent_row(street, case_id))["id"]
    await do(street, lambda tx: reports.report_progress(tx, assignment_id, ProgressInput("已上门收齐材料")), AGENT)
    assert (await last_event(street, case_id))["text"] == "代办人周示岚阶段反馈"
    await do(street, lambda tx: questions.ask(tx, assignment_id, "材料是否齐全"), AGENT)
    await do(street, lambda tx: questions.answer(tx, assignment_id, None, "齐全"))
    # An agent fills in no department's form, even where the own organization has one.
    await do(street, lambda tx: reports.report_result(tx, assignment_id, report_input(tx.now)), AGENT)
    assert (await case_row(street, case_id))["state"] == "VERIFYING"
    seen: Step = lambda tx: verifications.file_field_check(  # noqa: E731
        tx, assignment_id, VerificationMethod.ON_SITE, True, "已看现场"
    )
    await refused(street, case_id, NotPermitted, seen, AGENT)
    await do(street, seen, CHIEF)
    await do(street, lambda tx: verifications.verify(tx, assignment_id, VerificationMethod.PHONE, "属实"))
    await do(street, lambda tx: cases.close(tx, case_id, close_kind=CloseKind.AGENCY_DONE, result_text="已代办完成。"))
    row = await case_row(street, case_id)
    assert (row["state"], row["close_kind"], row["agent_id"]) == ("CLOSED", "AGENCY_DONE", account_id(AGENT))


async def test_the_agent_is_a_present_member_of_a_team_that_serves_the_grid(street: Street) -> None:
    case_id = await accepted(street)
    for who in (
        "吴示禾",
        "魏示锋",
        "韦示源",
        "鲁示修",
        "孔示明",
    ):  # another grid's; roles that do not act here; no team
        caught = await refused(street, case_id, InvalidInput, appointing(case_id, who))
        assert paths(caught) == {"accountId"}, who
    await street.pool.execute("UPDATE team_member SET left_on = '2026-11-19' WHERE account_id = $1", account_id(AGENT))
    assert paths(await refused(street, case_id, InvalidInput, appointing(case_id))) == {"accountId"}
    # A professional team of the street serves every grid of it: its leader is of it.
    await street.pool.execute("UPDATE team SET leader_id = $1 WHERE code = 'T-PRO-FIX'", account_id("吴示禾"))
    await do(street, appointing(case_id, "吴示禾"))
    assert (await case_row(street, case_id))["agent_id"] == account_id("吴示禾")


async def test_who_appoints_and_when(street: Street) -> None:
    case_id = await registered(street)
    await refused(street, case_id, StateConflict, appointing(case_id))
    await do(street, lambda tx: cases.accept(tx, case_id))
    await refused(street, case_id, NotPermitted, appointing(case_id), AGENT)
    await refused(street, case_id, InvalidInput, appointing(case_id, duty_basis="\x07"))
    whistled, _ = await whistle_steps.blown(street)
    await refused(street, whistled, StateConflict, appointing(whistled))


async def test_the_agent_is_told_what_a_restricted_matter_is_and_the_accused_stands_back(street: Street) -> None:
    case_id = await accepted(street, visibility=CaseVisibility.RESTRICTED_MINOR)
    work: Step = lambda tx: cases.withdraw(tx, case_id, reason="无权")  # noqa: E731
    await refused(street, case_id, NotFound, work, AGENT)
    await do(street, appointing(case_id))
    await refused(street, case_id, NotPermitted, work, AGENT)
    await refused(street, case_id, NotFound, work, "吴示禾")
    accusing = await accepted(street, accused=AccusedInput(organization_code="JD"))
    assert paths(await refused(street, accusing, InvalidInput, appointing(accusing))) == {"accountId"}


async def test_the_agents_own_organization_may_be_called_beside_the_agent(street: Street) -> None:
    case_id = await accepted(street)
    await do(street, appointing(case_id))
    parties = (PartyInput("JD", LEAD), PartyInput("CG", CO))
    await whistle_steps.blown_on(street, case_id, parties=parties)
    rows = await street.pool.fetch(
        "SELECT organization_code, role, agent_id IS NOT NULL AS agent FROM assignment WHERE case_id = $1", case_id
    )
    assert {tuple(row) for row in rows} == {("JD", "CO", True), ("JD", "LEAD", False), ("CG", "CO", False)}
    assert (await case_row(street, case_id))["agent_id"] == account_id(AGENT)


async def test_a_chief_handles_for_the_community_and_the_street_for_itself(street: Street) -> None:
    """S-16, C.7: what is assigned inside the community or to the street's own office has somebody who acknowledges it."""
    case_id = await accepted(street, category_code="A05")
    parties = [PartyInput("TT", LEAD), PartyInput("JD", CO)]
    await do(street, lambda tx: cases.dispatch(tx, case_id, parties=parties, duty_basis="履职事项清单第8项"))
    for code in ("TT", "JD"):
        handler = street.department_viewer(code)
        identifier = await whistle_steps.assignment_of(street, case_id, code)
        for step in (
            lambda tx, it=identifier: assignments.acknowledge(tx, it, ["甲示一"]),
            lambda tx, it=identifier: reports.report_result(tx, it, report_input(tx.now)),
        ):
            await street.run(step, handler)
    assert (await case_row(street, case_id))["state"] == "VERIFYING"
    own = await whistle_steps.assignment_of(street, case_id, "TT")
    check: Step = lambda tx: verifications.file_field_check(  # noqa: E731
        tx, own, VerificationMethod.ON_SITE, True, "已看现场"
    )
    await refused(street, case_id, NotPermitted, check, CHIEF)
