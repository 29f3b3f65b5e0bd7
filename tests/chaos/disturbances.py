"""What is done to the fleet, by dice: processes are killed and frozen, PostgreSQL is crashed; how soon all are back is measured."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from random import Random
from time import monotonic
from typing import assert_never

from shaodao.postgres.embedded import Cluster
from tests.chaos.comebacks import Comebacks, Outage, watched_of
from tests.chaos.database import kill_postmaster, stop_at_once
from tests.chaos.fleet import Fleet, freeze, thaw


class Kind(StrEnum):
    """What may happen."""

    KILL_WORKER = "worker killed"
    KILL_DEPARTMENT = "department's process killed"
    KILL_SERVER = "server killed"
    FREEZE_WORKER = "worker frozen"
    FREEZE_DEPARTMENT = "department's process frozen"
    FREEZE_SERVER = "server frozen"
    CRASH_DATABASE = "PostgreSQL killed"
    STOP_DATABASE = "PostgreSQL stopped at once"


WEIGHTS = {
    Kind.KILL_WORKER: 3, Kind.KILL_DEPARTMENT: 3, Kind.KILL_SERVER: 3, Kind.FREEZE_WORKER: 3, Kind.FREEZE_DEPARTMENT: 3,
    Kind.FREEZE_SERVER: 2, Kind.CRASH_DATABASE: 3, Kind.STOP_DATABASE: 1,
}  # fmt: skip


@dataclass
class Disturber:
    """Disturbs one thing at a time."""

    fleet: Fleet
    cluster: Cluster
    comebacks: Comebacks
    dice: Random
    say: Callable[[str], None]
    weights: Mapping[Kind, int] = field(default_factory=lambda: WEIGHTS)
    counts: dict[Kind, int] = field(default_factory=dict)

    async def disturb(self, seconds: float, pause: float) -> None:
        """Disturb for a time, every ``pause`` seconds on average. What was begun is brought to its end."""
        ends = monotonic() + seconds
        while (left := ends - monotonic()) > 0:
            await asyncio.sleep(min(left, self.dice.uniform(0.5, 1.5) * pause))
            if monotonic() < ends:
                await self._once(self.dice.choices(list(self.weights), list(self.weights.values()))[0])

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
                await self._freeze(self.dice.choice(self.fleet.workers).tree())
            case Kind.FREEZE_DEPARTMENT:
                await self._freeze(self._one_department())
            case Kind.FREEZE_SERVER:
                await self._freeze(self.dice.choice(self.fleet.servers).tree())
            case Kind.CRASH_DATABASE:
                await self._take_down(kill_postmaster)
            case Kind.STOP_DATABASE:
                await self._take_down(stop_at_once)
            case _:
                assert_never(kind)

    def _one_department(self) -> Sequence[int]:
        children = self.dice.choice(self.fleet.workers).children()
        return [self.dice.choice(children)] if children else []

    async def _freeze(self, processes: Sequence[int]) -> None:
        """Longer than a lease, or shorter: who was overtaken wakes with a token that is good no more."""
        freeze(processes)
        try:
            await asyncio.sleep(self.dice.uniform(1, 6))
        finally:
            thaw(processes)

    async def _take_down(self, crash: Callable[[Cluster], None]) -> None:
        """Crash PostgreSQL, start it again after a while, and see who comes back when."""
        watched, gone = watched_of(self.fleet), monotonic()
        crash(self.cluster)
        await asyncio.sleep(self.dice.uniform(0, 3))
        await asyncio.to_thread(self.cluster.start)
        await self.comebacks.await_all(watched, Outage(gone, monotonic()))
