"""What is done to the fleet, by dice: processes are killed and frozen, PostgreSQL is crashed; how soon all are back is measured."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from random import Random
from time import monotonic
from typing import assert_never

import httpx
import orjson

from shaodao.postgres.embedded import Cluster
from tests.chaos.database import kill_postmaster, stop_at_once
from tests.chaos.fleet import Fleet, Unit

BACK_WITHIN = 10.0
"""Seconds within which every process answers or delivers again after PostgreSQL is back."""

ESTABLISHED_AFTER = 3.0
"""Seconds after which a process has started; one that has not yet waits for its service manager, not for PostgreSQL."""

_LOOK_EVERY = 0.05


class Kind(StrEnum):
    """What may happen."""

    KILL_WORKER = "worker killed"
    KILL_DEPARTMENT = "department's process killed"
    KILL_SERVER = "server killed"
    FREEZE_WORKER = "worker frozen"
    FREEZE_SERVER = "server frozen"
    CRASH_DATABASE = "PostgreSQL killed"
    STOP_DATABASE = "PostgreSQL stopped at once"


WEIGHTS = {
    Kind.KILL_WORKER: 3, Kind.KILL_DEPARTMENT: 3, Kind.KILL_SERVER: 3, Kind.FREEZE_WORKER: 3, Kind.FREEZE_SERVER: 2, Kind.CRASH_DATABASE: 3,
    Kind.STOP_DATABASE: 1,
}  # fmt: skip


@dataclass
class Disturber:
    """Disturbs one thing at a time. ``back`` holds, by process kind, the seconds from PostgreSQL's return to its own."""

    fleet: Fleet
    cluster: Cluster
    heard: Path
    token: str
    http: httpx.AsyncClient
    dice: Random
    say: Callable[[str], None]
    counts: dict[Kind, int] = field(default_factory=dict)
    back: dict[str, list[float]] = field(default_factory=lambda: {"server": [], "worker": []})
    late: list[str] = field(default_factory=list)

    async def disturb(self, seconds: float, pause: float) -> None:
        """Disturb for a time, every ``pause`` seconds on average. What was begun is brought to its end."""
        ends = monotonic() + seconds
        while (left := ends - monotonic()) > 0:
            await asyncio.sleep(min(left, self.dice.uniform(0.5, 1.5) * pause))
            if monotonic() < ends:
                await self._once(self.dice.choices(list(WEIGHTS), list(WEIGHTS.values()))[0])

    async def _once(self, kind: Kind) -> None:
        self.counts[kind] = self.counts.get(kind, 0) + 1
        self.say(str(kind))
        match kind:
            case Kind.KILL_WORKER:
                self.dice.choice(self.fleet.workers).kill()
            case Kind.KILL_DEPARTMENT:
                self.dice.choice(self.fleet.workers).kill_child(self.dice)
            case Kind.KILL_SERVER:
                self.dice.choice(self.fleet.servers).kill()
            case Kind.FREEZE_WORKER:
                await self._freeze(self.dice.choice(self.fleet.workers))
            case Kind.FREEZE_SERVER:
                await self._freeze(self.dice.choice(self.fleet.servers))
            case Kind.CRASH_DATABASE:
                kill_postmaster(self.cluster)
                await self._restart()
            case Kind.STOP_DATABASE:
                stop_at_once(self.cluster)
                await self._restart()
            case _:
                assert_never(kind)

    async def _freeze(self, unit: Unit) -> None:
        """Longer than a lease, or shorter."""
        unit.freeze()
        await asyncio.sleep(self.dice.uniform(1, 6))
        unit.thaw()

    async def _restart(self) -> None:
        """Start PostgreSQL again after a while, and see who comes back when."""
        watched = [
            unit for unit in self.fleet.units if unit.pid and monotonic() - unit.running_since > ESTABLISHED_AFTER
        ]
        await asyncio.sleep(self.dice.uniform(0, 3))
        await asyncio.to_thread(self.cluster.start)
        returned, heard = monotonic(), self.heard.stat().st_size if self.heard.exists() else 0
        await asyncio.gather(*(self._await_back(unit, returned, heard) for unit in watched))

    async def _await_back(self, unit: Unit, returned: float, heard: int) -> None:
        kind = "server" if unit.url else "worker"
        while monotonic() - returned < BACK_WITHIN:
            is_back = await self._answers(unit.url) if unit.url else self._delivers(unit.pid, heard)
            if is_back:
                self.back[kind].append(monotonic() - returned)
                return
            await asyncio.sleep(_LOOK_EVERY)
        self.late.append(f"{unit.name} was not back {BACK_WITHIN:g} s after PostgreSQL")

    async def _answers(self, url: str) -> bool:
        headers = {"Authorization": f"Bearer {self.token}"}
        try:
            answer = await self.http.post(
                f"{url}/graphql", json={"query": "{ feedCursor }"}, headers=headers, timeout=2
            )
        except httpx.TransportError:
            return False
        return "errors" not in orjson.loads(answer.content)

    def _delivers(self, pid: int | None, heard: int) -> bool:
        """Whether a hook was begun by the process since."""
        with self.heard.open("rb") as lines:
            lines.seek(heard)
            return f'"worker":{pid}}}'.encode() in lines.read()
