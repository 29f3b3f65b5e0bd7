"""Follow-up calls 回访 and evaluations 评价 (reference C.1.4, C.4)."""

from datetime import datetime

import strawberry

from schema.mapping import one, table
from schema.relay import Node
from schema.types.accounts import Account
from schema.types.organizations import Organization
from shaodao.domain.vocabulary import Channel, EvaluatorKind, Satisfaction, SolvedLevel


@table("follow_up", rule="follow_up", node=True)
@strawberry.type(description="A follow-up call 回访 with the reporter.")
class FollowUp(Node):
    round: int = strawberry.field(description="Round of the case, from 0.")
    caller: Account | None = one(on={"id": "caller_id"}, description="Who called; neither handler nor verifier.")
    channel: Channel = strawberry.field(description="Channel.")
    called_at: datetime = strawberry.field(description="When.")
    contacted: bool = strawberry.field(description="Whether the reporter was reached 接通.")
    responded: bool | None = strawberry.field(description="Whether somebody had been in touch in time 响应.")
    solved: SolvedLevel | None = strawberry.field(description="Whether it is solved 解决.")
    satisfaction: Satisfaction | None = strawberry.field(description="Satisfaction 满意.")
    comment: str | None = strawberry.field(description="What the reporter said.")
    excluded: bool = strawberry.field(description="Whether it is left out of the rates.")
    exclusion_reason: str | None = strawberry.field(description="Why.")


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
    satisfaction: Satisfaction | None = strawberry.field(description="The resident's satisfaction.")
    comment: str | None = strawberry.field(description="Comment.")
    evaluated_at: datetime = strawberry.field(description="When.")
