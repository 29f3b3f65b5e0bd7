"""The feed's epoch: one life of the database, ended by a restored backup (design: delivery, Live feed).

Every cursor carries it. After a restore the transaction ids of the lost time are given out a second time, so a cursor of that
time would in silence pass over events that its holder never heard of; in another epoch it is refused, and the client reads anew.
"""

from dataclasses import dataclass, fields
from datetime import datetime
from typing import Protocol

import asyncpg
import structlog

from shaodao.commands.running import connection_of
from shaodao.commands.transaction import Connection
from shaodao.delivery.pace import Now
from shaodao.settings import StartError

LOOK = 2.0
"""Seconds between two looks of a process that serves."""

_log = structlog.get_logger(__name__)

# One at a time: whoever starts beside ``end_epoch`` waits for it, or is seen by it.
_LOCK = "LOCK TABLE feed_epoch IN SHARE ROW EXCLUSIVE MODE"
_NEWEST = """
SELECT epoch, ended_at, system_identifier, timeline, database_oid, laid_at FROM feed_epoch ORDER BY epoch DESC LIMIT 1
"""
# The control file tells the timeline only from the first checkpoint after a promotion on, the write-ahead log at once.
_LIFE = """
SELECT c.system_identifier::text AS system_identifier, left(pg_walfile_name(pg_current_wal_lsn()), 8) AS timeline,
    d.oid::bigint AS database_oid, has_function_privilege('pg_stat_file(text)', 'EXECUTE') AS sees_files
FROM pg_control_system() c, pg_database d WHERE d.datname = current_database()
"""
_LAID_AT = "SELECT (pg_stat_file('PG_VERSION')).change"
_RAISE = """
INSERT INTO feed_epoch (epoch, since, system_identifier, timeline, database_oid, laid_at) VALUES ($1, $2, $3, $4, $5, $6)
"""
_LEARN = """
UPDATE feed_epoch SET timeline = coalesce(timeline, $2), database_oid = coalesce(database_oid, $3),
    laid_at = coalesce(laid_at, $4)
WHERE epoch = $1
"""
_KNOWN = "SELECT max(epoch) FROM feed_epoch"
_END = "UPDATE feed_epoch SET ended_at = $2 WHERE epoch = $1"
# Restored into another cluster, old events may carry transaction ids that are still to come there; they would stand in the
# feed a second time when their turn came.
_FORGET_XIDS = """
UPDATE case_event SET xid = '0' WHERE xid >= (SELECT pg_snapshot_xmin(pg_current_snapshot()))
"""
_AT_WORK = """
SELECT DISTINCT application_name FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid() AND application_name LIKE 'shaodao%' ORDER BY 1
"""


class ShaodaoAtWork(StartError):
    """Servers or workers run on the database; they would go on with the epoch that they began with."""

    def __init__(self, names: list[str]) -> None:
        super().__init__(f"Stop all servers and workers first: connected are {', '.join(names)}.")


@dataclass(frozen=True)
class Life:
    """By what two lives of a database differ; None: not known, since the role may not ask or an older version stored it."""

    system_identifier: str
    timeline: str | None
    database_oid: int | None
    laid_at: datetime | None

    def differs_by(self, other: "Life") -> str | None:
        """The name of the first thing that is known of both and not the same."""
        for each in fields(self):
            ours, theirs = getattr(self, each.name), getattr(other, each.name)
            if ours is not None and theirs is not None and ours != theirs:
                return each.name
        return None


class Serving(Protocol):
    """What gives out cursors of an epoch: the feed."""

    @property
    def epoch(self) -> int:
        """The epoch that its cursors carry."""
        ...

    async def begin_anew(self, epoch: int) -> None:
        """Go on in another epoch from where the log stands now; whoever subscribed before is told CursorExpired."""
        ...


@dataclass(frozen=True)
class Epoch:
    """``ended``: an operator said that a backup was restored."""

    number: int
    ended: bool
    life: Life


async def current_epoch(connection: Connection, now: datetime) -> int:
    """The epoch to serve with; a new one when an operator ended the last, or the database is seen to be another than it was."""
    newest, life = await _locked(connection)
    if newest is None:
        return await _begin(connection, 1, now, life)
    changed = "ended_at" if newest.ended else newest.life.differs_by(life)
    if changed is None:
        await connection.execute(_LEARN, newest.number, life.timeline, life.database_oid, life.laid_at)
        return newest.number
    # Minutes since 1970: one more than the last would come twice when the same backup is restored twice.
    number = await _begin(connection, max(newest.number + 1, int(now.timestamp()) // 60), now, life)
    _log.warning("feed_epoch_raised", changed=changed)
    if newest.life.system_identifier != life.system_identifier:
        await connection.execute(_FORGET_XIDS)
    return number


async def known_epoch(connection: Connection) -> int:
    """The newest epoch, for processes that give out no cursors: it is theirs to begin another who serve."""
    return await connection.fetchval(_KNOWN) or 1


async def end_epoch(connection: Connection, now: datetime) -> bool:
    """Have the next start raise the epoch, because a backup was restored; False where it will already, or never began one.

    Raises ShaodaoAtWork.
    """
    newest, _ = await _locked(connection)
    at_work = [row["application_name"] for row in await connection.fetch(_AT_WORK)]
    if at_work:
        raise ShaodaoAtWork(at_work)
    if newest is None or newest.ended:
        return False
    await connection.execute(_END, newest.number, now)
    return True


class EpochWatch:
    """Looks whether the database was restored or promoted under a process that serves; the feed then goes on in another epoch."""

    name = "epoch"

    def __init__(self, pool: "asyncpg.Pool[asyncpg.Record]", feed: Serving, now: Now) -> None:
        self._pool = pool
        self._feed = feed
        self._now = now

    async def one_pass(self) -> float:
        """Compare; answers the seconds until the next time."""
        async with self._pool.acquire() as lent:
            connection = connection_of(lent)
            newest, life = await _seen(connection)
            if newest is None or newest.number != self._feed.epoch or newest.life.differs_by(life) is not None:
                async with lent.transaction():
                    epoch = await current_epoch(connection, self._now())
                await self._feed.begin_anew(epoch)
        return LOOK


async def _begin(connection: Connection, number: int, now: datetime, life: Life) -> int:
    await connection.execute(
        _RAISE, number, now, life.system_identifier, life.timeline, life.database_oid, life.laid_at
    )
    return number


async def _locked(connection: Connection) -> tuple[Epoch | None, Life]:
    """The same as ``_seen``, and nobody changes it meanwhile."""
    await connection.execute(_LOCK)
    return await _seen(connection)


async def _seen(connection: Connection) -> tuple[Epoch | None, Life]:
    """The newest epoch, None before the first start, and the life that the database leads now."""
    now = await connection.fetchrow(_LIFE)
    assert now is not None, "a session has a current database"
    laid_at = await connection.fetchval(_LAID_AT) if now["sees_files"] else None
    life = Life(now["system_identifier"], now["timeline"], now["database_oid"], laid_at)
    row = await connection.fetchrow(_NEWEST)
    if row is None:
        return None, life
    stored = Life(row["system_identifier"], row["timeline"], row["database_oid"], row["laid_at"])
    return Epoch(row["epoch"], row["ended_at"] is not None, stored), life
