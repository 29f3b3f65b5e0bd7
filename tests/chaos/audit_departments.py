"""The audit of what departments did: each hook that was settled had its effect, once, in the row and in the history."""

from shaodao.commands.transaction import Connection
from tests.chaos.departments.police import UNANSWERED
from tests.chaos.findings import Findings

_TWICE = """
SELECT type, assignment_id::text, count(*) AS times FROM case_event
WHERE type IN ('acknowledgeAssignment', 'askQuestion', 'arriveAtScene', 'wakeUp') GROUP BY 1, 2 HAVING count(*) > 1
"""
# By what tests/chaos/departments do; a wake-up may still be to come.
_MISSING = """
SELECT o.organization_code, c.number, o.seq, must.type
FROM chaos_owed o JOIN case_file c ON c.id = o.case_id
JOIN (VALUES
    ('CG', 'on_whistle', 'acknowledgeAssignment'), ('CG', 'on_whistle', 'askQuestion'),
    ('CG', 'on_answer', 'arriveAtScene'), ('JJ', 'on_whistle', 'wakeUp'), ('JJ', 'on_wake', 'acknowledgeAssignment')
) AS must (organization_code, hook, type) ON must.organization_code = o.organization_code AND must.hook = o.hook
WHERE NOT EXISTS (
    SELECT FROM delivery d
    WHERE d.case_id = o.case_id AND d.organization_code = o.organization_code AND d.seq = o.seq
) AND NOT EXISTS (
    SELECT FROM case_event e WHERE e.assignment_id = o.assignment_id AND e.type = must.type
) AND NOT (must.type = 'wakeUp' AND EXISTS (
    SELECT FROM deadline_stage s WHERE s.assignment_id = o.assignment_id AND s.stage = 'WAKE'
)) AND NOT (o.hook = 'on_wake' AND EXISTS (
    SELECT FROM whistle w WHERE w.case_id = o.case_id AND strpos(w.reason, $1) > 0
))
"""
_ROW_AND_HISTORY = """
SELECT a.organization_code, a.id::text, a.state FROM assignment a
CROSS JOIN LATERAL (
    SELECT count(*) FILTER (WHERE e.type = 'acknowledgeAssignment') AS acknowledged,
        count(*) FILTER (WHERE e.type = 'arriveAtScene') AS arrived,
        count(*) FILTER (WHERE e.type = 'askQuestion') AS asked
    FROM case_event e WHERE e.assignment_id = a.id
) AS told
WHERE (a.acknowledged_at IS NULL) <> (told.acknowledged = 0) OR (a.arrived_at IS NULL) <> (told.arrived = 0)
    OR (SELECT count(*) FROM question q WHERE q.assignment_id = a.id) <> told.asked
"""


async def audit_departments(connection: Connection, findings: Findings) -> None:
    """What departments did by their hooks, against what their hooks do."""
    await findings.look(connection, "effects of a department done twice", _TWICE)
    await findings.look(connection, "effects of a department that do not stand", _MISSING, UNANSWERED)
    await findings.look(connection, "assignments that stand otherwise than their history tells", _ROW_AND_HISTORY)
