"""What /metrics tells of the clock: looked up from time to time, whichever process fires the deadlines' stages."""

from collections.abc import Iterator
from dataclasses import dataclass

import asyncpg
from prometheus_client.core import GaugeMetricFamily, Metric

from api.lane_numbers import REFRESH
from shaodao.delivery.late_stages import Lateness, lateness
from shaodao.delivery.pace import Now


@dataclass
class ClockNumbers:
    """The numbers of the last look; None before the first."""

    pool: "asyncpg.Pool[asyncpg.Record]"
    now: Now
    name: str = "clock-numbers"
    seen: Lateness | None = None

    async def one_pass(self) -> float:
        """Look anew; answers the seconds until the next time."""
        self.seen = await lateness(self.pool, self.now())
        return REFRESH

    def families(self) -> Iterator[Metric]:
        """The numbers as Prometheus takes them."""
        if self.seen is not None:
            seconds = self.seen.late.total_seconds()
            yield GaugeMetricFamily("shaodao_clock_late_seconds", "How late the oldest due stage is.", seconds)
            yield GaugeMetricFamily(
                "shaodao_clock_failed_stages", "Due stages that could not be fired.", self.seen.failed
            )
