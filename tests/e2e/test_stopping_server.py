"""SIGTERM to a server process: what runs is finished, sockets and streams are told, nobody new is let in, and the process ends well."""

import asyncio
import signal
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest
from websockets.asyncio.client import connect as connect_socket
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from api.websocket import PROTOCOL
from bench.hostile import BYSTANDER, token_of
from bench.served import Served, served
from shaodao.postgres.embedded import Cluster
from shaodao.postgres.pool import connect
from shaodao.serving import GRACEFUL_SECONDS
from tests.integration.api_steps import code_of, copied, settings_of
from tests.integration.conftest import ground, street_template  # noqa: F401 - fixtures
from tests.integration.graphql_steps import CAR

ENDS_WITHIN = 15.0
"""Far more than it takes when all goes well, and far less than for ever."""
BOARD = 'subscription { caseBoard(division: "990101001000") { cursor change } }'
GRIDS = "{ grids(first: 1) { nodes { code } } }"
REGISTER = (
    "mutation ($input: RegisterCaseInput!) { registerCase(input: $input) { ... on CasePayload { case { number } } } }"
)
EVENTS = {"accept": "text/event-stream"}


@dataclass(frozen=True)
class Stopping:
    """A server process, its database, and a client with a token."""

    server: Served
    dsn: str
    client: httpx.AsyncClient

    async def ask(self, document: str, variables: Any = None) -> httpx.Response:
        """The answer to an operation, however long it takes."""
        return await self.client.post("/graphql", json={"query": document, "variables": variables})

    async def locked(self, table: str) -> "asyncpg.Connection[asyncpg.Record]":
        """A connection that keeps everybody from a table until it is closed."""
        connection = await connect(self.dsn)
        await connection.execute("BEGIN")
        await connection.execute(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE")
        return connection

    async def until_waiting(self, connection: "asyncpg.Connection[asyncpg.Record]") -> None:
        """Wait until somebody waits for a lock."""
        async with asyncio.timeout(10):
            while not await connection.fetchval("SELECT count(*) FROM pg_locks WHERE NOT granted"):
                await asyncio.sleep(0.02)

    async def until_deaf(self) -> None:
        """Wait until nobody new is let in."""
        async with asyncio.timeout(10):
            while True:
                try:
                    _, writer = await asyncio.open_connection("127.0.0.1", self.server.port)
                except (ConnectionRefusedError, ConnectionResetError):
                    return  # reset, where it waited to be let in when the listening ended
                writer.close()
                await asyncio.sleep(0.02)

    def terminate(self) -> None:
        """As systemd and Kubernetes do."""
        self.server.process.send_signal(signal.SIGTERM)

    async def status(self) -> int:
        """The exit status of the process."""
        return await asyncio.to_thread(self.server.process.wait, ENDS_WITHIN)


@pytest.fixture
async def stopping(
    postgres: Cluster,
    street_template: str,  # noqa: F811
    tmp_path: Path,
) -> AsyncIterator[Stopping]:
    async with copied(postgres, street_template) as dsn:
        token = token_of(settings_of(dsn, tmp_path), BYSTANDER)
        with served(dsn, tmp_path) as server:
            headers = {"authorization": f"Bearer {token}"}
            address = f"http://127.0.0.1:{server.port}"
            async with httpx.AsyncClient(base_url=address, headers=headers, timeout=30) as client:
                yield Stopping(server, dsn, client)


@contextmanager
def quickly(within: float) -> Iterator[None]:
    begun = time.monotonic()
    yield
    assert time.monotonic() - begun < within


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_server_without_work_ends_at_once(stopping: Stopping, number: signal.Signals) -> None:
    assert (await stopping.ask(GRIDS)).status_code == 200  # this connection idles on
    stopping.server.process.send_signal(number)
    with quickly(GRACEFUL_SECONDS - 1):
        assert await stopping.status() == 0
    assert "Traceback" not in stopping.server.log.read_text()


@pytest.mark.parametrize(
    ("table", "document", "variables", "field"),
    [
        ("grid", GRIDS, None, "grids"),
        ("case_file", REGISTER, {"input": CAR | {"idempotencyKey": "in-flight"}}, "registerCase"),
    ],
)
async def test_what_waits_for_a_lock_is_answered_and_nobody_new_is_let_in(
    stopping: Stopping, table: str, document: str, variables: Any, field: str
) -> None:
    connection = await stopping.locked(table)
    asking = asyncio.create_task(stopping.ask(document, variables))
    await stopping.until_waiting(connection)
    stopping.terminate()
    await stopping.until_deaf()
    assert not asking.done()
    await connection.close()
    answer = await asking
    assert (answer.status_code, answer.json().get("errors")) == (200, None)
    assert answer.json()["data"][field]
    assert await stopping.status() == 0
    if field == "registerCase":
        checking = await connect(stopping.dsn)
        assert await checking.fetchval("SELECT count(*) FROM case_file") == 1
        await checking.close()


@pytest.mark.parametrize("signals", [1, 2])
async def test_what_hangs_on_is_given_up_in_time_however_often_the_server_is_told(
    stopping: Stopping, signals: int
) -> None:
    connection = await stopping.locked("grid")
    asking = asyncio.create_task(stopping.ask(GRIDS))
    await stopping.until_waiting(connection)
    with quickly(GRACEFUL_SECONDS + 5):
        for _ in range(signals):
            stopping.terminate()
            await stopping.until_deaf()
        assert await stopping.status() == 0
    await connection.close()
    answer = await asking
    assert (answer.status_code, code_of(answer)) == (503, "UNAVAILABLE")
    assert "Exception in ASGI" not in stopping.server.log.read_text()


async def test_sockets_are_told_1001_and_streams_end_without_complete(stopping: Stopping) -> None:
    address = f"ws://127.0.0.1:{stopping.server.port}/graphql"
    async with (
        connect_socket(address, subprotocols=[Subprotocol(PROTOCOL)], proxy=None) as socket,
        stopping.client.stream("POST", "/graphql", json={"query": BOARD}, headers=EVENTS) as stream,
    ):
        payload = {"Authorization": stopping.client.headers["authorization"]}
        await socket.send(
            httpx.Request("POST", "x:", json={"type": "connection_init", "payload": payload}).content.decode()
        )
        assert "connection_ack" in str(await socket.recv())
        assert stream.status_code == 200
        stopping.terminate()
        with quickly(GRACEFUL_SECONDS - 1):
            with pytest.raises(ConnectionClosed) as closed:
                await socket.recv()
            assert closed.value.rcvd is not None
            assert closed.value.rcvd.code == 1001
            assert "event:" not in (await stream.aread()).decode()  # ended as HTTP has it, and no ``complete``
            assert await stopping.status() == 0
