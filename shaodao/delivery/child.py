"""A department's own process: its courier and its hooks, and nothing else. Started by the supervisor alone."""

import asyncio
import contextlib
import socket
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

import asyncpg
import structlog

from shaodao.commands.running import CommandRunner, connection_of
from shaodao.delivery.announcer import Announcer, open_announcer
from shaodao.delivery.courier import Courier
from shaodao.delivery.desks import Desks
from shaodao.delivery.epochs import known_epoch
from shaodao.delivery.pace import Now
from shaodao.delivery.work import courier_rules, start_courier
from shaodao.departments import DepartmentError, Departments, LoadedDepartment, hook_threads, load_source
from shaodao.domain.permissions import SYSTEM
from shaodao.files import file_store
from shaodao.host import GroundSource, department_settings, ground_of, kept_fresh, utc_now
from shaodao.intake import Intake
from shaodao.logs import configure_logs
from shaodao.postgres.pool import close_pool, create_pool
from shaodao.serving import run_until_stopped
from shaodao.settings import Settings, StartError
from shaodao.spawning import receive_orders
from shaodao.stored_departments import stored_departments

BEAT = b"."
BEAT_EVERY = 0.5
CONNECTIONS = 4
"""Most connections to the database for commands; one more listens."""

STUCK_THREADS = 4
"""So many plain hooks that go on after their time has run out, and the process is started anew: a thread cannot be ended."""

HARD_LIMIT = 4
"""Allocations beyond so many times the memory limit fail at once, before the supervisor has looked."""

_log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class ChildOrders:
    """Which department to run where, and the holder's name on its leases: the supervisor gives them back by it."""

    settings: Settings
    dsn: str
    source: str
    holder: str


class StuckThreads(Exception):
    """Too many hooks of the department hang in threads."""


@dataclass(frozen=True)
class ChildPost:
    """What the courier of one department works with."""

    pool: "asyncpg.Pool[asyncpg.Record]"
    departments: Departments
    announcer: Announcer
    desks: Desks
    now: Now


def main() -> None:
    """Run a department until told to stop; status 1 for what the log tells, and the supervisor tries again."""
    orders, link = receive_orders()
    configure_logs(orders.settings.log_level, orders.settings.log_format)
    try:
        run_until_stopped(_run(orders, link))
    except (DepartmentError, StartError, StuckThreads, OSError, asyncpg.PostgresError) as error:
        _log.error("department_process_ends", source=orders.source, error=str(error))
        sys.exit(1)


async def _run(orders: ChildOrders, link: socket.socket) -> None:
    own = load_source(orders.source, department_settings(orders.settings))
    limits = orders.settings.limits_of(own.declaration.name)
    _bound_memory(limits.hook_memory)
    async with (
        _open_post(orders, own) as post,
        start_courier(post, courier_rules(limits), orders.holder) as (_, courier),
    ):
        _log.info("department_at_work", department=own.declaration.name)
        await _beat(link, courier)


async def _beat(link: socket.socket, courier: Courier) -> None:
    """Show the supervisor that the loop turns. Raises StuckThreads."""
    while True:
        with contextlib.suppress(BlockingIOError):
            link.send(BEAT, socket.MSG_DONTWAIT)
        stuck = hook_threads() - courier.in_flight
        if stuck >= STUCK_THREADS:
            raise StuckThreads(f"{stuck} plain hooks go on though their time has run out")
        await asyncio.sleep(BEAT_EVERY)


@asynccontextmanager
async def _open_post(orders: ChildOrders, own: LoadedDepartment) -> AsyncIterator[ChildPost]:
    """A platform without what a department does not need: feed, readers, the code of the others."""
    name = own.declaration.name
    async with AsyncExitStack() as stack:
        pool = await create_pool(orders.dsn, CONNECTIONS, application_name=f"shaodao {name}")
        stack.push_async_callback(close_pool, pool)
        async with pool.acquire() as lent, lent.transaction():
            connection = connection_of(lent)
            others, unreadable = await stored_departments(connection, but=[name])
            for one in unreadable:
                _log.error("department_unreadable", department=one.name, error=one.error)
            departments = _around(own, others, orders.settings)
            ground = GroundSource(pool, await ground_of(connection, orders.settings, departments))
            epoch = await known_epoch(connection)
        announcer = await stack.enter_async_context(open_announcer(orders.dsn, pool))
        await stack.enter_async_context(kept_fresh(ground))
        runner = CommandRunner(pool, ground, announcer, lambda: epoch)
        intake = Intake(runner, file_store(orders.settings), orders.settings.limits.file_bytes, SYSTEM, utc_now)
        yield ChildPost(pool, departments, announcer, Desks(pool, runner, departments, utc_now, intake), utc_now)


def _around(own: LoadedDepartment, others: Sequence[LoadedDepartment], settings: Settings) -> Departments:
    """The department and, as they are declared, the others: what its actions owe them is delivered."""
    ours = set(own.declaration.organizations)
    fitting = [one for one in others if ours.isdisjoint(one.declaration.organizations)]
    return Departments([own, *fitting], department_settings(settings))


def _bound_memory(megabytes: int) -> None:
    import resource

    most = megabytes * HARD_LIMIT << 20
    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_DATA, (most, hard))


if __name__ == "__main__":
    main()
