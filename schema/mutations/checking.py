"""What is refused of every input before a command sees it: keys that cannot be kept, and texts that cannot be stored."""

import re
from collections.abc import Iterable
from dataclasses import fields, is_dataclass
from functools import cache
from typing import Any

from strawberry.utils.str_converters import to_camel_case

from shaodao.domain.errors import Faults

LONGEST_KEY = 200
"""Characters of an idempotency key."""
_UNSTORABLE = re.compile("[\0\ud800-\udfff]")
_LEAST_INTEGER, _GREATEST_INTEGER = -(2**63), 2**63 - 1


def check_input(given: Any, key: str) -> None:
    """Raise InvalidInput, naming every place that holds what no field of any input may hold, and a faulty key."""
    faults = Faults()
    if not (1 <= len(key) <= LONGEST_KEY and key.isprintable() and key.strip()):
        faults.add(
            "idempotencyKey", f"须为 1 至 {LONGEST_KEY} 个可见字符", f"must be 1 to {LONGEST_KEY} printable characters"
        )
    for name, value in _members(given):
        if name != "idempotencyKey":
            _check(faults, name, value)
    faults.check()


def _check(faults: Faults, path: str, value: Any) -> None:
    if isinstance(value, str):
        _check_text(faults, path, value)
    elif isinstance(value, int) and not _LEAST_INTEGER <= value <= _GREATEST_INTEGER:
        faults.add(path, "数值过大", "the number is too large")
    elif isinstance(value, list):
        for index, item in enumerate(value):
            _check(faults, f"{path}.{index}", item)
    elif isinstance(value, dict) or is_dataclass(value):
        for name, item in _members(value):
            _check_text(faults, path, name)
            _check(faults, f"{path}.{name}", item)


def _check_text(faults: Faults, path: str, text: str) -> None:
    """PostgreSQL stores neither U+0000 nor half a character."""
    if _UNSTORABLE.search(text) is None:
        return
    if "\0" in text:
        faults.add(path, "文字含有空字符", "the text holds a NUL character")
    if any("\ud800" <= character <= "\udfff" for character in text):
        faults.add(path, "文字编码不完整", "the text holds a lone surrogate")


def _members(value: Any) -> Iterable[tuple[str, Any]]:
    """The fields of an input, or the entries of a JSON object, by their names in the request."""
    if isinstance(value, dict):
        return [(str(name), item) for name, item in value.items()]
    return [(name, getattr(value, attribute)) for name, attribute in _names(value.__class__)]


@cache
def _names(input_type: type) -> tuple[tuple[str, str], ...]:
    """The fields of an input by their names in the request and in Python."""
    return tuple((to_camel_case(field.name), field.name) for field in fields(input_type))
