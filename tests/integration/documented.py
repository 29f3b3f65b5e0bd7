"""The examples of README and docs, read out of their Markdown.

A fenced block is an example by what stands behind its language:

- ``graphql as=<login>``: runs on the demonstration street as that person; ``graphql`` alone must only be valid.
- ``sh as=<login>``: the body of its curl call (``-d '{"query": …}'``) runs likewise.
- ``json variables``: the variables of the example before it. ``"{registerCase.case.id}"`` stands for a value of an
  earlier answer on the page; in a list a number picks an element, and an organization's code the one that is its.
- ``json answer``: what the example before it answers. It may leave fields out; ``"…"`` stands for any value, in a
  string for any part of it, and as the last element of a list for any further ones.

Pages of errors have examples of another kind: tests/integration/exchanges.py.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
ELLIPSIS = "…"

_FENCE = re.compile(r"^```(?P<language>\w+)(?P<info>[^\n]*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
_CURL_BODY = re.compile(r"(?:-d|--data) '(?P<body>\{.*?\})'", re.DOTALL)
_EMBEDDED = re.compile(r"`(?P<document>\s*(?:query|mutation|subscription)\b[^`]*)`")
_REFERENCE = re.compile(r"\{(\w+(?:\.\w+)+)\}")
_PROGRAMS = {"js", "ts", "python"}


@dataclass(frozen=True)
class Fence:
    """A fenced block: what stands behind the language, the text, and where it begins."""

    language: str
    info: str
    text: str
    start: int
    place: str


@dataclass
class Example:
    """A GraphQL document of a page. ``login`` is who runs it; None: it is only read."""

    place: str
    document: str
    login: str | None = None
    variables: dict[str, Any] = field(default_factory=dict)
    answer: Any = None

    def __str__(self) -> str:
        return self.place


def fences(page: Path) -> Iterator[Fence]:
    """The fenced blocks of a page, in their order."""
    text, name = page.read_text(encoding="utf-8"), page.relative_to(ROOT).as_posix()
    for match in _FENCE.finditer(text):
        place = f"{name}:{text.count(chr(10), 0, match.start()) + 1}"
        yield Fence(match["language"], match["info"].strip(), match["text"], match.start(), place)


def files(page: Path) -> dict[str, str]:
    """The files that the page shows whole (``python file=<name>``), by name."""
    return {fence.info.removeprefix("file="): fence.text for fence in fences(page) if "file=" in fence.info}


def pages() -> list[Path]:
    """README in both languages, and every page of docs."""
    return [*sorted(ROOT.glob("README*.md")), *sorted((ROOT / "docs").rglob("*.md"))]


def examples(page: Path) -> list[Example]:
    """The page's examples in their order. Raises ValueError for a block that belongs to none."""
    found: list[Example] = []
    for fence in fences(page):
        if fence.language == "json" and fence.info in ("variables", "answer"):
            if not found:
                raise ValueError(f"{fence.place}: no example stands before it")
            setattr(found[-1], fence.info, json.loads(fence.text))
        else:
            found.extend(_examples_of(fence))
    return found


def _examples_of(fence: Fence) -> Iterator[Example]:
    login = fence.info.removeprefix("as=") if fence.info.startswith("as=") else None
    if fence.language == "graphql" and not all(row.startswith("#") for row in fence.text.splitlines()):
        yield Example(fence.place, fence.text, login)
    elif fence.language == "sh":
        for match in _CURL_BODY.finditer(fence.text):
            body = json.loads(match["body"])
            yield Example(fence.place, body["query"], login, body.get("variables", {}))
    elif fence.language in _PROGRAMS:
        for match in _EMBEDDED.finditer(fence.text):
            yield Example(fence.place, match["document"])


def filled(value: Any, answers: dict[str, Any]) -> Any:
    """A variable with the values of earlier answers in the place of references to them. Raises KeyError."""
    if isinstance(value, dict):
        return {key: filled(part, answers) for key, part in value.items()}
    if isinstance(value, list):
        return [filled(part, answers) for part in value]
    if isinstance(value, str) and (match := _REFERENCE.fullmatch(value)):
        return _reach(answers, match[1].split("."))
    return value


def _reach(value: Any, steps: list[str]) -> Any:
    for step in steps:
        value = _element(value, step) if isinstance(value, list) else value[step]
    return value


def _element(values: list[Any], step: str) -> Any:
    if step.isdigit():
        return values[int(step)]
    [found] = [value for value in values if value["organization"]["code"] == step]
    return found


def differences(told: Any, found: Any, path: str = "") -> list[str]:
    """Where an answer is not what the page tells, each as ``path: told, found``."""
    if told == ELLIPSIS:
        return []
    if isinstance(told, dict) and isinstance(found, dict):
        return [
            line for key, part in told.items() for line in differences(part, found.get(key, "missing"), f"{path}.{key}")
        ]
    if isinstance(told, list) and isinstance(found, list):
        return _differences_of_lists(told, found, path)
    if isinstance(told, str) and isinstance(found, str) and ELLIPSIS in told:
        told = found if _any_part(told).fullmatch(found) else told
    return [] if told == found else [f"{path}: told {told!r}, found {found!r}"]


def _any_part(told: str) -> re.Pattern[str]:
    """What a string with ellipses stands for."""
    return re.compile(".*".join(map(re.escape, told.split(ELLIPSIS))), re.DOTALL)


def _differences_of_lists(told: list[Any], found: list[Any], path: str) -> list[str]:
    more = bool(told) and told[-1] == ELLIPSIS
    parts = told[:-1] if more else told
    if len(found) < len(parts) or (len(found) > len(parts) and not more):
        return [f"{path}: told {len(parts)} elements, found {len(found)}"]
    return [
        line
        for index, (one, other) in enumerate(zip(parts, found, strict=False))
        for line in differences(one, other, f"{path}.{index}")
    ]
