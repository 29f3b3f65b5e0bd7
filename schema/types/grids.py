"""Grids 网格 (reference C.1.1)."""

from datetime import date

import strawberry
from strawberry.scalars import JSON

from schema.declarations import Flag, Where
from schema.mapping import column, expression, filtered, one, orderings, table
from schema.relay import Node
from schema.types.accounts import Account
from schema.types.divisions import Division
from schema.types.places import IN_DIVISION
from shaodao.domain.vocabulary import AreaKind, GridKind


@table("grid", rule="grid", key=("code",), node=True)
@strawberry.type(description="A grid 网格: the smallest area, with one grid worker.")
class Grid(Node):
    code: str = strawberry.field(description="Fifteen digits: the community's code and three.")
    name: str = strawberry.field(description="Name.")
    kind: GridKind = strawberry.field(description="Kind.")
    area_kind: AreaKind = strawberry.field(description="Kind of area, which decides the size rule.")
    community: Division | None = one(on={"code": "community_code"}, description="The community 村(社区).")
    street: Division | None = one(on={"code": "street_code"}, description="The street 乡镇(街道).")
    boundary: JSON | None = column("boundary_geojson", description="Boundary as GeoJSON in CGCS2000 (EPSG:4490).")
    household_count: int = strawberry.field(description="Households 户数.")
    person_count: int | None = strawberry.field(description="People 人口数.")
    merchant_count: int | None = strawberry.field(description="Merchants 商户数.")
    vessel_count: int | None = strawberry.field(description="Vessels 船只数.")
    setting_factors: JSON = strawberry.field(
        description="What the grid was cut by: area, people, density, habits 划分因素."
    )
    size_warning: str | None = strawberry.field(
        description="Why its size is unusual 规模提示; a warning, never an error."
    )
    worker: Account | None = one(on={"id": "worker_id"}, description="The grid worker 网格员.")
    chief: Account | None = one(on={"id": "chief_id"}, description="The grid chief 网格长.")
    operation_mode: str | None = strawberry.field(description="Sea grid: fishing method 作业方式.")
    sea_area: str | None = strawberry.field(description="Sea grid: fishing ground 作业海区.")
    fleet_group: str | None = strawberry.field(description="Sea grid: fleet group 生产编组.")
    sea_arrive_minutes: int | None = strawberry.field(description="Sea grid: minutes to arrive, set by distance.")
    valid_from: date | None = strawberry.field(description="First day of validity.")
    valid_to: date | None = strawberry.field(description="Last day of validity.")
    predecessor_codes: list[str] = strawberry.field(description="Codes of the grids that it was made of.")
    in_use: bool = expression(
        "{t}.valid_to IS NULL OR {t}.valid_to >= ({now} AT TIME ZONE 'Asia/Shanghai')::date",
        description="Whether it is valid today.",
    )


GridOrder = orderings("GridOrder", "Ordering of grids.", CODE=[("code", "asc")], NAME=[("name", "asc")])


@strawberry.input(description="What grids must meet.")
class GridFilter:
    division: str | None = filtered(IN_DIVISION, description="Code of a division of any level.")
    kinds: list[GridKind] | None = filtered(Where("kind", "in"), description="Of these kinds.")
    area_kinds: list[AreaKind] | None = filtered(Where("area_kind", "in"), description="Of these kinds of area.")
    unusual_size: bool | None = filtered(
        Flag("{t}.size_warning IS NOT NULL"), description="Whether the size rule warns."
    )
