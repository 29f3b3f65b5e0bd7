"""Administrative divisions 行政区划 (reference C.1.1)."""

from datetime import date
from typing import Annotated

import strawberry

from schema.mapping import many, one, table
from schema.relay import Node
from shaodao.domain.vocabulary import DivisionLevel


@table("divisions", rule="shared", shared=True, key=("code",), node=True)
@strawberry.type(description="An administrative division 行政区划, from the province to the community.")
class Division(Node):
    code: str = strawberry.field(description="The twelve digits of the statistical division code 统计用区划代码.")
    name: str = strawberry.field(description="Its name.")
    level: DivisionLevel = strawberry.field(description="Its level.")
    parent: Annotated["Division", strawberry.lazy("schema.types.divisions")] | None = one(
        on={"code": "parent_code"}, description="The division that it belongs to."
    )
    children: list[Annotated["Division", strawberry.lazy("schema.types.divisions")]] = many(
        on={"parent_code": "code"}, order=[("code", "asc")], description="The divisions of the next level."
    )
    edition_year: int = strawberry.field(description="Year of the edition of the codes 版本年份.")
    enabled_on: date | None = strawberry.field(description="Since when the platform is in use there.")
    valid_from: date | None = strawberry.field(description="First day of validity.")
    valid_to: date | None = strawberry.field(description="Last day of validity.")
    merged_into: str | None = strawberry.field(description="Code of the division that it was merged into.")
