"""What the subscribers of one event read, they read together, and only for a moment."""

import asyncio
from datetime import UTC, datetime
from typing import Any, cast
from uuid import UUID

import pytest

from schema import database, moments
from schema.database import Horizon, SharedReads, Source, source_of
from schema.moments import Moments
from shaodao.delivery.cursors import Position
from shaodao.delivery.feed import FeedEvent

pytestmark = pytest.mark.asyncio
NOW = datetime(2026, 11, 30, 9, 0, tzinfo=UTC)


class Asked:
    """A database that answers when it is let, and keeps what it was asked."""

    def __init__(self) -> None:
        self.questions: list[tuple[Any, ...]] = []
        self.answering = asyncio.Event()
        self.broken = False

    async def fetchrow(self, sql: str, *values: Any) -> Any:
        self.questions.append((sql, *values))
        await self.answering.wait()
        if self.broken:
            raise OSError("gone")
        return len(self.questions)


@pytest.fixture
def asked() -> Asked:
    return Asked()


@pytest.fixture
def reads(asked: Asked) -> SharedReads:
    return SharedReads(cast(Source, asked))


async def test_the_same_statement_is_asked_once(asked: Asked, reads: SharedReads) -> None:
    asking = [asyncio.create_task(reads.fetchrow("a", 1, ["x"])) for _ in range(3)]
    await asyncio.sleep(0)
    asked.answering.set()
    assert await asyncio.gather(*asking) == cast(Any, [1, 1, 1])
    assert await reads.fetchrow("a", 1, ["x"]) == cast(Any, 1)
    assert asked.questions == [("a", 1, ["x"])]


@pytest.mark.parametrize("other", [("b", 1), ("a", 2), ("a", "1"), ("a", [1]), ("a",)])
async def test_another_statement_is_not(asked: Asked, reads: SharedReads, other: tuple[Any, ...]) -> None:
    asked.answering.set()
    await reads.fetchrow("a", 1)
    await reads.fetchrow(*other)
    assert asked.questions == [("a", 1), other]


async def test_who_gives_up_takes_the_answer_from_nobody(asked: Asked, reads: SharedReads) -> None:
    first, second = (asyncio.create_task(reads.fetchrow("a")) for _ in range(2))
    await asyncio.sleep(0)
    first.cancel()
    asked.answering.set()
    assert await second == cast(Any, 1)


async def test_what_failed_is_asked_again(asked: Asked, reads: SharedReads) -> None:
    asked.answering.set()
    asked.broken = True
    with pytest.raises(OSError, match="gone"):
        await reads.fetchrow("a")
    asked.broken = False
    assert await reads.fetchrow("a") == cast(Any, 2)


async def test_nobody_sees_anything_older_than_what_they_have_seen(
    asked: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another is ahead, who has looked at the second event; then who resumes looks at the first, and comes to the second."""
    asked.answering.set()
    ticks = iter(range(1000))
    monkeypatch.setattr(database, "monotonic", lambda: float(next(ticks)))
    first, second = SharedReads(cast(Source, asked)), SharedReads(cast(Source, asked))
    ahead, resuming = Horizon(), Horizon()
    assert await second.seen_from(ahead).fetchrow("second") == cast(Any, 1)
    assert await first.seen_from(resuming).fetchrow("first") == cast(Any, 2)
    assert await second.seen_from(resuming).fetchrow("second") == cast(Any, 3)
    assert await second.seen_from(Horizon()).fetchrow("second") == cast(Any, 3)
    assert await first.seen_from(Horizon()).fetchrow("first") == cast(Any, 2)


async def test_who_looks_in_step_looks_together(asked: Asked) -> None:
    asked.answering.set()
    first, second = SharedReads(cast(Source, asked)), SharedReads(cast(Source, asked))
    horizons = [Horizon() for _ in range(3)]
    for reads in (first, second):
        await asyncio.gather(*(reads.seen_from(horizon).fetchrow("a") for horizon in horizons))
    assert len(asked.questions) == 2


def event(number: int) -> FeedEvent:
    return FeedEvent(
        "", Position(1, UUID(int=number)), 990101, UUID(int=9), 1, UUID(int=number), NOW, "accept", None, "SYSTEM", None, None,
        None, None, None, "", True, "990101001000", None,
    )  # fmt: skip


async def test_an_event_has_one_moment_for_a_while(asked: Asked, monkeypatch: pytest.MonkeyPatch) -> None:
    def ticking(to: float) -> None:
        monkeypatch.setattr(moments, "monotonic", lambda: to)

    kept, source = Moments(), cast(Source, asked)
    ticking(100.0)
    first = kept.of(event(1), source, NOW)
    ticking(100.0 + moments.SHARED_SECONDS / 2)
    assert kept.of(event(1), source, NOW) is first
    second = kept.of(event(2), source, NOW)
    assert second is not first
    ticking(100.0 + moments.SHARED_SECONDS)
    assert kept.of(event(1), source, NOW) is not first
    assert kept.of(event(2), source, NOW) is second


async def test_readers_of_other_databases_do_not_share(asked: Asked) -> None:
    kept, other = Moments(), Asked()
    first = kept.of(event(1), cast(Source, asked), NOW)
    second = kept.of(event(1), cast(Source, other), NOW)
    assert source_of(first.database) is cast(Any, asked)
    assert source_of(second.database) is cast(Any, other)
