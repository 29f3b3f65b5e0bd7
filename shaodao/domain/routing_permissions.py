"""Who decides about routing rules 派单规则, duty lists 履职事项清单 and work placed on communities 社区准入 (L-25 to L-29, C.7)."""

from uuid import UUID

from shaodao.domain.permissions import Viewer, county_of, level_of
from shaodao.domain.vocabulary import Role

_PROPOSERS = (Role.STREET_DISPATCHER, Role.STREET_LEADER, Role.COUNTY_GRID_OFFICE)
_DECIDERS = (Role.COUNTY_GRID_OFFICE, Role.STREET_LEADER)


def may_propose_rule(viewer: Viewer, county: int, area: str | None) -> Role | None:
    """The role in which the viewer may propose a rule, or its retirement, for an area; None as area: the whole county.

    Dispatcher or leader of a street, or the county grid office; a named area must lie in the scope. Proposing changes
    nothing yet, so a street may also propose what only the county can decide.
    """
    for grant in viewer.grants_of(*_PROPOSERS):
        if county_of(grant.scope) == county and (area is None or grant.covers(area)):
            return grant.role
    return None


def may_decide_rule(viewer: Viewer, county: int, area: str | None, proposed_by: UUID | None) -> Role | None:
    """The role in which the viewer may decide a proposal: the leader of the street in which the area lies, or the county.

    What holds for the whole county, which is no area, is the county grid office's alone to decide. Nobody decides what they
    have proposed themselves.
    """
    if viewer.account_id is None or viewer.account_id == proposed_by:
        return None
    scope = area or f"{county:06d}000000"
    return next((grant.role for grant in viewer.grants_of(*_DECIDERS) if grant.covers(scope)), None)


def area_of_proposal(viewer: Viewer, county: int) -> str | None:
    """The area of a new rule that names none: the proposer's own street; None, the whole county, for the county grid office."""
    grants = [grant for grant in viewer.grants_of(*_PROPOSERS) if county_of(grant.scope) == county]
    if any(level_of(grant.scope) == "COUNTY" for grant in grants):
        return None
    return next((grant.scope for grant in grants), None)


def may_edit_duty_list(viewer: Viewer, county: int) -> bool:
    """Whether the viewer keeps the duty lists: the county grid office of the county."""
    return any(county_of(grant.scope) == county for grant in viewer.grants_of(Role.COUNTY_GRID_OFFICE))


def may_request_admission(viewer: Viewer, organization_code: str) -> bool:
    """Whether the viewer may ask to place the organization's work on communities: its handler."""
    return organization_code in viewer.organizations


def may_decide_admission(viewer: Viewer, street_code: str, requested_by: UUID | None) -> bool:
    """Whether the viewer decides such a request: a leader of the street that is not who asked (L-26)."""
    if viewer.account_id is None or viewer.account_id == requested_by:
        return False
    return any(grant.covers(street_code) for grant in viewer.grants_of(Role.STREET_LEADER))
