"""What a hostile client sends, by each way in that takes it, and what it must get: an answer or the end of its connection, in time."""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any
from urllib.parse import quote

from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

PROTOCOL = Subprotocol("graphql-transport-ws")
GIVES_UP_AFTER = 20.0

ANSWERED_WITHIN, INITIALISED_WITHIN, HEADERS_WITHIN = 2.0, 6.0, 10.0
"""Seconds that an attack may take; sockets that never begin, and headers that never end, get longer."""

MEGABYTES = 30
SOCKETS = 1_000
HEADERS = 100
AT_ONCE = 5


@dataclass(frozen=True)
class Target:
    """The server, and the token of somebody who means no good."""

    port: int
    token: str


Outcome = int | str
"""A status, the code of a close frame, the code of an error in a stream or over a socket, or ``cut``."""

CUT = "cut"
Send = Callable[[Target], Awaitable[Outcome]]


@dataclass(frozen=True)
class Attack:
    """One hostile thing, sent ``times`` at once; each must come to one of the outcomes."""

    name: str
    send: Send
    outcomes: frozenset[Outcome]
    within: float = ANSWERED_WITHIN
    times: int = AT_ONCE

    async def run(self, target: Target) -> "Result":
        """Send all, and wait for what comes of each."""
        sent = await asyncio.gather(*(self._timed(target) for _ in range(self.times)))
        outcomes = tuple(sorted({str(outcome) for outcome, _ in sent}))
        wrong = {outcome for outcome, _ in sent} - self.outcomes
        return Result(self, outcomes, max(seconds for _, seconds in sent), not wrong)

    async def _timed(self, target: Target) -> tuple[Outcome, float]:
        begun = time.monotonic()
        try:
            async with asyncio.timeout(GIVES_UP_AFTER):
                outcome = await self.send(target)
        except TimeoutError:
            outcome = "nothing"
        return outcome, time.monotonic() - begun


@dataclass(frozen=True)
class Result:
    """What came of an attack; ``seconds`` of the slowest."""

    attack: Attack
    outcomes: Sequence[str]
    seconds: float
    expected: bool

    @property
    def good(self) -> bool:
        """Whether it was answered, or cut, as it should be and in time."""
        return self.expected and self.seconds <= self.attack.within


def _many(text: str, count: int) -> str:
    return " ".join(text.format(number) for number in range(count))


def _doubling(times: int) -> str:
    """Fragments that each spread the next one twice."""
    steps = (f"fragment F{number} on Query {{ ...F{number + 1} ...F{number + 1} }}" for number in range(times))
    return f"{{ ...F0 }} {' '.join(steps)} fragment F{times} on Query {{ serverTime }}"


DOCUMENTS: Mapping[str, str] = {
    "fragments that double 59 times": _doubling(59),
    "fragments that double 60 times": _doubling(60),
    "10,000 aliases": f"{{ {_many('a{}: serverTime', 10_000)} }}",
    "1,300 aliases": f"{{ {_many('a{}: serverTime', 1_300)} }}",
    "1,000 conflicting fields": "{ cases { nodes {" + "x: number x: title " * 500 + "} } }",
    "60 conflicting objects": "{ cases { nodes {" + "grid { x: code y: name } grid { x: name } " * 48 + "} } }",
    "depth 10,000": "{ a" * 10_000 + "}" * 10_000,
    "an integer of 5,000 digits": "{ cases(first: " + "9" * 5_000 + ") { totalCount } }",
}

ENDLESS = (
    b"POST /graphql HTTP/1.1\r\nhost: x\r\n",
    b"GET /graphql?query=x HTTP/1.1\r\nhost: x\r\n",
    b"GET /graphql HTTP/1.1\r\nhost: x\r\nupgrade: websocket\r\nconnection: upgrade\r\n",
)

REFUSED: frozenset[Outcome] = frozenset({400, 422})
REFUSED_BY_GET: frozenset[Outcome] = frozenset({400, 414, 422, 431})
ERRORS: frozenset[Outcome] = frozenset({"DOCUMENT_TOO_LARGE", "GRAPHQL_VALIDATION_FAILED", "SYNTAX_ERROR"})

DEEP = b'{"query": "{ serverTime }", "variables": {"a": ' + b"[" * 10_000 + b"]" * 10_000 + b"}}"
LONG = b'{"query": "{ serverTime }", "variables": {"a": ' + b"9" * 5_000 + b"}}"
JSON_TEXTS: Mapping[str, bytes] = {"JSON of depth 10,000": DEEP, "JSON with an integer of 5,000 digits": LONG}


def attacks() -> Iterator[Attack]:
    """All of them."""
    for name, document in DOCUMENTS.items():
        body = json.dumps({"query": document}).encode()
        yield Attack(f"{name}, POST", partial(post, body=body), REFUSED)
        yield Attack(f"{name}, SSE", partial(post, body=body, accept="text/event-stream"), ERRORS)
        yield Attack(f"{name}, GET", partial(get, query={"query": document}), REFUSED_BY_GET)
        yield Attack(f"{name}, WebSocket", partial(subscribe, payload=body), ERRORS)
    for name, text in JSON_TEXTS.items():
        variables = text.partition(b'"variables": ')[2][:-1].decode()
        yield Attack(f"{name}, POST", partial(post, body=text), frozenset({400}))
        yield Attack(f"{name}, SSE", partial(post, body=text, accept="text/event-stream"), frozenset({400}))
        sent = {"query": "{ serverTime }", "variables": variables}
        yield Attack(f"{name}, GET", partial(get, query=sent), REFUSED_BY_GET)
        yield Attack(f"{name}, WebSocket", partial(subscribe, payload=text), frozenset({4400}))
    yield from _large()
    yield from _slow()


def _large() -> Iterator[Attack]:
    cut: frozenset[Outcome] = frozenset({413, CUT})
    yield Attack(f"a body of {MEGABYTES} MB, POST", post_large, cut)
    yield Attack(f"a body of {MEGABYTES} MB, SSE", partial(post_large, accept="text/event-stream"), cut)
    yield Attack(f"a body of {MEGABYTES} MB in chunks, POST", partial(post_large, chunked=True), cut)
    yield Attack(f"a message of {MEGABYTES} MB, WebSocket", send_large, frozenset({1009, CUT}))


def _slow() -> Iterator[Attack]:
    late: frozenset[Outcome] = frozenset({408, CUT})
    yield Attack("a body that drips, POST", post_slowly, late, times=100)
    yield Attack("a body that drips, SSE", partial(post_slowly, accept="text/event-stream"), late, times=100)
    yield Attack("a body that does not come, POST", partial(post_slowly, pause=GIVES_UP_AFTER), late, times=100)
    yield Attack("sockets that never begin", wait_for_close, frozenset({4408}), INITIALISED_WITHIN, SOCKETS)
    yield Attack("headers that never end: POST, GET, WebSocket", send_headers_slowly, late, HEADERS_WITHIN, HEADERS)


def _head(target: Target, line: str, *fields: str) -> bytes:
    common = ("host: 127.0.0.1", f"authorization: Bearer {target.token}", "content-type: application/json")
    return "\r\n".join((f"{line} HTTP/1.1", *common, *fields, "", "")).encode()


async def post(target: Target, body: bytes, accept: str = "application/json") -> Outcome:
    """A body, whole."""
    head = _head(target, "POST /graphql", f"accept: {accept}", f"content-length: {len(body)}", "connection: close")
    return await _exchange(target, [head, body])


async def get(target: Target, query: Mapping[str, str]) -> Outcome:
    """A query string."""
    text = "&".join(f"{name}={quote(value)}" for name, value in query.items())
    return await _exchange(target, [_head(target, f"GET /graphql?{text}", "connection: close")])


async def post_large(target: Target, accept: str = "application/json", *, chunked: bool = False) -> Outcome:
    """A body of many megabytes, piece by piece as long as the server takes it."""
    piece = b" " * 65_536
    length = "transfer-encoding: chunked" if chunked else f"content-length: {MEGABYTES * 1_000_000}"
    sent = b"10000\r\n" + piece + b"\r\n" if chunked else piece
    count = MEGABYTES * 1_000_000 // len(piece)
    return await _exchange(target, [_head(target, "POST /graphql", f"accept: {accept}", length), *[sent] * count])


async def post_slowly(target: Target, accept: str = "application/json", pause: float = 0.1) -> Outcome:
    """A body that comes byte by byte."""
    head = _head(target, "POST /graphql", f"accept: {accept}", "content-length: 1000")
    return await _exchange(target, [head, *[b" "] * 500], pause)


async def send_headers_slowly(target: Target) -> Outcome:
    """Headers that grow and grow, by every way in; answers what came of all."""
    more = [b"x-more: x\r\n"] * 500
    outcomes = await asyncio.gather(*(_exchange(target, [line, *more], 0.5) for line in ENDLESS))
    return outcomes[0] if len(set(outcomes)) == 1 else str(outcomes)


async def _exchange(target: Target, pieces: Sequence[bytes], pause: float = 0.0) -> Outcome:
    """What the server says to these pieces: a status, or the code of the first error in a stream."""
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", target.port)
    except OSError:
        return CUT
    sending = asyncio.create_task(_send_pieces(writer, pieces, pause))
    try:
        return _outcome(await _answer(reader))
    except OSError:
        return CUT
    finally:
        sending.cancel()
        writer.close()


async def _send_pieces(writer: asyncio.StreamWriter, pieces: Sequence[bytes], pause: float) -> None:
    with suppress(OSError):
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(pause)


async def _answer(reader: asyncio.StreamReader) -> bytes:
    """Status and header; of an event stream, all of it."""
    head = b""
    while (line := await reader.readline()).strip():
        head += line
    return head + (await reader.read() if b"text/event-stream;" in head else b"")


def _outcome(answer: bytes) -> Outcome:
    if not answer:
        return CUT
    if b"event: next" in answer:
        text = answer.partition(b"data: ")[2].partition(b"\r\n")[0].partition(b"\n")[0]
        return str(json.loads(text)["errors"][0]["extensions"]["code"])
    return int(answer.split()[1])


async def _with_socket(target: Target, use: Callable[[Any], Awaitable[Outcome]]) -> Outcome:
    """What use makes of a socket, or the code with which it is closed."""
    address = f"ws://127.0.0.1:{target.port}/graphql"
    try:
        async with connect(address, subprotocols=[PROTOCOL], proxy=None, compression=None, close_timeout=1) as opened:
            try:
                return await use(opened)
            except ConnectionClosed as closed:
                return closed.rcvd.code if closed.rcvd else CUT
    except OSError:
        return CUT


async def subscribe(target: Target, payload: bytes) -> Outcome:
    """An operation over a socket."""

    async def use(opened: Any) -> Outcome:
        started = {"type": "connection_init", "payload": {"Authorization": f"Bearer {target.token}"}}
        await opened.send(json.dumps(started))
        await opened.recv()
        await opened.send('{"id": "1", "type": "subscribe", "payload": ' + payload.decode() + "}")
        answer = json.loads(await opened.recv())
        return str(answer["payload"][0]["extensions"]["code"]) if answer["type"] == "error" else str(answer)

    return await _with_socket(target, use)


async def send_large(target: Target) -> Outcome:
    """A message of many megabytes."""

    async def use(opened: Any) -> Outcome:
        await opened.send(" " * (MEGABYTES * 1_000_000))
        return str(await opened.recv())

    return await _with_socket(target, use)


async def wait_for_close(target: Target) -> Outcome:
    """A socket that says nothing."""

    async def use(opened: Any) -> Outcome:
        return str(await opened.recv())

    return await _with_socket(target, use)
