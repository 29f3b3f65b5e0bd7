"""Cells of imported tables: what spreadsheets do to numbers and dates is told, and mended only where nothing was lost (B.6)."""

from datetime import date, datetime
from typing import Any

import pytest

from shaodao.domain.calendar import SHANGHAI
from shaodao.domain.vocabulary import Gender, Urgency
from shaodao.imports.cells import (
    ROUNDED_IDENTITY_NUMBER,
    CellError,
    Uncomputed,
    code_of,
    date_of,
    flag_of,
    identity_number_of,
    list_of,
    moment_of,
    phone_of,
    term_of,
    text_of,
)


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        (None, None), ("", None), ("  ", None), (" 周例 ", "周例"), ("'0012", "0012"), ('="0012"', "0012"),
        ("=1+1", "=1+1"), ("+86", "+86"), ("-3号楼", "-3号楼"), ("@物业", "@物业"), (12.0, "12"), (12, "12"), (1.5, "1.5"),
        (True, "是"),
    ],
)  # fmt: skip
def test_a_cell_as_text(cell: Any, text: str | None) -> None:
    assert text_of(cell) == text


def test_a_formula_without_a_value_is_told() -> None:
    with pytest.raises(CellError, match="no computed value"):
        text_of(Uncomputed())


@pytest.mark.parametrize(
    ("cell", "number"),
    [
        ("990101198002290015", "990101198002290015"), ("'99010119800229001x", "99010119800229001X"),
        ("９９０１０１１９８００２２９００１Ｘ", "99010119800229001X"), ("990101 19800229 0015", "990101198002290015"),
        ('="990101198002290015"', "990101198002290015"), (990101800229001.0, "990101800229001"), (None, None),
    ],
)  # fmt: skip
def test_an_identity_number(cell: Any, number: str | None) -> None:
    assert identity_number_of(cell) == number


@pytest.mark.parametrize("cell", ["3.3E+17", "3.30102E+17", "9.90101E17", "３.３E+17", 3.3e17, 990101198002290015])
def test_a_rounded_identity_number_is_never_guessed(cell: Any) -> None:
    with pytest.raises(CellError) as caught:
        identity_number_of(cell)
    assert caught.value.message == ROUNDED_IDENTITY_NUMBER


@pytest.mark.parametrize(
    ("cell", "phone"),
    [
        ("100 0001 0014", "10000010014"), ("1.0012345678E+10", "10012345678"), (10012345678.0, "10012345678"),
        (10012345678, "10012345678"), ("10012345678.0", "10012345678"), (81234567.0, "81234567"),
        ("0580-8123456", "0580-8123456"), ("+8610012345678", "+8610012345678"), ("１００12345678", "10012345678"),
    ],
)  # fmt: skip
def test_a_phone_is_recovered_where_every_digit_shows(cell: Any, phone: str) -> None:
    assert phone_of(cell) == phone


@pytest.mark.parametrize("cell", ["1.00123E+10", "1E+10", 5808123456.0])
def test_a_phone_that_lost_digits_is_told(cell: Any) -> None:
    with pytest.raises(CellError):
        phone_of(cell)


def test_a_grid_code_still_fits_a_number() -> None:
    assert code_of(990101001001001.0) == code_of("9.90101001001001E+14") == "990101001001001"
    with pytest.raises(CellError):
        code_of("9.90101E+14")


@pytest.mark.parametrize(
    "cell",
    [
        "2026-01-05", "2026/1/5", "2026.1.5", "2026年1月5日", "20260105", 20260105.0, 20260105, "46027", 46027.0, "２０２６-1-5",
        date(2026, 1, 5), datetime(2026, 1, 5, 9, 30),  # noqa: DTZ001 - a spreadsheet knows no zone
    ],
)  # fmt: skip
def test_a_day_in_every_usual_form(cell: Any) -> None:
    assert date_of(cell) == date(2026, 1, 5)


@pytest.mark.parametrize("cell", ["2026-02-30", "5/1/2026", "20261301", "1980", 1980.0, "昨天", "-5", 1e12])
def test_no_day(cell: Any) -> None:
    with pytest.raises(CellError):
        date_of(cell)


def test_moments_are_in_shanghai() -> None:
    half_past_two = datetime(2026, 1, 5, 14, 30, tzinfo=SHANGHAI)
    assert moment_of("2026/1/5 14:30") == moment_of("2026-01-05T14:30:00") == half_past_two
    assert moment_of(46027 + 14.5 / 24) == half_past_two
    assert moment_of("2026-01-05") == moment_of(date(2026, 1, 5)) == datetime(2026, 1, 5, tzinfo=SHANGHAI)
    assert moment_of(None) is None
    with pytest.raises(CellError):
        moment_of("2026-01-05 25:00")


def test_terms_flags_and_lists() -> None:
    assert term_of("女", Gender) is term_of("FEMALE", Gender) is Gender.FEMALE
    assert term_of("男性", Gender, [("男性", Gender.MALE)]) is Gender.MALE
    with pytest.raises(CellError) as caught:
        term_of("特急", Urgency)
    assert caught.value.message == "应为：急办、一般、复杂"
    assert flag_of("是") is flag_of(True) is True
    assert flag_of(None) is flag_of("否") is False
    assert list_of("水电维修、护理，护理;电工") == ("水电维修", "护理", "电工")
