"""How large a city of the benchmark is (reference Z-06), and what is counted out to its parts."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace

MOST_PEOPLE = 970_000
"""What the invented identity numbers suffice for."""


@dataclass(frozen=True)
class Preset:
    """Sizes of a city. ``streets``: how many each county has; the largest street is ``skew`` times the smallest.

    ``days``: over how many days before now the cases are spread; those of the last ``whole_days`` have their whole history,
    older ones its main steps, as records taken over from an earlier system have. ``seed`` makes the city the same again.
    """

    name: str
    streets: tuple[int, ...]
    grids: int
    households: int
    people: int
    cases: int
    skew: float = 10.0
    days: int = 360
    whole_days: int = 50
    seed: int = 990101

    def with_sizes(self, *, cases: int | None = None, people: int | None = None) -> "Preset":
        """The same city with other numbers of cases and people. Raises ValueError for impossible ones."""
        sized = self if cases is None else replace(self, cases=cases)
        if people is not None:
            sized = replace(sized, people=people, households=people * self.households // self.people)
        if not (sized.cases > 0 and sized.grids <= sized.households <= sized.people <= MOST_PEOPLE):
            raise ValueError(
                f"a city has at least a case, a household in each grid, and at most {MOST_PEOPLE:,} people"
            )
        return sized


PRESETS = {
    # Z-06: 43 乡镇(街道), 2,360 网格, 37万户, 97万人, 4.9万件.
    "zhoushan": Preset("zhoushan", (14, 13, 9, 7), grids=2_360, households=370_000, people=970_000, cases=49_000),
    "tiny": Preset("tiny", (2, 1), grids=8, households=60, people=160, cases=240),
}


def apportioned(total: int, weights: Sequence[float], least: int = 0) -> list[int]:
    """``total`` counted out by weight, at least ``least`` to each; the sum is exact."""
    spare, whole = total - least * len(weights), sum(weights)
    ends, run = [0], 0.0
    for weight in weights:
        run += weight
        ends.append(round(spare * run / whole))
    return [least + end - begin for begin, end in itertools.pairwise(ends)]
