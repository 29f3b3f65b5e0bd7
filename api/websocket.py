"""Subscriptions, queries and mutations over the sub-protocol graphql-transport-ws (github.com/enisdenjo/graphql-ws)."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Coroutine, Mapping
from contextlib import aclosing, suppress
from dataclasses import dataclass, field
from typing import Any, Protocol

import orjson
import structlog
from starlette.types import Message, Receive, Scope, Send

from api.answers import one_error
from api.authentication import Authenticator, Session, TokenWatch, Unauthenticated
from api.bad_requests import BadRequestError
from api.masking import failure_code
from api.requests import OperationRequest, RequestReader, request_of
from shaodao.delivery.pace import cancelled
from shaodao.limits import Limits

PROTOCOL = "graphql-transport-ws"
CLOSE_REASON_BYTES = 120
"""A close frame holds no more than 123 bytes beside its code."""

_log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class SocketLimits:
    """Limits of one socket (design: http); ``check_again`` is the seconds after which its token is checked anew.

    ``close_within``: seconds that sockets get to end when the server stops. ``ping_every``: seconds between the signs of
    life of an event stream, which has these limits too. ``send_within``: seconds that a client may take nothing while
    something waits to be sent to it.
    """

    initialise_within: float = 5.0
    operations: int = 50
    check_again: float = 30.0
    close_within: float = 2.0
    ping_every: float = 12.0
    send_within: float = 20.0

    @classmethod
    def of(cls, limits: Limits) -> "SocketLimits":
        """Those of the settings."""
        return cls(limits.socket_init_seconds, limits.socket_operations, send_within=limits.socket_send_seconds)


class OperationStream(Protocol):
    """Runs an operation and gives its results as JSON objects {"data": …, "errors": …}."""

    def stream(self, request: OperationRequest, session: Session, accept_language: str) -> AsyncGenerator[bytes, None]:
        """One result for a query or mutation, any number for a subscription. Raises OperationRefused."""
        ...


class OperationRefused(Exception):
    """The operation does not validate, cannot be started, or not go on; carries GraphQL errors."""

    def __init__(self, errors: list[dict[str, Any]]) -> None:
        super().__init__("refused")
        self.errors = errors


class Closed(Exception):
    """The protocol says to close the socket with this code."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason

    def message(self) -> Message:
        """The close frame."""
        reason = self.reason.encode()[:CLOSE_REASON_BYTES].decode(errors="ignore")
        return {"type": "websocket.close", "code": self.code, "reason": reason}


@dataclass
class SubscriptionEndpoint:
    """The WebSocket side of /graphql; ``closing`` is set when the server stops."""

    operations: OperationStream
    authenticator: Authenticator
    limits: SocketLimits
    reader: RequestReader
    closing: bool = False
    _open: dict["_Socket", "asyncio.Task[Any] | None"] = field(default_factory=dict, repr=False)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        if PROTOCOL not in scope["subprotocols"]:
            await send({"type": "websocket.accept"})
            await send(Closed(4406, "Subprotocol not acceptable").message())
            return
        await send({"type": "websocket.accept", "subprotocol": PROTOCOL})
        headers = dict(scope["headers"])
        if self.reader.sites.foreign(headers):  # a socket is never asked for before
            await send(Closed(4403, "Forbidden: a page of another site").message())
            return
        language = headers.get(b"accept-language", b"").decode("latin-1")
        opened = _Socket(self, receive, send, language)
        self._open[opened] = asyncio.current_task()
        try:
            if self.closing:
                opened.leave()
            await opened.run()
        finally:
            del self._open[opened]

    async def close(self) -> None:
        """Close every socket with 1001 and end its operations, as well as those that still come."""
        self.closing = True
        for opened in self._open:
            opened.leave()
        ending = [task for task in self._open.values() if task is not None]
        if ending:
            await asyncio.wait(ending, timeout=self.limits.close_within)


@dataclass(eq=False)
class _Socket:
    """One socket: it is read until ``_end`` is told why not any more, None when the client has left.

    While it is idle it has two tasks, that of the application and that of its operation, and timers for all else.
    """

    endpoint: SubscriptionEndpoint
    receive: Receive
    send: Send
    language: str
    ended: bool = False
    farewell: Closed | None = None
    initialised: bool = False
    session: Session | None = None
    watch: TokenWatch | None = None
    operations: dict[str, "asyncio.Task[None]"] = field(default_factory=dict)
    _reading: asyncio.Timeout | None = None

    async def run(self) -> None:
        """Read and answer until either side ends it, then end what is still running."""
        late = Closed(4408, "Connection initialisation timeout")
        patience = asyncio.get_running_loop().call_later(self.endpoint.limits.initialise_within, self._not_begun, late)
        try:
            await self._read_until_ended()
            if self.farewell is not None:
                await self._say_farewell(self.farewell)
        finally:
            patience.cancel()
            if self.watch is not None:
                self.watch.stop()
            await cancelled(*self.operations.values())

    def leave(self) -> None:
        """The server stops."""
        self._end(Closed(1001, "The server stops"))

    async def _read_until_ended(self) -> None:
        with suppress(TimeoutError):  # which is how ``_end`` ends the wait for a message
            async with asyncio.timeout(None) as self._reading:
                await self._ending(self._read)
        self._reading = None

    async def _ending(self, work: Callable[..., Coroutine[Any, Any, None]], *given: Any) -> None:
        """Do some work of the socket; what it raises ends the socket."""
        try:
            await work(*given)
        except Closed as closed:
            self._end(closed)
        except Exception as error:
            _log.exception("socket_failed", error=str(error))
            passing = failure_code(error) == "UNAVAILABLE"
            self._end(Closed(1013, "Try again later") if passing else Closed(1011, "Internal error"))

    def _end(self, closed: Closed | None) -> None:
        if not self.ended:
            self.ended, self.farewell = True, closed
            if self._reading is not None:
                self._reading.reschedule(0)

    async def _read(self) -> None:
        while not self.ended:
            message = await self.receive()
            if message["type"] == "websocket.disconnect":
                self._end(None)
            else:
                await self._handle(_decoded(message, self.endpoint.reader))

    async def _handle(self, message: Mapping[str, Any]) -> None:
        match message["type"]:
            case "connection_init":
                await self._initialise(message.get("payload"))
            case "ping":
                await self._write({"type": "pong"})
            case "pong":
                pass
            case "subscribe":
                await self._subscribe(message)
            case "complete":
                self._complete(_identifier(message))
            case _:
                raise Closed(4400, "Unknown message type")

    def _not_begun(self, late: Closed) -> None:
        if not self.initialised:
            self._end(late)

    async def _initialise(self, payload: Any) -> None:
        if self.initialised:
            raise Closed(4429, "Too many initialisation requests")
        self.initialised = True
        if payload is not None and not isinstance(payload, dict):
            raise Closed(4400, "payload must be an object")
        given = {key.lower(): value for key, value in (payload or {}).items() if isinstance(value, str)}
        self.language = given.get("accept-language", self.language)
        authorization = given.get("authorization")
        self.session = await self._authenticated(authorization)
        self.watch = self.endpoint.authenticator.watch(
            authorization, self.session, self.endpoint.limits.check_again,
            lambda error: self._end(_forbidden(error)),
        )  # fmt: skip
        await self._write({"type": "connection_ack"})

    async def _authenticated(self, authorization: str | None) -> Session:
        try:
            return await self.endpoint.authenticator.authenticate(authorization)
        except Unauthenticated as error:
            raise _forbidden(error) from None

    async def _subscribe(self, message: Mapping[str, Any]) -> None:
        if self.session is None:
            raise Closed(4401, "Unauthorized")
        identifier = _identifier(message)
        if identifier in self.operations:
            raise Closed(4409, f"Subscriber for {identifier} already exists")
        try:
            request = request_of(message.get("payload"))
        except BadRequestError as error:
            if error.code == "BAD_REQUEST":
                raise Closed(4400, str(error)) from None
            await self._refuse(identifier, one_error(str(error), error.code))
            return
        if len(self.operations) >= self.endpoint.limits.operations:
            told = f"A socket runs at most {self.endpoint.limits.operations} operations at once."
            await self._refuse(identifier, one_error(told, "TOO_MANY_OPERATIONS"))
            return
        operation = self._ending(self._operate, identifier, request, self.session)
        self.operations[identifier] = asyncio.create_task(operation)

    def _complete(self, identifier: str) -> None:
        operation = self.operations.pop(identifier, None)
        if operation is not None:
            operation.cancel()

    async def _operate(self, identifier: str, request: OperationRequest, session: Session) -> None:
        """Send the results; the id is free again before the last message, for the client may use it at once."""
        prefix = b'{"id":' + orjson.dumps(identifier) + b',"type":"next","payload":'
        try:
            async with aclosing(self.endpoint.operations.stream(request, session, self.language)) as results:
                async for result in results:
                    await self._write_text(prefix + result + b"}")
        except OperationRefused as refused:
            del self.operations[identifier]
            await self._refuse(identifier, refused.errors)
        else:
            del self.operations[identifier]
            await self._write({"id": identifier, "type": "complete"})

    async def _refuse(self, identifier: str, errors: list[dict[str, Any]]) -> None:
        await self._write({"id": identifier, "type": "error", "payload": errors})

    async def _write(self, message: Mapping[str, Any]) -> None:
        await self._write_text(orjson.dumps(message))

    async def _write_text(self, text: bytes) -> None:
        """Send a message; a client that takes nothing would keep its subscriptions and what waits for them for ever."""
        if self.ended:
            return
        try:
            async with asyncio.timeout(self.endpoint.limits.send_within):
                await self._send_quietly({"type": "websocket.send", "text": text.decode()})
        except TimeoutError:
            self._end(Closed(4430, "Too slow: come back with the last cursor"))

    async def _say_farewell(self, closed: Closed) -> None:
        """Tell why it is closed, if the client takes that."""
        with suppress(TimeoutError):
            async with asyncio.timeout(self.endpoint.limits.close_within):
                await self._send_quietly(closed.message())

    async def _send_quietly(self, message: Message) -> None:
        """Send; a client that has gone meanwhile is no error: reading will tell."""
        with suppress(RuntimeError, OSError):
            await self.send(message)


def _decoded(message: Message, reader: RequestReader) -> dict[str, Any]:
    """The object in a message. Raises Closed unless it is one with a type."""
    text = message.get("text")
    if text is None:
        raise Closed(4400, "Messages must be text")
    try:
        value = reader.decode(text)
    except BadRequestError as error:
        raise Closed(4400, str(error)) from None
    if not isinstance(value, dict) or not isinstance(value.get("type"), str):
        raise Closed(4400, "A message must be an object with a type")
    return value


def _forbidden(error: Unauthenticated) -> Closed:
    return Closed(4403, f"Forbidden: {error}")


def _identifier(message: Mapping[str, Any]) -> str:
    identifier = message.get("id")
    if not isinstance(identifier, str) or not identifier:
        raise Closed(4400, "The message needs an id")
    return identifier
