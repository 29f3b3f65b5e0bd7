"""Promises 一事一诺 (reference C.1.4, Z-49, B-10): public ones are everybody's, the cases they were made for are not."""

from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

from schema.declarations import Flag, Where
from schema.mapping import column, expression, filtered, one, orderings, table
from schema.relay import Node
from schema.types.accounts import Account
from schema.types.divisions import Division
from schema.types.organizations import Organization
from shaodao.domain.case_vocabulary import PromiseState

if TYPE_CHECKING:
    from schema.types.cases import Case

_OVERDUE = "coalesce({t}.settled_at, {now}) >= (({t}.due_on + 1)::timestamp AT TIME ZONE 'Asia/Shanghai')"
"""Late by the end of its day in Shanghai: now, or when it was settled."""


@table("promise", rule="promise", node=True)
@strawberry.type(
    description="A promise 承诺 made for a case, by a day. Everybody reads the public ones; whoever sees the case, all of its."
)
class Promise(Node):
    case: Annotated["Case", strawberry.lazy("schema.types.cases")] | None = one(
        on={"id": "case_id"}, description="The case that it was made for; null for whoever does not see that."
    )
    street: Division | None = one(on={"code": "street_code"}, description="The street.")
    content: str = strawberry.field(description="What was promised.")
    organization: Organization | None = one(
        on={"code": "organization_code"}, description="The organization that promised; null: the street's side."
    )
    promiser: Account | None = one(
        on={"id": "promiser_id"}, visible="promise_detail", description="Who promised 承诺人, if by an account."
    )
    promiser_name: str | None = column(
        "promiser_name",
        visible="promise_detail",
        description="Name of who promised; not told with a public promise alone.",
    )
    due_on: date = strawberry.field(
        description="The day by which it is to be kept 承诺期限; that day is still on time."
    )
    public: bool = strawberry.field(description="Whether it was made public 公开承诺.")
    published_at: datetime | None = strawberry.field(description="When it was made public.")
    state: PromiseState = strawberry.field(description="State.")
    overdue: bool = expression(_OVERDUE, description="Whether its day has passed, or had when it was settled.")
    overdue_at: datetime | None = strawberry.field(
        description="When its day passed and it was still open, as the clock noted."
    )
    made_at: datetime = strawberry.field(description="When it was made.")
    settled_at: datetime | None = strawberry.field(description="When it was said whether it was kept.")
    settled_by: Account | None = one(on={"id": "settled_by"}, visible="promise_detail", description="Who said so.")
    settle_text: str | None = column(
        "settle_text", visible="promise_detail", description="How it was kept, or why not."
    )
    self_score: int | None = strawberry.field(description="Score from the promiser's side 自评, 0 to 100.")
    citizen_score: int | None = strawberry.field(description="Score from the reporter's side 群众评分, 0 to 100.")


PromiseOrder = orderings(
    "PromiseOrder",
    "Ordering of promises.",
    DUE=[("due_on", "asc")],
    NEWEST=[("made_at", "desc")],
)


@strawberry.input(description="What promises must meet.")
class PromiseFilter:
    states: list[PromiseState] | None = filtered(Where("state", "in"), description="In these states.")
    public: bool | None = filtered(Where("public"), description="Whether they were made public.")
    overdue: bool | None = filtered(
        Flag(_OVERDUE), description="Whether they are late, or were when they were settled."
    )
    street: str | None = filtered(Where("street_code"), description="Code of the street.")
    organization: str | None = filtered(
        Where("organization_code"), description="Code of the organization that promised."
    )
    due_before: date | None = filtered(Where("due_on", "lt"), description="Due before this day.")
