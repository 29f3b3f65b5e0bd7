"""uvicorn's WebSocket protocol with what it lacks: a farewell for clients that take nothing, and an end of waiting for them.

By itself it sends nothing more, a close frame neither, before what was sent is taken, and keeps a connection that it has closed
until all of that is: for ever, where the client never reads.
"""

import asyncio
from typing import Any

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

LINGER_SECONDS = 20.0
"""How long a client that takes nothing may still come and read why it was cut."""


class ClosableSocket(WebSocketsSansIOProtocol):
    """A socket that is closed at once, behind what waits in it, and cut when that is not taken."""

    _cut: asyncio.TimerHandle | None = None

    async def send(self, message: Any) -> None:
        """A message; one that closes does not wait for the client."""
        if message["type"] == "websocket.close" and self._cut is None:
            self._cut = self.loop.call_later(LINGER_SECONDS, self.transport.abort)
            self.writable.set()
        await super().send(message)

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing is waited for any more."""
        if self._cut is not None:
            self._cut.cancel()
        super().connection_lost(exc)
