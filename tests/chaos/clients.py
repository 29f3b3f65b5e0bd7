"""The load: clients that whistle, talk and answer, and come again with the same key until they are told what came of it."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from time import monotonic
from typing import Any

import httpx
import orjson

from shaodao.play.documents import ASSIGNMENTS, mutation
from tests.chaos.departments.police import UNANSWERED

STREET = "990101001000"
PATIENCE = 60.0
"""Seconds after which a client gives up on a command: what came of it is then unknown."""

ANSWER_WITHIN = 5.0
"""Seconds that a client waits for one answer before it asks another server."""

COME_AGAIN_AFTER = 0.2
QUESTION_COMES_WITHIN = 15.0
ENOUGH_CASES = 200
"""So many cases are remembered to be talked about."""

CASE_INPUT = {
    "kind": "EVENT", "channel": "GRID_PATROL", "description": "路面塌陷，有人员受困", "divisionCode": STREET,
}  # fmt: skip


@dataclass(frozen=True)
class Told:
    """A command that a client was told of: its key, which stands in its text, and the payload."""

    mutation: str
    key: str
    payload: dict[str, Any]


@dataclass
class Book:
    """What the clients were told, and how often they had to come again."""

    told: list[Told] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    differing: list[str] = field(default_factory=list)
    came_again: int = 0
    broken_connections: int = 0
    unavailable: int = 0


class Retryable(Exception):
    """Nothing is known of what came of it: the same again, with the same key."""


@dataclass(frozen=True)
class Clients:
    """Everything that a client needs: the servers, the tokens of those who act, and the run's dice."""

    urls: Sequence[str]
    dispatcher: str
    http: httpx.AsyncClient
    book: Book
    dice: Random
    run: str
    cases: list[str] = field(default_factory=list)
    answering: set["asyncio.Task[None]"] = field(default_factory=set)
    keys: Callable[[], int] = field(default_factory=lambda: iter(range(1, 10_000_000)).__next__)

    async def work(self, ending: asyncio.Event, pause: float) -> None:
        """Take one step after another until the run ends; a command that was begun is followed to its end."""
        while not ending.is_set():
            await self._step()
            await asyncio.sleep(self.dice.uniform(0, 2 * pause))

    async def finish(self) -> None:
        """Wait for the answers that are still being written."""
        while self.answering:
            await asyncio.wait(self.answering)

    async def command(self, name: str, key: str, given: Mapping[str, Any]) -> dict[str, Any] | None:
        """The payload of a command that went through; None when it was refused, or nobody told what came of it."""
        document, variables = mutation(name), {"input": {**given, "idempotencyKey": key}}
        ends = monotonic() + PATIENCE
        while monotonic() < ends:
            try:
                data = await self._ask(document, variables)
            except Retryable:
                self.book.came_again += 1
                await asyncio.sleep(COME_AGAIN_AFTER)
                continue
            payload: dict[str, Any] | None = None if data is None else data[name]
            if payload is None or "cursor" not in payload:
                self.book.refused.append(f"{name} {key}: {payload}")
                return None
            return payload
        self.book.unknown.append(key)
        return None

    async def _step(self) -> None:
        match self.dice.choices(("register", "whistle", "talk"), (2, 4, 3))[0]:
            case "register":
                await self._register()
            case "whistle":
                await self._whistle()
            case _:
                await self._talk()

    async def _register(self) -> None:
        key = self._key()
        payload = await self._told_once("registerCase", key, {**CASE_INPUT, "title": key})
        self._remember(payload)

    async def _whistle(self) -> None:
        key = self._key()
        reason = f"{key} {UNANSWERED}" if self.dice.random() < 0.3 else key
        parties = [{"organizationCode": "CG", "role": "LEAD"}, {"organizationCode": "JJ", "role": "CO"}]
        given = {"newCase": {**CASE_INPUT, "title": key}, "reason": reason, "parties": parties}
        payload = await self._told_once("blowEmergencyWhistle", key, given)
        self._remember(payload)
        if payload is not None:
            answering = asyncio.create_task(self._answer(payload["case"]["id"]))
            self.answering.add(answering)
            answering.add_done_callback(self._answered)

    def _answered(self, answering: "asyncio.Task[None]") -> None:
        self.answering.discard(answering)
        if not answering.cancelled() and (error := answering.exception()) is not None:
            self.book.refused.append(f"answering died of {error!r}")

    async def _talk(self) -> None:
        if self.cases:
            key = self._key()
            given = {"caseId": self.dice.choice(self.cases), "kind": "CONTACT", "channel": "电话", "text": key}
            await self._told_once("recordCommunication", key, given)

    async def _answer(self, case: str) -> None:
        """Answer the question that the department will ask."""
        ends = monotonic() + QUESTION_COMES_WITHIN
        while monotonic() < ends:
            await asyncio.sleep(0.3)
            try:
                data = await self._ask(ASSIGNMENTS, {"id": case})
            except Retryable:
                continue
            for assignment in [] if data is None else data["node"]["assignments"]:
                if any(question["answeredAt"] is None for question in assignment["questions"]):
                    key = self._key()
                    await self._told_once("answerQuestion", key, {"assignmentId": assignment["id"], "text": key})
                    return

    async def _told_once(self, name: str, key: str, given: Mapping[str, Any]) -> dict[str, Any] | None:
        """Have a command done and note what was told; one in ten is sent once more, and must give the same outcome."""
        payload = await self.command(name, key, given)
        if payload is None:
            return None
        self.book.told.append(Told(name, key, payload))
        if self.dice.random() < 0.1:
            again = await self.command(name, key, given)
            if again is not None and lasting(again) != lasting(payload):
                self.book.differing.append(f"{name} {key}: {lasting(payload)}, then {lasting(again)}")
        return payload

    async def _ask(self, document: str, variables: Mapping[str, Any]) -> dict[str, Any] | None:
        """The data of one answer; None for one with errors that no retry mends, which is noted. Raises Retryable."""
        try:
            answer = await self.http.post(
                f"{self.dice.choice(self.urls)}/graphql",
                json={"query": document, "variables": variables},
                headers={"Authorization": f"Bearer {self.dispatcher}", "Accept": "application/graphql-response+json"},
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

    def _remember(self, payload: dict[str, Any] | None) -> None:
        if payload is not None and len(self.cases) < ENOUGH_CASES:
            self.cases.append(payload["case"]["id"])

    def _key(self) -> str:
        """A key that stands in the text of what it does, too, so that the effect can be found by it."""
        return f"{self.run}-{self.keys():06}"


def lasting(payload: Mapping[str, Any]) -> dict[str, Any]:
    """What a payload tells however late it comes: the outcome, its place in the feed, and what was made; not how that stands now."""
    made = {name: payload[name]["id"] for name in ("case", "whistle") if payload.get(name)}
    return {name: payload[name] for name in ("outcome", "cursor", "calls", "emergencyLine") if name in payload} | made
