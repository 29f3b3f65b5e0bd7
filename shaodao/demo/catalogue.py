"""Categories, duty list 履职事项, dispatch catalogue 派单目录, emergency templates and service centres of the demonstration street.

They stand in ``catalogue.toml``; what the reference does not name is marked there as the project's own example (C.2.4).
"""

from datetime import date, datetime
from importlib.resources import files

import msgspec

from shaodao.demo.copying import Row
from shaodao.demo.identifiers import stable_id
from shaodao.domain.case_vocabulary import RuleState
from shaodao.domain.deadlines import Limit
from shaodao.domain.permissions import county_of
from shaodao.domain.vocabulary import AreaKind, DivisionLevel, DutyListKind


class Category(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A category of appeals 诉求分类 (C.2.4); ``from_source``: named by the source, not by us."""

    code: str
    name: str
    lead: str
    from_source: bool = False

    def row(self, sort: int) -> Row:
        """Its row of ``categories``."""
        return {
            "code": self.code, "name": self.name, "lead_organization_code": self.lead, "sort": sort,
            "from_source": self.from_source,
        }  # fmt: skip


class Duty(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An item of a duty list 履职事项 (L-25)."""

    code: str
    list: DutyListKind
    holder_level: DivisionLevel
    name: str
    category: str
    lead: str
    legal_basis: str
    assist: tuple[str, ...] = ()

    def row(self, valid_from: date) -> Row:
        """Its row of ``duty_list_items``."""
        return {
            "code": self.code, "list": self.list, "holder_level": self.holder_level, "name": self.name,
            "category_code": self.category, "lead_organization_code": self.lead,
            "assist_organization_codes": list(self.assist), "legal_basis": self.legal_basis, "valid_from": valid_from,
        }  # fmt: skip


class CatalogueItem(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An item of the dispatch catalogue 派单目录, which is a routing rule's first version: conditions, and whom they propose."""

    code: str
    name: str
    category: str
    lead: str
    co: tuple[str, ...] = ()
    area_kind: AreaKind | None = None
    keywords: tuple[str, ...] = ()
    duty: str | None = None
    limit: Limit | None = None
    evidence_required: bool = False

    def row(self, county: int, place: int, since: datetime) -> Row:
        """Its row of ``routing_rule``: the first version, in force ``since``. Between two places others find room."""
        return {
            "county_code": county, "id": stable_id("routing rule", self.code), "code": self.code, "version": 1,
            "state": RuleState.IN_FORCE, "reason": "派单目录首版（本项目示例）", "proposed_at": since, "in_force_from": since,
            "sort": place * 10, "name": self.name, "category_code": self.category,
            "area_kind": self.area_kind, "keywords": list(self.keywords), "lead_organization_code": self.lead,
            "co_organization_codes": list(self.co), "duty_item_code": self.duty,
            "limit_unit": self.limit and self.limit.unit, "limit_amount": self.limit and self.limit.amount,
            "evidence_required": self.evidence_required,
        }  # fmt: skip


class Template(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whom an emergency whistle 应急哨 of a kind calls, and the emergency number to phone beside it.

    One with neither category nor keywords is for anything that no other fits.
    """

    code: str
    name: str
    lead: str
    emergency_line: str
    category: str | None = None
    co: tuple[str, ...] = ()
    area_kind: AreaKind | None = None
    keywords: tuple[str, ...] = ()

    def row(self, sort: int) -> Row:
        """Its row of ``whistle_templates``."""
        return {
            "code": self.code, "sort": sort, "name": self.name, "category_code": self.category,
            "area_kind": self.area_kind, "keywords": list(self.keywords), "lead_organization_code": self.lead,
            "co_organization_codes": list(self.co), "emergency_line": self.emergency_line,
        }  # fmt: skip


class ServiceCentre(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A service centre 服务中心 of one of the three levels (S-17)."""

    code: str
    name: str
    level: DivisionLevel
    division: str
    windows: tuple[str, ...]

    def row(self) -> Row:
        """Its row of ``service_centre``."""
        return {
            "county_code": county_of(self.division), "code": self.code, "name": self.name, "level": self.level,
            "division_code": self.division, "windows": list(self.windows),
        }  # fmt: skip


class Catalogue(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All of ``catalogue.toml``, in the order in which it is tried and shown."""

    categories: tuple[Category, ...]
    duties: tuple[Duty, ...]
    catalogue: tuple[CatalogueItem, ...]
    templates: tuple[Template, ...]
    service_centres: tuple[ServiceCentre, ...]


def load_catalogue() -> Catalogue:
    """The catalogue from its data file. Raises msgspec.ValidationError, which names the faulty entry."""
    return msgspec.toml.decode(files(__package__).joinpath("catalogue.toml").read_bytes(), type=Catalogue)
