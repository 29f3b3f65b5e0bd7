"""The rules of the mini schema: one of every kind, for every role that has any."""

from collections.abc import Mapping

from shaodao.domain.permissions import (
    AllOf,
    AnyOf,
    Everything,
    InScope,
    Is,
    IsNot,
    Known,
    Level,
    Linked,
    Mine,
    NotMine,
    Rule,
    Subject,
    Unknown,
)
from shaodao.domain.vocabulary import Role

HOME: Mapping[Level, str] = {"STREET": "home_street", "COMMUNITY": "home_community", "GRID": "home_grid"}
"""The columns by which a step is placed."""

_PERMIT: Rule = {
    Role.RESIDENT: Mine("applicant_id", Subject.PERSON),
    Role.GRID_WORKER: AnyOf((AllOf((InScope(), Is("secret", (False,)))), Mine("owner_id", Subject.ACCOUNT))),
    Role.GRID_CHIEF: AllOf((InScope(), NotMine("owner_id", Subject.ACCOUNT))),
    Role.STREET_DISPATCHER: InScope(),
    Role.STREET_LEADER: AllOf((InScope(), Known("approved_at"))),
    Role.FOLLOW_UP: AllOf((InScope(), Is("state", ("CLOSED", "OPEN")))),
    Role.COUNTY_GRID_OFFICE: AllOf((InScope(), IsNot("state", ("DRAFT",)))),
    Role.DEPT_HANDLER: Linked("mini_visit", "permit_id", "id", Mine("organization_code", Subject.ORGANIZATION)),
}
_INSIDE = (Role.GRID_WORKER, Role.GRID_CHIEF, Role.STREET_DISPATCHER, Role.STREET_LEADER, Role.FOLLOW_UP)


def _of_permit(role: Role) -> Linked:
    """What hangs on a permit is seen by whoever sees the permit."""
    return Linked("mini_permit", "id", "permit_id", _PERMIT[role])


_NOBODYS = AllOf((Is("public", (True,)), Unknown("organization_code")))
_OWN = Mine("organization_code", Subject.ORGANIZATION)
RULES: Mapping[str, Rule] = {
    "shared": dict.fromkeys(Role, Everything()),
    "permit": _PERMIT,
    "permit_part": {role: _of_permit(role) for role in _PERMIT},
    "step": {
        **dict.fromkeys((Role.GRID_WORKER, Role.GRID_CHIEF, Role.STREET_DISPATCHER), InScope()),
        **{role: _of_permit(role) for role in (Role.STREET_LEADER, Role.COUNTY_GRID_OFFICE)},
        Role.RESIDENT: AllOf((Is("public", (True,)), _of_permit(Role.RESIDENT))),
        Role.DEPT_HANDLER: AllOf((_of_permit(Role.DEPT_HANDLER), AnyOf((_NOBODYS, _OWN)))),
    },
    "phone": {
        Role.STREET_DISPATCHER: Everything(),
        Role.GRID_WORKER: Mine("owner_id", Subject.ACCOUNT),
        Role.RESIDENT: _PERMIT[Role.RESIDENT],
    },
    "inside": {role: _PERMIT[role] for role in _INSIDE},
    "own_visit": {**{role: _of_permit(role) for role in _INSIDE}, Role.DEPT_HANDLER: _OWN},
}
