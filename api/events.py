"""Operations by server-sent events: the "distinct connections mode" of GraphQL over SSE (github.com/enisdenjo/graphql-sse).

Each request has its own stream: an event ``next`` for each result, and ``complete`` after the last. A stream that ends without
``complete`` was broken off: who comes back with the last cursor misses nothing.
"""

import asyncio
from collections.abc import Coroutine
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any, NoReturn

import orjson
from starlette.types import Message, Receive, Send

from api.answers import EVENT_STREAM, one_error
from api.authentication import Authenticator, Session, Unauthenticated
from api.requests import OperationRequest
from api.websocket import OperationRefused, OperationStream, SocketLimits
from shaodao.delivery.pace import cancelled

COMPLETE = b"event: complete\ndata:\n\n"
PING = b":\n\n"
START: Message = {
    "type": "http.response.start",
    "status": 200,
    "headers": [
        (b"content-type", f"{EVENT_STREAM}; charset=utf-8".encode()),
        (b"cache-control", b"no-store"),
        (b"vary", b"accept, accept-language"),
        (b"x-accel-buffering", b"no"),  # nginx would keep events back until they fill a page
    ],
}


class _TakesNothing(Exception):
    """The client has taken nothing for too long while something waits to be sent to it."""


@dataclass(frozen=True)
class Listener:
    """Who asked for what, and the token that must stay accepted."""

    request: OperationRequest
    session: Session
    authorization: str
    language: str


@dataclass
class EventStreams:
    """The event streams of /graphql."""

    operations: OperationStream
    authenticator: Authenticator
    limits: SocketLimits
    _closing: asyncio.Event = field(default_factory=asyncio.Event)
    _open: set["asyncio.Task[Any] | None"] = field(default_factory=set)

    async def run(self, listener: Listener, receive: Receive, send: Send) -> None:
        """Send events until the operation or its token ends, the client goes away or takes nothing, or the server stops."""
        self._open.add(task := asyncio.current_task())
        refused: asyncio.Future[NoReturn] = asyncio.get_running_loop().create_future()

        def refuse(error: Unauthenticated) -> None:
            if not refused.done():
                refused.set_exception(error)

        watch = self.authenticator.watch(listener.authorization, listener.session, self.limits.check_again, refuse)
        try:
            await send(dict(START))
            await self._first_end(
                self._operate(listener, send),
                refused,
                self._ping(send),
                _gone(receive),
                self._closing.wait(),
            )
        except Unauthenticated as error:
            refusal = one_error(f"Unauthenticated: {error}.", "UNAUTHENTICATED")
            await self._write(send, _next(orjson.dumps({"errors": refusal})) + COMPLETE)
        except _TakesNothing:
            return  # the end of the stream would not reach it either
        finally:
            watch.stop()
            self._open.discard(task)
        await send({"type": "http.response.body"})

    async def refuse(self, errors: list[dict[str, Any]], send: Send) -> None:
        """Tell in a stream why the operation is not run."""
        await send(dict(START))
        await self._write(send, _next(orjson.dumps({"errors": errors})) + COMPLETE)
        await send({"type": "http.response.body"})

    async def close(self) -> None:
        """Break off every stream, and those that still come."""
        self._closing.set()
        ending = [task for task in self._open if task is not None]
        if ending:
            await asyncio.wait(ending, timeout=self.limits.close_within)

    async def _first_end(self, *works: "Coroutine[Any, Any, Any] | asyncio.Future[Any]") -> None:
        """Do all at once until one has ended; raises what that one raised."""
        tasks = [asyncio.ensure_future(work) for work in works]
        try:
            ended, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            await cancelled(*(task for task in tasks if not task.done()))
        for task in ended:
            task.result()

    async def _operate(self, listener: Listener, send: Send) -> None:
        try:
            results = self.operations.stream(listener.request, listener.session, listener.language)
            async with aclosing(results):
                async for result in results:
                    await self._write(send, _next(result))
        except OperationRefused as refused:
            await self._write(send, _next(orjson.dumps({"errors": refused.errors})))
        await self._write(send, COMPLETE)

    async def _ping(self, send: Send) -> NoReturn:
        """A comment now and then, so that nothing on the way takes the stream for dead."""
        while True:
            await asyncio.sleep(self.limits.ping_every)
            await self._write(send, PING)

    async def _write(self, send: Send, event: bytes) -> None:
        """Send an event. Raises _TakesNothing."""
        try:
            async with asyncio.timeout(self.limits.send_within):
                await send({"type": "http.response.body", "body": event, "more_body": True})
        except TimeoutError:
            raise _TakesNothing from None


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _next(result: bytes) -> bytes:
    """An event of a result; PostgreSQL breaks lines in JSON, and each line of an event is marked."""
    return b"event: next\ndata: " + result.replace(b"\n", b"\ndata: ") + b"\n\n"
