"""Three levels of service centres 三级服务中心 (reference S-17, C.1.1)."""

import strawberry

from schema.mapping import one, table
from schema.relay import Node
from schema.types.divisions import Division
from shaodao.domain.vocabulary import DivisionLevel


@table("service_centre", rule="service_centre", key=("code",), node=True)
@strawberry.type(description="A service centre 服务中心 of a community, a street or a county.")
class ServiceCentre(Node):
    code: str = strawberry.field(description="Code.")
    name: str = strawberry.field(description="Name.")
    level: DivisionLevel = strawberry.field(description="Its level: COMMUNITY, STREET or COUNTY.")
    division: Division | None = one(on={"code": "division_code"}, description="The division that it serves.")
    windows: list[str] = strawberry.field(description="Its windows 窗口.")
