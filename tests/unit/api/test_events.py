"""Event streams: a client that takes nothing is let go."""

import asyncio
from collections.abc import AsyncGenerator
from typing import Any

import pytest
from starlette.types import Message

from api.events import EventStreams, Listener
from api.requests import OperationRequest
from api.websocket import SocketLimits

pytestmark = pytest.mark.asyncio


class Endless:
    """An operation that has always another result; ``ended`` once it was given up."""

    def __init__(self) -> None:
        self.ended = False

    async def stream(self, *_: Any) -> AsyncGenerator[bytes, None]:
        try:
            while True:
                yield b"{}"
        finally:
            self.ended = True

    def watch(self, *_: Any) -> "Endless":
        """The token stays accepted."""
        return self

    def stop(self) -> None:
        """It need not be watched any more."""


class Client:
    """Takes so many messages, then nothing more, and does not go."""

    def __init__(self, takes: int) -> None:
        self.takes = takes
        self.taken: list[Message] = []

    async def send(self, message: Message) -> None:
        if len(self.taken) == self.takes:
            await asyncio.Event().wait()
        self.taken.append(message)

    async def receive(self) -> Message:
        await asyncio.Event().wait()
        raise AssertionError


@pytest.mark.parametrize("takes", [1, 2, 5])
async def test_a_client_that_takes_nothing_is_let_go(takes: int) -> None:
    endless, client = Endless(), Client(takes)
    streams = EventStreams(endless, endless, SocketLimits(send_within=0.01))  # type: ignore[arg-type] # all that is asked
    listener = Listener(OperationRequest("subscription { a }"), None, "", "en")  # type: ignore[arg-type]
    async with asyncio.timeout(10):
        await streams.run(listener, client.receive, client.send)
    assert endless.ended
    assert len(client.taken) == takes
