"""Reading a table: CSV in UTF-8, UTF-16 or GB18030, or a sheet of an XLSX workbook, as rows of cells by column."""

import csv
import io
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import chain, islice
from pathlib import Path

from shaodao.imports.cells import Cell
from shaodao.imports.columns import Columns, plain_heading
from shaodao.imports.faults import RowFault, TableError
from shaodao.imports.workbooks import sheet_lines

_DELIMITERS = ",;\t"
_HEADER_WITHIN = 10
"""A title and notes may stand above the header: it is looked for in so many lines."""
_HEADER_NAMES = 2
"""Known names that make a line the header."""
_ZIP, _OLE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")

Line = tuple[int, list[Cell]]


@dataclass(frozen=True)
class Row:
    """One row: its line, and its cells by the fields' names. Fields without a column have no cell."""

    line: int
    cells: Mapping[str, Cell]


@dataclass
class Table:
    """A table whose header is known. ``size``: about how many rows, for showing progress.

    ``faults`` are the header's; while the rows are read, those of lines that cannot be told apart join them.
    """

    headings: Mapping[str, str]
    rows: Iterator[Row]
    size: int
    faults: list[RowFault] = field(default_factory=list)

    def heading(self, name: str) -> str:
        """What the file calls a field; the field's own name where it has no such column."""
        return self.headings.get(name, name)


def read_table(path: Path, columns: Columns, *, sheet: str | None = None, ignored: Iterable[str] = ()) -> Table:
    """The table of a file, its header matched with the known columns; ``ignored`` headers are left out on purpose.

    Unknown, doubled and missing columns are faults of the table. Raises TableError for what is no table, TableError also
    where no header is found.
    """
    content = _content(path)
    if content.startswith(_ZIP):
        lines, size = sheet_lines(content, sheet)
    elif content.startswith(_OLE):
        raise TableError("文件是旧版 XLS 或加密的工作簿，请另存为不加密的 XLSX 或 CSV")
    else:
        lines, size = _csv_lines(_decoded(content), columns)
    return _table(lines, size, columns, {plain_heading(name) for name in ignored})


def _content(path: Path) -> bytes:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise TableError(f"无法读取 {path}：{error.strerror}") from None
    if not content.strip():
        raise TableError("文件是空的")
    return content


def _decoded(content: bytes) -> str:
    """The text, in the first encoding that decodes all of it: GB18030 holds all of GBK, and is hardly ever valid UTF-8."""
    encodings = ("utf-16",) if content.startswith(_UTF_16) else ("utf-8-sig", "gb18030")
    for encoding in encodings:
        with suppress(UnicodeDecodeError):
            return content.decode(encoding)
    raise TableError("文件编码无法识别，请另存为 UTF-8 或 GBK 编码的 CSV，或 XLSX")


def _csv_lines(text: str, columns: Columns) -> tuple[Iterator[Line], int]:
    if "\0" in text:
        raise TableError("文件含有空字符，不是文本表格")
    return _records(text, _delimiter(text, columns)), text.count("\n")


def _delimiter(text: str, columns: Columns) -> str:
    """The delimiter by which some line at the top has the most known names."""

    def known(delimiter: str) -> int:
        return max((_known(cells, columns) for _, cells in islice(_top(text, delimiter), _HEADER_WITHIN)), default=0)

    return max(_DELIMITERS, key=known)


def _top(text: str, delimiter: str) -> Iterator[Line]:
    with suppress(TableError):  # a quote that is none by another delimiter
        yield from _records(text, delimiter)


def _records(text: str, delimiter: str) -> Iterator[Line]:
    """The records with the line on which each begins: a quoted cell may hold line ends."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    begins = 1
    try:
        for record in reader:
            yield begins, list(record)
            begins = reader.line_num + 1
    except csv.Error:
        raise TableError(f"第{begins}行起的引号或分隔符不完整，无法继续读取") from None


def _known(cells: list[Cell], columns: Columns) -> int:
    return sum(columns.field_of(cell) is not None for cell in cells if isinstance(cell, str))


def _table(lines: Iterator[Line], size: int, columns: Columns, ignored: set[str]) -> Table:
    top = list(islice(lines, _HEADER_WITHIN))
    for place, (line, cells) in enumerate(top):
        if _known(cells, columns) >= _HEADER_NAMES:
            header = columns.match(line, cells, ignored)
            table = Table(header.headings, iter(()), max(size - place, 1), list(header.faults))
            table.rows = _rows(chain(top[place + 1 :], lines), header.places, len(cells), table.faults)
            return table
    raise TableError(f"前{_HEADER_WITHIN}行中没有找到表头，应含有：{'、'.join(columns.required_names)}")


def _rows(
    lines: Iterable[Line], places: Mapping[str, int], width: int, faults: list[RowFault]
) -> Iterator[Row]:  # fmt: skip
    for line, cells in lines:
        if not any(cell not in (None, "") for cell in cells):
            continue
        if any(cell not in (None, "") for cell in cells[width:]):
            faults.append(RowFault(line, None, "单元格比表头多，文字中可能有未加引号的分隔符"))
        yield Row(line, {name: cells[place] if place < len(cells) else None for name, place in places.items()})
