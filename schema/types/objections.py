"""Dispatch objections 派单异议 (reference C.1.4, C.4): an organization's own, and the street's."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

from schema.mapping import expression, one, table
from schema.relay import Node
from schema.types.accounts import Account
from schema.types.organizations import Organization
from shaodao.domain.case_vocabulary import Approver, Decision
from shaodao.domain.vocabulary import ObjectionReason

if TYPE_CHECKING:
    from schema.types.assignments import Assignment


@table("dispatch_objection", rule="own_assignment", node=True)
@strawberry.type(description="An objection of an organization to an assignment 派单异议, and the ruling.")
class DispatchObjection(Node):
    assignment: Annotated["Assignment", strawberry.lazy("schema.types.assignments")] | None = one(
        on={"id": "assignment_id", "case_id": "case_id"}, description="What it objects to."
    )
    organization: Organization | None = one(on={"code": "organization_code"}, description="Who objects.")
    round: int = strawberry.field(description="Round, from 1; it goes with the part in the case, whoever has that.")
    reason_kind: ObjectionReason = strawberry.field(description="Kind of reason.")
    text: str = strawberry.field(description="The reason in words.")
    evidence: str | None = strawberry.field(description="What proves it 依据.")
    raised_by: Account | None = one(
        on={"id": "raised_by"}, description="Who raised it; null for a department's own system."
    )
    raised_at: datetime = strawberry.field(description="When.")
    arbiter: Approver = strawberry.field(
        description="Who decides it: STREET the first round, COUNTY_GRID_OFFICE later ones."
    )
    decision_due_at: datetime | None = strawberry.field(description="By when it is to be decided, exclusive.")
    overdue: bool = expression(
        "coalesce(coalesce({t}.decided_at, {now}) >= {t}.decision_due_at, false)",
        description="Whether the ruling is late, or was.",
    )
    decision: Decision | None = strawberry.field(description="The ruling; null while it waits.")
    decision_text: str | None = strawberry.field(description="Its reason.")
    decided_by: Account | None = one(on={"id": "decided_by"}, description="Who decided; never who raised it.")
    decided_at: datetime | None = strawberry.field(description="When.")
    reassigned_to: Organization | None = one(
        on={"code": "reassigned_to"}, description="Who took the assignment over, if it was granted 改派."
    )
    rule_proposed: bool = expression(
        "{t}.rule_id IS NOT NULL", description="Whether the ruling was proposed as a routing rule 派单规则."
    )
