"""Emergency whistles: blown at once from a case or with a new one, confirmed afterwards (C.4, C.9 point 7)."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from shaodao.commands import cases, emergencies, whistles
from shaodao.commands.dispatching import PartyInput
from shaodao.commands.emergencies import EmergencyInput
from shaodao.commands.registration import CaseInput
from shaodao.commands.reporters import ReporterInput
from shaodao.commands.transaction import Outcome
from shaodao.domain.errors import InvalidInput, NotPermitted, StateConflict
from shaodao.domain.vocabulary import CaseKind, Channel, Urgency, WhistleKind
from tests.integration.conftest import Street
from tests.integration.whistle_steps import (
    CHIEF,
    DEPUTY,
    LEAD,
    SCENE,
    WORKER,
    accepted,
    assignment_of,
    do,
    drafted,
    events,
    paths,
    registered,
    row,
    running,
)

GIVEN = EmergencyInput("设备告警，敲门无人应答")


def alone_at_home(**changes: Any) -> CaseInput:
    given: dict[str, Any] = {
        "kind": CaseKind.HELP,
        "channel": Channel.DEVICE,
        "title": "独居老人家中12小时无活动",
        "description": "敲门无应答，需要破门。",
        "point": SCENE,
    }
    return CaseInput(**given | changes)


async def blow(street: Street, case_id: UUID | None, case: CaseInput | None, given: EmergencyInput = GIVEN) -> Outcome:
    return await do(street, lambda tx: emergencies.blow_emergency(tx, case_id, case, given))


async def test_the_receipt_and_the_acceptance_name_the_day_of_an_urgent_case(street: Street) -> None:
    for category in (None, "A13"):
        case = alone_at_home(reporter=ReporterInput(name="沈例宽", phone="100-0001-0014"), category_code=category)
        outcome = await blow(street, None, case, EmergencyInput("现场紧急", parties=[PartyInput("GA", LEAD)]))
        rows = await street.pool.fetch(
            "SELECT text FROM message WHERE case_id = $1 AND organization_code IS NULL ORDER BY id", outcome.case_id
        )
        texts = [message["text"] for message in rows]
        assert ["已登记" in texts[0], "已受理" in texts[1]] == [True, True]
        assert all("预计11月21日10:00前办结" in text for text in texts)


async def test_a_confirmation_that_comes_late_says_so(street: Street) -> None:
    for hours, said in ((23, "孔示明补批应急哨"), (25, "孔示明逾期补批应急哨")):
        outcome = await blow(street, await accepted(street), None)
        assert outcome.whistle_id is not None
        whistle_id = outcome.whistle_id
        await do(street, lambda tx, it=whistle_id: whistles.confirm(tx, it), CHIEF, timedelta(hours=hours))  # type: ignore[misc]
        text = await street.pool.fetchval(
            "SELECT text FROM case_event WHERE whistle_id = $1 AND type = 'confirmWhistle'", whistle_id
        )
        assert text.startswith(said)


async def test_a_new_case_is_registered_accepted_and_whistled_for_in_one_transaction(street: Street) -> None:
    outcome = await blow(street, None, alone_at_home())
    assert outcome.case_id
    assert outcome.whistle_id
    assert outcome.case_number
    assert outcome.case_number.startswith("990101001-20261120-")
    assert (outcome.case_state, outcome.whistle_state, outcome.emergency_line) == ("ASSIGNED", "BLOWN", "110")
    assert [call.organization_code for call in outcome.calls] == ["GA", "MZ", "WJ"]
    assert outcome.calls[0].duty_phone == "10000020002"
    case, whistle = await row(street, "case_file", outcome.case_id), await row(street, "whistle", outcome.whistle_id)
    assert (case["urgency"], case["category_code"]) == ("URGENT", "A03")
    assert case["due_at"] - street.now == timedelta(hours=24)
    assert (whistle["template_code"], whistle["number"]) == ("E-PERSON", f"{outcome.case_number}-W1")
    lead = await row(street, "assignment", await assignment_of(street, outcome.case_id, "GA"))
    assert lead["acknowledge_due_at"] - street.now == timedelta(minutes=5)
    assert lead["arrive_due_at"] - street.now == timedelta(minutes=30)
    assert "CONFIRMATION" in await running(street, outcome.case_id)
    assert await events(street, outcome.case_id) == [
        "registerCase",
        "classifyCase",
        "acceptCase",
        "blowEmergencyWhistle",
    ]


async def test_named_departments_take_the_place_of_the_template(street: Street) -> None:
    named = EmergencyInput("老人无应答", parties=[PartyInput("XF", LEAD)])
    outcome = await blow(street, await registered(street), None, named)
    assert [call.organization_code for call in outcome.calls] == ["XF"]


async def test_without_a_fitting_template_the_departments_must_be_named(street: Street) -> None:
    case_id = await registered(street)
    await street.pool.execute("DELETE FROM whistle_templates WHERE category_code IS NULL")
    with pytest.raises(InvalidInput) as refused:
        await blow(street, case_id, None, EmergencyInput("情况紧急"))
    assert paths(refused.value) == ["parties"]
    assert (await row(street, "case_file", case_id))["state"] == "REGISTERED"


async def test_an_emergency_is_not_kept_waiting_for_a_category(street: Street) -> None:
    case_id = await registered(street, category_code=None)
    outcome = await blow(street, case_id, None, EmergencyInput("情况紧急", parties=[PartyInput("GA", LEAD)]))
    assert outcome.case_state == "ASSIGNED"


async def test_either_a_case_or_a_new_one(street: Street) -> None:
    for case_id, case in ((None, None), (await registered(street), alone_at_home())):
        with pytest.raises(InvalidInput) as refused:
            await blow(street, case_id, case)
        assert paths(refused.value) == ["caseId"]


async def test_at_sea_the_sea_grids_own_limit_applies(street: Street) -> None:
    sea = alone_at_home(
        title="渔船机舱进水", description="临澜渔示0001机舱进水，请求救助。", point=None, grid_code="990101001201003"
    )
    outcome = await blow(street, None, sea)
    assert outcome.case_id
    assert outcome.emergency_line == "12395"
    lead = await row(street, "assignment", await assignment_of(street, outcome.case_id, "HS"))
    assert lead["arrive_due_at"] - street.now == timedelta(minutes=180)


async def test_at_sea_without_a_limit_of_its_own_nobody_is_late(street: Street) -> None:
    await street.pool.execute("UPDATE grid SET sea_arrive_minutes = NULL WHERE code = '990101001201003'")
    outcome = await blow(street, None, alone_at_home(title="渔船失去动力", point=None, grid_code="990101001201003"))
    assert outcome.case_id
    lead = await row(street, "assignment", await assignment_of(street, outcome.case_id, "HS"))
    assert (lead["arrival_required"], lead["arrive_due_at"]) == (True, None)


async def test_only_the_dispatcher_blows(street: Street) -> None:
    case_id = await accepted(street)
    with pytest.raises(NotPermitted):
        await do(street, lambda tx: emergencies.blow_emergency(tx, case_id, None, GIVEN), WORKER)


async def test_a_workers_draft_is_blown_and_confirmed_by_a_leader_within_a_day(street: Street) -> None:
    case_id = await accepted(street)
    whistle_id = await drafted(street, case_id, who=WORKER, kind=WhistleKind.EMERGENCY, self_effort=None)
    outcome = await do(street, lambda tx: emergencies.blow_drafted_emergency(tx, whistle_id))
    assert [call.organization_code for call in outcome.calls] == ["CG", "JJ"]
    with pytest.raises(NotPermitted):
        await do(street, lambda tx: whistles.confirm(tx, whistle_id))
    await do(street, lambda tx: whistles.confirm(tx, whistle_id, "情况属实"), DEPUTY, timedelta(hours=3))
    confirmed = await row(street, "whistle", whistle_id)
    assert (confirmed["confirmed_at"], confirmed["decision_text"]) == (street.now, "情况属实")
    assert "CONFIRMATION" not in await running(street, case_id)
    with pytest.raises(StateConflict):
        await do(street, lambda tx: whistles.confirm(tx, whistle_id), CHIEF)


async def test_an_ordinary_draft_is_not_blown_at_once(street: Street) -> None:
    whistle_id = await drafted(street, await accepted(street))
    with pytest.raises(StateConflict):
        await do(street, lambda tx: emergencies.blow_drafted_emergency(tx, whistle_id))


async def test_an_approved_emergency_needs_no_confirmation(street: Street) -> None:
    whistle_id = await drafted(street, await accepted(street), kind=WhistleKind.EMERGENCY)
    await do(street, lambda tx: whistles.submit(tx, whistle_id))
    await do(street, lambda tx: whistles.approve(tx, whistle_id), CHIEF)
    assert (await row(street, "whistle", whistle_id))["confirmed_at"] == street.now


async def test_an_emergency_made_safe_leaves_the_departments_the_time_of_the_repair(street: Street) -> None:
    """C.5 rule 8, case 9 of D.6: 24 hours to make safe; once classed GENERAL, who has not reported has till the case is due."""
    parties = [PartyInput("ZJ", LEAD)]
    case_id = (
        await blow(street, None, alone_at_home(category_code="A10"), EmergencyInput("路面塌陷", parties=parties))
    ).case_id
    assert case_id is not None
    works = await assignment_of(street, case_id, "ZJ")
    safe = await row(street, "assignment", works)
    assert safe["result_due_at"] == street.now + timedelta(hours=24)
    later = timedelta(hours=12)
    await do(street, lambda tx: cases.classify(tx, case_id, urgency=Urgency.GENERAL, reason="险情已控制"), after=later)
    repair = await row(street, "assignment", works)
    assert repair["result_due_at"] == (await row(street, "case_file", case_id))["due_at"] > safe["result_due_at"]
