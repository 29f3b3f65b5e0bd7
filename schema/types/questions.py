"""Questions of an organization to the street 补充信息 (reference C.4)."""

from datetime import datetime

import strawberry

from schema.mapping import one, table
from schema.relay import Node
from schema.types.accounts import Account
from schema.types.organizations import Organization


@table("question", rule="own_assignment", node=True)
@strawberry.type(description="A question of an organization, and the street's answer.")
class Question(Node):
    organization: Organization | None = one(on={"code": "organization_code"}, description="Who asks.")
    asked_by: Account | None = one(on={"id": "asked_by"}, description="The person who asked.")
    asked_at: datetime = strawberry.field(description="When it was asked.")
    text: str = strawberry.field(description="The question.")
    answered_by: Account | None = one(on={"id": "answered_by"}, description="Who answered.")
    answered_at: datetime | None = strawberry.field(description="When it was answered.")
    answer: str | None = strawberry.field(description="The answer.")
