"""Rules that leave each other nothing, rules that hand a matter back, and the conditions of place, component and time."""

from dataclasses import replace
from datetime import UTC, datetime, time
from typing import Any

import pytest

from shaodao.domain.routing import Condition, Hours, Matter, RoutingRule, explain, findings
from shaodao.domain.routing_order import Ruling, covers, handed_back, shadowing, switched_off
from shaodao.domain.vocabulary import AreaKind

NIGHT = Hours(time(22), time(6))
ANCESTRY = {"A02": ("A02",), "A0201": ("A0201", "A02"), "A13": ("A13",)}
STREET, COMMUNITY, GRID = "990101001000", "990101001001", "990101001001004"


def rule(code: str, sort: int = 10, lead: str = "CG", **conditions: Any) -> RoutingRule:
    return RoutingRule(code, sort, code, lead, **conditions)


ANYTHING = rule("ANY")
WIDE_AND_NARROW: list[tuple[dict[str, Any], dict[str, Any], bool]] = [
    ({}, {"category": "A02"}, True),
    ({"category": "A02"}, {"category": "A0201"}, True),
    ({"category": "A0201"}, {"category": "A02"}, False),
    ({"category": "A02"}, {}, False),
    ({"keywords": ("噪声",)}, {"keywords": ("夜间噪声", "施工噪声")}, True),
    ({"keywords": ("噪声",)}, {"keywords": ("夜间噪声", "打桩")}, False),
    ({"keywords": ("噪声",)}, {}, False),
    ({"keywords": ("ev",)}, {"keywords": ("ＥＶ充电",)}, True),
    ({"area": STREET}, {"area": COMMUNITY}, True),
    ({"area": COMMUNITY}, {"area": GRID}, True),
    ({"area": COMMUNITY}, {"area": STREET}, False),
    ({"area": GRID}, {}, False),
    ({"area_kind": AreaKind.SEA}, {"area_kind": AreaKind.SEA}, True),
    ({"area_kind": AreaKind.SEA}, {}, False),
    ({"component": "9901010102"}, {"component": "9901010102"}, True),
    ({"component": "9901010102"}, {"component": "9901010103"}, False),
    ({"hours": NIGHT}, {"hours": Hours(time(23), time(5))}, True),
    ({"hours": NIGHT}, {"hours": Hours(time(21), time(23))}, False),
    ({"hours": Hours(time(0), time(12))}, {"hours": NIGHT}, False),
    ({"hours": NIGHT}, {}, False),
]


@pytest.mark.parametrize(("wide", "narrow", "expected"), WIDE_AND_NARROW)
def test_a_rule_covers_another_whose_every_matter_it_matches(
    wide: dict[str, Any], narrow: dict[str, Any], expected: bool
) -> None:
    assert covers(rule("W", **wide), rule("N", **narrow), ANCESTRY) is expected


def test_an_earlier_rule_that_covers_a_later_one_shadows_it() -> None:
    """A rule that cannot match is refused (issue, Bad input)."""
    noise = rule("N", 20, category="A02", keywords=("噪声",))
    whole = rule("A02", 10, category="A02")
    assert shadowing([whole, rule("LATE", 30)], noise, ANCESTRY) is whole
    assert shadowing([rule("A13", 10, category="A13"), rule("LATE", 30)], noise, ANCESTRY) is None
    assert shadowing([replace(ANYTHING, sort=20)], noise, ANCESTRY) == replace(
        ANYTHING, sort=20
    )  # of equals the code decides


def test_a_rule_that_would_switch_later_ones_off_is_found() -> None:
    """Never switched off silently (issue, Routing rules)."""
    noise, fumes = rule("N", 20, category="A02", keywords=("噪声",)), rule("F", 30, category="A02")
    assert switched_off([noise, fumes], rule("A", 10, category="A02"), ANCESTRY) == (noise, fumes)
    assert switched_off([noise, fumes], rule("Z", 25, category="A02"), ANCESTRY) == (fumes,)
    assert switched_off([noise, fumes], rule("A", 10, category="A13"), ANCESTRY) == ()


NOISE = Matter(("A02",), AreaKind.BUSINESS, "商圈工地夜间施工噪声", place=GRID)
RULING = Ruling("HB", "CG", NOISE, datetime(2026, 11, 9, tzinfo=UTC))
BACK = rule("B", 5, "HB", category="A02", keywords=("噪声",))


def test_a_rule_for_the_rulings_own_matter_must_not_hand_it_back() -> None:
    """HB objected and CG got it: a rule that gives it to HB again loops (A → B → A)."""
    assert handed_back([], BACK, [RULING], ANCESTRY) is RULING
    assert handed_back([], replace(BACK, lead_organization="CG"), [RULING], ANCESTRY) is None
    assert handed_back([], replace(BACK, keywords=("油烟",)), [RULING], ANCESTRY) is None
    taken = rule("N", 1, "CG", category="A02", keywords=("施工噪声",))
    assert handed_back([taken], BACK, [RULING], ANCESTRY) is None  # the matter never reaches it


def test_a_rule_before_the_one_made_of_the_ruling_must_not_take_its_matters() -> None:
    made = rule("N", 10, "CG", category="A02", keywords=("噪声", "打桩"))
    ruling = replace(RULING, rule_code="N")
    piles = rule("P", 5, "HB", category="A02", keywords=("打桩",))
    assert handed_back([made], piles, [ruling], ANCESTRY) is ruling
    assert handed_back([made], replace(piles, sort=20), [ruling], ANCESTRY) is None
    assert handed_back([], piles, [ruling], ANCESTRY) is None  # the ruling's rule was retired


def test_a_later_ruling_ends_the_earlier_one() -> None:
    later = Ruling("CG", "HB", NOISE, datetime(2026, 11, 19, tzinfo=UTC))
    assert handed_back([], BACK, [later, RULING], ANCESTRY) is None
    assert handed_back([], replace(BACK, lead_organization="CG"), [later, RULING], ANCESTRY) is later


@pytest.mark.parametrize(
    ("conditions", "condition", "holds"),
    [
        ({"area": COMMUNITY}, Condition.AREA, True),
        ({"area": "990101001002"}, Condition.AREA, False),
        ({"component": "9901010102"}, Condition.COMPONENT, True),
        ({"component": "9901010103"}, Condition.COMPONENT, False),
        ({"hours": NIGHT}, Condition.TIME, True),
        ({"hours": Hours(time(6), time(22))}, Condition.TIME, False),
    ],
)
def test_place_component_and_time_are_conditions(conditions: dict[str, Any], condition: Condition, holds: bool) -> None:
    matter = replace(NOISE, component="9901010102(示例)", moment=time(23, 15))
    [found] = findings(rule("R", **conditions), matter)
    assert (found.condition, found.holds) == (condition, holds)
    assert found.message
    assert found.english
    [unknown] = explain([rule("R", **conditions)], Matter((), None, ""))
    assert not unknown.matched


def test_hours_include_their_beginning_and_not_their_end() -> None:
    assert [NIGHT.include(moment) for moment in (time(21, 59), time(22), time(0), time(5, 59), time(6))] == [
        False, True, True, True, False,
    ]  # fmt: skip
    assert str(NIGHT) == "22:00–06:00"
