"""For whom something waits, and what may be done with it now."""

from datetime import datetime

import strawberry

from schema.mapping import expression, one, table
from schema.types.organizations import Organization


@table("waiting", rule="whistle", key=("subject_id",), view=True)
@strawberry.type(description="The organization that a case, a whistle or an assignment waits for 等待单位.")
class WaitingOn:
    organization: Organization | None = one(on={"code": "organization_code"}, description="The organization.")
    duty_phone: str | None = expression(
        "(SELECT o.duty_phone FROM organizations o WHERE o.code = {t}.organization_code)",
        visible="staff_only",
        description="Its duty phone 值班电话; for staff only.",
    )
    since: datetime = strawberry.field(description="Since when it is waited for.")
