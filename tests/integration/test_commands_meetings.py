"""Joint meetings 联席会议, study meetings 民情研判 and escalation 提级 (C.4, C.6; J-15 to J-17, J-20, L-21)."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from shaodao.commands import whistle_parties
from shaodao.commands.dispatching import PartyInput
from shaodao.commands.escalations import escalate
from shaodao.commands.meetings import (
    MeetingDecision,
    MeetingInput,
    call_joint_meeting,
    put_on_agenda,
    record_meeting_decision,
)
from shaodao.commands.objections import raise_objection
from shaodao.domain.errors import InvalidInput, NotFound, NotPermitted, StateConflict
from shaodao.domain.vocabulary import ObjectionReason
from tests.integration.conftest import Street
from tests.integration.whistle_steps import (
    CHIEF,
    CO,
    COUNTY,
    DEPUTY,
    DISPATCHER,
    accepted,
    assignment_of,
    blown,
    do,
    drafted,
    events,
    hearings,
    paths,
    row,
)

GRID_CHIEF = "尤示宁"


def meeting_input(street: Street, **changes: Any) -> MeetingInput:
    given: dict[str, Any] = {
        "topic": "僵尸车拖移由谁主办", "meets_at": street.now + timedelta(days=1), "place": "街道三楼会议室",
        "participants": ("CG", "JJ"),
    }  # fmt: skip
    return MeetingInput(**given | changes)


async def called(street: Street, whistle_id: UUID, **changes: Any) -> UUID:
    given = meeting_input(street, **changes)
    outcome = await do(street, lambda tx: call_joint_meeting(tx, whistle_id, given))
    assert outcome.record_id is not None
    return outcome.record_id


async def told(street: Street, case_id: UUID) -> list[tuple[str, str]]:
    """The messages about meetings: to whom, and what."""
    rows = await street.pool.fetch(
        "SELECT organization_code, text FROM message WHERE case_id = $1 AND kind = 'MEETING' ORDER BY id", case_id
    )
    return [(row["organization_code"], row["text"]) for row in rows]


async def test_departments_that_dispute_the_lead_are_called_together(street: Street) -> None:
    """C.4 callJointMeeting: each gets a message on its duty phone; the state stays."""
    case_id, whistle_id = await blown(street)
    meeting_id = await called(street, whistle_id)
    meeting = await row(street, "meeting", meeting_id)
    assert (meeting["kind"], meeting["whistle_id"], meeting["case_id"]) == ("JOINT", whistle_id, case_id)
    invited = await told(street, case_id)
    assert {code for code, _ in invited} == {"CG", "JJ"}
    assert all("街道三楼会议室" in text and "联席会议" in text for _, text in invited)
    assert (await row(street, "whistle", whistle_id))["state"] == "BLOWN"
    assert (await events(street, case_id))[-1] == "callJointMeeting"


async def test_its_decision_returns_to_the_case_and_changes_the_lead_at_once(street: Street) -> None:
    """J-16; the dispatcher records what the meeting decided, and need be no leader for that."""
    case_id, whistle_id = await blown(street)
    meeting_id = await called(street, whistle_id)
    decision = MeetingDecision("由交警主办，公安派出所协助核查车主", "JJ", ("CG", "GA"))
    await do(street, lambda tx: record_meeting_decision(tx, meeting_id, decision), after=timedelta(days=1))
    roles = {
        code: (await row(street, "assignment", await assignment_of(street, case_id, code)))["role"]
        for code in ("JJ", "CG", "GA")
    }
    assert roles == {"JJ": "LEAD", "CG": "CO", "GA": "CO"}
    assert (await events(street, case_id))[-3:] == ["recordMeetingDecision", "changeLead", "addDepartment"]
    assert (await hearings(street, case_id))[-1] == ("GA", "on_whistle")
    event = await street.pool.fetchrow(
        "SELECT public, detail FROM case_event WHERE case_id = $1 AND type = 'recordMeetingDecision'", case_id
    )
    assert event is not None
    assert (event["public"], event["detail"]) == (False, "由交警主办，公安派出所协助核查车主")
    assert sum("联席会议决定" in text for _, text in await told(street, case_id)) == 2
    with pytest.raises(StateConflict):
        await do(street, lambda tx: record_meeting_decision(tx, meeting_id, decision))


async def test_a_decision_that_names_who_is_at_work_already_calls_nobody(street: Street) -> None:
    case_id, whistle_id = await blown(street)
    meeting_id = await called(street, whistle_id)
    owed = await hearings(street, case_id)
    await do(street, lambda tx: record_meeting_decision(tx, meeting_id, MeetingDecision("维持原分工", "CG", ("JJ",))))
    assert await hearings(street, case_id) == owed
    assert (await events(street, case_id))[-1] == "recordMeetingDecision"


@pytest.mark.parametrize(
    ("decision", "at"),
    [
        (MeetingDecision(" ", "XX", ("ZZ", "GA", "GA")), [
            "decision", "coOrganizationCodes.0", "coOrganizationCodes.2", "leadOrganizationCode",
        ]),
        (MeetingDecision("交警主办", "JJ", ("JJ",)), ["leadOrganizationCode"]),
    ],
)  # fmt: skip
async def test_a_decision_at_fault_names_every_field(street: Street, decision: MeetingDecision, at: list[str]) -> None:
    case_id, whistle_id = await blown(street)
    meeting_id = await called(street, whistle_id)
    with pytest.raises(InvalidInput) as fault:
        await do(street, lambda tx: record_meeting_decision(tx, meeting_id, decision))
    assert paths(fault.value) == at
    assert (await row(street, "meeting", meeting_id))["decided_at"] is None
    assert (await events(street, case_id))[-1] == "callJointMeeting"


async def test_a_meeting_at_fault_names_every_field(street: Street) -> None:
    _, whistle_id = await blown(street)
    faulty = meeting_input(street, topic="", meets_at=street.now, participants=("XX", "CG", "CG"))
    with pytest.raises(InvalidInput) as fault:
        await do(street, lambda tx: call_joint_meeting(tx, whistle_id, faulty))
    assert paths(fault.value) == ["topic", "meetsAt", "participants.0", "participants.2"]
    with pytest.raises(InvalidInput) as empty:
        await do(street, lambda tx: call_joint_meeting(tx, whistle_id, meeting_input(street, participants=())))
    assert paths(empty.value) == ["participants"]
    with pytest.raises(NotPermitted):
        await do(street, lambda tx: call_joint_meeting(tx, whistle_id, meeting_input(street)), "CG")


async def test_a_case_is_put_on_the_agenda_of_a_study_meeting(street: Street) -> None:
    """J-16: nobody need be called; a grid chief may record what it decided, but not who takes part."""
    case_id = await accepted(street)
    given = meeting_input(street, participants=(), place=None)
    meeting_id = (await do(street, lambda tx: put_on_agenda(tx, case_id, given), GRID_CHIEF)).record_id
    assert meeting_id is not None
    assert (await row(street, "meeting", meeting_id))["kind"] == "STUDY"
    named = MeetingDecision("转交警", "JJ")
    with pytest.raises(NotPermitted):
        await do(street, lambda tx: record_meeting_decision(tx, meeting_id, named), GRID_CHIEF)
    kept = MeetingDecision("先由社区劝导，一周后复议")
    await do(street, lambda tx: record_meeting_decision(tx, meeting_id, kept), GRID_CHIEF)
    assert (await row(street, "case_file", case_id))["state"] == "ACCEPTED"
    with pytest.raises(StateConflict):
        await do(street, lambda tx: record_meeting_decision(tx, meeting_id, kept), GRID_CHIEF)
    with pytest.raises(NotFound):
        await do(street, lambda tx: record_meeting_decision(tx, UUID(int=7), kept), DISPATCHER)


async def test_a_decision_about_a_draft_stands_for_the_dispatcher_to_act_on(street: Street) -> None:
    case_id = await accepted(street)
    whistle_id = await drafted(street, case_id)
    meeting_id = await called(street, whistle_id)
    await do(street, lambda tx: record_meeting_decision(tx, meeting_id, MeetingDecision("交警主办", "JJ")), DEPUTY)
    assert (await row(street, "meeting", meeting_id))["lead_organization_code"] == "JJ"
    assert await street.pool.fetchval("SELECT count(*) FROM assignment WHERE case_id = $1", case_id) == 0


async def test_an_escalated_whistle_may_be_taken_over_by_the_county(street: Street) -> None:
    """C.4 escalate, C.6: the street to the county, only the county to the city."""
    case_id, whistle_id = await blown(street)
    with pytest.raises(NotPermitted):
        await do(street, lambda tx: whistle_parties.change_lead(tx, whistle_id, "GA", "涉嫌盗抢"), COUNTY)
    await do(street, lambda tx: escalate(tx, whistle_id, "多次协调未果，需区级统筹"))
    whistle, case = await row(street, "whistle", whistle_id), await row(street, "case_file", case_id)
    assert (whistle["level"], case["level"], whistle["state"]) == ("COUNTY", "COUNTY", "BLOWN")
    await do(street, lambda tx: whistle_parties.change_lead(tx, whistle_id, "GA", "涉嫌盗抢"), COUNTY)
    await do(street, lambda tx: whistle_parties.add_department(tx, whistle_id, PartyInput("SC", CO), "协助"), COUNTY)
    with pytest.raises(NotPermitted):
        await do(street, lambda tx: escalate(tx, whistle_id, "需市级统筹"), CHIEF)
    await do(street, lambda tx: escalate(tx, whistle_id, "需市级统筹"), COUNTY)
    assert (await row(street, "case_file", case_id))["level"] == "CITY"
    with pytest.raises(StateConflict):
        await do(street, lambda tx: escalate(tx, whistle_id, "再提级"), COUNTY)


async def test_a_meeting_may_settle_what_an_objection_left_open(street: Street) -> None:
    """The objector steps down to CO by the meeting, and its objection still waits for its ruling."""
    case_id, whistle_id = await blown(street)
    lead = await assignment_of(street, case_id, "CG")
    await do(
        street, lambda tx: raise_objection(tx, lead, reason_kind=ObjectionReason.NOT_OUR_DUTY, text="涉及机动车"), "CG"
    )
    meeting_id = await called(street, whistle_id)
    await do(street, lambda tx: record_meeting_decision(tx, meeting_id, MeetingDecision("交警主办", "JJ")))
    stepped_down = await row(street, "assignment", lead)
    assert (stepped_down["role"], stepped_down["state"]) == ("CO", "OBJECTED")
