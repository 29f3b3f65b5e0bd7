"""The load: clients that register, whistle and talk; what the street then does about a whistle is its course."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.chaos.caller import Caller
from tests.chaos.courses import Course, Staff, drawn

STREET = "990101001000"
ENOUGH_CASES = 200
"""So many cases are remembered to be talked about."""

CASE_INPUT = {
    "kind": "EVENT", "channel": "GRID_PATROL", "description": "路面塌陷，有人员受困", "divisionCode": STREET,
}  # fmt: skip


@dataclass(frozen=True)
class Clients:
    """Everything that a client needs: how to ask, the tokens of those who act, and what is under way."""

    caller: Caller
    staff: Staff
    cases: list[str] = field(default_factory=list)
    following: set["asyncio.Task[None]"] = field(default_factory=set)

    async def work(self, ending: asyncio.Event, pause: float) -> None:
        """Take one step after another until the run ends; a command that was begun is followed to its end."""
        while not ending.is_set():
            await self._step()
            await asyncio.sleep(self.caller.dice.uniform(0, 2 * pause))

    async def finish(self) -> None:
        """Wait for the courses that are still followed."""
        while self.following:
            await asyncio.wait(self.following)

    async def _step(self) -> None:
        match self.caller.dice.choices(("register", "whistle", "talk"), (2, 4, 3))[0]:
            case "register":
                await self._register()
            case "whistle":
                await self._whistle()
            case _:
                await self._talk()

    async def _register(self) -> None:
        key = self.caller.key()
        payload = await self._told_once("registerCase", key, {**CASE_INPUT, "title": key})
        self._remember(payload)

    async def _whistle(self) -> None:
        key, plan = self.caller.key(), drawn(self.caller.dice)
        parties = [{"organizationCode": "CG", "role": "LEAD"}, {"organizationCode": "JJ", "role": "CO"}]
        given = {"newCase": {**CASE_INPUT, "title": key}, "reason": plan.reason(key), "parties": parties}
        payload = await self._told_once("blowEmergencyWhistle", key, given)
        self._remember(payload)
        if payload is not None:
            course = Course(self.caller, self.staff, plan, payload["case"]["id"], payload["whistle"]["id"])
            following = asyncio.create_task(course.follow())
            self.following.add(following)
            following.add_done_callback(self._followed)

    def _followed(self, following: "asyncio.Task[None]") -> None:
        self.following.discard(following)
        if not following.cancelled() and (error := following.exception()) is not None:
            self.caller.book.refused.append(f"following a whistle died of {error!r}")

    async def _talk(self) -> None:
        if self.cases:
            key = self.caller.key()
            given = {"caseId": self.caller.dice.choice(self.cases), "kind": "CONTACT", "channel": "电话", "text": key}
            await self._told_once("recordCommunication", key, given)

    async def _told_once(self, name: str, key: str, given: Mapping[str, Any]) -> dict[str, Any] | None:
        return await self.caller.told_once(self.staff.dispatcher, name, key, given)

    def _remember(self, payload: dict[str, Any] | None) -> None:
        if payload is not None and len(self.cases) < ENOUGH_CASES:
            self.cases.append(payload["case"]["id"])
