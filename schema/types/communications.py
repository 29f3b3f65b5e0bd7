"""What was said to the reporter 沟通记录 (reference C.1.4, J-21, S-18)."""

from datetime import datetime

import strawberry

from schema.mapping import one, table
from schema.relay import Node
from schema.types.accounts import Account
from schema.types.organizations import Organization
from shaodao.domain.case_vocabulary import CommunicationKind


@table("communication", rule="communication", node=True)
@strawberry.type(
    description="A contact with the reporter 沟通记录; the reporter reads all of them, a department its own."
)
class Communication(Node):
    kind: CommunicationKind = strawberry.field(description="What the reporter was told.")
    channel: str | None = strawberry.field(description="How they were reached, such as 电话.")
    text: str = strawberry.field(description="What was said.")
    organization: Organization | None = one(
        on={"code": "organization_code"}, description="The department that was in touch; null: the street."
    )
    by: Account | None = one(on={"id": "by_id"}, description="Who was in touch.")
    at: datetime = strawberry.field(description="When.")
