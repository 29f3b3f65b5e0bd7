"""Organizations 单位: departments, street offices, communities, property companies, utilities (reference C.1.1)."""

from datetime import datetime
from typing import Annotated

import strawberry
from strawberry.scalars import JSON

from schema.mapping import column, many, one, table
from schema.relay import Node
from schema.types.divisions import Division
from shaodao.domain.vocabulary import OrgKind


@table("organizations", rule="shared", shared=True, key=("code",), node=True)
@strawberry.type(description="An organization 单位 that cases are dispatched to or that belongs to the street.")
class Organization(Node):
    code: str = strawberry.field(description="Short code, such as `CG`.")
    name: str = strawberry.field(description="Full name.")
    short_name: str | None = strawberry.field(description="Short name 简称.")
    kind: OrgKind = strawberry.field(description="Kind.")
    level: str = strawberry.field(description="Level that it stands on, such as `COUNTY` or `CITY_VERTICAL`.")
    uscc: str | None = strawberry.field(description="Unified social credit code 统一社会信用代码.")
    division: Division | None = one(on={"code": "division_code"}, description="The division that it serves.")
    parent: Annotated["Organization", strawberry.lazy("schema.types.organizations")] | None = one(
        on={"code": "parent_code"}, description="The organization above it."
    )
    duty_phone: str | None = column(
        "duty_phone", visible="staff_only", description="Phone of the officer on duty 值班电话; for staff only."
    )
    is_vertical: bool = strawberry.field(description="Whether it is managed from above the county 垂直管理.")
    department: Annotated["Department", strawberry.lazy("schema.types.organizations")] | None = one(
        on={"name": "department"}, description="The plugin that serves it; null: it works by hand in the API."
    )


@table("departments", rule="staff_only", shared=True, key=("name",), node=True)
@strawberry.type(description="A department plugin 部门插件 as it was registered.")
class Department(Node):
    name: str = strawberry.field(description="Name of the plugin, such as `urban_management`.")
    title: str = strawberry.field(description="Its Chinese title.")
    version: str = strawberry.field(description="Its version.")
    organizations: list[Organization] = many(
        on={"department": "name"}, order=[("code", "asc")], description="The organizations that it serves."
    )
    declaration: JSON = strawberry.field(
        description="What it answers for: whistle kinds, categories, divisions, roles."
    )
    report_form: JSON = column("form", description="JSON Schema of its report form 反馈表单, with Chinese titles.")
    registered_at: datetime = strawberry.field(description="When it was registered.")
