"""Subscribers of the live feed on one server: WebSockets that subscribe once and note when each event came."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import orjson
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

AT_ONCE = 20
"""Sockets that are being opened at a time."""


@dataclass(frozen=True)
class Wish:
    """What one subscriber asks for; ``kind`` is the subscription's name in the schema."""

    kind: str
    document: str
    token: str
    variables: Mapping[str, Any]


@dataclass
class Told:
    """The events that all subscribers got: for each, by when it was written, the seconds until each subscriber had it."""

    seconds: dict[datetime, list[float]] = field(default_factory=dict)
    errors: list[Any] = field(default_factory=list)
    ended: list[str] = field(default_factory=list)

    def note(self, at: datetime) -> None:
        """A subscriber got the event just now."""
        self.seconds.setdefault(at, []).append(time.time() - at.timestamp())

    @property
    def last(self) -> list[float]:
        """How long the last subscriber of each event waited, in order."""
        return sorted(max(each) for each in self.seconds.values())

    @property
    def all(self) -> list[float]:
        """How long each subscriber waited for each event, in order."""
        return sorted(one for each in self.seconds.values() for one in each)


class Subscribers:
    """Sockets on a port of the loopback that offer compression as browsers do; a context that closes them."""

    def __init__(self, port: int, wishes: Sequence[Wish], told: Told) -> None:
        self._url = f"ws://127.0.0.1:{port}/graphql"
        self._wishes = wishes
        self._told = told
        self._stack = AsyncExitStack()
        self._open = asyncio.Semaphore(AT_ONCE)

    async def __aenter__(self) -> "Subscribers":
        self._listening = await asyncio.gather(*map(self._subscribe, self._wishes))
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self._listening:
            task.cancel()
        await self._stack.aclose()

    async def _subscribe(self, wish: Wish) -> "asyncio.Task[None]":
        async with self._open:
            opened = connect(
                self._url, subprotocols=[Subprotocol("graphql-transport-ws")], proxy=None, ping_interval=None,
                max_queue=None,
            )  # fmt: skip
            socket = await self._stack.enter_async_context(opened)
            await socket.send(_message("connection_init", {"Authorization": f"Bearer {wish.token}"}))
            await socket.recv()
            payload = {"query": wish.document, "variables": dict(wish.variables)}
            await socket.send(_message("subscribe", payload, id="1"))
        return asyncio.create_task(self._listen(socket, wish))

    async def _listen(self, socket: ClientConnection, wish: Wish) -> None:
        try:
            async for text in socket:
                message = orjson.loads(text)
                if message["type"] == "next" and "errors" not in message["payload"]:
                    event = message["payload"]["data"][wish.kind]["event"]
                    if event is not None:
                        self._told.note(datetime.fromisoformat(event["at"]))
                elif message["type"] in ("error", "next", "complete"):
                    self._told.errors.append(message)
        except ConnectionClosed as closed:
            self._told.ended.append(str(closed))


def _message(kind: str, payload: Any, **more: str) -> str:
    return orjson.dumps({"type": kind, "payload": payload, **more}).decode()
