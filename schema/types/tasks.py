"""Tasks 待办: what waits for the viewer."""

from datetime import datetime

import strawberry

from schema.declarations import Where
from schema.enumerations import TaskAction
from schema.mapping import expression, filtered, one, orderings, table
from schema.types.assignments import Assignment
from schema.types.cases import Case
from schema.types.organizations import Organization
from schema.types.routines import Routine
from schema.types.whistles import Whistle

MAY = (
    "({t}.ranks IS NULL OR {t}.ranks && {ranks}) AND ({t}.holder_id IS NULL OR {t}.holder_id = {account})"
    " AND ({account} = ANY({t}.barred)) IS NOT TRUE"
)
"""Of a role's tasks those that this very viewer may do: by rank, by name, and without a part that forbids it."""


@table("task", rule="task", view=True)
@strawberry.type(description="Something that waits for the viewer 待办.")
class Task:
    action: TaskAction = strawberry.field(description="What is to be done.")
    case: Case | None = one(on={"id": "case_id"}, description="The case.")
    whistle: Whistle | None = one(
        on={"id": "whistle_id", "case_id": "case_id"}, description="The whistle, if it is about one."
    )
    assignment: Assignment | None = one(
        on={"id": "assignment_id", "case_id": "case_id"}, description="The assignment, if it is about one."
    )
    organization: Organization | None = one(
        on={"code": "organization_code"}, description="The organization that the assignment is of."
    )
    routine: Routine | None = one(on={"id": "routine_id"}, description="What the calendar brought, if it is that.")
    since: datetime = strawberry.field(description="Since when it waits.")
    due_at: datetime | None = strawberry.field(description="By when it is to be done, exclusive.")
    overdue: bool = expression("coalesce({t}.due_at <= {now}, false)", description="Whether that has passed.")


TaskOrder = orderings(
    "TaskOrder",
    "Ordering of tasks.",
    OLDEST=[("since", "asc")],
    DUE=[("due_at", "asc", "nullable")],
    NEWEST=[("since", "desc")],
)


@strawberry.input(description="What tasks must meet.")
class TaskFilter:
    actions: list[TaskAction] | None = filtered(Where("action", "in"), description="Of these actions.")
    due_before: datetime | None = filtered(Where("due_at", "lt"), description="Due before this time.")
