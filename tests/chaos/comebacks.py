"""How soon after PostgreSQL every process is back: a server reads and writes, a department's process calls a hook."""

import asyncio
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic
from typing import Any

import httpx
import orjson

from shaodao.play.documents import mutation
from tests.chaos.clients import CASE_INPUT
from tests.chaos.departments.recorder import written_by
from tests.chaos.fleet import Fleet, Refusal

BACK_WITHIN = 10.0
"""Seconds within which every process that had started answers or delivers again after PostgreSQL is back."""

GIVEN_UP_AFTER = 30.0
"""Seconds after which nobody waits any more for one that is late already."""

_LOOK_EVERY = 0.05


@dataclass(frozen=True)
class Outage:
    """PostgreSQL was gone from the one moment to the other, by the monotonic clock."""

    gone: float
    back: float


@dataclass(frozen=True)
class Watched:
    """A process that had started when PostgreSQL went: a server, or one of a department below the worker ``pid``."""

    name: str
    pid: int
    url: str | None = None
    department: str | None = None

    @property
    def kind(self) -> str:
        """What it is counted as."""
        return "server" if self.url else "department"


@dataclass
class Comebacks:
    """Outages and what came after them. ``seconds`` holds, by process kind, those from PostgreSQL's return to its own."""

    heard: Path
    token: str
    http: httpx.AsyncClient
    outages: list[Outage] = field(default_factory=list)
    seconds: dict[str, list[float]] = field(default_factory=lambda: {"server": [], "department": []})
    late: list[str] = field(default_factory=list)

    def needless(self, refusals: Sequence[Refusal]) -> list[Refusal]:
        """The starts that were refused though PostgreSQL was there."""
        return [
            each for each in refusals
            if not any(outage.gone < each.ended and each.began < outage.back for outage in self.outages)
        ]  # fmt: skip

    async def await_all(self, watched: Sequence[Watched], outage: Outage) -> None:
        """See when each is back after the outage that has just ended."""
        self.outages.append(outage)
        heard = self.heard.stat().st_size
        await asyncio.gather(*(self._await_one(each, outage.back, heard) for each in watched))

    async def _await_one(self, watched: Watched, returned: float, heard: int) -> None:
        """Judged by the moment of the answer, not by that of the question."""
        while monotonic() - returned < GIVEN_UP_AFTER:
            is_back = await self._answers(watched) if watched.url else self._delivers(watched, heard)
            if is_back:
                self._note(watched, monotonic() - returned)
                return
            await asyncio.sleep(_LOOK_EVERY)
        self._note(watched, math.inf)

    def _note(self, watched: Watched, seconds: float) -> None:
        self.seconds[watched.kind].append(seconds)
        if seconds > BACK_WITHIN:
            self.late.append(f"{watched.name} after {seconds:.2f} s")

    async def _answers(self, watched: Watched) -> bool:
        """Whether the server reads and writes: a query, and a command with a key of its own for each outage."""
        if await self._data(watched, "{ feedCursor }", {}) is None:
            return False
        key = f"back-{watched.name}-{len(self.outages)}"
        given = {**CASE_INPUT, "title": key, "idempotencyKey": key}
        written = await self._data(watched, mutation("registerCase"), {"input": given})
        return written is not None and "cursor" in written["registerCase"]

    async def _data(self, watched: Watched, document: str, variables: Mapping[str, object]) -> dict[str, Any] | None:
        """What the server answers; None: nothing, or errors."""
        try:
            answer = await self.http.post(
                f"{watched.url}/graphql", json={"query": document, "variables": variables},
                headers={"Authorization": f"Bearer {self.token}"}, timeout=2,
            )  # fmt: skip
        except httpx.TransportError:
            return None
        body: dict[str, Any] = orjson.loads(answer.content)
        return None if "errors" in body else body["data"]

    def _delivers(self, watched: Watched, heard: int) -> bool:
        """Whether a hook was begun by the process since."""
        with self.heard.open("rb") as lines:
            lines.seek(heard)
            return written_by(watched.department, watched.pid) in lines.read()


def watched_of(fleet: Fleet) -> list[Watched]:
    """The servers and the departments' processes that have started. Any other waits for whoever starts it."""
    watched = []
    for unit in fleet.units:
        pid = unit.pid
        if pid is None or not unit.established:
            continue
        if unit.url:
            watched.append(Watched(unit.name, pid, url=unit.url))
        watched += [Watched(f"{name} of {unit.name}", pid, department=name) for name in unit.departments_at_work]
    return watched
