"""The live feed: every event exactly once and in order, while it is written and after a broken connection."""

import asyncio
import contextlib
import random
from collections.abc import AsyncGenerator, Sequence
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from shaodao.commands.history import Entry, record
from shaodao.commands.running import Repetition
from shaodao.commands.transaction import Outcome, Transaction
from shaodao.delivery.announcer import AnnouncerRules, open_announcer
from shaodao.delivery.cursors import CursorExpired, MalformedCursor
from shaodao.delivery.feed import FeedEvent, SubscriberTooSlow
from shaodao.delivery.postgres_feed import FeedRules, PostgresFeed, open_feed
from shaodao.domain.permissions import SYSTEM
from tests.integration.conftest import Street
from tests.integration.delivering import emergency

THE_END = "完"


def everything(event: FeedEvent) -> bool:
    return True


@contextlib.asynccontextmanager
async def feed_of(street: Street, **rules: Any) -> AsyncGenerator[PostgresFeed, None]:
    """A feed that looks again every hundredth of a second."""
    reading = FeedRules(poll=0.01, **rules)
    async with (
        open_announcer(street.dsn, street.pool, AnnouncerRules()) as announcer,
        open_feed(street.pool, 1, announcer, reading) as feed,
    ):
        yield feed


async def case_of(street: Street) -> UUID:
    """A case to write to."""
    case_id = (await emergency(street, "CG")).case_id
    assert case_id is not None
    return case_id


async def write(street: Street, case_id: UUID, pause: float, count: int = 1, text: str | None = None) -> None:
    """Some steps of a case, in a transaction that writes first, waits for the case, and takes its time."""

    async def command(tx: Transaction) -> Outcome:
        for number in range(count):
            await tx.connection.execute("SELECT FROM case_file WHERE id = $1 FOR UPDATE", case_id)
            await record(tx, case_id, Entry("addAttachment", text or f"第{number}步"))
            await asyncio.sleep(pause)
        return Outcome(county_code=tx.county)

    key = Repetition(str(random.getrandbits(64)), "test", None)
    await street.runner.run(command, actor=SYSTEM, county=street.county, now=street.now, repetition=key)


async def log_of(street: Street) -> set[tuple[UUID, int]]:
    rows = await street.pool.fetch("SELECT case_id, seq FROM case_event WHERE type = 'addAttachment'")
    return {(row["case_id"], row["seq"]) for row in rows}


async def taken(events: AsyncGenerator[FeedEvent, None], count: int) -> list[FeedEvent]:
    """The next events."""
    result: list[FeedEvent] = []
    async with asyncio.timeout(20):
        while len(result) < count:
            result.append(await anext(events))
    return result


async def joined(feed: PostgresFeed, count: int) -> None:
    """Wait until so many subscribers hear what is written from now on: how long that takes depends on the machine."""
    async with asyncio.timeout(20):
        while len(feed._subscribers) < count:
            await asyncio.sleep(0.01)


def assert_in_order(events: list[FeedEvent]) -> None:
    """Each once, and each case's in the order of its history."""
    assert len({event.cursor for event in events}) == len(events)
    for case_id in {event.case_id for event in events}:
        seqs = [event.seq for event in events if event.case_id == case_id]
        assert seqs == sorted(seqs)


async def until_the_end(events: AsyncGenerator[FeedEvent, None], most: int) -> list[FeedEvent]:
    """The next events, at most so many, no further than the end."""
    got: list[FeedEvent] = []
    while len(got) < most and not ended(got):
        got += await taken(events, 1)
    return got


def ended(events: list[FeedEvent]) -> bool:
    """Whether the last one was heard."""
    return bool(events) and events[-1].text == THE_END


async def read_to_the_end(feed: PostgresFeed, cursor: str, longest: int) -> list[FeedEvent]:
    """What a subscriber hears whose connection breaks after at most so many events, and who resumes each time."""
    got: list[FeedEvent] = []
    while not ended(got):
        async with contextlib.aclosing(feed.subscribe(cursor, everything)) as events:
            got += await until_the_end(events, random.randint(1, longest))
        cursor = got[-1].cursor
    return got


async def write_at_random(street: Street, cases: Sequence[UUID]) -> None:
    """Transactions of different lengths on cases that others write to as well."""
    for _ in range(12):
        await write(street, random.choice(cases), random.random() * 0.02, random.randint(1, 3))


async def test_concurrent_writers_miss_nothing_and_a_broken_subscriber_resumes(street: Street) -> None:
    cases = [await case_of(street) for _ in range(4)]
    async with feed_of(street) as feed:
        start = await feed.resume_at(None)
        readers = [asyncio.create_task(read_to_the_end(feed, start, longest)) for longest in (9, 1_000_000, 3)]
        await asyncio.gather(*(write_at_random(street, cases) for _ in range(8)))
        await write(street, cases[0], 0, text=THE_END)
        results = await asyncio.gather(*readers)

    written = await log_of(street)
    for events in results:
        assert_in_order(events)
        assert {(event.case_id, event.seq) for event in events} == written


@pytest.mark.parametrize("lags", [False, True])
async def test_a_step_that_waited_for_the_case_comes_after_what_it_waited_for(street: Street, lags: bool) -> None:
    """Also when the clock of the machine that makes its id lags behind the other's."""
    case_id = await case_of(street)
    first_writes, may_go_on = asyncio.Event(), asyncio.Event()

    async def early(tx: Transaction) -> Outcome:
        await tx.connection.execute("SELECT pg_current_xact_id()")
        first_writes.set()
        await may_go_on.wait()
        if lags:
            tx.new_id = lambda: UUID("00000000-0000-7000-8000-000000000000")  # type: ignore[method-assign]
        await record(tx, case_id, Entry("addAttachment", "后"))
        return Outcome(county_code=tx.county)

    async with feed_of(street) as feed, contextlib.aclosing(feed.subscribe(None, everything)) as events:
        waiting = asyncio.create_task(street.run(early, SYSTEM))
        await first_writes.wait()
        reading = asyncio.create_task(taken(events, 2))
        await joined(feed, 1)
        await write(street, case_id, 0)
        may_go_on.set()
        await waiting
        heard = await reading

    assert [event.text for event in heard] == ["第0步", "后"]


async def test_the_cursor_of_a_query_loses_nothing(street: Street) -> None:
    case_id = await case_of(street)
    async with feed_of(street) as feed:
        cursor = await feed.resume_at(None)
        await write(street, case_id, 0)
        async with contextlib.aclosing(feed.subscribe(cursor, everything)) as events:
            assert (await taken(events, 1))[0].text == "第0步"


async def test_a_long_transaction_of_another_database_holds_nothing_up(street: Street) -> None:
    case_id = await case_of(street)
    elsewhere = await asyncpg.connect(street.dsn, database="postgres")
    async with feed_of(street) as feed, elsewhere.transaction():
        await elsewhere.execute("SELECT pg_current_xact_id()")
        cursor = await feed.resume_at(None)
        await write(street, case_id, 0)
        async with contextlib.aclosing(feed.subscribe(cursor, everything)) as events:
            assert (await taken(events, 1))[0].text == "第0步"
    await elsewhere.close()


async def test_a_subscriber_gets_only_what_it_wants(street: Street) -> None:
    first, second = await case_of(street), await case_of(street)

    async with feed_of(street) as feed:
        events = feed.subscribe(None, lambda event: event.case_id == second)
        reading = asyncio.create_task(taken(events, 1))
        await joined(feed, 1)
        await write(street, first, 0)
        await write(street, second, 0)
        assert (await reading)[0].case_id == second
        await events.aclose()


@pytest.mark.parametrize(
    "cursor",
    ["", "1", "1.2", "1.x.00000000-0000-0000-0000-000000000000", "1.2.3", "1.2.00000000000000000000000000000000",
     "1.99999999999999999999.00000000-0000-0000-0000-000000000000", "x" * 1000, "1.²." + "0" * 36],
)  # fmt: skip
async def test_what_is_no_cursor_is_refused(street: Street, cursor: str) -> None:
    async with feed_of(street) as feed:
        with pytest.raises(MalformedCursor):
            await anext(feed.subscribe(cursor, everything))


async def test_a_cursor_far_ahead_of_the_log_is_refused(street: Street) -> None:
    """It would be silent for ever."""
    async with feed_of(street) as feed:
        with pytest.raises(MalformedCursor):
            await anext(feed.subscribe(f"1.{2**62}.00000000-0000-0000-0000-000000000000", everything))


async def test_a_cursor_of_another_life_or_too_far_back_has_expired(street: Street) -> None:
    case_id = await case_of(street)
    nowhere = "00000000-0000-0000-0000-000000000000"
    async with feed_of(street, replay=5) as feed:
        with pytest.raises(CursorExpired):
            await anext(feed.subscribe(f"2.1.{nowhere}", everything))
        await write(street, case_id, 0, 9)
        with pytest.raises(CursorExpired):
            await anext(feed.subscribe(f"1.1.{nowhere}", everything))


async def test_a_slow_subscriber_is_cut_off_and_the_others_are_not(street: Street) -> None:
    case_id = await case_of(street)
    async with feed_of(street, queue=3) as feed:
        slow, quick = feed.subscribe(None, everything), feed.subscribe(None, everything)
        hearing = [asyncio.create_task(taken(events, 1)) for events in (slow, quick)]
        await joined(feed, 2)
        reading: list[FeedEvent] = []
        for _ in range(8):
            await write(street, case_id, 0)
            await asyncio.sleep(0.05)
            reading += await hearing[1] if not reading else await taken(quick, 1)
        assert len(reading) == 8
        assert len(await hearing[0]) == 1
        assert len(await taken(slow, 3)) == 3
        with pytest.raises(SubscriberTooSlow):
            await taken(slow, 1)
        await slow.aclose()
        await quick.aclose()


async def test_a_long_catch_up_joins_the_live_events(street: Street) -> None:
    case_id = await case_of(street)
    async with feed_of(street, page=4) as feed:
        cursor = await feed.resume_at(None)
        await write(street, case_id, 0, 21)
        async with contextlib.aclosing(feed.subscribe(cursor, everything)) as events:
            heard = await taken(events, 10)
            more = asyncio.create_task(taken(events, 31))
            await write(street, case_id, 0.001, 20)
            heard += await more
    assert_in_order(heard)
    assert len(heard) == 41


async def test_the_cursor_of_a_mutation_stands_after_its_own_events(street: Street) -> None:
    outcome = await emergency(street, "CG")
    async with feed_of(street) as feed, contextlib.aclosing(feed.subscribe(outcome.cursor, everything)) as events:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1):
                await anext(events)
