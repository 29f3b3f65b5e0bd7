"""Routing by the dispatch catalogue 派单目录 (C.1.4): which item proposes LEAD and CO for a matter, and why others do not."""

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from shaodao.domain.deadlines import Limit
from shaodao.domain.vocabulary import AreaKind


@dataclass(frozen=True)
class CatalogueItem:
    """An item of the catalogue. A condition that is empty holds for every matter; the lowest ``sort`` goes first."""

    code: str
    sort: int
    name: str
    lead_organization: str
    co_organizations: tuple[str, ...] = ()
    category: str | None = None
    area_kind: AreaKind | None = None
    keywords: tuple[str, ...] = ()
    duty_item: str | None = None
    limit: Limit | None = None
    evidence_required: bool = False


@dataclass(frozen=True)
class Matter:
    """What the catalogue looks at. ``categories``: the category 诉求分类 and its ancestors; ``text``: title and description."""

    categories: tuple[str, ...]
    area_kind: AreaKind | None
    text: str


class Condition(StrEnum):
    """A condition of a catalogue item."""

    CATEGORY = "CATEGORY"
    AREA_KIND = "AREA_KIND"
    KEYWORDS = "KEYWORDS"


@dataclass(frozen=True)
class Finding:
    """Whether one condition of an item holds, told in Chinese and in English."""

    condition: Condition
    holds: bool
    message: str
    english: str


@dataclass(frozen=True)
class Verdict:
    """What an item says to a matter: it matches when every finding holds; ``chosen``: it is the first that matches."""

    item: CatalogueItem
    findings: tuple[Finding, ...]
    chosen: bool = False

    @property
    def matched(self) -> bool:
        """Whether every condition of the item holds."""
        return all(finding.holds for finding in self.findings)

    @property
    def reason(self) -> str:
        """Why the item is proposed or is not, in Chinese."""
        return self._told([finding.message for finding in self._decisive], "无条件适用", "；", "，但已有更靠前的条目")

    @property
    def english(self) -> str:
        """Why the item is proposed or is not, in English."""
        told = [finding.english for finding in self._decisive]
        return self._told(told, "applies without a condition", "; ", ", but an earlier item matched")

    @property
    def _decisive(self) -> tuple[Finding, ...]:
        """What failed; when nothing did, what held."""
        return tuple(finding for finding in self.findings if not finding.holds) or self.findings

    def _told(self, reasons: list[str], unconditional: str, separator: str, overtaken: str) -> str:
        return (separator.join(reasons) or unconditional) + (overtaken if self.matched and not self.chosen else "")


def explain(items: Iterable[CatalogueItem], matter: Matter) -> tuple[Verdict, ...]:
    """The verdict of every item in the catalogue's order (``sort``, then code); at most one is chosen."""
    verdicts: list[Verdict] = []
    for item in sorted(items, key=lambda item: (item.sort, item.code)):
        verdict = Verdict(item, findings(item, matter))
        chosen = verdict.matched and not any(earlier.chosen for earlier in verdicts)
        verdicts.append(Verdict(item, verdict.findings, chosen))
    return tuple(verdicts)


def proposed(verdicts: Iterable[Verdict]) -> CatalogueItem | None:
    """The item that proposes LEAD and CO; None: a dispatcher has to decide without the catalogue."""
    return next((verdict.item for verdict in verdicts if verdict.chosen), None)


def findings(item: CatalogueItem, matter: Matter) -> tuple[Finding, ...]:
    """How the item's conditions stand to the matter; a condition that the item does not make is left out."""
    found = (_category(item, matter), _area_kind(item, matter), _keywords(item, matter))
    return tuple(finding for finding in found if finding is not None)


def _category(item: CatalogueItem, matter: Matter) -> Finding | None:
    if item.category is None:
        return None
    if item.category in matter.categories:
        return Finding(Condition.CATEGORY, True, f"分类为{item.category}", f"the category is {item.category}")
    actual = matter.categories[0] if matter.categories else "未定"
    return Finding(
        Condition.CATEGORY, False, f"分类须为{item.category}，实为{actual}",
        f"the category must be {item.category}, not {matter.categories[0] if matter.categories else 'unset'}",
    )  # fmt: skip


def _area_kind(item: CatalogueItem, matter: Matter) -> Finding | None:
    if item.area_kind is None:
        return None
    wanted, actual = item.area_kind, matter.area_kind
    if wanted is actual:
        return Finding(Condition.AREA_KIND, True, f"区域类型为{wanted.label}", f"the area is {wanted}")
    return Finding(
        Condition.AREA_KIND, False, f"区域类型须为{wanted.label}，实为{actual.label if actual else '未知'}",
        f"the area must be {wanted}, not {actual or 'unknown'}",
    )  # fmt: skip


def _keywords(item: CatalogueItem, matter: Matter) -> Finding | None:
    if not item.keywords:
        return None
    text = _folded(matter.text)
    hits = [keyword for keyword in item.keywords if _folded(keyword) in text]
    if hits:
        return Finding(Condition.KEYWORDS, True, f"含关键词“{'、'.join(hits)}”", f"the text holds {', '.join(hits)}")
    return Finding(
        Condition.KEYWORDS, False, f"未出现关键词“{'、'.join(item.keywords)}”",
        f"the text holds none of {', '.join(item.keywords)}",
    )  # fmt: skip


def _folded(text: str) -> str:
    """Width and case do not matter, as in the text search."""
    return unicodedata.normalize("NFKC", text).casefold()
