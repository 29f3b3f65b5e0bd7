"""The workers: courier, clock and messenger, inside the server or alone (``shaodao work``)."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

import asyncpg
import structlog

from shaodao.delivery.announcer import Bell
from shaodao.delivery.archivist import Archivist
from shaodao.delivery.clock import Clock
from shaodao.delivery.courier import Courier, CourierRules
from shaodao.delivery.housekeeping import Housekeeper
from shaodao.delivery.lanes import LaneRules
from shaodao.delivery.linking import Linker
from shaodao.delivery.messenger import LoggingPort, MessagePort, Messenger
from shaodao.delivery.pace import LEAST_PAUSE, Now, Pulse, Worker, cancelled, keep_going
from shaodao.delivery.scheduler import Scheduler
from shaodao.delivery.sweeping import Sweeper
from shaodao.host import Platform, open_platform
from shaodao.settings import Settings

HEARTBEAT = "workers"
"""Row of ``schedule`` that the workers of the fleet keep ahead of the time."""

BEAT_EVERY = 5.0
COUNTS_AS_ALIVE = timedelta(seconds=20)
CALM_PAUSE = 0.2
"""Seconds between two looks of what need not be quick to the millisecond: clock and messenger."""

_BEAT = """
INSERT INTO schedule (name, every, next_at) VALUES ($1, $2, $3)
ON CONFLICT (name) DO UPDATE SET next_at = excluded.next_at
"""
_ALIVE = "SELECT EXISTS (SELECT FROM schedule WHERE name = $1 AND next_at > $2)"

_log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Workers:
    """The workers of this process."""

    tasks: tuple["asyncio.Task[None]", ...]
    pulses: tuple[Pulse, ...]

    def alive(self) -> bool:
        """Whether each of them gets through its passes."""
        return not any(task.done() for task in self.tasks) and all(pulse.alive for pulse in self.pulses)


class Heart:
    """Shows the processes that run no workers that some process does."""

    name = "heart"

    def __init__(self, pool: "asyncpg.Pool[asyncpg.Record]", now: Now) -> None:
        self._pool = pool
        self._now = now

    async def one_pass(self) -> float:
        """Beat; answers the seconds until the next time."""
        await self._pool.execute(_BEAT, HEARTBEAT, COUNTS_AS_ALIVE, self._now() + COUNTS_AS_ALIVE)
        return BEAT_EVERY


async def workers_alive(pool: "asyncpg.Pool[asyncpg.Record]", now: datetime) -> bool:
    """Whether any process ran workers just now: what /readyz asks where SHAODAO_WORKERS is false."""
    return bool(await pool.fetchval(_ALIVE, HEARTBEAT, now))


async def run(settings: Settings, dsn: str) -> None:
    """Run the workers alone until cancelled, as ``shaodao work`` does."""
    async with open_platform(settings, dsn, application_name="shaodao worker") as platform, start_workers(platform):
        _log.info("workers_started", departments=[each.name for each in platform.departments.declarations])
        await asyncio.Event().wait()


@asynccontextmanager
async def start_workers(
    platform: Platform, port: MessagePort | None = None, rules: CourierRules | None = None
) -> AsyncIterator[Workers]:
    """Courier, clock and messenger as tasks of this process; hooks that are at work when it ends get time to end.

    ``port`` sends the messages; without one they are logged. ``rules`` replaces what follows from the settings.
    """
    await _start_departments(platform)
    with ExitStack() as bells:
        bell = bells.enter_context(platform.announcer.listen())
        courier = Courier(
            platform.pool, platform.departments, platform.desks, platform.now, bell,
            rules or courier_rules(platform.settings),
        )  # fmt: skip
        passes: list[tuple[Worker, Bell, float]] = [
            (courier, bell, LEAST_PAUSE),
            (_clock(platform), bells.enter_context(platform.announcer.listen()), CALM_PAUSE),
            (_messenger(platform, port), bells.enter_context(platform.announcer.listen()), CALM_PAUSE),
            (Heart(platform.pool, platform.now), Bell(), LEAST_PAUSE),
            (Linker(platform.pool, platform.runner, platform.system, platform.now), Bell(), LEAST_PAUSE),
            (Housekeeper(platform.pool, platform.ground(), platform.now), Bell(), LEAST_PAUSE),
            (Sweeper(platform.pool, platform.files, platform.now), Bell(), LEAST_PAUSE),
            (_archivist(platform), Bell(), LEAST_PAUSE),
            (Scheduler(platform.pool, platform.ground, platform.now), Bell(), LEAST_PAUSE),
        ]
        pulses = tuple(Pulse() for _ in passes)
        tasks = [
            asyncio.create_task(keep_going(worker, rung, pulse, pause), name=worker.name)
            for (worker, rung, pause), pulse in zip(passes, pulses, strict=True)
        ]
        leases = asyncio.create_task(courier.keep_leases(), name="leases")
        try:
            yield Workers((*tasks, leases), pulses)
        finally:
            await cancelled(*tasks)
            await courier.finish()
            await cancelled(leases)


def courier_rules(settings: Settings) -> CourierRules:
    """The courier's rules by the settings."""
    return CourierRules(lanes=LaneRules(attempt_limit=settings.attempt_limit), hook_timeout=settings.hook_timeout)


def _clock(platform: Platform) -> Clock:
    return Clock(platform.pool, platform.runner, platform.system, platform.now)


def _archivist(platform: Platform) -> Archivist:
    return Archivist(platform.pool, platform.runner, platform.ground, platform.system, platform.now)


def _messenger(platform: Platform, port: MessagePort | None) -> Messenger:
    return Messenger(platform.pool, platform.cipher, port or LoggingPort(), platform.now)


async def _start_departments(platform: Platform) -> None:
    """Tell each department that this process runs it; one that fails there must not keep the others from working."""
    for department in platform.departments.declarations:
        try:
            await platform.departments.start(department, platform.desks.host_of(department))
        except Exception as error:
            _log.exception("department_start_failed", department=department.name, error=str(error))
