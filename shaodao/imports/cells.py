"""Reading single cells, with the damage that spreadsheets do to numbers: told, and mended only where nothing was lost."""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import TypeAlias, TypeVar

from shaodao.domain.calendar import SHANGHAI
from shaodao.domain.malformed import MalformedValueError
from shaodao.domain.vocabulary import Term

_SCIENTIFIC = re.compile(r"([0-9]+(?:\.[0-9]+)?)E\+?([0-9]{1,3})", re.IGNORECASE)
_PROTECTED = re.compile(r'="([^"]*)"')
_TRAILING_ZEROS = re.compile(r"([0-9]+)\.0+")
_DAY = re.compile(r"([0-9]{4})[-/.年]([0-9]{1,2})[-/.月]([0-9]{1,2})日?")
_COMPACT_DAY = re.compile(r"((?:18|19|20|21)[0-9]{2})([01][0-9])([0-3][0-9])")
_MOMENT = re.compile(r"(.+?)[ T]+([0-9]{1,2}):([0-9]{2})(?::([0-9]{2})(?:\.[0-9]+)?)?")
_MOBILE = re.compile(r"1[0-9]{10}")
_LISTED = re.compile(r"[、，,;；|\n]+")

_SERIAL_ZERO = date(1899, 12, 30)
"""The day from which spreadsheets count."""
_FIRST_SERIAL, _LAST_SERIAL = 10_000, 2_958_465
"""A smaller number is a year rather than a day before May 1927."""
_IDENTITY_DIGITS = 18

TermT = TypeVar("TermT", bound=Term)


@dataclass(frozen=True)
class Uncomputed:
    """A formula without a computed value, or an error such as #N/A."""


Cell: TypeAlias = str | int | float | bool | date | datetime | time | timedelta | Uncomputed | None


class CellError(MalformedValueError):
    """A cell that cannot be read as what its column holds."""


ROUNDED_IDENTITY_NUMBER = "表格软件已将证件号码转成科学计数法, 末位已丢失，请将该列设为文本后重新导出"
"""What is told of an identity number whose end a spreadsheet has lost."""
_LOST = (
    ROUNDED_IDENTITY_NUMBER,
    "a spreadsheet has turned the identity number into a rounded number; set the column to text and export again",
)
_CODE_LOST = (
    "表格软件已将编码转成科学计数法，请将该列设为文本后重新导出",
    "a spreadsheet has turned the code into a rounded number; set the column to text and export again",
)
_PHONE_LOST = (
    "表格软件已将电话转成科学计数法且末位已丢失，请将该列设为文本后重新导出",
    "a spreadsheet has rounded the phone; set the column to text and export again",
)
_ZERO_LOST = (
    "电话被存为数字，区号前的0可能已丢失，请将该列设为文本后重新导出",
    "the phone was stored as a number and may have lost the zero of its area code; set the column to text",
)
_UNCOMPUTED = (
    "公式没有计算结果或结果出错，请在表格软件中重新计算并保存，或粘贴为数值",
    "the formula has no computed value, or an error; compute and save the workbook again",
)
_NOT_A_DAY = ("日期无法识别，请用 2026-01-05 的形式", "not a date such as 2026-01-05")
_NOT_A_MOMENT = ("时间无法识别，请用 2026-01-05 14:30 的形式", "not a time such as 2026-01-05 14:30")


def text_of(cell: Cell) -> str | None:
    """The cell as text; None when it is empty. What looks like a formula in a CSV is a text like any other.

    A leading apostrophe, and the ``="…"`` by which spreadsheets are kept from counting, are taken off. Raises CellError.
    """
    match cell:
        case None:
            return None
        case Uncomputed():
            raise CellError(*_UNCOMPUTED)
        case str():
            return _unwrapped(cell) or None
        case bool():
            return "是" if cell else "否"
        case float() if cell.is_integer():
            return str(int(cell))
        case _:
            return str(cell)


def compact_of(cell: Cell) -> str | None:
    """The text of a code: full width folded, spaces taken out. Raises CellError."""
    text = text_of(cell)
    return None if text is None else "".join(unicodedata.normalize("NFKC", text).split()) or None


def identity_number_of(cell: Cell) -> str | None:
    """The text of an identity number. Raises CellError where a spreadsheet has rounded it: its end is lost for good."""
    text = compact_of(cell)
    if text is None:
        return None
    rounded = not isinstance(cell, str) and text.isdigit() and len(text) >= _IDENTITY_DIGITS
    if rounded or _SCIENTIFIC.fullmatch(text):
        raise CellError(*_LOST)
    return text.upper()


def code_of(cell: Cell) -> str | None:
    """The digits of a code, such as a grid's fifteen, which a number still holds exactly. Raises CellError."""
    text = compact_of(cell)
    if text is None:
        return None
    return _exact(text, _CODE_LOST)


def phone_of(cell: Cell) -> str | None:
    """A phone; one that became a number is recovered when nothing is missing of it. Raises CellError."""
    text = compact_of(cell)
    if text is None:
        return None
    digits = _exact(text, _PHONE_LOST)
    became_number = not isinstance(cell, str) or digits != text
    if became_number and len(digits) > 8 and not _MOBILE.fullmatch(digits):
        raise CellError(*_ZERO_LOST)
    return digits


def date_of(cell: Cell) -> date | None:
    """A day: of a date cell, its serial number, or written 2026-01-05, 2026/1/5, 2026年1月5日, 20260105. Raises CellError."""
    match cell:
        case datetime():
            return cell.date()
        case date():
            return cell
        case _:
            text = compact_of(cell)
            return None if text is None else _day(_TRAILING_ZEROS.sub(r"\1", text))


def moment_of(cell: Cell) -> datetime | None:
    """A time in Shanghai: a day as ``date_of`` reads it, with or without the time of day. Raises CellError."""
    if isinstance(cell, datetime):
        return cell.replace(tzinfo=SHANGHAI)
    if isinstance(cell, float) and not cell.is_integer():
        serial = datetime.combine(_of_serial(int(cell)), time()) + timedelta(seconds=round(cell % 1 * 86_400))
        return serial.replace(tzinfo=SHANGHAI)
    text = None if isinstance(cell, date) else text_of(cell)
    if text is not None and (found := _MOMENT.fullmatch(unicodedata.normalize("NFKC", text))):
        return _moment(found)
    day = date_of(cell)
    return None if day is None else datetime.combine(day, time(), SHANGHAI)


def term_of(cell: Cell, terms: type[TermT], aliases: Iterable[tuple[str, TermT]] = ()) -> TermT | None:
    """The term that a cell names by its Chinese label, its English value or an alias. Raises CellError."""
    text = text_of(cell)
    if text is None:
        return None
    names = {name.casefold(): term for term in terms for name in (term.label, term.value)}
    found = (names | dict(aliases)).get(unicodedata.normalize("NFKC", text).casefold()) or names.get(text.casefold())
    if found is None:
        known = "、".join(term.label for term in terms)
        raise CellError(f"应为：{known}", f"must be one of {', '.join(terms)}")
    return found


def flag_of(cell: Cell) -> bool:
    """是 or 否; empty is 否. Raises CellError."""
    text = (compact_of(cell) or "否").casefold()
    if text not in {"是", "否", "y", "n", "true", "false", "1", "0"}:
        raise CellError("应为：是、否", "must be yes or no")
    return text in {"是", "y", "true", "1"}


def list_of(cell: Cell) -> tuple[str, ...]:
    """The parts of a cell that lists several things. Raises CellError."""
    parts = (part.strip() for part in _LISTED.split(text_of(cell) or ""))
    return tuple(dict.fromkeys(part for part in parts if part))


def _unwrapped(text: str) -> str:
    stripped = text.strip().removeprefix("'").strip()
    protected = _PROTECTED.fullmatch(stripped)
    return protected[1].strip() if protected else stripped


def _exact(text: str, lost: tuple[str, str]) -> str:
    """The digits of a number in any notation that still shows all of them."""
    if integral := _TRAILING_ZEROS.fullmatch(text):
        return integral[1]
    scientific = _SCIENTIFIC.fullmatch(text)
    if scientific is None:
        return text
    shown = len(scientific[1].replace(".", ""))
    value = Decimal(scientific[1]).scaleb(int(scientific[2]))
    if shown <= int(scientific[2]) or value != value.to_integral_value():
        raise CellError(*lost)
    return str(int(value))


def _day(text: str) -> date:
    written = _DAY.fullmatch(text) or _COMPACT_DAY.fullmatch(text)
    if written is None:
        return _of_serial(int(text)) if text.isascii() and text.isdigit() and len(text) < 8 else _no_day()
    try:
        return date(int(written[1]), int(written[2]), int(written[3]))
    except ValueError:
        return _no_day()


def _of_serial(days: int) -> date:
    if not _FIRST_SERIAL <= days <= _LAST_SERIAL:
        _no_day()
    return _SERIAL_ZERO + timedelta(days=days)


def _no_day() -> date:
    raise CellError(*_NOT_A_DAY)


def _moment(found: re.Match[str]) -> datetime:
    hour, minute, second = (int(found[part] or 0) for part in (2, 3, 4))
    try:
        return datetime.combine(_day("".join(found[1].split())), time(hour, minute, second), SHANGHAI)
    except ValueError:
        raise CellError(*_NOT_A_MOMENT) from None
