"""How a worker goes on: through errors, and seen to be alive or not."""

import asyncio

import pytest

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
