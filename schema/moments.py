"""Moments: what the subscribers of the live feed read for one event, they read together."""

from dataclasses import dataclass
from datetime import datetime
from itertools import takewhile
from time import monotonic
from uuid import UUID

from schema.database import SharedReads, Source
from shaodao.delivery.feed import FeedEvent

SHARED_SECONDS = 1.0
"""Whoever comes to an event later than so long after the first, who resumes or is slow, reads it anew."""


@dataclass(frozen=True)
class Moment:
    """The time at which an event is looked at, and the reads of all who look at it then."""

    now: datetime
    database: SharedReads
    ends: float


class Moments:
    """The moments of a process, by event and by what is read from."""

    def __init__(self) -> None:
        self._kept: dict[tuple[UUID, Source], Moment] = {}

    def of(self, event: FeedEvent, source: Source, now: datetime) -> Moment:
        """The moment of an event: begun just now by whoever came first, or anew."""
        self._forget(monotonic())
        moment = self._kept.get((event.id, source))
        if moment is None:
            moment = Moment(now, SharedReads(source), monotonic() + SHARED_SECONDS)
            self._kept[event.id, source] = moment
        return moment

    def _forget(self, now: float) -> None:
        """Those that have ended; they end in the order in which they began."""
        for key, _ in list(takewhile(lambda kept: kept[1].ends <= now, self._kept.items())):
            del self._kept[key]
