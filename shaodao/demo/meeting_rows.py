"""The demonstration street's meetings 民情研判 on cases, as steps of the case and as rows (J-15, J-16)."""

from datetime import datetime, timedelta

from shaodao.demo.cast import by_staff, dispatcher
from shaodao.demo.copying import Row
from shaodao.demo.identifiers import account_id, case_id, meeting_id
from shaodao.demo.parts import Scene, accepted_at
from shaodao.demo.source import Case, Meeting
from shaodao.demo.story import Step
from shaodao.domain.case_vocabulary import MeetingKind
from shaodao.domain.deadlines import DeadlineUnit, Limit
from shaodao.domain.permissions import county_of

_TO_MEET = Limit(DeadlineUnit.WORKING_MINUTE, 60)
_TO_DECIDE = timedelta(minutes=30)


def meeting_steps(scene: Scene, case: Case) -> list[Step]:
    """The steps by which the case was put on the agenda, and by which the decision returned to it."""
    meeting = _meeting(scene, case)
    if meeting is None:
        return []
    chief, payload = dispatcher(scene), {"meeting_id": str(meeting_id(meeting.id))}
    put = Step(
        _called_at(scene, case), "putOnAgenda", f"{chief}将案件提交民情研判：{meeting.topic}", payload=payload
    )  # fmt: skip
    decided = Step(
        _meets_at(scene, case) + _TO_DECIDE, "recordMeetingDecision", f"{chief}记录民情研判决定：{meeting.topic}",
        _decision(meeting), payload=payload,
    )  # fmt: skip
    return [by_staff(scene, chief, put), by_staff(scene, chief, decided)]


def meeting_rows(scene: Scene, case: Case) -> list[Row]:
    """The row of ``meeting``, if one took the case up."""
    meeting = _meeting(scene, case)
    if meeting is None:
        return []
    chief, meets_at = account_id(dispatcher(scene)), _meets_at(scene, case)
    return [{
        "county_code": county_of(case.grid), "id": meeting_id(meeting.id), "case_id": case_id(case.seq),
        "street_code": scene.street.code, "kind": MeetingKind.STUDY, "topic": meeting.topic, "meets_at": meets_at,
        "called_by": chief, "called_at": _called_at(scene, case), "decision": _decision(meeting),
        "lead_organization_code": meeting.lead_dept, "decided_by": chief, "decided_at": meets_at + _TO_DECIDE,
    }]  # fmt: skip


def participant_rows(scene: Scene, case: Case) -> list[Row]:
    """Rows of ``meeting_participant``: the organizations of those present, and the one that leads."""
    meeting = _meeting(scene, case)
    if meeting is None:
        return []
    handled = {scene.street.member_of_staff(name).handled for name in meeting.present} | {meeting.lead_dept}
    return [
        {"county_code": county_of(case.grid), "meeting_id": meeting_id(meeting.id), "organization_code": code}
        for code in sorted(filter(None, handled))
    ]


def _meeting(scene: Scene, case: Case) -> Meeting | None:
    return next((one for one in scene.street.meetings if one.id == case.meeting), None)


def _called_at(scene: Scene, case: Case) -> datetime:
    return accepted_at(scene, case) or case.registered_at


def _meets_at(scene: Scene, case: Case) -> datetime:
    """On the day that the file names, once the case was accepted."""
    return scene.opens_at(_called_at(scene, case), _TO_MEET, scene.told_until)


def _decision(meeting: Meeting) -> str:
    if meeting.themes:
        return f"围绕{'、'.join(meeting.themes)}协调推进。"
    return f"现场答复{meeting.answered_on_the_spot}项，其余转入办理。"
