"""Bound values: which ``$n`` a statement has, where each comes from, and how it becomes what PostgreSQL wants.

A plan is shared by every request of its shape, so a parameter is a slot: a function from the request to a value. The
types are PostgreSQL's own answer when the statement is prepared; no declaration repeats them.
"""

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import orjson

from schema.errors import ClientError, invalid_input
from schema.ids import GlobalId
from shaodao.domain.permissions import Viewer

SHANGHAI = ZoneInfo("Asia/Shanghai")
_INTEGER_BITS = {"int2": 16, "int4": 32, "int8": 64}


@dataclass(frozen=True)
class Binding:
    """The request that a plan is run for: who asks, the counties asked in, the time, the coerced variables.

    ``row`` names the stored object that a payload's plan reads; ``services`` and ``phones`` are those of the ``Context``.
    """

    viewer: Viewer
    counties: tuple[int, ...]
    now: datetime
    variables: Mapping[str, Any]
    row: GlobalId | None = None
    services: Any = None
    phones: set[bytes] = field(default_factory=set)


Read = Callable[[Binding], Any]
Malformed = Callable[[Binding], ClientError]
"""What is raised when the value does not fit PostgreSQL's type."""


@dataclass(frozen=True)
class Slot:
    """A parameter: the name of the input it comes from, for errors, and how to read it."""

    label: str
    read: Read
    malformed: Malformed | None = None


@dataclass
class Parameters:
    """The slots of a statement under construction."""

    slots: list[Slot] = field(default_factory=list)
    _numbers: dict[Hashable, int] = field(default_factory=dict)

    def add(self, label: str, read: Read, malformed: Malformed | None = None) -> str:
        """A new parameter as ``$n``; ``malformed`` is raised when the value does not fit PostgreSQL's type."""
        self.slots.append(Slot(label, read, malformed))
        return f"${len(self.slots)}"

    def shared(self, key: Hashable, read: Read) -> str:
        """The parameter of a value that several places use, such as the viewer's account."""
        if key not in self._numbers:
            self.add(str(key), read)
            self._numbers[key] = len(self.slots)
        return f"${self._numbers[key]}"


def converted(slot: Slot, type_name: str, binding: Binding) -> Any:
    """The slot's value as asyncpg takes it for the PostgreSQL type. Raises ClientError when it does not fit."""
    value = slot.read(binding)
    try:
        return to_postgres(value, type_name)
    except (ValueError, TypeError, ArithmeticError) as error:
        if slot.malformed is not None:
            raise slot.malformed(binding) from error
        raise invalid_input(slot.label, "值无效", f"not a value of type {type_name}") from error


def to_postgres(value: Any, type_name: str) -> Any:
    """The value as asyncpg takes it; an unknown type is passed on. Raises ValueError or TypeError."""
    if value is None:
        return None
    if type_name.endswith("[]"):
        return [to_postgres(item, type_name[:-2]) for item in _sequence(value)]
    if isinstance(value, Enum):
        value = value.value
    if type_name in _INTEGER_BITS:
        return _integer(value, _INTEGER_BITS[type_name])
    convert = _CONVERTERS.get(type_name)
    return convert(value) if convert else value


def _sequence(value: Any) -> Sequence[Any]:
    if isinstance(value, str) or not isinstance(value, Sequence):
        raise TypeError
    return value


def _text(value: Any) -> str:
    text = str(value)
    text.encode()  # a lone surrogate is refused here, NUL in the next line: PostgreSQL takes neither
    if "\0" in text:
        raise ValueError
    return text


def _integer(value: Any, bits: int) -> int:
    number = int(value)
    if not -(1 << (bits - 1)) <= number < 1 << (bits - 1):
        raise ValueError
    return number


def _instant(value: Any) -> datetime:
    instant = value if isinstance(value, datetime) else datetime.fromisoformat(value)
    return instant if instant.tzinfo else instant.replace(tzinfo=SHANGHAI)


def _day(value: Any) -> date:
    return value if isinstance(value, date) else date.fromisoformat(value)


def _uuid(value: Any) -> UUID:
    return value if isinstance(value, UUID) else UUID(value)


def _truth(value: Any) -> bool:
    if not isinstance(value, bool):
        raise TypeError
    return value


def _json(value: Any) -> str:
    return _text(orjson.dumps(value).decode())


_CONVERTERS: dict[str, Callable[[Any], Any]] = {
    "text": _text,
    "varchar": _text,
    "uuid": _uuid,
    "timestamptz": _instant,
    "date": _day,
    "bool": _truth,
    "float8": float,
    "numeric": lambda value: Decimal(str(value)),
    "json": _json,
    "jsonb": _json,
}
