"""objectionCounts: how often organizations objected to their assignments 派单异议, and what came of it."""

from datetime import date
from typing import Annotated

import strawberry

from schema.database import borrowed
from schema.declarations import StoredRef
from schema.errors import invalid_input
from schema.mapping import stored
from schema.routing import Info
from schema.types.organizations import Organization
from shaodao.commands.objection_counts import Objections, objections_by_organization
from shaodao.domain.permissions import Viewer
from shaodao.domain.vocabulary import Role

_COUNTING = (Role.STREET_DISPATCHER, Role.STREET_LEADER, Role.COUNTY_GRID_OFFICE)
"""Who is told how the organizations behave: whoever decides their objections."""


@strawberry.type(description="What became of an organization's objections 派单异议.")
class ObjectionCount:
    organization: Organization | None = stored(description="The organization.")
    raised: int = strawberry.field(description="How many it raised.")
    granted: int = strawberry.field(description="How many were granted: the assignment went to another.")
    refused: int = strawberry.field(description="How many were refused.")
    waiting: int = strawberry.field(description="How many wait for their ruling.")
    decided_late: int = strawberry.field(description="How many were decided after their time, or wait beyond it.")


async def objection_counts_of(
    info: Info,
    division: Annotated[str, strawberry.argument(description="Code of a division of any level, or of a grid.")],
    first_day: Annotated[date, strawberry.argument(description="The first day, as raised.")],
    last_day: Annotated[date, strawberry.argument(description="The last day, itself included.")],
) -> list[ObjectionCount]:
    """The counts, most first. Raises ClientError for what is no division's code, or days in the wrong order."""
    if len(division) not in (12, 15) or not (division.isascii() and division.isdigit()):
        raise invalid_input("division", "须为区划代码或网格代码", "must be the code of a division or a grid")
    if last_day < first_day:
        raise invalid_input("lastDay", "不能早于起始日期", "must not lie before the first day")
    context = info.context
    if not _may_count(context.viewer, division):
        return []
    async with borrowed(context.database) as connection:
        found = await objections_by_organization(connection, division, (first_day, last_day), context.now)
    return [_count(each) for each in found]


def _may_count(viewer: Viewer, division: str) -> bool:
    return any(grant.covers(division) for grant in viewer.grants_of(*_COUNTING))


def _count(found: Objections) -> ObjectionCount:
    made = ObjectionCount(
        raised=found.raised, granted=found.granted, refused=found.refused, waiting=found.waiting, decided_late=found.decided_late
    )  # fmt: skip
    made.organization = StoredRef("Organization", None, found.organization_code)  # type: ignore[assignment]  # read after the resolver
    return made
