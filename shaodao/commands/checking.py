"""Checking what people typed: each faulty field is noted under its path in the input, so that all are told at once."""

from datetime import datetime

from shaodao.domain.errors import Faults
from shaodao.domain.malformed import MalformedValueError
from shaodao.domain.text import clean_text


def checked_text(faults: Faults, path: str, text: str, limit: int) -> str:
    """The cleaned text of at most ``limit`` characters; a fault when it is blank, too long or holds control characters."""
    try:
        return clean_text(text, limit)
    except MalformedValueError as error:
        faults.add(path, error.message, error.english)
        return ""


def optional_text(faults: Faults, path: str, text: str | None, limit: int) -> str | None:
    """The cleaned text; None when nothing but space was given."""
    return checked_text(faults, path, text, limit) if text and text.strip() else None


def only_text(path: str, text: str, limit: int) -> str:
    """The cleaned text of an input that consists of one. Raises InvalidInput."""
    faults = Faults()
    cleaned = checked_text(faults, path, text, limit)
    faults.check()
    return cleaned


def check_zone(faults: Faults, path: str, moment: datetime | None) -> bool:
    """Whether a moment was given that can be compared; a fault when it carries no zone."""
    if moment is None:
        return False
    if moment.utcoffset() is None:
        faults.add(path, "时间须带时区", "the time carries no zone")
        return False
    return True
