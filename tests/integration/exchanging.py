"""What a page of docs shows is done: each exchange with a server as it says, and each way in tried for the same error."""

import asyncio
import json
from base64 import b64encode
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from uuid import uuid4

import httpx
from websockets.exceptions import ConnectionClosed

from api.websocket import SocketLimits
from shaodao.personal_data import KEY_BYTES
from shaodao.postgres.embedded import Cluster
from shaodao.settings import Settings
from tests.integration.api_steps import Socket, copied, serving
from tests.integration.database_gate import gate_to
from tests.integration.documented import ELLIPSIS, differences, files
from tests.integration.exchanges import (
    KEY,
    NEVER,
    TOKEN,
    HttpExchange,
    Section,
    Talk,
    Where,
    codes_in,
    events_of,
    faults_of_answer,
    names_in,
)
from tests.integration.troubles import TROUBLES, Stage

OLDER = {"SHAODAO_INVALID_STATUS": "400"}
GRAPHQL, JSON, EVENTS = "application/graphql-response+json", "application/json", "text/event-stream"

SHOWN = 300
"""Characters of an unexpected answer that are shown."""


@dataclass
class Servers:
    """Servers on copies of a database with the demonstration's cases, by their settings and the trouble they see.

    The usual ones are kept on the stack, the others until their page has been read. ``folder`` has their keys, and the files
    that settings name; ``names`` the values that the page has named.
    """

    postgres: Cluster
    template: str
    folder: Path
    stack: AsyncExitStack
    names: dict[str, str] = field(default_factory=dict)
    _usual: dict[tuple[Any, ...], Stage] = field(default_factory=dict)
    _stages: dict[tuple[Any, ...], Stage] = field(default_factory=dict)
    _page: AsyncExitStack = field(default_factory=AsyncExitStack)

    async def of(self, where: Where, changes: Mapping[str, str] | None = None) -> Stage:
        """The server of an exchange, with some other settings."""
        settings = {**where.settings, **(changes or {})}
        key = (where.kind, *sorted(settings.items()))
        usual = where.kind is None and not where.settings
        stack, stages = (self.stack, self._usual) if usual else (self._page, self._stages)
        if key not in stages:
            stages[key] = await stack.enter_async_context(self._opened(settings))
        return stages[key]

    def place_files(self, page: Path) -> None:
        """Put the files of a page where its settings name them."""
        for name, text in files(page).items():
            (self.folder / name).write_text(text)

    async def end_page(self) -> None:
        """Stop the servers that no other page needs."""
        self.names.clear()
        self._stages.clear()
        await self._page.aclose()

    @asynccontextmanager
    async def _opened(self, changes: Mapping[str, str]) -> AsyncIterator[Stage]:
        async with AsyncExitStack() as stack:
            dsn = await stack.enter_async_context(copied(self.postgres, self.template))
            gate_folder = Path(stack.enter_context(TemporaryDirectory()))
            gated, gate = await stack.enter_async_context(gate_to(dsn, gate_folder))
            settings = Settings.from_environment({**self._environment(gated), **changes})
            settings = replace(
                settings, trusted_documents=tuple(self.folder / each for each in settings.trusted_documents)
            )
            limits = replace(SocketLimits.of(settings.limits), check_again=0.2)
            yield Stage(await stack.enter_async_context(serving(settings, limits)), dsn, gate)

    def _environment(self, dsn: str) -> dict[str, str]:
        return {
            "SHAODAO_DATA_DIR": str(self.folder), "SHAODAO_DATABASE_URL": dsn, "SHAODAO_DEPARTMENTS": "none",
            "SHAODAO_WORKERS": "false", "SHAODAO_POOL_SIZE": "4", "SHAODAO_DEMO": "true",
            "SHAODAO_PERSONAL_DATA_KEY": b64encode(b"\x99" * KEY_BYTES).decode(),
        }  # fmt: skip


async def faults_of_exchange(servers: Servers, exchange: HttpExchange | Talk) -> list[str]:
    """Where what comes is not what the page tells."""
    stage = await servers.of(exchange.where)
    async with _troubled(stage, exchange.where):
        if isinstance(exchange, Talk):
            return await _Talking(stage, exchange).faults()
        answer = await _sent(stage, replace(exchange, request=exchange.request.named(servers.names)))
    if exchange.answer is None:
        return []
    if "$" in exchange.answer.body:
        servers.names.update(names_in(json.loads(exchange.answer.body), answer.json()))
    faults = faults_of_answer(exchange.answer.named(servers.names), answer.status_code, answer.headers, answer.text)
    return [exchange.where.place + fault for fault in faults]


async def faults_of_ways(servers: Servers, section: Section, code: str) -> list[str]:
    """Where the error of the exchange behind the section's table comes otherwise than the table says."""
    faults = []
    for way, told in (section.ways or {}).items():
        if told != NEVER and (found := await _told_by(servers, section, way, code)) != told:
            faults.append(f"{section.place}: {way}: told {told}, found {found}")
    return faults


async def _told_by(servers: Servers, section: Section, way: str, code: str) -> str:
    shown = section.exchanges[0]
    if way == "WebSocket" and isinstance(shown, Talk):
        return shown.last_type()  # which the talk itself shows
    stage = await servers.of(shown.where, OLDER if way.startswith("older") else {})
    for earlier in section.before:
        await _sent(stage, _request(earlier))
    return await _WAYS[way](stage, _request(shown), code)


async def _by_http(stage: Stage, exchange: HttpExchange, code: str) -> str:
    async with _troubled(stage, exchange.where):
        answer = await _sent(stage, exchange, code, accept=exchange.request.headers.get("accept", GRAPHQL))
    return _status(answer, code)


async def _by_http_as_json(stage: Stage, exchange: HttpExchange, code: str) -> str:
    async with _troubled(stage, exchange.where):
        answer = await _sent(stage, exchange, code, accept=JSON)
    return _status(answer, code)


async def _by_events(stage: Stage, exchange: HttpExchange, code: str) -> str:
    """The status of an answer that is no stream; else the event that the code stands in."""
    async with _troubled(stage, exchange.where):
        answer = await _sent(stage, exchange, code, accept=EVENTS)
    if not answer.headers["content-type"].startswith(EVENTS):
        return _status(answer, code)
    return next((name for name, data in events_of(answer.text) if code in codes_in(data)), answer.text[:SHOWN])


async def _by_socket(stage: Stage, exchange: HttpExchange, code: str) -> str:
    """The close code; else the type of the message that the code stands in."""
    headers = {name: value for name, value in exchange.request.headers.items() if name in ("origin", "sec-fetch-site")}
    try:
        async with stage.server.connected(**headers) as opened:
            return await _first_told(stage, exchange, opened, code)
    except ConnectionClosed as closed:
        return str(closed.rcvd and closed.rcvd.code)


async def _first_told(stage: Stage, exchange: HttpExchange, opened: Socket, code: str) -> str:
    """The type of the message that comes for the last sending. Raises ConnectionClosed."""
    given = exchange.request.headers.get("authorization", "").replace(TOKEN, _token(stage, exchange.where))
    await opened.send({"type": "connection_init", "payload": {"Authorization": given}})
    await opened.receive()
    async with _troubled(stage, exchange.where):
        for _ in range(exchange.where.times):
            payload = exchange.payload.replace(KEY, str(uuid4()))
            await opened.send(f'{{"id": "1", "type": "subscribe", "payload": {payload}}}')
            came = await opened.receive()
            if code in codes_in(came) or came["type"] != "next":
                break
            await opened.receive()
    return str(came["type"]) if code in codes_in(came) else json.dumps(came)[:SHOWN]


_WAYS: Mapping[str, Callable[[Stage, HttpExchange, str], Awaitable[str]]] = {
    "HTTP": _by_http,
    "older clients": _by_http,
    "older, JSON": _by_http_as_json,
    "WebSocket": _by_socket,
    "SSE": _by_events,
}


def _request(exchange: HttpExchange | Talk) -> HttpExchange:
    return exchange if isinstance(exchange, HttpExchange) else exchange.as_request()


def _status(answer: httpx.Response, code: str) -> str:
    return str(answer.status_code) if code in codes_in(answer.json()) else answer.text[:SHOWN]


async def _sent(stage: Stage, exchange: HttpExchange, until: str | None = None, **changes: str) -> httpx.Response:
    """The answer to a request that is sent as often as the page says, or until a code comes."""
    token = _token(stage, exchange.where)
    headers = {name: value.replace(TOKEN, token) for name, value in exchange.request.headers.items()} | changes
    body = exchange.request.body.strip()

    async def send() -> httpx.Response:
        content = body.replace(KEY, str(uuid4())).encode() or None
        return await stage.server.api.client.request(exchange.method, exchange.target, content=content, headers=headers)

    answer = await send()
    if exchange.where.times > 1 and (until is None or until not in answer.text):
        await asyncio.gather(*(send() for _ in range(exchange.where.times - 2)))
        answer = await send()
    return answer


def _token(stage: Stage, where: Where) -> str:
    """The token of who asks; nobody has none."""
    return "" if where.login is None else stage.token(where.login)


@asynccontextmanager
async def _troubled(stage: Stage, where: Where) -> AsyncIterator[None]:
    if where.trouble is None:
        yield
        return
    if where.login is not None:
        await stage.server.api.client.post("/graphql", headers={"authorization": f"Bearer {_token(stage, where)}"})
    async with TROUBLES[where.trouble](stage):  # the token is remembered
        yield


@dataclass(frozen=True)
class _Talking:
    """A talk that is had with a server."""

    stage: Stage
    talk: Talk

    async def faults(self) -> list[str]:
        """Where what comes is not what the page tells."""
        headers = dict(self.talk.handshake)
        protocol = headers.pop("sec-websocket-protocol", "graphql-transport-ws")
        async with self.stage.server.connected(protocol, **headers) as opened, AsyncExitStack() as troubles:
            return [fault for line in self.talk.lines for fault in await self._line(opened, troubles, *line)]

    async def _line(self, opened: Socket, troubles: AsyncExitStack, mark: str, text: str) -> list[str]:
        match mark:
            case ">":
                await opened.send(text.replace(TOKEN, _token(self.stage, self.talk.where)))
                return []
            case "#":
                await troubles.enter_async_context(TROUBLES[text](self.stage))
                return []
        if not text.startswith("close "):
            found = await opened.receive()
            return [self.talk.where.place + fault for fault in differences(json.loads(text), found)]
        _, code, reason = text.split(" ", 2)
        closed = await opened.closed()
        return (
            []
            if closed[0] == int(code) and reason in (ELLIPSIS, closed[1])
            else [f"{self.talk.where.place}: told {text}, found {closed}"]
        )
