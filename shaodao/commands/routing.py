"""Routing 派单路由: what the rules in force propose for a matter, and why the others do not apply (C.1.4, L-25 to L-29)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import asyncpg

from shaodao.commands.transaction import Connection, Transaction
from shaodao.domain.calendar import SHANGHAI
from shaodao.domain.deadlines import DeadlineUnit, Limit
from shaodao.domain.errors import NotFound
from shaodao.domain.routing import Hours, Matter, RoutingRule, Verdict, explain, proposed
from shaodao.domain.routing_order import Ancestry
from shaodao.domain.vocabulary import AreaKind

RULE_COLUMNS = (
    "code, version, sort, name, category_code, component_code, area_kind, area_code, keywords, time_from, time_to,"
    " lead_organization_code, co_organization_codes, duty_item_code, limit_unit, limit_amount, evidence_required"
)
"""What ``rule_of`` reads."""

_IN_FORCE = f"""
SELECT {RULE_COLUMNS} FROM routing_rule
WHERE county_code = $1 AND in_force_from <= $2 AND (in_force_until IS NULL OR in_force_until > $2) ORDER BY sort, code
"""
# Shared tables carry no county; their few rows are the same on every node.
_CATEGORIES = "SELECT code, parent_code FROM categories"
_AREA = "SELECT area_kind FROM grid WHERE county_code = $1 AND code = $2"
_CASE = """
SELECT category_code, component_code, grid_code, coalesce(community_code, street_code) AS division_code,
    title || chr(10) || description AS text, coalesce(occurred_at, registered_at) AS happened_at
FROM case_file WHERE county_code = $1 AND id = $2
"""


@dataclass(frozen=True)
class RoutingQuestion:
    """A matter as it is asked about; ``text`` is its title and description, ``happened_at`` decides the time of day.

    ``division_code``: where it is, if no grid is known.
    """

    category_code: str | None = None
    grid_code: str | None = None
    text: str = ""
    component_code: str | None = None
    division_code: str | None = None
    happened_at: datetime | None = None


async def explain_routing(
    connection: Connection, county: int, question: RoutingQuestion, at: datetime
) -> tuple[Verdict, ...]:
    """What every rule in force at ``at`` says to the matter, in order; at most one is chosen.

    Raises NotFound for a category or a grid that does not exist.
    """
    return explain(await rules_in_force(connection, county, at), await matter_of(connection, county, question))


async def propose(connection: Connection, county: int, question: RoutingQuestion, at: datetime) -> RoutingRule | None:
    """The rule that proposes LEAD and CO for the matter, if any does. Raises as ``explain_routing``."""
    return proposed(await explain_routing(connection, county, question, at))


async def question_of_case(connection: Connection, county: int, case_id: UUID) -> RoutingQuestion:
    """What would be asked for a case as it stands: the time is when it happened, else when it was registered. Raises NotFound."""
    row = await connection.fetchrow(_CASE, county, case_id)
    if row is None:
        raise NotFound("Case", str(case_id))
    return question_of(row)


def question_of(row: asyncpg.Record) -> RoutingQuestion:
    """What a row tells of a case's matter."""
    return RoutingQuestion(
        row["category_code"], row["grid_code"], row["text"], row["component_code"], row["division_code"], row["happened_at"]
    )  # fmt: skip


async def rules_in_force(connection: Connection, county: int, at: datetime) -> tuple[RoutingRule, ...]:
    """Every version that was in force at a time, in the order in which they are tried."""
    return tuple(rule_of(row) for row in await connection.fetch(_IN_FORCE, county, at))


async def rule_in_force(tx: Transaction, code: str) -> RoutingRule | None:
    """The version of a rule that is in force now."""
    rules = await rules_in_force(tx.connection, tx.county, tx.now)
    return next((rule for rule in rules if rule.code == code), None)


async def matter_of(connection: Connection, county: int, question: RoutingQuestion) -> Matter:
    """The matter that a question tells. Raises NotFound for a category or a grid that does not exist."""
    categories: tuple[str, ...] = ()
    if question.category_code is not None:
        categories = (await category_ancestry(connection)).get(question.category_code, ())
        if not categories:
            raise NotFound("Category", question.category_code)
    area_kind = None
    if question.grid_code is not None:
        area_kind = await connection.fetchval(_AREA, county, question.grid_code)
        if area_kind is None:
            raise NotFound("Grid", question.grid_code)
    return told_matter(question, categories, area_kind and AreaKind[area_kind])


def told_matter(question: RoutingQuestion, categories: tuple[str, ...], area_kind: AreaKind | None) -> Matter:
    """The matter of a question whose category's ancestry and whose grid's kind of area are known."""
    happened = None if question.happened_at is None else question.happened_at.astimezone(SHANGHAI).time()
    place = question.grid_code or question.division_code
    return Matter(categories, area_kind, question.text, question.component_code, place, happened)


async def category_ancestry(connection: Connection) -> Ancestry:
    """By the code of each category: itself and those above it, nearest first."""
    return _ancestry((row["code"], row["parent_code"]) for row in await connection.fetch(_CATEGORIES))


def rule_of(row: asyncpg.Record) -> RoutingRule:
    """The rule that a row with ``RULE_COLUMNS`` holds."""
    return RoutingRule(
        row["code"], row["sort"], row["name"], row["lead_organization_code"], tuple(row["co_organization_codes"]),
        row["category_code"], row["area_kind"] and AreaKind[row["area_kind"]], tuple(row["keywords"]), row["duty_item_code"],
        Limit(DeadlineUnit(row["limit_unit"]), row["limit_amount"]) if row["limit_unit"] else None, row["evidence_required"],
        row["component_code"], row["area_code"],
        Hours(row["time_from"], row["time_to"]) if row["time_from"] is not None else None, row["version"],
    )  # fmt: skip


def _ancestry(pairs: Iterable[tuple[str, str | None]]) -> Ancestry:
    parents = dict(pairs)
    found: dict[str, tuple[str, ...]] = {}
    for code in parents:
        line = [code]
        while (above := parents.get(line[-1])) is not None and above not in line:
            line.append(above)
        found[code] = tuple(line)
    return found
