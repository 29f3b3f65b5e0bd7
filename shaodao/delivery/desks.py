"""Opening desks: for a delivery, for a callback of a department's own system; and a declined event put on record."""

from dataclasses import dataclass
from uuid import UUID

import asyncpg
from uuid_utils.compat import uuid7

from shaodao.commands.facts import lock_assignment
from shaodao.commands.history import Entry, record
from shaodao.commands.running import CommandRunner, Repetition, connection_of
from shaodao.commands.transaction import Outcome, Transaction
from shaodao.delivery.desk import Office, PlatformDesk, Seat
from shaodao.delivery.hearing import event_of
from shaodao.delivery.lanes import Delivery
from shaodao.delivery.pace import Now
from shaodao.delivery.views import read_step, read_view
from shaodao.departments import Departments
from shaodao.domain.delivery import HOOK_LABELS
from shaodao.domain.errors import NotFound
from shaodao.intake import Intake
from shaodao.plugin import DeliveryKey, Department, Desk, Event, Host

# An id alone does not say in which county it lies: they are asked one by one.
_COUNTIES = "SELECT left(code, 6)::int AS county_code FROM divisions WHERE level = 'COUNTY' ORDER BY code"
_ASSIGNMENT = """
SELECT organization_code FROM assignment WHERE county_code = $1 AND id = $2 AND organization_code = ANY($3::text[])
"""
_ORGANIZATION = "SELECT name FROM organizations WHERE code = $1"


class Desks:
    """Opens the desks of a process's departments."""

    def __init__(
        self,
        pool: "asyncpg.Pool[asyncpg.Record]",
        runner: CommandRunner,
        departments: Departments,
        now: Now,
        intake: Intake,
    ) -> None:
        self._office = Office(pool, runner, departments.settings, now, intake)

    async def of_delivery(self, delivery: Delivery) -> tuple[Event, Desk]:
        """The event that a delivery's hook gets, and its desk. Raises NotFound."""
        lane = delivery.lane
        async with self._office.pool.acquire() as lent:
            step = await read_step(connection_of(lent), lane.county, delivery.assignment_id, delivery.seq)
        key = DeliveryKey(delivery.department, lane.organization_code, step.view.case.number, delivery.seq)
        return event_of(delivery.hook, key, step), PlatformDesk(self._office, _seat(delivery), step.view)

    async def decline(self, delivery: Delivery, reason: str) -> None:
        """Record on the case, as the organization's own entry, that it declined the event; once.

        Raises StateConflict when another worker has the delivery by now.
        """
        seat = _seat(delivery)
        name = str(await self._office.pool.fetchval(_ORGANIZATION, seat.organization_code))

        async def command(tx: Transaction) -> Outcome:
            case = (await lock_assignment(tx, delivery.assignment_id)).case
            entry = Entry(
                "deliveryDeclined", f"{name}未办理“{HOOK_LABELS[delivery.hook]}”通知，原因：{reason}",
                organization_code=seat.organization_code, assignment_id=delivery.assignment_id,
                from_state=str(case.state), to_state=str(case.state), payload={"hook": delivery.hook, "reason": reason},
            )  # fmt: skip
            await record(tx, case.id, entry)
            return Outcome(county_code=tx.county, case_id=case.id, assignment_id=delivery.assignment_id)

        await self._office.runner.run(
            seat.under_lease(command), actor=seat.viewer(name), county=seat.county, now=self._office.now(),
            repetition=Repetition(f"{seat.key}:decline", "decline", None),
        )  # fmt: skip

    def host_of(self, department: Department) -> Host:
        """The host as a department gets it at its start."""
        return DepartmentHost(self._office, department)


@dataclass(frozen=True)
class DepartmentHost:
    """Opens desks for one department outside its hooks: for callbacks of its own system."""

    office: Office
    department: Department

    async def desk(self, assignment: UUID, key: str | None = None) -> Desk:
        """A desk for an assignment of the department's organizations; raises NotFound for any other.

        Repeated with the same ``key``, its actions stand as they were done the first time.
        """
        served = list(self.department.organizations)
        async with self.office.pool.acquire() as lent:
            connection = connection_of(lent)
            for row in await connection.fetch(_COUNTIES):
                code = await connection.fetchval(_ASSIGNMENT, row["county_code"], assignment, served)
                if code is not None:
                    occasion = f"callback:{assignment}:{key or uuid7()}"
                    seat = Seat(self.department.name, code, row["county_code"], assignment, occasion)
                    return PlatformDesk(self.office, seat, await read_view(connection, seat.county, assignment))
        raise NotFound("Assignment", str(assignment))


def _seat(delivery: Delivery) -> Seat:
    """The key names the delivery, so that a hook which is called twice has its effect once."""
    lane = delivery.lane
    key = f"{delivery.department}:{lane.organization_code}:{lane.case_id}:{delivery.seq}"
    return Seat(delivery.department, lane.organization_code, lane.county, delivery.assignment_id, key, delivery)
