"""The announcer: a wake-up after a commit, for whoever waits in this process and in the others.

NOTIFY is only a wake-up and carries nothing that matters. It is a statement of its own on the application's connection,
after commit and coalesced: inside the business transaction it would serialise the commits, and on a distributed table
be lost in silence. Whoever waits polls as well, so a wake-up that is lost costs seconds and nothing else.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from uuid import uuid4

import asyncpg
import structlog

from shaodao.delivery.pace import cancelled
from shaodao.postgres.errors import DatabaseUnreachable
from shaodao.postgres.pool import UNREACHABLE, connect

CHANNEL = "shaodao_news"
_NOTIFY = "SELECT pg_notify($1, $2)"
_PROBE = "SELECT 1"
_LOST = (*UNREACHABLE, DatabaseUnreachable)

_log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class AnnouncerRules:
    """Seconds: news of so long are told to other processes at once; how often a listening connection is probed."""

    coalesce: float = 0.02
    probe_every: float = 5.0
    probe_limit: float = 3.0
    reconnect_after: float = 1.0


class Bell:
    """What one consumer waits on. It stays rung until someone has waited for it, so that no wake-up falls between."""

    def __init__(self) -> None:
        self._rung = asyncio.Event()

    def ring(self) -> None:
        """Wake the consumer, now or at its next wait."""
        self._rung.set()

    async def wait(self, seconds: float) -> bool:
        """Wait for a ring, at most ``seconds``; whether it was rung."""
        try:
            async with asyncio.timeout(seconds):
                await self._rung.wait()
        except TimeoutError:
            return False
        self._rung.clear()
        return True


class Announcer:
    """Tells couriers, clocks and feeds of this process at once, and those of other processes soon, that there is news."""

    def __init__(self, dsn: str, pool: "asyncpg.Pool[asyncpg.Record]", rules: AnnouncerRules) -> None:
        self._dsn = dsn
        self._pool = pool
        self._rules = rules
        self._bells: set[Bell] = set()
        self._news = asyncio.Event()
        self._own = uuid4().hex

    def announce(self) -> None:
        """Wake whoever waits: here at once, in other processes within the coalescing time."""
        self._ring()
        self._news.set()

    @contextmanager
    def listen(self) -> Iterator[Bell]:
        """A bell that rings when there is news."""
        bell = Bell()
        self._bells.add(bell)
        try:
            yield bell
        finally:
            self._bells.discard(bell)

    async def tell_others(self) -> None:
        """Notify the other processes, once for all news of the coalescing time; runs until cancelled."""
        while True:
            await self._news.wait()
            self._news.clear()
            try:
                await self._pool.execute(_NOTIFY, CHANNEL, self._own)
            except _LOST as error:
                _log.warning("notify_failed", error=str(error))
            # The first news of a while is told at once, what comes right after it together.
            await asyncio.sleep(self._rules.coalesce)

    async def hear_others(self) -> None:
        """Keep a listening connection of its own; runs until cancelled. After each reconnection everyone is woken."""
        while True:
            try:
                await self._listen_once()
            except _LOST as error:
                _log.warning("listening_lost", error=str(error))
            await asyncio.sleep(self._rules.reconnect_after)

    async def _listen_once(self) -> None:
        connection = await connect(self._dsn, application_name="shaodao listener")
        try:
            await connection.add_listener(CHANNEL, self._heard)
            self._ring()
            while True:
                await asyncio.sleep(self._rules.probe_every)
                # A half-open TCP connection is silent: only an answer shows that it still lives.
                await connection.fetchval(_PROBE, timeout=self._rules.probe_limit)
        finally:
            with contextlib.suppress(*_LOST):
                await connection.close(timeout=1)

    def _heard(self, _connection: object, _pid: int, _channel: str, payload: object) -> None:
        if payload != self._own:
            self._ring()

    def _ring(self) -> None:
        for bell in self._bells:
            bell.ring()


@asynccontextmanager
async def open_announcer(
    dsn: str, pool: "asyncpg.Pool[asyncpg.Record]", rules: AnnouncerRules | None = None
) -> AsyncIterator[Announcer]:
    """An announcer at work."""
    announcer = Announcer(dsn, pool, rules or AnnouncerRules())
    tasks = [asyncio.create_task(announcer.tell_others()), asyncio.create_task(announcer.hear_others())]
    try:
        yield announcer
    finally:
        await cancelled(*tasks)
