"""The operations that the explorer of a demonstration opens with: the files of docs/operations, read as they are.

A file ``<name>.graphql`` begins with comment lines ``# key: value``: ``title`` in Chinese, and ``login`` of the person of
the demonstration street who would run it. Its variables stand in ``<name>.variables.json``. Nothing here knows the schema.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from api.explorer import DemoOperation

FOLDER = Path(__file__).parents[1] / "docs" / "operations"
ORDER = (
    "board", "case", "caller", "register", "route", "emergency", "approve", "add-department", "shift-hand-over", "live-feed",
)  # fmt: skip
"""The order of the explorer's tabs."""

_HEADER = re.compile(r"# (title|login): (.+)")


class OperationFileError(ValueError):
    """A file of an operation is incomplete; the message names it and says what is missing."""


@dataclass(frozen=True)
class OperationFile:
    """An operation as it stands in its files."""

    name: str
    title: str
    login: str
    document: str
    variables: Mapping[str, Any]


def operation_files(folder: Path = FOLDER) -> tuple[OperationFile, ...]:
    """The operations of a folder in the order of the tabs; others stand behind, by name. Raises OperationFileError."""
    names = {path.stem for path in folder.glob("*.graphql")}
    ordered = [name for name in ORDER if name in names] + sorted(names.difference(ORDER))
    return tuple(_read(folder, name) for name in ordered)


def demo_operations(logins: Sequence[str], folder: Path = FOLDER) -> tuple[DemoOperation, ...]:
    """The explorer's tabs; ``logins`` are those of the catalogue's tokens, in its order.

    An operation whose person has no token there proposes nobody. Raises OperationFileError.
    """
    return tuple(
        DemoOperation(
            name=file.name,
            title=file.title,
            document=file.document,
            variables=file.variables,
            token=logins.index(file.login) if file.login in logins else None,
        )
        for file in operation_files(folder)
    )


def _read(folder: Path, name: str) -> OperationFile:
    document = (folder / f"{name}.graphql").read_text(encoding="utf-8")
    header = _header(document)
    for key in ("title", "login"):
        if key not in header:
            raise OperationFileError(f"{name}.graphql: the line `# {key}: …` is missing")
    return OperationFile(name, header["title"], header["login"], document, _variables(folder, name))


def _header(document: str) -> dict[str, str]:
    """The keys of the comment lines at the top."""
    found = {}
    for line in document.splitlines():
        if not line.startswith("#"):
            break
        if match := _HEADER.fullmatch(line.rstrip()):
            found[match[1]] = match[2]
    return found


def _variables(folder: Path, name: str) -> Mapping[str, Any]:
    path = folder / f"{name}.variables.json"
    if not path.exists():
        return {}
    try:
        found: Any = orjson.loads(path.read_bytes())
    except orjson.JSONDecodeError as error:
        raise OperationFileError(f"{path.name}: {error}") from error
    if not isinstance(found, dict):
        raise OperationFileError(f"{path.name}: must be an object")
    return found
