"""What /metrics tells of deliveries: looked up from time to time, so that asking often costs the outbox nothing."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import asyncpg
from prometheus_client.core import GaugeMetricFamily, Metric

from shaodao.delivery.pace import Now

REFRESH = 15.0
"""Seconds between two looks. One scans the lanes and the attempts of the last five minutes."""

RECENT = timedelta(minutes=5)

_COUNTIES = "SELECT left(code, 6)::int AS county_code FROM divisions WHERE level = 'COUNTY' ORDER BY code"
_LANES = """
SELECT department, state, count(*) AS lanes, min(since) AS oldest FROM lane
WHERE county_code = $1 GROUP BY 1, 2
"""
_OUTCOMES = """
SELECT department, outcome, count(*) AS attempts FROM delivery_log WHERE county_code = $1 AND at > $2 AND at <= $3
GROUP BY 1, 2
"""
_PAUSED = """
SELECT department, paused, coalesce(open_until > $2, false) AS open FROM lane_state WHERE county_code = $1
"""


@dataclass
class LaneNumbers:
    """The numbers of the last look, by department and state, outcome or cause; ``oldest`` are ages in seconds."""

    pool: "asyncpg.Pool[asyncpg.Record]"
    now: Now
    name: str = "lane-numbers"
    lanes: dict[tuple[str, str], int] = field(default_factory=dict)
    oldest: dict[tuple[str, str], float] = field(default_factory=dict)
    outcomes: dict[tuple[str, str], int] = field(default_factory=dict)
    held: dict[tuple[str, str], int] = field(default_factory=dict)

    async def one_pass(self) -> float:
        """Look anew; answers the seconds until the next time."""
        seen = LaneNumbers(self.pool, self.now)
        now = self.now()
        for row in await self.pool.fetch(_COUNTIES):
            await seen._look(row["county_code"], now)
        self.lanes, self.oldest, self.outcomes, self.held = seen.lanes, seen.oldest, seen.outcomes, seen.held
        return REFRESH

    def families(self) -> Iterator[Metric]:
        """The numbers as Prometheus takes them."""
        yield _family("shaodao_lanes", "Lanes of deliveries.", "state", self.lanes)
        yield _family("shaodao_lane_oldest_seconds", "Age of the oldest lane.", "state", self.oldest)
        yield _family("shaodao_delivery_attempts_recent", "Attempts of the last 5 minutes.", "outcome", self.outcomes)
        yield _family("shaodao_department_held", "1: paused, or left alone after failures.", "why", self.held)

    async def _look(self, county: int, now: datetime) -> None:
        for row in await self.pool.fetch(_LANES, county):
            key = row["department"], row["state"]
            self.lanes[key] = self.lanes.get(key, 0) + row["lanes"]
            if row["oldest"] is not None:
                self.oldest[key] = max(self.oldest.get(key, 0.0), (now - row["oldest"]).total_seconds())
        for row in await self.pool.fetch(_OUTCOMES, county, now - RECENT, now):
            key = row["department"], row["outcome"]
            self.outcomes[key] = self.outcomes.get(key, 0) + row["attempts"]
        for row in await self.pool.fetch(_PAUSED, county, now):
            for why, held in (("paused", row["paused"]), ("breaker", row["open"])):
                key = row["department"], why
                self.held[key] = max(self.held.get(key, 0), int(held))


def _family(name: str, meaning: str, label: str, numbers: Mapping[tuple[str, str], float]) -> Metric:
    family = GaugeMetricFamily(name, meaning, labels=["department", label])
    for (department, value), number in numbers.items():
        family.add_metric([department, value], number)
    return family
