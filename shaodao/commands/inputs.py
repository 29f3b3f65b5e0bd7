"""Checking what a person typed: every fault of an input is noted before any is told."""

from collections.abc import Callable
from datetime import date, datetime
from typing import TypeVar

from shaodao.domain.calendar import SHANGHAI
from shaodao.domain.errors import Faults
from shaodao.domain.malformed import MalformedValueError
from shaodao.domain.text import clean_text

Value = TypeVar("Value")


def text_of(faults: Faults, path: str, text: str, limit: int) -> str:
    """A text that must be given, cleaned; empty when it is at fault."""
    return checked(faults, path, lambda: clean_text(text, limit)) or ""


def optional_text_of(faults: Faults, path: str, text: str | None, limit: int) -> str | None:
    """A text that may be missing, cleaned. A blank one counts as missing."""
    return text_of(faults, path, text, limit) if text is not None and text.strip() else None


def checked(faults: Faults, path: str, read: Callable[[], Value]) -> Value | None:
    """What ``read`` gives; None, with the fault noted, when the value is malformed."""
    try:
        return read()
    except MalformedValueError as error:
        faults.add(path, error.message, error.english)
        return None


def check_past(faults: Faults, path: str, moment: datetime | None, now: datetime) -> None:
    """Note a fault for a time that has no zone or is still to come."""
    if moment is None:
        return
    if moment.utcoffset() is None:
        faults.add(path, "时间缺少时区", "the time carries no zone")
    elif moment > now:
        faults.add(path, "时间不能晚于现在", "the time must not lie in the future")


def day_of(moment: datetime) -> date:
    """The day in Shanghai."""
    return moment.astimezone(SHANGHAI).date()
