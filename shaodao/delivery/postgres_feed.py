"""The live feed on PostgreSQL: reads the log of case events once for the process and fans it out to all subscribers.

Commits do not happen in the order of ids, so the log is read in the order of ``(xid, id)`` and only below the oldest
transaction still running. A subscriber first catches up from the log, then hears the live events, without a gap or a
repetition where the two meet.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import asyncpg

from shaodao.commands.running import connection_of
from shaodao.delivery.announcer import Announcer
from shaodao.delivery.cursors import (
    CURRENT,
    CursorExpired,
    MalformedCursor,
    Position,
    current_position,
    is_ahead,
    parse_cursor,
)
from shaodao.delivery.feed import FeedEvent, SubscriberTooSlow, Wanted
from shaodao.delivery.pace import Pulse, cancelled, keep_going

_COLUMNS = """
county_code, case_id, seq, id, at, type, actor_name, actor_role, organization_code, whistle_id, assignment_id, from_state,
to_state, text, public, street_code, grid_code, xid::text AS xid
"""
_READ = f"""
SELECT {_COLUMNS} FROM case_event
WHERE (xid, id) > ($1::text::xid8, $2::uuid) AND (xid, id) <= ($3::text::xid8, $4::uuid) AND xid < {CURRENT}
ORDER BY case_event.xid, id LIMIT $5
"""
_BEYOND = f"""
SELECT EXISTS (
    SELECT FROM case_event WHERE (xid, id) > ($1::text::xid8, $2::uuid) AND xid < {CURRENT} ORDER BY xid, id OFFSET $3 LIMIT 1
)
"""
_END = Position(2**63 - 1, UUID(int=2**128 - 1))


@dataclass(frozen=True)
class FeedRules:
    """``page``: events read at once. ``queue``: events that wait for one subscriber. ``replay``: how far back one resumes.

    ``poll``: seconds after which the log is read even if nothing was announced.
    """

    page: int = 500
    queue: int = 1000
    replay: int = 100_000
    poll: float = 2.0
    least_pause: float = 0.01


class _Subscriber:
    """The live side of one subscription: a bounded queue of what it wants, with one taker.

    There are thousands, and most wait: asyncio's queue, with four deques of its own, takes 3 kB.
    """

    __slots__ = ("_arrival", "_cut", "_events", "_expired", "_size", "_wanted")

    def __init__(self, wanted: Wanted, size: int) -> None:
        self._wanted = wanted
        self._size = size
        self._events: list[FeedEvent] = []
        self._arrival: asyncio.Future[None] | None = None
        self._cut = False
        self._expired = False

    def put(self, event: FeedEvent) -> None:
        """Queue the event if it is wanted; a full queue cuts the subscriber off."""
        if self._cut or not self._wanted(event):
            return
        if len(self._events) >= self._size:
            self._cut = True
            return
        self._events.append(event)
        self._wake()

    def expire(self) -> None:
        """Drop what is queued and end: the epoch is over."""
        self._cut = self._expired = True
        self._events.clear()
        self._wake()

    def _wake(self) -> None:
        if self._arrival is not None and not self._arrival.done():
            self._arrival.set_result(None)

    async def get(self) -> FeedEvent:
        """The next event. Raises SubscriberTooSlow once what was queued before the cut is taken, and CursorExpired."""
        while not self._events:
            if self._expired:
                raise CursorExpired
            if self._cut:
                raise SubscriberTooSlow
            self._arrival = asyncio.get_running_loop().create_future()
            await self._arrival
        return self._events.pop(0)


class PostgresFeed:
    """The feed of one process. ``open_feed`` makes one that reads."""

    name = "feed"

    def __init__(self, pool: "asyncpg.Pool[asyncpg.Record]", epoch: int, start: Position, rules: FeedRules) -> None:
        self.epoch = epoch
        self._pool = pool
        self._rules = rules
        self._position = start
        self._subscribers: set[_Subscriber] = set()

    async def one_pass(self) -> float:
        """Read what is new and hand it to the subscribers; answers the seconds until the next look."""
        try:
            page = await self._page(self._position, _END, self.epoch)
        except CursorExpired:
            return 0
        for event in page:
            for subscriber in self._subscribers:
                subscriber.put(event)
        if page:
            self._position = page[-1].position
        return 0 if len(page) == self._rules.page else self._rules.poll

    async def subscribe(self, after: str | None, wanted: Wanted) -> AsyncGenerator[FeedEvent, None]:
        """The wanted events after a cursor, or from now on, in the order of the log, each once.

        Raises MalformedCursor, CursorExpired, and SubscriberTooSlow when the events are not taken in time.
        """
        epoch = self.epoch
        position = await self._position_of(after)
        while True:
            page = await self._page(position, _END, epoch)
            for event in page:
                position = event.position
                if wanted(event):
                    yield event
            if len(page) < self._rules.page:
                break
        with self._joined(wanted) as (subscriber, joined_at):
            while page := await self._page(position, joined_at, epoch):
                for event in page:
                    position = event.position
                    if wanted(event):
                        yield event
            while True:
                event = await subscriber.get()
                if event.position > position:
                    position = event.position
                    yield event

    async def begin_anew(self, epoch: int) -> None:
        """Go on in another epoch from where the log stands now; whoever subscribed before is told CursorExpired."""
        async with self._pool.acquire() as lent:
            start = await current_position(connection_of(lent))
        self.epoch, self._position = epoch, start
        for subscriber in self._subscribers:
            subscriber.expire()

    async def resume_at(self, after: str | None) -> str:
        """A cursor that may be gone on after, or that of now. Raises MalformedCursor and CursorExpired."""
        return (await self._position_of(after)).cursor(self.epoch)

    async def _position_of(self, after: str | None) -> Position:
        if after is None:
            async with self._pool.acquire() as lent:
                return await current_position(connection_of(lent))
        position = parse_cursor(after, self.epoch)
        if await self._pool.fetchval(_BEYOND, str(position.xid), position.event_id, self._rules.replay):
            raise CursorExpired
        async with self._pool.acquire() as lent:
            if await is_ahead(connection_of(lent), position):
                raise MalformedCursor
        return position

    @contextmanager
    def _joined(self, wanted: Wanted) -> Iterator[tuple[_Subscriber, Position]]:
        """Hear what is read from now on; with the position up to which the log was read already."""
        subscriber = _Subscriber(wanted, self._rules.queue)
        self._subscribers.add(subscriber)
        try:
            yield subscriber, self._position
        finally:
            self._subscribers.discard(subscriber)

    async def _page(self, after: Position, until: Position, epoch: int) -> list[FeedEvent]:
        """Raises CursorExpired when the epoch is over by now: positions of it say nothing any more."""
        rows = await self._pool.fetch(
            _READ, str(after.xid), after.event_id, str(until.xid), until.event_id, self._rules.page
        )
        if epoch != self.epoch:
            raise CursorExpired
        return [self._event(dict(row)) for row in rows]

    def _event(self, row: dict[str, Any]) -> FeedEvent:
        position = Position(int(row.pop("xid")), row["id"])
        return FeedEvent(position.cursor(self.epoch), position, row.pop("county_code"), **row)


@asynccontextmanager
async def open_feed(
    pool: "asyncpg.Pool[asyncpg.Record]", epoch: int, announcer: Announcer, rules: FeedRules | None = None
) -> AsyncIterator[PostgresFeed]:
    """A feed that reads from now on, woken by the announcer and by a poll."""
    rules = rules or FeedRules()
    async with pool.acquire() as lent:
        start = await current_position(connection_of(lent))
    feed = PostgresFeed(pool, epoch, start, rules)
    with announcer.listen() as bell:
        reading = asyncio.create_task(keep_going(feed, bell, Pulse(), rules.least_pause))
        try:
            yield feed
        finally:
            await cancelled(reading)
