"""A department that appends what it hears to a file, before it does anything: what is handled twice stands there twice."""

import os
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import orjson

from shaodao.plugin import Department, Desk, Event, hookimpl

HEARD = "SHAODAO_TEST_CHAOS_HEARD"
"""Names the file. Lines are written with one call to a file opened with O_APPEND, so that processes do not mix them."""

Answer: TypeAlias = Callable[[Event, Desk], Awaitable[None]]


@dataclass
class Form:
    """No fields."""


async def listen_only(event: Event, desk: Desk) -> None:
    """An answer that does nothing."""


@dataclass(frozen=True)
class Recorder:
    """Hears every hook that the chaos runs reach; ``whistled``, ``answered`` and ``woken`` are what it does then."""

    declaration: Department
    whistled: Answer
    answered: Answer = listen_only
    woken: Answer = listen_only

    @hookimpl
    def department(self) -> Department:
        return self.declaration

    @hookimpl
    async def on_whistle(self, event: Event, desk: Desk) -> None:
        self._write("on_whistle", event)
        await self.whistled(event, desk)

    @hookimpl
    async def on_answer(self, event: Event, desk: Desk) -> None:
        self._write("on_answer", event)
        await self.answered(event, desk)

    @hookimpl
    async def on_overdue(self, event: Event, desk: Desk) -> None:
        self._write("on_overdue", event)

    @hookimpl
    async def on_urge(self, event: Event, desk: Desk) -> None:
        self._write("on_urge", event)

    @hookimpl
    async def on_wake(self, event: Event, desk: Desk) -> None:
        self._write("on_wake", event)
        await self.woken(event, desk)

    def _write(self, hook: str, event: Event) -> None:
        line = {
            "organization": event.view.organization_code, "case": event.view.case.number, "seq": event.key.seq, "hook": hook,
            "department": self.declaration.name,
            "worker": os.getppid(),  # each department runs in a process of its own below its worker
        }  # fmt: skip
        descriptor = os.open(os.environ[HEARD], os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            os.write(descriptor, orjson.dumps(line) + b"\n")
        finally:
            os.close(descriptor)


def written_by(department: str | None, worker: int) -> bytes:
    """How each line ends that the department has written below the worker."""
    return f'"department":"{department}","worker":{worker}}}'.encode()


def declared(name: str, title: str, organizations: Sequence[str]) -> Department:
    """The declaration of a department without report fields."""
    return Department(name=name, title=title, version="1", organizations=tuple(organizations), form=Form)
