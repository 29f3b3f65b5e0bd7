"""Checking what people typed: each faulty field is noted under its path in the input, so that all are told at once."""

import re
from collections.abc import Callable
from datetime import datetime
from typing import TypeVar

import msgspec

from shaodao.domain.errors import Faults
from shaodao.domain.malformed import MalformedValueError
from shaodao.domain.text import clean_text

Value = TypeVar("Value")

_NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")
"""An escaped NUL in JSON, but not the six characters after an escaped backslash."""


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
    if check_zone(faults, path, moment) and moment is not None and moment > now:
        faults.add(path, "时间不能晚于现在", "the time must not lie in the future")


def check_future(faults: Faults, path: str, moment: datetime | None, now: datetime) -> None:
    """Note a fault for a time that has no zone or has passed."""
    if check_zone(faults, path, moment) and moment is not None and moment <= now:
        faults.add(path, "时间须在将来", "the time must lie in the future")


def check_zone(faults: Faults, path: str, moment: datetime | None) -> bool:
    """Whether there is a time, and one that can be compared; a fault when it has no zone."""
    if moment is not None and moment.utcoffset() is None:
        faults.add(path, "时间缺少时区", "the time carries no zone")
        return False
    return moment is not None


def checked_json(faults: Faults, path: str, value: object, limit: int) -> str:
    """A value as JSON text of at most ``limit`` bytes; a fault for what JSON, or the database's JSON, cannot hold."""
    try:
        encoded = msgspec.json.encode(value)
    except (TypeError, ValueError):
        faults.add(path, "须为 JSON 值", "must be a JSON value")
        return "null"
    if len(encoded) > limit:
        faults.add(path, f"不能超过{limit}字节", f"must not exceed {limit} bytes")
    if _NUL.search(encoded):
        faults.add(path, "文字含有空字符", "a text holds a NUL character")
    return encoded.decode()


def only_json(path: str, value: object, limit: int) -> str:
    """A value as JSON text, as ``checked_json`` takes it. Raises InvalidInput."""
    faults = Faults()
    encoded = checked_json(faults, path, value, limit)
    faults.check()
    return encoded
