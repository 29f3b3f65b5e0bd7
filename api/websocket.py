"""Subscriptions, queries and mutations over the sub-protocol graphql-transport-ws (github.com/enisdenjo/graphql-ws)."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any, Protocol

import orjson
import structlog
from starlette.types import Receive, Scope, Send

from api.authentication import Authenticator, Session, Unauthenticated
from api.requests import BadRequestError, OperationRequest, decode, request_of

PROTOCOL = "graphql-transport-ws"


@dataclass(frozen=True)
class SocketLimits:
    """Limits of one socket (design: http)."""

    initialise_within: float = 5.0
    operations: int = 50
    close_reason_bytes: int = 120


class OperationStream(Protocol):
    """Runs an operation and gives its results as JSON objects {"data": …, "errors": …}."""

    def stream(self, request: OperationRequest, session: Session) -> AsyncIterator[bytes]:
        """One result for a query or mutation, any number for a subscription. Raises OperationRefused before the first."""
        ...


class OperationRefused(Exception):
    """The operation does not validate, or cannot be started; carries GraphQL errors."""

    def __init__(self, errors: list[dict[str, Any]]) -> None:
        super().__init__("refused")
        self.errors = errors


class Closed(Exception):
    """The protocol says to close the socket with this code."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


@dataclass
class SubscriptionEndpoint:
    """The WebSocket side of /graphql."""

    operations: OperationStream
    authenticator: Authenticator
    limits: SocketLimits = SocketLimits()
    _sockets: set["_Socket"] = field(default_factory=set)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        socket = _Socket(self, receive, send)
        self._sockets.add(socket)
        try:
            await socket.run(scope)
        finally:
            self._sockets.discard(socket)

    async def close_all(self) -> None:
        """Tell every client that the server goes away (1001); they come back with their cursors."""
        for socket in tuple(self._sockets):
            await socket.close(Closed(1001, "Server is going away"))


@dataclass(eq=False)
class _Socket:
    endpoint: SubscriptionEndpoint
    receive: Receive
    send: Send
    session: Session | None = None
    initialised: bool = False
    closed: bool = False
    tasks: dict[str, asyncio.Task[None]] = field(default_factory=dict)
    timers: list[asyncio.TimerHandle] = field(default_factory=list)

    async def run(self, scope: Scope) -> None:
        await self.receive()
        if PROTOCOL not in scope["subprotocols"]:
            await self.send({"type": "websocket.accept"})
            await self.close(Closed(4406, "Subprotocol not acceptable"))
            return
        await self.send({"type": "websocket.accept", "subprotocol": PROTOCOL})
        self._close_later(
            self.endpoint.limits.initialise_within, Closed(4408, "Connection initialisation timeout"), init=True
        )
        try:
            await self._read()
        except Closed as closed:
            await self.close(closed)
        finally:
            await self._end()

    async def _read(self) -> None:
        while (message := await self.receive())["type"] != "websocket.disconnect":
            text = message.get("text")
            if text is None:
                raise Closed(4400, "Messages must be text")
            try:
                value = decode(text)
            except BadRequestError:
                raise Closed(4400, "Message is not JSON") from None
            if not isinstance(value, dict) or not isinstance(value.get("type"), str):
                raise Closed(4400, "Message must be an object with a type")
            await self._handle(value["type"], value)

    async def _handle(self, kind: str, message: Mapping[str, Any]) -> None:
        match kind:
            case "connection_init":
                await self._initialise(message.get("payload"))
            case "ping":
                await self._write({"type": "pong"})
            case "pong":
                pass
            case "subscribe":
                self._subscribe(message)
            case "complete":
                self._complete(message)
            case _:
                raise Closed(4400, "Unknown message type")

    async def _initialise(self, payload: Any) -> None:
        if self.initialised:
            raise Closed(4429, "Too many initialisation requests")
        self.initialised = True
        if payload is not None and not isinstance(payload, dict):
            raise Closed(4400, "payload must be an object")
        given = {str(key).lower(): value for key, value in (payload or {}).items()}
        authorization = given.get("authorization")
        try:
            session = await self.endpoint.authenticator.authenticate(
                authorization if isinstance(authorization, str) else None
            )
        except Unauthenticated as error:
            raise Closed(4403, f"Forbidden: {error}") from None
        self.session = session
        left = (session.expires_at - self.endpoint.authenticator.now()).total_seconds()
        self._close_later(left, Closed(4403, "Forbidden: the token has expired"))
        await self._write({"type": "connection_ack"})

    def _subscribe(self, message: Mapping[str, Any]) -> None:
        if self.session is None:
            raise Closed(4401, "Unauthorized")
        identifier = message.get("id")
        if not isinstance(identifier, str) or not identifier:
            raise Closed(4400, "subscribe needs an id")
        if identifier in self.tasks:
            raise Closed(4409, f"Subscriber for {identifier} already exists"[: self.endpoint.limits.close_reason_bytes])
        try:
            request = request_of(message.get("payload"))
        except BadRequestError as error:
            raise Closed(4400, str(error)) from None
        if len(self.tasks) >= self.endpoint.limits.operations:
            raise Closed(4429, "Too many operations on one socket")
        self.tasks[identifier] = asyncio.create_task(self._operate(identifier, request, self.session))

    def _complete(self, message: Mapping[str, Any]) -> None:
        task = self.tasks.pop(str(message.get("id")), None)
        if task is not None:
            task.cancel()

    async def _operate(self, identifier: str, request: OperationRequest, session: Session) -> None:
        try:
            async with aclosing(self.endpoint.operations.stream(request, session)) as results:  # type: ignore[type-var]
                async for result in results:
                    await self._write_text(
                        b'{"id":' + orjson.dumps(identifier) + b',"type":"next","payload":' + result + b"}"
                    )
            await self._write({"id": identifier, "type": "complete"})
        except OperationRefused as refused:
            await self._write({"id": identifier, "type": "error", "payload": refused.errors})
        except Closed as closed:
            await self.close(closed)
        except asyncio.CancelledError:
            raise
        except Exception:
            structlog.get_logger("shaodao.websocket").exception("an operation failed")
            await self.close(Closed(1011, "Internal error"))
        finally:
            if self.tasks.get(identifier) is asyncio.current_task():
                del self.tasks[identifier]

    def _close_later(self, seconds: float, closed: Closed, *, init: bool = False) -> None:
        def close() -> None:
            if not (init and self.initialised):
                self._closing = asyncio.create_task(self.close(closed))

        # A timer cannot wait longer than a month on every platform; a token that lives longer is checked at its next use.
        self.timers.append(asyncio.get_running_loop().call_later(max(0.0, min(seconds, 30 * 86_400)), close))

    async def close(self, closed: Closed) -> None:
        """Close the socket once."""
        if self.closed:
            return
        self.closed = True
        reason = closed.reason.encode()[: self.endpoint.limits.close_reason_bytes].decode(errors="ignore")
        await self._send_quietly({"type": "websocket.close", "code": closed.code, "reason": reason})

    async def _write(self, message: Mapping[str, Any]) -> None:
        await self._write_text(orjson.dumps(message))

    async def _write_text(self, text: bytes) -> None:
        if not self.closed:
            await self._send_quietly({"type": "websocket.send", "text": text.decode()})

    async def _send_quietly(self, message: Mapping[str, Any]) -> None:
        """Send; a client that has gone meanwhile is no error."""
        try:
            await self.send(dict(message))
        except (RuntimeError, OSError, ConnectionError):
            self.closed = True

    async def _end(self) -> None:
        self.closed = True
        for timer in self.timers:
            timer.cancel()
        for task in tuple(self.tasks.values()):
            task.cancel()
        await asyncio.gather(*self.tasks.values(), return_exceptions=True)
