"""Whom 公安 sends: shifts and strength for each of its organizations, read anew for each event."""

import re
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec

from plugins.public_security.form import Disposal
from shaodao.plugin import AssignmentView, DepartmentSettings, Urgency, WhistleKind


class Shift(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The officers on duty from one hour, in Shanghai time, to the next shift's, the leading officer first."""

    from_hour: int
    officers: tuple[str, ...]


class Unit(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One organization: its shifts in order of the hours, and how it usually disposes of a category of cases."""

    incident_prefix: str
    shifts: tuple[Shift, ...]
    disposals: dict[str, Disposal]
    other_disposal: Disposal
    asks_for_plates: bool = False

    def on_duty(self, hour: int) -> tuple[str, ...]:
        """The officers of the shift that an hour falls into; before the first shift of the day it is the last one's."""
        begun = [shift for shift in self.shifts if shift.from_hour <= hour]
        return (begun or self.shifts)[-1].officers


class Strength(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How many officers go."""

    emergency: int
    urgent: int
    usual: int


class Rules(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The rules file.

    ``plate`` is a pattern of a vehicle's plate, ``vehicle_words`` the words that tell of vehicles.
    """

    units: dict[str, Unit]
    strength: Strength
    plate: str
    vehicle_words: tuple[str, ...]
    crew_arrive_seconds: float
    crew_report_seconds: float

    @property
    def arrives_after(self) -> timedelta:
        """How long the simulated crew takes to arrive."""
        return timedelta(seconds=self.crew_arrive_seconds)

    @property
    def reports_after(self) -> timedelta:
        """How long it takes from there to the report."""
        return timedelta(seconds=self.crew_report_seconds)

    def officers_for(self, view: AssignmentView, now: datetime) -> tuple[str, ...]:
        """The officers who go: those on duty, as many as kind and urgency ask for."""
        hour = now.astimezone(ZoneInfo("Asia/Shanghai")).hour
        return self.units[view.organization_code].on_duty(hour)[: self._strength(view)]

    def incident_number(self, view: AssignmentView) -> str:
        """The department's own number 接处警编号, made from the street's: one case, one incident."""
        _, day, running = view.case.number.split("-")
        return f"{self.units[view.organization_code].incident_prefix}{day}{running}"

    def question_for(self, view: AssignmentView) -> str | None:
        """What is missing in the case, as a question; None when it says enough."""
        text = view.case.title + view.case.description
        if self.units[view.organization_code].asks_for_plates and any(word in text for word in self.vehicle_words):
            return None if re.search(self.plate, text) else "请补充涉事车辆的车牌号，以便查找车主。"
        if view.case.address or view.case.point:
            return None
        return "请补充事发地点的详细地址或定位，警力先行赶往现场附近。"

    def disposal_for(self, view: AssignmentView) -> Disposal:
        """How the organization usually disposes of such a case."""
        unit = self.units[view.organization_code]
        return unit.disposals.get(view.case.category_code or "", unit.other_disposal)

    def _strength(self, view: AssignmentView) -> int:
        if view.whistle is not None and view.whistle.kind is WhistleKind.EMERGENCY:
            return self.strength.emergency
        return self.strength.urgent if view.case.urgency is Urgency.URGENT else self.strength.usual


def load_rules(settings: DepartmentSettings) -> Rules:
    """The host's rules file ``public_security.toml``, else the shipped one. Raises msgspec.DecodeError, OSError."""
    path = settings.rules_file("public_security", Path(__file__).with_name("rules.toml"))
    return msgspec.toml.decode(path.read_bytes(), type=Rules)
