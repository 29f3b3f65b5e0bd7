"""Who the demonstration hands out tokens for: viewers of its staff and residents, and the ready ones of its menu."""

from shaodao.demo.identifiers import account_id, person_id
from shaodao.demo.registers import grants_of
from shaodao.demo.source import Street
from shaodao.domain.permissions import Grant, Viewer
from shaodao.domain.vocabulary import Role


def staff_viewer(street: Street, name: str) -> Viewer:
    """The viewer of a member of staff, by the Chinese name. Raises KeyError."""
    staff = street.member_of_staff(name)
    return Viewer(staff.login, staff.name, grants_of(staff), account_id=account_id(name))


def resident_viewer(street: Street, reference: str) -> Viewer:
    """The viewer of a resident, by the number such as P014. Raises KeyError."""
    person = street.person(reference)
    return Viewer(
        f"resident.{reference.lower()}", person.name, (Grant(Role.RESIDENT, street.code),), person_id=person_id(reference)
    )  # fmt: skip


def handler_viewer(street: Street, organization_code: str) -> Viewer:
    """The viewer of an organization's handler 部门经办人. Raises KeyError where it has none."""
    for staff in street.staff:
        if staff.role == Role.DEPT_HANDLER and staff.org == organization_code:
            return staff_viewer(street, staff.name)
    raise KeyError(organization_code)
