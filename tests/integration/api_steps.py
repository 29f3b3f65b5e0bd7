"""The API on the demonstration street's registers: the real ASGI application, asked over HTTP and over WebSockets."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
import httpx
import structlog
import uvicorn
from starlette.applications import Starlette
from websockets.asyncio.client import ClientConnection
from websockets.asyncio.client import connect as connect_socket
from websockets.typing import Subprotocol

from api.app import create_app
from api.websocket import PROTOCOL, SocketLimits
from shaodao.demo.source import load_street
from shaodao.demo.tokens import handler_viewer, resident_viewer, staff_viewer
from shaodao.domain.permissions import Viewer
from shaodao.host import utc_now
from shaodao.postgres.embedded import Cluster
from shaodao.postgres.pool import connect
from shaodao.serving import server_of
from shaodao.settings import Settings
from shaodao.tokens import issue, local_key

Json = dict[str, Any]

DISPATCHER = "吕示衡"
STANDARD = {"accept": "application/graphql-response+json"}


@asynccontextmanager
async def copied(postgres: Cluster, template: str) -> AsyncIterator[str]:
    """DSN of a copy of a template database, dropped at the end."""
    name = f"test_{uuid4().hex}"
    connection = await asyncpg.connect(postgres.dsn("postgres"))
    try:
        await connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        yield postgres.dsn(name)
        await connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
    finally:
        await connection.close()


def settings_of(dsn: str, folder: Path, **changes: Any) -> Settings:
    """Settings of a server without workers and departments."""
    environment = {
        "SHAODAO_DATA_DIR": str(folder), "SHAODAO_DATABASE_URL": dsn, "SHAODAO_DEPARTMENTS": "none",
        "SHAODAO_WORKERS": "false", "SHAODAO_POOL_SIZE": "4",
    }  # fmt: skip
    return replace(Settings.from_environment(environment), **changes)


def viewer_of(who: str) -> Viewer:
    """A member of staff by name, an organization's handler by its code, a resident by number."""
    street = load_street()
    if who.startswith("P0"):
        return resident_viewer(street, who)
    return handler_viewer(street, who) if who.isascii() else staff_viewer(street, who)


@dataclass(frozen=True)
class Api:
    """The API as a client meets it."""

    settings: Settings
    application: Starlette
    client: httpx.AsyncClient

    def token(self, who: str = DISPATCHER, lifetime: timedelta = timedelta(hours=1), person: str | None = None) -> str:
        """A token of somebody of the street."""
        viewer = viewer_of(who)
        return issue(
            local_key(self.settings.data_dir), login=viewer.login, name=viewer.name, grants=viewer.grants,
            issuer=self.settings.issuer, audience=self.settings.audience, now=utc_now(), lifetime=lifetime,
            person=person or (who if who.startswith("P0") else None),
        )  # fmt: skip

    def headers(self, **more: str) -> dict[str, str]:
        """The headers of the dispatcher's requests."""
        named = {name.replace("_", "-"): value for name, value in more.items()}
        return {"authorization": f"Bearer {self.token()}", **STANDARD, **named}

    async def ask(
        self, document: str, variables: Mapping[str, Any] | None = None, *, who: str = DISPATCHER, **more: Any
    ) -> httpx.Response:
        """A POST of an operation; ``more`` are other members of the body."""
        headers = self.headers(authorization=f"Bearer {self.token(who)}")
        return await self.client.post(
            "/graphql", json={"query": document, "variables": variables, **more}, headers=headers
        )

    async def post(self, content: bytes, **headers: str) -> httpx.Response:
        """A POST of bytes as JSON."""
        return await self.client.post(
            "/graphql", content=content, headers=self.headers(**{"content_type": "application/json"} | headers)
        )

    async def get(self, **parameters: str) -> httpx.Response:
        """A GET of an operation."""
        return await self.client.get("/graphql", params=parameters, headers=self.headers())


def code_of(answer: httpx.Response) -> str:
    """The code of the first error."""
    return str(answer.json()["errors"][0]["extensions"]["code"])


@contextmanager
def logged() -> Iterator[list[Any]]:
    """What is logged meanwhile."""
    with structlog.testing.capture_logs() as events:
        yield events


def assert_masked(body: dict[str, Any], code: str, events: list[Any]) -> None:
    """Nothing of the cause is told, and the log has it under the request's id."""
    [error] = body["errors"]
    assert error["extensions"]["code"] == code
    assert error["extensions"]["requestId"] == body["extensions"]["requestId"]
    text = str(body)
    assert not [word for word in ("secret", "asyncpg", "relation", "select", "Error:", "canceling") if word in text]
    [event] = [event for event in events if event.get("request_id") == body["extensions"]["requestId"]]
    assert isinstance(event["exc_info"], Exception)


async def execute(dsn: str, statement: str) -> None:
    """Run a statement behind the server's back."""
    connection = await connect(dsn)
    await connection.execute(statement)
    await connection.close()


@asynccontextmanager
async def opened(settings: Settings, limits: SocketLimits | None = None) -> AsyncIterator[Api]:
    """The application, its lifespan run by hand."""
    assert settings.database_url is not None
    application = create_app(settings, settings.database_url, limits)
    transport = httpx.ASGITransport(application)
    async with (
        application.router.lifespan_context(application),
        httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client,
    ):
        yield Api(settings, application, client)


@dataclass
class Server:
    """The application behind uvicorn on a port of the loopback."""

    api: Api
    port: int
    uvicorn: uvicorn.Server
    running: "asyncio.Task[None]"

    async def stop(self) -> None:
        """Stop as Ctrl-C does."""
        self.uvicorn.should_exit = True
        await self.running

    @asynccontextmanager
    async def connected(self, subprotocol: str | None = PROTOCOL, **headers: str) -> AsyncIterator["Socket"]:
        """A socket that has not been initialised."""
        protocols = [Subprotocol(subprotocol)] if subprotocol else None
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        address = f"ws://127.0.0.1:{self.port}/graphql"
        async with connect_socket(address, subprotocols=protocols, additional_headers=named, proxy=None) as connection:
            yield Socket(connection)

    @asynccontextmanager
    async def acknowledged(self, token: str | None = None, **headers: str) -> AsyncIterator["Socket"]:
        """A socket of the dispatcher, or of a token."""
        async with self.connected(**headers) as opened_socket:
            await opened_socket.initialise(token or self.api.token())
            yield opened_socket


@dataclass(frozen=True)
class Socket:
    """A client's side of a socket."""

    connection: ClientConnection

    async def send(self, message: Any) -> None:
        """Send a message, as JSON unless it is text or bytes."""
        await self.connection.send(message if isinstance(message, str | bytes) else json.dumps(message))

    async def receive(self, within: float = 5.0) -> Json:
        """The next message."""
        async with asyncio.timeout(within):
            message: Json = json.loads(await self.connection.recv())
        return message

    async def initialise(self, token: str) -> None:
        """Present a token that must be accepted."""
        await self.send({"type": "connection_init", "payload": {"Authorization": f"Bearer {token}"}})
        assert await self.receive() == {"type": "connection_ack"}

    async def subscribe(self, identifier: str, document: str, variables: Mapping[str, Any] | None = None) -> None:
        """Begin an operation."""
        payload = {"query": document, "variables": variables}
        await self.send({"id": identifier, "type": "subscribe", "payload": payload})

    async def closed(self, within: float = 5.0) -> tuple[int | None, str | None]:
        """Code and reason of the close frame, which comes next or after other messages."""
        async with asyncio.timeout(within):
            await self.connection.wait_closed()
        return self.connection.close_code, self.connection.close_reason


@asynccontextmanager
async def serving(settings: Settings, limits: SocketLimits | None = None, port: int = 0) -> AsyncIterator[Server]:
    """The application behind uvicorn, as ``shaodao serve`` runs it, on a port or on any."""
    assert settings.database_url is not None
    application = create_app(settings, settings.database_url, limits)
    with socket.create_server(("127.0.0.1", port)) as bound:
        server = server_of(application, settings.limits)
        running = asyncio.create_task(server.serve(sockets=[bound]))
        while not server.started:
            await asyncio.sleep(0.01)
        port = int(bound.getsockname()[1])
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:
            made = Server(Api(settings, application, client), port, server, running)
            try:
                yield made
            finally:
                with suppress(asyncio.CancelledError):
                    await made.stop()
