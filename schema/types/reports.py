"""Reports 反馈 and their verification 核查 (reference C.1.5, C.4): seen by the street and by the organization itself."""

from datetime import datetime

import strawberry
from strawberry.scalars import JSON

from schema.mapping import one, table
from schema.relay import Node
from schema.types.accounts import Account
from schema.types.organizations import Organization
from shaodao.domain.vocabulary import ReportKind, ReportResult, VerificationMethod


@table("report", rule="own_assignment", node=True)
@strawberry.type(description="A report of an organization: the four elements, and the fields of its department's form.")
class Report(Node):
    kind: ReportKind = strawberry.field(description="Kind.")
    organization: Organization | None = one(on={"code": "organization_code"}, description="Who reports.")
    accepted_at: datetime | None = strawberry.field(description="When it took the matter up 受理时间.")
    talked_with: str | None = strawberry.field(description="With whom it talked 与谁沟通.")
    measures: str = strawberry.field(description="What it did 解决措施.")
    solve_by: datetime | None = strawberry.field(description="By when it will be solved 解决时限.")
    result: ReportResult | None = strawberry.field(description="The result; null in a progress report.")
    explanation: str | None = strawberry.field(description="Why it cannot be solved 情况说明.")
    fields: JSON = strawberry.field(
        description="Fields of the department's form; its schema is `Department.reportForm`."
    )
    reported_by: Account | None = one(on={"id": "reported_by"}, description="Who wrote it.")
    reported_at: datetime = strawberry.field(description="When.")


@table("verification", rule="own_assignment", node=True)
@strawberry.type(description="A verification 核查 by somebody else than the handlers.")
class Verification(Node):
    organization: Organization | None = one(on={"code": "organization_code"}, description="Whose report was verified.")
    verifier: Account | None = one(on={"id": "verifier_id"}, description="Who verified.")
    field_check: bool = strawberry.field(description="Whether it is a grid worker's check on the scene 现场核查.")
    method: VerificationMethod = strawberry.field(description="How.")
    passed: bool = strawberry.field(description="Whether it passed.")
    text: str = strawberry.field(description="What was found.")
    verified_at: datetime = strawberry.field(description="When.")
