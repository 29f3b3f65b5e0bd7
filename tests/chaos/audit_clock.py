"""The audit of the clock: each stage of a ladder fires once, when it is due, in order, and none is lost."""

from datetime import datetime

from shaodao.commands.transaction import Connection
from tests.chaos.findings import Findings

# A stage of a case's own limit may be taken against several assignments.
_TWICE = """
SELECT payload->>'deadline_id', payload->>'stage', count(*) AS times FROM case_event
WHERE payload ? 'deadline_id' AND payload ? 'stage' GROUP BY 1, 2, assignment_id HAVING count(*) > 1
"""
_OUT_OF_ORDER = """
SELECT deadline, stage, before FROM (
    SELECT payload->>'deadline_id' AS deadline, payload->>'stage' AS stage, (payload->>'stage_due_at')::timestamptz AS due_at,
        lag(payload->>'stage') OVER clock AS before, lag((payload->>'stage_due_at')::timestamptz) OVER clock AS due_before
    FROM case_event WHERE payload ? 'deadline_id' AND payload ? 'stage_due_at'
    WINDOW clock AS (PARTITION BY payload->>'deadline_id' ORDER BY seq)
) AS fired WHERE due_at < due_before
"""
_TOO_EARLY = """
SELECT case_id::text, seq, payload->>'stage' FROM case_event
WHERE payload ? 'stage_due_at' AND at < (payload->>'stage_due_at')::timestamptz
"""
# A clock that went on after a return is judged by its last stop.
_AFTER_STOP = """
SELECT e.case_id::text, e.seq, e.payload->>'stage' FROM case_event e JOIN deadline d ON d.id::text = e.payload->>'deadline_id'
WHERE e.payload ? 'stage' AND d.state = 'STOPPED' AND e.at > d.stopped_at
"""
# Only a confirmation, a promise and the follow-up outlast their case.
_NOT_STOPPED = """
SELECT d.kind, d.id::text FROM deadline d JOIN case_file c ON c.id = d.case_id LEFT JOIN assignment a ON a.id = d.assignment_id
WHERE d.state <> 'STOPPED' AND (
    a.state IN ('WITHDRAWN', 'EXCUSED') OR c.state = 'CLOSED' AND d.kind NOT IN ('CONFIRMATION', 'PROMISE', 'FOLLOW_UP')
)
"""
_STAGE_OF_STOPPED = """
SELECT s.deadline_id::text, s.stage FROM deadline_stage s JOIN deadline d ON d.id = s.deadline_id WHERE d.state = 'STOPPED'
"""
_LEFT = """
SELECT s.deadline_id::text, s.stage
FROM deadline_stage s LEFT JOIN deadline d ON d.county_code = s.county_code AND d.id = s.deadline_id
WHERE s.due_at <= $1 AND (s.stage = 'WAKE' OR d.state = 'RUNNING')
"""
# Where an emergency whistle's clocks end, and the case's own (reference C.6); every other ends when it is overdue.
_LOST = """
SELECT d.kind, d.id::text FROM deadline d LEFT JOIN (VALUES
    ('ACKNOWLEDGE', 'SUPERVISE'), ('ARRIVE', 'NO_SHOW'), ('FIRST_REPORT', 'WARN_COUNTY'),
    ('RESULT', 'WARN_COUNTY'), ('HANDLING', 'DISTRICT_INVESTIGATION')
) AS ends (kind, stage) ON ends.kind = d.kind
WHERE d.state = 'RUNNING' AND NOT EXISTS (
    SELECT FROM deadline_stage s WHERE s.county_code = d.county_code AND s.deadline_id = d.id
) AND NOT EXISTS (
    SELECT FROM jsonb_array_elements(d.history) AS entry WHERE entry->>'stage' = coalesce(ends.stage, 'OVERDUE')
)
"""


async def audit_clock(connection: Connection, until: datetime, findings: Findings) -> None:
    """What fired, and what is still to fire."""
    await findings.look(connection, "stages fired twice", _TWICE)
    await findings.look(connection, "stages fired out of their order", _OUT_OF_ORDER)
    await findings.look(connection, "stages fired before they were due", _TOO_EARLY)
    await findings.look(connection, "stages fired after their clock had stopped", _AFTER_STOP)
    await findings.look(connection, "clocks that run though nothing is owed by them", _NOT_STOPPED)
    await findings.look(connection, "stages to come of a clock that has stopped", _STAGE_OF_STOPPED)
    await findings.look(connection, "stages due that did not fire", _LEFT, until)
    await findings.look(connection, "clocks that run without a stage to come", _LOST)
    fired = "SELECT count(*) FROM case_event WHERE payload ? 'stage'"
    findings.counts["stages fired"] = await connection.fetchval(fired)
