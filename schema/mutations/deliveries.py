"""Mutations of deliveries to departments: what an operator does about a lane, and about a department (reference C.1.5)."""

import strawberry

from schema.mutations.base import Given, Info, KeyedInput, action, perform
from schema.mutations.identifiers import Identifiers
from schema.mutations.payloads import CasePayload, DepartmentPayload, RedeliveryPayload
from schema.problems import AnyProblem
from shaodao.commands import lane_limits, lanes
from shaodao.commands.lanes import LaneName
from shaodao.commands.running import Command


@strawberry.input
class LaneAction(KeyedInput):
    """An action on a lane."""

    case_number: str = strawberry.field(description="`DeliveryLane.caseNumber`.")
    organization: str = strawberry.field(description="Code of the lane's organization.")

    def lane(self) -> LaneName:
        """The lane as commands name it."""
        return LaneName(self.case_number, self.organization)


@strawberry.input(description="Input of redeliverDelivery.")
class RedeliverDeliveryInput(LaneAction):
    pass


@strawberry.input(description="Input of skipDelivery.")
class SkipDeliveryInput(LaneAction):
    seq: int = strawberry.field(
        description="`DeliveryLane.seq` as you saw it; another one at the head is answered with StateConflict."
    )
    reason: str = strawberry.field(description="Why, 1 to 500 characters.")


@strawberry.input
class DepartmentAction(KeyedInput):
    """An action on a department."""

    department: str = strawberry.field(description="Name of the department plugin.")
    county: str | None = strawberry.field(
        default=None, description="Code of the county, 12 digits; missing: the viewer's first."
    )


@strawberry.input(description="Input of pauseDepartment.")
class PauseDepartmentInput(DepartmentAction):
    reason: str = strawberry.field(description="Why, 1 to 500 characters.")


@strawberry.input(description="Input of resumeDepartment.")
class ResumeDepartmentInput(DepartmentAction):
    pass


@strawberry.input(description="Input of limitDepartment.")
class LimitDepartmentInput(DepartmentAction):
    in_flight: int | None = strawberry.field(
        default=None, description="How many of its lanes run at once, from 1; missing: as the workers' settings say."
    )


@strawberry.type
class DeliveryMutations:
    """What is done about deliveries; each act stands in the histories of the cases, a limit with the department."""

    @action(RedeliveryPayload)
    async def redeliver_delivery(
        self, info: Info, given: Given[RedeliverDeliveryInput]
    ) -> RedeliveryPayload | AnyProblem:
        """Deliver the head of a lane anew, at once and with all its attempts 重新投递. By the street's dispatcher or the county grid office.

        While its department is paused or left alone after failures it waits; `hold` tells until when.
        """

        def prepare(identifiers: Identifiers) -> Command:
            identifiers.place(given.case_number)
            return lambda tx: lanes.redeliver(tx, given.lane())

        return await perform(info, given, prepare, RedeliveryPayload.of)

    @action(CasePayload)
    async def skip_delivery(self, info: Info, given: Given[SkipDeliveryInput]) -> CasePayload | AnyProblem:
        """Give up the delivery at the head of a lane 跳过投递: the department never hears of it, and the lane goes on.

        By the street's dispatcher or the county grid office.
        """

        def prepare(identifiers: Identifiers) -> Command:
            identifiers.place(given.case_number)
            return lambda tx: lanes.skip(tx, given.lane(), seq=given.seq, reason=given.reason)

        return await perform(info, given, prepare, CasePayload.of)

    @action(DepartmentPayload)
    async def pause_department(self, info: Info, given: Given[PauseDepartmentInput]) -> DepartmentPayload | AnyProblem:
        """Deliver nothing more to a department in the county until it is resumed 暂停投递. By the county grid office."""

        def prepare(identifiers: Identifiers) -> Command:
            identifiers.place(given.county)
            return lambda tx: lanes.pause(tx, given.department, reason=given.reason)

        return await perform(info, given, prepare, DepartmentPayload.of)

    @action(DepartmentPayload)
    async def resume_department(
        self, info: Info, given: Given[ResumeDepartmentInput]
    ) -> DepartmentPayload | AnyProblem:
        """Deliver to a paused department again 恢复投递. By the county grid office."""

        def prepare(identifiers: Identifiers) -> Command:
            identifiers.place(given.county)
            return lambda tx: lanes.resume(tx, given.department)

        return await perform(info, given, prepare, DepartmentPayload.of)

    @action(DepartmentPayload)
    async def limit_department(self, info: Info, given: Given[LimitDepartmentInput]) -> DepartmentPayload | AnyProblem:
        """Say how many of a department's lanes run at once in the county 并发上限. By the county grid office."""

        def prepare(identifiers: Identifiers) -> Command:
            identifiers.place(given.county)
            return lambda tx: lane_limits.limit(tx, given.department, given.in_flight)

        return await perform(info, given, prepare, DepartmentPayload.of)
