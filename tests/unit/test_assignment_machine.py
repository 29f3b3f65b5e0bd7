"""The assignment's transition table 报到 (C.4): who may do what from where."""

from typing import Any

import pytest

from shaodao.domain.assignment_machine import ASSIGNMENT_MACHINE, OPEN, STARTABLE
from shaodao.domain.errors import NotPermitted, StateConflict
from shaodao.domain.facts import INACTIVE
from shaodao.domain.permissions import Viewer
from shaodao.domain.vocabulary import AssignmentRole, AssignmentState, WhistleState
from tests.unit.machine_facts import (
    CHIEF,
    DISPATCHER,
    HANDLER,
    NOW,
    OFFICE,
    STRANGER,
    WORKER,
    Handled,
    assignment,
    case,
)

CO, INFORM = AssignmentRole.CO, AssignmentRole.INFORM
NOTIFIED, ACKNOWLEDGED, ARRIVED = AssignmentState.NOTIFIED, AssignmentState.ACKNOWLEDGED, AssignmentState.ARRIVED
HANDLING, REPORTED, VERIFIED = AssignmentState.HANDLING, AssignmentState.REPORTED, AssignmentState.VERIFIED
OWN = ("acknowledge", "arrive", "start", "reportProgress", "reportResult", "ask")


@pytest.mark.parametrize(
    ("action", "facts", "who"),
    [
        ("acknowledge", assignment(NOTIFIED), HANDLER),
        ("acknowledge", assignment(NOTIFIED), DISPATCHER),
        ("read", assignment(NOTIFIED, INFORM), HANDLER),
        ("arrive", assignment(NOTIFIED), HANDLER),
        ("arrive", assignment(ACKNOWLEDGED), DISPATCHER),
        ("confirmArrival", assignment(ARRIVED, arrived_at=NOW, arrival_proof="DECLARED"), DISPATCHER),
        ("start", assignment(ARRIVED, arrived_at=NOW), HANDLER),
        ("start", assignment(ACKNOWLEDGED, arrival_required=False), HANDLER),
        ("start", assignment(ACKNOWLEDGED, remote_allowed=True), HANDLER),
        ("reportProgress", assignment(HANDLING, arrived_at=NOW), HANDLER),
        ("reportResult", assignment(AssignmentState.RETURNED, arrived_at=NOW), HANDLER),
        ("fileFieldCheck", assignment(REPORTED), WORKER),
        ("verify", assignment(REPORTED), DISPATCHER),
        ("returnReport", assignment(REPORTED), DISPATCHER),
        ("excuse", assignment(NOTIFIED, CO), CHIEF),
        ("ask", assignment(HANDLING), HANDLER),
        ("answer", assignment(HANDLING, open_questions=1), WORKER),
        ("release", assignment(VERIFIED, whistle_state=WhistleState.VERIFIED), DISPATCHER),
        ("release", assignment(VERIFIED, whistle_id=None, whistle_kind=None, whistle_state=None), DISPATCHER),
    ],
)
def test_who_may(action: str, facts: Any, who: Viewer) -> None:
    assert ASSIGNMENT_MACHINE.decide(action, facts, who).action == action
    with pytest.raises(NotPermitted):
        ASSIGNMENT_MACHINE.decide(action, facts, STRANGER)
    with pytest.raises(NotPermitted):
        ASSIGNMENT_MACHINE.decide(action, facts, OFFICE)


@pytest.mark.parametrize(
    ("action", "facts", "who", "error"),
    [
        ("acknowledge", assignment(NOTIFIED, INFORM), HANDLER, StateConflict),
        ("read", assignment(NOTIFIED), HANDLER, StateConflict),
        ("acknowledge", assignment(NOTIFIED, organization_code="JJ"), HANDLER, NotPermitted),
        ("start", assignment(ACKNOWLEDGED), HANDLER, StateConflict),
        ("reportResult", assignment(ACKNOWLEDGED), HANDLER, StateConflict),
        ("confirmArrival", assignment(ARRIVED, arrived_at=NOW, arrival_proof="POINT"), DISPATCHER, StateConflict),
        ("verify", assignment(REPORTED, case=Handled(DISPATCHER).of(case())), DISPATCHER, NotPermitted),
        ("returnReport", assignment(REPORTED, case=Handled(DISPATCHER).of(case())), DISPATCHER, NotPermitted),
        ("fileFieldCheck", assignment(REPORTED, case=Handled(WORKER).of(case())), WORKER, NotPermitted),
        ("verify", assignment(REPORTED), WORKER, NotPermitted),
        ("verify", assignment(REPORTED), HANDLER, NotPermitted),
        ("verify", assignment(HANDLING), DISPATCHER, StateConflict),
        ("excuse", assignment(NOTIFIED), CHIEF, StateConflict),
        ("answer", assignment(HANDLING), DISPATCHER, StateConflict),
        ("release", assignment(VERIFIED, whistle_state=WhistleState.REPORTED), DISPATCHER, StateConflict),
    ],
)
def test_who_may_not(action: str, facts: Any, who: Viewer, error: type[Exception]) -> None:
    with pytest.raises(error):
        ASSIGNMENT_MACHINE.decide(action, facts, who)


@pytest.mark.parametrize("state", sorted(INACTIVE | {AssignmentState.RELEASED, AssignmentState.READ}))
@pytest.mark.parametrize("action", OWN)
def test_what_is_over_is_over(action: str, state: AssignmentState) -> None:
    with pytest.raises(StateConflict):
        ASSIGNMENT_MACHINE.decide(action, assignment(state, arrived_at=NOW), HANDLER)


def test_a_report_implies_the_start() -> None:
    assert STARTABLE | {HANDLING} == ASSIGNMENT_MACHINE.step("reportResult").sources


def test_open_states_are_those_that_still_owe_something() -> None:
    ended = INACTIVE | {VERIFIED, AssignmentState.RELEASED, AssignmentState.READ}
    assert set(AssignmentState) - ended == OPEN
