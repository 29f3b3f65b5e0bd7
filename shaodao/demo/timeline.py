"""The times of the demonstration street's stories: moving them to about now, and deriving those that are not stored."""

import re
from datetime import date, datetime, timedelta
from typing import Any

import msgspec

from shaodao.demo.source import Promise, Street

WEEK = timedelta(weeks=1)

_DAY = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"


def moved_to(street: Street, now: datetime) -> Street:
    """The street with every time of its stories moved by whole weeks, its reference time to the last week up to ``now``.

    Whole weeks keep every weekday; never into the future, since a story that has not happened yet cannot be in a history.
    """
    by = (now - street.meta.as_of) // WEEK * WEEK
    return msgspec.structs.replace(
        street, meta=_moved(street.meta, by), cases=_moved(street.cases, by), whistles=_moved(street.whistles, by),
        promises=tuple(_reworded(promise, by) for promise in _moved(street.promises, by)),
        campaigns=_moved(street.campaigns, by), meetings=_moved(street.meetings, by),
    )  # fmt: skip


def between(start: datetime, end: datetime, share: float, at_most: timedelta) -> datetime:
    """A whole minute after ``start``: ``share`` of the way to ``end``, but ``at_most`` that long; ``start`` itself at the least."""
    length = min((end - start) * share, at_most)
    return max(start, (start + length).replace(second=0, microsecond=0))


def _reworded(promise: Promise, by: timedelta) -> Promise:
    """The promise with the days that its words name moved too."""
    moved = re.sub(_DAY, lambda day: str(date.fromisoformat(day[0]) + by), promise.content)
    return msgspec.structs.replace(promise, content=moved)


def _moved(value: Any, by: timedelta) -> Any:
    if isinstance(value, msgspec.Struct):
        fields = {name: _moved(getattr(value, name), by) for name in value.__struct_fields__}
        return msgspec.structs.replace(value, **fields)
    if isinstance(value, tuple):
        return tuple(_moved(one, by) for one in value)
    return value + by if isinstance(value, date) else value  # a datetime is a date
