"""Who sees which rows and fields (reference C.7), as data: default deny.

A rule names, for each role, a condition on the row. The read compiler turns conditions into SQL, the commands ask the same
grants in Python, and the test interpreter evaluates them row by row; so a rule stands in one place.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Any, Literal
from uuid import UUID

from shaodao.domain.vocabulary import LeaderRank, Role

Level = Literal["GRID", "COMMUNITY", "STREET", "COUNTY", "CITY", "PROVINCE"]


def level_of(code: str) -> Level:
    """The level that a scope code stands on: 15 digits are a grid, 12 a division whose trailing zeros tell its level."""
    if len(code) == 15:
        return "GRID"
    if not code.endswith("000"):
        return "COMMUNITY"
    if not code.endswith("000000"):
        return "STREET"
    if code[4:6] != "00":
        return "COUNTY"
    return "CITY" if code[2:4] != "00" else "PROVINCE"


def county_of(code: str) -> int:
    """``county_code`` of a division or grid code: its first six digits as a number (GB/T 2260)."""
    return int(code[:6])


def prefix_of(code: str) -> str:
    """The prefix that the codes of everything inside the scope share."""
    lengths: dict[Level, int] = {"GRID": 15, "COMMUNITY": 12, "STREET": 9, "COUNTY": 6, "CITY": 4, "PROVINCE": 2}
    return code[: lengths[level_of(code)]]


@dataclass(frozen=True)
class Grant:
    """A role within a scope: a division or grid code, for a department's handler also the organization."""

    role: Role
    scope: str
    organization: str | None = None
    rank: LeaderRank | None = None

    @property
    def level(self) -> Level:
        """The level of the scope."""
        return level_of(self.scope)

    def covers(self, code: str) -> bool:
        """Whether a division or grid code lies in the scope."""
        return code.startswith(prefix_of(self.scope))


@dataclass(frozen=True)
class Viewer:
    """Who asks: the account or person behind a token and its grants. No grants: sees nothing."""

    login: str
    name: str
    grants: tuple[Grant, ...] = ()
    account_id: UUID | None = None
    person_id: UUID | None = None

    @cached_property
    def memory(self) -> dict[Any, Any]:
        """What is worked out from the viewer alone and kept with it; another viewer, a changed copy too, begins anew."""
        return {}

    @cached_property
    def counties(self) -> tuple[int, ...]:
        """The counties that the grants reach, ascending."""
        return tuple(sorted({county_of(grant.scope) for grant in self.grants}))

    def grants_of(self, *roles: Role) -> tuple[Grant, ...]:
        """The grants with one of the roles."""
        return tuple(grant for grant in self.grants if grant.role in roles)

    @cached_property
    def organizations(self) -> tuple[str, ...]:
        """Codes of the organizations whose handler the viewer is."""
        return tuple(sorted({g.organization for g in self.grants_of(Role.DEPT_HANDLER) if g.organization}))


SYSTEM = Viewer(login="system", name="系统")
"""Who acts where nobody does: the clock, and what is computed."""


class Subject(StrEnum):
    """What of the viewer a column is compared with."""

    ACCOUNT = "ACCOUNT"
    PERSON = "PERSON"
    ORGANIZATION = "ORGANIZATION"


@dataclass(frozen=True)
class Everything:
    """Every row."""


@dataclass(frozen=True)
class InScope:
    """The row lies in the grant's scope: its grid_code, community_code, street_code or county_code equals it, by the grant's level."""


@dataclass(frozen=True)
class Mine:
    """The row's ``column`` is the viewer's account, person, or (one of) the viewer's organization codes."""

    column: str
    subject: Subject


@dataclass(frozen=True)
class NotMine:
    """The row's ``column`` is nobody's, or not the viewer's."""

    column: str
    subject: Subject


@dataclass(frozen=True)
class Is:
    """The row's ``column`` (text or boolean) is one of the constants."""

    column: str
    values: tuple[str | bool, ...]


@dataclass(frozen=True)
class IsNot:
    """The row's ``column`` is none of the constants (a null is none of them)."""

    column: str
    values: tuple[str | bool, ...]


@dataclass(frozen=True)
class Known:
    """The row's ``column`` is not null."""

    column: str


@dataclass(frozen=True)
class Unknown:
    """The row's ``column`` is null."""

    column: str


@dataclass(frozen=True)
class Linked:
    """A row of ``table`` in the same county exists with ``theirs`` equal to this row's ``ours``, for which ``condition`` holds."""

    table: str
    theirs: str
    ours: str
    condition: "Condition"


@dataclass(frozen=True)
class AllOf:
    """Every part holds."""

    parts: tuple["Condition", ...]


@dataclass(frozen=True)
class AnyOf:
    """At least one part holds."""

    parts: tuple["Condition", ...]


Condition = Everything | InScope | Mine | NotMine | Is | IsNot | Known | Unknown | Linked | AllOf | AnyOf
Rule = Mapping[Role, Condition]
