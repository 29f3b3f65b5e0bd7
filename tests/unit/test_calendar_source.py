"""The calendar table's rows from the library: B.7."""

from datetime import date, timedelta

import pytest

from shaodao.calendar_source import calendar_days

HOLIDAYS_2026 = [
    ("01-01", "01-03"),
    ("02-15", "02-23"),
    ("04-04", "04-06"),
    ("05-01", "05-05"),
    ("06-19", "06-21"),
    ("09-25", "09-27"),
    ("10-01", "10-07"),
]
MAKE_UP_DAYS_2026 = ["01-04", "02-14", "02-28", "05-09", "09-20", "10-10"]


def of_2026(month_and_day: str) -> date:
    return date.fromisoformat(f"2026-{month_and_day}")


def days(first: date, last: date) -> set[date]:
    return {first + timedelta(days=offset) for offset in range((last - first).days + 1)}


def test_2026_equals_the_notice() -> None:
    rows = calendar_days(2026, 2026)
    notice = set().union(*(days(of_2026(first), of_2026(last)) for first, last in HOLIDAYS_2026))
    make_up = {of_2026(day) for day in MAKE_UP_DAYS_2026}
    expected = {day for day in days(date(2026, 1, 1), date(2026, 12, 31)) if day.weekday() < 5} - notice | make_up
    assert {row.day for row in rows if row.is_workday} == expected
    assert len(rows) == 365
    assert not any(row.provisional for row in rows)


def test_rows_carry_name_and_source() -> None:
    by_day = {row.day: row for row in calendar_days(2026, 2026)}
    assert by_day[date(2026, 10, 1)].name == "国庆节"
    assert by_day[date(2026, 10, 10)].name == "调休工作日"
    assert by_day[date(2026, 11, 20)].name == ""
    assert by_day[date(2026, 11, 20)].source.startswith("holidays ")


def test_a_year_without_substituted_working_days_is_provisional() -> None:
    rows = calendar_days(2026, 2060)
    assert {row.provisional for row in rows if row.day.year == 2026} == {False}
    assert {row.provisional for row in rows if row.day.year == 2060} == {True}


def test_years_must_be_in_order() -> None:
    with pytest.raises(ValueError, match="later than"):
        calendar_days(2027, 2026)
