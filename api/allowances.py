"""How much each principal may ask for: a bucket of cost that fills with time, and is emptied by operations."""

from collections import OrderedDict
from dataclasses import dataclass, field

REMEMBERED = 10_000
"""Principals whose buckets are remembered; one that is forgotten begins with a full bucket."""


@dataclass
class Allowances:
    """Buckets that hold ``burst`` and fill by ``per_second``; with 0 a second nobody is held back."""

    per_second: float
    burst: float
    _levels: OrderedDict[str, tuple[float, float]] = field(default_factory=OrderedDict)

    def take(self, principal: str, cost: float, now: float) -> float:
        """Take the cost from a principal's bucket; answers 0, or the seconds until there is as much (then nothing is taken).

        ``now`` is a clock's seconds that only go on. What costs more than a full bucket holds waits for a full one.
        """
        if not self.per_second:
            return 0
        level, since = self._levels.pop(principal, (self.burst, now))
        level = min(self.burst, level + (now - since) * self.per_second)
        wanted = min(cost, self.burst)
        if level < wanted:
            self._keep(principal, level, now)
            return (wanted - level) / self.per_second
        self._keep(principal, level - cost, now)
        return 0

    def _keep(self, principal: str, level: float, now: float) -> None:
        self._levels[principal] = level, now
        if len(self._levels) > REMEMBERED:
            self._levels.popitem(last=False)
