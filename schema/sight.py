"""What a viewer sees of single rows now, asked through the compiler like every other read: for the live feed."""

from collections.abc import Sequence
from datetime import datetime
from functools import cached_property
from typing import Any, cast

import asyncpg
import orjson
import strawberry

from schema.database import Horizon, SharedReads, Source, source_of
from schema.execution import Context, ReadService
from schema.ids import GlobalId
from schema.moments import Moments
from shaodao.delivery.feed import FeedEvent


class SeeingSchema(strawberry.Schema):
    """The schema, which can read by itself: a subscription asks with it whether its viewer may see a row."""

    @cached_property
    def reader(self) -> ReadService:
        """Runs our own documents; those of clients go through the gate of the HTTP layer."""
        return ReadService(self)

    @cached_property
    def moments(self) -> Moments:
        """What the subscribers of this process look at together."""
        return Moments()


class Sight:
    """One viewer's sight, at the time of the context."""

    def __init__(self, info: strawberry.Info[Context, None]) -> None:
        schema = cast(SeeingSchema, info.schema)
        self._reader, self._moments = schema.reader, schema.moments
        self._context = info.context
        self._source = source_of(info.context.database)
        self._together: SharedReads | Source = self._source
        self._horizon = Horizon()

    def turn_to(self, event: FeedEvent, now: datetime) -> None:
        """See things as they stand now, with all others who look at the event: a subscription outlives the moment it began.

        Who resumes comes to events that others looked at a moment ago; nothing is seen older than it was seen before.
        """
        moment = self._moments.of(event, self._source, now)
        self._together = moment.database
        self._context.now, self._context.database = moment.now, moment.database.seen_from(self._horizon)

    async def row(self, sql: str, *values: Any) -> "asyncpg.Record | None":
        """The first row of a statement of ours, which no viewer is told: it may be as old as what others have asked."""
        return await self._together.fetchrow(sql, *values)

    async def nodes(self, document: str, ids: Sequence[GlobalId]) -> list[dict[str, Any] | None]:
        """The nodes of a document ``query ($ids: [ID!]!) { nodes(ids: $ids) { … } }``; None for what is not seen."""
        outcome = await self._reader.execute(document, self._context, {"ids": [str(identifier) for identifier in ids]})
        if outcome.errors or outcome.data is None:
            raise RuntimeError(f"a node could not be read: {outcome.errors}")
        found: list[dict[str, Any] | None] = orjson.loads(outcome.data)["nodes"]
        return found

    async def read(self, document: str, **variables: Any) -> dict[str, Any]:
        """The data of a document of ours."""
        outcome = await self._reader.execute(document, self._context, variables)
        if outcome.errors or outcome.data is None:
            raise RuntimeError(f"a document of ours could not be read: {outcome.errors}")
        data: dict[str, Any] = orjson.loads(outcome.data)
        return data
