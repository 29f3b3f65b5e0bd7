"""The demonstration street with its cases, and its people asking it queries."""

import json
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from schema.execution import Context, Outcome, ReadService
from schema.schema import build_schema
from shaodao.commands.running import CommandRunner, connection_of
from shaodao.commands.transaction import Ground
from shaodao.delivery.cursors import Position
from shaodao.delivery.postgres_feed import FeedRules, PostgresFeed
from shaodao.demo.cases import load_cases
from shaodao.demo.identifiers import case_id
from shaodao.domain.permissions import Viewer
from shaodao.lookups import PhoneLookups
from tests.integration.conftest import Street

NOBODY = Viewer("nobody", "无示名")
"""A viewer without grants."""


@dataclass(frozen=True)
class Services:
    """What queries and mutations need besides the database."""

    street: Street
    lookups: PhoneLookups = field(default_factory=PhoneLookups)

    def ground(self) -> Ground:
        """The street's ground."""
        return self.street.ground

    @property
    def runner(self) -> CommandRunner:
        """Runs the mutations' commands."""
        return self.street.runner

    @property
    def feed(self) -> PostgresFeed:
        """Tells its position only: a command that wrote no event answers with it."""
        return PostgresFeed(self.street.pool, 1, Position(0, UUID(int=0)), FeedRules())


@dataclass(frozen=True)
class Desk:
    """The street as it answers queries."""

    street: Street
    service: ReadService
    services: Services

    @property
    def dispatcher(self) -> Viewer:
        """吕示衡, chief of the dispatch centre."""
        return self.street.viewer("吕示衡")

    @property
    def people(self) -> dict[str, Viewer]:
        """One viewer of each kind."""
        street = self.street
        return {
            "dispatcher": self.dispatcher,
            "grid worker": street.viewer("周示岚"),
            "grid chief": street.viewer("尤示宁"),
            "link leader": street.viewer("施示正"),
            "deputy leader": street.viewer("张示远"),
            "chief leader": street.viewer("孔示明"),
            "follow-up caller": street.viewer("毛示访"),
            "county office": street.viewer("曹示度"),
            "handler of CG": street.department_viewer("CG"),
            "resident": street.resident("P014"),
            "nobody": NOBODY,
        }

    async def outcome(self, document: str, viewer: Viewer | None = None, **variables: Any) -> Outcome:
        """What comes of a document at the street's time."""
        asking = self.dispatcher if viewer is None else viewer
        context = Context(asking, self.street.now, self.street.pool, services=self.services)
        return await self.service.execute(document, context, variables)

    async def ask(self, document: str, viewer: Viewer | None = None, **variables: Any) -> Any:
        """The answer of a document that goes well."""
        outcome = await self.outcome(document, viewer, **variables)
        assert outcome.errors == (), outcome.errors
        return json.loads(outcome.body())["data"]

    async def refusal(self, document: str, viewer: Viewer | None = None, **variables: Any) -> tuple[str, str]:
        """Code and English message of the only error."""
        [error] = (await self.outcome(document, viewer, **variables)).errors
        cause = error.original_error or error
        return str((error.extensions or {}).get("code")), str(getattr(cause, "english", cause))

    def case(self, number_in_file: int) -> str:
        """The global id of a case, by its number in the data file."""
        return f"Case:{self.street.county}:{case_id(number_in_file)}"


async def desk_of(street: Street) -> Desk:
    """The street with its cases at their stored times."""
    async with street.pool.acquire() as connection, connection.transaction():
        await load_cases(connection_of(connection), street.ground, street.now, keep_times=True)
    return Desk(street, ReadService(build_schema()), Services(street))
