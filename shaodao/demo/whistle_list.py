"""The list of admissible whistles 吹哨事项清单 of the demonstration county; all of ``whistle_list.toml`` is 本项目示例 (B.1)."""

from datetime import date
from importlib.resources import files

import msgspec

from shaodao.demo.copying import Row
from shaodao.domain.vocabulary import WhistleKind, WhistleReason


class WhistleListItem(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An item: for which kind of whistle and category of case, whom it calls, why, and on what duty it rests."""

    code: str
    kind: WhistleKind
    name: str
    lead: str
    reason_kind: WhistleReason
    reason: str
    legal_basis: str
    category: str | None = None
    co: tuple[str, ...] = ()

    def row(self, county_code: int, sort: int, valid_from: date) -> Row:
        """Its row of ``whistle_list_item``."""
        return {
            "county_code": county_code, "code": self.code, "sort": sort, "kind": self.kind, "name": self.name,
            "category_code": self.category, "lead_organization_code": self.lead, "co_organization_codes": list(self.co),
            "reason_kind": self.reason_kind, "reason_template": self.reason, "legal_basis": self.legal_basis,
            "valid_from": valid_from,
        }  # fmt: skip


def item_code(kind: WhistleKind, category: str, lead: str) -> str | None:
    """Code of the item that holds a whistle of the kind, for a case of the category, with the LEAD."""
    items = load_whistle_list()
    return next((one.code for one in items if (one.kind, one.category, one.lead) == (kind, category, lead)), None)


class _WhistleList(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    items: tuple[WhistleListItem, ...]


def load_whistle_list() -> tuple[WhistleListItem, ...]:
    """The items in their order. Raises msgspec.ValidationError, which names the faulty entry."""
    data = files(__package__).joinpath("whistle_list.toml").read_bytes()
    return msgspec.toml.decode(data, type=_WhistleList).items
