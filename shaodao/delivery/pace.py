"""How a worker goes on: one pass after another, woken by news or by the clock, through every loss of the database."""

import asyncio
from collections.abc import Callable
from datetime import datetime
from time import monotonic
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

import structlog

if TYPE_CHECKING:
    from shaodao.delivery.announcer import Bell

Now: TypeAlias = Callable[[], datetime]
"""The platform's clock: an aware time. Demonstrations and tests bring their own."""

LEAST_PAUSE = 0.005
PAUSE_AFTER_ERROR = 1.0
LONGEST_SILENCE = 30.0
CANCEL_AGAIN = 1.0
"""Seconds after which a task that goes on in spite of its cancellation is cancelled again."""

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


async def keep_going(worker: Worker, bell: "Bell", pulse: Pulse, least_pause: float = LEAST_PAUSE) -> None:
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


async def cancelled(*tasks: "asyncio.Task[Any]") -> None:
    """Cancel the tasks and wait until they have ended; what one raises on its way out is logged.

    A single cancellation is not enough while the database is gone: an error of the clean-up takes its place and is then
    tried again, or giving a connection back waits for an answer that never comes.
    """
    running = set(tasks)
    while running:
        for task in running:
            task.cancel()
        _, running = await asyncio.wait(running, timeout=CANCEL_AGAIN)
    for task in tasks:
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.warning("ended_with_error", task=task.get_name(), error=str(error) or type(error).__name__)
