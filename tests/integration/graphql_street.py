"""The demonstration street behind the schema: operations run as its people, without HTTP."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field
from functools import cache
from itertools import count
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import orjson

from schema.execution import Context, ReadService
from schema.schema import build_schema
from shaodao.commands.running import CommandRunner
from shaodao.delivery.announcer import AnnouncerRules, open_announcer
from shaodao.delivery.cursors import Position
from shaodao.delivery.postgres_feed import FeedRules, PostgresFeed, open_feed
from shaodao.domain.permissions import Viewer
from shaodao.links import Links
from shaodao.lookups import PhoneLookups
from shaodao.personal_data import KEY_BYTES
from tests.integration.conftest import Street
from tests.integration.file_steps import intake_of

Json = dict[str, Any]

PROBLEM = """
__typename
... on Problem { code message }
... on InvalidInput { faults { path message } }
... on NotFound { what }
... on StateConflict { state version allowed { name allowed } }
... on RateLimited { retryAfter }
"""


@cache
def service() -> ReadService:
    """The schema's service; building it once is enough."""
    return ReadService(build_schema())


@dataclass
class GraphQLStreet:
    """Runs operations on a street's database; every mutation gets an idempotency key of its own unless one is given."""

    street: Street
    services: Any
    _keys: Any = field(default_factory=count)

    def context(self, viewer: Viewer, *, english: bool = True) -> Context:
        """The context of one request."""
        request = SimpleNamespace(english=english, request_id="test")
        return Context(
            viewer=viewer, now=self.street.now, database=self.street.pool, request=request, services=self.services
        )  # fmt: skip

    async def query(self, viewer: Viewer, document: str, **variables: Any) -> Json:
        """The data of a query without errors."""
        outcome = await service().execute(document, self.context(viewer), variables)
        assert not outcome.errors, outcome.errors
        assert outcome.data is not None
        data: Json = orjson.loads(outcome.data)
        return data

    async def act(self, viewer: Viewer, mutation: str, selection: str = "", **given: Any) -> Json:
        """What a mutation answers, a problem included; ``selection`` is of its payload, beside outcome and cursor."""
        name = mutation[0].upper() + mutation[1:]
        payload = _payload(f"{name}Result")
        document = (
            f"mutation ($input: {name}Input!) {{ {mutation}(input: $input) {{ {PROBLEM}"
            f" ... on {payload} {{ cursor outcome {{ caseNumber caseState whistleState assignmentState repeated }}"
            f" {selection} }} }} }}"
        )
        given.setdefault("idempotencyKey", f"test-{next(self._keys)}")
        answer: Json = (await self.query(viewer, document, input=given))[mutation]
        return answer

    async def done(self, viewer: Viewer, mutation: str, selection: str = "", **given: Any) -> Json:
        """What a mutation answers that must succeed."""
        answer = await self.act(viewer, mutation, selection, **given)
        assert "cursor" in answer, answer
        return answer

    @asynccontextmanager
    async def subscribed(self, viewer: Viewer, document: str, **variables: Any) -> AsyncIterator[AsyncIterator[Json]]:
        """The events of a subscription, the first of which is a refusal's errors when it is refused."""
        stream = service().subscribe(document, self.context(viewer), variables)
        async with aclosing(_events(stream)) as events:
            yield events


async def _events(stream: AsyncIterator[Any]) -> AsyncGenerator[Json, None]:
    async for outcome in stream:
        if outcome.errors:
            yield {"errors": [{"code": (error.extensions or {}).get("code")} for error in outcome.errors]}
        else:
            yield orjson.loads(outcome.data)


def _payload(union: str) -> str:
    members: Any = service().graphql.type_map[union]
    return next(str(member.name) for member in members.types if member.name.endswith("Payload"))


def graphql_of(street: Street) -> GraphQLStreet:
    """The street behind the schema, with a feed that only tells its position."""
    feed = PostgresFeed(street.pool, 1, Position(0, UUID(int=0)), FeedRules())
    return GraphQLStreet(street, _services(street, street.runner, feed))


@asynccontextmanager
async def live_graphql_of(street: Street, queue: int = 1000) -> AsyncIterator[GraphQLStreet]:
    """The street behind the schema, with a feed that reads; ``queue``: events that wait for one subscriber."""
    rules = AnnouncerRules(coalesce=0.001)
    async with (
        open_announcer(street.dsn, street.pool, rules) as announcer,
        open_feed(street.pool, 1, announcer, FeedRules(poll=0.2, queue=queue)) as feed,
    ):
        runner = CommandRunner(street.pool, lambda: street.ground, announcer)
        yield GraphQLStreet(street, _services(street, runner, feed))


def _services(street: Street, runner: CommandRunner, feed: PostgresFeed) -> Any:
    return SimpleNamespace(
        runner=runner, feed=feed, ground=lambda: street.ground, now=lambda: street.now, lookups=PhoneLookups(),
        intake=intake_of(street), links=Links(b"\x77" * KEY_BYTES, lambda: street.now),
    )  # fmt: skip
