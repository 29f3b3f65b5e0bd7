"""The files of exports: CSV that spreadsheets open as it is, and XLSX. No cell of either is ever read as a formula."""

import asyncio
import csv
import io
import tempfile
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import IO

import xlsxwriter
from xlsxwriter.worksheet import Worksheet

from schema.exports import Value

_FORMULA_BEGINS = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")
_BYTE_ORDER_MARK = "\ufeff"
_CHUNK = 64 * 1024
_LONGEST_HEADER = 250
"""Characters of a printed page's header, its two of alignment included (XLSX allows 255)."""


@dataclass(frozen=True)
class FileFacts:
    """What a file says of itself. ``watermark``: who exported it, when, what for; it stands first, last and in print."""

    title: str
    author: str
    watermark: str

    def closing(self, rows: int) -> str:
        """The last line: by its number of rows a reader knows that the file is whole."""
        return f"共{rows}行。{self.watermark}"


def safe_cell(value: Value) -> str | int:
    """The value as a cell that no spreadsheet reads as a formula: a text that looks like one gets an apostrophe before it."""
    if value is None:
        return ""
    if isinstance(value, int):
        return value
    text = value.replace("\r\n", "\n")
    return f"'{text}" if text.lstrip(" ").startswith(_FORMULA_BEGINS) else text


async def csv_file(
    headings: Sequence[str], pages: AsyncIterator[list[list[Value]]], facts: FileFacts
) -> AsyncIterator[bytes]:
    """A CSV in UTF-8 with the byte order mark that spreadsheets need, page by page."""
    yield (_BYTE_ORDER_MARK + _lines([[facts.watermark], headings])).encode()
    rows = 0
    async for page in pages:
        rows += len(page)
        yield _lines(page).encode()
    yield _lines([[facts.closing(rows)]]).encode()


async def xlsx_file(
    headings: Sequence[str], pages: AsyncIterator[list[list[Value]]], facts: FileFacts
) -> AsyncIterator[bytes]:
    """An XLSX workbook: it is written row by row into temporary files, and sent when it is complete."""
    file = tempfile.TemporaryFile()  # noqa: SIM115 - it is closed, and so deleted, when it has been sent
    try:
        workbook = xlsxwriter.Workbook(file, {"constant_memory": True, "strings_to_formulas": False})
        workbook.set_properties({"title": facts.title, "author": facts.author, "comments": facts.watermark})
        sheet = workbook.add_worksheet(facts.title)
        await _fill(sheet, headings, pages, facts)
        await asyncio.to_thread(workbook.close)
    except BaseException:
        file.close()
        raise
    return _sent(file)


async def _fill(
    sheet: Worksheet, headings: Sequence[str], pages: AsyncIterator[list[list[Value]]], facts: FileFacts
) -> None:
    printed = facts.watermark.replace("&", "&&")[:_LONGEST_HEADER]
    sheet.set_header(f"&C{printed}")
    sheet.write_string(0, 0, facts.watermark)
    _write_row(sheet, 1, headings)
    sheet.freeze_panes(2, 0)
    line = 2
    async for page in pages:
        for row in page:
            _write_row(sheet, line, row)
            line += 1
    sheet.write_string(line, 0, facts.closing(line - 2))


def _write_row(sheet: Worksheet, line: int, row: Sequence[Value]) -> None:
    for place, value in enumerate(row):
        cell = safe_cell(value)
        if isinstance(cell, int):
            sheet.write_number(line, place, cell)
        elif cell:
            sheet.write_string(line, place, cell)


async def _sent(file: IO[bytes]) -> AsyncIterator[bytes]:
    with file:
        file.seek(0)
        while chunk := await asyncio.to_thread(file.read, _CHUNK):
            yield chunk


def _lines(rows: Sequence[Sequence[Value]]) -> str:
    text = io.StringIO(newline="")
    csv.writer(text).writerows([safe_cell(value) for value in row] for row in rows)
    return text.getvalue()
