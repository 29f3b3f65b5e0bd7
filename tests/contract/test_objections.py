"""Objections 派单异议 in the test kit: refused and decided as on the platform (C.4, C.5 rule 6)."""

from collections.abc import Coroutine, Iterator
from datetime import timedelta

import pytest

from shaodao.plugin import (
    AssignmentRole,
    AssignmentState,
    ClockKind,
    ObjectionDecided,
    ObjectionReason,
    Overdue,
    StateConflict,
    WhistleKind,
)
from shaodao.testing import Assignment, Street
from tests.contract.departments import Listener


@pytest.fixture
def listener() -> Listener:
    return Listener()


@pytest.fixture
def street(listener: Listener) -> Iterator[Street]:
    with Street(listener) as street:
        yield street


def _object(street: Street, assignment: Assignment, text: str = "夜间施工噪声执法已划转") -> None:
    desk = street.run(street.desk(assignment.view.assignment_id))
    action: Coroutine[object, object, None] = desk.object(ObjectionReason.NOT_OUR_DUTY, text)
    street.run(action)


def test_a_granted_objection_ends_the_assignment(street: Street, listener: Listener) -> None:
    assignment = street.dispatch("XX")
    _object(street, assignment)
    assert (assignment.state, assignment.names_of_actions) == (AssignmentState.OBJECTED, ("object",))
    assignment.decide_objection(granted=True, text="改派综合执法队")
    event = listener.events[-1]
    assert isinstance(event, ObjectionDecided)
    assert (event.accepted, event.reason, event.view.state) == (True, "改派综合执法队", AssignmentState.REASSIGNED)
    street.pass_time(timedelta(days=30))
    assert assignment.late == ()


def test_a_refused_one_stands_and_after_two_rounds_for_good(street: Street, listener: Listener) -> None:
    assignment = street.blow("XX")
    for _ in range(2):
        street.pass_time(timedelta(hours=1))
        _object(street, assignment)
        assignment.decide_objection(granted=False, text="职责相符")
        assert assignment.state is AssignmentState.ACKNOWLEDGED
    event = listener.events[-1]
    assert isinstance(event, ObjectionDecided)
    assert event.accepted is False
    with pytest.raises(StateConflict, match="directed"):
        _object(street, assignment)
    with pytest.raises(StateConflict):
        assignment.decide_objection(granted=True, text="再议")


def test_nobody_is_awaited_while_it_waits_and_then_anew(street: Street, listener: Listener) -> None:
    assignment = street.blow("XX")
    _object(street, assignment)
    street.pass_time(timedelta(days=2))
    assert assignment.late == ()
    assignment.decide_objection(granted=False, text="职责相符")
    street.pass_time(timedelta(days=4))
    missed = [event for event in listener.events if isinstance(event, Overdue) and event.clock is ClockKind.ARRIVE]
    assert [event.no_show for event in missed] == [False, True]


def test_in_an_emergency_arrive_first_and_not_after_the_window(street: Street) -> None:
    emergency = street.blow("XX", WhistleKind.EMERGENCY)
    with pytest.raises(StateConflict, match="arrive first"):
        _object(street, emergency)
    desk = street.run(street.desk(emergency.view.assignment_id))
    street.run(desk.arrive())
    _object(street, emergency)
    emergency.decide_objection(granted=False, text="职责相符")
    assert emergency.state is AssignmentState.ARRIVED
    late = street.dispatch("XX")
    street.pass_time(timedelta(days=3))
    with pytest.raises(StateConflict, match="window ended"):
        _object(street, late)
    with pytest.raises(StateConflict, match="INFORM"):
        _object(street, street.blow("XX", role=AssignmentRole.INFORM))


def test_nothing_is_decided_without_an_objection(street: Street) -> None:
    assignment = street.dispatch("XX")
    with pytest.raises(StateConflict):
        assignment.decide_objection(granted=True, text="无异议可裁")
