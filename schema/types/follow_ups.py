"""Follow-up calls 回访 and evaluations 评价 (reference C.1.4, C.4)."""

from datetime import datetime

import strawberry

from schema.mapping import column, expression, one, table
from schema.relay import Node
from schema.types.accounts import Account
from schema.types.organizations import Organization
from shaodao.domain.case_vocabulary import Decision, ExclusionReason, ReviewDecision
from shaodao.domain.vocabulary import EvaluatorKind, Satisfaction, SolvedLevel


@table("follow_up", rule="follow_up", node=True)
@strawberry.type(description="A follow-up call 回访 with the reporter.")
class FollowUp(Node):
    round: int = strawberry.field(description="Round of the case, from 0.")
    caller: Account | None = one(on={"id": "caller_id"}, description="Who called; neither handler nor verifier.")
    channel: str = strawberry.field(description="How the reporter was contacted, such as 电话.")
    called_at: datetime = strawberry.field(description="When.")
    contacted: bool = strawberry.field(description="Whether the reporter was reached 接通.")
    responded: bool | None = strawberry.field(description="Whether somebody had been in touch in time 响应.")
    solved: SolvedLevel | None = strawberry.field(description="Whether it is solved 解决.")
    satisfaction: Satisfaction | None = strawberry.field(description="Satisfaction 满意.")
    comment: str | None = strawberry.field(description="What the reporter said.")
    valid: bool = expression(
        "{t}.contacted AND NOT {t}.excluded AND {t}.solved IS NOT NULL",
        description="Whether it counts in the rates 有效回访 (C.8): reached, asked whether it is solved, not excluded.",
    )
    excluded: bool = strawberry.field(
        description="Whether it is left out of the rates 剔除; that takes two people (B.2)."
    )
    exclusion_kind: ExclusionReason | None = column(
        "exclusion_kind",
        visible="staff_field_of_case",
        description="On which ground it is, or is proposed to be, left out.",
    )
    exclusion_reason: str | None = column("exclusion_reason", visible="staff_field_of_case", description="Why.")
    exclusion_evidence: str | None = column(
        "exclusion_evidence", visible="staff_field_of_case", description="What proves it."
    )
    exclusion_proposed_by: Account | None = one(
        on={"id": "exclusion_proposed_by"}, visible="staff_field_of_case", description="Who proposed to leave it out."
    )
    exclusion_proposed_at: datetime | None = column(
        "exclusion_proposed_at", visible="staff_field_of_case", description="When."
    )
    exclusion_decided_by: Account | None = one(
        on={"id": "exclusion_decided_by"},
        visible="staff_field_of_case",
        description="The other person, who decided it last.",
    )
    exclusion_decided_at: datetime | None = column(
        "exclusion_decided_at", visible="staff_field_of_case", description="When another person last decided on that."
    )
    review_decision: ReviewDecision | None = column(
        "review_decision", visible="staff_field_of_case", description="What the review 复核 decided."
    )
    review_reason: str | None = column("review_reason", visible="staff_field_of_case", description="Why.")
    reviewed_by: Account | None = one(
        on={"id": "reviewed_by"}, visible="staff_field_of_case", description="The leader who reviewed it."
    )
    reviewed_at: datetime | None = column("reviewed_at", visible="staff_field_of_case", description="When.")


@table("evaluation", rule="own_assignment", node=True)
@strawberry.type(
    description="An evaluation 评价: the street of a department, the county of a whistle, a resident of a result."
)
class Evaluation(Node):
    evaluator_kind: EvaluatorKind = strawberry.field(description="Who evaluates what.")
    organization: Organization | None = one(on={"code": "organization_code"}, description="The organization evaluated.")
    evaluator: Account | None = one(on={"id": "evaluator_id"}, description="Who.")
    report_in_score: int | None = strawberry.field(description="Score for reporting in 报到效率, 0 to 100.")
    handling_score: int | None = strawberry.field(description="Score for handling 办理情况, 0 to 100.")
    result_score: int | None = strawberry.field(description="Score for the result 结果满意度, 0 to 100.")
    score: int | None = strawberry.field(description="Score as a whole, 0 to 100.")
    proper: bool | None = strawberry.field(description="Whether the whistle was proper 哨是否恰当.")
    completeness_score: int | None = strawberry.field(description="How complete the whistle was 要素完整, 0 to 100.")
    timeliness_score: int | None = strawberry.field(description="How soon the street verified 核查及时, 0 to 100.")
    satisfaction: Satisfaction | None = strawberry.field(description="The resident's satisfaction.")
    comment: str | None = strawberry.field(description="Comment.")
    evaluated_at: datetime = strawberry.field(description="When.")
    objected_by: Account | None = one(on={"id": "objected_by"}, description="Who objected to it 评价异议.")
    objected_at: datetime | None = strawberry.field(description="When.")
    objection_text: str | None = strawberry.field(description="Why.")
    objection_decision: Decision | None = strawberry.field(description="What came of the objection; null: it waits.")
    objection_decided_by: Account | None = one(on={"id": "objection_decided_by"}, description="Who decided.")
    objection_decided_at: datetime | None = strawberry.field(description="When.")
    objection_decision_text: str | None = strawberry.field(description="Why.")
    corrected_report_in_score: int | None = strawberry.field(
        description="Score for reporting in as corrected upon the objection; the original stays beside it."
    )
    corrected_handling_score: int | None = strawberry.field(description="Score for handling as corrected.")
    corrected_result_score: int | None = strawberry.field(description="Score for the result as corrected.")
    corrected_score: int | None = strawberry.field(description="Score as a whole as corrected.")
    corrected_proper: bool | None = strawberry.field(description="Whether the whistle was proper, as corrected.")
    corrected_completeness_score: int | None = strawberry.field(description="Completeness as corrected.")
    corrected_timeliness_score: int | None = strawberry.field(description="Timeliness as corrected.")
