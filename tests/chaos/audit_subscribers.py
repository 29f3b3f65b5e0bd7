"""The audit of the live feed: every subscriber's stream is the log, as far as it concerns the subscriber."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from uuid import UUID

from shaodao.commands.transaction import Connection
from shaodao.delivery.cursors import Position
from tests.chaos.findings import Findings, Kept
from tests.chaos.subscribers import BOARD, CASE, Subscriber

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
    stands, settled = {event.position: event for event in log}, [event for event in log if event.at <= kept.until]
    told = came_back = 0
    for subscriber in kept.subscribers:
        _audit_told(subscriber, stands, findings)
        _audit_missing(subscriber, settled, findings)
        told, came_back = told + len(subscriber.told), came_back + subscriber.came_back
    findings.counts |= {"changes told to subscribers": told, "sockets that had to be opened again": came_back}


def _cases_out_of_order(log: Sequence[Logged]) -> set[UUID]:
    last: dict[UUID, int] = {}
    wrong = set()
    for event in log:
        if event.seq < last.get(event.case_id, 0):
            wrong.add(event.case_id)
        last[event.case_id] = event.seq
    return wrong


def _audit_told(subscriber: Subscriber, log: Mapping[Position, Logged], findings: Findings) -> None:
    """What was told stands in the log, is told in its order, once, and as it stands there."""
    name = subscriber.name
    findings.fault(f"{name}: cursors refused", subscriber.refusals)
    told = [(_position(change["cursor"]), change) for change in subscriber.told]
    findings.fault(f"{name}: told out of order", [p for p, after in pairwise(p for p, _ in told) if after < p])
    rows = Counter((position, change.get("id")) for position, change in told)
    findings.fault(f"{name}: told twice", [row for row, times in rows.items() if times > 1])
    findings.fault(f"{name}: told of what does not stand", [position for position, _ in told if position not in log])
    known = [(log[position], change["event"]) for position, change in told if position in log]
    lacking = [event.position for event, shown in known if shown is None and event.type != "wakeUp"]
    findings.fault(f"{name}: told without the event", lacking)
    other = [e.position for e, shown in known if shown is not None and (shown["seq"], shown["type"]) != (e.seq, e.type)]
    findings.fault(f"{name}: told of another event than the cursor's", other)


def _audit_missing(subscriber: Subscriber, log: Sequence[Logged], findings: Findings) -> None:
    """A board and a case tell every event; an inbox tells at least those of its organization, and others that changed a row."""
    start, seen = _position(subscriber.start), {_position(change["cursor"]) for change in subscriber.told}
    concerned = [event.position for event in log if event.position > start and _concerns(subscriber, event)]
    findings.fault(f"{subscriber.name}: missing", [position for position in concerned if position not in seen])


def _concerns(subscriber: Subscriber, event: Logged) -> bool:
    """Whether the event must have been told. A department's own wake-up is nobody else's to see."""
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
