"""The test kit refuses what the platform refuses, and computes deadlines by the same rules."""

from collections.abc import Coroutine, Iterator
from datetime import datetime, timedelta
from typing import TypeVar

import pytest
from msgspec.structs import replace

from shaodao.plugin import (
    AssignmentRole,
    AssignmentState,
    AttachmentKind,
    AttachmentMetadata,
    ClockKind,
    CoordinateSystem,
    DeadlineUnit,
    Desk,
    ExtensionDecided,
    InvalidInput,
    NotFound,
    NotPermitted,
    OtherOrganization,
    Point,
    Report,
    ReportResult,
    StateConflict,
    Urgency,
    WhistleKind,
)
from shaodao.testing import Assignment, CaseSample, HookFailed, Street
from tests.contract.departments import Form, Listener, OnWhistle

ResultT = TypeVar("ResultT")
HERE = Point(122.903, 28.221)
PHOTO = AttachmentMetadata(kind=AttachmentKind.AFTER, name="后.jpg", media_type="image/jpeg", size=1, sha256="0" * 64)


@pytest.fixture
def street() -> Iterator[Street]:
    with Street(Listener()) as street:
        yield street


def _do(street: Street, action: Coroutine[object, object, ResultT]) -> ResultT:
    return street.run(action)


def _desk(street: Street, assignment: Assignment, key: str | None = None) -> Desk:
    return _do(street, street.desk(assignment.view.assignment_id, key))


def _report(street: Street, result: ReportResult = ReportResult.SOLVED, **changes: object) -> Report:
    given = {
        "accepted_at": street.now, "talked_with": "当事人", "measures": "清理", "solve_by": street.now, "result": result,
        "fields": Form(),
    } | changes  # fmt: skip
    return Report(**given)  # type: ignore[arg-type] # built by name


def test_deadlines_follow_the_rulebook(street: Street) -> None:
    start = street.now
    emergency = street.blow("XX", WhistleKind.EMERGENCY).view.deadlines
    assert emergency.acknowledge == start + timedelta(minutes=5)
    assert emergency.arrive == start + timedelta(minutes=30)
    assert emergency.first_report == start + timedelta(hours=2)
    assert emergency.result == start + timedelta(hours=24)
    dispatch = street.dispatch("XX").view
    assert (dispatch.deadlines.arrive, dispatch.arrival_required) == (None, False)
    assert street.blow("XX", role=AssignmentRole.INFORM).view.deadlines.acknowledge is None


def test_an_assembly_time_takes_the_place_of_the_limit(street: Street) -> None:
    assembly = street.now + timedelta(days=1)
    assignment = street.blow("XX", WhistleKind.JOINT_ENFORCEMENT, assemble_at=assembly)
    assert assignment.view.deadlines.arrive == assembly


def test_a_report_needs_arrival_unless_it_is_allowed_from_afar(street: Street) -> None:
    near = street.blow("XX")
    _do(street, _desk(street, near).acknowledge(["万示序"]))
    with pytest.raises(StateConflict, match="arrival comes first") as refused:
        _do(street, _desk(street, near).report_result(_report(street)))
    assert "arrive" in [action.name for action in refused.value.allowed if action.allowed]
    afar = street.blow("XX", remote_allowed=True)
    _do(street, _desk(street, afar).acknowledge(["万示序"]))
    _do(street, _desk(street, afar).report_progress("电话处置"))
    _do(street, _desk(street, afar).report_result(_report(street)))
    assert (afar.state, afar.progress[0].measures) == (AssignmentState.REPORTED, "电话处置")


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"measures": " "}, "measures"),
        ({"talked_with": "字" * 501}, "talkedWith"),
        ({"accepted_at": datetime(2026, 11, 9)}, "acceptedAt"),  # noqa: DTZ001 - a time without a zone is the fault
        ({"accepted_at": datetime.fromisoformat("2030-01-01T00:00+08:00")}, "acceptedAt"),
        ({"result": ReportResult.UNSOLVED}, "explanation"),
        ({"fields": {"note": 1}}, "fields.note"),
    ],
)
def test_a_faulty_report_is_refused_with_its_path(street: Street, changes: dict[str, object], path: str) -> None:
    assignment = street.dispatch("XX")
    desk = _desk(street, assignment)
    _do(street, desk.acknowledge(["万示序"]))
    with pytest.raises(InvalidInput) as refused:
        _do(street, desk.report_result(_report(street, **changes)))  # type: ignore[arg-type] # built by name
    assert [fault.path for fault in refused.value.faults] == [path]
    assert assignment.state is AssignmentState.ACKNOWLEDGED


def test_a_photo_of_the_result_is_demanded_as_the_platform_does(street: Street) -> None:
    assignment = street.dispatch("XX", evidence_required=True)
    desk = _desk(street, assignment)
    _do(street, desk.acknowledge(["万示序"]))
    with pytest.raises(InvalidInput) as refused:
        _do(street, desk.report_result(_report(street)))
    assert [fault.path for fault in refused.value.faults] == ["attachments"]
    _do(street, desk.attach(PHOTO))
    _do(street, desk.report_result(_report(street)))
    assert assignment.state is AssignmentState.REPORTED


@pytest.mark.parametrize(("point", "proof"), [(HERE, "POINT"), (None, "DECLARED")])
def test_an_arrival_is_proved_by_a_point_near_the_case(street: Street, point: Point | None, proof: str) -> None:
    assignment = street.blow("XX")
    street.run(_desk(street, assignment).arrive(point))
    assert (assignment.arrival_proof, assignment.view.acknowledged_at) == (proof, street.now)


def test_an_arrival_elsewhere_waits_for_the_streets_word(street: Street) -> None:
    assignment = street.blow("XX")
    street.run(_desk(street, assignment).arrive(HERE, CoordinateSystem.GCJ02))
    assert (assignment.state, assignment.arrival_proof) == (AssignmentState.ARRIVED, "DECLARED")


def test_faulty_arguments_are_refused_with_their_paths(street: Street) -> None:
    desk = _desk(street, street.blow("XX"))
    photo = replace(PHOTO, name="", media_type="photo", size=0, sha256="?", taken_at=street.now + timedelta(days=1))
    for action, paths in (
        (desk.acknowledge([]), ["persons"]),
        (desk.acknowledge(["万示序", " "]), ["persons.1"]),
        (desk.ask(""), ["text"]),
        (desk.attach(photo), ["name", "mediaType", "size", "sha256", "takenAt"]),
        (desk.remember("x", "字" * 2000), ["value"]),
        (desk.wake_after(timedelta(), "now"), ["delay"]),
        (desk.wake_after(timedelta(days=1), ""), ["note"]),
    ):
        with pytest.raises(InvalidInput) as refused:
            _do(street, action)
        assert [fault.path for fault in refused.value.faults] == paths


def test_under_one_key_an_action_is_done_once(street: Street) -> None:
    assignment = street.blow("XX")
    first = _do(street, _desk(street, assignment, "message").attach(PHOTO))
    again = _do(street, _desk(street, assignment, "message").attach(PHOTO))
    other = _do(street, _desk(street, assignment).attach(PHOTO))
    assert (first == again, first == other, len(assignment.attachments)) == (True, False, 2)


def test_a_file_is_kept_with_its_bytes(street: Street) -> None:
    assignment = street.blow("XX")
    identifier = _do(street, _desk(street, assignment).attach_file(AttachmentKind.AFTER, "后.png", b"photo"))
    [attachment] = assignment.attachments
    assert (attachment.id, attachment.media_type, attachment.size) == (identifier, "image/png", 5)
    assert assignment.files == {identifier: b"photo"}
    assert not assignment.photo_missing


def test_nobody_leaves_before_every_report_is_verified(street: Street) -> None:
    other = OtherOrganization("JJ", "交警大队", AssignmentRole.CO, AssignmentState.HANDLING)
    assignment = street.blow("XX", others=[other])
    desk = _desk(street, assignment)
    _do(street, desk.arrive(HERE))
    _do(street, desk.report_result(_report(street)))
    assignment.verify()
    with pytest.raises(StateConflict, match="nobody is released"):
        assignment.release()


def test_a_whistle_is_not_withdrawn_after_an_arrival(street: Street) -> None:
    assignment = street.blow("XX")
    _do(street, _desk(street, assignment).arrive(HERE))
    with pytest.raises(StateConflict, match="withdraw is not allowed in state HANDLING"):
        assignment.withdraw("误报")


def test_after_the_end_only_remembering_is_left(street: Street) -> None:
    assignment = street.blow("XX")
    assignment.withdraw("误报")
    desk = _desk(street, assignment)
    _do(street, desk.remember("ended", True))
    assert _do(street, desk.recall("ended")) is True
    for refused in (
        desk.acknowledge(["万示序"]),
        desk.ask("？"),
        desk.attach(PHOTO),
        desk.wake_after(timedelta(1), "？"),
    ):
        with pytest.raises(StateConflict):
            _do(street, refused)


def test_the_street_may_acknowledge_by_phone_and_excuse(street: Street) -> None:
    assignment = street.blow("XX", role=AssignmentRole.CO)
    assignment.acknowledge_by_phone("万示序")
    assert assignment.view.persons == ("万示序",)
    assignment.excuse("改由物业处理")
    street.pass_time(timedelta(days=30))
    assert (assignment.state, len(assignment.events)) == (AssignmentState.EXCUSED, 2)


def test_an_extension_that_was_granted_moves_the_result(street: Street) -> None:
    """C.5 rule 7: asked for before the due, by the LEAD, one at a time; the old due then passes unheard."""
    assignment = street.blow("XX")
    desk = _desk(street, assignment)
    old = assignment.view.deadlines.result
    assert old is not None
    _do(street, desk.request_extension(DeadlineUnit.WORKING_DAY, 2, "待料"))
    with pytest.raises(StateConflict, match="waits"):
        _do(street, desk.request_extension(DeadlineUnit.WORKING_DAY, 1, "待料"))
    assignment.decide_extension(granted=True)
    event = assignment.events[-1]
    assert isinstance(event, ExtensionDecided)
    assert (event.granted, event.due_at) == (True, old + timedelta(days=2))
    assert assignment.view.deadlines.result == event.due_at
    street.pass_time(old - street.now + timedelta(hours=1))
    assert ClockKind.RESULT not in assignment.late
    street.pass_time(timedelta(days=3))
    assert ClockKind.RESULT in assignment.late
    with pytest.raises(StateConflict, match="after the due"):
        _do(street, desk.request_extension(DeadlineUnit.WORKING_DAY, 1, "待料"))
    with pytest.raises(StateConflict, match="waits"):
        assignment.decide_extension(granted=True)


def test_an_extension_is_the_leads_to_ask_for(street: Street) -> None:
    lead = OtherOrganization("YY", "某单位", AssignmentRole.LEAD, AssignmentState.NOTIFIED)
    helping = street.blow("XX", role=AssignmentRole.CO, others=[lead])
    with pytest.raises(NotPermitted):
        _do(street, _desk(street, helping).request_extension(DeadlineUnit.WORKING_DAY, 1, "待料"))
    urgent = street.blow("XX", case=CaseSample(urgency=Urgency.URGENT))
    with pytest.raises(StateConflict, match="reclassify"):
        _do(street, _desk(street, urgent).request_extension(DeadlineUnit.CLOCK_HOUR, 1, "待料"))
    with pytest.raises(InvalidInput, match="amount"):
        _do(street, _desk(street, street.blow("XX")).request_extension(DeadlineUnit.WORKING_DAY, 0, "待料"))


def test_unknown_organizations_and_assignments_are_not_found(street: Street) -> None:
    with pytest.raises(NotFound):
        street.blow("YY")
    with pytest.raises(NotFound):
        _do(street, street.desk(street.blow("XX").id))


def test_the_reporter_of_a_confidential_case_is_kept_back(street: Street) -> None:
    assert street.blow("XX", case=CaseSample(confidential=True)).view.case.reporter is None
    assert street.blow("XX").view.case.reporter is not None


def test_a_crash_fails_the_test_with_its_traceback() -> None:
    async def crash(event: object, desk: Desk) -> None:
        raise ZeroDivisionError("of the department")

    with Street(OnWhistle(crash)) as street, pytest.raises(HookFailed, match="ZeroDivisionError: of the department"):
        street.blow("XX")
