"""The page of errors tells every code, status and close code that the code can send, and each has a page of its own."""

import re
from pathlib import Path
from typing import get_args

import pytest

from api.masking import FailureCode
from schema.errors import ErrorCode
from schema.problems import AnyProblem
from shaodao.domain import errors
from shaodao.domain.files import FileFault

ROOT = Path(__file__).parents[3]
CODE = re.compile(r'"([A-Z]+_[A-Z_]+|UNAUTHENTICATED)"')
STATUS = re.compile(r"(?:BadRequestError|Answer|refused)\(\s*(\d{3})")
CLOSE_CODES = "close-codes"
WAYS = "| HTTP | older clients | older, JSON | WebSocket | SSE |"
FILE_WAYS = "| `PUT /uploads/…` | `GET /files/…` |\n|---|---|\n| "
FILES = re.compile(r"^## Files: .*?(?=^## )", re.MULTILINE | re.DOTALL)
CLOSE = re.compile(r"Closed\(\s*(\d{4})")


@pytest.fixture(scope="module")
def page() -> str:
    return (ROOT / "docs" / "errors.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def source() -> str:
    return "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "api").glob("*.py"))


@pytest.fixture(scope="module")
def pages() -> dict[str, str]:
    """The page of each code, and the one of close codes."""
    return {each.stem: each.read_text(encoding="utf-8") for each in (ROOT / "docs" / "errors").glob("*.md")}


def codes_of(source: str) -> set[str]:
    """Every code of an error or a problem."""
    domain = {each.code for each in errors.DomainError.__subclasses__() if each.__module__ == errors.__name__}
    return {*get_args(ErrorCode), *get_args(FailureCode), *CODE.findall(source), *domain, *map(str, FileFault)}


def rows(page: str) -> set[str]:
    """What stands as code in the tables."""
    return {word for line in page.splitlines() if line.startswith("|") for word in re.findall(r"`([^`]+)`", line)}


def test_every_code_of_an_error_is_told(page: str, source: str) -> None:
    codes = codes_of(source)
    assert len(codes) > 20
    assert codes - rows(page) == set()


def test_every_problem_is_told(page: str) -> None:
    domain = {each.code for each in errors.DomainError.__subclasses__() if each.__module__ == errors.__name__}
    names = {member.__name__ for member in get_args(AnyProblem)}
    assert (names | domain) - rows(page) == set()


def test_every_status_and_close_code_is_told(page: str, source: str) -> None:
    told = set(
        re.findall(r"\d{3,4}", "".join(line.split("|")[1] for line in page.splitlines() if line.startswith("|")))
    )
    statuses = set(STATUS.findall(source))
    closes = set(CLOSE.findall(source))
    assert len(statuses) >= 7
    assert len(closes) >= 8
    assert (statuses | closes | {"200", "294", "422", "500", "503"}) - told == set()


def test_every_code_has_a_page_and_every_page_a_code(pages: dict[str, str], source: str) -> None:
    assert set(pages) == codes_of(source) | {CLOSE_CODES}


def test_each_page_is_linked_and_tells_how_its_error_comes_and_what_to_do(page: str, pages: dict[str, str]) -> None:
    elsewhere = rows(FILES.sub("", page))
    for code in set(pages) - {CLOSE_CODES}:
        assert f"[`{code}`](errors/{code}.md)" in page, code
        assert pages[code].startswith(f"# {code}\n"), code
        assert (WAYS if code in elsewhere else FILE_WAYS) in pages[code], code
        assert "\n## What to do\n" in pages[code], code


def test_every_close_code_is_shown_under_its_heading(page: str, pages: dict[str, str], source: str) -> None:
    shown = dict(re.findall(r"^## (\d{4})$.*?^< close (\d{4}) ", pages[CLOSE_CODES], re.MULTILINE | re.DOTALL))
    assert all(heading == closed for heading, closed in shown.items())
    assert set(CLOSE.findall(source)) - set(shown) == set()
    assert all(f"[{code}](errors/{CLOSE_CODES}.md#{code})" in page for code in shown)
