"""The calendar table 工作日历: filled from the library for the years that count, read as a value, edited by hand."""

from datetime import date
from importlib.metadata import version

from shaodao.calendar_source import calendar_days
from shaodao.commands.transaction import Connection
from shaodao.domain.calendar import Calendar, CalendarDay

YEARS_BACK, YEARS_AHEAD = 1, 2
"""A limit may have begun last year, and the longest ends next year."""

_READ = "SELECT day, is_workday, name, source, provisional FROM calendar_days"
_IS_FILLED = """
SELECT coalesce(min(day) <= $1 AND max(day) >= $2, false)
    AND NOT EXISTS (SELECT FROM calendar_days WHERE provisional AND source LIKE 'holidays %' AND source <> $3)
FROM calendar_days
"""
# What is known for sure stays, and so does what the administrator has written.
_FILL = """
INSERT INTO calendar_days (day, is_workday, name, source, provisional)
SELECT * FROM unnest($1::date[], $2::boolean[], $3::text[], $4::text[], $5::boolean[])
ON CONFLICT (day) DO UPDATE SET is_workday = excluded.is_workday, name = excluded.name, source = excluded.source,
    provisional = excluded.provisional
WHERE calendar_days.provisional AND calendar_days.source LIKE 'holidays %'
"""


async def load_calendar(connection: Connection) -> Calendar:
    """The table as a value."""
    return Calendar.of(CalendarDay(**dict(row)) for row in await connection.fetch(_READ))


async def fill_calendar(connection: Connection, today: date) -> None:
    """Fill in the years around ``today``, and what a newer library knows of years that were provisional."""
    first, last = date(today.year - YEARS_BACK, 1, 1), date(today.year + YEARS_AHEAD, 12, 31)
    if await connection.fetchval(_IS_FILLED, first, last, f"holidays {version('holidays')}"):
        return
    days = calendar_days(first.year, last.year)
    await connection.execute(
        _FILL, [d.day for d in days], [d.is_workday for d in days], [d.name for d in days], [d.source for d in days],
        [d.provisional for d in days],
    )  # fmt: skip
