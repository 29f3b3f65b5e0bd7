"""Plans that are known to be slow, by their cause. Each test of one must fail: who mends it takes its line out."""

from collections.abc import Iterable
from dataclasses import dataclass

from tests.integration.plans import MODES, Mode

STREET, DEPARTMENT, CITY = ("dispatcher", "leader", "caller"), ("busy department",), ("city",)
CUSTOM: tuple[Mode, ...] = ("force_custom_plan",)
GENERIC: tuple[Mode, ...] = ("force_generic_plan",)


@dataclass(frozen=True)
class Slow:
    """Whose operations are slow by which plans, and why; perhaps only on versions of PostgreSQL before one."""

    cause: str
    names: Iterable[str]
    operations: Iterable[str]
    modes: tuple[Mode, ...] = MODES
    only_before: int = 100

    def is_it(self, name: str, operation: str, mode: Mode, version: int) -> bool:
        """Whether an operation is one of them, on this version of PostgreSQL."""
        asked = name in self.names and operation in self.operations
        return asked and mode in self.modes and version < self.only_before


_OF_DEPARTMENT = (
    "newest open", "last open", "due", "urgency", "changed", "of a state", "a day", "a community", "a category",
    "an organization", "text", "text and count", "common text", "one list twice", "counts by organization", "busy inbox",
    "deliveries of cases",
)  # fmt: skip

SLOW = (
    Slow("no index has a county's cases by their state alone", CITY, ("of a state",), GENERIC),
    Slow("PostgreSQL 15 reads every task of the city", CITY, ("tasks",), MODES, 16),
    Slow("the rule of an inbox joins every case of the scope", (*STREET, "county", *CITY), ("busy inbox",)),
    Slow("the rule of an inbox joins every assignment of the organization", ("chief",), ("busy inbox",), CUSTOM),
    Slow("the rule of an inbox joins every case of the scope", STREET, ("deliveries",), GENERIC),
    Slow("no index has cases by DUE that are not open", (*STREET, *CITY), ("one list twice",)),
    Slow("no index has cases by CHANGED", (*STREET, *CITY), ("changed", "many roots")),
    Slow("no index has cases by category", (*STREET, *CITY), ("a category", "wild category")),
    Slow("EXISTS of an organization's assignments is joined with every case of the scope, or walked", (*STREET, *CITY), ("an organization",), GENERIC),
    Slow("a city has so many open cases that every assignment is read beside them", CITY, ("counts by organization",)),
    Slow("a department's list reads every assignment of its own, whatever it asks for", DEPARTMENT, _OF_DEPARTMENT),
    Slow("people of several counties are all sorted: no index has them by county and name", CITY, ("people",)),
)  # fmt: skip


def cause_of(name: str, operation: str, mode: Mode, version: int) -> str | None:
    """Why a viewer's operation is slow by such a plan on a version of PostgreSQL; None where it is not."""
    return next((slow.cause for slow in SLOW if slow.is_it(name, operation, mode, version)), None)
