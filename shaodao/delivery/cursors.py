"""Positions in the log of case events, and the cursors that clients hold: ``epoch.xid.uuid`` (design: delivery, Live feed)."""

from dataclasses import dataclass
from typing import LiteralString
from uuid import UUID

from shaodao.commands.transaction import Connection
from shaodao.domain.errors import DomainError

_LARGEST_XID = 2**63 - 1
_NO_EVENT = UUID(int=0)

# The snapshot names what runs in the whole cluster. A transaction of another database, however long, writes nothing
# here; one that cannot be told from ours, because it has just ended or its owner hides it, counts as ours.
CURRENT: LiteralString = """(
    SELECT coalesce(min(running.xid), pg_snapshot_xmax(pg_current_snapshot()))
    FROM pg_snapshot_xip(pg_current_snapshot()) AS running (xid)
    WHERE NOT EXISTS (
        SELECT FROM pg_stat_activity a
        WHERE a.backend_xid = running.xid::xid AND a.datname <> current_database()
    )
)"""
"""All below is committed and seen by the snapshot; what is not seen by it stands at or above."""


class CursorExpired(DomainError):
    """The cursor is too old to resume from, or of another life of the database: read anew, then subscribe."""

    code = "CURSOR_EXPIRED"

    def __init__(self) -> None:
        super().__init__(
            "游标已失效，请重新读取后再订阅", "the cursor is too old to resume from; read anew, then subscribe"
        )


class MalformedCursor(DomainError):
    """The text is no feed cursor."""

    code = "INVALID_CURSOR"

    def __init__(self) -> None:
        super().__init__("游标无效", "the text is no cursor of the feed")


@dataclass(frozen=True, order=True)
class Position:
    """A place in the log: after the event of this transaction and id."""

    xid: int
    event_id: UUID

    def cursor(self, epoch: int) -> str:
        """The position as clients hold it."""
        return f"{epoch}.{self.xid}.{self.event_id}"


def parse_cursor(text: str, epoch: int) -> Position:
    """The position of a cursor. Raises MalformedCursor, and CursorExpired for one of another epoch."""
    parts = text.split(".")
    if len(parts) != 3 or not all(part.isascii() and part.isdigit() and len(part) < 20 for part in parts[:2]):
        raise MalformedCursor
    try:
        event_id = UUID(parts[2])
    except ValueError:
        raise MalformedCursor from None
    if str(event_id) != parts[2] or int(parts[1]) > _LARGEST_XID:
        raise MalformedCursor
    if int(parts[0]) != epoch:
        raise CursorExpired
    return Position(int(parts[1]), event_id)


async def is_ahead(connection: Connection, position: Position) -> bool:
    """Whether the position lies beyond every transaction there has been: no cursor that was ever given out stands there."""
    newest = "SELECT pg_snapshot_xmax(pg_current_snapshot())::text"
    return position.xid > int(await connection.fetchval(newest))


async def current_position(connection: Connection) -> Position:
    """Where the log stands for the connection's snapshot: what the snapshot does not see comes after it."""
    return Position(int(await connection.fetchval(f"SELECT {CURRENT}::text")), _NO_EVENT)


def cursor_sql(epoch: int) -> str:
    """The SQL expression of the current cursor, for a query that reads in the same snapshot (``feedCursor``)."""
    return f"'{epoch}.' || {CURRENT}::text || '.{_NO_EVENT}'"
