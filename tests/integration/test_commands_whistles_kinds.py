"""Kinds of whistles and the list of admissible ones: what each demands when it is drafted and blown (B.1, C.2.3, C.5 rule 5, C.9)."""

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import msgspec
import pytest

from shaodao.commands import cases, whistle_closing, whistles
from shaodao.commands.dispatching import PartyInput
from shaodao.commands.whistle_content import WhistleInput
from shaodao.domain.errors import InvalidInput, NotPermitted, StateConflict
from shaodao.domain.rulebook import WhistleListRule
from shaodao.domain.vocabulary import WhistleKind, WhistleReason
from tests.integration.conftest import Street
from tests.integration.whistle_steps import (
    BASIS,
    CHIEF,
    CO,
    DEPUTY,
    DISPATCHER,
    INFORM,
    LEAD,
    PARTIES,
    WORKER,
    accepted,
    assignment_of,
    blown_on,
    do,
    drafted,
    events,
    paths,
    row,
    running,
    whistle_input,
)

EFFORT = "社区三次上门劝导，贴告知书。"
DEPARTMENT = WhistleKind.DEPARTMENT


async def refused(street: Street, case_id: UUID, who: str = DISPATCHER, **changes: Any) -> list[str]:
    """Where a draft is faulty."""
    with pytest.raises(InvalidInput) as caught:
        await do(street, lambda tx: whistles.draft(tx, case_id, whistle_input(**changes)), who)
    return paths(caught.value)


def by_list(street: Street, rule: WhistleListRule) -> None:
    """Let the rulebook say what becomes of a whistle that is not on the list."""
    rulebook = msgspec.structs.replace(street.ground.rulebook, whistle_list=rule)
    street.ground = replace(street.ground, rulebook=rulebook)


async def dispatched(street: Street) -> UUID:
    """A case with CG at work as LEAD and JJ as CO; HB only knows of it."""
    case_id = await accepted(street)
    parties = [*PARTIES, PartyInput("HB", INFORM)]
    await do(street, lambda tx: cases.dispatch(tx, case_id, parties=parties, duty_basis=BASIS))
    return case_id


async def test_an_item_of_the_list_fills_in_what_a_draft_leaves_open(street: Street) -> None:
    """B.1 吹哨事项清单: parties, reason and duty basis come from the item; what is given stays."""
    case_id = await accepted(street)
    short = WhistleInput(WhistleKind.JOINT_ENFORCEMENT, None, None, (), self_effort=EFFORT, list_item_code="WL-A13-01")
    outcome = await do(street, lambda tx: whistles.draft(tx, case_id, short))
    assert outcome.whistle_id is not None
    whistle = await row(street, "whistle", outcome.whistle_id)
    assert (whistle["list_item_code"], whistle["off_list"]) == ("WL-A13-01", False)
    assert (whistle["reason_kind"], whistle["duty_basis"]) == (
        "SEVERAL_DEPARTMENTS",
        "配合履职事项清单第12项(本项目示例)",
    )
    assert "无拖移执法权" in whistle["reason"]
    named = await street.pool.fetch(
        "SELECT organization_code, role FROM whistle_party WHERE whistle_id = $1", whistle["id"]
    )
    assert {tuple(party) for party in named} == {("CG", "LEAD"), ("JJ", "CO")}
    given = replace(short, reason="另述事由", duty_basis=BASIS)
    await do(street, lambda tx: whistles.revise(tx, whistle["id"], given))
    whistle = await row(street, "whistle", whistle["id"])
    assert (whistle["reason"], whistle["duty_basis"], whistle["list_item_code"]) == ("另述事由", BASIS, "WL-A13-01")


async def test_an_item_that_does_not_fit_is_a_fault(street: Street) -> None:
    case_id = await accepted(street)
    joint = WhistleKind.JOINT_ENFORCEMENT
    assert await refused(street, case_id, list_item_code="WL-A99-09") == ["listItemCode"]
    assert await refused(street, case_id, list_item_code="WL-A13-02") == ["listItemCode"]  # another kind
    assert await refused(street, case_id, list_item_code="WL-A11-01") == ["listItemCode"] * 2  # category and LEAD
    without = WhistleInput(joint, None, None, ())
    with pytest.raises(InvalidInput) as caught:
        await do(street, lambda tx: whistles.draft(tx, case_id, without))
    assert paths(caught.value) == ["reasonKind", "reason", "selfEffort", "dutyBasis"]
    await street.pool.execute(
        "UPDATE whistle_list_item SET valid_to = $1 WHERE code = 'WL-A13-01'", street.now.date() - timedelta(days=1)
    )
    assert await refused(street, case_id, list_item_code="WL-A13-01") == ["listItemCode"]


async def test_what_is_not_on_the_list_is_flagged_or_refused_by_setting(street: Street) -> None:
    """B.1: the item that holds a matter is found without its code; an emergency is never measured by the list."""
    case_id = await accepted(street)
    held = await row(street, "whistle", await drafted(street, case_id))
    assert (held["list_item_code"], held["off_list"]) == ("WL-A13-01", False)
    beside = await row(street, "whistle", await drafted(street, case_id, parties=[PartyInput("SC", LEAD)]))
    assert (beside["list_item_code"], beside["off_list"]) == (None, True)
    said = await street.pool.fetchval("SELECT detail FROM case_event WHERE whistle_id = $1", beside["id"])
    assert said == "不在吹哨事项清单内"
    by_list(street, WhistleListRule.REFUSE)
    assert await refused(street, case_id, parties=[PartyInput("SC", LEAD)]) == ["listItemCode"]
    await drafted(street, case_id)
    urgent = await drafted(street, case_id, kind=WhistleKind.EMERGENCY, parties=[PartyInput("SC", LEAD)])
    assert (await row(street, "whistle", urgent))["off_list"] is False


async def test_a_matter_of_one_department_is_no_whistle(street: Street) -> None:
    """C.9 point 2: 单一部门事项移送、派单; the street's own offices do not count, who is at work already does."""
    case_id = await accepted(street)
    several: dict[str, Any] = {"reason_kind": WhistleReason.SEVERAL_DEPARTMENTS}
    for parties in ([PartyInput("CG", LEAD)], [PartyInput("CG", LEAD), PartyInput("JD", CO)], [PartyInput("CG", LEAD), PartyInput("JJ", INFORM)]):  # fmt: skip
        for kind in (WhistleKind.ROUTINE, WhistleKind.JOINT_ENFORCEMENT):
            assert await refused(street, case_id, parties=parties, kind=kind, **several) == ["parties"]
    for reason in (WhistleReason.NO_POWER, WhistleReason.LONG_UNSOLVED):
        await drafted(street, case_id, parties=[PartyInput("CG", LEAD)], reason_kind=reason)
    await do(street, lambda tx: cases.dispatch(tx, case_id, parties=[PartyInput("SC", LEAD)], duty_basis=BASIS))
    await drafted(street, case_id, parties=[PartyInput("CG", LEAD)], **several)


@pytest.mark.parametrize("kind", [WhistleKind.CAMPAIGN, WhistleKind.CROSS_AREA])
async def test_a_planned_whistle_gathers_at_its_meeting_time(street: Street, kind: WhistleKind) -> None:
    """C.5 rule 5: acknowledge 1 wd, arrive at meeting time, first report weekly, result by plan, else with the case."""
    case_id = await accepted(street)
    partner = await other_street(street) if kind is WhistleKind.CROSS_AREA else None
    given: dict[str, Any] = {"kind": kind, "partner_street_code": partner}
    assert await refused(street, case_id, **given) == ["assembleAt"]
    assert await refused(street, case_id, **given, assemble_at=street.now) == ["assembleAt"]
    meeting, plan = street.now + timedelta(days=3), street.now + timedelta(days=40)
    assert await refused(street, case_id, kind=WhistleKind.ROUTINE, plan_until=plan) == ["planUntil"]
    whistle_id = await blown_on(street, case_id, **given, assemble_at=meeting, plan_until=plan)
    lead = await row(street, "assignment", await assignment_of(street, case_id, "CG"))
    assert (lead["arrive_due_at"], lead["result_due_at"]) == (meeting, plan)
    assert lead["first_report_due_at"] - street.now >= timedelta(days=7)
    assert await running(street, case_id, lead["id"]) == {"ACKNOWLEDGE", "ARRIVE", "FIRST_REPORT", "RESULT"}
    await do(street, lambda tx: whistle_closing.withdraw(tx, whistle_id, "改期"), CHIEF)
    await blown_on(street, case_id, **given, assemble_at=meeting)
    case = await row(street, "case_file", case_id)
    lead = await row(street, "assignment", await assignment_of(street, case_id, "CG"))
    assert lead["result_due_at"] == case["due_at"]


async def other_street(street: Street) -> str:
    """A street of another county."""
    await street.pool.execute(
        "INSERT INTO divisions (code, name, level, parent_code, edition_year) VALUES"
        " ('990102000000', '示例县', 'COUNTY', '990100000000', 2026), ('990102001000', '邻示街道', 'STREET', '990102000000', 2026)"
    )
    return "990102001000"


async def test_a_meeting_time_that_has_passed_is_sent_back(street: Street) -> None:
    case_id = await accepted(street)
    meeting = street.now + timedelta(hours=1)
    whistle_id = await drafted(street, case_id, kind=WhistleKind.CAMPAIGN, assemble_at=meeting)
    await do(street, lambda tx: whistles.submit(tx, whistle_id))
    with pytest.raises(NotPermitted):  # decision 4: the CHIEF alone
        await do(street, lambda tx: whistles.approve(tx, whistle_id), DEPUTY)
    with pytest.raises(StateConflict):
        await do(street, lambda tx: whistles.approve(tx, whistle_id), CHIEF, timedelta(hours=2))
    await do(street, lambda tx: whistles.send_back(tx, whistle_id, "改定集结时间"), CHIEF)
    later = whistle_input(WhistleKind.CAMPAIGN, assemble_at=street.now + timedelta(days=1))
    await do(street, lambda tx: whistles.revise(tx, whistle_id, later))
    await do(street, lambda tx: whistles.submit(tx, whistle_id))
    outcome = await do(street, lambda tx: whistles.approve(tx, whistle_id), CHIEF)
    assert outcome.whistle_state == "BLOWN"


async def test_a_department_whistles_for_others(street: Street) -> None:
    """B.1 部门哨: by a LEAD or CO of the case, approved by the CHIEF; the case's LEAD stays where none is named."""
    case_id = await dispatched(street)
    calls = [PartyInput("SC", CO), PartyInput("JD", CO)]
    whistle_id = await drafted(street, case_id, "JJ", kind=DEPARTMENT, parties=calls)
    whistle = await row(street, "whistle", whistle_id)
    assert (whistle["drafted_for"], whistle["drafted_by"]) == ("JJ", street.department_viewer("JJ").account_id)
    entry = await street.pool.fetchrow("SELECT * FROM case_event WHERE whistle_id = $1", whistle_id)
    assert entry is not None
    assert (entry["organization_code"], entry["actor_role"]) == ("JJ", "DEPT_HANDLER")
    again = whistle_input(DEPARTMENT, parties=calls, reason="需市场监管协同")
    await do(street, lambda tx: whistles.revise(tx, whistle_id, again), "JJ")
    with pytest.raises(NotPermitted):  # another department's draft
        await do(street, lambda tx: whistles.submit(tx, whistle_id), "CG")
    await do(street, lambda tx: whistles.submit(tx, whistle_id), "JJ")
    with pytest.raises(NotPermitted):
        await do(street, lambda tx: whistles.approve(tx, whistle_id), DEPUTY)
    await do(street, lambda tx: whistles.approve(tx, whistle_id), CHIEF)
    lead = await row(street, "assignment", await assignment_of(street, case_id, "CG"))
    assert (lead["role"], lead["whistle_id"]) == ("LEAD", None)
    for code in ("SC", "JD"):
        assert (await row(street, "assignment", await assignment_of(street, case_id, code)))["whistle_id"] == whistle_id
    await do(street, lambda tx: whistle_closing.withdraw(tx, whistle_id, "已自行解决"), "JJ")
    assert (await events(street, case_id))[-1] == "withdrawWhistle"


async def test_who_drafts_which_kind(street: Street) -> None:
    """Departments draft DEPARTMENT whistles and no other; nobody else drafts one; none is turned into the other."""
    case_id = await dispatched(street)
    calls = [PartyInput("SC", CO)]
    for who, kind in (("JJ", WhistleKind.ROUTINE), (DISPATCHER, DEPARTMENT), (WORKER, DEPARTMENT), ("HB", DEPARTMENT)):
        with pytest.raises(NotPermitted):
            await drafted(street, case_id, who, kind=kind, parties=calls)
    assert await refused(street, case_id, "JJ", kind=DEPARTMENT, parties=[PartyInput("JJ", CO)]) == [
        "parties.0.organizationCode"
    ]
    own = await drafted(street, case_id, "JJ", kind=DEPARTMENT, parties=calls)
    with pytest.raises(InvalidInput) as caught:
        await do(street, lambda tx: whistles.revise(tx, own, whistle_input(WhistleKind.ROUTINE)), "JJ")
    assert paths(caught.value) == ["kind"]
    streets = await drafted(street, case_id)
    with pytest.raises(InvalidInput):
        await do(street, lambda tx: whistles.revise(tx, streets, whistle_input(DEPARTMENT)))


async def test_with_whom_a_cross_area_whistle_is_blown(street: Street) -> None:
    """C.2.3 跨区联合哨: with a street of another county, and only such a whistle has one."""
    case_id = await accepted(street)
    other = await other_street(street)
    meeting = street.now + timedelta(days=1)
    for code in (None, "990102000000", "990102009000", "990101001000"):
        given: dict[str, Any] = {"kind": WhistleKind.CROSS_AREA, "partner_street_code": code, "assemble_at": meeting}
        assert await refused(street, case_id, **given) == ["partnerStreetCode"]
    assert await refused(street, case_id, partner_street_code=other) == ["partnerStreetCode"]
