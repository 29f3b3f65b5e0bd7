"""Drafting, approving and blowing whistles: who may, what starts, whom it calls (C.3, C.4, C.5 rule 5)."""

from datetime import timedelta

import pytest

from shaodao.commands import cases, whistles
from shaodao.commands.dispatching import PartyInput
from shaodao.domain.errors import InvalidInput, NotPermitted, StateConflict
from shaodao.domain.vocabulary import WhistleKind
from tests.integration.conftest import Street
from tests.integration.whistle_steps import (
    CHIEF,
    CO,
    DEPUTY,
    DISPATCHER,
    INFORM,
    LEAD,
    WORKER,
    accepted,
    assignment_of,
    blown,
    blown_on,
    do,
    drafted,
    events,
    hearings,
    paths,
    row,
    running,
    whistle_input,
)


async def test_a_draft_names_its_departments_and_carries_the_case_number(street: Street) -> None:
    case_id = await accepted(street)
    whistle_id = await drafted(street, case_id, who=WORKER)
    whistle, case = await row(street, "whistle", whistle_id), await row(street, "case_file", case_id)
    assert (whistle["state"], whistle["number"]) == ("DRAFTED", f"{case['number']}-W1")
    second = await row(street, "whistle", await drafted(street, case_id))
    assert second["number"] == f"{case['number']}-W2"
    assert case["state"] == "ACCEPTED"


async def test_a_draft_tells_all_its_faults_at_once(street: Street) -> None:
    case_id = await accepted(street)
    faulty = whistle_input(reason=" ", self_effort=None, duty_basis="", assemble_at=street.now - timedelta(minutes=1))
    with pytest.raises(InvalidInput) as refused:
        await do(street, lambda tx: whistles.draft(tx, case_id, faulty))
    assert paths(refused.value) == ["reason", "selfEffort", "dutyBasis", "assembleAt"]


@pytest.mark.parametrize(
    ("parties", "path"),
    [
        ([], "parties"),
        ([PartyInput("CG", CO)], "parties"),
        ([PartyInput("CG", LEAD), PartyInput("JJ", LEAD)], "parties"),
        ([PartyInput("CG", LEAD), PartyInput("XX", CO)], "parties.1.organizationCode"),
        ([PartyInput("CG", LEAD), PartyInput("CG", CO)], "parties.1.organizationCode"),
    ],
)
async def test_a_draft_names_exactly_one_lead(street: Street, parties: list[PartyInput], path: str) -> None:
    case_id = await accepted(street)
    with pytest.raises(InvalidInput) as refused:
        await do(street, lambda tx: whistles.draft(tx, case_id, whistle_input(parties=parties)))
    assert path in paths(refused.value)


async def test_an_emergency_draft_needs_no_effort_of_the_street(street: Street) -> None:
    case_id = await accepted(street)
    whistle_id = await drafted(street, case_id, kind=WhistleKind.EMERGENCY, self_effort=None, duty_basis=None)
    assert (await row(street, "whistle", whistle_id))["self_effort"] is None


async def test_approving_blows_the_whistle_and_notifies_the_departments(street: Street) -> None:
    case_id, whistle_id = await blown(street)
    whistle, case = await row(street, "whistle", whistle_id), await row(street, "case_file", case_id)
    assert (whistle["state"], whistle["blown_at"]) == ("BLOWN", street.now)
    assert (case["state"], case["county_informed_at"]) == ("ASSIGNED", street.now)
    lead = await row(street, "assignment", await assignment_of(street, case_id, "CG"))
    assert (lead["state"], lead["role"], lead["arrival_required"]) == ("NOTIFIED", "LEAD", True)
    assert lead["acknowledge_due_at"] - street.now == timedelta(minutes=30)
    assert lead["arrive_due_at"] - street.now == timedelta(hours=2)
    assert lead["first_report_due_at"] < lead["result_due_at"]
    assert await running(street, case_id, lead["id"]) == {"ACKNOWLEDGE", "ARRIVE", "FIRST_REPORT", "RESULT"}
    assert await hearings(street, case_id) == [("CG", "on_whistle"), ("JJ", "on_whistle")]


async def test_a_whistle_is_sent_to_the_duty_phones(street: Street) -> None:
    case_id, whistle_id = await blown(street)
    case = await row(street, "case_file", case_id)
    rows = await street.pool.fetch("SELECT * FROM message WHERE whistle_id = $1 ORDER BY organization_code", whistle_id)
    assert [(message["organization_code"], message["kind"]) for message in rows] == [
        ("CG", "WHISTLE"),
        ("JJ", "WHISTLE"),
    ]
    assert case["number"] in rows[0]["text"]
    assert "11月20日10:30前应哨" in rows[0]["text"]
    assert "10000020004" not in rows[0]["recipient_masked"]
    _, routine = await blown(street, kind=WhistleKind.ROUTINE)
    told = await street.pool.fetchval(
        "SELECT text FROM message WHERE whistle_id = $1 AND organization_code = 'CG'", routine
    )
    assert "11月23日前到场" in told  # a day's end is told by its day


async def test_an_assembly_time_takes_the_place_of_the_arriving_limit(street: Street) -> None:
    at = street.now + timedelta(hours=5)
    case_id, _ = await blown(street, assemble_at=at)
    assert (await row(street, "assignment", await assignment_of(street, case_id, "CG")))["arrive_due_at"] == at


async def test_inform_is_only_read_and_has_no_clock(street: Street) -> None:
    parties = [PartyInput("CG", LEAD), PartyInput("WG", INFORM)]
    case_id, _ = await blown(street, parties=parties)
    informed = await row(street, "assignment", await assignment_of(street, case_id, "WG"))
    assert (informed["arrival_required"], informed["acknowledge_due_at"]) == (False, None)
    assert await running(street, case_id, informed["id"]) == set()


async def test_a_deputy_approves_the_ordinary_kinds_only(street: Street) -> None:
    case_id = await accepted(street)
    ordinary = await drafted(street, case_id, kind=WhistleKind.ROUTINE)
    campaign = await drafted(
        street, case_id, kind=WhistleKind.CAMPAIGN, assemble_at=street.now + timedelta(days=1)
    )  # fmt: skip
    for whistle_id in (ordinary, campaign):
        await do(street, lambda tx, whistle_id=whistle_id: whistles.submit(tx, whistle_id))  # type: ignore[misc]
    with pytest.raises(NotPermitted):
        await do(street, lambda tx: whistles.approve(tx, campaign), DEPUTY)
    await do(street, lambda tx: whistles.approve(tx, ordinary, "同意"), DEPUTY)
    assert (await row(street, "whistle", ordinary))["decision_text"] == "同意"


async def test_a_dispatcher_cannot_approve(street: Street) -> None:
    whistle_id = await drafted(street, await accepted(street))
    await do(street, lambda tx: whistles.submit(tx, whistle_id))
    with pytest.raises(NotPermitted):
        await do(street, lambda tx: whistles.approve(tx, whistle_id), DISPATCHER)


async def test_a_whistle_is_sent_back_revised_and_rejected(street: Street) -> None:
    case_id = await accepted(street)
    whistle_id = await drafted(street, case_id)
    await do(street, lambda tx: whistles.submit(tx, whistle_id))
    sent_back = await do(street, lambda tx: whistles.send_back(tx, whistle_id, "写明街道做过什么"), CHIEF)
    assert sent_back.whistle_state == "DRAFTED"
    revised = whistle_input(WhistleKind.ROUTINE, parties=[PartyInput("JJ", LEAD)])
    await do(street, lambda tx: whistles.revise(tx, whistle_id, revised))
    assert (await row(street, "whistle", whistle_id))["kind"] == "ROUTINE"
    await do(street, lambda tx: whistles.submit(tx, whistle_id))
    rejected = await do(street, lambda tx: whistles.reject(tx, whistle_id, "单部门事项应移送"), CHIEF)
    assert rejected.whistle_state == "REJECTED"
    with pytest.raises(StateConflict):
        await do(street, lambda tx: whistles.approve(tx, whistle_id), CHIEF)
    assert "sendWhistleBack" in await events(street, case_id)


async def test_a_whistle_takes_the_lead_of_a_dispatch_over_or_turns_it_into_co(street: Street) -> None:
    case_id = await accepted(street)
    parties = [PartyInput("CG", LEAD), PartyInput("SC", CO)]
    await do(street, lambda tx: cases.dispatch(tx, case_id, parties=parties, duty_basis="履职清单"))
    led = await assignment_of(street, case_id, "CG")
    whistle_id = await blown_on(street, case_id, parties=[PartyInput("JJ", LEAD), PartyInput("SC", CO)])
    assert (await row(street, "assignment", led))["role"] == "CO"
    joined = await street.pool.fetch(
        "SELECT organization_code FROM assignment WHERE whistle_id = $1 ORDER BY 1", whistle_id
    )
    assert [found["organization_code"] for found in joined] == ["JJ", "SC"]
    assert await street.pool.fetchval("SELECT count(*) FROM assignment WHERE case_id = $1", case_id) == 3


async def test_a_whistle_emptied_by_another_one_is_withdrawn(street: Street) -> None:
    case_id, first = await blown(street)
    second = await blown_on(street, case_id, kind=WhistleKind.EMERGENCY)
    assert (await row(street, "whistle", first))["state"] == "WITHDRAWN"
    assert (await row(street, "whistle", second))["state"] == "BLOWN"


async def test_a_case_that_moved_on_takes_no_whistle(street: Street) -> None:
    case_id = await accepted(street)
    whistle_id = await drafted(street, case_id)
    await do(street, lambda tx: whistles.submit(tx, whistle_id))
    await street.pool.execute("UPDATE case_file SET state = 'VERIFYING' WHERE id = $1", case_id)
    with pytest.raises(StateConflict):
        await do(street, lambda tx: whistles.approve(tx, whistle_id), CHIEF)


async def test_a_dispatch_demands_no_arrival_and_ends_with_the_case(street: Street) -> None:
    case_id = await accepted(street)
    await do(street, lambda tx: cases.dispatch(tx, case_id, parties=[PartyInput("CG", LEAD)], duty_basis="履职清单"))
    case = await row(street, "case_file", case_id)
    lead = await row(street, "assignment", await assignment_of(street, case_id, "CG"))
    assert (lead["arrival_required"], lead["arrive_due_at"], lead["first_report_due_at"]) == (False, None, None)
    assert lead["result_due_at"] <= case["due_at"]
    assert await hearings(street, case_id) == [("CG", "on_dispatch")]
