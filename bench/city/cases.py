"""The cases of a city in batches of rows: street by street, in the order in which they came in."""

import random
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from bench.city import case_rows, work_rows
from bench.city.case_rows import Desk, Row
from bench.city.places import County, Street
from bench.city.plan import DAY, HOUR, Draft, moment, plan
from bench.city.preset import Preset, apportioned
from bench.city.telling import Told, told
from shaodao.domain.calendar import SHANGHAI
from shaodao.domain.vocabulary import CaseState

TABLES = (
    "case_file", "whistle", "whistle_party", "assignment", "case_event", "report", "verification", "follow_up", "evaluation",
    "message", "deadline", "deadline_stage", "merge_link",
)  # fmt: skip
"""The tables of a batch, parents first."""

_BATCH = 1_000
_HOURS = (0.2,) * 7 + (1, 4, 5, 5, 4, 2, 3, 4, 4, 3, 2, 1.5, 1, 0.8, 0.5, 0.3, 0.2)

Batch = dict[str, list[Row]]


@dataclass(frozen=True)
class Arrivals:
    """When the cases of a street came in, ascending, in seconds since 1970; ``first``: the city's number of the first."""

    county: County
    street: Street
    first: int
    moments: list[int]

    def numbers(self) -> Iterator[tuple[int, str]]:
        """Moment and number 编号 of each: the running number is of the street and the year (C.1.4)."""
        last: dict[int, int] = defaultdict(int)
        for at in self.moments:
            day = local(at)
            last[day.year] += 1
            yield at, f"{self.street.code[:9]}-{day:%Y%m%d}-{last[day.year]:04}"

    def counters(self) -> list[Row]:
        """Rows of ``case_counter``: where the running numbers stand."""
        last: dict[int, int] = defaultdict(int)
        for at in self.moments:
            last[local(at).year] += 1
        return [
            {"county_code": self.county.code, "street_code": self.street.code, "year": year, "last": count}
            for year, count in last.items()
        ]


def arrivals_of(preset: Preset, counties: tuple[County, ...], now: int) -> list[Arrivals]:
    """How many cases each street has, by its weight, and when they came in."""
    pairs = [(county, street) for county in counties for street in county.streets]
    counts = apportioned(preset.cases, [street.weight for _, street in pairs])
    found, first = [], 0
    for (county, street), count in zip(pairs, counts, strict=True):
        chance = random.Random(preset.seed + first)  # noqa: S311 - chance that can be repeated
        found.append(Arrivals(county, street, first, sorted(_moment(chance, preset.days, now) for _ in range(count))))
        first += count
    return found


def batches(preset: Preset, desk: Desk, arrivals: Arrivals) -> Iterator[Batch]:
    """The rows of a street's cases, a thousand cases at a time."""
    batch: Batch = defaultdict(list)
    weights = [grid.households for grid in arrivals.street.grids]
    chance = random.Random(preset.seed - arrivals.first)  # noqa: S311 - chance that can be repeated
    for ordinal, (at, number) in enumerate(arrivals.numbers()):
        [grid] = chance.choices(arrivals.street.grids, weights)
        draft = Draft(
            arrivals.first + ordinal,
            ordinal,
            number,
            at,
            arrivals.county,
            arrivals.street,
            grid,
            preset.seed,
            bool(batch),
        )
        _add(batch, desk, told(plan(draft), desk.now, whole=draft.is_long or at > desk.now - preset.whole_days * DAY))
        if len(batch["case_file"]) == _BATCH:
            yield batch
            batch = defaultdict(list)
    if batch:
        yield batch


def local(seconds: int) -> datetime:
    """The moment in Shanghai."""
    return moment(seconds).astimezone(SHANGHAI)


def _moment(chance: random.Random, days: int, now: int) -> int:
    [hour] = chance.choices(range(24), _HOURS)
    midnight = now - (now + 8 * HOUR) % DAY - int(chance.random() * days) * DAY
    at = midnight + hour * HOUR + int(chance.random() * HOUR)
    return at if at < now else at - DAY


def _add(batch: Batch, desk: Desk, story: Told) -> None:
    case = case_rows.case_row(desk, story)
    clocks = work_rows.clocks_of(desk, story)
    main: Row | None = None
    if story.case_state is CaseState.MERGED:
        main = next(row for row in reversed(batch["case_file"]) if row["merged_into"] is None)
        batch["merge_link"].append(case_rows.merge_into(story, case, main))
    batch["case_file"].append(case)
    batch["whistle"] += case_rows.whistle_rows(story)
    batch["whistle_party"] += case_rows.party_rows(story)
    batch["assignment"] += work_rows.assignment_rows(desk, story, clocks)
    batch["case_event"] += case_rows.event_rows(desk, story)
    batch["report"] += work_rows.report_rows(story)
    batch["verification"] += work_rows.verification_rows(story)
    batch["follow_up"] += work_rows.follow_up_rows(story)
    batch["evaluation"] += work_rows.evaluation_rows(story)
    batch["message"] += work_rows.message_rows(desk, story, case, main)
    batch["deadline"] += work_rows.deadline_rows(desk, story, clocks)
    batch["deadline_stage"] += work_rows.stage_rows(desk, story, clocks)
