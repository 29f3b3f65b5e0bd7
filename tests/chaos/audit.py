"""The audit: what clients, departments and subscribers were told, against what stands in the database."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Any, LiteralString, TypeAlias
from uuid import UUID

import asyncpg
import orjson

from shaodao.delivery.cursors import Position
from tests.chaos.clients import Book
from tests.chaos.subscribers import BOARD, CASE, Subscriber

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"

EFFECTS: dict[str, LiteralString] = {
    "registerCase": "SELECT title FROM case_file",
    "blowEmergencyWhistle": "SELECT split_part(reason, ' ', 1) FROM whistle",
    "recordCommunication": "SELECT text FROM communication",
    "answerQuestion": "SELECT answer FROM question WHERE answer IS NOT NULL",
}
"""Where the key of a command stands once for each time that it had its effect."""

_OWED = """
SELECT o.organization_code, c.number, o.seq, e.at, o.hook
FROM chaos_owed o JOIN case_file c ON c.id = o.case_id JOIN case_event e ON e.case_id = o.case_id AND e.seq = o.seq
"""
_DESK_EFFECTS = """
SELECT type, assignment_id::text, count(*) AS times FROM case_event
WHERE type IN ('acknowledgeAssignment', 'askQuestion', 'arriveAtScene', 'wakeUp') GROUP BY 1, 2 HAVING count(*) > 1
"""
_STAGES_TWICE = """
SELECT type, payload->>'deadline_id', payload->>'stage', count(*) AS times FROM case_event
WHERE payload ? 'deadline_id' AND payload ? 'stage' GROUP BY 1, 2, 3 HAVING count(*) > 1
"""
_STAGES_LEFT = """
SELECT count(*) FROM deadline_stage s LEFT JOIN deadline d ON d.county_code = s.county_code AND d.id = s.deadline_id
WHERE s.due_at <= $1 AND (s.stage = 'WAKE' OR d.state = 'RUNNING')
"""
_UNCALLED = """
SELECT w.number FROM whistle w WHERE (
    SELECT count(*) FROM chaos_owed o WHERE o.case_id = w.case_id AND o.hook = 'on_whistle'
) <> 2
"""
_GAPS = """
SELECT case_id::text FROM case_event GROUP BY case_id HAVING min(seq) <> 1 OR max(seq) <> count(*)
"""
_LOG = """
SELECT case_id, xid::text AS xid, id, organization_code, type FROM case_event WHERE at <= $1 ORDER BY case_event.xid, id
"""


@dataclass
class Findings:
    """Counts that are printed, and faults: any fault fails the run."""

    counts: dict[str, int | str] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)

    def fault(self, what: str, found: Sequence[object]) -> None:
        """Note a fault with a few of its cases, if there are any."""
        if found:
            self.faults.append(f"{what}: {len(found)}, such as {', '.join(map(str, found[:3]))}")


@dataclass(frozen=True)
class Kept:
    """What a run kept of itself. ``until``: what happened later may still be under way; deadlines go on passing."""

    book: Book
    heard: Path
    subscribers: Sequence[Subscriber]
    until: datetime


async def audit(connection: Connection, kept: Kept) -> Findings:
    """Everything that must hold, by what the run kept of itself and by what stands in the database."""
    findings = Findings()
    await _audit_commands(connection, kept.book, findings)
    await _audit_deliveries(connection, kept, findings)
    await _audit_clock(connection, kept, findings)
    await _audit_subscribers(connection, kept, findings)
    return findings


async def _audit_commands(connection: Connection, book: Book, findings: Findings) -> None:
    stands = {name: Counter(row[0] for row in await connection.fetch(statement)) for name, statement in EFFECTS.items()}
    findings.fault(
        "acknowledged commands whose effect does not stand", [t.key for t in book.told if not stands[t.mutation][t.key]]
    )
    twice = [key for keys in stands.values() for key, times in keys.items() if times > 1]
    findings.fault("commands whose effect stands twice", twice)
    findings.fault("answers that no retry mends", book.refused)
    findings.fault("cases with a gap in their history", [row[0] for row in await connection.fetch(_GAPS)])
    findings.counts |= {
        "commands acknowledged": len(book.told), "commands given up, outcome unknown": len(book.unknown),
        "sent again": book.came_again, "connections broken": book.broken_connections, "answered UNAVAILABLE": book.unavailable,
    }  # fmt: skip


async def _audit_deliveries(connection: Connection, kept: Kept, findings: Findings) -> None:
    # Read before what is owed, for deadlines go on passing: what is heard meanwhile was owed before.
    lines = [orjson.loads(line) for line in kept.heard.read_bytes().splitlines()]
    rows = await connection.fetch(_OWED)
    owed = {tuple(row)[:3] for row in rows}
    due = {tuple(row)[:3]: row["hook"] for row in rows if row["at"] <= kept.until}
    calls = Counter((line["organization"], line["case"], line["seq"]) for line in lines)
    findings.fault(
        "deliveries that no department heard", [(*key, hook) for key, hook in due.items() if key not in calls]
    )
    findings.fault("deliveries heard that nobody owed", [key for key in calls if key not in owed])
    findings.fault("lanes heard out of order", _out_of_order(calls))
    findings.fault(
        "whistles that are not owed to both their departments", [row[0] for row in await connection.fetch(_UNCALLED)]
    )
    findings.fault("effects of a department done twice", [tuple(row) for row in await connection.fetch(_DESK_EFFECTS)])
    findings.fault(
        "lanes parked", [row[0] for row in await connection.fetch("SELECT case_id::text FROM lane WHERE parked")]
    )
    findings.counts |= {
        "deliveries owed": len(owed), "deliveries heard": len(calls), "handled more than once": sum(times > 1 for times in calls.values()),
    }  # fmt: skip


def _out_of_order(calls: Iterable[tuple[str, str, int]]) -> list[tuple[str, str]]:
    """The lanes in which something was first heard after what follows it. The keys of a Counter stand as they were first met."""
    last: dict[tuple[str, str], int] = defaultdict(int)
    wrong = []
    for organization, case, seq in calls:
        if seq < last[organization, case]:
            wrong.append((organization, case))
        last[organization, case] = seq
    return wrong


async def _audit_clock(connection: Connection, kept: Kept, findings: Findings) -> None:
    findings.fault("stages fired twice", [tuple(row) for row in await connection.fetch(_STAGES_TWICE)])
    left = await connection.fetchval(_STAGES_LEFT, kept.until)
    findings.fault("stages due that did not fire", [left] if left else [])
    fired = "SELECT count(*) FROM case_event WHERE payload ? 'stage'"
    findings.counts["stages fired"] = await connection.fetchval(fired)


async def _audit_subscribers(connection: Connection, kept: Kept, findings: Findings) -> None:
    log = await connection.fetch(_LOG, kept.until)
    told = came_back = 0
    for subscriber in kept.subscribers:
        _audit_subscriber(subscriber, log, findings)
        told, came_back = told + len(subscriber.told), came_back + subscriber.came_back
    findings.counts |= {"changes told to subscribers": told, "sockets that had to be opened again": came_back}


def _audit_subscriber(subscriber: Subscriber, log: Sequence[Any], findings: Findings) -> None:
    """A board and a case tell every event; an inbox tells at least those of its organization, and others that changed a row."""
    name = subscriber.name
    findings.fault(f"{name}: cursors refused", subscriber.refusals)
    positions = [_position(change["cursor"]) for change in subscriber.told]
    findings.fault(f"{name}: told out of order", [p for p, after in pairwise(positions) if after < p])
    rows = Counter((position, change.get("id")) for position, change in zip(positions, subscriber.told, strict=True))
    findings.fault(f"{name}: told twice", [row for row, times in rows.items() if times > 1])
    start, seen = _position(subscriber.start), set(positions)
    lacking = [change["cursor"] for change in subscriber.told if change["event"] is None]
    shown = {row["id"] for row in log if row["type"] != "wakeUp"}
    findings.fault(
        f"{name}: told without the event", [cursor for cursor in lacking if _position(cursor).event_id in shown]
    )
    concerned = [Position(int(row["xid"]), row["id"]) for row in log if _concerns(subscriber, row)]
    findings.fault(
        f"{name}: missing", [position for position in concerned if position > start and position not in seen]
    )


def _concerns(subscriber: Subscriber, row: Any) -> bool:
    """Whether the event must have been told. A department's own wake-up is nobody else's to see."""
    if subscriber.document in (BOARD, CASE) and row["type"] == "wakeUp":
        return False
    if subscriber.document == BOARD:
        return True
    if subscriber.document == CASE:
        return bool(subscriber.key.endswith(str(row["case_id"])))
    return bool(row["organization_code"] == subscriber.key)


def _position(cursor: str) -> Position:
    _, xid, event_id = cursor.split(".")
    return Position(int(xid), UUID(event_id))
