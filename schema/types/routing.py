"""The dispatch catalogue 派单目录, duty lists and categories (reference C.1.4)."""

from datetime import date
from typing import Annotated

import strawberry

from schema.mapping import column, many, one, table
from schema.relay import Node
from schema.types.organizations import Organization
from shaodao.domain.deadlines import DeadlineUnit
from shaodao.domain.vocabulary import AreaKind, DivisionLevel, DutyListKind


@table("categories", rule="shared", shared=True, key=("code",), node=True)
@strawberry.type(description="A category of cases 诉求分类.")
class Category(Node):
    code: str = strawberry.field(description="Code, such as `A13`.")
    name: str = strawberry.field(description="Name.")
    parent: Annotated["Category", strawberry.lazy("schema.types.routing")] | None = one(
        on={"code": "parent_code"}, description="The category above it."
    )
    children: list[Annotated["Category", strawberry.lazy("schema.types.routing")]] = many(
        on={"parent_code": "code"}, order=[("sort", "asc")], description="The categories below it."
    )
    lead_organization: Organization | None = one(
        on={"code": "lead_organization_code"}, description="Who leads by default 默认主办."
    )
    sort: int = strawberry.field(description="Place in lists.")
    active: bool = strawberry.field(description="Whether new cases may have it.")
    from_source: bool = strawberry.field(description="Whether the field's own papers name it; the others are examples.")


@table("duty_list_items", rule="shared", shared=True, key=("code",), node=True)
@strawberry.type(description="An item of a duty list 履职事项清单.")
class DutyListItem(Node):
    code: str = strawberry.field(description="Code.")
    list_kind: DutyListKind = column("list", description="The list that it stands on.")
    holder_level: DivisionLevel = strawberry.field(description="The level whose duty it is.")
    name: str = strawberry.field(description="The duty.")
    category: Category | None = one(on={"code": "category_code"}, description="Category of cases.")
    lead_organization: Organization | None = one(on={"code": "lead_organization_code"}, description="Who leads 主办.")
    assist_organization_codes: list[str] = strawberry.field(description="Codes of those who assist 协办.")
    legal_basis: str = strawberry.field(description="Legal basis 法律依据.")
    valid_from: date = strawberry.field(description="First day of validity.")
    valid_to: date | None = strawberry.field(description="Last day of validity.")


@table("catalogue_items", rule="shared", shared=True, key=("code",), node=True)
@strawberry.type(description="An item of the dispatch catalogue 派单目录: conditions, and whom they propose.")
class CatalogueItem(Node):
    code: str = strawberry.field(description="Code.")
    sort: int = strawberry.field(description="Place in the order in which items are tried.")
    name: str = strawberry.field(description="The matter.")
    category: Category | None = one(on={"code": "category_code"}, description="Condition: the category.")
    area_kind: AreaKind | None = strawberry.field(description="Condition: the grid's kind of area.")
    keywords: list[str] = strawberry.field(description="Condition: one of these words in the text.")
    lead_organization: Organization | None = one(on={"code": "lead_organization_code"}, description="Who leads 主办.")
    co_organization_codes: list[str] = strawberry.field(description="Codes of those who help 协办.")
    duty_item: DutyListItem | None = one(on={"code": "duty_item_code"}, description="The duty that it rests on.")
    limit_unit: DeadlineUnit | None = strawberry.field(description="Unit of its own limit.")
    limit_amount: int | None = strawberry.field(description="Amount of its own limit, before the class's.")
    evidence_required: bool = strawberry.field(description="Whether a photo of the result is required.")
