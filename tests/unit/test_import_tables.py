"""Tables as people send them: encodings, delimiters, titles above the header, formulas, unknown columns (issue: bad input)."""

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter

from shaodao.imports.cells import Uncomputed
from shaodao.imports.faults import RowFault, TableError, write_faults
from shaodao.imports.people import people_columns
from shaodao.imports.tables import Table, read_table

HEADER = "姓名,网格编码,居住类型"
ROW = "周例安,990101001001001,户籍"


def table_of(tmp_path: Path, content: bytes | str, **options: Any) -> Table:
    path = tmp_path / "people"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return read_table(path, people_columns(), **options)


def rows_of(table: Table) -> list[tuple[int, dict[str, Any]]]:
    return [(row.line, dict(row.cells)) for row in table.rows]


def workbook(*sheets: Sequence[Sequence[Any]], hidden: int | None = None) -> bytes:
    file = io.BytesIO()
    with xlsxwriter.Workbook(file, {"in_memory": True}) as book:
        for number, rows in enumerate(sheets):
            sheet = book.add_worksheet()
            if number == hidden:
                sheet.hide()
            for line, row in enumerate(rows):
                for place, cell in enumerate(row):
                    _write(sheet, line, place, cell)
    return file.getvalue()


def _write(sheet: Any, line: int, place: int, cell: Any) -> None:
    if isinstance(cell, tuple):  # a formula and its computed value
        sheet.write_formula(line, place, cell[0], None, cell[1])
    elif isinstance(cell, str):
        sheet.write_string(line, place, cell)
    elif cell is not None:
        sheet.write_number(line, place, cell)


EXPECTED = [(2, {"name": "周例安", "grid_code": "990101001001001", "residence_kind": "户籍"})]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk", "gb18030", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_every_usual_encoding_and_delimiter(tmp_path: Path, encoding: str, delimiter: str) -> None:
    text = f"{HEADER}\r\n{ROW}\r\n\r\n".replace(",", delimiter)
    assert rows_of(table_of(tmp_path, text.encode(encoding))) == EXPECTED


def test_lines_are_those_that_the_user_sees(tmp_path: Path) -> None:
    text = f'听涛社区人口信息表,,\n\n{HEADER}\n"周例\n安",990101001001001,户籍\n,,\n{ROW}\n'
    table = table_of(tmp_path, text)
    assert [line for line, _ in rows_of(table)] == [4, 7]
    assert table.faults == []


def test_headings_by_chinese_and_english_names(tmp_path: Path) -> None:
    table = table_of(
        tmp_path, "序号,* 姓 名,身份证号码,GRID_CODE,residenceKind,备注\n1,周例,x,y,户籍,z\n", ignored=["备注"]
    )
    assert set(table.headings) == {"name", "id_number", "grid_code", "residence_kind"}
    assert table.heading("id_number") == "身份证号码"
    assert table.faults == []


def test_unknown_doubled_and_missing_columns_are_told(tmp_path: Path) -> None:
    table = table_of(tmp_path, "姓名,网格编码,宗教信仰,电话,联系电话\n")
    assert [(fault.line, fault.column, fault.message[:4]) for fault in table.faults] == [
        (1, "宗教信仰", "未知的列"), (1, "联系电话", "与“电话"), (1, "居住类型", "缺少此列"),
    ]  # fmt: skip


def test_a_line_with_more_cells_than_the_header_is_told(tmp_path: Path) -> None:
    table = table_of(tmp_path, f"{HEADER}\n周例,990101001001001,户籍,多出的\n周例,990101001001001,户籍,,\n")
    assert len(rows_of(table)) == 2
    assert [fault.line for fault in table.faults] == [2]


@pytest.mark.parametrize(
    ("content", "word"),
    [
        (b"", "空"), (b" \n ", "空"), (b"\xff\x00\xff", "编码"), (b"\xd0\xcf\x11\xe0rest", "XLS"), (b"PK\x03\x04rest", "XLSX"),
        (b"a,b\0c\n", "空字符"), (b"a,b\n1,2\n", "表头"), ("姓名,网格编码\n".encode() + b'"x"y,2\n', "引号"),
    ],
)  # fmt: skip
def test_what_is_no_table(tmp_path: Path, content: bytes, word: str) -> None:
    with pytest.raises(TableError, match=word):
        rows_of(table_of(tmp_path, content))


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(TableError, match="无法读取"):
        read_table(tmp_path / "none.csv", people_columns())


def test_a_workbook_with_numbers_and_formulas(tmp_path: Path) -> None:
    header = ["姓名", "网格编码", "居住类型", "电话", "住址"]
    content = workbook(
        [
            ["听涛社区人口信息表"], [], header,
            ["周例安", 990101001001001, ("=C9", "户籍"), 10012345678, ('=A1&"x"', "")],
            [("=A1/0", "#DIV/0!"), "990101001001001", "户籍", None, "=不是公式"],
        ]
    )  # fmt: skip
    [(first, plain), (second, faulty)] = rows_of(table_of(tmp_path, content))
    assert (first, second) == (4, 5)
    assert plain["grid_code"] == 990101001001001
    assert (plain["residence_kind"], plain["phone"]) == ("户籍", 10012345678)
    assert isinstance(plain["address"], Uncomputed)
    assert isinstance(faulty["name"], Uncomputed)
    assert (faulty["phone"], faulty["address"]) == (None, "=不是公式")


def test_the_sheet_that_is_meant(tmp_path: Path) -> None:
    people = [HEADER.split(","), ROW.split(",")]
    assert rows_of(table_of(tmp_path, workbook(people, []))) == EXPECTED
    assert rows_of(table_of(tmp_path, workbook([["说明"]], people, hidden=1), sheet="Sheet2")) == EXPECTED
    with pytest.raises(TableError, match="--sheet"):
        table_of(tmp_path, workbook(people, people))
    with pytest.raises(TableError, match="没有工作表"):
        table_of(tmp_path, workbook(people), sheet="人口")
    with pytest.raises(TableError, match="没有内容"):
        table_of(tmp_path, workbook([]))


def test_the_full_list_of_faults_opens_in_a_spreadsheet(tmp_path: Path) -> None:
    path = tmp_path / "faults.csv"
    write_faults(path, [RowFault(3, "电话", "不能为空"), RowFault(5, None, "单元格比表头多")])
    assert path.read_text(encoding="utf-8-sig").splitlines() == ["行号,列,问题", "3,电话,不能为空", "5,,单元格比表头多"]
    assert str(RowFault(3, "电话", "不能为空")) == "第3行“电话”：不能为空"
