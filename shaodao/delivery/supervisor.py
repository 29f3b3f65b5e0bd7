"""The supervisor: a process for each department, watched, ended when it hangs or grows, and started again (ADR 0009)."""

import asyncio
import os
import signal
import socket
from asyncio.subprocess import Process
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from time import monotonic
from uuid import uuid4

import structlog

from shaodao.commands.running import connection_of
from shaodao.delivery.child import ChildOrders
from shaodao.delivery.courier import backoff
from shaodao.delivery.losses import Death, give_back
from shaodao.delivery.work import Workers, courier_rules, start_chores
from shaodao.host import Platform, open_platform
from shaodao.settings import Settings, StartError
from shaodao.spawning import spawn

_log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class SupervisorRules:
    """Seconds. ``starting``: until a child must be at work. ``grace``: beyond the hook's time limit, for its loop to turn.

    ``stopping``: until a child that was told to end is killed. ``first_pause`` and ``longest_pause``: before the next
    start, doubled as long as no child lives for ``settled``.
    """

    look_every: float = 0.25
    starting: float = 30.0
    grace: float = 5.0
    stopping: float = 6.0
    first_pause: float = 0.2
    longest_pause: float = 30.0
    settled: float = 5.0


class Restarts:
    """How long to wait before each next start: twice as long as before, unless the process lived for a while."""

    def __init__(self, rules: SupervisorRules) -> None:
        self._rules = rules
        self._pause = rules.first_pause

    def pause_after(self, lived: float) -> float:
        """Seconds to wait after a process that lived for so many."""
        pause = self._rules.first_pause if lived >= self._rules.settled else self._pause
        self._pause = min(pause * 2, self._rules.longest_pause)
        return pause


class Guardian:
    """Keeps one department's process alive."""

    def __init__(self, platform: Platform, name: str, source: str, rules: SupervisorRules) -> None:
        self._platform = platform
        self._name = name
        self._source = source
        self._rules = rules
        self._limits = platform.settings.limits_of(name)
        self._stopping = asyncio.Event()

    def stop(self) -> None:
        """Have ``keep`` end, and the process with it."""
        self._stopping.set()

    async def keep(self) -> None:
        """One process after another, until told to stop."""
        restarts = Restarts(self._rules)
        while not self._stopping.is_set():
            began, holder = monotonic(), uuid4().hex
            reason = await self._live(holder)
            await self._give_back(holder, reason)
            if self._stopping.is_set():
                return
            _log.error("department_process_ended", department=self._name, reason=reason)
            await self._wait(restarts.pause_after(monotonic() - began))

    async def _live(self, holder: str) -> str:
        """Run a process until it ends or has to be ended; answers why."""
        orders = ChildOrders(self._platform.settings, self._platform.dsn, self._source, holder)
        try:
            process, link = await spawn("shaodao.delivery.child", orders)
        except OSError as error:
            return f"the department's process cannot be started: {error}"
        try:
            return await self._watch(process, link)
        finally:
            await self._end(process)
            link.close()

    async def _watch(self, process: Process, link: socket.socket) -> str:
        patience, heard = self._rules.starting, monotonic()
        silence = f"it was not at work within {patience:g} s"
        while process.returncode is None:
            await self._wait(self._rules.look_every)
            if self._stopping.is_set():
                return "the worker was stopped before the hook ended"
            if _beats(link):
                patience, heard = self._limits.hook_timeout + self._rules.grace, monotonic()
                silence = f"it was held up for more than {self._limits.hook_timeout:g} s"
            fault = silence if monotonic() - heard > patience else self._too_large(process)
            if fault is not None:
                with suppress(ProcessLookupError):
                    process.kill()
                await process.wait()
                return f"the department's process was ended: {fault}"
        return f"the department's process ended {_told(process.returncode)}"

    def _too_large(self, process: Process) -> str | None:
        """How much memory the process has, where that is too much."""
        megabytes = memory_of(process.pid)
        if megabytes > self._limits.hook_memory:
            return f"{megabytes} MB of memory, more than {self._limits.hook_memory}"
        return None

    async def _wait(self, seconds: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._stopping.wait()

    async def _end(self, process: Process) -> None:
        """Have it end within the time for stopping: it lets its hooks end, and gives back what does not."""
        if process.returncode is not None:
            return
        with suppress(ProcessLookupError):
            process.terminate()
        try:
            async with asyncio.timeout(self._rules.stopping):
                await process.wait()
        except TimeoutError:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()

    async def _give_back(self, holder: str, reason: str) -> None:
        """Where that fails, as it does while the database is gone as well, the leases run out."""
        rules = courier_rules(self._limits)
        waiting = partial(backoff, rules=rules, jitter=1.0)
        death = Death(holder, self._platform.now(), reason, self._limits.attempt_limit, waiting)
        try:
            async with asyncio.timeout(1), self._platform.pool.acquire() as lent, lent.transaction():
                await give_back(connection_of(lent), death)
        except Exception as error:
            # Whatever it is: the department must be served again, and who ends here serves it no more.
            _log.warning("leases_not_given_back", department=self._name, error=str(error))


@asynccontextmanager
async def start_children(
    platform: Platform, sources: Mapping[str, str], rules: SupervisorRules | None = None
) -> AsyncIterator[Workers]:
    """A process for each of the departments, by name and source."""
    rules = rules or SupervisorRules()
    guardians = [Guardian(platform, name, source, rules) for name, source in sources.items()]
    tasks = tuple(asyncio.create_task(guardian.keep(), name="guardian") for guardian in guardians)
    try:
        yield Workers(tasks, ())
    finally:
        for guardian in guardians:
            guardian.stop()
        await asyncio.gather(*tasks, return_exceptions=True)


@asynccontextmanager
async def start_supervised(platform: Platform) -> AsyncIterator[Workers]:
    """Every worker: the departments in processes of their own, the rest as tasks of this one."""
    async with start_children(platform, platform.departments.sources) as children, start_chores(platform) as chores:
        yield children.with_those_of(chores)


async def run(settings: Settings, dsn: str, only: tuple[str, ...] = (), but: tuple[str, ...] = ()) -> None:
    """Run the workers until cancelled, as ``shaodao work`` does.

    ``only``: these departments and nothing else. ``but``: everything except these departments. Raises StartError for one
    that there is not.
    """
    async with open_platform(settings, dsn, application_name="shaodao worker") as platform:
        sources = _chosen(platform.departments.sources, only, but)
        async with start_children(platform, sources):
            if only:
                await _forever(sources)
            async with start_chores(platform):
                await _forever(sources)


async def _forever(sources: Mapping[str, str]) -> None:
    _log.info("workers_started", departments=list(sources))
    await asyncio.Event().wait()


def _chosen(sources: Mapping[str, str], only: tuple[str, ...], but: tuple[str, ...]) -> Mapping[str, str]:
    for name in (*only, *but):
        if name not in sources:
            known = ", ".join(sources) or "none"
            raise StartError(f"There is no department {name}. SHAODAO_DEPARTMENTS and what is installed give: {known}")
    return {name: source for name, source in sources.items() if name not in but and (not only or name in only)}


def memory_of(process_id: int) -> int:
    """Megabytes that a process has in memory; 0 where the system does not tell by ``/proc``."""
    try:
        pages = int(Path(f"/proc/{process_id}/statm").read_text().split()[1])
    except (OSError, IndexError):
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE") >> 20


def _beats(link: socket.socket) -> bool:
    try:
        return bool(link.recv(4096))
    except BlockingIOError:
        return False
    except OSError:
        return False


def _told(status: int) -> str:
    return f"by {signal.Signals(-status).name}" if status < 0 else f"with status {status}"
