"""The courier: takes from the outbox what departments are owed, calls their hooks, and settles each delivery."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from time import monotonic
from typing import Protocol, assert_never
from uuid import uuid4

import asyncpg
import structlog

from shaodao.commands.running import connection_of
from shaodao.commands.transaction import Connection
from shaodao.delivery import lanes
from shaodao.delivery.announcer import Bell
from shaodao.delivery.lanes import Delivery, LaneKey, LaneRules, Lease, Work
from shaodao.delivery.pace import Now, cancelled
from shaodao.departments import Departments
from shaodao.domain.errors import StateConflict
from shaodao.hook_outcomes import Crashed, Declined, Handled, Outcome, Postponed, TimedOut
from shaodao.plugin import Desk, Event
from shaodao.postgres.errors import connection_lost
from shaodao.postgres.pool import UNREACHABLE

_log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class CourierRules:
    """How the courier works. Machines must agree on the time within a part of the lease.

    ``lease``: after so long without a sign of life another worker takes a delivery over. ``stopping``: seconds that hooks
    get to end when the worker is told to stop.
    """

    lanes: LaneRules = field(default_factory=LaneRules)
    at_once: int = 32
    hook_timeout: float = 20.0
    lease: timedelta = timedelta(seconds=3.5)
    poll: float = 2.0
    crowded: float = 0.25
    sweep_every: float = 30.0
    first_backoff: timedelta = timedelta(seconds=1)
    longest_backoff: timedelta = timedelta(minutes=10)
    stopping: float = 4.0


class Desks(Protocol):
    """What opens the desk for a delivery, and puts a department's refusal on record."""

    async def of_delivery(self, delivery: Delivery) -> tuple[Event, Desk]:
        """The event that the hook gets, and the desk bound to its assignment."""
        ...

    async def decline(self, delivery: Delivery, reason: str) -> None:
        """Record on the case that the department declined the event; once, however often the delivery comes.

        Raises StateConflict when another worker has the delivery by now.
        """
        ...


class Courier:
    """One worker's courier. Its id, ``holder``, is its own for the life of the process, so that it knows its own leases."""

    name = "courier"

    def __init__(
        self, pool: "asyncpg.Pool[asyncpg.Record]", departments: Departments, desks: Desks, now: Now, bell: Bell,
        rules: CourierRules, holder: str | None = None,
    ) -> None:  # fmt: skip
        self._pool = pool
        self._departments = departments
        self._by_name = {department.name: department for department in departments.running}
        self._desks = desks
        self._now = now
        self._bell = bell
        self._rules = rules
        self._worker = holder or uuid4().hex
        self._in_flight: dict[LaneKey, tuple[Delivery, asyncio.Task[None]]] = {}
        self._suspect_runs = False
        self._swept = -rules.sweep_every

    async def one_pass(self) -> float:
        """Claim what is due, county by county, and start its hooks; answers the seconds until something is due."""
        await self._sweep()
        async with self._connection() as connection:
            waiting = await lanes.waiting_work(connection, list(self._by_name))
        now = self._now()
        due = [work for work in waiting if work.due_at <= now]
        if await self._take_due(due, now):
            return 0
        if due:
            return self._rules.crowded
        return min([self._rules.poll, *((work.due_at - now).total_seconds() for work in waiting)])

    @property
    def in_flight(self) -> int:
        """How many hooks are at work."""
        return len(self._in_flight)

    async def keep_leases(self) -> None:
        """Renew the leases of what is in flight, until cancelled."""
        while True:
            await asyncio.sleep(self._rules.lease.total_seconds() / 4)
            try:
                await self._renew()
            except UNREACHABLE as error:
                _log.warning("lease_not_renewed", error=str(error))

    async def settled(self) -> None:
        """Wait until nothing is in flight."""
        while self._in_flight:
            await asyncio.wait([task for _, task in self._in_flight.values()])

    async def finish(self) -> None:
        """Let hooks end for a while, then give what is left back to the lanes."""
        tasks = [task for _, task in self._in_flight.values()]
        if not tasks:
            return
        _, late = await asyncio.wait(tasks, timeout=self._rules.stopping)
        await cancelled(*late)

    async def _take_due(self, due: list[Work], now: datetime) -> int:
        """Take what is due. What may have killed a worker runs alone, so that it takes no other delivery along."""
        suspects = [work for work in due if work.suspect]
        if self._suspect_runs or (suspects and self._in_flight):
            return 0
        for work in suspects:
            if await self._take(work, now, 1):
                self._suspect_runs = True
                return 1
        room = self._rules.at_once
        return sum([await self._take(work, now, room - len(self._in_flight)) for work in due if not work.suspect])

    async def _take(self, work: Work, now: datetime, room: int) -> int:
        lease = Lease(self._worker, now, now + self._rules.lease, list(self._in_flight))
        async with self._transaction() as connection:
            claimed = await lanes.claim(connection, work, lease, room, self._rules.lanes)
        for delivery in claimed:
            self._in_flight[delivery.lane] = delivery, asyncio.create_task(self._deliver(delivery))
        return len(claimed)

    async def _deliver(self, delivery: Delivery) -> None:
        try:
            began = monotonic()
            outcome = await self._call(delivery)
            await self._settle(delivery, outcome, round((monotonic() - began) * 1000))
        except asyncio.CancelledError:
            await self._postpone(delivery, timedelta(0), "the worker was stopped")
            raise
        except Exception as error:
            # The lease runs out, and the delivery comes again.
            _log.exception("delivery_not_settled", seq=delivery.seq, hook=delivery.hook, error=str(error))
        finally:
            del self._in_flight[delivery.lane]
            self._suspect_runs = self._suspect_runs and bool(self._in_flight)
            self._bell.ring()

    async def _call(self, delivery: Delivery) -> Outcome:
        try:
            event, desk = await self._desks.of_delivery(delivery)
        except Exception as error:
            if connection_lost(error):  # which is no failure of the department's
                raise
            _log.exception("desk_not_opened", hook=delivery.hook, case=str(delivery.lane.case_id))
            return Crashed(f"the desk cannot be opened: {type(error).__name__}: {error}", "")
        department = self._by_name[delivery.department]
        return await self._departments.call(department, delivery.hook, event, desk, self._rules.hook_timeout)

    async def _settle(self, delivery: Delivery, outcome: Outcome, milliseconds: int) -> None:
        match outcome:
            case Handled():
                await self._acknowledge(delivery, milliseconds)
            case Postponed():
                await self._postpone(delivery, outcome.delay, outcome.reason)
            case Declined():
                with suppress(StateConflict):  # of a delivery that another has taken over, which the log then tells
                    await self._desks.decline(delivery, outcome.reason)
                await self._acknowledge(delivery, milliseconds, refusal=outcome.reason)
            case TimedOut():
                await self._fail(delivery, f"the hook did not end within {outcome.seconds:g} s", milliseconds)
            case Crashed():
                _log.warning("hook_failed", department=delivery.department, hook=delivery.hook, trace=outcome.trace)
                await self._fail(delivery, outcome.error, milliseconds)
            case _:
                assert_never(outcome)

    async def _acknowledge(self, delivery: Delivery, milliseconds: int, refusal: str | None = None) -> None:
        async with self._transaction() as connection:
            await lanes.acknowledge(connection, delivery, self._now(), milliseconds=milliseconds, refusal=refusal)

    async def _postpone(self, delivery: Delivery, delay: timedelta, reason: str) -> None:
        now = self._now()
        async with self._transaction() as connection:
            await lanes.postpone(connection, delivery, now + delay, now, reason)

    async def _fail(self, delivery: Delivery, error: str, milliseconds: int) -> None:
        now = self._now()
        retry_at = now + backoff(delivery.attempt, self._rules, random.uniform(0.5, 1.0))  # noqa: S311 - spreads retries
        async with self._transaction() as connection:
            await lanes.fail(connection, delivery, retry_at, now, error, milliseconds, self._rules.lanes)

    async def _renew(self) -> None:
        deliveries = [delivery for delivery, _ in self._in_flight.values()]
        for county in sorted({delivery.lane.county for delivery in deliveries}):
            own = [delivery for delivery in deliveries if delivery.lane.county == county]
            async with self._connection() as connection:
                await lanes.renew(connection, county, own, self._now() + self._rules.lease)

    async def _sweep(self) -> None:
        if monotonic() - self._swept < self._rules.sweep_every:
            return
        self._swept = monotonic()
        async with self._connection() as connection:
            await lanes.sweep(connection, self._now())

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[Connection]:
        async with self._pool.acquire() as lent:
            yield connection_of(lent)

    @asynccontextmanager
    async def _transaction(self) -> AsyncIterator[Connection]:
        async with self._pool.acquire() as lent, lent.transaction():
            yield connection_of(lent)


def backoff(attempt: int, rules: CourierRules, jitter: float) -> timedelta:
    """How long to wait after the n-th attempt failed: doubling up to the longest, times ``jitter``."""
    doubled = rules.first_backoff * (1 << min(attempt - 1, 30))
    return min(doubled, rules.longest_backoff) * jitter
