"""Joint whistles of two counties 跨区联合哨 as one of them sees the other (reference B.1, C.2.3)."""

from datetime import datetime

import strawberry

from schema.mapping import one, table
from schema.relay import Node
from schema.types.divisions import Division
from shaodao.domain.case_vocabulary import LinkDirection
from shaodao.domain.vocabulary import CaseState, WhistleState


@table("cross_area_link", rule="case_detail", node=True)
@strawberry.type(
    description="The other county's side of a joint whistle 跨区联合哨. Each county has its own case and whistle, with its own "
    "departments, approval and states, and knows of the other what stands here; it is told within seconds."
)
class CrossAreaLink(Node):
    direction: LinkDirection = strawberry.field(description="Whether this street invited, or was invited.")
    partner_street: Division | None = one(on={"code": "partner_street_code"}, description="The other street.")
    partner_case_number: str | None = strawberry.field(description="Number of its case; null: it has not heard yet.")
    partner_case_state: CaseState | None = strawberry.field(description="State of its case.")
    partner_number: str | None = strawberry.field(description="Number of its whistle; null: none was drafted yet.")
    partner_state: WhistleState | None = strawberry.field(description="State of its whistle.")
    partner_at: datetime | None = strawberry.field(description="When this was last told.")
    linked_at: datetime = strawberry.field(description="When the link was made.")
