"""How sentences for residents and for the history name times and changes."""

from datetime import date, datetime

from shaodao.domain.calendar import SHANGHAI
from shaodao.domain.deadlines import last_day
from shaodao.domain.vocabulary import Term


def until(due_at: datetime) -> str:
    """An exclusive due instant as people say it: "10月15日前" means by the end of that day, hours are told to the minute."""
    local = due_at.astimezone(SHANGHAI)
    if local.hour or local.minute:
        return f"{local.month}月{local.day}日{local:%H:%M}前"
    return by_day(last_day(due_at))


def by_day(day: date) -> str:
    """By the end of a day: "10月15日前"."""
    return f"{day.month}月{day.day}日前"


def change(before: Term, after: Term) -> str:
    """From what to what: "由“一般”改为“急办”"."""
    return f"由“{before.label}”改为“{after.label}”"
