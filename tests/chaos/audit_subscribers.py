"""The audit of the live feed: every subscriber's stream is the log, as far as it concerns the subscriber."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Any
from uuid import UUID

from shaodao.commands.transaction import Connection
from shaodao.delivery.cursors import Position
from tests.chaos.findings import Findings, Kept
from tests.chaos.subscribers import BOARD, CASE, INBOX, Subscriber

LEFT = "LEFT"
"""How a change tells that its row is on the board, or in the inbox, no more."""

_LOG = """
SELECT case_id, xid::text AS xid, id, seq, organization_code, type, at FROM case_event ORDER BY case_event.xid, id
"""


@dataclass(frozen=True)
class Logged:
    """An event where the log has it."""

    position: Position
    case_id: UUID
    seq: int
    organization_code: str | None
    type: str
    at: datetime


async def audit_subscribers(connection: Connection, kept: Kept, findings: Findings) -> None:
    """What each subscriber was told, against the log as it stands after all of that."""
    log = [
        Logged(
            Position(int(row["xid"]), row["id"]), row["case_id"], row["seq"], row["organization_code"], row["type"], row["at"]
        )
        for row in await connection.fetch(_LOG)
    ]  # fmt: skip
    findings.fault("cases whose steps stand in the feed out of their order", _cases_out_of_order(log))
    stands = {event.position: event for event in log}
    told = came_back = left = 0
    for subscriber in kept.subscribers:
        _audit_told(subscriber, stands, findings)
        _audit_rows(subscriber, log, kept.until, findings)
        told, came_back = told + len(subscriber.told), came_back + subscriber.came_back
        left += sum(change.get("change") == LEFT for change in subscriber.told)
    findings.counts |= {
        "changes told to subscribers": told, "rows told to have left": left, "sockets that had to be opened again": came_back
    }  # fmt: skip


def _cases_out_of_order(log: Sequence[Logged]) -> set[UUID]:
    last: dict[UUID, int] = {}
    wrong = set()
    for event in log:
        if event.seq < last.get(event.case_id, 0):
            wrong.add(event.case_id)
        last[event.case_id] = event.seq
    return wrong


def _audit_told(subscriber: Subscriber, log: Mapping[Position, Logged], findings: Findings) -> None:
    """What was told stands in the log, is told in its order, once, and as it stands there.

    What is told is read when it is told: an event of an assignment that has been taken away meanwhile may be told without itself.
    """
    name = subscriber.name
    findings.fault(f"{name}: cursors refused", subscriber.refusals)
    told = [(_position(change["cursor"]), change) for change in subscriber.told]
    findings.fault(f"{name}: told out of order", [p for p, after in pairwise(p for p, _ in told) if after < p])
    rows = Counter((position, change.get("id")) for position, change in told)
    findings.fault(f"{name}: told twice", [row for row, times in rows.items() if times > 1])
    findings.fault(f"{name}: told of what does not stand", [position for position, _ in told if position not in log])
    known = [(log[position], change) for position, change in told if position in log]
    taken = {event.case_id: event.position for event in log.values() if _takes_away(subscriber, event)}
    lacking = [
        event for event, change in known
        if change["event"] is None and _is_seen(subscriber, event, change)
        and not event.position < taken.get(event.case_id, event.position)
    ]  # fmt: skip
    findings.fault(f"{name}: told without the event", lacking)
    other = [
        event for event, change in known
        if (shown := change["event"]) is not None and (shown["seq"], shown["type"]) != (event.seq, event.type)
    ]  # fmt: skip
    findings.fault(f"{name}: told of another event than the cursor's", other)


def _audit_rows(subscriber: Subscriber, log: Sequence[Logged], until: datetime, findings: Findings) -> None:
    """A row leaves a board when it has ended, once and for all, and until then all that happens to it is told.

    A board tells a row as it stands when it is looked at: it may be told to have left with an event before the one that ended it.
    """
    name, stands = subscriber.name, {event.position: event for event in log}
    told = [
        (stands[position], change) for change in subscriber.told if (position := _position(change["cursor"])) in stands
    ]
    ended = {event.case_id: event for event in reversed(log) if _ends(subscriber, event)}
    left: dict[UUID, Position] = {}
    again = []
    for event, change in told:
        if change.get("change") == LEFT:
            left.setdefault(event.case_id, event.position)
        elif event.case_id in left:
            again.append(event)
    findings.fault(f"{name}: told that a row left which stays", [case for case in left if case not in ended])
    findings.fault(f"{name}: told of a row that had left", again)
    start, seen = _position(subscriber.start), {event.position for event, _ in told}
    due = [event for event in log if start < event.position and event.at <= until]
    kept = [
        event for event in ended.values()
        if event in due and (event.case_id not in left or left[event.case_id] > event.position)
    ]  # fmt: skip
    findings.fault(f"{name}: not told that a row left", kept)
    missing = [
        event for event in due
        if _concerns(subscriber, event) and event.position not in seen
        and not (event.case_id in left and left[event.case_id] < event.position)
    ]  # fmt: skip
    findings.fault(f"{name}: missing", missing)


def _ends(subscriber: Subscriber, event: Logged) -> bool:
    """Whether the case leaves the board with the event, or its assignment the inbox: there is one for each organization in a case."""
    if subscriber.document == BOARD:
        return event.type == "closeCase"
    if subscriber.document == INBOX:
        return _takes_away(subscriber, event) or (
            event.organization_code == subscriber.key and event.type == "verifyReport"
        )
    return False


def _takes_away(subscriber: Subscriber, event: Logged) -> bool:
    """Whether the event takes the matter from the organization of an inbox, which then sees nothing of it any more."""
    excused = event.organization_code == subscriber.key and event.type == "excuseAssignment"
    return subscriber.document == INBOX and (excused or event.type == "withdrawWhistle")


def _is_seen(subscriber: Subscriber, event: Logged, change: Mapping[str, Any]) -> bool:
    """Whether the event must be shown: a department sees its own, as long as the assignment is its own."""
    if event.type == "wakeUp" and subscriber.document in (BOARD, CASE):
        return False
    if subscriber.document == INBOX:
        return event.organization_code == subscriber.key and change["change"] != LEFT
    return True


def _concerns(subscriber: Subscriber, event: Logged) -> bool:
    """Whether the event must have been told. A department's own wake-up is nobody else's to see.

    A board and a case tell every event; an inbox tells at least those of its organization, and others that changed a row.
    """
    if subscriber.document in (BOARD, CASE) and event.type == "wakeUp":
        return False
    if subscriber.document == BOARD:
        return True
    if subscriber.document == CASE:
        return subscriber.key.endswith(str(event.case_id))
    return event.organization_code == subscriber.key


def _position(cursor: str) -> Position:
    _, xid, event_id = cursor.split(".")
    return Position(int(xid), UUID(event_id))
