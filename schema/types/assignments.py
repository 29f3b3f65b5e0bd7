"""Assignments 报到 (reference C.1.5, C.4): an organization's part in a case, with or without a whistle."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

from schema.actions import assignment_actions
from schema.declarations import Exists, Flag, Where
from schema.mapping import column, derived, embedded, expression, filtered, many, one, orderings, table
from schema.problems import ActionAvailability
from schema.relay import Node
from schema.types.accounts import Account
from schema.types.attachments import Attachment
from schema.types.deadlines import Deadline
from schema.types.deliveries import HAS_DELIVERY, AssignmentDelivery
from schema.types.follow_ups import Evaluation
from schema.types.objections import DispatchObjection
from schema.types.organizations import Organization
from schema.types.places import ArrivalPoint
from schema.types.questions import Question
from schema.types.reports import Report, Verification
from schema.types.supervisions import Supervision
from schema.types.waiting import WaitingOn
from shaodao.commands.facts import ASSIGNMENT_FACTS
from shaodao.domain.vocabulary import AssignmentRole, AssignmentState, EscalationStage

if TYPE_CHECKING:
    from schema.types.cases import Case
    from schema.types.whistles import Whistle

_OPEN = "{t}.state IN ('NOTIFIED', 'ACKNOWLEDGED', 'OBJECTED', 'ARRIVED', 'HANDLING', 'REPORTED', 'RETURNED')"
_OWED_BY_NOW = (
    "(CASE WHEN {t}.state = 'NOTIFIED' THEN {t}.acknowledge_due_at"
    " WHEN {t}.state = 'ACKNOWLEDGED' AND {t}.arrival_required THEN {t}.arrive_due_at"
    " WHEN {t}.state IN ('ACKNOWLEDGED', 'ARRIVED', 'HANDLING', 'RETURNED') THEN {t}.result_due_at END)"
)


@strawberry.type(description="What of an assignment came late. Late is a flag, never a state.")
class LateFlags:
    acknowledge: bool = column("late_acknowledge", description="Acknowledged late 应哨超时.")
    arrive: bool = column("late_arrive", description="Arrived late 到场超时.")
    report: bool = column("late_report", description="Reported late 反馈超时.")
    no_show: bool = column("no_show", description="Did not come 未报到.")


@table("assignment", rule="assignment", node=True)
@strawberry.type(
    description="An organization's part in a case 报到. Another organization sees its name, role and state alone."
)
class Assignment(Node):
    organization: Organization | None = one(on={"code": "organization_code"}, description="The organization.")
    role: AssignmentRole = strawberry.field(description="Its role.")
    state: AssignmentState = strawberry.field(description="Its state.")
    round: int = strawberry.field(description="Round of the case, from 0; a reopened case begins a new one.")
    version: int = strawberry.field(description="Version, for `expectedVersion`.")
    notified_at: datetime = strawberry.field(description="When it was notified.")
    case: Annotated["Case", strawberry.lazy("schema.types.cases")] | None = one(
        on={"id": "case_id"}, description="The case."
    )
    whistle: Annotated["Whistle", strawberry.lazy("schema.types.whistles")] | None = one(
        on={"id": "whistle_id", "case_id": "case_id"}, description="The whistle that it came by, if any."
    )
    outside_duty_list: bool = strawberry.field(
        description="Whether a community's duty list does not hold it, which the street's setting only marks 履职事项清单外."
    )
    duty_basis: str | None = column("duty_basis", visible="own_field", description="Duty that it rests on 职责依据.")
    agent: Account | None = one(on={"id": "agent_id"}, description="The agent 代办人, if it is one's.")
    arrival_required: bool | None = column(
        "arrival_required", visible="own_field", description="Whether somebody must come to the scene."
    )
    evidence_required: bool | None = column(
        "evidence_required",
        visible="own_field",
        description="Whether the result is reported with a photo AFTER 处置后照片.",
    )
    acknowledge_due_at: datetime | None = column(
        "acknowledge_due_at", visible="own_field", description="By when to acknowledge, exclusive."
    )
    acknowledged_at: datetime | None = column(
        "acknowledged_at", visible="own_field", description="When it was acknowledged 应哨."
    )
    acknowledged_for: str | None = column(
        "acknowledged_for",
        visible="own_field",
        description="Whom the dispatcher had phoned, when she signed for it 代签.",
    )
    persons: list[str] | None = column("persons", visible="own_field", description="Whom it sends.")
    arrive_due_at: datetime | None = column(
        "arrive_due_at", visible="own_field", description="By when to arrive, exclusive."
    )
    arrived_at: datetime | None = column("arrived_at", visible="own_field", description="When it arrived 到场.")
    arrival_point: ArrivalPoint | None = embedded(
        when="{t}.arrival_point IS NOT NULL", visible="own_field", description="Where it arrived."
    )
    arrival_proof: str | None = column("arrival_proof", visible="own_field", description="What proves its arrival.")
    started_at: datetime | None = column("started_at", visible="own_field", description="When it began to handle.")
    first_report_due_at: datetime | None = column(
        "first_report_due_at", visible="own_field", description="By when to report first, exclusive."
    )
    result_due_at: datetime | None = column(
        "result_due_at", visible="own_field", description="By when to report the result, exclusive."
    )
    reported_at: datetime | None = column(
        "reported_at", visible="own_field", description="When it reported the result."
    )
    verified_at: datetime | None = column("verified_at", visible="own_field", description="When that was verified.")
    released_at: datetime | None = column("released_at", visible="own_field", description="When it was released 离场.")
    returned_count: int | None = column(
        "returned_count", visible="own_field", description="How often its report was returned 退回次数."
    )
    excuse_reason: str | None = column("excuse_reason", visible="own_field", description="Why it was excused 免予反馈.")
    late: LateFlags | None = embedded(visible="own_field", description="What came late.")
    overdue: bool | None = expression(
        f"coalesce({_OWED_BY_NOW} <= {{now}}, false)",
        visible="own_field",
        description="Whether the step that it owes now is late 超期.",
    )
    reports: list[Report] = many(
        on={"assignment_id": "id", "case_id": "case_id"}, order=[("reported_at", "asc")], description="Its reports."
    )
    verifications: list[Verification] = many(
        on={"assignment_id": "id", "case_id": "case_id"},
        order=[("verified_at", "asc")],
        description="Their verification.",
    )
    questions: list[Question] = many(
        on={"assignment_id": "id", "case_id": "case_id"}, order=[("asked_at", "asc")], description="Its questions."
    )
    directed: bool | None = column(
        "directed",
        visible="own_field",
        description="Whether it stands for good 指定办理: the rounds of objection are used up.",
    )
    objections: list[DispatchObjection] = many(
        on={"assignment_id": "id", "case_id": "case_id"},
        order=[("raised_at", "asc")],
        description="The objections to it 派单异议.",
    )
    evaluations: list[Evaluation] = many(
        on={"assignment_id": "id", "case_id": "case_id"},
        order=[("evaluated_at", "asc")],
        description="Its evaluations.",
    )
    attachments: list[Attachment] = many(
        on={"assignment_id": "id", "case_id": "case_id"}, order=[("created_at", "asc")], description="Its files."
    )
    deadlines: list[Deadline] = many(
        on={"assignment_id": "id", "case_id": "case_id"}, order=[("due_at", "asc")], description="Its clocks."
    )
    delivery: AssignmentDelivery | None = embedded(
        when=HAS_DELIVERY,
        visible="own_field",
        description="How its events were delivered to the department plugin; null: nothing was, it works by hand.",
    )
    supervisions: list[Supervision] = many(
        on={"assignment_id": "id", "case_id": "case_id"},
        order=[("issued_at", "asc")],
        description="The stages that were taken against it 督办链.",
    )
    available_actions: list[ActionAvailability] = derived(
        facts=ASSIGNMENT_FACTS,
        compute=assignment_actions,
        description="What its state knows, and what of it you may do.",
    )
    waiting_on: WaitingOn | None = one(
        on={"subject_id": "id", "case_id": "case_id"}, description="For whom it waits; null when it is over."
    )


AssignmentOrder = orderings(
    "AssignmentOrder",
    "Ordering of assignments.",
    NEWEST=[("notified_at", "desc")],
    OLDEST=[("notified_at", "asc")],
    ACKNOWLEDGE_DUE=[("acknowledge_due_at", "asc", "nullable")],
    ARRIVE_DUE=[("arrive_due_at", "asc", "nullable")],
    RESULT_DUE=[("result_due_at", "asc", "nullable")],
)


@strawberry.input(description="What assignments must meet.")
class AssignmentFilter:
    states: list[AssignmentState] | None = filtered(Where("state", "in"), description="In these states.")
    roles: list[AssignmentRole] | None = filtered(Where("role", "in"), description="In these roles.")
    open: bool | None = filtered(Flag(_OPEN), description="Whether it still owes or awaits a step.")
    overdue: bool | None = filtered(
        Flag(f"{_OWED_BY_NOW} <= {{now}}"), description="Whether the step that it owes now is late."
    )
    by_whistle: bool | None = filtered(Flag("{t}.whistle_id IS NOT NULL"), description="Whether it came by a whistle.")
    due_before: datetime | None = filtered(Where("result_due_at", "lt"), description="Its result is due before this.")
    notified_from: datetime | None = filtered(
        Where("notified_at", "gte"), description="Notified at this time or later."
    )
    escalated: list[EscalationStage] | None = filtered(
        Exists("supervision", {"assignment_id": "id"}, "stage", "in"),
        description="Against which one of these stages was taken 督办、通报、调查督办.",
    )
    case_number: str | None = filtered(Exists("case_file", {"id": "case_id"}, "number"), description="Of this case.")
