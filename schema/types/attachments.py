"""Attachments 附件: what is known of a file (reference C.1.4)."""

from datetime import datetime

import strawberry

from schema.mapping import column, embedded, expression, one, table
from schema.relay import Node
from schema.types.accounts import Account
from schema.types.organizations import Organization
from schema.types.places import GeoPoint
from shaodao.domain.vocabulary import AttachmentKind


@table("attachment", rule="attachment", node=True)
@strawberry.type(description="A file of a case or an assignment.")
class Attachment(Node):
    kind: AttachmentKind = strawberry.field(description="Kind.")
    organization: Organization | None = one(
        on={"code": "organization_code"}, description="The organization that added it."
    )
    name: str | None = column(
        "name",
        visible="attachment_name",
        description="File name; a department does not see the street's and the reporter's in a confidential case.",
    )
    media_type: str = strawberry.field(description="Media type, such as `image/jpeg`.")
    size: float = expression("{t}.size", description="Bytes.")
    sha256: str = strawberry.field(description="SHA-256 of its content, hexadecimal.")
    stored: bool | None = column(
        "stored",
        visible="attachment_file",
        description="Whether the platform holds its bytes, so that `requestDownloads` gives a link to them; null for a viewer to whom "
        "it gives none, as in a confidential case.",
    )
    taken_at: datetime | None = strawberry.field(description="When it was taken 拍摄时间.")
    point: GeoPoint | None = embedded(when="{t}.point IS NOT NULL", description="Where it was taken.")
    uploader: Account | None = one(on={"id": "uploader_id"}, description="Who added it.")
    created_at: datetime = strawberry.field(description="When it was added.")
