"""Subscribers that come back with their last cursor whenever their socket ends, and keep everything that they were told."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from random import Random
from typing import Any

import httpx
from websockets.exceptions import WebSocketException

from shaodao.play.client import Api, RefusedByApi

_EVENT = "cursor event { id seq type }"
_ROW = f"{_EVENT} id change"
BOARD = f"subscription Board($key: String!, $after: String) {{ caseBoard(division: $key, after: $after) {{ {_ROW} }} }}"
INBOX = f"""
subscription Inbox($key: String!, $after: String) {{ assignmentInbox(organization: $key, after: $after) {{ {_ROW} }} }}
"""
CASE = f"subscription Case($key: ID!, $after: String) {{ caseChanged(id: $key, after: $after) {{ {_EVENT} }} }}"

COME_BACK_AFTER = 0.3
_BROKEN = (OSError, TimeoutError, WebSocketException, RefusedByApi)


@dataclass
class Subscriber:
    """One subscription over all its sockets. ``start`` is the cursor that it began after."""

    name: str
    document: str
    key: str
    start: str
    token: str
    urls: Sequence[str]
    dice: Random
    told: list[dict[str, Any]] = field(default_factory=list)
    came_back: int = 0
    refusals: list[str] = field(default_factory=list)

    @property
    def cursor(self) -> str:
        """Where it goes on."""
        return self.told[-1]["cursor"] if self.told else self.start

    async def listen(self, http: httpx.AsyncClient) -> None:
        """Listen until cancelled, through every broken socket."""
        while True:
            with suppress(*_BROKEN):
                await self._one_socket(http)
            self.came_back += 1
            await asyncio.sleep(COME_BACK_AFTER)

    async def _one_socket(self, http: httpx.AsyncClient) -> None:
        api = Api(self.dice.choice(self.urls), self.token, http)
        async with api.subscribe(self.document, key=self.key, after=self.cursor) as events:
            try:
                async for data in events:
                    (change,) = data.values()
                    self.told.append(change)
            except RefusedByApi as error:
                if "CURSOR_EXPIRED" in str(error) or "INVALID_CURSOR" in str(error):
                    self.refusals.append(f"{self.name}: {error}")
                raise
