"""How a worker goes on: one pass after another, woken by news or by the clock, through every loss of the database."""

import asyncio
import contextlib
from collections.abc import Callable
from datetime import datetime
from time import monotonic
from typing import Protocol, TypeAlias

import structlog

from shaodao.delivery.announcer import Bell

Now: TypeAlias = Callable[[], datetime]
"""The platform's clock: an aware time. Demonstrations and tests bring their own."""

LEAST_PAUSE = 0.005
PAUSE_AFTER_ERROR = 1.0
LONGEST_SILENCE = 30.0

_log = structlog.get_logger(__name__)


class Worker(Protocol):
    """Work that is done in passes."""

    @property
    def name(self) -> str:
        """What the log calls it."""
        ...

    async def one_pass(self) -> float:
        """Do what is due now; answers after how many seconds to look again if no bell rings."""
        ...


class Pulse:
    """Whether a worker still gets through its passes."""

    def __init__(self) -> None:
        self._expected = monotonic()

    def beat(self, pause: float) -> None:
        """A pass ended well, and the next begins within ``pause`` seconds."""
        self._expected = monotonic() + pause

    @property
    def alive(self) -> bool:
        """Whether no pass is long overdue."""
        return monotonic() < self._expected + LONGEST_SILENCE


async def keep_going(worker: Worker, bell: Bell, pulse: Pulse, least_pause: float = LEAST_PAUSE) -> None:
    """Pass after pass until cancelled; an error is logged and tried again, for a database comes back.

    ``least_pause`` seconds lie between two passes however often the bell rings.
    """
    while True:
        try:
            pause = await worker.one_pass()
            pulse.beat(pause)
        except Exception as error:
            _log.exception("pass_failed", worker=worker.name, error=str(error))
            pause = PAUSE_AFTER_ERROR
        await asyncio.sleep(least_pause)
        if pause > least_pause:
            await bell.wait(pause - least_pause)


async def cancelled(*tasks: "asyncio.Task[None]") -> None:
    """Cancel the tasks and wait until they have ended."""
    for task in tasks:
        task.cancel()
    for task in tasks:
        with contextlib.suppress(asyncio.CancelledError):
            await task
