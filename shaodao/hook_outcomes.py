"""How a call of a department's hook may end."""

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True)
class Handled:
    """The hook has done its work, or the department has no such hook."""


@dataclass(frozen=True)
class Postponed:
    """The hook raised TryLater: deliver the event again after ``delay``; no failure."""

    delay: timedelta
    reason: str


@dataclass(frozen=True)
class Declined:
    """The hook raised Refuse, or let a refusal of the desk through: record it and go on with the next event.

    What the desk refuses (the matter has moved on, the form's fields are faulty, the assignment is another's) no repetition mends.
    """

    reason: str


@dataclass(frozen=True)
class TimedOut:
    """The hook did not end within its time limit: a failure."""

    seconds: float


@dataclass(frozen=True)
class Crashed:
    """The hook raised something else: a failure. ``error`` is one line, ``trace`` the traceback."""

    error: str
    trace: str


Outcome = Handled | Postponed | Declined | TimedOut | Crashed
