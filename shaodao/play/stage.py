"""The stage that a story plays on: the people with their tokens, the steps they take, and the timeline of the case."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
from rich.console import Console

from shaodao import tokens
from shaodao.demo.source import Street, load_street
from shaodao.demo.tokens import LIFETIME, handler_viewer, resident_viewer, staff_viewer
from shaodao.domain.permissions import Viewer
from shaodao.host import utc_now
from shaodao.play.client import Api
from shaodao.play.documents import ASSIGNMENTS, mutation
from shaodao.play.timeline import FOLLOW, Timeline, differences, in_order
from shaodao.settings import Settings

PATIENCE = 60.0
"""Seconds that a story waits for a department's crew."""


@dataclass(frozen=True)
class Expected:
    """The states that a story must pass, in order."""

    case: Sequence[str]
    whistle: Sequence[str] = ()


@dataclass
class Stage:
    """A running server, seen through its public API only."""

    settings: Settings
    url: str
    console: Console
    http: httpx.AsyncClient
    street: Street = field(default_factory=load_street)
    faults: list[str] = field(default_factory=list)
    verdict: str = "every state was reached, every event delivered once and in order"
    """What is said of a story that found no fault."""

    def staff(self, name: str) -> Api:
        """The API with the token of a member of staff."""
        return self._api(staff_viewer(self.street, name))

    def handler(self, organization: str) -> Api:
        """The API with the token of an organization's handler."""
        return self._api(handler_viewer(self.street, organization))

    def resident(self, reference: str) -> Api:
        """The API with the token of a resident."""
        return self._api(resident_viewer(self.street, reference), reference)

    def _api(self, viewer: Viewer, person: str | None = None) -> Api:
        token = tokens.issue(
            tokens.local_key(self.settings.data_dir), login=viewer.login, name=viewer.name, grants=viewer.grants,
            issuer=self.settings.issuer, audience=self.settings.audience, now=utc_now(), lifetime=LIFETIME,
            person=person,
        )  # fmt: skip
        return Api(self.url, token, self.http)

    async def do(self, api: Api, name: str, /, **given: Any) -> dict[str, Any]:
        """Take a step. Raises RefusedByApi when the API refuses it."""
        if name != "moveDemoClock":
            given["idempotencyKey"] = str(uuid4())
        return await api.mutate(mutation(name), given)

    async def now(self, api: Api) -> datetime:
        """The server's time."""
        return datetime.fromisoformat((await api.query("{ serverTime }"))["serverTime"])

    async def move_clock(self, api: Api, to: datetime) -> None:
        """Let the demonstration's clock go forward."""
        await self.do(api, "moveDemoClock", to=to.isoformat())

    async def pass_time(self, api: Api, time: timedelta) -> None:
        """Let some of the demonstration's time pass."""
        await self.move_clock(api, await self.now(api) + time)

    @asynccontextmanager
    async def watched(self, api: Api, name: str, expected: Expected, **given: Any) -> AsyncIterator["Scene"]:
        """Take the step that opens a case, follow the case while the story goes on, and check the whole at the end.

        Every event must have been delivered once and in order, and every expected state passed.
        """
        cursor = (await api.query("{ feedCursor }"))["feedCursor"]
        opened = await self.do(api, name, **given)
        case_id = opened["case"]["id"]
        timeline = Timeline(self.console)
        async with AsyncExitStack() as stack:
            changes = await stack.enter_async_context(api.subscribe(FOLLOW, id=case_id, after=cursor))
            following = asyncio.create_task(timeline.follow(changes))
            stack.callback(following.cancel)
            self.console.rule(f"[bold]{opened['case']['number']}")
            scene = Scene(self, api, case_id, timeline, opened)
            scene.saw(opened)
            yield scene
            await scene.settle()
        self._judge(timeline, expected, await differences(api, case_id, timeline))

    def _judge(self, timeline: Timeline, expected: Expected, different: Sequence[str]) -> None:
        self.faults += different
        for what, wanted, seen in (
            ("case", expected.case, timeline.case_states),
            ("whistle", expected.whistle, timeline.whistle_states),
        ):
            if not in_order(wanted, seen):
                self.faults.append(f"the {what} should pass {' → '.join(wanted)}, it passed {' → '.join(seen)}")


@dataclass
class Scene:
    """A story's case: who watches it, and what was delivered of it."""

    stage: Stage
    watcher: Api
    case_id: str
    timeline: Timeline
    opened: dict[str, Any]

    async def do(self, api: Api, name: str, /, **given: Any) -> dict[str, Any]:
        """Take a step in this case; the state that it leads to counts as passed."""
        payload = await self.stage.do(api, name, **given)
        self.saw(payload)
        return payload

    def saw(self, payload: dict[str, Any]) -> None:
        """Note the case's state that a step's outcome tells."""
        self.timeline.saw_case(payload["outcome"]["caseState"])

    async def assignments(self) -> dict[str, dict[str, Any]]:
        """The assignments by organization code."""
        node = (await self.watcher.query(ASSIGNMENTS, id=self.case_id))["node"]
        return {one["organization"]["code"]: one for one in node["assignments"]}

    async def until(self, kind: str, organization: str | None = None, times: int = 1) -> None:
        """Wait until so many events of the type have been delivered."""
        what = f"{times} × {kind} of {organization or 'anyone'}"
        await self.timeline.until(what, lambda: self.timeline.count(kind, organization) >= times, PATIENCE)

    async def settle(self) -> None:
        """Wait until what was written last has been delivered."""
        for _ in range(100):
            if not await differences(self.watcher, self.case_id, self.timeline):
                return
            await asyncio.sleep(0.1)
