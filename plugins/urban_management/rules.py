"""Whom 城管 sends: its rules file, read anew for each event, so that a change of shift needs no restart."""

from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec

from shaodao.plugin import AssignmentView, DepartmentSettings, Urgency, WhistleKind


class Squad(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A squad, and for what it goes out; a condition left out is always met.

    Hours are of Shanghai, ``until`` excluded.
    """

    name: str
    persons: tuple[str, ...]
    kinds: tuple[WhistleKind, ...] = ()
    categories: tuple[str, ...] = ()
    urgencies: tuple[Urgency, ...] = ()
    from_hour: int = 0
    until_hour: int = 24

    def goes(self, view: AssignmentView, hour: int) -> bool:
        """Whether the squad goes out for this assignment at this hour."""
        kind = view.whistle.kind if view.whistle else None
        return (
            (not self.kinds or kind in self.kinds)
            and (not self.categories or view.case.category_code in self.categories)
            and (not self.urgencies or view.case.urgency in self.urgencies)
            and self._on_duty(hour)
        )

    def _on_duty(self, hour: int) -> bool:
        if self.from_hour < self.until_hour:
            return self.from_hour <= hour < self.until_hour
        return hour >= self.from_hour or hour < self.until_hour


class Cause(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The class code 案由 for a category, and the days given to put things right 整改期限."""

    category: str
    code: str
    rectify_days: int


class CrewPace(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How fast the simulated crew is, in seconds."""

    arrive_seconds: float
    report_seconds: float

    @property
    def arrives_after(self) -> timedelta:
        """From setting out to the place."""
        return timedelta(seconds=self.arrive_seconds)

    @property
    def reports_after(self) -> timedelta:
        """From the place to the report."""
        return timedelta(seconds=self.report_seconds)


class Rules(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The rules file. The first squad that fits goes; the last one fits always."""

    filing_prefix: str
    squads: tuple[Squad, ...]
    causes: tuple[Cause, ...]
    other_cause: Cause
    crew: CrewPace

    def squad_for(self, view: AssignmentView, now: datetime) -> Squad:
        """The squad that goes out for an assignment now."""
        hour = now.astimezone(ZoneInfo("Asia/Shanghai")).hour
        return next((squad for squad in self.squads if squad.goes(view, hour)), self.squads[-1])

    def cause_for(self, category: str | None) -> Cause:
        """The cause of a category of appeals."""
        return next((cause for cause in self.causes if cause.category == category), self.other_cause)


def load_rules(settings: DepartmentSettings) -> Rules:
    """The host's rules file ``urban_management.toml``, else the shipped one. Raises msgspec.DecodeError, OSError."""
    path = settings.rules_file("urban_management", Path(__file__).with_name("rules.toml"))
    return msgspec.toml.decode(path.read_bytes(), type=Rules)
