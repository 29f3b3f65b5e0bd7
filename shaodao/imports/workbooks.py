"""Reading a sheet of an XLSX workbook. Formulas are read as the value that was computed when the workbook was saved."""

import io
import re
from collections.abc import Iterator
from xml.etree import ElementTree
from zipfile import BadZipFile, ZipFile

from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook, SheetVisibleEnum

from shaodao.imports.cells import Cell, Uncomputed
from shaodao.imports.faults import TableError

_WORKBOOK, _RELATIONS = "xl/workbook.xml", "xl/_rels/workbook.xml.rels"
_RELATION_ID = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
_CELL = re.compile(rb'<c r="([A-Z]+)([0-9]+)"([^>]*[^>/])?>(.*?)</c>', re.DOTALL)
_VALUE = re.compile(rb"<v[^>]*>[^<]+</v>")

Places = frozenset[tuple[int, int]]


def sheet_lines(content: bytes, name: str | None) -> tuple[Iterator[tuple[int, list[Cell]]], int]:
    """The lines of a sheet and how many there are; without a name, of the only visible sheet that is not empty.

    A formula without a computed value, or whose value is an error, is a cell ``Uncomputed``. Raises TableError.
    """
    try:
        workbook = CalamineWorkbook.from_filelike(io.BytesIO(content))
        sheet = _chosen(workbook, name)
        return _lines(sheet, _uncomputed(content, sheet.name)), sheet.total_height
    except (CalamineError, BadZipFile, KeyError, ElementTree.ParseError):
        raise TableError("文件不是完整的 XLSX 工作簿") from None


def _chosen(workbook: CalamineWorkbook, name: str | None) -> CalamineSheet:
    visible = [each.name for each in workbook.sheets_metadata if each.visible is SheetVisibleEnum.Visible]
    if name is not None:
        if name not in workbook.sheet_names:
            raise TableError(f"没有工作表“{name}”，有：{'、'.join(visible)}")
        return workbook.get_sheet_by_name(name)
    filled = [sheet for sheet in map(workbook.get_sheet_by_name, visible) if sheet.height]
    if not filled:
        raise TableError("工作簿没有内容")
    if len(filled) > 1:
        names = "、".join(sheet.name for sheet in filled)
        raise TableError(f"工作簿有多个有内容的工作表（{names}），请用 --sheet 指定一个")
    return filled[0]


def _lines(sheet: CalamineSheet, uncomputed: Places) -> Iterator[tuple[int, list[Cell]]]:
    for index, cells in enumerate(sheet.iter_rows()):
        line: list[Cell] = [None if cell == "" else cell for cell in cells]
        for place in range(len(line)) if uncomputed else ():
            if (index + 1, place) in uncomputed:
                line[place] = Uncomputed()
        yield index + 1, line


def _uncomputed(content: bytes, name: str) -> Places:
    """Line and place of every cell that the reader gives as empty although it is not: errors, and formulas never computed."""
    with ZipFile(io.BytesIO(content)) as parts:
        text = parts.read(_part_of(parts, name))
    if b"<f" not in text and b't="e"' not in text:
        return frozenset()
    return frozenset(
        (int(cell[2]), _place(cell[1])) for cell in _CELL.finditer(text) if _is_uncomputed(cell[3] or b"", cell[4])
    )


def _is_uncomputed(attributes: bytes, inner: bytes) -> bool:
    if b't="e"' in attributes:
        return True
    # A computed text may be empty.
    return b"<f" in inner and b't="str"' not in attributes and _VALUE.search(inner) is None


def _part_of(parts: ZipFile, name: str) -> str:
    """The file in the workbook that holds the sheet of this name."""
    sheets = ElementTree.fromstring(parts.read(_WORKBOOK)).iter()  # noqa: S314 - expat bounds the growth of entities
    relation = next(each.get(_RELATION_ID) for each in sheets if each.get("name") == name and each.get(_RELATION_ID))
    relations = ElementTree.fromstring(parts.read(_RELATIONS))  # noqa: S314 - as above
    target = next(each.get("Target", "") for each in relations if each.get("Id") == relation)
    return target.lstrip("/") if target.startswith("/") else f"xl/{target}"


def _place(letters: bytes) -> int:
    """The place of a column from 0, by its letters: A is 0, AA is 26."""
    number = 0
    for letter in letters:
        number = number * 26 + letter - ord("A") + 1
    return number - 1
