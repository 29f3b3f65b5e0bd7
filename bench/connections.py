"""A client that costs little: keep-alive connections, each with one request at a time, as the benchmark of writing drives them."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import orjson

Json = dict[str, Any]


class RefusedByServer(Exception):
    """An answer that is not the one the benchmark needs; the message holds its beginning."""


@dataclass
class Connection:
    """One connection to a server on the loopback."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    @classmethod
    async def open(cls, port: int) -> "Connection":
        """Connect. Raises OSError while nobody listens."""
        return cls(*await asyncio.open_connection("127.0.0.1", port))

    async def post(self, path: str, token: str, body: Json) -> Json:
        """The JSON that answers a JSON body. Raises RefusedByServer for another status than 200."""
        content = orjson.dumps(body)
        head = (
            f"POST {path} HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {token}\r\nAccept: application/json\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(content)}\r\n\r\n"
        )
        self.writer.write(head.encode() + content)
        status, *headers = (await self.reader.readuntil(b"\r\n\r\n")).split(b"\r\n")
        answer = await self.reader.readexactly(_length(headers))
        if b" 200 " not in status:
            raise RefusedByServer(f"{status.decode()}: {answer[:500].decode()}")
        result: Json = orjson.loads(answer)
        return result

    def close(self) -> None:
        """Hang up."""
        self.writer.close()


def _length(headers: list[bytes]) -> int:
    return next(int(header.partition(b":")[2]) for header in headers if header.lower().startswith(b"content-length:"))


@dataclass
class Pace:
    """What was done in a stretch of time, and how long each of it took."""

    seconds: float
    durations: list[float] = field(default_factory=list)

    @property
    def rate(self) -> float:
        """How much a second."""
        return len(self.durations) / self.seconds

    def milliseconds(self, share: float) -> float:
        """The time within which this share of it was done."""
        return sorted(self.durations)[min(len(self.durations) - 1, int(share * len(self.durations)))] * 1000


async def drive(
    port: int, connections: int, seconds: float, step: Callable[[Connection], Awaitable[None]], *, warm_up: float = 1.0
) -> Pace:
    """Repeat a step over each of so many connections; what ends in the warm-up does not count."""
    opened = [await Connection.open(port) for _ in range(connections)]
    begin = time.perf_counter() + warm_up
    pace = Pace(seconds)

    async def repeat(connection: Connection) -> None:
        while (started := time.perf_counter()) < begin + seconds:
            await step(connection)
            if begin <= (ended := time.perf_counter()) < begin + seconds:
                pace.durations.append(ended - started)

    try:
        async with asyncio.TaskGroup() as group:
            for connection in opened:
                group.create_task(repeat(connection))
    finally:
        for connection in opened:
            connection.close()
    return pace
