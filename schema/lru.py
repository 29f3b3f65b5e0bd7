"""A bounded cache that forgets what was least recently used."""

from collections import OrderedDict
from collections.abc import Hashable
from typing import Generic, TypeVar

V = TypeVar("V")


class Lru(Generic[V]):
    """At most ``size`` values by key, that weigh at most ``weight`` together, with counts of hits and misses."""

    def __init__(self, size: int, weight: int | None = None) -> None:
        self._size = size
        self._limit = weight
        self._values: OrderedDict[Hashable, tuple[V, int]] = OrderedDict()
        self._weight = 0
        self.hits = 0
        self.misses = 0

    def get(self, key: Hashable) -> V | None:
        """The value, which counts as a use, or None."""
        found = self._values.get(key)
        if found is None:
            self.misses += 1
            return None
        self.hits += 1
        self._values.move_to_end(key)
        return found[0]

    def put(self, key: Hashable, value: V, weight: int = 1) -> None:
        """Keep a value and forget the oldest beyond the limits."""
        _, before = self._values.pop(key, (None, 0))
        self._values[key] = value, weight
        self._weight += weight - before
        while len(self._values) > self._size or (self._limit is not None and self._weight > self._limit):
            _, (_, gone) = self._values.popitem(last=False)
            self._weight -= gone

    def __len__(self) -> int:
        return len(self._values)
