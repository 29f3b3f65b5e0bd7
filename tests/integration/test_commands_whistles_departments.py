"""A blown whistle's departments: added 增派, another LEAD 变更主办, withdrawn 撤哨 (C.4)."""

import pytest

from shaodao.commands import assignments, cases, whistle_closing, whistle_parties
from shaodao.commands.dispatching import PartyInput
from shaodao.domain.errors import InvalidInput, NotPermitted, StateConflict
from shaodao.domain.vocabulary import WhistleKind
from tests.integration.conftest import Street
from tests.integration.whistle_steps import (
    CHIEF,
    CO,
    DEPUTY,
    INFORM,
    LEAD,
    accepted,
    arrived,
    assignment_of,
    blown,
    blown_on,
    do,
    hearings,
    paths,
    reported,
    row,
    running,
)


async def test_a_leader_adds_a_department(street: Street) -> None:
    case_id, whistle_id = await blown(street)
    await do(
        street, lambda tx: whistle_parties.add_department(tx, whistle_id, PartyInput("GA", CO), "需核查车主"), DEPUTY
    )
    added = await row(street, "assignment", await assignment_of(street, case_id, "GA"))
    assert (added["role"], added["whistle_id"], added["state"]) == ("CO", whistle_id, "NOTIFIED")
    assert (await hearings(street, case_id))[-1] == ("GA", "on_whistle")


async def test_the_dispatcher_adds_departments_in_an_emergency_only(street: Street) -> None:
    _, ordinary = await blown(street)
    with pytest.raises(NotPermitted):
        await do(street, lambda tx: whistle_parties.add_department(tx, ordinary, PartyInput("GA", CO), "需核查车主"))
    _, emergency = await blown(street, kind=WhistleKind.EMERGENCY)
    await do(street, lambda tx: whistle_parties.add_department(tx, emergency, PartyInput("GA", CO), "需核查车主"))


async def test_changing_the_departments_makes_what_others_have_read_stale(street: Street) -> None:
    _, whistle_id = await blown(street)
    seen = (await row(street, "whistle", whistle_id))["version"]

    async def add(code: str) -> None:
        party = PartyInput(code, CO)
        await do(
            street,
            lambda tx: whistle_parties.add_department(tx, whistle_id, party, "增援", expected_version=seen),
            CHIEF,
        )

    await add("GA")
    with pytest.raises(StateConflict) as refused:
        await add("SC")
    assert refused.value.version == seen + 1
    assert {action.name for action in refused.value.allowed} >= {"addDepartment", "changeLead"}
    seen += 1
    await do(
        street, lambda tx: whistle_parties.change_lead(tx, whistle_id, "JJ", "职责更近", expected_version=seen), CHIEF
    )
    with pytest.raises(StateConflict):
        await add("SC")


async def test_who_leads_again_after_a_withdrawal_stands_in_the_history_and_is_called(street: Street) -> None:
    case_id = await accepted(street)
    parties = [PartyInput("GA", LEAD)]
    await do(street, lambda tx: cases.dispatch(tx, case_id, parties=parties, duty_basis="治安管理"))
    whistle_id = await blown_on(street, case_id, parties=[PartyInput("CG", LEAD)])
    await do(street, lambda tx: whistle_closing.withdraw(tx, whistle_id, "已无必要"), CHIEF)
    again = await assignment_of(street, case_id, "GA")
    assert (await row(street, "assignment", again))["role"] == "LEAD"
    event = await street.pool.fetchrow("SELECT * FROM case_event WHERE case_id = $1 AND type = 'changeLead'", case_id)
    assert event is not None
    assert (event["assignment_id"], event["actor_role"]) == (again, "SYSTEM")
    assert (await hearings(street, case_id))[-1] == ("GA", "on_dispatch")


@pytest.mark.parametrize(
    ("party", "path"),
    [
        (PartyInput("GA", LEAD), "party.role"),
        (PartyInput("JJ", CO), "party.organizationCode"),
        (PartyInput("XX", CO), "party.organizationCode"),
    ],
)
async def test_what_cannot_be_added(street: Street, party: PartyInput, path: str) -> None:
    _, whistle_id = await blown(street)
    with pytest.raises(InvalidInput) as refused:
        await do(street, lambda tx: whistle_parties.add_department(tx, whistle_id, party, "增援"), CHIEF)
    assert paths(refused.value) == [path]


async def test_a_department_added_late_sends_the_whistle_back_to_gathering(street: Street) -> None:
    case_id, whistle_id = await blown(street)
    for code in ("CG", "JJ"):
        await reported(street, await assignment_of(street, case_id, code), code)
    assert (await row(street, "case_file", case_id))["state"] == "VERIFYING"
    await do(
        street, lambda tx: whistle_parties.add_department(tx, whistle_id, PartyInput("GA", CO), "需核查车主"), CHIEF
    )
    assert (await row(street, "whistle", whistle_id))["state"] == "GATHERING"
    case = await row(street, "case_file", case_id)
    assert (case["state"], case["rework_count"]) == ("HANDLING", 0)


async def test_another_lead_from_within_goes_on_where_it_was(street: Street) -> None:
    case_id, whistle_id = await blown(street)
    co = await assignment_of(street, case_id, "JJ")
    await arrived(street, co, "JJ")
    await do(street, lambda tx: whistle_parties.change_lead(tx, whistle_id, "JJ", "主要涉及车辆"), CHIEF)
    assert (await row(street, "assignment", co))["role"] == "LEAD"
    assert (await row(street, "assignment", co))["state"] == "ARRIVED"
    assert (await row(street, "assignment", await assignment_of(street, case_id, "CG")))["role"] == "CO"


async def test_another_lead_from_outside_is_called_and_the_former_excused(street: Street) -> None:
    case_id, whistle_id = await blown(street)
    former = await assignment_of(street, case_id, "CG")
    await do(
        street, lambda tx: whistle_parties.change_lead(tx, whistle_id, "GA", "涉嫌盗抢车辆", excuse_former=True), CHIEF
    )
    assert (await row(street, "assignment", former))["state"] == "EXCUSED"
    assert await running(street, case_id, former) == set()
    new = await row(street, "assignment", await assignment_of(street, case_id, "GA"))
    assert (new["role"], new["state"]) == ("LEAD", "NOTIFIED")
    assert (await hearings(street, case_id))[-2:] == [("CG", "on_withdrawn"), ("GA", "on_whistle")]
    with pytest.raises(InvalidInput):
        await do(street, lambda tx: whistle_parties.change_lead(tx, whistle_id, "GA", "再次变更"), CHIEF)


async def test_withdrawing_ends_the_assignments_and_the_case_stands_accepted(street: Street) -> None:
    case_id, whistle_id = await blown(street, parties=[PartyInput("CG", LEAD), PartyInput("WG", INFORM)])
    lead = await assignment_of(street, case_id, "CG")
    outcome = await do(street, lambda tx: whistle_closing.withdraw(tx, whistle_id, "车主已自行清移"), CHIEF)
    assert (outcome.whistle_state, outcome.case_state) == ("WITHDRAWN", "ACCEPTED")
    assert (await row(street, "assignment", lead))["state"] == "WITHDRAWN"
    assert await running(street, case_id, lead) == set()
    assert (await hearings(street, case_id))[-1] == ("CG", "on_withdrawn")
    with pytest.raises(StateConflict):
        await do(street, lambda tx: assignments.acknowledge(tx, lead, ["姜示序"]), "CG")


async def test_nothing_is_withdrawn_once_somebody_has_come(street: Street) -> None:
    case_id, whistle_id = await blown(street)
    await arrived(street, await assignment_of(street, case_id, "JJ"), "JJ")
    with pytest.raises(StateConflict):
        await do(street, lambda tx: whistle_closing.withdraw(tx, whistle_id, "车主已自行清移"), CHIEF)


async def test_a_stranger_withdraws_nothing(street: Street) -> None:
    _, whistle_id = await blown(street)
    with pytest.raises(NotPermitted):
        await do(street, lambda tx: whistle_closing.withdraw(tx, whistle_id, "车主已自行清移"), "CG")


async def test_after_a_withdrawal_the_earlier_lead_leads_again(street: Street) -> None:
    case_id = await accepted(street)
    await do(street, lambda tx: cases.dispatch(tx, case_id, parties=[PartyInput("SC", LEAD)], duty_basis="履职清单"))
    whistle_id = await blown_on(street, case_id)
    await do(street, lambda tx: whistle_closing.withdraw(tx, whistle_id, "市场所已办理"), CHIEF)
    assert (await row(street, "assignment", await assignment_of(street, case_id, "SC")))["role"] == "LEAD"
    assert (await row(street, "case_file", case_id))["state"] == "ASSIGNED"
