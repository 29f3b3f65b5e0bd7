"""Accounts 工作人员 (reference C.1.2)."""

import strawberry

from schema.mapping import column, one, table
from schema.relay import Node
from schema.types.organizations import Organization


@table("accounts", rule="shared", shared=True, node=True)
@strawberry.type(description="An account of a member of staff 工作人员.")
class Account(Node):
    name: str = strawberry.field(description="Name.")
    label: str | None = strawberry.field(description="Post, such as 专职网格员.")
    organization: Organization | None = one(on={"code": "organization_code"}, description="Where they work.")
    login: str | None = column("login", visible="staff_only", description="Login; for staff only.")
    work_phone: str | None = column(
        "work_phone", visible="staff_only", description="Work phone 工作电话; for staff only."
    )
    enabled: bool = strawberry.field(description="Whether the account is in use.")
