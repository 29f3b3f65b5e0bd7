"""Messages 告知 to reporters and to duty phones (reference C.3)."""

from datetime import datetime

import strawberry

from schema.mapping import column, one, table
from schema.relay import Node
from schema.types.organizations import Organization
from shaodao.domain.vocabulary import MessageKind, MessageState


@table("message", rule="message", node=True)
@strawberry.type(description="A message that stands on the case with its state.")
class Message(Node):
    kind: MessageKind = strawberry.field(description="Kind.")
    organization: Organization | None = one(
        on={"code": "organization_code"}, description="Whose duty phone it goes to; null: the reporter."
    )
    recipient: str = column("recipient_masked", description="Phone it goes to, masked.")
    text: str = strawberry.field(description="What it says.")
    state: MessageState = strawberry.field(description="State.")
    attempts: int = strawberry.field(description="How often it was tried.")
    last_error: str | None = column("last_error", visible="staff_field_of_case", description="Why the last try failed.")
    created_at: datetime = strawberry.field(description="When it was written.")
    sent_at: datetime | None = strawberry.field(description="When it was sent.")
