"""The days of what the calendar brings (Z-28, C.5 rule 6)."""

from datetime import date, datetime
from itertools import islice

import pytest

from shaodao.calendar_source import calendar_days
from shaodao.domain.calendar import SHANGHAI, Calendar
from shaodao.domain.routines import days_from, first_open, previous, window
from shaodao.domain.rulebook import RoutineRule
from shaodao.presets import load_rulebook

RULEBOOK = load_rulebook("shimahe")
CALENDAR = Calendar.of(calendar_days(2025, 2028))


def rule(name: str) -> RoutineRule:
    return next(one for one in RULEBOOK.routines if one.name == name)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


@pytest.mark.parametrize(
    ("first", "days"),
    [
        (date(2026, 11, 11), ["2026-11-20", "2026-11-30", "2026-12-10"]),
        (date(2027, 2, 1), ["2027-02-10", "2027-02-20", "2027-02-28", "2027-03-10"]),
        (date(2028, 2, 20), ["2028-02-20", "2028-02-29", "2028-03-10"]),
    ],
)
def test_night_visit_days_are_the_tenth_twentieth_and_thirtieth_in_february_the_last(
    first: date, days: list[str]
) -> None:
    assert [str(day) for day in islice(days_from(rule("night_visit"), first), len(days))] == days


def test_a_night_lasts_until_midnight() -> None:
    night = window(rule("night_visit"), date(2026, 11, 20), CALENDAR, RULEBOOK)
    assert (night.begins_at, night.due_at) == (at("2026-11-20 00:00"), at("2026-11-21 00:00"))


@pytest.mark.parametrize(
    ("first", "ends"),
    [("2026-10-01", "2026-10-14 00:00"), ("2026-12-01", "2026-12-08 00:00")],  # October begins with seven holidays
)
def test_the_notices_window_is_the_first_five_working_days(first: str, ends: str) -> None:
    opened = window(rule("monthly_notice"), date.fromisoformat(first), CALENDAR, RULEBOOK)
    assert opened.due_at == at(ends)


def test_a_new_platform_begins_with_what_is_not_over() -> None:
    assert first_open(rule("night_visit"), at("2026-11-20 10:00"), CALENDAR, RULEBOOK).day == date(2026, 11, 20)
    assert first_open(rule("night_visit"), at("2026-11-21 00:00"), CALENDAR, RULEBOOK).day == date(2026, 11, 30)
    assert first_open(rule("monthly_notice"), at("2026-11-20 10:00"), CALENDAR, RULEBOOK).day == date(2026, 12, 1)
    assert first_open(rule("community_study_meeting"), at("2026-11-20 10:00"), CALENDAR, RULEBOOK).day == date(
        2026, 11, 16
    )


def test_the_day_before_the_first_of_the_year_is_last_years() -> None:
    assert previous(rule("night_visit"), date(2027, 1, 10)) == date(2026, 12, 30)
