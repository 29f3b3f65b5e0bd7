"""Connections that send too much, or too slowly: each is closed in time, and others are answered meanwhile."""

import asyncio
import socket
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from shaodao.limits import Limits
from shaodao.postgres.embedded import Cluster
from tests.integration.api_steps import DISPATCHER, Server, copied, serving, settings_of
from tests.integration.file_steps import png
from tests.integration.graphql_steps import CAR
from tests.integration.test_http_files import REGISTER, act, announced

pytestmark = pytest.mark.asyncio(loop_scope="module")

QUICK = Limits(
    header_bytes=16_000,
    header_seconds=0.5,
    body_seconds=2.5,
    body_patience_seconds=0.5,
    body_bytes_per_second=10_000,
    socket_send_seconds=0.5,
)
ROOT = Path(__file__).parents[2]
BODY = b'{"query": "{ viewer { name } }"}'
LARGEST = (
    "/explorer/assets/" + max((ROOT / "api/explorer/dist/assets").iterdir(), key=lambda each: each.stat().st_size).name
)
ANSWER = b'{"data":{"viewer":{"name":"' + DISPATCHER.encode() + b'"}}}'


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def server(
    postgres: Cluster, street_template: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Server]:
    folder = tmp_path_factory.mktemp("data")
    async with copied(postgres, street_template) as dsn, serving(settings_of(dsn, folder, limits=QUICK)) as made:
        yield made


class Wire:
    """A connection of bytes."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer, self.begun = reader, writer, time.monotonic()

    def send(self, *pieces: bytes) -> None:
        self.writer.write(b"".join(pieces))

    async def dripping(self, data: bytes) -> bytes:
        """All that comes until the other side closes, while a byte is sent now and then."""
        reading = asyncio.create_task(self.rest())
        for byte in data:
            if reading.done():
                break
            self.writer.write(bytes([byte]))
            await asyncio.sleep(0.05)
        return await reading

    async def rest(self) -> bytes:
        """All that comes until the other side closes."""
        async with asyncio.timeout(5):
            return await self.reader.read()

    async def answered(self) -> bytes:
        """The body of the next answer."""
        head = await self.reader.readuntil(b"\r\n\r\n")
        [length] = [line.partition(b":")[2] for line in head.splitlines() if line.startswith(b"content-length")]
        return await self.reader.readexactly(int(length))

    def elapsed(self) -> float:
        return time.monotonic() - self.begun


@pytest_asyncio.fixture(loop_scope="module")
async def wire(server: Server) -> AsyncIterator[Wire]:
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    yield Wire(reader, writer)
    writer.close()


def head(server: Server, *more: str, length: int = len(BODY)) -> bytes:
    lines = (
        "POST /graphql HTTP/1.1", "host: x", "content-type: application/json", f"content-length: {length}",
        f"authorization: Bearer {server.api.token()}", *more, "", "",
    )  # fmt: skip
    return "\r\n".join(lines).encode()


async def test_a_header_within_the_limit_is_taken_in_one_piece_and_in_many(server: Server, wire: Wire) -> None:
    request = head(server, "x-filler: " + "x" * 14_000) + BODY
    wire.send(request)
    assert await wire.answered() == ANSWER
    for start in range(0, len(request), 1_000):
        wire.send(request[start : start + 1_000])
        await asyncio.sleep(0.001)
    assert await wire.answered() == ANSWER


@pytest.mark.parametrize("shape", ["one field", "many fields", "the path", "no end"])
async def test_a_header_over_the_limit_is_431(server: Server, wire: Wire, shape: str) -> None:
    many = [f"x-{number}: {'x' * 90}" for number in range(400)]
    sent = {
        "one field": head(server, "x-filler: " + "x" * 40_000) + BODY,
        "many fields": head(server, *many) + BODY,
        "the path": b"GET /graphql?query=" + b"x" * 40_000 + b" HTTP/1.1\r\nhost: x\r\n\r\n",
        "no end": b"POST /graphql HTTP/1.1\r\nx: " + b"x" * 300_000,
    }
    wire.send(sent[shape])
    assert (await wire.rest()).startswith(b"HTTP/1.1 431 ")
    assert wire.elapsed() < 0.4


async def test_a_body_far_over_the_limit_of_headers_is_taken(server: Server, wire: Wire) -> None:
    document = '{"query": "{ viewer { name } }' + "#" * 59_000 + '"}'
    wire.send(head(server, length=len(document)), document.encode())
    assert await wire.answered() == ANSWER
    wire.send(head(server) + BODY)
    assert await wire.answered() == ANSWER


@pytest.mark.parametrize("begun", [b"", b"P", b"POST /graphql HTTP/1.1\r\nhost: x\r\n", b"\r\n\r\n"])
async def test_a_header_that_does_not_end_is_cut(wire: Wire, begun: bytes) -> None:
    wire.send(begun)
    told = await wire.rest()
    assert told.startswith(b"HTTP/1.1 408 ") if begun else told == b""
    assert 0.4 < wire.elapsed() < 1.5


async def test_a_header_that_drips_is_cut_all_the_same(wire: Wire) -> None:
    told = await wire.dripping(b"POST /graphql HTTP/1.1\r\nx-filler: " + b"x" * 100)
    assert told.startswith(b"HTTP/1.1 408 ")
    assert 0.4 < wire.elapsed() < 1.5


async def test_a_body_that_does_not_come_is_408(server: Server, wire: Wire) -> None:
    wire.send(head(server), BODY[:10])
    assert (await wire.rest()).startswith(b"HTTP/1.1 408 ")
    assert 0.4 < wire.elapsed() < 1.5


async def test_a_body_that_drips_is_408(server: Server, wire: Wire) -> None:
    wire.send(head(server, length=1_000))
    assert (await wire.dripping(b" " * 100)).startswith(b"HTTP/1.1 408 ")
    assert 0.4 < wire.elapsed() < 1.5


async def test_a_body_earns_time_by_what_comes(server: Server, wire: Wire) -> None:
    """A poor network brings it in pieces, with pauses that are longer than nothing at all is waited for."""
    body = BODY[:-1] + b" " * 20_000 + BODY[-1:]
    wire.send(head(server, length=len(body)))
    for start in range(0, len(body), 10_000):
        wire.send(body[start : start + 10_000])
        await asyncio.sleep(0.7)
    assert await wire.answered() == ANSWER
    assert wire.elapsed() > 1.0


async def test_no_body_earns_more_than_its_whole_time(server: Server, wire: Wire) -> None:
    wire.send(head(server, length=100_000), b" " * 50_000)
    assert (await wire.rest()).startswith(b"HTTP/1.1 408 ")
    assert 2.4 < wire.elapsed() < 4.0


async def test_a_refused_body_that_drips_on_is_cut(server: Server, wire: Wire) -> None:
    wire.send(head(server, length=100_000_000))
    assert (await wire.dripping(b" " * 100)).startswith(b"HTTP/1.1 413 ")
    assert wire.elapsed() < 2.0


async def test_blank_lines_after_an_answer_hold_no_connection(server: Server, wire: Wire) -> None:
    wire.send(head(server) + BODY)
    assert await wire.answered() == ANSWER
    await wire.dripping(b"\r\n" * 50)
    assert wire.elapsed() < 2.0


async def test_requests_that_follow_each_other_at_once_are_answered_in_turn(server: Server, wire: Wire) -> None:
    wire.send(*[head(server) + BODY] * 5)
    assert [await wire.answered() for _ in range(5)] == [ANSWER] * 5


async def test_a_slow_request_is_answered_if_it_is_there_in_time(server: Server, wire: Wire) -> None:
    for _ in range(3):
        sent = head(server)
        for piece in (sent[:40], sent[40:], BODY[:5], BODY[5:]):
            wire.send(piece)
            await asyncio.sleep(0.2)
        assert await wire.answered() == ANSWER
    assert wire.elapsed() > 2.0


async def test_sockets_outlive_the_limits(server: Server) -> None:
    async with server.acknowledged() as opened_socket:
        await asyncio.sleep(1.5)
        await opened_socket.send({"type": "ping"})
        assert await opened_socket.receive() == {"type": "pong"}


async def test_the_connection_of_a_client_that_does_not_read_is_given_up(server: Server) -> None:
    connections = server.uvicorn.server_state.connections
    others = set(connections)
    with socket.socket() as narrow:
        narrow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        narrow.setblocking(False)
        await asyncio.get_running_loop().sock_connect(narrow, ("127.0.0.1", server.port))
        narrow.send(b"GET %s HTTP/1.1\r\nhost: x\r\n\r\n" % LARGEST.encode() * 10)
        async with asyncio.timeout(20):
            while not (own := connections - others):
                await asyncio.sleep(0.01)
            while own & connections:
                await asyncio.sleep(0.05)


async def test_others_are_answered_while_hundreds_of_headers_do_not_end(server: Server) -> None:
    opened = await asyncio.gather(*(asyncio.open_connection("127.0.0.1", server.port) for _ in range(300)))
    for _, writer in opened:
        writer.write(b"POST /graphql HTTP/1.1\r\n")
    begun = time.monotonic()
    assert (await server.api.ask("{ viewer { name } }")).status_code == 200
    assert time.monotonic() - begun < 0.5
    for reader, writer in opened:
        assert (await reader.read()).startswith(b"HTTP/1.1 408 ")
        writer.close()
    assert time.monotonic() - begun < 3


async def test_a_file_may_take_longer_than_another_body(server: Server) -> None:
    content = png("slow")
    case = (await act(server.api, REGISTER, **CAR))["case"]["id"]
    upload = await announced(server.api, case, content)
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    head = f"PUT {upload['url']} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: {len(content)}\r\n\r\n"
    writer.write(head.encode() + content[:20])
    await asyncio.sleep(QUICK.body_seconds * 1.5)
    writer.write(content[20:])
    answer = await reader.read()
    writer.close()
    await writer.wait_closed()
    assert answer.startswith(b"HTTP/1.1 200 ")
