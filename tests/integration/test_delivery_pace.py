"""How a worker goes on: through errors, and seen to be alive or not."""

import asyncio

import pytest
import structlog

from shaodao.delivery import pace
from shaodao.delivery.announcer import Bell
from shaodao.delivery.pace import Pulse, cancelled, keep_going


class Stumbling:
    """Fails at its first pass."""

    name = "stumbling"

    def __init__(self) -> None:
        self.passes = 0

    async def one_pass(self) -> float:
        self.passes += 1
        if self.passes == 1:
            raise ConnectionError("the database is away")
        return 3600


async def test_an_error_is_tried_again_and_a_bell_brings_the_next_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pace, "PAUSE_AFTER_ERROR", 0.02)
    worker, bell, pulse = Stumbling(), Bell(), Pulse()
    going = asyncio.create_task(keep_going(worker, bell, pulse, 0.001))
    await passed(worker, 2)
    bell.ring()
    await passed(worker, 3)
    assert pulse.alive
    await cancelled(going)


async def passed(worker: Stumbling, count: int) -> None:
    async with asyncio.timeout(5):
        while worker.passes < count:
            await asyncio.sleep(0.01)


async def test_a_worker_whose_pass_is_overdue_is_not_alive(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pace, "LONGEST_SILENCE", 0.02)
    pulse = Pulse()
    pulse.beat(0.05)
    await asyncio.sleep(0.03)
    assert pulse.alive
    await asyncio.sleep(0.06)
    assert not pulse.alive


async def stubborn() -> None:
    """Loses its first cancellation to an error of its clean-up, and goes on, as work on a lost database may."""
    try:
        await asyncio.sleep(3600)
    except asyncio.CancelledError:
        await asyncio.sleep(3600)


async def failing() -> None:
    """Fails on its way out."""
    try:
        await asyncio.sleep(3600)
    finally:
        raise ConnectionError("the database is away")


async def test_a_task_that_loses_its_cancellation_is_cancelled_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pace, "CANCEL_AGAIN", 0.02)
    tasks = [asyncio.create_task(work()) for work in (stubborn, failing)]
    await asyncio.sleep(0)
    with structlog.testing.capture_logs() as events:
        async with asyncio.timeout(5):
            await cancelled(*tasks)
    assert [(task.done(), task.cancelled()) for task in tasks] == [(True, True), (True, False)]
    assert [(event["event"], event["error"]) for event in events] == [("ended_with_error", "the database is away")]
