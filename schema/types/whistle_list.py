"""The list of admissible whistles 吹哨事项清单 (reference B.1)."""

from datetime import date

import strawberry

from schema.compiler.parameters import Binding
from schema.declarations import Fragment
from schema.ids import decode_as
from schema.mapping import one, table
from schema.relay import Node
from schema.types.organizations import Organization
from schema.types.routing import Category
from shaodao.domain.vocabulary import WhistleKind, WhistleReason

IN_FORCE = (
    "{t}.valid_from <= ({now} AT TIME ZONE 'Asia/Shanghai')::date"
    " AND ({t}.valid_to IS NULL OR {t}.valid_to >= ({now} AT TIME ZONE 'Asia/Shanghai')::date)"
)
"""Which items may be whistled for today."""
_FITTING = (
    "EXISTS (SELECT FROM case_file c WHERE c.county_code {county} AND c.county_code = {t}.county_code AND c.id = {value}::uuid"
    " AND ({t}.category_code IS NULL OR starts_with(coalesce(c.category_code, ''), {t}.category_code)))"
)


def _case_key(text: str, _: Binding) -> str:
    """The key in the id of a case. Raises ClientError INVALID_ID."""
    return decode_as(text, "Case", shared=False).key


FITTING = Fragment(_FITTING, _case_key)
"""That an item is for the category of the case with this id."""


@table("whistle_list_item", rule="staff_only", key=("code",), node=True)
@strawberry.type(description="An item of the list of admissible whistles 吹哨事项清单: what a street may whistle for.")
class WhistleListItem(Node):
    code: str = strawberry.field(description="Code, for `listItemCode`.")
    sort: int = strawberry.field(description="Place in the list.")
    kind: WhistleKind = strawberry.field(description="Kind of whistle.")
    name: str = strawberry.field(description="The matter.")
    category: Category | None = one(
        on={"code": "category_code"}, description="For cases of this category and those below it; null: of any."
    )
    lead_organization: Organization | None = one(on={"code": "lead_organization_code"}, description="Who leads 主办.")
    co_organization_codes: list[str] = strawberry.field(description="Codes of those who help 协办.")
    reason_kind: WhistleReason = strawberry.field(description="Why the street cannot solve it alone.")
    reason_template: str | None = strawberry.field(description="The same in words, filled in where a draft has none.")
    legal_basis: str = strawberry.field(description="Legal basis 法律依据, filled in as the duty basis 职责依据.")
    valid_from: date = strawberry.field(description="First day of validity.")
    valid_to: date | None = strawberry.field(description="Last day of validity.")
