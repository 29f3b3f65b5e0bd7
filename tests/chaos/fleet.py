"""The processes of a run, and a service manager that starts again whichever ends."""

import asyncio
import os
import re
import signal
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from time import monotonic

from bench.processor import children_of
from shaodao.delivery.pace import cancelled

PROJECT = Path(__file__).parents[2]
START_AGAIN_AFTER = 0.5
STOP_WITHIN = 15.0
REFUSED_TO_START = (1, 3)
"""Ours, and uvicorn's for an application that does not open."""

SERVER_IS_UP = "Shaodao answers on"
WORKER_IS_UP = "workers_started"
"""What a process writes when it has started: from then on nothing but a signal may end it."""

_DEPARTMENT = re.compile(r"(department_at_work|department_process_ended) +department=(\w+)(.*)")
_KILLED = "ended by SIGKILL"


@dataclass(frozen=True)
class Refusal:
    """A start that was refused: allowed while the database is gone. ``began`` and ``ended`` by the monotonic clock."""

    unit: str
    status: int
    began: float
    ended: float


@dataclass(eq=False)
class Unit:
    """A process that is to run for ever. ``is_up`` stands in its log when it has started.

    ``url`` is where a server answers, ``departments`` are those that a worker runs.
    """

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str]
    log: Path
    is_up: str
    url: str | None = None
    departments: tuple[str, ...] = ()
    process: asyncio.subprocess.Process | None = None
    told_to_end: bool = False
    surprises: list[str] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)
    _log_begins: int = 0

    @property
    def pid(self) -> int | None:
        """The process that runs now."""
        return None if self.process is None or self.process.returncode is not None else self.process.pid

    @property
    def established(self) -> bool:
        """Whether the process that runs now has told that it has started."""
        return self.pid is not None and self.is_up in self._told()

    @property
    def departments_at_work(self) -> list[str]:
        """The departments of which is told last that their process has started."""
        newest = {name: event for event, name, _ in _DEPARTMENT.findall(self._told())}
        return [name for name, event in newest.items() if event == "department_at_work"]

    def _told(self) -> str:
        """What the newest process and those below it have written."""
        with self.log.open("rb") as words:
            words.seek(self._log_begins)
            return words.read().decode(errors="replace")

    async def keep_running(self) -> None:
        """Start, and start again whenever it has ended, until cancelled."""
        while True:
            with self.log.open("ab") as words:
                self._log_begins, self.told_to_end = words.tell(), False
                self.process = await asyncio.create_subprocess_exec(
                    *self.command, cwd=PROJECT, env=dict(self.environment), stdin=asyncio.subprocess.DEVNULL, stdout=words,
                    stderr=words, start_new_session=True,
                )  # fmt: skip
            began = monotonic()
            self._note_end(await self.process.wait(), began)
            await asyncio.sleep(START_AGAIN_AFTER)

    def _note_end(self, status: int, began: float) -> None:
        self._note_departments()
        if self.told_to_end:
            return
        if status in REFUSED_TO_START and self.is_up not in self._told():
            self.refusals.append(Refusal(self.name, status, began, monotonic()))
        else:
            self.surprises.append(f"{self.name} ended by itself with status {status}")

    def _note_departments(self) -> None:
        """A department's process that was at work is ended by SIGKILL, or goes on; one that was not is started again."""
        at_work: set[str] = set()
        for event, name, reason in _DEPARTMENT.findall(self._told()):
            if event == "department_at_work":
                at_work.add(name)
                continue
            if name in at_work and _KILLED not in reason:
                self.surprises.append(f"{name} of {self.name}:{reason}")
            at_work.discard(name)

    def kill(self) -> None:
        """SIGKILL, if it runs."""
        self.told_to_end = self.pid is not None
        self._signal(signal.SIGKILL)

    def kill_child(self, dice: Random) -> None:
        """SIGKILL for one of the processes below it, if it has any: those of its departments."""
        if children := self.children():
            _send(dice.choice(children), signal.SIGKILL)

    def children(self) -> list[int]:
        """The processes below it: those of its departments. They are in sessions of their own, and no signal to it reaches them."""
        return [] if self.pid is None else children_of(self.pid)

    def tree(self) -> list[int]:
        """The process, if it runs, and those below it."""
        return [] if self.pid is None else [self.pid, *self.children()]

    async def stop(self) -> None:
        """As a service manager stops it: told first, killed when it does not listen."""
        if self.pid is None:
            return
        self._note_departments()
        self.told_to_end, was_up = True, self.established
        self._signal(signal.SIGCONT)
        self._signal(signal.SIGTERM)
        assert self.process is not None, "it has a pid"
        try:
            async with asyncio.timeout(STOP_WITHIN):
                status = await self.process.wait()
        except TimeoutError:
            self.surprises.append(f"{self.name} did not end within {STOP_WITHIN:g} s of SIGTERM")
            self._signal(signal.SIGKILL)
            await self.process.wait()
            return
        if status and was_up:
            self.surprises.append(f"{self.name} ended with status {status} on SIGTERM")

    def _signal(self, number: signal.Signals) -> None:
        if self.pid is not None:
            _send(self.pid, number)


def freeze(processes: Sequence[int]) -> None:
    """SIGSTOP, as when a machine sleeps: they hold their leases, sockets and transactions, and say nothing."""
    for process in processes:
        _send(process, signal.SIGSTOP)


def thaw(processes: Sequence[int]) -> None:
    """SIGCONT."""
    for process in processes:
        _send(process, signal.SIGCONT)


def _send(process: int, number: signal.Signals) -> None:
    """A signal, unless the process has ended."""
    with suppress(ProcessLookupError):
        os.kill(process, number)


@dataclass(frozen=True)
class Fleet:
    """Servers and workers of one platform."""

    servers: tuple[Unit, ...]
    workers: tuple[Unit, ...]

    @property
    def units(self) -> tuple[Unit, ...]:
        """All of them."""
        return (*self.servers, *self.workers)

    def down(self) -> list[str]:
        """The processes that are not up: servers, workers, and the departments below those."""
        down = [unit.name for unit in self.units if not unit.established]
        return down + [
            f"{name} of {unit.name}" for unit in self.units if unit.established
            for name in unit.departments if name not in unit.departments_at_work
        ]  # fmt: skip

    def surprises(self) -> list[str]:
        """What none of them should have done."""
        return [surprise for unit in self.units for surprise in unit.surprises]

    def refusals(self) -> list[Refusal]:
        """The starts that were refused."""
        return [refusal for unit in self.units for refusal in unit.refusals]


@asynccontextmanager
async def running_fleet(fleet: Fleet) -> AsyncIterator[Fleet]:
    """The fleet under its service manager; at the end every process is stopped."""
    keeping = [asyncio.create_task(unit.keep_running(), name=unit.name) for unit in fleet.units]
    try:
        yield fleet
    finally:
        await cancelled(*keeping)
        await asyncio.gather(*(unit.stop() for unit in fleet.units))
