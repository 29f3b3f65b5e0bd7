"""Routing rules: which one matches, which is chosen, and why the others are not (C.1.4)."""

import pytest

from shaodao.domain.routing import Condition, Matter, RoutingRule, explain, findings, proposed
from shaodao.domain.vocabulary import AreaKind

NIGHT = RoutingRule(
    "C1", 10, "夜间占道", "CG", ("SC",), category="A13", area_kind=AreaKind.BUSINESS, keywords=("占道", "夜市")
)
CITY = RoutingRule("C2", 20, "城市管理", "CG", category="A13")
ANY = RoutingRule("C9", 99, "其他", "JD")
CATALOGUE = (ANY, CITY, NIGHT)
STREET_STALLS = Matter(("A13",), AreaKind.BUSINESS, "滨海商圈夜间占道经营")


def test_the_first_item_whose_conditions_all_hold_proposes_lead_and_co() -> None:
    item = proposed(explain(CATALOGUE, STREET_STALLS))
    assert item is NIGHT
    assert (item.lead_organization, item.co_organizations) == ("CG", ("SC",))


def test_items_are_told_in_the_catalogues_order_and_one_is_chosen() -> None:
    verdicts = explain(CATALOGUE, STREET_STALLS)
    assert [(verdict.rule.code, verdict.matched, verdict.chosen) for verdict in verdicts] == [
        ("C1", True, True), ("C2", True, False), ("C9", True, False),
    ]  # fmt: skip
    assert verdicts[1].reason == "分类为A13，但已有更靠前的规则"
    assert verdicts[2].english == "applies without a condition, but an earlier rule matched"


@pytest.mark.parametrize(
    ("matter", "failed", "reason", "english"),
    [
        (
            Matter(("A02",), AreaKind.BUSINESS, "占道"), {Condition.CATEGORY},
            "分类须为A13，实为A02", "the category must be A13, not A02",
        ),
        (Matter((), AreaKind.BUSINESS, "占道"), {Condition.CATEGORY}, "分类须为A13，实为未定", "the category must be A13, not unset"),
        (
            Matter(("A13",), AreaKind.URBAN, "占道"), {Condition.AREA_KIND},
            "区域类型须为商圈园区，实为城市", "the area must be BUSINESS, not URBAN",
        ),
        (
            Matter(("A13",), None, "占道"), {Condition.AREA_KIND},
            "区域类型须为商圈园区，实为未知", "the area must be BUSINESS, not unknown",
        ),
        (
            Matter(("A13",), AreaKind.BUSINESS, "油烟"), {Condition.KEYWORDS},
            "未出现关键词“占道、夜市”", "the text holds none of 占道, 夜市",
        ),
    ],
)  # fmt: skip
def test_an_item_says_why_it_does_not_apply(matter: Matter, failed: set[Condition], reason: str, english: str) -> None:
    verdict = explain([NIGHT], matter)[0]
    assert {finding.condition for finding in verdict.findings if not finding.holds} == failed
    assert (verdict.reason, verdict.english, verdict.chosen) == (reason, english, False)


def test_every_failed_condition_is_told() -> None:
    verdict = explain([NIGHT], Matter(("A02",), AreaKind.SEA, "油烟"))[0]
    assert verdict.reason.count("；") == 2


def test_a_category_matches_with_its_ancestors() -> None:
    assert proposed(explain([CITY], Matter(("A1301", "A13"), None, ""))) is CITY


def test_width_and_case_of_keywords_do_not_matter() -> None:
    item = RoutingRule("C3", 1, "充电", "XF", keywords=("ev充电",))
    assert explain([item], Matter((), None, "楼道ＥＶ充电"))[0].matched


def test_without_a_matching_item_nothing_is_proposed() -> None:
    assert proposed(explain([NIGHT], Matter((), None, ""))) is None


def test_an_item_without_conditions_makes_no_findings() -> None:
    assert findings(ANY, STREET_STALLS) == ()
