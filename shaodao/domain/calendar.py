"""Working days 工作日 and work time: the calendar table as a pure value (B.7)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from itertools import pairwise
from typing import Self
from zoneinfo import ZoneInfo

import msgspec

SHANGHAI = ZoneInfo("Asia/Shanghai")

ONE_DAY = timedelta(days=1)
_SATURDAY = 5


class CalendarDay(msgspec.Struct, frozen=True):
    """One row of the calendar table: what a day is, who says so, and whether the yearly notice is still awaited."""

    day: date
    is_workday: bool
    name: str
    source: str
    provisional: bool


@dataclass(frozen=True, slots=True)
class Calendar:
    """The calendar rows by day. A day without a row follows the weekday and is provisional."""

    days: Mapping[date, CalendarDay] = field(repr=False)

    @classmethod
    def of(cls, rows: Iterable[CalendarDay]) -> Self:
        return cls({row.day: row for row in rows})

    def is_working_day(self, day: date) -> bool:
        row = self.days.get(day)
        return day.weekday() < _SATURDAY if row is None else row.is_workday

    def is_provisional(self, day: date) -> bool:
        row = self.days.get(day)
        return row is None or row.provisional

    def name_of(self, day: date) -> str:
        """The Chinese name of a holiday or make-up day; empty for a day that has none."""
        row = self.days.get(day)
        return "" if row is None else row.name

    def next_working_day(self, day: date) -> date:
        """The first working day after ``day``."""
        following = day + ONE_DAY
        while not self.is_working_day(following):
            following += ONE_DAY
        return following

    def working_days_between(self, after: date, until: date) -> tuple[date, ...]:
        """The working days in (after, until]; none when ``until`` is not later than ``after``."""
        return tuple(day for day in days_between(after, until) if self.is_working_day(day))


class WorkPeriod(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A stretch of work time on one day, from ``begins`` up to but not at ``ends``, in Shanghai time."""

    begins: time
    ends: time

    def __post_init__(self) -> None:
        if self.begins.tzinfo or self.ends.tzinfo or self.begins >= self.ends:
            raise ValueError("a work period must begin before it ends, in local times")

    def on(self, day: date) -> tuple[datetime, datetime]:
        """The period's first instant and its end on ``day``."""
        return datetime.combine(day, self.begins, SHANGHAI), datetime.combine(day, self.ends, SHANGHAI)


class WorkTime(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The work time table 工作时间 of a working day (C.5 rule 2): periods in order, none overlapping."""

    periods: tuple[WorkPeriod, ...]

    def __post_init__(self) -> None:
        if not self.periods:
            raise ValueError("work time needs at least one period")
        for earlier, later in pairwise(self.periods):
            if later.begins < earlier.ends:
                raise ValueError("work periods must be in order and must not overlap")


def days_between(after: date, until: date) -> tuple[date, ...]:
    """Every day in (after, until]."""
    return tuple(after + timedelta(days=count) for count in range(1, (until - after).days + 1))
