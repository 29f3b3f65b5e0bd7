"""Working days and work time: B.7 and C.5 rule 2."""

from datetime import date, time

import pytest

from shaodao.domain.calendar import Calendar, CalendarDay, WorkPeriod, WorkTime


def make_up_day(day: date) -> CalendarDay:
    return CalendarDay(day, is_workday=True, name="调休工作日", source="test", provisional=False)


def holiday(day: date) -> CalendarDay:
    return CalendarDay(day, is_workday=False, name="国庆节", source="test", provisional=False)


def test_a_row_decides_against_the_weekday() -> None:
    calendar = Calendar.of([make_up_day(date(2026, 10, 10)), holiday(date(2026, 10, 7))])
    assert calendar.is_working_day(date(2026, 10, 10))
    assert not calendar.is_working_day(date(2026, 10, 7))
    assert calendar.name_of(date(2026, 10, 7)) == "国庆节"


def test_a_day_without_a_row_follows_the_weekday_and_is_provisional() -> None:
    calendar = Calendar.of([])
    assert calendar.is_working_day(date(2031, 3, 7))
    assert not calendar.is_working_day(date(2031, 3, 8))
    assert calendar.is_provisional(date(2031, 3, 7))
    assert calendar.name_of(date(2031, 3, 7)) == ""


def test_next_working_day_passes_over_holidays_and_weekends() -> None:
    calendar = Calendar.of([holiday(date(2026, 9, 25))])
    assert calendar.next_working_day(date(2026, 9, 24)) == date(2026, 9, 28)


def test_working_days_between_leaves_out_the_first_day_and_holds_the_last() -> None:
    calendar = Calendar.of([])
    assert calendar.working_days_between(date(2026, 11, 5), date(2026, 11, 9)) == (date(2026, 11, 6), date(2026, 11, 9))
    assert calendar.working_days_between(date(2026, 11, 9), date(2026, 11, 5)) == ()


def test_a_period_must_begin_before_it_ends() -> None:
    with pytest.raises(ValueError, match="begin before"):
        WorkPeriod(time(12), time(8, 30))


@pytest.mark.parametrize(
    "periods",
    [
        (),
        (WorkPeriod(time(8), time(12)), WorkPeriod(time(11), time(17))),
        (WorkPeriod(time(13), time(17)), WorkPeriod(time(8), time(12))),
    ],
)
def test_work_time_needs_periods_in_order(periods: tuple[WorkPeriod, ...]) -> None:
    with pytest.raises(ValueError, match="period"):
        WorkTime(periods)
