"""Deadlines 时限 by C.5: units, due instants, pauses and the traffic light. Pure: the calendar and the time come in.

A due instant is exclusive: a limit that ends with 15 October is due at 16 October 00:00, and on time means before it.
"""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import assert_never

import msgspec

from shaodao.domain.calendar import ONE_DAY, SHANGHAI, Calendar, WorkTime, days_between

LONGEST_AMOUNT = 10_000
"""Keeps a mistyped limit from counting through centuries; every limit of C.5 is far below."""

_INSTANT = timedelta(microseconds=1)


class DeadlineUnit(StrEnum):
    """Unit of a limit (C.5 rule 2). The two minute units exist because whistle limits of 5 and 30 minutes need them."""

    MINUTE = "MINUTE"
    CLOCK_HOUR = "CLOCK_HOUR"
    EMERGENCY_HOUR = "EMERGENCY_HOUR"
    WORKING_MINUTE = "WORKING_MINUTE"
    WORKING_HOUR = "WORKING_HOUR"
    NATURAL_DAY = "NATURAL_DAY"
    WORKING_DAY = "WORKING_DAY"


class Limit(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How long something may take 时限: a whole number of units, at least one."""

    unit: DeadlineUnit
    amount: int

    def __post_init__(self) -> None:
        if not 1 <= self.amount <= LONGEST_AMOUNT:
            raise ValueError(f"a limit's amount must lie between 1 and {LONGEST_AMOUNT}")


@dataclass(frozen=True, slots=True)
class Due:
    """The outcome of counting: the exclusive instant, whether a provisional day took part, and the days counted."""

    at: datetime
    provisional: bool
    counted: tuple[date, ...]


class Light(StrEnum):
    """Traffic light 红黄绿灯 of a running clock."""

    GREEN = "GREEN"
    YELLOW = "YELLOW"
    RED = "RED"


class LightThresholds(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The share of the limit, between 0 and 1, from which the light is yellow (the URGE stage of C.6)."""

    yellow: float

    def __post_init__(self) -> None:
        if not 0 < self.yellow <= 1:
            raise ValueError("the yellow share must be above 0 and at most 1")


class DeadlineError(ValueError):
    """A deadline cannot be computed from what was given."""


class NaiveTimeError(DeadlineError):
    """A time without a zone was given; deadlines are counted from aware times only."""


class PauseOutsideClockError(DeadlineError):
    """A clock can be paused only before it is due, and resumed only after it was paused."""


def due(start: datetime, limit: Limit, calendar: Calendar, work_time: WorkTime) -> Due:
    """When ``limit``, counted from ``start``, is up (C.5 rules 1 to 3; 民法典 201, 203).

    Raises NaiveTimeError for a start without a zone.
    """
    local = _local(start)
    match limit.unit:
        case DeadlineUnit.MINUTE:
            return _due_by_clock(local, timedelta(minutes=limit.amount))
        case DeadlineUnit.CLOCK_HOUR | DeadlineUnit.EMERGENCY_HOUR:
            return _due_by_clock(local, timedelta(hours=limit.amount))
        case DeadlineUnit.WORKING_MINUTE:
            return _due_by_work_time(local, timedelta(minutes=limit.amount), calendar, work_time)
        case DeadlineUnit.WORKING_HOUR:
            return _due_by_work_time(local, timedelta(hours=limit.amount), calendar, work_time)
        case DeadlineUnit.NATURAL_DAY:
            return _due_by_natural_days(local.date(), limit.amount, calendar)
        case DeadlineUnit.WORKING_DAY:
            return _due_by_working_days(local.date(), limit.amount, calendar)
        case _:
            assert_never(limit.unit)


def extended(due_at: datetime, limit: Limit, calendar: Calendar, work_time: WorkTime) -> Due:
    """The new due of an extension 延期: day units count on from the old last day, hours from the old due (rule 7)."""
    match limit.unit:
        case DeadlineUnit.NATURAL_DAY | DeadlineUnit.WORKING_DAY:
            return due(_local(due_at) - _INSTANT, limit, calendar, work_time)
        case (
            DeadlineUnit.MINUTE
            | DeadlineUnit.CLOCK_HOUR
            | DeadlineUnit.EMERGENCY_HOUR
            | DeadlineUnit.WORKING_MINUTE
            | DeadlineUnit.WORKING_HOUR
        ):
            return due(due_at, limit, calendar, work_time)
        case _:
            assert_never(limit.unit)


def remaining_working_days(paused_at: datetime, due_at: datetime, calendar: Calendar) -> int:
    """The working days in (day of the pause, last day] (C.5 rule 9).

    Raises PauseOutsideClockError when the clock was already due.
    """
    if paused_at >= due_at:
        raise PauseOutsideClockError("the clock was already due when it should have been paused")
    return len(calendar.working_days_between(_local(paused_at).date(), last_day(due_at)))


def resume(paused_at: datetime, due_at: datetime, resumed_at: datetime, calendar: Calendar) -> Due:
    """The new due after a pause 挂账恢复: what remained, counted from the day of resuming (C.5 rule 9).

    When nothing remained, the day of resuming itself is the last day, or the next working day when it is none.
    Raises PauseOutsideClockError.
    """
    if resumed_at < paused_at:
        raise PauseOutsideClockError("a clock cannot be resumed before it was paused")
    remaining = remaining_working_days(paused_at, due_at, calendar)
    resumed_on = _local(resumed_at).date()
    if remaining == 0 and calendar.is_working_day(resumed_on):
        return Due(_end_of(resumed_on), calendar.is_provisional(resumed_on), ())
    return _due_by_working_days(resumed_on, max(remaining, 1), calendar)


def continued(
    paused_at: datetime, due_at: datetime, resumed_at: datetime, unit: DeadlineUnit | None, calendar: Calendar, work_time: WorkTime
) -> Due:  # fmt: skip
    """The new due of any clock after a pause: day units by C.5 rule 9, hours and minutes by the time that remained.

    ``unit``: of the clock's limit; None: it had none, and is due at the end of a day or by the clock on the wall. A clock
    that was due when it was paused stays due as it was: a pause makes nothing late, and nothing that is late timely.
    """
    if paused_at >= due_at:
        return Due(due_at, provisional=False, counted=())
    match unit or implied_unit(due_at):
        case DeadlineUnit.NATURAL_DAY | DeadlineUnit.WORKING_DAY:
            return resume(paused_at, due_at, resumed_at, calendar)
        case DeadlineUnit.WORKING_MINUTE | DeadlineUnit.WORKING_HOUR:
            left = worked_between(paused_at, due_at, calendar, work_time)
            return _due_by_work_time(_local(resumed_at), left, calendar, work_time)
        case DeadlineUnit.MINUTE | DeadlineUnit.CLOCK_HOUR | DeadlineUnit.EMERGENCY_HOUR:
            return _due_by_clock(_local(resumed_at), due_at - paused_at)
        case _ as other:
            assert_never(other)


def worked_between(begin: datetime, end: datetime, calendar: Calendar, work_time: WorkTime) -> timedelta:
    """The work time 工作时间 between two instants; none when ``end`` is not later."""
    worked = timedelta()
    for day in days_between(_local(begin).date() - ONE_DAY, _local(end).date()):
        if calendar.is_working_day(day):
            for period in work_time.periods:
                begins, ends = period.on(day)
                worked += max(min(ends, end) - max(begins, begin), timedelta())
    return worked


def last_day(due_at: datetime) -> date:
    """The last calendar day, in Shanghai, on which something can still be on time."""
    return (_local(due_at) - _INSTANT).date()


def overdue(now: datetime, due_at: datetime) -> bool:
    """Whether the limit has passed 超期: on time means strictly before the due instant (C.5 rule 2)."""
    return now >= due_at


def moment_at(started_at: datetime, due_at: datetime, share: float) -> datetime:
    """The instant at which ``share`` of the limit is used, by the clock on the wall (C.6); 1.0 is the due itself."""
    return started_at + (due_at - started_at) * share


def light(now: datetime, started_at: datetime, due_at: datetime, thresholds: LightThresholds) -> Light:
    """The traffic light: red once overdue, yellow once the urging share of the limit is used, green before."""
    if overdue(now, due_at):
        return Light.RED
    if now >= moment_at(started_at, due_at, thresholds.yellow):
        return Light.YELLOW
    return Light.GREEN


def _local(moment: datetime) -> datetime:
    if moment.utcoffset() is None:
        raise NaiveTimeError("the time carries no zone")
    return moment.astimezone(SHANGHAI)


def _end_of(day: date) -> datetime:
    return datetime.combine(day + ONE_DAY, time.min, SHANGHAI)


def implied_unit(due_at: datetime) -> DeadlineUnit:
    """What a clock without a limit of its own is counted by: whole days, when it is due at the end of one."""
    return DeadlineUnit.WORKING_DAY if _local(due_at).time() == time.min else DeadlineUnit.CLOCK_HOUR


def _due_by_clock(start: datetime, length: timedelta) -> Due:
    return Due(start + length, provisional=False, counted=())


def _due_by_working_days(start: date, amount: int, calendar: Calendar) -> Due:
    counted: list[date] = []
    day = start
    while len(counted) < amount:
        day = calendar.next_working_day(day)
        counted.append(day)
    return Due(_end_of(day), _any_provisional(start, day, calendar), tuple(counted))


def _due_by_natural_days(start: date, amount: int, calendar: Calendar) -> Due:
    # Only the end depends on the calendar: the days before it count whatever they are.
    nominal = start + timedelta(days=amount)
    last = nominal if calendar.is_working_day(nominal) else calendar.next_working_day(nominal)
    return Due(_end_of(last), _any_provisional(nominal - ONE_DAY, last, calendar), days_between(start, nominal))


def _due_by_work_time(start: datetime, length: timedelta, calendar: Calendar, work_time: WorkTime) -> Due:
    first = start.date()
    day = first if calendar.is_working_day(first) else calendar.next_working_day(first)
    counted: list[date] = []
    remaining = length
    while True:
        for period in work_time.periods:
            begins, ends = period.on(day)
            begins = max(begins, start)
            if begins >= ends:
                continue
            if day not in counted[-1:]:
                counted.append(day)
            if begins + remaining <= ends:
                return Due(begins + remaining, _any_provisional(first - ONE_DAY, day, calendar), tuple(counted))
            remaining -= ends - begins
        day = calendar.next_working_day(day)


def _any_provisional(after: date, until: date, calendar: Calendar) -> bool:
    return any(calendar.is_provisional(day) for day in days_between(after, until))
