"""Files of exports: no cell is read as a formula, and the watermark stands in every one (C.7 guardrail 3)."""

import io
from collections.abc import AsyncIterator
from zipfile import ZipFile

import pytest
from python_calamine import CalamineWorkbook

from api.export_files import FileFacts, csv_file, safe_cell, xlsx_file
from schema.exports import Value

FACTS = FileFacts("人口导出", "吕示衡", "导出人：吕示衡 & 用途：核对")
HEADINGS = ["姓名", "年龄"]


async def pages() -> AsyncIterator[list[list[Value]]]:
    yield [["=HYPERLINK(1)", 41], ["周例,\n安", None]]
    yield [["@例", 7]]


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@x", "\tx", "\rx", " =1", "＝1"])
def test_what_looks_like_a_formula_is_text(text: str) -> None:
    assert safe_cell(text) == f"'{text}"


def test_other_cells_stay_as_they_are() -> None:
    assert [safe_cell(value) for value in ("100****0001", "", None, 41, "a=b")] == ["100****0001", "", "", 41, "a=b"]


async def test_a_csv_opens_in_a_spreadsheet() -> None:
    text = b"".join([part async for part in csv_file(HEADINGS, pages(), FACTS)])
    assert text.startswith(b"\xef\xbb\xbf")
    assert text.decode("utf-8-sig") == (
        "导出人：吕示衡 & 用途：核对\r\n姓名,年龄\r\n'=HYPERLINK(1),41\r\n\"周例,\n安\",\r\n'@例,7\r\n"
        "共3行。导出人：吕示衡 & 用途：核对\r\n"
    )


async def test_a_workbook_carries_the_watermark_in_cells_properties_and_print() -> None:
    content = b"".join([part async for part in await xlsx_file(HEADINGS, pages(), FACTS)])
    rows = CalamineWorkbook.from_filelike(io.BytesIO(content)).get_sheet_by_index(0).to_python()
    assert [row[0] for row in rows] == [
        FACTS.watermark, "姓名", "'=HYPERLINK(1)", "周例,\n安", "'@例", f"共3行。{FACTS.watermark}",
    ]  # fmt: skip
    with ZipFile(io.BytesIO(content)) as parts:
        assert "导出人：吕示衡" in parts.read("docProps/core.xml").decode()
        sheet = parts.read("xl/worksheets/sheet1.xml").decode()
    assert "<f>" not in sheet
    assert "&amp;C导出人：吕示衡 &amp;&amp;" in sheet
