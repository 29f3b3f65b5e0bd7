"""Stable identifiers of the demonstration street: the same name gives the same id on every machine, so tests can ask for it."""

from uuid import UUID, uuid5

_NAMESPACE = UUID("3f0d1c5e-9901-5a11-8b1e-990101001000")


def account_id(staff_name: str) -> UUID:
    """Id of the account of a member of staff, by the Chinese name: no two of the street share one."""
    return stable_id("account", staff_name)


def person_id(reference: str) -> UUID:
    """Id of a resident, by the number in the data file, such as P014."""
    return stable_id("person", reference)


def household_id(number: str) -> UUID:
    """Id of a household, by its number, such as H010."""
    return stable_id("household", number)


def vessel_id(registration: str) -> UUID:
    """Id of a vessel, by its registration."""
    return stable_id("vessel", registration)


def team_id(code: str) -> UUID:
    """Id of a service team, by its code."""
    return stable_id("team", code)


def case_id(number_in_file: int) -> UUID:
    """Id of a case, by its number in the data file, 1 to 27."""
    return stable_id("case", str(number_in_file))


def whistle_id(name: str) -> UUID:
    """Id of a whistle, by its name in the data file, W1 to W7."""
    return stable_id("whistle", name)


def promise_id(name: str) -> UUID:
    """Id of a promise, by its name in the data file, PM1 to PM3."""
    return stable_id("promise", name)


def meeting_id(name: str) -> UUID:
    """Id of a meeting, by its name in the data file, M2 or M3."""
    return stable_id("meeting", name)


def campaign_id(name: str) -> UUID:
    """Id of a campaign, by its name in the data file, such as CP1."""
    return stable_id("campaign", name)


def assignment_id(number_in_file: int, organization_code: str, round_number: int = 0) -> UUID:
    """Id of an organization's assignment in a case of the data file."""
    return stable_id("assignment", f"{number_in_file}:{round_number}:{organization_code}")


def stable_id(kind: str, name: str) -> UUID:
    """An id of version 5 for a thing of a kind."""
    return uuid5(_NAMESPACE, f"{kind}:{name}")
