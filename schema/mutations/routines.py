"""The mutation of work that the calendar brings 例行工作."""

import strawberry

from schema.mutations.base import Given, Info, KeyedInput, action, perform, prepared
from schema.mutations.payloads import RoutinePayload
from schema.problems import AnyProblem
from shaodao.commands import routines


@strawberry.input(description="Input of recordRoutine.")
class RecordRoutineInput(KeyedInput):
    routine_id: strawberry.ID = strawberry.field(description="Global identifier of the routine.")
    text: str = strawberry.field(description="What was done, 1 to 2,000 characters.")


@strawberry.type
class RoutineMutations:
    """The action on what the calendar brings."""

    @action(RoutinePayload)
    async def record_routine(self, info: Info, given: Given[RecordRoutineInput]) -> RoutinePayload | AnyProblem:
        """Record a night of visits, a meeting, a notice or a review as done 记录例行工作, once. By whose task it is, or the dispatcher."""
        key = ("routineId", given.routine_id, "Routine")
        return await perform(info, given, prepared(key, routines.record_routine, given.text), RoutinePayload.of)
