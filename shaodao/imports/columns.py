"""The columns that a table may have: their Chinese headings, and what is wrong with a header."""

import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from shaodao.imports.cells import Cell
from shaodao.imports.faults import RowFault

_SERIAL = frozenset({"序号", "编号", "no", "no."})
"""Headings of running numbers, which mean nothing."""


@dataclass(frozen=True)
class Column:
    """A column: the field's name, its Chinese headings, the first of which is the proper one."""

    field: str
    headings: tuple[str, ...]
    required: bool = False


@dataclass(frozen=True)
class Header:
    """A matched header: by field, what the file calls it and the place of its column."""

    headings: Mapping[str, str]
    places: Mapping[str, int]
    faults: tuple[RowFault, ...]


class Columns:
    """The columns of one kind of table, found by Chinese heading or by the field's English name."""

    def __init__(self, columns: Iterable[Column]) -> None:
        self._columns = tuple(columns)
        self._fields = {
            plain_heading(heading): column.field
            for column in self._columns
            for heading in (*column.headings, column.field)
        }

    @property
    def required_names(self) -> list[str]:
        """The proper headings of the columns that must be there."""
        return [column.headings[0] for column in self._columns if column.required]

    def field_of(self, heading: str) -> str | None:
        """The field that a heading names."""
        return self._fields.get(plain_heading(heading))

    def match(self, line: int, cells: list[Cell], ignored: set[str]) -> Header:
        """The header that stands on a line. Unknown, doubled and missing columns are faults: nothing is lost unsaid."""
        headings: dict[str, str] = {}
        places: dict[str, int] = {}
        faults: list[RowFault] = []
        for place, cell in enumerate(cells):
            heading = "" if cell is None else str(cell).strip()
            plain = plain_heading(heading)
            if not plain or plain in ignored or plain in _SERIAL:
                continue
            name = self._fields.get(plain)
            if name is None:
                faults.append(RowFault(line, heading, "未知的列，改名或用 --ignore 指明不导入"))
            elif name in places:
                faults.append(RowFault(line, heading, f"与“{headings[name]}”是同一列"))
            else:
                headings[name], places[name] = heading, place
        return Header(headings, places, (*faults, *self._missing(line, places)))

    def _missing(self, line: int, places: Mapping[str, int]) -> list[RowFault]:
        return [
            RowFault(line, column.headings[0], "缺少此列")
            for column in self._columns
            if column.required and column.field not in places
        ]


def plain_heading(heading: str) -> str:
    """A heading without what does not matter: width, case, spaces, underscores, stars that mark it required."""
    folded = unicodedata.normalize("NFKC", heading).casefold().lstrip("'")
    return "".join(folded.split()).replace("_", "").strip("*:")
