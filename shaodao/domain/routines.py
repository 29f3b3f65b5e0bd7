"""When the work that the calendar brings 例行工作 is due: night-visit days, meetings, windows, reviews (Z-28, J-11, J-15, C.5)."""

from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import takewhile

from shaodao.domain.calendar import ONE_DAY, SHANGHAI, Calendar
from shaodao.domain.deadlines import DeadlineUnit, due
from shaodao.domain.rulebook import RoutineRule, Rulebook

_INSTANT = timedelta(microseconds=1)
_MONTHS = 12
_LONGEST_GAP = 366 + 31
_WHOLE_DAYS = (DeadlineUnit.NATURAL_DAY, DeadlineUnit.WORKING_DAY)


@dataclass(frozen=True, slots=True)
class Window:
    """An occurrence: from when, and until when (exclusive) it is to be done."""

    begins_at: datetime
    due_at: datetime

    @property
    def day(self) -> date:
        """The day on which it begins."""
        return self.begins_at.astimezone(SHANGHAI).date()


def days_from(rule: RoutineRule, first: date) -> Iterator[date]:
    """The days on which it begins, from ``first`` on without end; a month without such a day takes its last (Z-28)."""
    year, month = first.year, first.month
    while True:
        if not rule.months or month in rule.months:
            last = monthrange(year, month)[1]
            for day in sorted({min(day, last) for day in rule.days}):
                if date(year, month, day) >= first:
                    yield date(year, month, day)
        year, month = (year + 1, 1) if month == _MONTHS else (year, month + 1)


def window(rule: RoutineRule, day: date, calendar: Calendar, rulebook: Rulebook) -> Window:
    """The occurrence of a day: day units are counted from the day before, so that the first day counts."""
    begins = datetime.combine(day, time.min, SHANGHAI)
    start = begins - _INSTANT if rule.lasts.unit in _WHOLE_DAYS else begins
    return Window(begins, due(start, rule.lasts, calendar, rulebook.work_time).at)


def first_open(rule: RoutineRule, now: datetime, calendar: Calendar, rulebook: Rulebook) -> Window:
    """The earliest occurrence that is not over: where a platform that is new begins."""
    longest = timedelta(days=rule.lasts.amount + 31)
    day = now.astimezone(SHANGHAI).date() - longest
    windows = (window(rule, each, calendar, rulebook) for each in days_from(rule, day))
    return next(one for one in windows if one.due_at > now)


def previous(rule: RoutineRule, day: date) -> date:
    """The last day before ``day`` on which it began; every rule has one within a year and a month."""
    earliest = day - timedelta(days=_LONGEST_GAP)
    return max(takewhile(lambda each: each < day, days_from(rule, earliest)))


def following(rule: RoutineRule, day: date, calendar: Calendar, rulebook: Rulebook) -> Window:
    """The occurrence after that of a day."""
    return window(rule, next(days_from(rule, day + ONE_DAY)), calendar, rulebook)
