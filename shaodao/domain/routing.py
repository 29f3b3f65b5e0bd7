"""Routing by rules 派单规则 (C.1.4, L-25 to L-29): which rule proposes LEAD and CO for a matter, and why others do not."""

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import time, timedelta
from enum import StrEnum

from shaodao.domain.deadlines import Limit
from shaodao.domain.permissions import prefix_of
from shaodao.domain.vocabulary import AreaKind

_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Hours:
    """A time of day in Shanghai, ``begins`` included and ``ends`` not; one that ends before it begins goes past midnight."""

    begins: time
    ends: time

    def include(self, moment: time) -> bool:
        """Whether the time of day lies in it."""
        return _after(self.begins, moment) < self._length

    def lie_within(self, others: "Hours") -> bool:
        """Whether every time of it lies in the others too."""
        return _after(others.begins, self.begins) + self._length <= others._length

    def __str__(self) -> str:
        return f"{self.begins:%H:%M}–{self.ends:%H:%M}"

    @property
    def _length(self) -> timedelta:
        return _after(self.begins, self.ends)


@dataclass(frozen=True)
class RoutingRule:
    """A version of a rule. A condition that is empty holds for every matter; the lowest ``sort``, then code, goes first.

    ``component``: the ten digits of a city component 部件事件代码; ``area``: code of a division or a grid.
    """

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
    component: str | None = None
    area: str | None = None
    hours: Hours | None = None
    version: int = 1

    @property
    def order(self) -> tuple[int, str]:
        """Where it stands among the rules."""
        return self.sort, self.code


@dataclass(frozen=True)
class Matter:
    """What rules look at: ``categories`` are the category 诉求分类 and its ancestors, ``text`` is title and description.

    ``place``: the narrowest known code of a grid or a division; ``moment``: when it happened, by the clock in Shanghai.
    """

    categories: tuple[str, ...]
    area_kind: AreaKind | None
    text: str
    component: str | None = None
    place: str | None = None
    moment: time | None = None


class Condition(StrEnum):
    """A condition of a rule."""

    CATEGORY = "CATEGORY"
    COMPONENT = "COMPONENT"
    AREA_KIND = "AREA_KIND"
    AREA = "AREA"
    TIME = "TIME"
    KEYWORDS = "KEYWORDS"


@dataclass(frozen=True)
class Finding:
    """Whether one condition of a rule holds, told in Chinese and in English."""

    condition: Condition
    holds: bool
    message: str
    english: str


@dataclass(frozen=True)
class Verdict:
    """What a rule says to a matter: it matches when every finding holds; ``chosen``: it is the first that matches."""

    rule: RoutingRule
    findings: tuple[Finding, ...]
    chosen: bool = False

    @property
    def matched(self) -> bool:
        """Whether every condition of the rule holds."""
        return all(finding.holds for finding in self.findings)

    @property
    def reason(self) -> str:
        """Why the rule is followed or is not, in Chinese."""
        return self._told([finding.message for finding in self._decisive], "无条件适用", "；", "，但已有更靠前的规则")

    @property
    def english(self) -> str:
        """Why the rule is followed or is not, in English."""
        told = [finding.english for finding in self._decisive]
        return self._told(told, "applies without a condition", "; ", ", but an earlier rule matched")

    @property
    def _decisive(self) -> tuple[Finding, ...]:
        """What failed; when nothing did, what held."""
        return tuple(finding for finding in self.findings if not finding.holds) or self.findings

    def _told(self, reasons: list[str], unconditional: str, separator: str, overtaken: str) -> str:
        return (separator.join(reasons) or unconditional) + (overtaken if self.matched and not self.chosen else "")


def explain(rules: Iterable[RoutingRule], matter: Matter) -> tuple[Verdict, ...]:
    """The verdict of every rule in their order; at most one is chosen."""
    verdicts: list[Verdict] = []
    for rule in sorted(rules, key=lambda rule: rule.order):
        verdict = Verdict(rule, findings(rule, matter))
        chosen = verdict.matched and not any(earlier.chosen for earlier in verdicts)
        verdicts.append(Verdict(rule, verdict.findings, chosen))
    return tuple(verdicts)


def proposed(verdicts: Iterable[Verdict]) -> RoutingRule | None:
    """The rule that proposes LEAD and CO; None: a dispatcher has to decide without one."""
    return next((verdict.rule for verdict in verdicts if verdict.chosen), None)


def findings(rule: RoutingRule, matter: Matter) -> tuple[Finding, ...]:
    """How the rule's conditions stand to the matter; a condition that the rule does not make is left out."""
    found = (
        _category(rule, matter), _component(rule, matter), _area_kind(rule, matter), _area(rule, matter),
        _time(rule, matter), _keywords(rule, matter),
    )  # fmt: skip
    return tuple(finding for finding in found if finding is not None)


def matches(rule: RoutingRule, matter: Matter) -> bool:
    """Whether every condition of the rule holds for the matter."""
    return all(finding.holds for finding in findings(rule, matter))


def folded(text: str) -> str:
    """A text as keywords are looked for in it: width and case do not matter, as in the text search."""
    return unicodedata.normalize("NFKC", text).casefold()


def _after(start: time, moment: time) -> timedelta:
    """How long after ``start`` the clock next shows ``moment``."""
    return (_since_midnight(moment) - _since_midnight(start)) % _DAY


def _since_midnight(moment: time) -> timedelta:
    return timedelta(
        hours=moment.hour, minutes=moment.minute, seconds=moment.second, microseconds=moment.microsecond
    )  # fmt: skip


def _category(rule: RoutingRule, matter: Matter) -> Finding | None:
    if rule.category is None:
        return None
    if rule.category in matter.categories:
        return Finding(Condition.CATEGORY, True, f"分类为{rule.category}", f"the category is {rule.category}")
    actual = matter.categories[0] if matter.categories else None
    return Finding(
        Condition.CATEGORY, False, f"分类须为{rule.category}，实为{actual or '未定'}",
        f"the category must be {rule.category}, not {actual or 'unset'}",
    )  # fmt: skip


def _component(rule: RoutingRule, matter: Matter) -> Finding | None:
    wanted, actual = rule.component, matter.component
    if wanted is None:
        return None
    # What was registered may carry a remark behind the ten digits.
    if actual is not None and actual.startswith(wanted):
        return Finding(Condition.COMPONENT, True, f"部件事件代码为{wanted}", f"the component is {wanted}")
    return Finding(
        Condition.COMPONENT, False, f"部件事件代码须为{wanted}，实为{actual or '未填'}",
        f"the component must be {wanted}, not {actual or 'unset'}",
    )  # fmt: skip


def _area_kind(rule: RoutingRule, matter: Matter) -> Finding | None:
    if rule.area_kind is None:
        return None
    wanted, actual = rule.area_kind, matter.area_kind
    if wanted is actual:
        return Finding(Condition.AREA_KIND, True, f"区域类型为{wanted.label}", f"the area is {wanted}")
    return Finding(
        Condition.AREA_KIND, False, f"区域类型须为{wanted.label}，实为{actual.label if actual else '未知'}",
        f"the area must be {wanted}, not {actual or 'unknown'}",
    )  # fmt: skip


def _area(rule: RoutingRule, matter: Matter) -> Finding | None:
    wanted, actual = rule.area, matter.place
    if wanted is None:
        return None
    if actual is not None and actual.startswith(prefix_of(wanted)):
        return Finding(Condition.AREA, True, f"位于{wanted}", f"it lies in {wanted}")
    return Finding(
        Condition.AREA, False, f"须位于{wanted}，实为{actual or '未知'}", f"it must lie in {wanted}, not in {actual or 'an unknown place'}"
    )  # fmt: skip


def _time(rule: RoutingRule, matter: Matter) -> Finding | None:
    wanted, actual = rule.hours, matter.moment
    if wanted is None:
        return None
    if actual is not None and wanted.include(actual):
        return Finding(Condition.TIME, True, f"时间在{wanted}", f"the time lies in {wanted}")
    told = f"{actual:%H:%M}" if actual else None
    return Finding(
        Condition.TIME, False, f"时间须在{wanted}，实为{told or '未知'}", f"the time must lie in {wanted}, not {told or 'unknown'}"
    )  # fmt: skip


def _keywords(rule: RoutingRule, matter: Matter) -> Finding | None:
    if not rule.keywords:
        return None
    text = folded(matter.text)
    hits = [keyword for keyword in rule.keywords if folded(keyword) in text]
    if hits:
        return Finding(Condition.KEYWORDS, True, f"含关键词“{'、'.join(hits)}”", f"the text holds {', '.join(hits)}")
    return Finding(
        Condition.KEYWORDS, False, f"未出现关键词“{'、'.join(rule.keywords)}”",
        f"the text holds none of {', '.join(rule.keywords)}",
    )  # fmt: skip
