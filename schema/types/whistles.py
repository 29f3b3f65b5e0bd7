"""Whistles 哨 (reference C.1.5, C.4)."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

from schema.actions import whistle_actions
from schema.declarations import Exists, Flag, Where
from schema.mapping import column, derived, filtered, many, one, orderings, table
from schema.problems import ActionAvailability
from schema.relay import Node
from schema.types.accounts import Account
from schema.types.assignments import Assignment
from schema.types.cross_area import CrossAreaLink
from schema.types.deadlines import Deadline
from schema.types.divisions import Division
from schema.types.follow_ups import Evaluation
from schema.types.meetings import Meeting
from schema.types.organizations import Organization
from schema.types.places import IN_DIVISION
from schema.types.waiting import WaitingOn
from schema.types.whistle_list import WhistleListItem
from shaodao.commands.facts import WHISTLE_FACTS
from shaodao.domain.vocabulary import AssignmentRole, SolvingLevel, WhistleKind, WhistleReason, WhistleState

if TYPE_CHECKING:
    from schema.types.cases import Case

_OPEN = "{t}.state IN ('DRAFTED', 'PENDING_APPROVAL', 'BLOWN', 'GATHERING', 'HANDLING', 'REPORTED', 'VERIFIED')"


@table("whistle_party", rule="whistle", key=("whistle_id", "organization_code"))
@strawberry.type(
    description="An organization that the whistle names; it becomes an assignment when the whistle is blown."
)
class WhistleParty:
    organization: Organization | None = one(on={"code": "organization_code"}, description="The organization.")
    role: AssignmentRole = strawberry.field(description="Its role.")


@table("whistle", rule="whistle", node=True)
@strawberry.type(description="A whistle 哨: the street calls departments to a case that it cannot solve alone.")
class Whistle(Node):
    number: str = strawberry.field(description="Number.")
    case: Annotated["Case", strawberry.lazy("schema.types.cases")] | None = one(
        on={"id": "case_id"}, description="The case."
    )
    kind: WhistleKind = strawberry.field(description="Kind.")
    reason_kind: WhistleReason = strawberry.field(description="Why the street cannot solve it alone.")
    reason: str = strawberry.field(description="The reason in words 吹哨事由.")
    self_effort: str | None = column(
        "self_effort",
        visible="whistle_draft",
        description="What the street did itself 街道已做工作; not for departments, but for the one whose whistle it is.",
    )
    duty_basis: str | None = strawberry.field(description="Duties that it rests on 职责依据.")
    place: str | None = strawberry.field(description="Where to gather 集结地点.")
    assemble_at: datetime | None = strawberry.field(description="When to gather 集结时间.")
    remote_allowed: bool = strawberry.field(description="Whether handling from afar counts as arrived.")
    complex: bool = strawberry.field(description="Whether the longer limit for the result holds 复杂.")
    plan_until: datetime | None = strawberry.field(
        description="By when the plan of a CAMPAIGN or CROSS_AREA whistle expects the result."
    )
    list_item: WhistleListItem | None = one(
        on={"code": "list_item_code"}, description="Item of the list of admissible whistles 吹哨事项清单 that holds it."
    )
    off_list: bool = strawberry.field(
        description="Whether no item of that list holds it 清单外: the approver looks twice."
    )
    drafted_for: Organization | None = one(
        on={"code": "drafted_for"},
        description="Whose whistle it is, for a DEPARTMENT whistle 部门哨; null: the street's.",
    )
    partner_street: Division | None = one(
        on={"code": "partner_street_code"},
        description="Street of another county that a CROSS_AREA whistle is blown with.",
    )
    cross_area_link: CrossAreaLink | None = one(
        on={"whistle_id": "id", "case_id": "case_id"}, description="How that street stands, once it was invited."
    )
    state: WhistleState = strawberry.field(description="State.")
    level: SolvingLevel = strawberry.field(description="Level on which it stands; escalating 提级 raises it.")
    template_code: str | None = strawberry.field(description="Template of the emergency that named the departments.")
    version: int = strawberry.field(description="Version, for `expectedVersion`.")
    drafted_by: Account | None = one(on={"id": "drafted_by"}, description="Who drafted it 起草人.")
    drafted_at: datetime = strawberry.field(description="When.")
    submitted_at: datetime | None = strawberry.field(description="When it was submitted 报批.")
    decided_by: Account | None = one(on={"id": "decided_by"}, description="Who decided 审批人.")
    decided_at: datetime | None = strawberry.field(description="When.")
    decision_text: str | None = column(
        "decision_text",
        visible="whistle_draft",
        description="What they said 审批意见; not for departments, but for the one whose whistle it is.",
    )
    blown_by: Account | None = one(on={"id": "blown_by"}, description="Who blew it.")
    blown_at: datetime | None = strawberry.field(description="When.")
    confirmed_by: Account | None = one(on={"id": "confirmed_by"}, description="Who confirmed an emergency 补批人.")
    confirmed_at: datetime | None = strawberry.field(description="When.")
    gathered_at: datetime | None = strawberry.field(description="When the first organization arrived.")
    reported_at: datetime | None = strawberry.field(description="When every report was in.")
    verified_at: datetime | None = strawberry.field(description="When every report was verified.")
    closed_by: Account | None = one(on={"id": "closed_by"}, description="Who closed it 消哨人.")
    closed_at: datetime | None = strawberry.field(description="When.")
    close_text: str | None = strawberry.field(description="What came of it 消哨说明.")
    withdrawn_at: datetime | None = strawberry.field(description="When it was withdrawn 撤哨.")
    withdraw_reason: str | None = strawberry.field(description="Why.")
    parties: list[WhistleParty] = many(
        on={"whistle_id": "id", "case_id": "case_id"},
        order=[("role", "desc"), ("organization_code", "asc")],
        description="The organizations that the draft names.",
    )
    assignments: list[Assignment] = many(
        on={"whistle_id": "id", "case_id": "case_id"}, order=[("notified_at", "asc")], description="Its assignments."
    )
    meetings: list[Meeting] = many(
        on={"whistle_id": "id", "case_id": "case_id"},
        order=[("called_at", "asc")],
        description="Its joint meetings 联席会议.",
    )
    escalate_reason: str | None = column(
        "escalate_reason", visible="staff_field_of_case", description="Why it was escalated 提级; not for departments."
    )
    evaluations: list[Evaluation] = many(
        on={"whistle_id": "id", "case_id": "case_id"},
        order=[("evaluated_at", "asc")],
        description="Its evaluations 双评价.",
    )
    deadlines: list[Deadline] = many(
        on={"whistle_id": "id", "case_id": "case_id"}, order=[("due_at", "asc")], description="Its clocks."
    )
    available_actions: list[ActionAvailability] = derived(
        facts=WHISTLE_FACTS, compute=whistle_actions, description="What its state knows, and what of it you may do."
    )
    waiting_on: WaitingOn | None = one(
        on={"subject_id": "id", "case_id": "case_id"}, description="For whom it waits; null when it is over."
    )


WhistleOrder = orderings(
    "WhistleOrder",
    "Ordering of whistles.",
    NEWEST=[("drafted_at", "desc")],
    OLDEST=[("drafted_at", "asc")],
    BLOWN=[("blown_at", "desc", "nullable")],
)


@strawberry.input(description="What whistles must meet.")
class WhistleFilter:
    states: list[WhistleState] | None = filtered(Where("state", "in"), description="In these states.")
    kinds: list[WhistleKind] | None = filtered(Where("kind", "in"), description="Of these kinds.")
    open: bool | None = filtered(Flag(_OPEN), description="Whether it is drafted, waits, or is in the field.")
    division: str | None = filtered(IN_DIVISION, description="Code of a division of any level.")
    grid: str | None = filtered(Where("grid_code"), description="Code of a grid.")
    organization: str | None = filtered(
        Exists("assignment", {"whistle_id": "id", "case_id": "case_id"}, "organization_code"),
        description="Code of an organization that it called.",
    )
    off_list: bool | None = filtered(Flag("{t}.off_list"), description="Whether its matter is not on the list 清单外.")
    unconfirmed: bool | None = filtered(
        Flag("{t}.kind = 'EMERGENCY' AND {t}.blown_at IS NOT NULL AND {t}.confirmed_at IS NULL"),
        description="An emergency that no leader has confirmed.",
    )
    blown_from: datetime | None = filtered(Where("blown_at", "gte"), description="Blown at this time or later.")
    blown_before: datetime | None = filtered(Where("blown_at", "lt"), description="Blown before this time.")
