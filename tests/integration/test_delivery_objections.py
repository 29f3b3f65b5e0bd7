"""A department objects through its desk and hears the ruling (C.4, What a plugin hears)."""

from dataclasses import dataclass, field
from uuid import UUID

from shaodao.commands.objections import Ruling, decide_objection
from shaodao.plugin import AssignmentState, Desk, DeskError, Dispatched, ObjectionDecided, ObjectionReason, hookimpl
from tests.integration.conftest import Street
from tests.integration.delivering import Recorder, serve, work_off
from tests.integration.test_commands_objections import dispatched
from tests.integration.whistle_steps import BASIS, assignment_of, do


@dataclass
class Objector(Recorder):
    """A department that objects to whatever is dispatched to it."""

    rulings: list[ObjectionDecided] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)

    @hookimpl
    async def on_dispatch(self, event: Dispatched, desk: Desk) -> None:
        await self._hear("on_dispatch", event, desk)
        await desk.object(ObjectionReason.NOT_OUR_DUTY, "夜间施工噪声执法已划转")
        try:
            await desk.start()
        except DeskError as error:
            self.refused.append(error.code)

    @hookimpl
    async def on_objection_decided(self, event: ObjectionDecided, desk: Desk) -> None:
        self.rulings.append(event)


async def test_a_department_objects_once_and_hears_that_it_was_relieved(street: Street) -> None:
    objector = Objector("ecology", ("HB",))
    deliveries = serve(street, objector, taker := Objector("city", ("CG",)))
    case_id, assignment_id = await dispatched(street)
    await work_off(deliveries.courier())
    assert await raised(street, assignment_id) == 1
    assert objector.refused == ["STATE_CONFLICT"]
    await do(street, lambda tx: decide_objection(tx, assignment_id, Ruling(True, "已划转", "CG", BASIS)))
    await work_off(deliveries.courier())
    [heard] = objector.rulings
    assert (heard.accepted, heard.reason, heard.view.state) == (True, "已划转", AssignmentState.REASSIGNED)
    assert [hook for _, _, hook in taker.heard] == ["on_dispatch"]
    assert await raised(street, await assignment_of(street, case_id, "CG")) == 1
    assert await deliveries.owed() == 0


async def raised(street: Street, assignment_id: UUID) -> int:
    """How many objections there are to an assignment."""
    query = "SELECT count(*) FROM dispatch_objection WHERE assignment_id = $1"
    return int(await street.pool.fetchval(query, assignment_id))
