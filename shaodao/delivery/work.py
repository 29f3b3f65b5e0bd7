"""The workers: courier, clock and messenger as tasks of a process."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

import asyncpg
import structlog

from shaodao.commands.transaction import Connection
from shaodao.delivery.announcer import Bell
from shaodao.delivery.archivist import Archivist
from shaodao.delivery.clock import Clock
from shaodao.delivery.courier import Courier, CourierRules
from shaodao.delivery.housekeeping import Housekeeper
from shaodao.delivery.lanes import LaneRules
from shaodao.delivery.linking import Linker
from shaodao.delivery.messenger import LoggingPort, MessagePort, Messenger
from shaodao.delivery.noting import Noter
from shaodao.delivery.pace import LEAST_PAUSE, Now, Pulse, Worker, cancelled, keep_going
from shaodao.delivery.scheduler import Scheduler
from shaodao.delivery.sweeping import Sweeper
from shaodao.department_limits import DepartmentLimits
from shaodao.host import Platform, Post
from shaodao.plugin import Department

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
_ALL_ALIVE = "SELECT name FROM schedule WHERE name = ANY($1::text[]) AND next_at > $2"
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

    def with_those_of(self, others: "Workers") -> "Workers":
        """Both together."""
        return Workers(self.tasks + others.tasks, self.pulses + others.pulses)


class Heart:
    """Shows the other processes that this one does the fleet's chores, or serves a department: a row of ``schedule``."""

    name = "heart"

    def __init__(self, pool: "asyncpg.Pool[asyncpg.Record]", now: Now, rows: Sequence[str] = (HEARTBEAT,)) -> None:
        self._pool = pool
        self._now = now
        self._rows = rows

    async def one_pass(self) -> float:
        """Beat; answers the seconds until the next time."""
        for row in self._rows:
            await self._pool.execute(_BEAT, row, COUNTS_AS_ALIVE, self._now() + COUNTS_AS_ALIVE)
        return BEAT_EVERY


def heartbeat_of(department: str) -> str:
    """Row of ``schedule`` that the processes which serve a department keep ahead of the time."""
    return f"department:{department}"


async def workers_alive(pool: "asyncpg.Pool[asyncpg.Record] | Connection", now: datetime) -> bool:
    """Whether any process ran clock and messenger just now: what /readyz asks where SHAODAO_WORKERS is false."""
    return bool(await pool.fetchval(_ALIVE, HEARTBEAT, now))


async def served_by_nobody(
    pool: "asyncpg.Pool[asyncpg.Record] | Connection", departments: Iterable[str], now: datetime
) -> tuple[str, ...]:
    """Names of the departments whose hooks no process calls just now."""
    rows = {heartbeat_of(name): name for name in departments}
    alive = {row["name"] for row in await pool.fetch(_ALL_ALIVE, list(rows), now)}
    return tuple(name for row, name in rows.items() if row not in alive)


@asynccontextmanager
async def start_workers(
    platform: Platform, port: MessagePort | None = None, rules: CourierRules | None = None
) -> AsyncIterator[Workers]:
    """Courier, clock and messenger as tasks of this process; hooks that are at work when it ends get time to end.

    For tests and the demonstration, whose time can be moved: elsewhere departments have processes of their own
    (``shaodao.delivery.supervisor``). ``port`` sends the messages; without one they are logged. ``rules`` replaces what
    follows from the settings.
    """
    rules = rules or courier_rules(platform.settings.of_departments)
    async with start_courier(platform, rules) as (courier, _), start_chores(platform, port) as chores:
        yield courier.with_those_of(chores)


@asynccontextmanager
async def start_courier(
    platform: Post, rules: CourierRules, holder: str | None = None
) -> AsyncIterator[tuple[Workers, Courier]]:
    """A courier for the departments that run here; its hooks get time to end."""
    own = platform.departments.running
    await _start_departments(platform, own, rules.hook_timeout)
    with platform.announcer.listen() as bell:
        courier = Courier(
            platform.pool, platform.departments, platform.desks, platform.now, bell, rules, holder
        )  # fmt: skip
        heart = Heart(platform.pool, platform.now, [heartbeat_of(each.name) for each in own])
        async with _at_work((courier, bell, LEAST_PAUSE), (heart, Bell(), LEAST_PAUSE)) as workers:
            leases = asyncio.create_task(courier.keep_leases(), name="leases")
            try:
                yield Workers((*workers.tasks, leases), workers.pulses), courier
            finally:
                await cancelled(*workers.tasks)
                await courier.finish()
                await cancelled(leases)


@asynccontextmanager
async def start_chores(platform: Platform, port: MessagePort | None = None) -> AsyncIterator[Workers]:
    """What is no department's: clock, messenger, linker, noter, housekeeper, archivist, and the heartbeat that tells of them."""
    with ExitStack() as bells:
        async with _at_work(
            (_clock(platform), bells.enter_context(platform.announcer.listen()), CALM_PAUSE),
            (_messenger(platform, port), bells.enter_context(platform.announcer.listen()), CALM_PAUSE),
            (Heart(platform.pool, platform.now), Bell(), LEAST_PAUSE),
            (Linker(platform.pool, platform.runner, platform.system, platform.now), Bell(), LEAST_PAUSE),
            (Noter(platform.pool, platform.runner, platform.now), Bell(), LEAST_PAUSE),
            (Housekeeper(platform.pool, platform.ground(), platform.now), Bell(), LEAST_PAUSE),
            (Sweeper(platform.pool, platform.files, platform.now), Bell(), LEAST_PAUSE),
            (_archivist(platform), Bell(), LEAST_PAUSE),
            (Scheduler(platform.pool, platform.ground, platform.now), Bell(), LEAST_PAUSE),
        ) as workers:
            yield workers


def courier_rules(limits: DepartmentLimits) -> CourierRules:
    """The courier's rules by the limits of its department."""
    return CourierRules(
        lanes=LaneRules(
            in_flight_limit=limits.in_flight,
            attempt_limit=limits.attempt_limit,
            breaker_failures=limits.breaker_failures,
            breaker_pause=timedelta(seconds=limits.breaker_pause),
        ),
        hook_timeout=limits.hook_timeout,
        first_backoff=timedelta(seconds=limits.first_backoff),
        longest_backoff=timedelta(seconds=limits.longest_backoff),
    )


@asynccontextmanager
async def _at_work(*passes: tuple[Worker, Bell, float]) -> AsyncIterator[Workers]:
    pulses = tuple(Pulse() for _ in passes)
    tasks = tuple(
        asyncio.create_task(keep_going(worker, rung, pulse, pause), name=worker.name)
        for (worker, rung, pause), pulse in zip(passes, pulses, strict=True)
    )
    try:
        yield Workers(tasks, pulses)
    finally:
        await cancelled(*tasks)


def _clock(platform: Platform) -> Clock:
    return Clock(platform.pool, platform.runner, platform.system, platform.now)


def _archivist(platform: Platform) -> Archivist:
    return Archivist(platform.pool, platform.runner, platform.ground, platform.system, platform.now)


def _messenger(platform: Platform, port: MessagePort | None) -> Messenger:
    return Messenger(platform.pool, platform.cipher, port or LoggingPort(), platform.now)


async def _start_departments(platform: Post, departments: Sequence[Department], seconds: float) -> None:
    """Tell each department that this process runs it; one that fails there must not keep the others from working."""
    for department in departments:
        try:
            async with asyncio.timeout(seconds):
                await platform.departments.start(department, platform.desks.host_of(department))
        except Exception as error:
            _log.exception("department_start_failed", department=department.name, error=str(error))
