"""Whether a viewer sees a case, its parts, a person: the rules asked of facts in memory, role by role."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest

from shaodao.domain.facts import CaseFacts, Involvement
from shaodao.domain.permissions import Grant, Viewer
from shaodao.domain.rules import RULES
from shaodao.domain.sight import sees_assignment, sees_case, sees_person, sees_whistle, strictest
from shaodao.domain.vocabulary import AssignmentRole, AssignmentState, CaseState, CaseVisibility, Role, WhistleState
from tests.unit import machine_facts

GRID, OTHER_GRID = "990101001001001", "990101001001002"
STREET, OTHER_STREET, COUNTY = "990101001000", "990101002000", "990101000000"
ME = UUID(int=77)
INFORMED = datetime(2026, 11, 20, tzinfo=UTC)


def viewer(role: Role, scope: str = STREET, **other: Any) -> Viewer:
    organization = other.pop("organization", None)
    return Viewer("v", "示", (Grant(role, scope, organization),), **other)


def handler(organization: str = "CG") -> Viewer:
    return viewer(Role.DEPT_HANDLER, COUNTY, organization=organization)


CHIEF_OF_TT = Viewer(
    "v", "示", (Grant(Role.GRID_CHIEF, "990101001001"), Grant(Role.DEPT_HANDLER, "990101001001", "TT")), account_id=ME
)


def case(**changes: Any) -> CaseFacts:
    return machine_facts.case(**changes)


def involved(state: AssignmentState = AssignmentState.HANDLING, role: AssignmentRole = AssignmentRole.LEAD) -> Any:
    return (Involvement("CG", role, state),)


@pytest.mark.parametrize(
    ("who", "facts", "seen"),
    [
        (viewer(Role.STREET_DISPATCHER), {}, True),
        (viewer(Role.STREET_DISPATCHER, OTHER_STREET), {}, False),
        (viewer(Role.GRID_WORKER, GRID), {}, True),
        (viewer(Role.GRID_WORKER, OTHER_GRID), {}, False),
        (viewer(Role.GRID_WORKER, GRID), {"visibility": CaseVisibility.RESTRICTED_MINOR}, False),
        (viewer(Role.GRID_WORKER, OTHER_GRID, account_id=ME), {"first_receiver_id": ME}, True),
        (viewer(Role.GRID_WORKER, OTHER_GRID, account_id=ME), {"agent_id": ME}, True),
        (viewer(Role.GRID_CHIEF, OTHER_GRID, account_id=ME), {"agent_id": UUID(int=1)}, False),
        (viewer(Role.FOLLOW_UP), {"state": CaseState.HANDLING}, False),
        (viewer(Role.FOLLOW_UP), {"state": CaseState.CLOSED}, True),
        (viewer(Role.RESIDENT, person_id=ME), {"reporter_person_id": ME}, True),
        (viewer(Role.RESIDENT, person_id=ME), {"reporter_person_id": UUID(int=1)}, False),
        (viewer(Role.RESIDENT), {"reporter_person_id": None}, False),
        (viewer(Role.COUNTY_GRID_OFFICE, COUNTY), {}, False),
        (viewer(Role.COUNTY_GRID_OFFICE, COUNTY), {"county_informed_at": INFORMED}, True),
        (handler(), {"involved": involved()}, True),
        (handler("JJ"), {"involved": involved()}, False),
        (handler(), {"involved": (Involvement("CG", AssignmentRole.LEAD, AssignmentState.HANDLING, ME),)}, False),
        (CHIEF_OF_TT, {"accused_organization_code": "TT"}, False),
        (CHIEF_OF_TT, {"accused_organization_code": "CG"}, True),
        (handler(), {"involved": involved(AssignmentState.WITHDRAWN)}, False),
        (handler(), {"involved": involved(AssignmentState.REASSIGNED)}, False),
        (Viewer("nobody", "无示名"), {}, False),
    ],
)
def test_who_sees_a_case(who: Viewer, facts: dict[str, Any], seen: bool) -> None:
    assert sees_case(who, case(**facts)) is seen


def test_a_resident_sees_the_own_case_and_not_what_hangs_on_it() -> None:
    resident, own = viewer(Role.RESIDENT, person_id=ME), case(reporter_person_id=ME)
    assert sees_case(resident, own)
    assert not sees_whistle(resident, machine_facts.whistle(WhistleState.BLOWN, case=own))
    assert not sees_assignment(resident, machine_facts.assignment(AssignmentState.NOTIFIED, case=own))


def test_a_department_sees_its_own_assignment_when_the_case_is_out_of_sight() -> None:
    own = machine_facts.assignment(AssignmentState.WITHDRAWN, case=case(), organization_code="CG")
    assert sees_assignment(handler(), own)
    assert not sees_assignment(handler("JJ"), own)


def test_a_child_is_seen_by_the_street_and_by_itself() -> None:
    child = uuid4()
    for who, seen in (
        (viewer(Role.GRID_WORKER, GRID), False),
        (viewer(Role.STREET_DISPATCHER), True),
        (viewer(Role.RESIDENT, person_id=child), True),
        (viewer(Role.RESIDENT, person_id=ME), False),
        (handler(), False),
    ):
        assert sees_person(who, child, GRID, "RESTRICTED_MINOR") is seen


def test_the_strictest_class_wins() -> None:
    assert strictest(CaseVisibility.NORMAL, CaseVisibility.RESTRICTED_MINOR) is CaseVisibility.RESTRICTED_MINOR
    assert strictest(CaseVisibility.RESTRICTED_SPECIAL, CaseVisibility.CONFIDENTIAL_REPORTER) is (
        CaseVisibility.RESTRICTED_SPECIAL
    )


def test_nobody_but_the_dispatcher_looks_phones_up() -> None:
    assert set(RULES["person_by_phone"]) == set(RULES["case_by_phone"]) == {Role.STREET_DISPATCHER}


@pytest.mark.parametrize("rule", ["reporter", "staff_field", "staff_field_of_case", "own_field", "person_staff"])
def test_no_field_rule_shows_a_role_more_rows_than_the_role_sees(rule: str) -> None:
    rows = {"reporter": "case", "staff_field": "case", "person_staff": "person"}.get(rule, "assignment")
    for role, condition in RULES[rule].items():
        if role is not Role.DEPT_HANDLER:
            assert condition == RULES[rows][role]
