"""explainRouting: which routing rule 派单规则 proposes whom for a matter, by the versions of a time, and why the others do not."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, TypeAlias

import strawberry

from schema.compiler.parameters import to_postgres
from schema.database import borrowed
from schema.declarations import StoredRef
from schema.errors import invalid_input
from schema.ids import decode_as
from schema.mapping import stored
from schema.reading import Context
from schema.sight import Sight
from schema.types.organizations import Organization
from shaodao.commands.routing import RoutingQuestion, explain_routing
from shaodao.domain.errors import NotFound
from shaodao.domain.permissions import county_of
from shaodao.domain.routing import Verdict, proposed

Info: TypeAlias = strawberry.Info[Context, None]

_MATTER = """
query ($ids: [ID!]!) { nodes(ids: $ids) { ... on Case {
  title description category { code } grid { code } community { code } street { code } componentCode occurredAt registeredAt
} } }
"""


@strawberry.type(description="What a routing rule says to the matter.")
class RoutingVerdict:
    code: str = strawberry.field(description="Its code.")
    version: int = strawberry.field(description="Its version that was in force.")
    name: str = strawberry.field(description="Its name.")
    lead_organization_code: str = strawberry.field(description="Code of whom it proposes to lead.")
    matched: bool = strawberry.field(description="Whether every condition of it holds.")
    chosen: bool = strawberry.field(description="Whether it is the first that matches, and so proposes.")
    reason: str = strawberry.field(description="Why, in Chinese.")


@strawberry.type(description="Whom the routing rules propose, and why.")
class RoutingExplanation:
    at: datetime = strawberry.field(description="The time whose rules were asked: the versions in force then.")
    lead: Organization | None = stored(description="Who is proposed to lead 主办; null: a dispatcher has to decide.")
    co_organization_codes: list[str] = strawberry.field(description="Codes of who is proposed to help 协办.")
    duty_item_code: str | None = strawberry.field(description="Code of the duty that the proposal rests on.")
    verdicts: list[RoutingVerdict] = strawberry.field(
        description="Every rule in force then, in the order in which they are tried."
    )


async def routing_of_case(info: Info, case: str, at: datetime | None = None) -> RoutingExplanation | None:
    """The explanation for a case as it stands, by the rules of ``at`` (by default now); None when the viewer does not see it.

    Raises ClientError.
    """
    [seen] = await Sight(info).nodes(_MATTER, [decode_as(case, "Case", shared=False)])
    return None if seen is None else await routing_of_matter(info, question_of_seen(seen), at)


async def routing_of_matter(
    info: Info, question: RoutingQuestion, at: datetime | None = None
) -> RoutingExplanation | None:
    """The explanation for a matter, of now unless it tells its time; None for nobody. Raises ClientError for unknown codes."""
    context = info.context
    if not context.viewer.grants:
        return None
    for name, given in (("category", question.category_code), ("grid", question.grid_code)):
        _check_text(name, given)
    moment = _checked_moment(context.now, at)
    if question.happened_at is None:
        question = replace(question, happened_at=moment)
    county = _county(context, question.grid_code or question.division_code)
    try:
        async with borrowed(context.database) as connection:
            return _explanation(await explain_routing(connection, county, question, moment), moment)
    except NotFound as error:
        raise invalid_input(error.what.lower(), "没有这个代码", "there is no such code") from error


def question_of_seen(case: Mapping[str, Any]) -> RoutingQuestion:
    """The question for a case that a document of ours read."""
    category, grid, community, street = (
        case[name] and case[name]["code"] for name in ("category", "grid", "community", "street")
    )
    happened = case["occurredAt"] or case["registeredAt"]
    text = f"{case['title']}\n{case['description']}"
    return RoutingQuestion(
        category, grid, text, case["componentCode"], community or street, datetime.fromisoformat(happened)
    )  # fmt: skip


def _checked_moment(now: datetime, at: datetime | None) -> datetime:
    if at is None:
        return now
    if at.utcoffset() is None:
        raise invalid_input("at", "时间缺少时区", "the time carries no zone")
    if at > now:
        raise invalid_input("at", "时间不能晚于现在", "the time must not lie in the future")
    return at


def _check_text(name: str, given: str | None) -> None:
    """Refuse what PostgreSQL takes for no text: NUL and lone surrogates."""
    try:
        to_postgres(given, "text")
    except ValueError as error:
        raise invalid_input(name, "值无效", "not a text") from error


def _county(context: Context, grid: str | None) -> int:
    """The county of a grid's or division's code; of the viewer where there is none, or none that could be one."""
    if grid is not None and len(grid) in (12, 15) and grid.isascii() and grid.isdigit():
        return county_of(grid)
    return context.counties[0]


def _explanation(verdicts: Iterable[Verdict], at: datetime) -> RoutingExplanation:
    told = list(verdicts)
    chosen = proposed(told)
    made = RoutingExplanation(
        at=at,
        co_organization_codes=list(chosen.co_organizations) if chosen else [],
        duty_item_code=chosen.duty_item if chosen else None,
        verdicts=[_verdict(verdict) for verdict in told],
    )
    made.lead = StoredRef("Organization", None, chosen.lead_organization) if chosen else None  # type: ignore[assignment]  # read after the resolver
    return made


def _verdict(verdict: Verdict) -> RoutingVerdict:
    rule = verdict.rule
    return RoutingVerdict(
        code=rule.code, version=rule.version, name=rule.name, lead_organization_code=rule.lead_organization,
        matched=verdict.matched, chosen=verdict.chosen, reason=verdict.reason,
    )  # fmt: skip
