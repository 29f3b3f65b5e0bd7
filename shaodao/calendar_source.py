"""Fills the calendar table from the ``holidays`` library (B.7); the administrator may edit the rows afterwards."""

from datetime import date, timedelta
from importlib.metadata import version

import holidays

from shaodao.domain.calendar import CalendarDay


def calendar_days(first_year: int, last_year: int) -> list[CalendarDay]:
    """A row for every day from ``first_year`` to ``last_year``, both included.

    A year for which the library knows no substituted working days 调休 still awaits the State Council's notice: all its
    rows are provisional. Raises ValueError when the years are not in order.
    """
    if first_year > last_year:
        raise ValueError(f"the first year {first_year} is later than the last {last_year}")
    china = holidays.country_holidays("CN", years=range(first_year, last_year + 1), language="zh_CN", expand=False)
    announced = {day.year for day in china.weekend_workdays}
    source = f"holidays {version('holidays')}"
    first, last = date(first_year, 1, 1), date(last_year, 12, 31)
    days = (first + timedelta(days=offset) for offset in range((last - first).days + 1))
    return [
        CalendarDay(
            day=day,
            is_workday=china.is_working_day(day),
            name=_name(day, china),
            source=source,
            provisional=day.year not in announced,
        )
        for day in days
    ]


def _name(day: date, china: holidays.HolidayBase) -> str:
    if day in china.weekend_workdays:
        return "调休工作日"
    return china.get(day) or ""
