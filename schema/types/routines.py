"""Work that the calendar brings 例行工作: night visits, meetings, the notice's window, reviews (Z-28, J-11, J-15, C.5 rule 6)."""

from datetime import datetime

import strawberry

from schema.declarations import Flag, Where
from schema.mapping import expression, filtered, one, orderings, table
from schema.relay import Node
from schema.types.accounts import Account
from schema.types.divisions import Division
from schema.types.grids import Grid
from shaodao.domain.vocabulary import Role

_MISSED = "{t}.done_at IS NULL AND {t}.due_at <= {now}"


@table("routine", rule="routine", node=True)
@strawberry.type(
    description="An occurrence of work that the calendar brings 例行工作, in one area; the rulebook names its days."
)
class Routine(Node):
    name: str = strawberry.field(
        description="What it is, as the rulebook calls it: `night_visit`, `monthly_notice` and so on."
    )
    title: str = strawberry.field(description="The same for people, such as 驻夜走访.")
    roles: list[Role] = strawberry.field(description="Whose task it is.")
    street: Division | None = one(on={"code": "street_code"}, description="The street.")
    community: Division | None = one(
        on={"code": "community_code"}, description="The community, unless it is a street's."
    )
    grid: Grid | None = one(on={"code": "grid_code"}, description="The grid, if it is a grid's.")
    records: int | None = strawberry.field(
        description="How many care records 关爱标签 are to be looked at again, if it is that."
    )
    begins_at: datetime = strawberry.field(description="From when.")
    due_at: datetime = strawberry.field(description="Until when, exclusive.")
    opened_at: datetime = strawberry.field(description="When the platform opened it.")
    late_seconds: int = strawberry.field(
        description="How long after its beginning that was, in seconds; much only after an outage 补发, or when the platform was new."
    )
    done_at: datetime | None = strawberry.field(description="When it was recorded as done.")
    done_by: Account | None = one(on={"id": "done_by"}, description="Who recorded it.")
    done_text: str | None = strawberry.field(description="What was done.")
    missed: bool = expression(f"({_MISSED})", description="Whether its time has passed and nothing was recorded.")


RoutineOrder = orderings(
    "RoutineOrder",
    "Ordering of work that the calendar brings.",
    NEWEST=[("begins_at", "desc")],
    OLDEST=[("begins_at", "asc")],
)


@strawberry.input(description="What work that the calendar brings must meet.")
class RoutineFilter:
    names: list[str] | None = filtered(Where("name", "in"), description="Of these names.")
    street: str | None = filtered(Where("street_code"), description="Code of the street.")
    grid: str | None = filtered(Where("grid_code"), description="Code of the grid.")
    done: bool | None = filtered(Flag("{t}.done_at IS NOT NULL"), description="Whether it was recorded.")
    missed: bool | None = filtered(Flag(_MISSED), description="Whether it was missed (J-15, 夜访完成率).")
    begins_from: datetime | None = filtered(Where("begins_at", "gte"), description="Beginning at this time or later.")
    begins_before: datetime | None = filtered(Where("begins_at", "lt"), description="Beginning before this time.")
