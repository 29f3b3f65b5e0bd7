"""The test kit for departments: a street in memory, with the platform's own transition tables, deadlines and call path.

No database, no network and no server: ``pluggy`` and ``msgspec`` are all that it needs. ``Street`` loads a department,
blows whistles and moves the clock; ``Assignment`` is what came of it, and plays the street's side. Tests are plain
functions.
"""

from shaodao.hook_outcomes import Crashed, Declined, Handled, Outcome, Postponed, TimedOut
from shaodao.testing.assignment import Assignment, Done, ProgressReport, Question
from shaodao.testing.desk import StreetDesk
from shaodao.testing.samples import CaseSample
from shaodao.testing.street import HookFailed, Street

__all__ = [
    "Assignment",
    "CaseSample",
    "Crashed",
    "Declined",
    "Done",
    "Handled",
    "HookFailed",
    "Outcome",
    "Postponed",
    "ProgressReport",
    "Question",
    "Street",
    "StreetDesk",
    "TimedOut",
]
