"""Garbage is looked for seldom, and found all the same."""

import asyncio
import gc
import weakref
from collections.abc import Iterator
from contextlib import suppress

import pytest

from shaodao.garbage import look_seldom


class Loop:
    """Something that only a look for garbage removes."""

    def __init__(self) -> None:
        self.itself = self


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    before = gc.get_threshold()
    yield
    gc.set_threshold(*before)
    gc.unfreeze()


async def test_what_keeps_itself_alive_is_removed_at_the_next_look_and_not_by_chance_before() -> None:
    looking = asyncio.create_task(look_seldom(every=0.05))
    await asyncio.sleep(0)
    kept = [Loop()]
    gc.collect(1)  # by now it is one of the old
    gone = weakref.ref(kept.pop())
    full = gc.get_stats()[2]["collections"]
    _made: list[list[int]] = [[] for _ in range(200_000)]  # which would have Python look at everything
    assert (gc.get_stats()[2]["collections"], gone() is None) == (full, False)
    async with asyncio.timeout(10):
        while gone() is not None:
            await asyncio.sleep(0.01)
    looking.cancel()
    with suppress(asyncio.CancelledError):
        await looking
