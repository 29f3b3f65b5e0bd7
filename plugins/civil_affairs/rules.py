"""Whom 民政 sends, by the kind of need; read anew for each event."""

from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec

from plugins.civil_affairs.form import Assistance
from shaodao.plugin import AssignmentView, DepartmentSettings, Urgency, WhistleKind

_SATURDAY = 5


class Need(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A kind of need: the words that tell of it, who sees to it, and what help is usual.

    ``mark`` begins subject numbers.
    """

    words: tuple[str, ...]
    assistance: Assistance
    officers: tuple[str, ...]
    help: str
    mark: str
    temporary: bool = False


class Rules(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The rules file.

    The need whose word stands in the case is met; ``other`` is for the rest. Hours are of Shanghai.
    """

    needs: tuple[Need, ...]
    other: Need
    on_call: tuple[str, ...]
    office_from_hour: int
    office_until_hour: int
    visit_seconds: float
    report_seconds: float

    @property
    def visits_after(self) -> timedelta:
        """How long the simulated officer takes to the door."""
        return timedelta(seconds=self.visit_seconds)

    @property
    def reports_after(self) -> timedelta:
        """How long it takes from there to the report."""
        return timedelta(seconds=self.report_seconds)

    def need_of(self, view: AssignmentView) -> Need:
        """The kind of need that the case tells of."""
        text = view.case.title + view.case.description
        return next((need for need in self.needs if any(word in text for word in need.words)), self.other)

    def officers_for(self, need: Need, view: AssignmentView, now: datetime) -> tuple[str, ...]:
        """The officers of the need; outside office hours the one on call, who brings them along when it is urgent."""
        local = now.astimezone(ZoneInfo("Asia/Shanghai"))
        if local.weekday() < _SATURDAY and self.office_from_hour <= local.hour < self.office_until_hour:
            return need.officers
        called = (*self.on_call, *need.officers) if _presses(view) else self.on_call
        return tuple(dict.fromkeys(called))

    def subject_number(self, need: Need, view: AssignmentView) -> str:
        """The department's own number 对象编号, made from the street's."""
        _, day, running = view.case.number.split("-")
        return f"{need.mark}-{day}-{running}"


def load_rules(settings: DepartmentSettings) -> Rules:
    """The host's rules file ``civil_affairs.toml``, else the shipped one. Raises msgspec.DecodeError, OSError."""
    path = settings.rules_file("civil_affairs", Path(__file__).with_name("rules.toml"))
    return msgspec.toml.decode(path.read_bytes(), type=Rules)


def _presses(view: AssignmentView) -> bool:
    emergency = view.whistle is not None and view.whistle.kind is WhistleKind.EMERGENCY
    return emergency or view.case.urgency is Urgency.URGENT
