"""Routing 派单路由: what the dispatch catalogue proposes for a matter, and why its other items do not apply (C.1.4)."""

from dataclasses import dataclass
from uuid import UUID

import asyncpg

from shaodao.commands.transaction import Connection
from shaodao.domain.deadlines import DeadlineUnit, Limit
from shaodao.domain.errors import NotFound
from shaodao.domain.routing import CatalogueItem, Matter, Verdict, explain, proposed
from shaodao.domain.vocabulary import AreaKind

# Shared tables carry no county; their few rows are the same on every node.
_CATALOGUE = """
SELECT code, sort, name, category_code, area_kind, keywords, lead_organization_code, co_organization_codes, duty_item_code,
    limit_unit, limit_amount, evidence_required
FROM catalogue_items ORDER BY sort, code
"""
_ANCESTRY = """
WITH RECURSIVE ancestry AS (
    SELECT code, parent_code, 1 AS distance FROM categories WHERE code = $1
    UNION ALL
    SELECT c.code, c.parent_code, distance + 1 FROM categories c JOIN ancestry a ON c.code = a.parent_code
) CYCLE code SET repeated USING path
SELECT code FROM ancestry WHERE NOT repeated ORDER BY distance
"""
_AREA = "SELECT area_kind FROM grid WHERE county_code = $1 AND code = $2"
_CASE = """
SELECT category_code, grid_code, title || chr(10) || description AS text FROM case_file WHERE county_code = $1 AND id = $2
"""


@dataclass(frozen=True)
class RoutingQuestion:
    """A matter as it is asked about; ``text`` is its title and description."""

    category_code: str | None = None
    grid_code: str | None = None
    text: str = ""


async def explain_routing(connection: Connection, county: int, question: RoutingQuestion) -> tuple[Verdict, ...]:
    """What every item of the catalogue says to the matter, in order; at most one is chosen.

    Raises NotFound for a category or a grid that does not exist.
    """
    return explain(await read_catalogue(connection), await _matter(connection, county, question))


async def propose(connection: Connection, county: int, question: RoutingQuestion) -> CatalogueItem | None:
    """The item that proposes LEAD and CO for the matter, if any does. Raises as ``explain_routing``."""
    return proposed(await explain_routing(connection, county, question))


async def question_of_case(connection: Connection, county: int, case_id: UUID) -> RoutingQuestion:
    """What would be asked for a case as it stands. Raises NotFound."""
    row = await connection.fetchrow(_CASE, county, case_id)
    if row is None:
        raise NotFound("Case", str(case_id))
    return RoutingQuestion(row["category_code"], row["grid_code"], row["text"])


async def read_catalogue(connection: Connection) -> tuple[CatalogueItem, ...]:
    """Every item of the dispatch catalogue 派单目录, in its order."""
    return tuple(_item(row) for row in await connection.fetch(_CATALOGUE))


async def _matter(connection: Connection, county: int, question: RoutingQuestion) -> Matter:
    categories: tuple[str, ...] = ()
    if question.category_code is not None:
        categories = tuple(row["code"] for row in await connection.fetch(_ANCESTRY, question.category_code))
        if not categories:
            raise NotFound("Category", question.category_code)
    area_kind = None
    if question.grid_code is not None:
        area_kind = await connection.fetchval(_AREA, county, question.grid_code)
        if area_kind is None:
            raise NotFound("Grid", question.grid_code)
    return Matter(categories, area_kind and AreaKind[area_kind], question.text)


def _item(row: asyncpg.Record) -> CatalogueItem:
    return CatalogueItem(
        row["code"], row["sort"], row["name"], row["lead_organization_code"], tuple(row["co_organization_codes"]),
        row["category_code"], row["area_kind"] and AreaKind[row["area_kind"]], tuple(row["keywords"]), row["duty_item_code"],
        Limit(DeadlineUnit(row["limit_unit"]), row["limit_amount"]) if row["limit_unit"] else None, row["evidence_required"],
    )  # fmt: skip
