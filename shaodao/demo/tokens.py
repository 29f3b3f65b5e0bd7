"""Who the demonstration hands out tokens for: viewers of its staff and residents, and the ready ones of its menu."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from joserfc.jwk import OKPKey

from shaodao import tokens
from shaodao.demo.identifiers import account_id, person_id
from shaodao.demo.registers import grants_of
from shaodao.demo.source import Street, load_street
from shaodao.domain.permissions import Grant, Viewer
from shaodao.domain.vocabulary import Role
from shaodao.settings import Settings

LIFETIME = timedelta(days=30)
"""Long enough to try things; tokens end by the machine's time, however far the demonstration's clock was moved."""

MENU = (
    "周示岚", "吕示衡", "孔示明", "张示远", "毛示访", "金示慈", "魏示锋", "陶示途", "姜示序", "曹示度",
)  # fmt: skip
"""The staff of the menu, in its order; after them comes the resident."""

RESIDENT = "P014"
"""The resident of the menu."""


@dataclass(frozen=True)
class ReadyToken:
    """A token that is ready to use, with whose it is in Chinese."""

    label: str
    login: str
    token: str


def ready_tokens(settings: Settings, now: datetime) -> tuple[ReadyToken, ...]:
    """The tokens that the demonstration offers, signed with the key in the data folder. Raises StartError."""
    street, key = load_street(), tokens.local_key(settings.data_dir)
    staff = (_ready(settings, key, now, staff_viewer(street, name), _staff_label(street, name)) for name in MENU)
    resident = resident_viewer(street, RESIDENT)
    label = f"居民 {resident.name}（{RESIDENT}，{street.person(RESIDENT).address}）"
    return (*staff, _ready(settings, key, now, resident, label, RESIDENT))


def staff_viewer(street: Street, name: str) -> Viewer:
    """The viewer of a member of staff, by the Chinese name. Raises KeyError."""
    staff = street.member_of_staff(name)
    return Viewer(staff.login, staff.name, grants_of(staff), account_id=account_id(name))


def resident_viewer(street: Street, reference: str) -> Viewer:
    """The viewer of a resident, by the number such as P014. Raises KeyError."""
    person = street.person(reference)
    login = f"resident.{reference.lower()}"
    return Viewer(login, person.name, (Grant(Role.RESIDENT, street.code),), person_id=person_id(reference))


def handler_viewer(street: Street, organization_code: str) -> Viewer:
    """The viewer of an organization's handler 部门经办人. Raises KeyError where it has none."""
    for staff in street.staff:
        if staff.handled == organization_code:
            return staff_viewer(street, staff.name)
    raise KeyError(organization_code)


def _ready(
    settings: Settings, key: OKPKey, now: datetime, viewer: Viewer, label: str, person: str | None = None
) -> ReadyToken:
    token = tokens.issue(
        key, login=viewer.login, name=viewer.name, grants=viewer.grants, issuer=settings.issuer,
        audience=settings.audience, now=now, lifetime=LIFETIME, person=person,
    )  # fmt: skip
    return ReadyToken(label, viewer.login, token)


def _staff_label(street: Street, name: str) -> str:
    """Such as 全科网格员 周示岚（听涛第一网格(望海里)）: the role, and where or for whom it is held."""
    staff = street.member_of_staff(name)
    role = Role[staff.role]
    if role is Role.GRID_WORKER:
        where = next(grid.name for grid in street.grids if grid.code == staff.scope)
    else:
        where = staff.label
    if role is Role.DEPT_HANDLER:
        where = next(one.name for one in street.organizations if one.code == staff.org)
    return f"{role.label} {name}（{where}）"
