"""explainRouting: which item of the dispatch catalogue proposes whom for a matter, and why the others do not."""

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import TypeAlias

import asyncpg
import strawberry

from schema.compiler.parameters import to_postgres
from schema.errors import invalid_input
from schema.ids import decode_as
from schema.mapping import StoredRef, stored
from schema.plans import Database
from schema.reading import Context
from schema.sight import Sight
from schema.types.organizations import Organization
from shaodao.commands.routing import RoutingQuestion, explain_routing
from shaodao.commands.running import connection_of
from shaodao.commands.transaction import Connection
from shaodao.domain.errors import NotFound
from shaodao.domain.permissions import county_of
from shaodao.domain.routing import Verdict

Info: TypeAlias = strawberry.Info[Context, None]

_MATTER = (
    "query ($ids: [ID!]!) { nodes(ids: $ids) { ... on Case { title description category { code } grid { code } } } }"
)


@strawberry.type(description="What an item of the catalogue says to the matter.")
class RoutingVerdict:
    code: str = strawberry.field(description="Its code.")
    name: str = strawberry.field(description="Its name.")
    lead_organization_code: str = strawberry.field(description="Code of whom it proposes to lead.")
    matched: bool = strawberry.field(description="Whether every condition of it holds.")
    chosen: bool = strawberry.field(description="Whether it is the first that matches, and so proposes.")
    reason: str = strawberry.field(description="Why, in Chinese.")


@strawberry.type(description="Whom the dispatch catalogue proposes, and why.")
class RoutingExplanation:
    lead: Organization | None = stored(description="Who is proposed to lead 主办; null: a dispatcher has to decide.")
    co_organization_codes: list[str] = strawberry.field(description="Codes of who is proposed to help 协办.")
    duty_item_code: str | None = strawberry.field(description="Code of the duty that the proposal rests on.")
    verdicts: list[RoutingVerdict] = strawberry.field(description="Every item in the order in which they are tried.")


async def routing_of_case(info: Info, case: str) -> RoutingExplanation | None:
    """The explanation for a case as it stands; None when the viewer does not see it. Raises ClientError."""
    [seen] = await Sight(info).nodes(_MATTER, [decode_as(case, "Case", shared=False)])
    if seen is None:
        return None
    category, grid = (seen[name] and seen[name]["code"] for name in ("category", "grid"))
    return await routing_of_matter(info, RoutingQuestion(category, grid, f"{seen['title']}\n{seen['description']}"))


async def routing_of_matter(info: Info, question: RoutingQuestion) -> RoutingExplanation | None:
    """The explanation for a matter that is no case yet; None for nobody. Raises ClientError for unknown codes."""
    context = info.context
    if not context.viewer.grants:
        return None
    for name, given in (("category", question.category_code), ("grid", question.grid_code)):
        _check_text(name, given)
    county = _county(context, question.grid_code)
    try:
        async with _borrowed(context.database) as connection:
            return _explanation(await explain_routing(connection, county, question))
    except NotFound as error:
        raise invalid_input(error.what.lower(), "没有这个代码", "there is no such code") from error


def _check_text(name: str, given: str | None) -> None:
    """Refuse what PostgreSQL takes for no text: NUL and lone surrogates."""
    try:
        to_postgres(given, "text")
    except ValueError as error:
        raise invalid_input(name, "值无效", "not a text") from error


@asynccontextmanager
async def _borrowed(database: Database) -> AsyncIterator[Connection]:
    """A connection to the request's database, as commands know it."""
    if isinstance(database, asyncpg.Pool):
        async with database.acquire() as connection:
            yield connection_of(connection)
    else:
        yield connection_of(database)


def _county(context: Context, grid: str | None) -> int:
    """The county of a grid's code; of the viewer where there is no code, or none that could be a grid's."""
    if grid is not None and len(grid) == 15 and grid.isascii() and grid.isdigit():
        return county_of(grid)
    return context.counties[0]


def _explanation(verdicts: Iterable[Verdict]) -> RoutingExplanation:
    told = list(verdicts)
    chosen = next((verdict.item for verdict in told if verdict.chosen), None)
    made = RoutingExplanation(
        co_organization_codes=list(chosen.co_organizations) if chosen else [],
        duty_item_code=chosen.duty_item if chosen else None,
        verdicts=[_verdict(verdict) for verdict in told],
    )
    made.lead = StoredRef("Organization", None, chosen.lead_organization) if chosen else None  # type: ignore[assignment]  # read after the resolver
    return made


def _verdict(verdict: Verdict) -> RoutingVerdict:
    item = verdict.item
    return RoutingVerdict(
        code=item.code, name=item.name, lead_organization_code=item.lead_organization, matched=verdict.matched,
        chosen=verdict.chosen, reason=verdict.reason,
    )  # fmt: skip
