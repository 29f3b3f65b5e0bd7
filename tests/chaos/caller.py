"""A client of the servers that comes again with the same key until it is told what came of its command."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from random import Random
from time import monotonic
from typing import Any

import httpx
import orjson

from shaodao.host import utc_now
from shaodao.play.documents import mutation

PATIENCE = 60.0
"""Seconds after which a client gives up on a command: what came of it is then unknown."""

ANSWER_WITHIN = 5.0
"""Seconds that a client waits for one answer before it asks another server."""

COME_AGAIN_AFTER = 0.2


@dataclass(frozen=True)
class Told:
    """A command that a client was told of: its key, which stands in its text, and the payload."""

    mutation: str
    key: str
    payload: dict[str, Any]


@dataclass(frozen=True)
class Overtaken:
    """A command that was refused because a department had been faster in the case; ``at``: when its client was told so."""

    key: str
    case: str
    at: datetime


@dataclass
class Book:
    """What the clients were told, and how often they had to come again."""

    told: list[Told] = field(default_factory=list)
    overtaken: list[Overtaken] = field(default_factory=list)
    unfinished: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    differing: list[str] = field(default_factory=list)
    came_again: int = 0
    broken_connections: int = 0
    unavailable: int = 0


class Retryable(Exception):
    """Nothing is known of what came of it: the same again, with the same key."""


@dataclass(frozen=True)
class Caller:
    """The servers, the book of what they told, and the run's dice. ``run`` begins every key."""

    urls: Sequence[str]
    http: httpx.AsyncClient
    book: Book
    dice: Random
    run: str
    keys: Callable[[], int] = field(default_factory=lambda: iter(range(1, 10_000_000)).__next__)

    def key(self) -> str:
        """A key that stands in the text of what it does, too, so that the effect can be found by it."""
        return f"{self.run}-{self.keys():06}"

    async def told_once(self, by: str, name: str, key: str, given: Mapping[str, Any]) -> dict[str, Any] | None:
        """Have a command done by whose token it is, and note what was told; None when nothing came of it.

        One in ten is sent once more, and must give the same outcome.
        """
        payload = self._granted(name, key, await self._answer(by, name, key, given))
        if payload is None:
            return None
        self.book.told.append(Told(name, key, payload))
        if self.dice.random() < 0.1:
            again = self._granted(name, key, await self._answer(by, name, key, given))
            if again is not None and lasting(again) != lasting(payload):
                self.book.differing.append(f"{name} {key}: {lasting(payload)}, then {lasting(again)}")
        return payload

    async def told_unless_overtaken(self, by: str, name: str, key: str, given: Mapping[str, Any], case: str) -> None:
        """Have a command done that a department may be faster than: then it is refused, as the state is another one."""
        payload = await self._answer(by, name, key, given)
        if payload is not None and payload["__typename"] == "StateConflict":
            self.book.overtaken.append(Overtaken(key, case, utc_now()))
        elif (granted := self._granted(name, key, payload)) is not None:
            self.book.told.append(Told(name, key, granted))

    async def ask(self, by: str, document: str, variables: Mapping[str, Any]) -> dict[str, Any] | None:
        """The data of one answer; None for one with errors that no retry mends, which is noted. Raises Retryable."""
        try:
            answer = await self.http.post(
                f"{self.dice.choice(self.urls)}/graphql",
                json={"query": document, "variables": variables},
                headers={"Authorization": f"Bearer {by}", "Accept": "application/graphql-response+json"},
                timeout=ANSWER_WITHIN,
            )
        except httpx.TransportError:
            self.book.broken_connections += 1
            raise Retryable from None
        if answer.status_code == 503:
            self.book.unavailable += 1
            raise Retryable
        body = orjson.loads(answer.content)
        if not body.get("errors"):
            data: dict[str, Any] = body["data"]
            return data
        if all(error["extensions"]["code"] in ("UNAVAILABLE", "TIMED_OUT") for error in body["errors"]):
            self.book.unavailable += 1
            raise Retryable
        self.book.refused.append(f"{answer.status_code} {body['errors'][0]}")
        return None

    async def _answer(self, by: str, name: str, key: str, given: Mapping[str, Any]) -> dict[str, Any] | None:
        """What the command is answered at last, be it a problem; None when nobody told, which is noted."""
        document, variables = mutation(name), {"input": {**given, "idempotencyKey": key}}
        ends = monotonic() + PATIENCE
        while monotonic() < ends:
            try:
                data = await self.ask(by, document, variables)
            except Retryable:
                self.book.came_again += 1
                await asyncio.sleep(COME_AGAIN_AFTER)
                continue
            return None if data is None else data[name]
        self.book.unknown.append(key)
        return None

    def _granted(self, name: str, key: str, payload: dict[str, Any] | None) -> dict[str, Any] | None:
        """The payload of a command that went through; a problem is noted."""
        if payload is not None and "cursor" not in payload:
            self.book.refused.append(f"{name} {key}: {payload}")
            return None
        return payload


def lasting(payload: Mapping[str, Any]) -> dict[str, Any]:
    """What a payload tells however late it comes: the outcome, its place in the feed, and what was made; not how that stands now."""
    made = {name: payload[name]["id"] for name in ("case", "whistle") if payload.get(name)}
    return {name: payload[name] for name in ("outcome", "cursor", "calls", "emergencyLine") if name in payload} | made
