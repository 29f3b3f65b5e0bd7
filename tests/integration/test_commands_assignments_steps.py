"""An assignment from the notice to leaving: signing, arriving, starting, excusing, questions, files, what a desk keeps (C.4)."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from shaodao.commands import assignments, attachments, desk_facts, questions
from shaodao.commands.attachments import AttachmentInput
from shaodao.commands.dispatching import PartyInput
from shaodao.commands.places import PointInput
from shaodao.domain.errors import InvalidInput, NotFound, NotPermitted, StateConflict
from shaodao.domain.vocabulary import AttachmentKind
from tests.integration.conftest import Street
from tests.integration.whistle_steps import (
    CHIEF,
    INFORM,
    LEAD,
    SCENE,
    WORKER,
    arrived,
    assignment_of,
    blown,
    do,
    events,
    hearings,
    paths,
    row,
    running,
)


async def lead_of(street: Street, **changes: Any) -> tuple[UUID, UUID]:
    case_id, _ = await blown(street, **changes)
    return case_id, await assignment_of(street, case_id, "CG")


async def test_signing_names_persons_and_stops_its_clock(street: Street) -> None:
    case_id, lead = await lead_of(street)
    await do(street, lambda tx: assignments.acknowledge(tx, lead, ["姜示序", "罗示巡"]), "CG", timedelta(minutes=11))
    signed = await row(street, "assignment", lead)
    assert (signed["state"], signed["persons"], signed["late_acknowledge"]) == (
        "ACKNOWLEDGED",
        ["姜示序", "罗示巡"],
        False,
    )
    assert "ACKNOWLEDGE" not in await running(street, case_id, lead)
    assert await street.pool.fetchval("SELECT count(*) FROM deadline_stage WHERE assignment_id = $1", lead) == 3


async def test_signing_is_late_at_the_due_instant(street: Street) -> None:
    _, lead = await lead_of(street)
    await do(street, lambda tx: assignments.acknowledge(tx, lead, ["姜示序"]), "CG", timedelta(minutes=30))
    assert (await row(street, "assignment", lead))["late_acknowledge"] is True


async def test_the_dispatcher_signs_for_whom_she_phoned(street: Street) -> None:
    _, lead = await lead_of(street)
    with pytest.raises(InvalidInput) as refused:
        await do(street, lambda tx: assignments.acknowledge(tx, lead))
    assert paths(refused.value) == ["forPerson"]
    await do(street, lambda tx: assignments.acknowledge(tx, lead, for_person="姜示序"))
    assert (await row(street, "assignment", lead))["acknowledged_for"] == "姜示序"


async def test_a_handler_names_persons_and_signs_for_nobody(street: Street) -> None:
    _, lead = await lead_of(street)
    with pytest.raises(InvalidInput) as refused:
        await do(street, lambda tx: assignments.acknowledge(tx, lead, [], for_person="姜示序"), "CG")
    assert paths(refused.value) == ["forPerson", "persons"]


async def test_another_organization_does_nothing(street: Street) -> None:
    _, lead = await lead_of(street)
    with pytest.raises(NotPermitted):
        await do(street, lambda tx: assignments.acknowledge(tx, lead, ["陶示途"]), "JJ")


async def test_arriving_near_the_scene_proves_itself_and_implies_signing(street: Street) -> None:
    case_id, lead = await lead_of(street)
    near = PointInput(longitude=SCENE.longitude + 0.002, latitude=SCENE.latitude, crs="CGCS2000")
    outcome = await do(street, lambda tx: assignments.arrive(tx, lead, near), "CG", timedelta(minutes=45))
    there = await row(street, "assignment", lead)
    assert (there["state"], there["arrival_proof"], there["late_arrive"]) == ("ARRIVED", "POINT", False)
    assert (there["acknowledged_at"], there["late_acknowledge"]) == (street.now, True)
    assert outcome.whistle_state == "GATHERING"
    assert not {"ACKNOWLEDGE", "ARRIVE"} & await running(street, case_id, lead)


async def test_whoever_arrives_by_a_position_far_off_waits_for_the_streets_word(street: Street) -> None:
    case_id, lead = await lead_of(street)
    far = PointInput(longitude=SCENE.longitude + 0.01, latitude=SCENE.latitude, crs="CGCS2000")
    await do(street, lambda tx: assignments.arrive(tx, lead, far), "CG")
    there = await row(street, "assignment", lead)
    assert (there["state"], there["arrival_proof"]) == ("ARRIVED", "DECLARED")
    told = await street.pool.fetchval(
        "SELECT detail FROM case_event WHERE case_id = $1 AND type = 'arriveAtScene'", case_id
    )
    assert "定位距案件地点9" in told


async def test_a_declared_arrival_is_confirmed_by_the_street(street: Street) -> None:
    case_id, lead = await lead_of(street)
    await do(street, lambda tx: assignments.arrive(tx, lead), "CG", timedelta(hours=2))
    declared = await row(street, "assignment", lead)
    assert (declared["arrival_proof"], declared["late_arrive"]) == ("DECLARED", True)
    await do(street, lambda tx: assignments.confirm_arrival(tx, lead))
    assert (await row(street, "assignment", lead))["arrival_proof"] == "STREET"
    with pytest.raises(StateConflict):
        await do(street, lambda tx: assignments.confirm_arrival(tx, lead))
    assert (await events(street, case_id))[-2:] == ["whistleProgressed", "confirmArrival"]


async def test_the_dispatcher_writes_an_arrival_down_and_is_no_handler(street: Street) -> None:
    _, lead = await lead_of(street)
    await do(street, lambda tx: assignments.arrive(tx, lead, for_person="姜示序"))
    there = await row(street, "assignment", lead)
    assert (there["arrival_proof"], there["arrived_by"], there["acknowledged_for"]) == ("STREET", None, "姜示序")


async def test_handling_starts_after_the_arrival(street: Street) -> None:
    case_id, lead = await lead_of(street)
    await do(street, lambda tx: assignments.acknowledge(tx, lead, ["姜示序"]), "CG")
    with pytest.raises(StateConflict):
        await do(street, lambda tx: assignments.start(tx, lead), "CG")
    await do(street, lambda tx: assignments.arrive(tx, lead, SCENE), "CG")
    outcome = await do(street, lambda tx: assignments.start(tx, lead), "CG")
    assert (outcome.assignment_state, outcome.case_state) == ("HANDLING", "HANDLING")
    assert (await events(street, case_id))[-2:] == ["startHandling", "caseProgressed"]


async def test_where_it_is_allowed_handling_starts_from_afar(street: Street) -> None:
    _, lead = await lead_of(street, remote_allowed=True)
    await do(street, lambda tx: assignments.acknowledge(tx, lead, ["姜示序"]), "CG")
    outcome = await do(street, lambda tx: assignments.start(tx, lead), "CG")
    assert (outcome.assignment_state, outcome.whistle_state) == ("HANDLING", "GATHERING")


async def test_every_lead_and_co_arrived_brings_the_whistle_to_handling(street: Street) -> None:
    case_id, whistle_id = await blown(street)
    for code in ("CG", "JJ"):
        await arrived(street, await assignment_of(street, case_id, code), code)
    assert (await row(street, "whistle", whistle_id))["state"] == "HANDLING"


async def test_inform_is_read(street: Street) -> None:
    case_id, _ = await blown(street, parties=[PartyInput("CG", LEAD), PartyInput("GA", INFORM)])
    informed = await assignment_of(street, case_id, "GA")
    with pytest.raises(StateConflict):
        await do(street, lambda tx: assignments.acknowledge(tx, informed, ["魏示锋"]), "GA")
    outcome = await do(street, lambda tx: assignments.read(tx, informed), "GA")
    assert outcome.assignment_state == "READ"


async def test_a_co_is_excused_and_the_lead_never(street: Street) -> None:
    case_id, whistle_id = await blown(street)
    lead, co = await assignment_of(street, case_id, "CG"), await assignment_of(street, case_id, "JJ")
    await arrived(street, lead, "CG")
    with pytest.raises(StateConflict):
        await do(street, lambda tx: assignments.excuse(tx, lead, "无需到场"), CHIEF)
    await do(street, lambda tx: assignments.excuse(tx, co, "无需到场"), CHIEF)
    assert (await row(street, "whistle", whistle_id))["state"] == "HANDLING"
    assert await running(street, case_id, co) == set()
    assert (await hearings(street, case_id))[-1] == ("JJ", "on_withdrawn")


async def test_a_question_is_answered_to_the_asker(street: Street) -> None:
    case_id, lead = await lead_of(street)
    asked = await do(street, lambda tx: questions.ask(tx, lead, "车主电话能否提供？"), "CG")
    answered = await do(street, lambda tx: questions.answer(tx, lead, None, "已联系，见附件。"), WORKER)
    assert answered.record_id == asked.record_id
    assert (await hearings(street, case_id))[-1] == ("CG", "on_answer")
    public = await street.pool.fetchval(
        "SELECT bool_or(public) FROM case_event WHERE type IN ('askQuestion', 'answerQuestion')"
    )
    assert public is False
    with pytest.raises(StateConflict):
        await do(street, lambda tx: questions.answer(tx, lead, None, "再答"), WORKER)


async def test_only_the_open_question_named_is_answered(street: Street) -> None:
    _, lead = await lead_of(street)
    asked = await do(street, lambda tx: questions.ask(tx, lead, "车主电话能否提供？"), "CG")
    with pytest.raises(NotFound):
        await do(street, lambda tx: questions.answer(tx, lead, lead, "已联系"))
    await do(street, lambda tx: questions.answer(tx, lead, asked.record_id, "已联系"))


FILE = {
    "kind": AttachmentKind.AFTER,
    "name": "处置后.jpg",
    "media_type": "image/jpeg",
    "size": 20_480,
    "sha256": "0a" * 32,
}


async def test_a_department_attaches_a_file_to_its_own_assignment(street: Street) -> None:
    case_id, lead = await lead_of(street)
    given = AttachmentInput(**FILE, point=SCENE)  # type: ignore[arg-type]
    outcome = await do(street, lambda tx: attachments.add_attachment(tx, lead, given), "CG")
    assert outcome.record_id is not None
    stored = await row(street, "attachment", outcome.record_id)
    assert (stored["case_id"], stored["organization_code"], stored["size"]) == (case_id, "CG", 20_480)
    with pytest.raises(NotPermitted):
        await do(street, lambda tx: attachments.add_attachment(tx, lead, given), "JJ")


async def test_a_file_is_described_rightly(street: Street) -> None:
    case_id, _ = await lead_of(street)
    given = AttachmentInput(**FILE | {"size": 0, "sha256": "0A" * 32, "media_type": "jpeg", "name": ""})  # type: ignore[arg-type]
    with pytest.raises(InvalidInput) as refused:
        await do(street, lambda tx: attachments.add_case_attachment(tx, case_id, given), WORKER)
    assert paths(refused.value) == ["name", "mediaType", "size", "sha256"]


async def test_the_street_attaches_to_the_case(street: Street) -> None:
    case_id, _ = await lead_of(street)
    given = AttachmentInput(**FILE)  # type: ignore[arg-type]
    outcome = await do(street, lambda tx: attachments.add_case_attachment(tx, case_id, given), WORKER)
    assert outcome.record_id is not None
    with pytest.raises(NotPermitted):
        await do(street, lambda tx: attachments.add_case_attachment(tx, case_id, given), "CG")


async def test_a_desk_remembers_and_is_woken(street: Street) -> None:
    _, lead = await lead_of(street)
    await do(street, lambda tx: desk_facts.remember(tx, lead, "立案号", "例案1号"), "CG")
    await do(street, lambda tx: desk_facts.remember(tx, lead, "立案号", {"号": "例案2号"}), "CG")
    recalled = []

    async def recall(tx: Any) -> Any:
        recalled.append(await desk_facts.recall(tx, lead, "立案号"))
        return await desk_facts.wake_after(tx, lead, timedelta(hours=2), "复查")

    await do(street, recall, "CG")
    assert recalled == [{"号": "例案2号"}]
    woken = await street.pool.fetchrow("SELECT * FROM deadline_stage WHERE stage = 'WAKE'")
    assert woken is not None
    assert (woken["assignment_id"], woken["due_at"] - street.now, woken["note"]) == (lead, timedelta(hours=2), "复查")


async def test_what_a_desk_cannot_keep(street: Street) -> None:
    _, lead = await lead_of(street)
    for name, value, path in (
        (" ", 1, "name"),
        ("大", "长" * 5_000, "value"),
        ("空", "a\0b", "value"),
        ("物", object(), "value"),
    ):
        with pytest.raises(InvalidInput) as refused:
            await do(street, lambda tx, name=name, value=value: desk_facts.remember(tx, lead, name, value), "CG")  # type: ignore[misc]
        assert path in paths(refused.value)
    with pytest.raises(InvalidInput):
        await do(street, lambda tx: desk_facts.wake_after(tx, lead, timedelta(0), "复查"), "CG")
    with pytest.raises(NotPermitted):
        await do(street, lambda tx: desk_facts.remember(tx, lead, "立案号", 1), "JJ")
