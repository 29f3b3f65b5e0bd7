"""How like two cases are: every clue counts, no single one suffices, and the reasons are told in Chinese (C.3 register, B.2)."""

from datetime import timedelta

import pytest

from shaodao.commands.similar_cases import Candidate
from shaodao.domain.permissions import (
    AllOf,
    AnyOf,
    Condition,
    Everything,
    InScope,
    Linked,
)
from shaodao.domain.rulebook import Rulebook
from shaodao.domain.rules import RULES
from shaodao.domain.similarity import Likeness, similarity
from shaodao.presets import load_rulebook

NOTHING = Likeness(apart=timedelta(days=40))
ALL = Likeness(
    apart=timedelta(hours=50), metres=4.0, same_grid=True, same_category=True, same_reporter=True, text_share=1.0
)


@pytest.fixture(scope="module")
def rulebook() -> Rulebook:
    return load_rulebook("shimahe")


def told(rulebook: Rulebook, likeness: Likeness) -> tuple[int, str] | None:
    found = similarity(likeness, rulebook.similarity, rulebook.similar_radius_metres)
    return None if found is None else (found.score, found.explanation)


def test_all_clues_together_are_told_and_count_a_hundred_at_most(rulebook: Rulebook) -> None:
    assert told(rulebook, ALL) == (100, "同一网格、相距约10米、同一分类、3天内、同一诉求人、内容相近")


@pytest.mark.parametrize(
    "likeness",
    [
        NOTHING,
        Likeness(apart=timedelta()),
        Likeness(apart=timedelta(), metres=0, same_grid=True),
        Likeness(apart=timedelta(), same_category=True),
        Likeness(apart=timedelta(), same_reporter=True),
        Likeness(apart=timedelta(), text_share=1.0),
    ],
)
def test_no_clue_by_itself_offers_a_case(rulebook: Rulebook, likeness: Likeness) -> None:
    assert told(rulebook, likeness) is None


def test_two_calls_about_one_smell_are_alike_without_one_reporter(rulebook: Rulebook) -> None:
    alike = Likeness(apart=timedelta(days=1), metres=30, same_grid=True, same_category=True, text_share=0.4)
    score, why = told(rulebook, alike) or (0, "")
    assert (score >= rulebook.similarity.least_score, why) == (True, "同一网格、相距约30米、同一分类、1天内、内容相近")


def test_nearer_and_sooner_is_liker(rulebook: Rulebook) -> None:
    def score(metres: float, days: int) -> int:
        likeness = Likeness(timedelta(days=days), metres, same_category=True, text_share=0.8)
        return (told(rulebook, likeness) or (0, ""))[0]

    assert score(10, 1) > score(150, 1) > score(150, 20)
    assert score(10, 1) > score(10, 20)


def test_beyond_the_radius_a_distance_is_no_clue(rulebook: Rulebook) -> None:
    far = Likeness(timedelta(), metres=5_000, same_category=True, same_reporter=True, text_share=0.1)
    assert "米" not in (told(rulebook, far) or (0, ""))[1]
    known = Likeness(timedelta(), metres=5_000, same_grid=True, same_category=True, text_share=0.3)
    assert told(rulebook, known) is not None


def columns(condition: Condition) -> set[str]:
    """The columns of the row itself that a condition asks about."""
    if isinstance(condition, AllOf | AnyOf):
        return {column for part in condition.parts for column in columns(part)}
    if isinstance(condition, Everything | InScope | Linked):
        return set()
    return {condition.column}


@pytest.mark.parametrize("rule", ["similar_case", "case_by_phone"])
def test_a_candidate_carries_what_the_rules_ask_about(rule: str) -> None:
    asked = {column for condition in RULES[rule].values() for column in columns(condition)}
    assert asked <= set(Candidate.__struct_fields__)
