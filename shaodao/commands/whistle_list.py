"""The list of admissible whistles 吹哨事项清单 (reference B.1): what it fills in, and what becomes of a matter that it does not hold."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from shaodao.commands.dispatching import PartyInput
from shaodao.commands.transaction import Transaction
from shaodao.domain.errors import Faults, InvalidInput
from shaodao.domain.facts import CaseFacts
from shaodao.domain.rulebook import WhistleListRule
from shaodao.domain.vocabulary import AssignmentRole, WhistleKind, WhistleReason

if TYPE_CHECKING:
    from shaodao.commands.whistle_content import WhistleContent, WhistleInput

_ITEM = """
SELECT code, kind, category_code, lead_organization_code, co_organization_codes, reason_kind, reason_template, legal_basis
FROM whistle_list_item
WHERE county_code = $1 AND code = $2 AND valid_from <= $3 AND (valid_to IS NULL OR valid_to >= $3)
"""
_HOLDING = """
SELECT code FROM whistle_list_item
WHERE county_code = $1 AND kind = $2 AND (category_code IS NULL OR starts_with($3, category_code))
    AND lead_organization_code = ANY($4::text[]) AND valid_from <= $5 AND (valid_to IS NULL OR valid_to >= $5)
ORDER BY sort, code LIMIT 1
"""


@dataclass(frozen=True)
class ListItem:
    """An item of the list: for which kind and category of case, whom it calls, and on what it rests."""

    code: str
    kind: WhistleKind
    category_code: str | None
    lead: str
    co: tuple[str, ...]
    reason_kind: WhistleReason
    reason_template: str | None
    legal_basis: str

    @property
    def parties(self) -> tuple[PartyInput, ...]:
        """Whom it calls, the LEAD first."""
        others = (PartyInput(code, AssignmentRole.CO) for code in self.co)
        return (PartyInput(self.lead, AssignmentRole.LEAD), *others)

    def fits(self, case: CaseFacts) -> bool:
        """Whether the case's category is the item's, or below it."""
        return self.category_code is None or (case.category_code or "").startswith(self.category_code)


async def item_named(tx: Transaction, faults: Faults, case: CaseFacts, given: "WhistleInput") -> ListItem | None:
    """The item that a draft names; a fault at ``listItemCode`` when it is not in force or does not fit."""
    if given.list_item_code is None:
        return None
    row = await tx.connection.fetchrow(_ITEM, tx.county, given.list_item_code, tx.today)
    if row is None:
        faults.add("listItemCode", "清单中没有此事项或已失效", "the list has no such item in force")
        return None
    item = ListItem(
        row["code"], WhistleKind[row["kind"]], row["category_code"], row["lead_organization_code"],
        tuple(row["co_organization_codes"]), WhistleReason[row["reason_kind"]], row["reason_template"], row["legal_basis"],
    )  # fmt: skip
    if item.kind is not given.kind:
        faults.add("listItemCode", f"该事项适用{item.kind.label}", f"the item is for {item.kind}")
    if not item.fits(case):
        faults.add("listItemCode", "该事项不适用本案诉求分类", "the item is not for the case's category")
    leads = {party.organization_code for party in given.parties if party.role is AssignmentRole.LEAD}
    if leads and leads != {item.lead}:
        faults.add("listItemCode", "主办单位与清单不符", "another organization leads than the item names")
    return item


def filled_in(given: "WhistleInput", item: ListItem) -> "WhistleInput":
    """The draft with what it leaves open taken from the item."""
    return replace(
        given, reason_kind=given.reason_kind or item.reason_kind, reason=given.reason or item.reason_template,
        parties=tuple(given.parties) or item.parties, duty_basis=given.duty_basis or item.legal_basis,
    )  # fmt: skip


async def code_holding(tx: Transaction, case: CaseFacts, content: "WhistleContent") -> str | None:
    """Code of the first item in force that holds the matter: of its kind, for its category, with its LEAD.

    A DEPARTMENT whistle that names no LEAD calls whom the item names as such.
    """
    leads = [party.organization_code for party in content.parties if party.role is AssignmentRole.LEAD]
    leads = leads or [party.organization_code for party in content.parties]
    code: str | None = await tx.connection.fetchval(
        _HOLDING, tx.county, str(content.kind), case.category_code or "", leads, tx.today
    )
    return code


def check_admissible(tx: Transaction, kind: WhistleKind, code: str | None) -> None:
    """Refuse what the list does not hold, where the rulebook's ``whistle_list`` says so; an EMERGENCY never is.

    Raises InvalidInput at ``listItemCode``.
    """
    if code is not None or kind is WhistleKind.EMERGENCY:
        return
    if tx.ground.rulebook.whistle_list is WhistleListRule.REFUSE:
        raise InvalidInput.at(
            "listItemCode", "事项不在吹哨事项清单内，不能吹哨", "the matter is not on the list of admissible whistles"
        )
