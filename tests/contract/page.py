"""The page docs/departments.md as tests read it: its files, the hooks and the actions that it documents."""

import re
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "departments.md"

_FILE = re.compile(r"^```\w+ file=(\S+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_UNNAMED = re.compile(r"^```python$", re.MULTILINE)
_HOOK = re.compile(r"^### (\w+)(\(.*?\))", re.MULTILINE)
_ACTION = re.compile(r"^\| `(\w+)\((.*?)\)` \|", re.MULTILINE)


def files() -> dict[str, str]:
    """The files of the page by name; blocks of the same name follow on one another."""
    found: dict[str, str] = {}
    for name, text in _FILE.findall(PAGE.read_text("utf-8")):
        found[name] = found.get(name, "") + text
    return found


def untested_snippets() -> int:
    """How many blocks of Python belong to no file."""
    return len(_UNNAMED.findall(PAGE.read_text("utf-8")))


def hooks() -> dict[str, str]:
    """The documented hooks and their parameters as written."""
    return dict(_HOOK.findall(PAGE.read_text("utf-8")))


def actions() -> dict[str, list[str]]:
    """The documented actions of the desk and the names of their parameters."""
    table = PAGE.read_text("utf-8").partition("## The desk")[2].partition("## ")[0]
    return {name: [part for part in parameters.split(", ") if part] for name, parameters in _ACTION.findall(table)}


def write_to(folder: Path) -> None:
    """Write the files of the page into a folder."""
    for name, text in files().items():
        (folder / name).write_text(text, "utf-8")
