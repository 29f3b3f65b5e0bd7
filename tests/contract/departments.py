"""Departments for the contract tests: one that hears everything, and ways of going wrong."""

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from shaodao.plugin import Department, DepartmentSettings, Desk, Event, Host, hookimpl


@dataclass(frozen=True)
class Form:
    """反馈"""

    note: str = ""


def declaration(name: str = "listener", *organizations: str, form: type[Any] = Form) -> Department:
    """A declaration for tests; it serves XX unless told otherwise."""
    return Department(name=name, title="示例", version="1", organizations=organizations or ("XX",), form=form)


class Declared:
    """A department that declares itself and does nothing."""

    def __init__(self, declared: Department) -> None:
        self.declared = declared

    @hookimpl
    def department(self, settings: DepartmentSettings) -> Department:
        return self.declared


class Listener(Declared):
    """Hears every hook and keeps what it heard; half of its hooks are plain functions."""

    def __init__(self) -> None:
        super().__init__(declaration())
        self.heard: list[str] = []
        self.events: list[Event] = []

    def _hear(self, hook: str, event: Event) -> None:
        self.heard.append(hook)
        self.events.append(event)

    @hookimpl
    def department(self, settings: DepartmentSettings) -> Department:
        self.heard.append("department")
        return self.declared

    @hookimpl
    async def on_start(self, host: Host) -> None:
        self.heard.append("on_start")

    @hookimpl
    async def on_whistle(self, event: Event, desk: Desk) -> None:
        self._hear("on_whistle", event)

    @hookimpl
    def on_dispatch(self, event: Event) -> None:
        self._hear("on_dispatch", event)

    @hookimpl
    async def on_return(self, event: Event) -> None:
        self._hear("on_return", event)

    @hookimpl
    def on_answer(self, event: Event) -> None:
        self._hear("on_answer", event)

    @hookimpl
    async def on_urge(self, event: Event) -> None:
        self._hear("on_urge", event)

    @hookimpl
    def on_overdue(self, event: Event) -> None:
        self._hear("on_overdue", event)

    @hookimpl
    async def on_extension_decided(self, event: Event) -> None:
        self._hear("on_extension_decided", event)

    @hookimpl
    async def on_objection_decided(self, event: Event) -> None:
        self._hear("on_objection_decided", event)

    @hookimpl
    async def on_withdrawn(self, event: Event) -> None:
        self._hear("on_withdrawn", event)

    @hookimpl
    async def on_released(self, event: Event) -> None:
        self._hear("on_released", event)

    @hookimpl
    async def on_case_closed(self, event: Event) -> None:
        self._hear("on_case_closed", event)

    @hookimpl
    async def on_wake(self, event: Event) -> None:
        self._hear("on_wake", event)


class OnWhistle(Declared):
    """A department whose on_whistle is the given function."""

    def __init__(self, hook: Callable[[Event, Desk], Awaitable[None]]) -> None:
        super().__init__(declaration())
        self.hook = hook

    @hookimpl
    async def on_whistle(self, event: Event, desk: Desk) -> None:
        await self.hook(event, desk)


class Plain(Declared):
    """A department whose on_whistle is a plain function."""

    def __init__(self, hook: Callable[[Event, Desk], None]) -> None:
        super().__init__(declaration())
        self.hook = hook

    @hookimpl
    def on_whistle(self, event: Event, desk: Desk) -> None:
        self.hook(event, desk)


def hang(event: Event, desk: Desk) -> None:
    """A plain hook that takes longer than any limit of a test."""
    time.sleep(1)
