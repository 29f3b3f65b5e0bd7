"""How like two cases are 相似诉求 (B.2: 重复诉求并单): points for each clue, and the clues in Chinese. Pure.

Nothing is merged by it: it offers, and a person decides.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from shaodao.domain.rulebook import SimilarityRule

_DAY = timedelta(days=1)
_MOST = 100


@dataclass(frozen=True)
class Likeness:
    """What two cases have in common.

    ``metres``: between their points, None where one has none. ``apart``: between their registrations, never negative.
    ``text_share``: of the words of the shorter text, how many stand in the longer, 0 to 1.
    """

    apart: timedelta
    metres: float | None = None
    same_grid: bool = False
    same_category: bool = False
    same_reporter: bool = False
    text_share: float = 0.0


@dataclass(frozen=True)
class Similarity:
    """How like two cases are: ``score`` 1 to 100, and why, such as 同一网格、同一分类、3天内、同一诉求人."""

    score: int
    explanation: str


def similarity(likeness: Likeness, rule: SimilarityRule, radius_metres: int) -> Similarity | None:
    """The likeness in points; None below what the rule offers."""
    weights = rule.weights
    points = (
        weights.place * _place_share(likeness, rule, radius_metres)
        + weights.category * likeness.same_category
        + weights.time * max(0.0, 1 - likeness.apart / (_DAY * rule.days))
        + weights.reporter * likeness.same_reporter
        + weights.text * likeness.text_share
    )
    score = min(round(points), _MOST)
    if score < rule.least_score:
        return None
    return Similarity(score, "、".join(_clues(likeness, rule, radius_metres)))


def _place_share(likeness: Likeness, rule: SimilarityRule, radius_metres: int) -> float:
    near = 0.0 if likeness.metres is None else max(0.0, 1 - likeness.metres / radius_metres)
    return max(near, rule.same_grid_share) if likeness.same_grid else near


def _clues(likeness: Likeness, rule: SimilarityRule, radius_metres: int) -> Iterator[str]:
    if likeness.same_grid:
        yield "同一网格"
    if likeness.metres is not None and likeness.metres <= radius_metres:
        yield f"相距约{_rounded(likeness.metres)}米"
    if likeness.same_category:
        yield "同一分类"
    yield f"{-(-likeness.apart // _DAY) or 1}天内"
    if likeness.same_reporter:
        yield "同一诉求人"
    if likeness.text_share >= rule.text_share:
        yield "内容相近"


def _rounded(metres: float) -> int:
    """As exact as a point is: to ten metres."""
    return max(10, round(metres / 10) * 10)
