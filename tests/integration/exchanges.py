"""The exchanges that a page of docs shows, read out of its Markdown: what is sent, and what is told to come back.

A fenced block is one side of an exchange, or a whole talk over a WebSocket:

- ``http as=<login>``: a request as it goes over the wire, with its headers and, behind an empty line, its body.
  ``$TOKEN`` stands for a token of that person of the demonstration street, ``$KEY`` for a new idempotency key.
- ``http answer``: the answer to the request before it. Headers and members may be left out, ``…`` stands for any value, and
  so does a name such as ``"$UPLOAD"``, which stands for that value in all that follows on the page.
- ``json file=<name>``: a file that a setting names.
- ``socket as=<login>``: lines ``> …`` are sent and lines ``< …`` come, ``< close <code> <reason>`` at the end. Before
  them may stand headers of the handshake. A line ``# …`` names a trouble that begins there.

Words behind the language: ``SHAODAO_…=…`` are settings of the server that is asked, ``times=<n>`` sends the request so many
times, and ``while="…"`` names a trouble of tests/integration/troubles.py that the server is in.
"""

import json
import re
import shlex
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from tests.integration.documented import ELLIPSIS, ROOT, Fence, differences, fences

WAYS = ("HTTP", "older clients", "older, JSON", "WebSocket", "SSE")
"""The columns of a table that tells how an error comes by each way in."""
NEVER = "–"
TOKEN = "$TOKEN"
KEY = "$KEY"
FILE_WAYS = {
    "`PUT /uploads/…`": ("PUT /uploads/", "PUT $UPLOAD "),
    "`GET /files/…`": ("GET /files/", "GET $FILE "),
}
"""The columns of the table of an error of files, and how the requests begin that they tell of."""

_HEADING = re.compile(r"^#+ ", re.MULTILINE)
_NAME = re.compile(r"\$[A-Z]+")
_FILE_ROW = re.compile(r"^\| *" + r" *\| *".join(FILE_WAYS) + r" *\|\n\|[-| ]+\|\n\|(?P<cells>.+)\|$", re.MULTILINE)
_ROW = re.compile(r"^\| *" + r" *\| *".join(WAYS) + r" *\|\n\|[-| ]+\|\n\|(?P<cells>.+)\|$", re.MULTILINE)


@dataclass(frozen=True)
class Where:
    """Who sends to which server: ``settings`` are variables of its environment, ``trouble`` is what it is in.

    ``kind``: what happens to the server in all, which nobody else's should meet.
    """

    place: str
    login: str | None = None
    settings: Mapping[str, str] = field(default_factory=dict)
    trouble: str | None = None
    times: int = 1
    kind: str | None = None

    @classmethod
    def of(cls, fence: Fence) -> "Where":
        """What stands behind a fence's language. Raises ValueError for a word that is not known."""
        given = dict(word.partition("=")[::2] for word in shlex.split(fence.info))
        settings = {name: given.pop(name) for name in sorted(given) if name.startswith("SHAODAO_")}
        trouble, times = given.pop("while", None), int(given.pop("times", "1"))
        begun = re.search("^# (.+)", fence.text, re.MULTILINE)
        kind = begun[1] if begun else trouble
        where = cls(fence.place, given.pop("as", None), settings, trouble, times, kind)
        if given:
            raise ValueError(f"{fence.place}: {', '.join(given)}: not known behind a fence")
        return where


@dataclass(frozen=True)
class Message:
    """A request or an answer: its first line, its headers with names in lower case, and its body."""

    line: str
    headers: Mapping[str, str]
    body: str

    @classmethod
    def of(cls, text: str) -> "Message":
        """The message of a fence."""
        head, _, body = text.partition("\n\n")
        line, *rest = head.splitlines()
        headers = {name.strip().lower(): value.strip() for name, _, value in (each.partition(":") for each in rest)}
        return cls(line, headers, body)

    def named(self, names: Mapping[str, str]) -> "Message":
        """The same with values in the place of their names."""
        line, body = (_NAME.sub(lambda match: names.get(match[0], match[0]), text) for text in (self.line, self.body))
        return Message(line, self.headers, body)


@dataclass
class HttpExchange:
    """A request, and the answer that the page tells."""

    where: Where
    request: Message
    answer: Message | None = None

    @property
    def method(self) -> str:
        """GET, POST or another."""
        return self.request.line.split()[0]

    @property
    def target(self) -> str:
        """Path and query string."""
        return self.request.line.split()[1]

    @property
    def status(self) -> int:
        """That of the answer."""
        assert self.answer is not None, self.where.place
        return int(self.answer.line.split()[1])

    @property
    def payload(self) -> str:
        """The request's parameters, as JSON or as what stands in its place."""
        if self.method == "POST":
            return self.request.body.strip()
        return json.dumps(dict(parse_qsl(urlsplit(self.target).query)))


@dataclass(frozen=True)
class Talk:
    """What goes over a WebSocket: lines of ``>``, ``<`` and ``#``, each with its text."""

    where: Where
    handshake: Mapping[str, str]
    lines: tuple[tuple[str, str], ...]

    @classmethod
    def of(cls, where: Where, text: str) -> "Talk":
        """The talk of a fence."""
        rows = [row for row in text.splitlines() if row]
        headers = [row.partition(":") for row in rows if row[0] not in "><#"]
        handshake = {name.lower(): value.strip() for name, _, value in headers}
        return cls(where, handshake, tuple((row[0], row[1:].strip()) for row in rows if row[0] in "><#"))

    def last_type(self) -> str:
        """The type of the last message that comes."""
        return str(json.loads([text for mark, text in self.lines if mark == "<"][-1])["type"])

    def as_request(self) -> HttpExchange:
        """Its last operation, as a POST."""
        sent = [json.loads(text) for mark, text in self.lines if mark == ">"]
        payload = next(message["payload"] for message in reversed(sent) if message["type"] == "subscribe")
        headers = {"authorization": f"Bearer {TOKEN}", "content-type": "application/json"}
        return HttpExchange(self.where, Message("POST /graphql HTTP/1.1", headers, json.dumps(payload)))


@dataclass
class Section:
    """What stands under a heading. ``ways``: how the error of the exchange behind the table comes by each way in.

    ``before``: the exchanges that lead up to it. ``file_ways``: the statuses that it has where files go in and out.
    """

    place: str
    ways: Mapping[str, str] | None
    before: list[HttpExchange | Talk]
    exchanges: list[HttpExchange | Talk]
    file_ways: Mapping[str, str] | None = None

    @property
    def all(self) -> list[HttpExchange | Talk]:
        """Every exchange, in the page's order."""
        return [*self.before, *self.exchanges]


def sections(page: Path) -> Iterator[Section]:
    """The sections of a page. Raises ValueError for a fence that is no part of an exchange."""
    text = page.read_text(encoding="utf-8")
    starts = [match.start() for match in _HEADING.finditer(text)]
    found = list(fences(page))
    for start, end in zip(starts, [*starts[1:], len(text)], strict=True):
        told = _ROW.search(text, start, end)
        ways = _cells(WAYS, told)
        file_ways = _cells(FILE_WAYS, _FILE_ROW.search(text, start, end))
        table = start if told is None else told.start()
        before = _exchanges([fence for fence in found if start <= fence.start < table])
        after = _exchanges([fence for fence in found if table <= fence.start < end])
        yield Section(f"{page.name}: {text[start:end].splitlines()[0].strip('# ')}", ways, before, after, file_ways)


def _cells(columns: Iterable[str], row: re.Match[str] | None) -> Mapping[str, str] | None:
    """The cells of a table's one row, by column."""
    return None if row is None else dict(zip(columns, (c.strip(" `") for c in row["cells"].split("|")), strict=True))


def _exchanges(found: list[Fence]) -> list[HttpExchange | Talk]:
    exchanges: list[HttpExchange | Talk] = []
    for fence in found:
        match fence.language, fence.info:
            case "http", "answer":
                last = exchanges[-1] if exchanges else None
                if not isinstance(last, HttpExchange):
                    raise ValueError(f"{fence.place}: no request stands before the answer")
                last.answer = Message.of(fence.text)
            case "http", _:
                exchanges.append(HttpExchange(Where.of(fence), Message.of(fence.text)))
            case "socket", _:
                exchanges.append(Talk.of(Where.of(fence), fence.text))
            case "json", info if info.startswith("file="):
                pass
            case _:
                raise ValueError(f"{fence.place}: a page of an error has examples in http and socket alone")
    return exchanges


def error_pages() -> dict[str, Path]:
    """The pages of errors, by code."""
    return {page.stem: page for page in sorted((ROOT / "docs" / "errors").glob("*.md"))}


def events_of(text: str) -> list[tuple[str, Any]]:
    """The events of a stream: name and data, decoded where it is JSON."""
    found = []
    for block in re.split(r"\n\n+", text.strip()):
        fields = [line.partition(":")[::2] for line in block.splitlines() if not line.startswith(":")]
        data = "\n".join(value.strip() for name, value in fields if name == "data")
        found += [(value.strip(), json.loads(data) if data else None) for name, value in fields if name == "event"]
    return found


def faults_of_answer(told: Message, status: int, headers: Mapping[str, str], body: str) -> list[str]:
    """Where an answer is not as the page tells it."""
    faults = [] if int(told.line.split()[1]) == status else [f": told {told.line}, found {status}: {body}"]
    for name, value in told.headers.items():
        if value not in (ELLIPSIS, headers.get(name)):
            faults.append(f": told {name}: {value}, found {headers.get(name)}")
    if not told.body.strip():
        return faults
    if told.headers.get("content-type", "").startswith("text/event-stream"):
        return faults + differences(events_of(told.body), events_of(body))
    return faults + differences(json.loads(told.body), json.loads(body))


def names_in(told: Any, found: Any) -> dict[str, str]:
    """The values that an answer has where the page tells a name."""
    if isinstance(told, str) and isinstance(found, str) and _NAME.fullmatch(told):
        return {told: found}
    pairs: Iterable[tuple[Any, Any]] = ()
    if isinstance(told, dict) and isinstance(found, dict):
        pairs = ((part, found.get(key)) for key, part in told.items())
    elif isinstance(told, list) and isinstance(found, list):
        pairs = zip(told, found, strict=False)
    return {name: value for pair in pairs for name, value in names_in(*pair).items()}


def faults_of_file_ways(section: Section, code: str) -> list[str]:
    """The columns of files whose status no example of the section shows with the code, or shows where none is told."""
    requests = [shown for shown in section.all if isinstance(shown, HttpExchange)]
    refused = [each for each in requests if each.answer and f'"{code}"' in each.answer.body]
    faults = []
    for way, told in (section.file_ways or {}).items():
        shown = {str(each.status) for each in refused if each.request.line.startswith(FILE_WAYS[way])}
        if shown != (set() if told == NEVER else {told}):
            faults.append(f"{section.place}: {way}: told {told}, shown {shown or NEVER}")
    return faults


def codes_in(value: Any) -> set[str]:
    """Every ``code`` that stands anywhere in an answer."""
    if isinstance(value, list):
        return set().union(*map(codes_in, value))
    if not isinstance(value, dict):
        return set()
    own = {value["code"]} if isinstance(value.get("code"), str) else set()
    return own.union(*map(codes_in, value.values()))
