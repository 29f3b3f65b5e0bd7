"""Stages that were taken when a limit ran out 督办链 (reference C.1.4 Supervision, C.6)."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

from schema.declarations import Flag, Where
from schema.mapping import filtered, one, orderings, table
from schema.relay import Node
from schema.types.organizations import Organization
from shaodao.domain.vocabulary import ClockKind, EscalationStage, Recipient

if TYPE_CHECKING:
    from schema.types.assignments import Assignment
    from schema.types.cases import Case


@table("supervision", rule="supervision", node=True)
@strawberry.type(
    description="A stage of the time ladder 督办链 that was taken, against whom, and who hears of it (C.6)."
)
class Supervision(Node):
    stage: EscalationStage = strawberry.field(description="The stage.")
    clock: ClockKind | None = strawberry.field(description="Which limit ran out.")
    due_at: datetime | None = strawberry.field(description="When that was due, exclusive.")
    reason: str = strawberry.field(description="Why, as one Chinese sentence.")
    recipients: list[Recipient] = strawberry.field(description="Who hears of it.")
    organization: Organization | None = one(
        on={"code": "organization_code"}, description="Against whom; null: the case's own."
    )
    case: Annotated["Case", strawberry.lazy("schema.types.cases")] | None = one(
        on={"id": "case_id"}, description="The case."
    )
    assignment: Annotated["Assignment", strawberry.lazy("schema.types.assignments")] | None = one(
        on={"id": "assignment_id", "case_id": "case_id"}, description="The assignment, if it is about one."
    )
    issued_at: datetime = strawberry.field(description="When it was taken.")
    late_seconds: int = strawberry.field(
        description="By how many seconds too late it was taken; more than a few only after an outage 补发."
    )
    ended_at: datetime | None = strawberry.field(
        description="When it was over: what was owed came in, or is due later; null while it stands."
    )


SupervisionOrder = orderings(
    "SupervisionOrder",
    "Ordering of stages that were taken.",
    NEWEST=[("issued_at", "desc")],
    OLDEST=[("issued_at", "asc")],
)


@strawberry.input(description="What stages that were taken must meet.")
class SupervisionFilter:
    stages: list[EscalationStage] | None = filtered(
        Where("stage", "in"), description="Of these stages: CIRCULAR is the list of the county 通报名单."
    )
    clocks: list[ClockKind] | None = filtered(Where("clock", "in"), description="By these clocks.")
    organization: str | None = filtered(Where("organization_code"), description="Code of the organization.")
    street: str | None = filtered(Where("street_code"), description="Code of the street.")
    open: bool | None = filtered(Flag("{t}.ended_at IS NULL"), description="Whether it still stands.")
    issued_from: datetime | None = filtered(Where("issued_at", "gte"), description="Taken at this time or later.")
    issued_before: datetime | None = filtered(Where("issued_at", "lt"), description="Taken before this time.")
