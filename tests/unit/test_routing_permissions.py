"""Who proposes and decides routing rules, keeps the duty lists, and admits work to communities (C.7, L-25 to L-29)."""

from uuid import UUID

import pytest

from shaodao.domain.permissions import Grant, Viewer
from shaodao.domain.routing_permissions import (
    area_of_proposal,
    may_decide_admission,
    may_decide_rule,
    may_edit_duty_list,
    may_propose_rule,
    may_request_admission,
)
from shaodao.domain.vocabulary import Role

COUNTY, STREET, OTHER_STREET = "990101000000", "990101001000", "990101002000"
ME, YOU = UUID(int=1), UUID(int=2)


def viewer(role: Role, scope: str = STREET, account: UUID | None = ME, organization: str | None = None) -> Viewer:
    return Viewer("x", "示", (Grant(role, scope, organization),), account)


@pytest.mark.parametrize(
    ("role", "scope", "area", "may"),
    [
        (Role.STREET_DISPATCHER, STREET, "990101001001", True),
        (Role.STREET_LEADER, STREET, None, True),
        (Role.STREET_LEADER, STREET, OTHER_STREET, False),
        (Role.COUNTY_GRID_OFFICE, COUNTY, OTHER_STREET, True),
        (Role.COUNTY_GRID_OFFICE, "990102000000", None, False),
        (Role.GRID_CHIEF, "990101001001", "990101001001", False),
        (Role.DEPT_HANDLER, COUNTY, None, False),
    ],
)
def test_street_and_county_propose_for_their_area(role: Role, scope: str, area: str | None, may: bool) -> None:
    assert (may_propose_rule(viewer(role, scope), 990101, area) is role) is may


@pytest.mark.parametrize(
    ("role", "scope", "area", "proposed_by", "may"),
    [
        (Role.STREET_LEADER, STREET, STREET, YOU, True),
        (Role.STREET_LEADER, STREET, STREET, ME, False),
        (Role.STREET_LEADER, STREET, None, YOU, False),
        (Role.STREET_LEADER, STREET, OTHER_STREET, YOU, False),
        (Role.COUNTY_GRID_OFFICE, COUNTY, None, YOU, True),
        (Role.COUNTY_GRID_OFFICE, COUNTY, STREET, ME, False),
        (Role.STREET_DISPATCHER, STREET, STREET, YOU, False),
    ],
)
def test_another_person_decides_for_the_whole_of_the_area(
    role: Role, scope: str, area: str | None, proposed_by: UUID, may: bool
) -> None:
    assert (may_decide_rule(viewer(role, scope), 990101, area, proposed_by) is role) is may
    assert may_decide_rule(viewer(role, scope, None), 990101, area, proposed_by) is None


def test_a_rule_without_an_area_is_of_the_proposers_street_or_of_the_county() -> None:
    assert area_of_proposal(viewer(Role.STREET_DISPATCHER), 990101) == STREET
    assert area_of_proposal(viewer(Role.COUNTY_GRID_OFFICE, COUNTY), 990101) is None


def test_duty_lists_are_the_countys_and_admission_is_the_streets() -> None:
    assert may_edit_duty_list(viewer(Role.COUNTY_GRID_OFFICE, COUNTY), 990101)
    assert not may_edit_duty_list(viewer(Role.STREET_LEADER), 990101)
    assert may_request_admission(viewer(Role.DEPT_HANDLER, COUNTY, organization="WJ"), "WJ")
    assert not may_request_admission(viewer(Role.DEPT_HANDLER, COUNTY, organization="WJ"), "CG")
    assert may_decide_admission(viewer(Role.STREET_LEADER), STREET, YOU)
    assert not may_decide_admission(viewer(Role.STREET_LEADER), STREET, ME)
    assert not may_decide_admission(viewer(Role.STREET_DISPATCHER), STREET, YOU)
