"""The page of errors tells every code, status and close code that the code can send."""

import re
from pathlib import Path
from typing import get_args

import pytest

from api.masking import FailureCode
from schema.errors import ErrorCode
from schema.problems import AnyProblem
from shaodao.domain import errors

ROOT = Path(__file__).parents[3]
CODE = re.compile(r'"([A-Z]+_[A-Z_]+)"')
STATUS = re.compile(r"(?:BadRequestError|Answer|_refused)\(\s*(\d{3})")
CLOSE = re.compile(r"Closed\(\s*(\d{4})")


@pytest.fixture(scope="module")
def page() -> str:
    return (ROOT / "docs" / "errors.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def source() -> str:
    return "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "api").glob("*.py"))


def rows(page: str) -> set[str]:
    """What stands as code in the tables."""
    return {word for line in page.splitlines() if line.startswith("|") for word in re.findall(r"`([^`]+)`", line)}


def test_every_code_of_an_error_is_told(page: str, source: str) -> None:
    codes = {*get_args(ErrorCode), *get_args(FailureCode), *CODE.findall(source)}
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
