"""C.5 rules 1 to 3, 7 and 9, with every test vector of C.5 and the due times of the demonstration cases (D.6)."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shaodao.calendar_source import calendar_days
from shaodao.domain.calendar import SHANGHAI, Calendar, CalendarDay, WorkTime
from shaodao.domain.deadlines import (
    DeadlineUnit,
    Due,
    Light,
    LightThresholds,
    Limit,
    NaiveTimeError,
    PauseOutsideClockError,
    due,
    extended,
    last_day,
    light,
    moment_at,
    overdue,
    remaining_working_days,
    resume,
)
from shaodao.presets import load_rulebook


def announced_until_2026(row: CalendarDay) -> CalendarDay:
    """The rows as in 2026, before the notice for 2027: the vectors do not change with the library."""
    return CalendarDay(row.day, row.is_workday, row.name, row.source, provisional=row.day.year > 2026)


@pytest.fixture(scope="module")
def calendar() -> Calendar:
    return Calendar.of(map(announced_until_2026, calendar_days(2025, 2026)))


@pytest.fixture(scope="module")
def work_time() -> WorkTime:
    return load_rulebook("shimahe").work_time


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


def limit(text: str) -> Limit:
    amount, unit = text.split()
    units = {
        "min": DeadlineUnit.MINUTE,
        "h": DeadlineUnit.CLOCK_HOUR,
        "eh": DeadlineUnit.EMERGENCY_HOUR,
        "wmin": DeadlineUnit.WORKING_MINUTE,
        "wh": DeadlineUnit.WORKING_HOUR,
        "nd": DeadlineUnit.NATURAL_DAY,
        "wd": DeadlineUnit.WORKING_DAY,
    }
    return Limit(units[unit], int(amount))


@pytest.mark.parametrize(
    ("start", "length", "due_at", "provisional"),
    [
        ("2026-02-13 15:00", "1 wd", "2026-02-15 00:00", False),
        ("2026-02-14 09:00", "5 wd", "2026-03-01 00:00", False),
        ("2026-09-18 17:59", "5 wd", "2026-09-25 00:00", False),
        ("2026-09-30 10:00", "5 wd", "2026-10-14 00:00", False),
        ("2026-10-09 09:12", "5 wd", "2026-10-16 00:00", False),
        ("2026-11-21 08:00", "1 wd", "2026-11-24 00:00", False),
        ("2026-12-24 09:00", "5 wd", "2027-01-01 00:00", False),
        ("2026-12-18 09:00", "10 wd", "2027-01-05 00:00", True),
        ("2026-09-29 22:00", "24 h", "2026-09-30 22:00", False),
        ("2026-09-26 08:00", "7 nd", "2026-10-09 00:00", False),
        ("2026-11-16 09:00", "60 nd", "2027-01-16 00:00", True),
    ],
)
def test_vectors_of_c5(
    start: str, length: str, due_at: str, provisional: bool, calendar: Calendar, work_time: WorkTime
) -> None:
    # 1 January 2027 is a holiday by law; the vector of 10 working days knows it though the notice is awaited.
    new_year = CalendarDay(date(2027, 1, 1), is_workday=False, name="元旦", source="test", provisional=True)
    known = Calendar({**calendar.days, new_year.day: new_year})
    outcome = due(at(start), limit(length), known, work_time)
    assert (outcome.at, outcome.provisional) == (at(due_at), provisional)


def test_vector_of_a_pause(calendar: Calendar, work_time: WorkTime) -> None:
    running = due(at("2026-11-02 09:00"), limit("10 wd"), calendar, work_time)
    assert remaining_working_days(at("2026-11-05 16:00"), running.at, calendar) == 7
    resumed = resume(at("2026-11-05 16:00"), running.at, at("2026-11-25 09:00"), calendar)
    assert last_day(resumed.at) == date(2026, 12, 4)
    assert resumed.at == at("2026-12-05 00:00")
    assert len(resumed.counted) == 7


@pytest.mark.parametrize(
    ("resumed_at", "expected"),
    [("2026-11-25 09:00", "2026-11-26 00:00"), ("2026-11-28 09:00", "2026-12-01 00:00")],
)
def test_a_clock_paused_on_its_last_day_ends_with_the_day_of_resuming(
    resumed_at: str, expected: str, calendar: Calendar
) -> None:
    outcome = resume(at("2026-11-16 10:00"), at("2026-11-17 00:00"), at(resumed_at), calendar)
    assert outcome.at == at(expected)


def test_a_pause_lies_within_the_clock(calendar: Calendar) -> None:
    with pytest.raises(PauseOutsideClockError):
        resume(at("2026-11-17 00:00"), at("2026-11-17 00:00"), at("2026-11-18 00:00"), calendar)
    with pytest.raises(PauseOutsideClockError):
        resume(at("2026-11-16 00:00"), at("2026-11-17 00:00"), at("2026-11-15 00:00"), calendar)


@pytest.mark.parametrize(
    ("start", "length", "due_at"),
    [
        ("2026-11-03 09:00", "4 wh", "2026-11-03 14:30"),  # W5: half a working day, over the noon break
        ("2026-11-03 08:00", "4 wh", "2026-11-03 14:00"),  # before work begins
        ("2026-11-03 12:30", "2 wh", "2026-11-03 15:30"),  # in the noon break
        ("2026-11-03 10:00", "2 wh", "2026-11-03 12:00"),  # ends with the morning
        ("2026-11-03 17:00", "2 wh", "2026-11-04 10:00"),  # into the next day
        ("2026-10-10 17:00", "2 wh", "2026-10-12 10:00"),  # a make-up Saturday has work time, the Sunday has none
        ("2026-09-30 17:30", "1 wh", "2026-10-08 09:30"),  # over the whole National Day holiday
        ("2026-10-09 10:30", "30 wmin", "2026-10-09 11:00"),  # W1
        ("2026-11-20 17:15", "30 wmin", "2026-11-23 08:45"),
        ("2026-11-13 22:12", "5 min", "2026-11-13 22:17"),  # W6
        ("2026-11-13 22:12", "30 min", "2026-11-13 22:42"),
        ("2026-10-03 22:12", "2 eh", "2026-10-04 00:12"),  # emergency hours run through holidays
    ],
)
def test_hours_and_minutes(start: str, length: str, due_at: str, calendar: Calendar, work_time: WorkTime) -> None:
    assert due(at(start), limit(length), calendar, work_time).at == at(due_at)


@pytest.mark.parametrize(
    ("old_due", "length", "new_due"),
    [
        ("2026-11-20 00:00", "5 wd", "2026-11-27 00:00"),  # demonstration case 6
        ("2026-12-11 00:00", "15 wd", "2027-01-01 00:00"),  # demonstration case 12
        ("2026-11-20 10:00", "2 h", "2026-11-20 12:00"),
    ],
)
def test_an_extension_counts_from_the_old_due(
    old_due: str, length: str, new_due: str, calendar: Calendar, work_time: WorkTime
) -> None:
    assert extended(at(old_due), limit(length), calendar, work_time).at == at(new_due)


def test_counted_days_are_the_working_days_used(calendar: Calendar, work_time: WorkTime) -> None:
    assert due(at("2026-02-14 09:00"), limit("2 wd"), calendar, work_time).counted == (
        date(2026, 2, 24),
        date(2026, 2, 25),
    )
    assert due(at("2026-11-03 17:00"), limit("2 wh"), calendar, work_time).counted == (
        date(2026, 11, 3),
        date(2026, 11, 4),
    )


def test_only_the_end_of_a_natural_limit_can_be_provisional(work_time: WorkTime) -> None:
    known = CalendarDay(date(2026, 11, 20), is_workday=True, name="", source="test", provisional=False)
    assert not due(at("2026-11-16 09:00"), limit("4 nd"), Calendar.of([known]), work_time).provisional


def test_a_start_in_another_zone_is_counted_by_the_day_in_shanghai(calendar: Calendar, work_time: WorkTime) -> None:
    late_evening = datetime(2026, 11, 22, 17, 0, tzinfo=UTC)  # already Monday the 23rd in Shanghai
    assert due(late_evening, limit("1 wd"), calendar, work_time).at == at("2026-11-25 00:00")


def test_a_time_without_a_zone_is_refused(calendar: Calendar, work_time: WorkTime) -> None:
    with pytest.raises(NaiveTimeError):
        due(datetime(2026, 11, 20, 10), limit("1 wd"), calendar, work_time)  # noqa: DTZ001  the fault under test


@pytest.mark.parametrize("amount", [0, -1, 10**9])
def test_an_amount_out_of_range_is_refused(amount: int) -> None:
    with pytest.raises(ValueError, match="amount"):
        Limit(DeadlineUnit.WORKING_DAY, amount)


def test_due_is_exclusive() -> None:
    due_at = at("2026-10-16 00:00")
    assert not overdue(due_at - timedelta(microseconds=1), due_at)
    assert overdue(due_at, due_at)
    assert last_day(due_at) == date(2026, 10, 15)
    assert last_day(at("2026-10-16 00:01")) == date(2026, 10, 16)


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        ("2026-11-20 07:59", Light.GREEN),
        ("2026-11-20 08:00", Light.YELLOW),
        ("2026-11-20 09:59", Light.YELLOW),
        ("2026-11-20 10:00", Light.RED),
    ],
)
def test_light_turns_yellow_with_the_urging_share_and_red_when_due(now: str, expected: Light) -> None:
    thresholds = LightThresholds(yellow=0.8)
    assert light(at(now), at("2026-11-20 00:00"), at("2026-11-20 10:00"), thresholds) is expected


def test_a_share_of_the_limit_is_a_moment() -> None:
    assert moment_at(at("2026-11-20 00:00"), at("2026-11-21 00:00"), 0.5) == at("2026-11-20 12:00")


@pytest.mark.parametrize("share", [0.0, 1.1, float("nan")])
def test_thresholds_are_shares(share: float) -> None:
    with pytest.raises(ValueError, match="share"):
        LightThresholds(yellow=share)


starts = st.datetimes(datetime(2025, 1, 1), datetime(2026, 10, 1), timezones=st.just(SHANGHAI))  # noqa: DTZ001  the zone is given beside
units = st.sampled_from(DeadlineUnit)


@given(start=starts, unit=units, amount=st.integers(1, 20))
def test_more_units_are_never_due_earlier(
    calendar: Calendar, work_time: WorkTime, start: datetime, unit: DeadlineUnit, amount: int
) -> None:
    shorter = due(start, Limit(unit, amount), calendar, work_time)
    longer = due(start, Limit(unit, amount + 1), calendar, work_time)
    assert start < shorter.at <= longer.at


@given(start=starts, amount=st.integers(1, 30), pause=st.integers(0, 5))
def test_a_pause_within_one_day_changes_nothing(
    calendar: Calendar, work_time: WorkTime, start: datetime, amount: int, pause: int
) -> None:
    running: Due = due(start, Limit(DeadlineUnit.WORKING_DAY, amount), calendar, work_time)
    paused = min(start + timedelta(days=pause), running.at - timedelta(seconds=1))
    assert resume(paused, running.at, paused, calendar).at == running.at
