"""A story told as data: its steps in order of time, and where it ends otherwise than the stored cases."""

from datetime import date, datetime, time
from importlib.resources import files
from typing import Any

import msgspec

from shaodao.domain.calendar import SHANGHAI

SYSTEM = "系统"
"""Who does what the platform does by itself; a story waits for it."""


class Step(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One step of a case. ``at``: Shanghai time of its day; ``do``: the mutation; ``given``: what it is given in particular.

    ``by``: a member of staff's name, a resident's number such as P014, or SYSTEM; without it the handler of ``org``, the
    organization whose assignment the step is about.
    """

    at: time
    case: int
    do: str
    by: str | None = None
    org: str | None = None
    given: dict[str, Any] = msgspec.field(default_factory=dict, name="with")


class Day(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The steps of a day, in order."""

    day: date
    steps: tuple[Step, ...]


class Departure(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Fields of a case in which the story ends otherwise than the stored case, and with what instead; ``why``: in Chinese."""

    case: int
    fields: tuple[str, ...]
    why: str
    played: str = ""


class Script(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A story: its days in order, and its departures from the stored cases."""

    days: tuple[Day, ...]
    departures: tuple[Departure, ...] = ()

    @property
    def steps(self) -> list[tuple[datetime, Step]]:
        """Every step with its moment, in the order of telling."""
        return [(datetime.combine(day.day, step.at, SHANGHAI), step) for day in self.days for step in day.steps]


def load_script(name: str) -> Script:
    """The story in the file of that name, such as ``month.toml``. Raises msgspec.ValidationError."""
    return msgspec.toml.decode(files(__package__).joinpath(name).read_bytes(), type=Script)
