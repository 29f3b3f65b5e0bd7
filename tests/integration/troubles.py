"""Troubles that a page of docs can put a server in, by the sentence that stands there for each."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from shaodao.delivery.feed import FeedEvent, SubscriberTooSlow
from shaodao.demo.source import load_street
from shaodao.postgres.pool import UNREACHABLE, connect
from shaodao.sockets import ClosableSocket
from tests.integration.api_steps import Server, execute
from tests.integration.database_gate import Gate


@dataclass(frozen=True)
class Stage:
    """A server, the DSN of its database by another way, the gate that it goes through itself, and tokens by login."""

    server: Server
    dsn: str
    gate: Gate
    _tokens: dict[str, str] = field(default_factory=dict)

    def token(self, login: str) -> str:
        """The one token of somebody of the demonstration street."""
        if login not in self._tokens:
            names = [staff.name for staff in load_street().staff if staff.login == login]
            self._tokens[login] = self.server.api.token(names[0] if names else login.removeprefix("resident.").upper())
        return self._tokens[login]


Trouble = Callable[[Stage], AbstractAsyncContextManager[None]]


@asynccontextmanager
async def _gone(stage: Stage) -> AsyncIterator[None]:
    await stage.gate.shut()
    yield
    await stage.gate.open()
    served: Any = stage.server.api.application
    async with asyncio.timeout(20):
        while True:  # until the server has put away what it was connected by
            with suppress(*UNREACHABLE):
                await served._graphql._platform.pool.fetchval("SELECT 1")
                return
            await asyncio.sleep(0.05)


def _missing(table: str) -> Trouble:
    @asynccontextmanager
    async def renamed(stage: Stage) -> AsyncIterator[None]:
        await execute(stage.dsn, f"ALTER TABLE {table} RENAME TO gone")
        yield
        await execute(stage.dsn, f"ALTER TABLE gone RENAME TO {table}")

    return renamed


@asynccontextmanager
async def _locked(stage: Stage) -> AsyncIterator[None]:
    connection = await connect(stage.dsn)
    async with connection.transaction():
        await connection.execute("LOCK TABLE grid IN ACCESS EXCLUSIVE MODE")
        yield
    await connection.close()


@asynccontextmanager
async def _disabled(stage: Stage) -> AsyncIterator[None]:
    await execute(stage.dsn, "UPDATE accounts SET enabled = false")
    yield
    await execute(stage.dsn, "UPDATE accounts SET enabled = true")


@asynccontextmanager
async def _stopping(stage: Stage) -> AsyncIterator[None]:
    stopping = asyncio.create_task(stage.server.stop())
    yield
    await stopping


@asynccontextmanager
async def _too_slow(stage: Stage) -> AsyncIterator[None]:
    """Cut every subscriber off. How one comes to be too slow: tests/integration/test_schema_subscriptions.py."""
    served: Any = stage.server.api.application
    feed = served._graphql._platform.feed

    async def cut(*_: Any) -> AsyncIterator[FeedEvent]:
        raise SubscriberTooSlow
        yield

    feed.subscribe = cut
    yield
    del feed.subscribe


@asynccontextmanager
async def _takes_nothing(stage: Stage) -> AsyncIterator[None]:
    """All that a server may send on waits. How a client brings that about: tests/integration/test_websocket_absence.py."""
    for connection in stage.server.uvicorn.server_state.connections:
        if isinstance(connection, ClosableSocket):
            connection.pause_writing()
    yield


@asynccontextmanager
async def _ended(stage: Stage) -> AsyncIterator[None]:
    """Let addresses be read a day later."""
    served: Any = stage.server.api.application
    links = served._graphql._platform.links
    now = links._now
    links._now = lambda: now() + timedelta(days=1)
    yield
    links._now = now


@asynccontextmanager
async def _subscribed(stage: Stage) -> AsyncIterator[None]:
    """Where one subscription is allowed, of two that are begun one is refused: then the other one runs."""
    begun = {
        "type": "subscribe",
        "payload": {"query": 'subscription { caseBoard(division: "990101001000") { cursor } }'},
    }
    async with stage.server.acknowledged(stage.token("lyu.shiheng")) as opened:
        for name in ("1", "2"):
            await opened.send({"id": name, **begun})
        await opened.receive()
        yield


TROUBLES: Mapping[str, Trouble] = {
    "the database is gone": _gone,
    "a table is missing": _missing("grid"),
    "the table of accounts is missing": _missing("accounts"),
    "a table is locked": _locked,
    "the account is disabled": _disabled,
    "the subscriber is too slow": _too_slow,
    "the client takes nothing": _takes_nothing,
    "the server stops": _stopping,
    "the address has ended": _ended,
    "a subscription of lyu.shiheng runs": _subscribed,
}
