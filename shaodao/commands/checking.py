"""Checking what people typed: each faulty field is noted under its path in the input, so that all are told at once."""

from collections.abc import Callable
from datetime import datetime
from typing import TypeVar

from shaodao.domain.errors import Faults
from shaodao.domain.malformed import MalformedValueError
from shaodao.domain.text import clean_text

Value = TypeVar("Value")


def checked_value(faults: Faults, path: str, read: Callable[[], Value]) -> Value | None:
    """What ``read`` gives; None, with the fault noted, when the value is malformed."""
    try:
        return read()
    except MalformedValueError as error:
        faults.add(path, error.message, error.english)
        return None


def checked_text(faults: Faults, path: str, text: str, limit: int) -> str:
    """The cleaned text of at most ``limit`` characters; a fault when it is blank, too long or holds control characters."""
    return checked_value(faults, path, lambda: clean_text(text, limit)) or ""


def optional_text(faults: Faults, path: str, text: str | None, limit: int) -> str | None:
    """The cleaned text; None when nothing but space was given."""
    return checked_text(faults, path, text, limit) if text and text.strip() else None


def only_text(path: str, text: str, limit: int) -> str:
    """The cleaned text of an input that consists of one. Raises InvalidInput."""
    faults = Faults()
    cleaned = checked_text(faults, path, text, limit)
    faults.check()
    return cleaned


def check_past(faults: Faults, path: str, moment: datetime | None, now: datetime) -> None:
    """Note a fault for a time that has no zone or is still to come."""
    if moment is not None and _has_zone(faults, path, moment) and moment > now:
        faults.add(path, "时间不能晚于现在", "the time must not lie in the future")


def check_future(faults: Faults, path: str, moment: datetime | None, now: datetime) -> None:
    """Note a fault for a time that has no zone or has passed."""
    if moment is not None and _has_zone(faults, path, moment) and moment <= now:
        faults.add(path, "时间须在将来", "the time must lie in the future")


def _has_zone(faults: Faults, path: str, moment: datetime) -> bool:
    if moment.utcoffset() is None:
        faults.add(path, "时间缺少时区", "the time carries no zone")
        return False
    return True
