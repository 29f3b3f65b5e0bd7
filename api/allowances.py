"""How much each principal may ask for: a bucket of cost that fills with time, and is emptied by operations."""

from collections import OrderedDict
from dataclasses import dataclass, field
from math import ceil

NAME = "cost"
"""Of the limit, in the headers that tell of it."""
REMEMBERED = 10_000
"""Principals whose buckets are remembered; one that is forgotten begins with a full bucket."""


class AllowanceSpent(Exception):
    """A principal has asked for too much for now; the message says when there is enough again."""

    def __init__(self, allowances: "Allowances", wait: float) -> None:
        self.seconds = ceil(wait)
        super().__init__(f"You have asked for too much at once: try again in {self.seconds} s.")
        window = ceil(allowances.burst / allowances.per_second)
        self.headers = {
            "retry-after": str(self.seconds),
            "ratelimit-policy": f'"{NAME}";q={allowances.burst:.0f};w={window}',
            "ratelimit": f'"{NAME}";r=0;t={self.seconds}',
        }
        """As RFC 9110 and the IETF's draft of RateLimit header fields have them."""


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

    def spend(self, principal: str, cost: float, now: float) -> None:
        """As ``take``. Raises AllowanceSpent where there is too little."""
        if wait := self.take(principal, cost, now):
            raise AllowanceSpent(self, wait)

    def _keep(self, principal: str, level: float, now: float) -> None:
        self._levels[principal] = level, now
        if len(self._levels) > REMEMBERED:
            self._levels.popitem(last=False)
