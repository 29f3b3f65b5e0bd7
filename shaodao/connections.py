"""uvicorn's HTTP protocol with what it lacks: limits on the size of headers, on the time until a request is there, and until its answer is taken.

By itself it takes headers of any size, and waits for ever for one that does not end, for a body, and for a client that does not
read. A body that drips is cut soon, and one over a poor network is not: what has come earns it time, by a least rate (as Apache's
mod_reqtimeout does).
"""

import asyncio
from functools import partial
from typing import Any, Literal, assert_never, cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from shaodao.limits import Limits

PIECE_BYTES = 4_096
"""More bytes than these are parsed one after the other, so that a header is cut no later than so many over its limit."""

LINGER_SECONDS = 1.0

TOO_LARGE = b"431 Request Header Fields Too Large"
TOO_SLOW = b"408 Request Timeout"

FILES_BELOW = "/uploads/"
"""Paths of requests whose body is a file, which may take longer."""

Part = Literal["header", "body", "file"]
"""What of a request is still to come."""

_BODIES: tuple[Part, ...] = ("body", "file")


class BoundedConnection(HttpToolsProtocol):
    """A connection that is closed when a request is too large or does not come; while it is idle, uvicorn closes it."""

    def __init__(self, limits: Limits, **uvicorns: Any) -> None:
        super().__init__(**uvicorns)
        self._limits = limits
        self._awaited: Part | None = None
        self._awaited_since = 0.0
        self._header_bytes = 0
        self._body_bytes = 0
        self._timer: asyncio.TimerHandle | None = None
        self._unread: asyncio.TimerHandle | None = None
        self._upgraded = False
        self._refused = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # uvicorn narrows it, too
        """The first header must come."""
        super().connection_made(transport)
        self._await("header")

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing comes any more."""
        self._await(None)
        self._taken()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        """The client must take some of what was sent. Closed only, the connection would wait for that for ever."""
        super().pause_writing()
        self._unread = self.loop.call_later(self._limits.socket_send_seconds, self.transport.abort)

    def resume_writing(self) -> None:
        """It has."""
        super().resume_writing()
        self._taken()

    def handle_websocket_upgrade(self) -> None:
        """Another protocol takes over, with limits of its own."""
        self._upgraded = True
        self._await(None)
        super().handle_websocket_upgrade()

    def on_message_begin(self) -> None:
        """A request begins."""
        self._body_bytes = 0
        super().on_message_begin()

    def on_body(self, body: bytes) -> None:
        """More of its body has come, which earns it time."""
        self._body_bytes += len(body)
        super().on_body(body)

    def data_received(self, data: bytes) -> None:
        """Parse it, and see what is still to come."""
        if len(data) > PIECE_BYTES:
            self._receive_in_pieces(data)
            return
        if self._refused:
            return
        super().data_received(data)
        awaited = self._still_to_come()
        if awaited != self._awaited:
            self._await(awaited)
        if awaited == "header":
            self._header_bytes += len(data)
            if self._header_bytes > self._limits.header_bytes:
                self._refuse(TOO_LARGE)

    def _receive_in_pieces(self, data: bytes) -> None:
        for start in range(0, len(data), PIECE_BYTES):
            if self._upgraded or self._refused or self.transport.is_closing():
                return
            self.data_received(data[start : start + PIECE_BYTES])

    def _still_to_come(self) -> Part | None:
        """uvicorn makes a scope where a header begins and puts the path in where it ends."""
        if self._upgraded:
            return None
        scope: Any = self.scope  # None until the first header begins
        if scope is None or "path" not in scope:
            return "header"
        if self.cycle.more_body:
            return "file" if scope["path"].startswith(FILES_BELOW) else "body"
        # What comes after a whole request and its answer, and begins no header, is blank lines.
        return "header" if self.cycle.response_complete else None

    def _taken(self) -> None:
        if self._unread is not None:
            self._unread.cancel()
            self._unread = None

    def _await(self, awaited: Part | None) -> None:
        self._awaited, self._awaited_since = awaited, self.loop.time()
        self._header_bytes = 0
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if awaited is not None:
            self._check_time(awaited)

    def _check_time(self, awaited: Part) -> None:
        """Refuse what should be there by now, else look again when it should be."""
        until = self._awaited_since + self._seconds(awaited)
        if until <= self.loop.time():
            self._refuse(TOO_SLOW)
        else:
            self._timer = self.loop.call_at(until, self._check_time, awaited)

    def _seconds(self, awaited: Part) -> float:
        """How long this part may take, as far as it has come."""
        match awaited:
            case "header":
                return self._limits.header_seconds
            case "body":
                earned = self._body_bytes / self._limits.body_bytes_per_second
                return min(self._limits.body_seconds, self._limits.body_patience_seconds + earned)
            case "file":
                return self._limits.upload_seconds
            case _:
                assert_never(awaited)

    def _refuse(self, status: bytes) -> None:
        """Close the connection, and say why where an answer is waited for and none has begun.

        What still comes is thrown away for a moment: closed at once, the connection would be reset and the answer lost.
        """
        if self.transport.is_closing() or self._refused:
            return
        if not self._may_answer():
            self.transport.close()
            return
        self._refused = True
        if self._awaited in _BODIES:  # the application waits for it
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        self.transport.write(_answer(status))
        self.transport.write_eof()
        self.loop.call_later(LINGER_SECONDS, self.transport.close)

    def _may_answer(self) -> bool:
        cycle: Any = self.cycle  # None until the first header ends
        answering = cycle is not None and not cycle.response_complete
        if self._awaited in _BODIES:
            return answering and not cycle.response_started and not self.pipeline
        return not answering and self._header_bytes > 0


def bounded_connections(limits: Limits) -> type[asyncio.Protocol]:
    """What uvicorn makes connections with."""
    return cast("type[asyncio.Protocol]", partial(BoundedConnection, limits))


def _answer(status: bytes) -> bytes:
    head = (b"HTTP/1.1 " + status, b"content-type: text/plain", b"content-length: 0", b"connection: close")
    return b"\r\n".join((*head, b"", b""))
