"""The processes of a run, and a service manager that starts again whichever ends."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Mapping
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


@dataclass(eq=False)
class Unit:
    """A process that is to run for ever: ``command`` are the words that ``python -m shaodao`` is given."""

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str]
    log: Path
    url: str | None = None
    process: asyncio.subprocess.Process | None = None
    running_since: float = 0.0
    frozen: bool = False
    told_to_end: bool = False
    surprises: list[str] = field(default_factory=list)

    @property
    def pid(self) -> int | None:
        """The process that runs now."""
        return None if self.process is None or self.process.returncode is not None else self.process.pid

    async def keep_running(self) -> None:
        """Start, and start again whenever it has ended, until cancelled."""
        while True:
            with self.log.open("ab") as words:
                self.process = await asyncio.create_subprocess_exec(
                    sys.executable, "-m", "shaodao", *self.command, cwd=PROJECT, env=dict(self.environment),
                    stdin=asyncio.subprocess.DEVNULL, stdout=words, stderr=words, start_new_session=True,
                )  # fmt: skip
            self.running_since, self.told_to_end = monotonic(), False
            status = await self.process.wait()
            # A start while the database is gone is refused; whoever was up must stay up.
            if not self.told_to_end and status not in REFUSED_TO_START:
                self.surprises.append(f"{self.name} ended by itself with status {status}")
            await asyncio.sleep(START_AGAIN_AFTER)

    def kill(self) -> None:
        """SIGKILL."""
        self.told_to_end = True
        self._signal(signal.SIGKILL)

    def kill_child(self, dice: Random) -> None:
        """SIGKILL for one of the processes below it, if it has any: those of its departments."""
        children = [] if self.pid is None else children_of(self.pid)
        if children:
            with suppress(ProcessLookupError):
                os.kill(dice.choice(children), signal.SIGKILL)

    def freeze(self) -> None:
        """SIGSTOP: it holds its leases, sockets and transactions, and says nothing."""
        self.frozen = True
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """SIGCONT."""
        self.frozen = False
        self._signal(signal.SIGCONT)

    async def stop(self) -> None:
        """As a service manager stops it: told first, killed when it does not listen."""
        if self.pid is None:
            return
        self.told_to_end = True
        self._signal(signal.SIGCONT)
        self._signal(signal.SIGTERM)
        assert self.process is not None, "it has a pid"
        try:
            async with asyncio.timeout(STOP_WITHIN):
                await self.process.wait()
        except TimeoutError:
            self.surprises.append(f"{self.name} did not end within {STOP_WITHIN:g} s of SIGTERM")
            self._signal(signal.SIGKILL)
            await self.process.wait()

    def _signal(self, number: signal.Signals) -> None:
        if self.pid is not None:
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)


@dataclass(frozen=True)
class Fleet:
    """Servers and workers of one platform."""

    servers: tuple[Unit, ...]
    workers: tuple[Unit, ...]

    @property
    def units(self) -> tuple[Unit, ...]:
        """All of them."""
        return (*self.servers, *self.workers)

    def surprises(self) -> list[str]:
        """What none of them should have done."""
        return [surprise for unit in self.units for surprise in unit.surprises]


@asynccontextmanager
async def running_fleet(fleet: Fleet) -> AsyncIterator[Fleet]:
    """The fleet under its service manager; at the end every process is stopped."""
    keeping = [asyncio.create_task(unit.keep_running(), name=unit.name) for unit in fleet.units]
    try:
        yield fleet
    finally:
        await cancelled(*keeping)
        await asyncio.gather(*(unit.stop() for unit in fleet.units))
