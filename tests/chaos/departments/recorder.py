"""A department that appends what it hears to a file, before it does anything: what is handled twice stands there twice."""

import asyncio
import os
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import orjson

from shaodao.plugin import Department, Desk, Event, Report, ReportResult, hookimpl

HEARD = "SHAODAO_TEST_CHAOS_HEARD"
"""Names the file. Lines are written with one call to a file opened with O_APPEND, so that processes do not mix them."""

TO_THE_END = "直至办结"
"""In a whistle's reason: both departments arrive and report, until the case is closed."""

THINKS = 0.1

Answer: TypeAlias = Callable[[Event, Desk], Awaitable[None]]


@dataclass
class Form:
    """No fields."""


async def listen_only(event: Event, desk: Desk) -> None:
    """An answer that does nothing."""


@dataclass(frozen=True)
class Recorder:
    """Hears every hook that the chaos runs reach; ``whistled`` and what follows is what it does then."""

    declaration: Department
    whistled: Answer
    answered: Answer = listen_only
    decided: Answer = listen_only
    returned: Answer = listen_only
    woken: Answer = listen_only

    @hookimpl
    def department(self) -> Department:
        return self.declaration

    @hookimpl
    async def on_whistle(self, event: Event, desk: Desk) -> None:
        await self._hear("on_whistle", event, desk, self.whistled)

    @hookimpl
    async def on_answer(self, event: Event, desk: Desk) -> None:
        await self._hear("on_answer", event, desk, self.answered)

    @hookimpl
    async def on_extension_decided(self, event: Event, desk: Desk) -> None:
        await self._hear("on_extension_decided", event, desk, self.decided)

    @hookimpl
    async def on_return(self, event: Event, desk: Desk) -> None:
        await self._hear("on_return", event, desk, self.returned)

    @hookimpl
    async def on_wake(self, event: Event, desk: Desk) -> None:
        await self._hear("on_wake", event, desk, self.woken)

    @hookimpl
    async def on_overdue(self, event: Event, desk: Desk) -> None:
        await self._hear("on_overdue", event, desk)

    @hookimpl
    async def on_urge(self, event: Event, desk: Desk) -> None:
        await self._hear("on_urge", event, desk)

    @hookimpl
    async def on_withdrawn(self, event: Event, desk: Desk) -> None:
        await self._hear("on_withdrawn", event, desk)

    @hookimpl
    async def on_released(self, event: Event, desk: Desk) -> None:
        await self._hear("on_released", event, desk)

    @hookimpl
    async def on_case_closed(self, event: Event, desk: Desk) -> None:
        await self._hear("on_case_closed", event, desk)

    async def _hear(self, hook: str, event: Event, desk: Desk, answer: Answer = listen_only) -> None:
        """Write it down, and answer after a while, as a system with work of its own does: so that it may be frozen meanwhile."""
        self._write(hook, event)
        await asyncio.sleep(THINKS)
        await answer(event, desk)

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


def reason_of(event: Event) -> str:
    """Why the whistle was blown, with the words that tell a department what to do."""
    assert event.view.whistle is not None, "only a whistle calls these departments"
    return event.view.whistle.reason


async def report(event: Event, desk: Desk) -> None:
    """Report that the matter is settled 反馈办结."""
    await desk.report_result(
        Report(
            accepted_at=event.view.notified_at, talked_with="现场群众", measures="已围挡并抢修", solve_by=desk.now,
            result=ReportResult.SOLVED, fields=Form(),
        )
    )  # fmt: skip


def written_by(department: str | None, worker: int) -> bytes:
    """How each line ends that the department has written below the worker."""
    return f'"department":"{department}","worker":{worker}}}'.encode()


def declared(name: str, title: str, organizations: Sequence[str]) -> Department:
    """The declaration of a department without report fields."""
    return Department(name=name, title=title, version="1", organizations=tuple(organizations), form=Form)
