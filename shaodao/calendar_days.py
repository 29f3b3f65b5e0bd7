"""Entering days into the calendar 工作日历, and counting the open clocks anew by it (reference B.7, C.5 rule 11)."""

import csv
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime, timedelta
from functools import partial
from io import StringIO

import asyncpg

from shaodao.commands.calendar_changes import BY_CALENDAR, recompute_after_calendar_change
from shaodao.commands.running import CommandRunner
from shaodao.commands.transaction import Connection
from shaodao.domain.calendar import ONE_DAY, CalendarDay
from shaodao.domain.permissions import Viewer

COLUMNS = ("day", "is_workday", "name")
"""The columns of a file of days, which its first line names."""

_WORDS: Mapping[str, bool] = {"true": True, "1": True, "是": True, "false": False, "0": False, "否": False}
_SATURDAY = 5
_ENTER = """
INSERT INTO calendar_days (day, is_workday, name, source, provisional)
SELECT * FROM unnest($1::date[], $2::boolean[], $3::text[], $4::text[], $5::boolean[])
ON CONFLICT (day) DO UPDATE SET is_workday = excluded.is_workday, name = excluded.name, source = excluded.source,
    provisional = excluded.provisional
"""
_OPEN_CASES = """
SELECT DISTINCT county_code, case_id FROM deadline d
WHERE state IN ('RUNNING', 'PAUSED') AND (
    due_at > $1 AND unit = ANY($2::text[])
    OR kind = 'HANDLING' AND EXISTS (
        SELECT FROM deadline_stage s WHERE s.county_code = d.county_code AND s.deadline_id = d.id
    )
)
ORDER BY county_code, case_id
"""


class CalendarFileError(ValueError):
    """A file of days cannot be read; ``faults`` names every faulty line."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("; ".join(faults))
        self.faults = faults


def read_days(content: bytes, source: str) -> list[CalendarDay]:
    """The days of a CSV file in UTF-8 with the columns day (2027-01-01), is_workday (true or false) and name.

    Such days are certain, not provisional. Raises CalendarFileError.
    """
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise CalendarFileError(["the file is not UTF-8"]) from None
    reader = csv.DictReader(StringIO(text))
    if not {*COLUMNS} <= {*(reader.fieldnames or ())}:
        raise CalendarFileError([f"the first line must name the columns {', '.join(COLUMNS)}"])
    days: dict[date, CalendarDay] = {}
    faults: list[str] = []
    for row in reader:
        try:
            day = _day(row, source)
        except ValueError as error:
            faults.append(f"line {reader.line_num}: {error}")
            continue
        if day.day in days:
            faults.append(f"line {reader.line_num}: {day.day} stands twice")
        days[day.day] = day
    if faults or not days:
        raise CalendarFileError(faults or ["the file holds no day"])
    return list(days.values())


def whole_years(days: Iterable[CalendarDay], source: str) -> list[CalendarDay]:
    """The days, and all others of their years as the weekday has them: what a year's whole notice says."""
    named = {day.day: day for day in days}
    return [
        named.get(day) or CalendarDay(day, day.weekday() < _SATURDAY, "", source, provisional=False)
        for year in sorted({day.year for day in named})
        for day in _days_of(year)
    ]


async def enter_days(connection: Connection, days: Iterable[CalendarDay]) -> None:
    """Write days into the calendar; what stood there for them is replaced."""
    rows = list(days)
    await connection.execute(
        _ENTER, [d.day for d in rows], [d.is_workday for d in rows], [d.name for d in rows], [d.source for d in rows],
        [d.provisional for d in rows],
    )  # fmt: skip


async def recount_open_clocks(
    pool: "asyncpg.Pool[asyncpg.Record]", runner: CommandRunner, actor: Viewer, now: datetime
) -> int:
    """Count the open clocks of every case anew, each case in a transaction of its own; how many cases were looked at.

    The runner's ground must hold the new calendar.
    """
    rows = await pool.fetch(_OPEN_CASES, now, [str(unit) for unit in BY_CALENDAR])
    for row in rows:
        command = partial(recompute_after_calendar_change, case_id=row["case_id"])
        await runner.run(command, actor=actor, county=row["county_code"], now=now)
    return len(rows)


def _day(row: Mapping[str, str | None], source: str) -> CalendarDay:
    """A line of the file; raises ValueError that says what is wrong with it."""
    given = (row["day"] or "").strip()
    try:
        day = date.fromisoformat(given)
    except ValueError:
        raise ValueError(f"{given!r} is no day such as 2027-01-01") from None
    word = (row["is_workday"] or "").strip().lower()
    if word not in _WORDS:
        raise ValueError(f"is_workday is {word!r}, not one of {', '.join(_WORDS)}")
    return CalendarDay(day, _WORDS[word], (row["name"] or "").strip(), source, provisional=False)


def _days_of(year: int) -> Iterator[date]:
    first = date(year, 1, 1)
    return (first + timedelta(days=offset) for offset in range((date(year + 1, 1, 1) - first) // ONE_DAY))
