"""How many subscriptions each principal has at once, over all sockets and event streams of this process."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


class TooManySubscriptions(Exception):
    """A principal has as many subscriptions as are allowed at once; one must end before another may begin."""

    def __init__(self, most: int) -> None:
        super().__init__(f"You have {most} subscriptions, and more are not allowed at once.")


@dataclass
class Subscriptions:
    """Those that run, by principal, and how many each may have."""

    most: int
    _running: Counter[str] = field(default_factory=Counter)

    @contextmanager
    def one_more(self, principal: str) -> Iterator[None]:
        """Count one while it runs. Raises TooManySubscriptions."""
        if self._running[principal] >= self.most:
            raise TooManySubscriptions(self.most)
        self._running[principal] += 1
        try:
            yield
        finally:
            self._running[principal] -= 1
            if not self._running[principal]:
                del self._running[principal]
