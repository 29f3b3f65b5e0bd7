"""Merging 并单, and what an earlier round 重办 found (reference C.1.4 MergeLink, C.3 merge and reopen)."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

from schema.mapping import column, one, table
from schema.relay import Node
from schema.types.accounts import Account
from shaodao.domain.vocabulary import CaseState, CloseKind

if TYPE_CHECKING:
    from schema.types.cases import Case


@table("merge_link", rule="case_detail", node=True)
@strawberry.type(description="That a case was merged into another 并单, and perhaps taken out again.")
class MergeLink(Node):
    case: Annotated["Case", strawberry.lazy("schema.types.cases")] | None = one(
        on={"id": "case_id"}, description="The case that was merged."
    )
    main_case: Annotated["Case", strawberry.lazy("schema.types.cases")] | None = one(
        on={"id": "main_case_id"}, description="The case that it was merged into."
    )
    reason: str = strawberry.field(description="Why.")
    state_before: CaseState = strawberry.field(description="State of the case before it was merged.")
    merged_by: Account | None = one(on={"id": "merged_by"}, description="Who merged it.")
    merged_at: datetime = strawberry.field(description="When.")
    unmerged_by: Account | None = one(on={"id": "unmerged_by"}, description="Who undid it 取消并单.")
    unmerged_at: datetime | None = strawberry.field(description="When it was undone; null while it holds.")
    unmerge_reason: str | None = strawberry.field(description="Why it was undone.")


@table("case_round", rule="case_round", key=("case_id", "round"))
@strawberry.type(description="A round of a case that was reopened 重办: its outcome is kept.")
class CaseRound:
    round: int = strawberry.field(description="The round, from 0.")
    due_at: datetime | None = strawberry.field(description="When it was due, exclusive.")
    handled_at: datetime | None = strawberry.field(description="When the last report came in.")
    closed_at: datetime = strawberry.field(description="When it was closed.")
    closed_by: Account | None = one(on={"id": "closed_by"}, visible="staff_field_of_case", description="Who closed it.")
    close_kind: CloseKind = strawberry.field(description="How it was closed.")
    result_text: str | None = strawberry.field(description="The result as it was told.")
    explanation: str | None = strawberry.field(description="Why it could not be solved, if so.")
    reopened_by: Account | None = one(
        on={"id": "reopened_by"}, visible="staff_field_of_case", description="Who reopened it."
    )
    reopened_at: datetime = strawberry.field(description="When it was reopened.")
    reopen_reason: str | None = column(
        "reopen_reason", visible="staff_field_of_case", description="Why it was reopened."
    )


@table("reporter_case", rule="reporter_case", key=("case_id", "other_id"), view=True)
@strawberry.type(description="Another case of the same reporter 诉求人.")
class ReporterCase:
    case: Annotated["Case", strawberry.lazy("schema.types.cases")] | None = one(
        on={"id": "other_id"}, description="The other case."
    )
    registered_at: datetime = strawberry.field(description="When it was registered.")
    same_phone: bool = strawberry.field(description="Whether the phone is the same.")
    same_person: bool = strawberry.field(description="Whether it is the same person of the register.")
