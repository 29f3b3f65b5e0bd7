"""Whether two servers gave the same answer: instants may be written in different zones, and cursors are each server's own.

``python bench/answers.py ONE.json OTHER.json`` tells the first difference of two files.
"""

import sys
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson

_CURSORS = ("endCursor", "startCursor", "cursor")


def difference(one: bytes, other: bytes) -> str | None:
    """Where two answers differ first, with both values; None: they are the same."""
    return _difference(orjson.loads(one), orjson.loads(other), "")


def _difference(one: Any, other: Any, path: str) -> str | None:
    if isinstance(one, dict) and isinstance(other, dict) and one.keys() == other.keys():
        pairs = [(f"{path}.{key}", one[key], other[key]) for key in one if key not in _CURSORS]
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        pairs = [(f"{path}[{index}]", *both) for index, both in enumerate(zip(one, other, strict=True))]
    else:
        return None if _comparable(one) == _comparable(other) else f"{path}: {one!r:.80} and {other!r:.80}"
    return next((found for at, left, right in pairs if (found := _difference(left, right, at)) is not None), None)


def _comparable(value: Any) -> Any:
    """A value with an instant read; a day stays text."""
    if not isinstance(value, str) or "T" not in value:
        return value
    try:
        return datetime.fromisoformat(value)
    except ValueError:
        return value


if __name__ == "__main__":
    found = difference(*(Path(name).read_bytes() for name in sys.argv[1:3]))
    sys.stdout.write(f"{found or 'the same'}\n")
    sys.exit(found is not None)
