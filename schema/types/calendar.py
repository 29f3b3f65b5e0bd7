"""The calendar of working days (reference C.5)."""

from datetime import date

import strawberry

from schema.mapping import table


@table("calendar_days", rule="shared", shared=True, key=("day",))
@strawberry.type(description="A day of the calendar 工作日历.")
class CalendarDay:
    day: date = strawberry.field(description="The day.")
    is_workday: bool = strawberry.field(description="Whether it is a working day 工作日.")
    name: str = strawberry.field(description="Name of a holiday or of a substituted working day; else empty.")
    source: str = strawberry.field(description="Where it is known from.")
    provisional: bool = strawberry.field(description="Whether the year's notice is still awaited 暂定.")
