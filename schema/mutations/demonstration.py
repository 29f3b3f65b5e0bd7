"""What only a demonstration offers: moving its clock."""

from datetime import datetime
from typing import Annotated

import strawberry

from schema.mutations.base import Given, Info, mutation
from schema.problems import InvalidInput, NotPermitted, problem
from shaodao.commands.running import connection_of
from shaodao.demo.clock import DemoClock, move_forward
from shaodao.domain import errors
from shaodao.domain.vocabulary import Role

_MAY_MOVE = (Role.STREET_DISPATCHER, Role.STREET_LEADER, Role.COUNTY_GRID_OFFICE)
"""Who may move the clock: limits pass for everybody."""


@strawberry.type(description="The demonstration's clock 演示时钟 after the move.")
class DemoClockPayload:
    server_time: datetime = strawberry.field(description="The time that the server now works with.")


MoveDemoClockResult = Annotated[
    DemoClockPayload | InvalidInput | NotPermitted,
    strawberry.union("MoveDemoClockResult", description="What came of the mutation: MoveDemoClockResult."),
]


@strawberry.input(description="Where to move the demonstration's clock to.")
class MoveDemoClockInput:
    to: datetime = strawberry.field(description="The new time, with its offset; later than now, at most 31 days ahead.")


@strawberry.type
class DemonstrationMutations:
    """The actions on a demonstration."""

    @mutation(MoveDemoClockResult)
    async def move_demo_clock(
        self, info: Info, given: Given[MoveDemoClockInput]
    ) -> DemoClockPayload | InvalidInput | NotPermitted:
        """Move the clock of a demonstration forward 拨动演示时钟, so that limits pass and stages fire without waiting.

        By the dispatcher, a street leader or the county grid office. A server that is no demonstration refuses it.
        """
        platform, english = info.context.services, info.context.request.english
        try:
            if not isinstance(platform.now, DemoClock):
                raise errors.NotPermitted("只有演示环境可以拨动时钟", "only a demonstration's clock can be moved")
            if not info.context.viewer.grants_of(*_MAY_MOVE):
                raise errors.NotPermitted(
                    "仅指挥中心、街道领导和县网格办可以拨动时钟", "your role may not move the clock"
                )
            async with platform.pool.acquire() as lent:
                await move_forward(connection_of(lent), platform.now, given.to)
        except errors.DomainError as error:
            return problem(error, english)  # type: ignore[return-value]
        platform.announcer.announce()
        return DemoClockPayload(server_time=platform.now())
