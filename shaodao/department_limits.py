"""What a department's hooks may take: each a setting for all departments, ``SHAODAO_DEPARTMENT_LIMITS`` for one of them."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from shaodao.limits import limit


@dataclass(frozen=True)
class DepartmentLimits:
    """Numbers are counts, of megabytes where the meaning says so; floats are seconds."""

    hook_timeout: float = limit(20.0, "Seconds that one call of a department's hook may take.")
    hook_memory: int = limit(512, "Megabytes that the process of a department may take.", least=128)
    in_flight: int = limit(8, "Deliveries of a department that run at once in a county.")
    attempt_limit: int = limit(8, "Attempts after which a delivery is parked for an operator.")
    first_backoff: float = limit(1.0, "Seconds until a failed delivery comes again; doubled with each failure.")
    longest_backoff: float = limit(600.0, "Seconds that a failed delivery waits at most.")
    breaker_failures: int = limit(5, "Failures in a row, of several lanes, after which a department is left alone.")
    breaker_pause: float = limit(30.0, "Seconds for which a department is then left alone.")


Overrides = tuple[tuple[str, str, Any], ...]
"""Limits of single departments: name of the department, field of DepartmentLimits, value."""


def unknown_departments(overrides: Overrides, names: Collection[str]) -> tuple[str, ...]:
    """Those that have limits and are none of ``names``, where a broken one may stand by its import name."""
    known = {*names, *(name.rpartition(".")[2] for name in names)}
    return tuple(dict.fromkeys(department for department, _, _ in overrides if department not in known))
