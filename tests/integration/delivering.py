"""Departments, cases and couriers for the tests of delivery, on the demonstration street."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

from shaodao.commands.dispatching import PartyInput
from shaodao.commands.emergencies import EmergencyInput, blow_emergency
from shaodao.commands.registration import CaseInput
from shaodao.commands.transaction import Outcome, Transaction
from shaodao.delivery.announcer import Bell
from shaodao.delivery.courier import Courier, CourierRules
from shaodao.delivery.desks import Desks
from shaodao.delivery.lanes import LaneRules
from shaodao.departments import Departments, load_department
from shaodao.domain.vocabulary import AssignmentRole, CaseKind, Channel
from shaodao.host import DepartmentForms
from shaodao.plugin import AnswersFor, Department, DepartmentSettings, Desk, Event, hookimpl
from tests.integration.conftest import Street
from tests.integration.file_steps import intake_of

DISPATCHER = "吕示衡"
Hook = Callable[[Event, Desk], Awaitable[None]]


@dataclass
class Form:
    """No fields."""


async def listen_only(event: Event, desk: Desk) -> None:
    """A hook that does nothing."""


@dataclass
class Recorder:
    """A department that writes down what it hears, and does what the test wants."""

    name: str
    organizations: tuple[str, ...]
    do: Hook = listen_only
    heard: list[tuple[UUID, int, str]] = field(default_factory=list)
    answers_for: AnswersFor = field(default_factory=AnswersFor)

    @hookimpl
    def department(self) -> Department:
        return Department(
            name=self.name,
            title=self.name,
            version="1",
            organizations=self.organizations,
            form=Form,
            answers_for=self.answers_for,
        )

    @hookimpl
    async def on_whistle(self, event: Event, desk: Desk) -> None:
        await self._hear("on_whistle", event, desk)

    @hookimpl
    async def on_overdue(self, event: Event, desk: Desk) -> None:
        await self._hear("on_overdue", event, desk)

    @hookimpl
    async def on_answer(self, event: Event, desk: Desk) -> None:
        await self._hear("on_answer", event, desk)

    @hookimpl
    async def on_extension_decided(self, event: Event, desk: Desk) -> None:
        await self._hear("on_extension_decided", event, desk)

    @hookimpl
    async def on_wake(self, event: Event, desk: Desk) -> None:
        await self._hear("on_wake", event, desk)

    async def _hear(self, hook: str, event: Event, desk: Desk) -> None:
        self.heard.append((event.view.assignment_id, event.key.seq, hook))
        await self.do(event, desk)


def departments_of(*recorders: Recorder) -> Departments:
    """The recorders as loaded departments."""
    settings = DepartmentSettings()
    return Departments([load_department(each, each.name, settings) for each in recorders], settings)


@dataclass
class Deliveries:
    """A street whose organizations are served by recorders."""

    street: Street
    departments: Departments

    def courier(self, **rules: Any) -> Courier:
        """Another worker's courier; the street's time is its clock."""
        lanes = LaneRules(**{name: rules.pop(name) for name in list(rules) if name in LaneRules.__annotations__})
        desks = Desks(
            self.street.pool, self.street.runner, self.departments, lambda: self.street.now, intake_of(self.street)
        )
        return Courier(
            self.street.pool,
            self.departments,
            desks,
            lambda: self.street.now,
            Bell(),
            CourierRules(lanes=lanes, **rules),
        )

    async def owed(self) -> int:
        """How many deliveries are owed."""
        return int(await self.street.pool.fetchval("SELECT count(*) FROM delivery"))

    async def lanes(self) -> int:
        """How many lanes there are."""
        return int(await self.street.pool.fetchval("SELECT count(*) FROM lane"))

    async def outcomes(self) -> list[str]:
        """The outcomes of all attempts, in their order."""
        rows = await self.street.pool.fetch("SELECT outcome FROM delivery_log ORDER BY at, id")
        return [row["outcome"] for row in rows]


def serve(street: Street, *recorders: Recorder) -> Deliveries:
    """Have the recorders serve the street's organizations from now on."""
    departments = departments_of(*recorders)
    street.serve_by(DepartmentForms(departments))
    return Deliveries(street, departments)


async def work_off(*couriers: Courier, passes: int = 30) -> None:
    """Let the couriers go on until none finds anything due."""
    for _ in range(passes):
        pauses = await asyncio.gather(*(courier.one_pass() for courier in couriers))
        await asyncio.gather(*(courier.settled() for courier in couriers))
        if all(pause > 0 for pause in pauses):
            return
    raise AssertionError("the couriers never came to rest")


async def emergency(street: Street, *organizations: str, viewer: str = DISPATCHER) -> Outcome:
    """An emergency whistle on a new case, blown for the organizations, the first of them LEAD."""
    return await street.run(emergency_command(*organizations), street.viewer(viewer))


def emergency_command(*organizations: str) -> Callable[[Transaction], Awaitable[Outcome]]:
    """The command of ``emergency``."""
    roles = [AssignmentRole.LEAD, *[AssignmentRole.CO] * (len(organizations) - 1)]
    parties = [PartyInput(code, role) for code, role in zip(organizations, roles, strict=True)]
    case = CaseInput(
        kind=CaseKind.EVENT, channel=Channel.GRID_PATROL, title="雨水管爆裂", description="路面塌陷，有人员受困",
        division_code="990101001000",
    )  # fmt: skip

    async def command(tx: Transaction) -> Outcome:
        return await blow_emergency(tx, None, case, EmergencyInput(reason="人员受困", parties=parties))

    return command


async def forward(street: Street, **delta: float) -> None:
    """Move the street's time on."""
    street.now += timedelta(**delta)
