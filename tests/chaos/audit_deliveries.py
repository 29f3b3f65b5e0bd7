"""The audit of deliveries: all that is owed is heard, in order, and settled once; nothing else is heard."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import datetime

import orjson

from shaodao.commands.transaction import Connection
from tests.chaos.findings import Findings, Kept

_OWED = """
SELECT o.organization_code, c.number, o.seq, e.at, o.hook
FROM chaos_owed o JOIN case_file c ON c.id = o.case_id JOIN case_event e ON e.case_id = o.case_id AND e.seq = o.seq
"""
# What each step must have owed to the department of the organization that it is about.
_UNOWED = """
SELECT e.organization_code, c.number, e.seq, e.type FROM case_event e JOIN case_file c ON c.id = e.case_id
JOIN (VALUES
    ('answerQuestion', 'on_answer'), ('wakeUp', 'on_wake'), ('remind', 'on_urge'), ('urge', 'on_urge'),
    ('supervise', 'on_urge'), ('investigate', 'on_urge'), ('deadlinePassed', 'on_overdue'), ('noShow', 'on_overdue'),
    ('returnReport', 'on_return'), ('excuseAssignment', 'on_withdrawn'), ('releaseAssignment', 'on_released')
) AS must (type, hook) ON must.type = e.type
WHERE e.assignment_id IS NOT NULL AND NOT EXISTS (
    SELECT FROM chaos_owed o WHERE o.case_id = e.case_id AND o.seq = e.seq AND o.hook = must.hook
        AND o.organization_code = e.organization_code AND o.assignment_id = e.assignment_id
)
"""
# What each step of a whistle or a case must have owed: to everyone who is not excused, or to the LEAD alone.
_UNTOLD = """
SELECT a.organization_code, c.number, e.seq, e.type FROM case_event e
JOIN case_file c ON c.id = e.case_id JOIN assignment a ON a.case_id = e.case_id
JOIN (VALUES
    ('withdrawWhistle', 'on_withdrawn', NULL), ('closeCase', 'on_case_closed', NULL),
    ('decideExtension', 'on_extension_decided', 'LEAD')
) AS must (type, hook, role) ON must.type = e.type AND a.role = coalesce(must.role, a.role)
WHERE a.state <> 'EXCUSED' AND NOT EXISTS (
    SELECT FROM chaos_owed o
    WHERE o.case_id = e.case_id AND o.seq = e.seq AND o.hook = must.hook AND o.assignment_id = a.id
)
"""
_UNCALLED = """
SELECT w.number FROM whistle w WHERE ARRAY(
    SELECT o.organization_code FROM chaos_owed o WHERE o.case_id = w.case_id AND o.hook = 'on_whistle' ORDER BY 1
) <> ARRAY['CG', 'JJ']
"""
_SETTLED = """
SELECT o.organization_code, c.number, o.seq, count(l.id) AS times
FROM chaos_owed o JOIN case_file c ON c.id = o.case_id JOIN case_event e ON e.case_id = o.case_id AND e.seq = o.seq
LEFT JOIN delivery_log l ON l.organization_code = o.organization_code AND l.case_id = o.case_id AND l.seq = o.seq
    AND l.outcome IN ('DONE', 'REFUSED')
WHERE e.at <= $1 GROUP BY 1, 2, 3 HAVING count(l.id) <> 1
"""
# Whoever was called off meanwhile rightly finds that the assignment is over.
_DECLINED = """
SELECT l.organization_code, l.case_id::text, l.seq, l.error FROM delivery_log l WHERE l.outcome = 'REFUSED' AND NOT EXISTS (
    SELECT FROM chaos_owed o JOIN case_event e ON e.case_id = o.case_id AND e.seq = o.seq
    WHERE o.assignment_id = l.assignment_id AND o.hook = 'on_withdrawn' AND e.at <= l.at
)
"""
_DECLINED_UNTOLD = """
SELECT l.organization_code, l.case_id::text, count(*) AS times FROM delivery_log l WHERE l.outcome = 'REFUSED'
GROUP BY l.organization_code, l.case_id, l.assignment_id HAVING count(*) <> (
    SELECT count(*) FROM case_event e WHERE e.assignment_id = l.assignment_id AND e.type = 'deliveryDeclined'
)
"""
_PARKED = "SELECT organization_code, case_id::text FROM lane WHERE parked"
_WITHOUT_LANE = """
SELECT d.organization_code, d.case_id::text, d.seq FROM delivery d WHERE NOT EXISTS (
    SELECT FROM lane l
    WHERE l.county_code = d.county_code AND l.organization_code = d.organization_code AND l.case_id = d.case_id
)
"""
_MESSAGES_TWICE = """
SELECT whistle_id::text, organization_code, kind, count(*) AS times FROM message
WHERE whistle_id IS NOT NULL GROUP BY whistle_id, organization_code, kind, recipient_masked, text HAVING count(*) > 1
"""
_MESSAGES_LEFT = """
SELECT case_id::text, kind, state FROM message
WHERE created_at <= $1 AND (state = 'FAILED' OR (state = 'PENDING' AND next_at <= $1))
"""
_ATTEMPTS = "SELECT outcome, count(*) AS times FROM delivery_log GROUP BY outcome ORDER BY outcome"


async def audit_deliveries(connection: Connection, kept: Kept, findings: Findings) -> None:
    """What the departments heard is what they were owed."""
    # Read before what is owed, for deadlines go on passing: what is heard meanwhile was owed before.
    lines = [orjson.loads(line) for line in kept.heard.read_bytes().splitlines()]
    rows = await connection.fetch(_OWED)
    owed = {tuple(row)[:3] for row in rows}
    due = {tuple(row)[:3]: row["hook"] for row in rows if row["at"] <= kept.until}
    calls = Counter((line["organization"], line["case"], line["seq"]) for line in lines)
    unheard = [(*key, hook) for key, hook in due.items() if key not in calls]
    findings.fault("deliveries that no department heard", unheard)
    findings.fault("deliveries heard that nobody owed", [key for key in calls if key not in owed])
    findings.fault("lanes heard out of order", _out_of_order(calls))
    await _audit_outbox(connection, kept.until, findings)
    attempts = {f"attempts {row['outcome']}": row["times"] for row in await connection.fetch(_ATTEMPTS)}
    handled_again = sum(times > 1 for times in calls.values())
    hooks = Counter(row["hook"] for row in rows)
    findings.counts |= {
        **{f"owed {hook}": times for hook, times in sorted(hooks.items())},
        "deliveries owed": len(owed), "deliveries heard": len(calls), "handled more than once": handled_again, **attempts
    }  # fmt: skip


async def _audit_outbox(connection: Connection, until: datetime, findings: Findings) -> None:
    """What the steps owe stands in the outbox, and whatever stood there was settled once."""
    await findings.look(connection, "whistles that are not owed to both their departments", _UNCALLED)
    await findings.look(connection, "steps that are not owed to their department", _UNOWED)
    await findings.look(connection, "deliveries that were not settled exactly once", _SETTLED, until)
    await findings.look(connection, "steps that are not owed to all whom they concern", _UNTOLD)
    await findings.look(connection, "deliveries that a department declined", _DECLINED)
    await findings.look(connection, "declined deliveries that the case does not tell once", _DECLINED_UNTOLD)
    await findings.look(connection, "deliveries without a lane", _WITHOUT_LANE)
    await findings.look(connection, "lanes parked", _PARKED)
    await findings.look(connection, "messages written twice", _MESSAGES_TWICE)
    await findings.look(connection, "messages that were not sent", _MESSAGES_LEFT, until)


def _out_of_order(calls: Iterable[tuple[str, str, int]]) -> list[tuple[str, str]]:
    """The lanes in which something was first heard after what follows it. The keys of a Counter stand as they were first met."""
    last: dict[tuple[str, str], int] = defaultdict(int)
    wrong = []
    for organization, case, seq in calls:
        if seq < last[organization, case]:
            wrong.append((organization, case))
        last[organization, case] = seq
    return wrong
