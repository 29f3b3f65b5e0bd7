"""What the API asks of the live feed (design: delivery). ``postgres_feed`` is the implementation on PostgreSQL."""

from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, TypeAlias
from uuid import UUID

from shaodao.delivery.cursors import Position
from shaodao.domain.errors import DomainError


class SubscriberTooSlow(DomainError):
    """The subscriber did not take its events in time and was cut off; it may resume from its last cursor."""

    code = "SUBSCRIBER_TOO_SLOW"

    def __init__(self) -> None:
        super().__init__(
            "接收过慢，订阅已中断", "the subscriber was too slow and was cut off; resume from the last cursor"
        )


@dataclass(frozen=True)
class FeedEvent:
    """One step of a case as the feed tells it; who may see it is the subscriber's side to decide."""

    cursor: str
    position: Position
    county: int
    case_id: UUID
    seq: int
    id: UUID
    at: datetime
    type: str
    actor_name: str | None
    actor_role: str
    organization_code: str | None
    whistle_id: UUID | None
    assignment_id: UUID | None
    from_state: str | None
    to_state: str | None
    text: str
    public: bool
    street_code: str
    grid_code: str | None


Wanted: TypeAlias = Callable[[FeedEvent], bool]
"""Whether a subscriber may want an event, by what the event itself says; asked in the process, for each subscriber."""


class Feed(Protocol):
    """The events of all cases in one order; a cursor is a place in it, and text that clients keep."""

    async def resume_at(self, after: str | None) -> str:
        """A cursor that may be gone on after, or that of now. Raises MalformedCursor and CursorExpired."""
        ...

    def subscribe(self, after: str | None, wanted: Wanted) -> AsyncGenerator[FeedEvent, None]:
        """The wanted events after a cursor, or from now on, in the order of the log, each once.

        Raises MalformedCursor, CursorExpired, and SubscriberTooSlow when the events are not taken in time.
        """
        ...
