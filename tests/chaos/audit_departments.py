"""The audit of what departments did: each hook that was settled had its effect, once, in the row and in the history."""

from shaodao.commands.transaction import Connection
from tests.chaos.departments.police import UNANSWERED
from tests.chaos.departments.recorder import TO_THE_END
from tests.chaos.findings import Findings

# Each once, and a report once more for each that was returned.
_TWICE = """
SELECT type, coalesce(assignment_id, case_id)::text, count(*) AS times FROM case_event e
WHERE type IN ('acknowledgeAssignment', 'askQuestion', 'arriveAtScene', 'wakeUp', 'requestExtension', 'reportResult')
GROUP BY type, case_id, assignment_id HAVING count(*) > 1 + (
    SELECT count(*) FROM case_event r
    WHERE r.assignment_id = e.assignment_id AND r.type = 'returnReport' AND e.type = 'reportResult'
)
"""
# By what tests/chaos/departments do, some of it only for a word in the whistle's reason or a case of that urgency; a wake-up may
# still be to come. Whether a delivery was rightly refused is judged with the deliveries.
_MISSING = """
SELECT o.organization_code, c.number, o.seq, must.type
FROM chaos_owed o JOIN case_file c ON c.id = o.case_id JOIN whistle w ON w.case_id = o.case_id
JOIN (VALUES
    ('CG', 'on_whistle', 'acknowledgeAssignment', '', NULL), ('CG', 'on_whistle', 'askQuestion', '', NULL),
    ('CG', 'on_answer', 'arriveAtScene', '', NULL), ('CG', 'on_answer', 'reportResult', $2, 'URGENT'),
    ('CG', 'on_answer', 'requestExtension', $2, 'GENERAL'), ('CG', 'on_extension_decided', 'reportResult', $2, NULL),
    ('CG', 'on_return', 'reportResult', $2, NULL), ('JJ', 'on_whistle', 'wakeUp', '', NULL),
    ('JJ', 'on_wake', 'acknowledgeAssignment', '', NULL), ('JJ', 'on_wake', 'arriveAtScene', $2, NULL),
    ('JJ', 'on_wake', 'reportResult', $2, NULL), ('JJ', 'on_return', 'reportResult', $2, NULL)
) AS must (organization_code, hook, type, word, urgency)
    ON must.organization_code = o.organization_code AND must.hook = o.hook AND coalesce(must.urgency, c.urgency) = c.urgency
WHERE strpos(w.reason, must.word) > 0 AND NOT (must.hook = 'on_wake' AND strpos(w.reason, $1) > 0) AND EXISTS (
    SELECT FROM delivery_log l
    WHERE l.case_id = o.case_id AND l.organization_code = o.organization_code AND l.seq = o.seq AND l.outcome = 'DONE'
) AND NOT EXISTS (
    SELECT FROM case_event e WHERE e.case_id = o.case_id AND e.seq > o.seq AND e.type = must.type
        AND coalesce(e.assignment_id, o.assignment_id) = o.assignment_id
) AND NOT (must.type = 'wakeUp' AND EXISTS (
    SELECT FROM deadline_stage s WHERE s.assignment_id = o.assignment_id AND s.stage = 'WAKE'
))
"""
_ROW_AND_HISTORY = """
SELECT a.organization_code, a.id::text, a.state FROM assignment a
CROSS JOIN LATERAL (
    SELECT count(*) FILTER (WHERE e.type = 'acknowledgeAssignment') AS acknowledged,
        count(*) FILTER (WHERE e.type = 'arriveAtScene') AS arrived, count(*) FILTER (WHERE e.type = 'askQuestion') AS asked,
        count(*) FILTER (WHERE e.type = 'reportResult') AS reported, count(*) FILTER (WHERE e.type = 'returnReport') AS returned,
        count(*) FILTER (WHERE e.type = 'verifyReport') AS verified, count(*) FILTER (WHERE e.type = 'releaseAssignment') AS released
    FROM case_event e WHERE e.assignment_id = a.id
) AS told
WHERE (a.acknowledged_at IS NULL) <> (told.acknowledged = 0) OR (a.arrived_at IS NULL) <> (told.arrived = 0)
    OR (SELECT count(*) FROM question q WHERE q.assignment_id = a.id) <> told.asked
    OR (SELECT count(*) FROM report r WHERE r.assignment_id = a.id AND r.kind = 'RESULT') <> told.reported
    OR a.returned_count <> told.returned OR (a.reported_at IS NOT NULL) <> (told.reported > told.returned)
    OR (a.verified_at IS NOT NULL) <> (told.verified = 1) OR (a.released_at IS NOT NULL) <> (told.released = 1)
    OR (a.state IN ('WITHDRAWN', 'EXCUSED')) <> EXISTS (
        SELECT FROM chaos_owed o WHERE o.assignment_id = a.id AND o.hook = 'on_withdrawn'
    )
"""
_AFTER_ITS_END = """
SELECT e.organization_code, c.number, e.seq, e.type
FROM chaos_owed o JOIN case_event e ON e.assignment_id = o.assignment_id AND e.seq > o.seq JOIN case_file c ON c.id = e.case_id
WHERE o.hook = 'on_withdrawn' AND e.type NOT IN ('wakeUp', 'deliveryDeclined')
"""


async def audit_departments(connection: Connection, findings: Findings) -> None:
    """What departments did by their hooks, against what their hooks do."""
    await findings.look(connection, "effects of a department done twice", _TWICE)
    await findings.look(connection, "effects of a department that do not stand", _MISSING, UNANSWERED, TO_THE_END)
    await findings.look(connection, "assignments that stand otherwise than their history tells", _ROW_AND_HISTORY)
    await findings.look(connection, "steps of an assignment after it was withdrawn", _AFTER_ITS_END)
