"""The whistle's transition table (C.4): who may do what from where, and where its assignments bring it."""

from typing import Any

import pytest

from shaodao.domain.errors import NotPermitted, StateConflict
from shaodao.domain.permissions import Grant, Viewer
from shaodao.domain.vocabulary import AssignmentRole, AssignmentState, CaseState, Role, WhistleKind, WhistleState
from shaodao.domain.whistle_machine import IN_THE_FIELD, OPEN, WHISTLE_MACHINE, computed_whistle_state, is_evaluated
from tests.unit.machine_facts import (
    CHIEF,
    DEPUTY,
    DISPATCHER,
    HANDLER,
    LINK,
    NOW,
    OFFICE,
    STRANGER,
    STREET,
    WORKER,
    Handled,
    brief,
    case,
    viewer,
    whistle,
)

LEAD, INFORM = AssignmentRole.LEAD, AssignmentRole.INFORM
NOTIFIED, ARRIVED, REPORTED = AssignmentState.NOTIFIED, AssignmentState.ARRIVED, AssignmentState.REPORTED
EMERGENCY = WhistleKind.EMERGENCY


@pytest.mark.parametrize(
    ("action", "state", "who"),
    [
        ("revise", WhistleState.DRAFTED, WORKER),
        ("submit", WhistleState.DRAFTED, WORKER),
        ("submit", WhistleState.DRAFTED, DISPATCHER),
        ("approve", WhistleState.PENDING_APPROVAL, DEPUTY),
        ("approve", WhistleState.PENDING_APPROVAL, CHIEF),
        ("reject", WhistleState.PENDING_APPROVAL, CHIEF),
        ("sendBack", WhistleState.PENDING_APPROVAL, CHIEF),
        ("addDepartment", WhistleState.GATHERING, DEPUTY),
        ("changeLead", WhistleState.HANDLING, CHIEF),
        ("withdraw", WhistleState.BLOWN, WORKER),
        ("withdraw", WhistleState.PENDING_APPROVAL, LINK),
        ("close", WhistleState.VERIFIED, DISPATCHER),
        ("rateDepartment", WhistleState.CLOSED, CHIEF),
        ("judge", WhistleState.CLOSED, OFFICE),
    ],
)
def test_who_may(action: str, state: WhistleState, who: Viewer) -> None:
    facts = whistle(state, assignments=(brief("CG", LEAD),))
    assert WHISTLE_MACHINE.decide(action, facts, who).action == action
    assert WHISTLE_MACHINE.acting_role(action, facts, who) is not None
    with pytest.raises(NotPermitted):
        WHISTLE_MACHINE.decide(action, facts, STRANGER)
    with pytest.raises(NotPermitted):
        WHISTLE_MACHINE.decide(action, facts, HANDLER)


@pytest.mark.parametrize(
    ("action", "facts", "who", "error"),
    [
        ("approve", whistle(WhistleState.PENDING_APPROVAL, drafted_by=CHIEF.account_id), CHIEF, NotPermitted),
        ("approve", whistle(WhistleState.PENDING_APPROVAL), LINK, NotPermitted),
        ("approve", whistle(WhistleState.PENDING_APPROVAL, EMERGENCY), DEPUTY, NotPermitted),
        ("approve", whistle(WhistleState.PENDING_APPROVAL, case=case(CaseState.CLOSED)), CHIEF, StateConflict),
        ("approve", whistle(WhistleState.DRAFTED), CHIEF, StateConflict),
        ("blowEmergency", whistle(WhistleState.DRAFTED), DISPATCHER, StateConflict),
        ("confirm", whistle(WhistleState.BLOWN), CHIEF, StateConflict),
        ("confirm", whistle(WhistleState.BLOWN, EMERGENCY, blown_by=CHIEF.account_id), CHIEF, NotPermitted),
        ("confirm", whistle(WhistleState.BLOWN, EMERGENCY, confirmed_at=NOW), CHIEF, StateConflict),
        ("addDepartment", whistle(WhistleState.BLOWN), DISPATCHER, NotPermitted),
        (
            "withdraw",
            whistle(WhistleState.BLOWN, assignments=(brief("CG", LEAD, ARRIVED, arrived_at=NOW),)),
            CHIEF,
            StateConflict,
        ),
        ("withdraw", whistle(WhistleState.GATHERING), CHIEF, StateConflict),
        ("close", whistle(WhistleState.VERIFIED, case=Handled(DISPATCHER).of(case())), DISPATCHER, NotPermitted),
        ("close", whistle(WhistleState.REPORTED), DISPATCHER, StateConflict),
        ("judge", whistle(WhistleState.CLOSED, judged=True), OFFICE, StateConflict),
        ("judge", whistle(WhistleState.CLOSED), CHIEF, NotPermitted),
        (
            "rateDepartment",
            whistle(WhistleState.CLOSED, assignments=(brief("CG", LEAD),), rated_organizations=("CG",)),
            CHIEF,
            StateConflict,
        ),
    ],
)
def test_who_may_not(action: str, facts: Any, who: Viewer, error: type[Exception]) -> None:
    with pytest.raises(error):
        WHISTLE_MACHINE.decide(action, facts, who)


@pytest.mark.parametrize(
    ("action", "who"), [("addDepartment", DISPATCHER), ("changeLead", DISPATCHER), ("confirm", DEPUTY)]
)
def test_an_emergency_gives_the_dispatcher_more_and_wants_a_leader_afterwards(action: str, who: Viewer) -> None:
    WHISTLE_MACHINE.decide(action, whistle(WhistleState.BLOWN, EMERGENCY, blown_by=DISPATCHER.account_id), who)


def test_a_refusal_says_what_is_allowed_instead() -> None:
    with pytest.raises(StateConflict) as refused:
        WHISTLE_MACHINE.decide("approve", whistle(WhistleState.DRAFTED), CHIEF)
    allowed = {action.name: action.allowed for action in refused.value.allowed}
    assert allowed == {"callJointMeeting": True, "withdraw": True}


def test_what_is_told_are_the_steps_of_the_viewers_own_roles() -> None:
    resident = viewer("P014", Grant(Role.RESIDENT, STREET))
    assert WHISTLE_MACHINE.available(whistle(WhistleState.DRAFTED), resident) == ()
    names = {action.name for action in WHISTLE_MACHINE.available(whistle(WhistleState.DRAFTED), DISPATCHER)}
    assert names == {"revise", "submit", "blowEmergency", "callJointMeeting", "withdraw"}


def test_another_version_is_refused_with_what_is_allowed() -> None:
    facts = whistle(WhistleState.DRAFTED, version=3)
    WHISTLE_MACHINE.expect(None, facts, CHIEF)
    WHISTLE_MACHINE.expect(3, facts, CHIEF)
    with pytest.raises(StateConflict) as refused:
        WHISTLE_MACHINE.expect(2, facts, CHIEF)
    assert (refused.value.version, [action.name for action in refused.value.allowed]) == (
        3, ["callJointMeeting", "withdraw"],
    )  # fmt: skip


def present(code: str, role: AssignmentRole = AssignmentRole.CO, state: AssignmentState = ARRIVED) -> Any:
    return brief(code, role, state, arrived_at=NOW)


@pytest.mark.parametrize(
    ("assignments", "expected"),
    [
        ((brief("CG", LEAD), brief("JJ")), WhistleState.BLOWN),
        ((present("CG", LEAD), brief("JJ")), WhistleState.GATHERING),
        ((present("CG", LEAD), present("JJ")), WhistleState.HANDLING),
        ((present("CG", LEAD), brief("WG", INFORM)), WhistleState.HANDLING),
        ((present("CG", LEAD, REPORTED), present("JJ")), WhistleState.HANDLING),
        ((present("CG", LEAD, REPORTED), present("JJ", state=REPORTED)), WhistleState.REPORTED),
        ((present("CG", LEAD, REPORTED), brief("WG", INFORM)), WhistleState.REPORTED),
        ((present("CG", LEAD, AssignmentState.RETURNED), present("JJ", state=REPORTED)), WhistleState.HANDLING),
        ((present("CG", LEAD, AssignmentState.VERIFIED), present("JJ", state=REPORTED)), WhistleState.REPORTED),
        (
            (present("CG", LEAD, AssignmentState.VERIFIED), present("JJ", state=AssignmentState.RELEASED)),
            WhistleState.VERIFIED,
        ),
    ],
)
def test_where_the_assignments_bring_it(assignments: tuple[Any, ...], expected: WhistleState) -> None:
    for state in IN_THE_FIELD:
        assert computed_whistle_state(state, assignments, remote_allowed=False) is expected


def test_handling_from_afar_counts_as_arriving_where_it_is_allowed() -> None:
    working = (brief("CG", LEAD, AssignmentState.HANDLING, started_at=NOW),)
    assert computed_whistle_state(WhistleState.BLOWN, working, remote_allowed=True) is WhistleState.HANDLING
    assert computed_whistle_state(WhistleState.BLOWN, working, remote_allowed=False) is WhistleState.BLOWN


@pytest.mark.parametrize("state", sorted(set(WhistleState) - IN_THE_FIELD))
def test_what_is_not_in_the_field_stays(state: WhistleState) -> None:
    assert computed_whistle_state(state, (present("CG", LEAD),), remote_allowed=False) is state


def test_open_states_are_those_before_closing() -> None:
    assert {WhistleState.DRAFTED, WhistleState.PENDING_APPROVAL} | IN_THE_FIELD == OPEN


def test_evaluated_wants_both_sides() -> None:
    assignments = (present("CG", LEAD), present("JJ"), brief("WG", INFORM))
    complete: dict[str, Any] = {"assignments": assignments, "judged": True, "rated_organizations": ("CG", "JJ")}
    assert is_evaluated(whistle(WhistleState.CLOSED, **complete))
    assert not is_evaluated(whistle(WhistleState.CLOSED, **complete | {"judged": False}))
    assert not is_evaluated(whistle(WhistleState.CLOSED, **complete | {"rated_organizations": ("CG",)}))
