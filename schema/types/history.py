"""The history of a case 流转记录 (reference C.1.4): appended to by every step, never changed."""

from datetime import datetime

import strawberry

from schema.mapping import column, expression, one, table
from schema.relay import Node
from schema.types.organizations import Organization
from shaodao.domain.vocabulary import Role


@table("case_event", rule="case_event", key=("case_id", "seq"), node=True)
@strawberry.type(description="A step in the history of a case. A resident sees the public ones.")
class CaseEvent(Node):
    seq: int = strawberry.field(description="Number in the case's history, from 1, without gaps.")
    at: datetime = strawberry.field(description="When.")
    type: str = strawberry.field(
        description="What happened: the mutation's name, or a computed step's, or the clock's."
    )
    text: str = strawberry.field(description="The step as one Chinese sentence: who did what.")
    detail: str | None = column(
        "detail", visible="own_field",
        description="Why and how: reasons, measures, names; for street staff and the organization that it is about.",
    )  # fmt: skip
    public: bool = strawberry.field(description="Whether the reporter may read it.")
    actor_name: str | None = expression(
        # Who reported is told by Case.reporter alone, which knows of confidential cases.
        "CASE {t}.actor_role WHEN 'RESIDENT' THEN '诉求人' ELSE {t}.actor_name END",
        description="Who did it; a resident is named 诉求人.",
    )
    actor_role: Role = strawberry.field(description="In which role.")
    organization: Organization | None = one(
        on={"code": "organization_code"}, description="The organization it is about."
    )
    from_state: str | None = strawberry.field(description="State before.")
    to_state: str | None = strawberry.field(description="State after.")
