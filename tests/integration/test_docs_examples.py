"""README and docs: each GraphQL document is valid, each example runs as told, each link leads somewhere."""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from graphql import GraphQLSchema, parse, validate

from schema.schema import build_schema
from shaodao.domain.permissions import Viewer
from tests.integration.asking import Desk, desk_of
from tests.integration.conftest import Street
from tests.integration.documented import ROOT, Example, differences, examples, files, filled, pages

PAGES = {page.relative_to(ROOT).as_posix(): page for page in pages()}
RUNNING = [name for name, page in PAGES.items() if any(example.login for example in examples(page))]
FIRST_DAYS = {"docs/frontend.md", "docs/dispatch-centre.md", "docs/departments.md"}

_LINK = re.compile(r"\]\((?!https?:|#)(?P<target>[^)#\s]+)")
_CODE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)


@pytest.fixture
async def desk(street: Street) -> Desk:
    return await desk_of(street)


def viewer_of(street: Street, login: str) -> Viewer:
    """The person with a login of the demonstration."""
    if login.startswith("resident."):
        return street.resident(login.removeprefix("resident.").upper())
    [name] = [staff.name for staff in street.data.staff if staff.login == login]
    return street.viewer(name)


async def answer_of(desk: Desk, example: Example, answers: dict[str, Any]) -> dict[str, Any]:
    """The data that an example answers; the answers of the page grow by it."""
    assert example.login is not None
    variables = filled(example.variables, answers)
    data: dict[str, Any] = await desk.ask(example.document, viewer_of(desk.street, example.login), **variables)
    answers.update(data)
    return data


def faults_of(example: Example, data: dict[str, Any]) -> list[str]:
    """What of an answer the page does not tell: differences, and a refusal that it does not show."""
    if example.answer is not None:
        return [f"{example}{line}" for line in differences(example.answer, {"data": data})]
    refused = [value for value in data.values() if isinstance(value, dict) and "code" in value and "message" in value]
    return [f"{example}: {value}" for value in refused]


def test_each_kind_of_user_has_a_page() -> None:
    assert set(PAGES) >= {"README.md", "README.zh-CN.md", "docs/index.md", *FIRST_DAYS}


@pytest.fixture(scope="module")
def schema() -> GraphQLSchema:
    return build_schema()._schema


@pytest.mark.parametrize("name", sorted(PAGES))
def test_every_document_is_valid(name: str, schema: GraphQLSchema) -> None:
    faults = [
        f"{example}: {error.message}"
        for example in examples(PAGES[name])
        for error in validate(schema, parse(example.document))
    ]
    assert faults == [], "\n".join(faults)


@pytest.mark.parametrize("name", sorted(RUNNING))
async def test_every_example_answers_as_told(desk: Desk, name: str) -> None:
    answers: dict[str, Any] = {}
    faults = []
    for example in examples(PAGES[name]):
        if example.login is not None:
            faults += faults_of(example, await answer_of(desk, example, answers))
    assert faults == [], "\n".join(faults)


@pytest.mark.parametrize("name", sorted(PAGES))
def test_every_link_leads_to_a_file(name: str) -> None:
    targets = [match["target"] for match in _LINK.finditer(PAGES[name].read_text())]
    assert [target for target in targets if not (PAGES[name].parent / target).exists()] == []


def test_both_readmes_show_the_same() -> None:
    english, chinese = (ROOT / name for name in ("README.md", "README.zh-CN.md"))
    assert _CODE.findall(english.read_text()) == _CODE.findall(chinese.read_text())
    assert _headings(english) == _headings(chinese)


def test_the_readmes_department_passes_its_own_test(tmp_path: Path) -> None:
    for name, text in files(ROOT / "README.md").items():
        (tmp_path / name).write_text(text)
    (tmp_path / "pytest.ini").write_text("[pytest]\nfilterwarnings = error\n")
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        *(f"-pno:{name}" for name in ("cacheprovider", "asyncio", "xdist")),
    ]
    environment = {**os.environ, "PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}"}
    ran = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert "1 passed" in ran.stdout, ran.stdout + ran.stderr


def _headings(page: Path) -> list[int]:
    text = _CODE.sub("", page.read_text())
    return [len(match[1]) for match in re.finditer(r"^(#+) ", text, re.MULTILINE)]


def test_an_answer_that_is_told_wrong_is_found() -> None:
    found = {"data": {"cases": [{"title": "a", "state": "CLOSED"}, {"title": "b"}]}}
    assert differences({"data": {"cases": [{"title": "a"}, "…"]}}, found) == []
    assert differences({"data": {"cases": [{"title": "…"}]}}, found) == [".data.cases: told 1 elements, found 2"]
    assert differences({"data": {"cases": [{"state": "CL…D"}, "…"]}}, found) == []
    assert differences({"data": {"cases": [{"state": "CL…E"}, "…"]}}, found) == [
        ".data.cases.0.state: told 'CL…E', found 'CLOSED'"
    ]
    assert differences({"data": {"cases": [{"title": "b"}, "…"]}}, found) == [
        ".data.cases.0.title: told 'b', found 'a'"
    ]
