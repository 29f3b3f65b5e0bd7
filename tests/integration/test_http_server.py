"""What only the server itself can be sent: bytes that no HTTP client would send."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from shaodao.postgres.embedded import Cluster
from shaodao.postgres.pool import connect
from tests.integration.api_steps import DISPATCHER, Server, copied, serving, settings_of

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def server(
    postgres: Cluster, street_template: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Server]:
    folder = tmp_path_factory.mktemp("data")
    async with copied(postgres, street_template) as dsn, serving(settings_of(dsn, folder)) as made:
        yield made


async def sent(server: Server, *pieces: bytes, hang_up: bool = False) -> bytes:
    """The first line of the answer to raw bytes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    try:
        for piece in pieces:
            writer.write(piece)
        if hang_up:
            return b""
        async with asyncio.timeout(10):
            return (await reader.readline()).strip()
    finally:
        writer.close()


def head(server: Server, line: str, *more: str) -> bytes:
    token = f"authorization: Bearer {server.api.token()}"
    return "\r\n".join([f"{line} HTTP/1.1", "host: x", "content-type: application/json", token, *more, "", ""]).encode()


async def assert_alive(server: Server) -> None:
    answer = await server.api.ask("{ viewer { name } }")
    assert (answer.status_code, answer.json()) == (200, {"data": {"viewer": {"name": DISPATCHER}}})


async def test_a_query_string_of_100_kb_is_refused(server: Server) -> None:
    line = await sent(server, head(server, "GET /graphql?query=" + "x" * 100_000))
    assert line.split()[1] in (b"414", b"400", b"431")
    await assert_alive(server)


async def test_a_body_without_a_length_is_read_up_to_the_limit(server: Server) -> None:
    chunk = b"10000\r\n" + b"x" * 0x10000 + b"\r\n"
    line = await sent(server, head(server, "POST /graphql", "transfer-encoding: chunked"), *[chunk] * 46, b"0\r\n\r\n")
    assert line.split()[1] == b"413"
    await assert_alive(server)


async def test_a_body_over_the_limit_is_refused_before_it_is_sent(server: Server) -> None:
    line = await sent(server, head(server, "POST /graphql", "content-length: 3000000"))
    assert line.split()[1] == b"413"
    await assert_alive(server)


async def test_a_client_that_hangs_up_in_the_middle_harms_nobody(server: Server) -> None:
    for _ in range(10):
        await sent(server, head(server, "POST /graphql", "content-length: 100"), b'{"query":', hang_up=True)
    await assert_alive(server)


@pytest.mark.parametrize(
    "garbage",
    [b"\x00" * 1000 + b"\r\n\r\n", b"GET\r\n\r\n", b"POST /graphql HTTP/9.9\r\n\r\n", "哨 / HTTP/1.1\r\n\r\n".encode()],
)
async def test_what_is_no_http_is_400(server: Server, garbage: bytes) -> None:
    assert (await sent(server, garbage)).split()[1] == b"400"
    await assert_alive(server)


async def test_a_request_in_flight_finishes_when_the_server_stops(
    postgres: Cluster, street_template: str, tmp_path: Path
) -> None:
    async with copied(postgres, street_template) as dsn, serving(settings_of(dsn, tmp_path)) as stopping:
        connection = await connect(dsn)
        async with connection.transaction():
            await connection.execute("LOCK TABLE grid")
            asking = asyncio.create_task(stopping.api.ask("{ grids { nodes { code } } }"))
            while not await connection.fetchval("SELECT count(*) FROM pg_locks WHERE NOT granted"):
                await asyncio.sleep(0.02)
            ending = asyncio.create_task(stopping.stop())
            await asyncio.sleep(0.3)
            assert not asking.done()
        await connection.close()
        assert (await asking).status_code == 200
        await ending
