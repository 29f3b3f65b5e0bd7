-- What is read but stands in no table of its own: for whom something waits, and what waits for whom.

-- The organization of a street's dispatchers.
CREATE VIEW dispatch_desk AS
SELECT DISTINCT ON (r.scope_code) r.scope_code AS street_code, s.organization_code
FROM account_roles r JOIN accounts s ON s.id = r.account_id
WHERE r.role = 'STREET_DISPATCHER'
ORDER BY r.scope_code, s.login;

-- For whom a case, a whistle or an assignment (subject_id) waits: the first assignment that owes a step, LEAD before the
-- others; where none does, the street itself.
CREATE VIEW waiting AS
SELECT
    w.county_code, w.subject_id, w.case_id, coalesce(a.organization_code, w.street_organization) AS organization_code,
    CASE
        WHEN a.id IS NULL THEN w.street_since
        WHEN a.state = 'RETURNED' THEN a.updated_at
        ELSE coalesce(a.started_at, a.arrived_at, a.acknowledged_at, a.notified_at)
    END AS since
FROM (
    SELECT
        c.county_code, c.id AS subject_id, c.id AS case_id,
        (SELECT d.organization_code FROM dispatch_desk d WHERE d.street_code = c.street_code) AS street_organization,
        CASE c.state
            WHEN 'REGISTERED' THEN c.registered_at
            WHEN 'ACCEPTED' THEN c.accepted_at
            WHEN 'VERIFYING' THEN c.handled_at
            ELSE c.updated_at
        END AS street_since,
        CASE WHEN c.state IN ('ASSIGNED', 'HANDLING') THEN (
            SELECT o.id FROM assignment o
            WHERE o.county_code = c.county_code AND o.case_id = c.id AND o.round = c.round AND o.role <> 'INFORM'
                AND o.state IN ('NOTIFIED', 'ACKNOWLEDGED', 'ARRIVED', 'HANDLING', 'RETURNED')
            ORDER BY o.role = 'LEAD' DESC, o.notified_at, o.id LIMIT 1
        ) END AS assignment_id
    FROM case_file c
    WHERE c.state IN ('REGISTERED', 'ACCEPTED', 'ASSIGNED', 'HANDLING', 'SUSPENDED', 'VERIFYING', 'REOPENED')
    UNION ALL
    SELECT
        h.county_code, h.id, h.case_id,
        (SELECT d.organization_code FROM dispatch_desk d WHERE d.street_code = h.street_code),
        coalesce(h.verified_at, h.reported_at, h.submitted_at, h.drafted_at),
        CASE WHEN h.state IN ('BLOWN', 'GATHERING', 'HANDLING') THEN (
            SELECT o.id FROM assignment o
            WHERE o.county_code = h.county_code AND o.whistle_id = h.id AND o.role <> 'INFORM'
                AND o.state IN ('NOTIFIED', 'ACKNOWLEDGED', 'ARRIVED', 'HANDLING', 'RETURNED')
            ORDER BY o.role = 'LEAD' DESC, o.notified_at, o.id LIMIT 1
        ) END
    FROM whistle h
    WHERE h.state IN ('DRAFTED', 'PENDING_APPROVAL', 'BLOWN', 'GATHERING', 'HANDLING', 'REPORTED', 'VERIFIED')
    UNION ALL
    SELECT
        o.county_code, o.id, o.case_id,
        (SELECT d.organization_code FROM dispatch_desk d WHERE d.street_code = o.street_code),
        coalesce(o.reported_at, o.updated_at),
        CASE WHEN o.state NOT IN ('OBJECTED', 'REPORTED') THEN o.id END
    FROM assignment o
    WHERE o.state IN ('NOTIFIED', 'ACKNOWLEDGED', 'OBJECTED', 'ARRIVED', 'HANDLING', 'REPORTED', 'RETURNED')
) w
LEFT JOIN assignment a ON a.county_code = w.county_code AND a.id = w.assignment_id;

-- Who had a hand in a case, and so does not verify it (handlers), nor call its reporter (handlers and verifiers).
CREATE VIEW case_hands AS
SELECT
    c.county_code, c.id AS case_id,
    ARRAY(
        SELECT DISTINCT hand FROM assignment h CROSS JOIN unnest(ARRAY[
            CASE WHEN h.acknowledged_for IS NULL THEN h.acknowledged_by END,
            CASE WHEN h.arrival_proof IS DISTINCT FROM 'STREET' THEN h.arrived_by END,
            h.reported_by, h.agent_id
        ]) AS hand
        WHERE h.county_code = c.county_code AND h.case_id = c.id AND hand IS NOT NULL
    ) AS handlers,
    ARRAY(
        SELECT DISTINCT v.verifier_id FROM verification v WHERE v.county_code = c.county_code AND v.case_id = c.id
    ) || c.closed_by AS verifiers
FROM case_file c;

-- What waits for whom: a row for each thing to do and role that does it. ``ranks`` are the leaders' ranks that suffice,
-- ``holder_id`` the only account that may, if there is one, ``barred`` the accounts that may not.
CREATE VIEW task AS
SELECT
    c.county_code, 'ACCEPT:' || c.id AS id, 'ACCEPT' AS action, 'STREET_DISPATCHER' AS role, NULL::text[] AS ranks,
    NULL::uuid AS holder_id, NULL::uuid[] AS barred, c.id AS case_id, NULL::uuid AS whistle_id,
    NULL::uuid AS assignment_id, NULL::text AS organization_code, c.street_code, c.community_code, c.grid_code,
    c.registered_at AS since, c.due_at
FROM case_file c WHERE c.state = 'REGISTERED'
UNION ALL
SELECT
    c.county_code, 'ACCEPT:' || c.id, 'ACCEPT', 'FIRST_RECEIVER', NULL, c.first_receiver_id, NULL, c.id, NULL, NULL, NULL,
    c.street_code, c.community_code, c.grid_code, c.registered_at, c.due_at
FROM case_file c WHERE c.state = 'REGISTERED'
UNION ALL
SELECT
    c.county_code, 'DISPATCH:' || c.id, 'DISPATCH', 'STREET_DISPATCHER', NULL, NULL, NULL, c.id, NULL, NULL, NULL,
    c.street_code, c.community_code, c.grid_code, coalesce(c.accepted_at, c.updated_at), c.due_at
FROM case_file c
WHERE c.state IN ('ACCEPTED', 'REOPENED') AND NOT EXISTS (
    SELECT FROM whistle h
    WHERE h.county_code = c.county_code AND h.case_id = c.id AND h.state IN ('DRAFTED', 'PENDING_APPROVAL')
)
UNION ALL
SELECT
    c.county_code, 'CLOSE:' || c.id, 'CLOSE', 'STREET_DISPATCHER', NULL, NULL,
    (SELECT h.handlers FROM case_hands h WHERE h.county_code = c.county_code AND h.case_id = c.id),
    c.id, NULL, NULL, NULL, c.street_code, c.community_code, c.grid_code, c.handled_at, NULL
FROM case_file c
WHERE c.state = 'VERIFYING'
    AND NOT EXISTS (
        SELECT FROM assignment o
        WHERE o.county_code = c.county_code AND o.case_id = c.id AND o.round = c.round AND o.role <> 'INFORM'
            AND o.state NOT IN ('VERIFIED', 'RELEASED', 'REASSIGNED', 'EXCUSED', 'WITHDRAWN')
    )
    AND NOT EXISTS (
        SELECT FROM whistle h
        WHERE h.county_code = c.county_code AND h.case_id = c.id
            AND h.state IN ('DRAFTED', 'PENDING_APPROVAL', 'BLOWN', 'GATHERING', 'HANDLING', 'REPORTED', 'VERIFIED')
    )
UNION ALL
SELECT
    c.county_code, 'CALL:' || c.id, 'CALL', 'FOLLOW_UP', NULL, NULL,
    (SELECT h.handlers || h.verifiers FROM case_hands h WHERE h.county_code = c.county_code AND h.case_id = c.id),
    c.id, NULL, NULL, NULL, c.street_code, c.community_code, c.grid_code, c.closed_at,
    (SELECT max(d.due_at) FROM deadline d
        WHERE d.county_code = c.county_code AND d.case_id = c.id AND d.kind = 'FOLLOW_UP' AND d.state = 'RUNNING')
FROM case_file c WHERE c.state = 'CLOSED'
UNION ALL
SELECT
    h.county_code, 'BLOW:' || h.id, 'BLOW', 'STREET_DISPATCHER', NULL, NULL, NULL, h.case_id, h.id, NULL, NULL,
    h.street_code, h.community_code, h.grid_code, h.drafted_at, NULL
FROM whistle h WHERE h.state = 'DRAFTED' AND h.kind = 'EMERGENCY'
UNION ALL
-- An emergency waits for the dispatcher as it was drafted; any other draft for its drafter, also when it was sent back.
SELECT
    h.county_code, 'REVISE:' || h.id, 'REVISE', r.role, NULL, h.drafted_by, NULL, h.case_id, h.id, NULL, NULL,
    h.street_code, h.community_code, h.grid_code, coalesce(h.decided_at, h.drafted_at), NULL
FROM whistle h
CROSS JOIN (VALUES ('STREET_DISPATCHER'), ('GRID_CHIEF'), ('GRID_WORKER')) AS r (role)
WHERE h.state = 'DRAFTED' AND (h.kind <> 'EMERGENCY' OR h.decided_at IS NOT NULL)
UNION ALL
SELECT
    h.county_code, 'APPROVE:' || h.id, 'APPROVE', 'STREET_LEADER',
    CASE WHEN h.kind IN ('ROUTINE', 'JOINT_ENFORCEMENT') THEN ARRAY['DEPUTY', 'CHIEF'] ELSE ARRAY['CHIEF'] END,
    NULL, ARRAY[h.drafted_by], h.case_id, h.id, NULL, NULL, h.street_code, h.community_code, h.grid_code,
    coalesce(h.submitted_at, h.drafted_at), NULL
FROM whistle h WHERE h.state = 'PENDING_APPROVAL'
UNION ALL
SELECT
    h.county_code, 'CONFIRM:' || h.id, 'CONFIRM', 'STREET_LEADER', ARRAY['DEPUTY', 'CHIEF'], NULL, ARRAY[h.blown_by],
    h.case_id, h.id, NULL, NULL, h.street_code, h.community_code, h.grid_code, h.blown_at,
    (SELECT max(d.due_at) FROM deadline d
        WHERE d.county_code = h.county_code AND d.case_id = h.case_id AND d.whistle_id = h.id AND d.kind = 'CONFIRMATION')
FROM whistle h
WHERE h.kind = 'EMERGENCY' AND h.blown_at IS NOT NULL AND h.confirmed_at IS NULL AND h.state <> 'WITHDRAWN'
UNION ALL
SELECT
    h.county_code, 'CLOSE:' || h.id, 'CLOSE', 'STREET_DISPATCHER', NULL, NULL,
    (SELECT a.handlers FROM case_hands a WHERE a.county_code = h.county_code AND a.case_id = h.case_id),
    h.case_id, h.id, NULL, NULL, h.street_code, h.community_code, h.grid_code, h.verified_at, NULL
FROM whistle h WHERE h.state = 'VERIFIED'
UNION ALL
SELECT
    h.county_code, 'RATE:' || h.id, 'RATE', 'STREET_LEADER', NULL, NULL, NULL, h.case_id, h.id, NULL, NULL,
    h.street_code, h.community_code, h.grid_code, h.closed_at, NULL
FROM whistle h
WHERE h.state = 'CLOSED' AND EXISTS (
    SELECT FROM assignment o
    WHERE o.county_code = h.county_code AND o.whistle_id = h.id AND o.role <> 'INFORM'
        AND o.state NOT IN ('REASSIGNED', 'EXCUSED', 'WITHDRAWN') AND NOT EXISTS (
            SELECT FROM evaluation e
            WHERE e.county_code = h.county_code AND e.case_id = h.case_id AND e.whistle_id = h.id
                AND e.evaluator_kind = 'STREET' AND e.organization_code = o.organization_code
        )
)
UNION ALL
SELECT
    h.county_code, 'JUDGE:' || h.id, 'JUDGE', 'COUNTY_GRID_OFFICE', NULL, NULL, NULL, h.case_id, h.id, NULL, NULL,
    h.street_code, h.community_code, h.grid_code, h.closed_at, NULL
FROM whistle h
WHERE h.state = 'CLOSED' AND NOT EXISTS (
    SELECT FROM evaluation e
    WHERE e.county_code = h.county_code AND e.case_id = h.case_id AND e.whistle_id = h.id
        AND e.evaluator_kind = 'COUNTY_GRID_OFFICE'
)
UNION ALL
SELECT
    o.county_code, 'CONFIRM_ARRIVAL:' || o.id, 'CONFIRM_ARRIVAL', 'STREET_DISPATCHER', NULL, NULL, NULL,
    o.case_id, o.whistle_id, o.id, o.organization_code, o.street_code, NULL, NULL, o.arrived_at, NULL
FROM assignment o
WHERE o.arrival_proof = 'DECLARED' AND o.state IN ('ARRIVED', 'HANDLING', 'REPORTED', 'RETURNED')
UNION ALL
SELECT
    o.county_code, 'VERIFY:' || o.id, CASE o.state WHEN 'OBJECTED' THEN 'DECIDE' ELSE 'VERIFY' END, 'STREET_DISPATCHER',
    NULL, NULL, (SELECT h.handlers FROM case_hands h WHERE h.county_code = o.county_code AND h.case_id = o.case_id),
    o.case_id, o.whistle_id, o.id, o.organization_code, o.street_code, NULL, NULL, coalesce(o.reported_at, o.updated_at),
    (SELECT max(d.due_at) FROM deadline d
        WHERE d.county_code = o.county_code AND d.case_id = o.case_id AND d.kind = 'VERIFICATION' AND d.state = 'RUNNING')
FROM assignment o WHERE o.state IN ('OBJECTED', 'REPORTED')
UNION ALL
SELECT
    q.county_code, 'ANSWER:' || q.id, 'ANSWER', r.role, NULL, NULL, NULL, q.case_id, NULL, q.assignment_id,
    q.organization_code, c.street_code, c.community_code, c.grid_code, q.asked_at, NULL
FROM question q
JOIN case_file c ON c.county_code = q.county_code AND c.id = q.case_id
CROSS JOIN (VALUES ('STREET_DISPATCHER'), ('GRID_CHIEF'), ('GRID_WORKER')) AS r (role)
WHERE q.answered_at IS NULL
UNION ALL
SELECT
    o.county_code, 'OWN:' || o.id,
    CASE
        WHEN o.role = 'INFORM' THEN 'READ'
        WHEN o.state = 'NOTIFIED' THEN 'ACKNOWLEDGE'
        WHEN o.state = 'ACKNOWLEDGED' AND o.arrival_required THEN 'ARRIVE'
        ELSE 'REPORT'
    END,
    'DEPT_HANDLER', NULL, NULL, NULL, o.case_id, o.whistle_id, o.id, o.organization_code, o.street_code, NULL, NULL,
    CASE
        WHEN o.state = 'RETURNED' THEN o.updated_at
        ELSE coalesce(o.started_at, o.arrived_at, o.acknowledged_at, o.notified_at)
    END,
    CASE
        WHEN o.role = 'INFORM' THEN NULL
        WHEN o.state = 'NOTIFIED' THEN o.acknowledge_due_at
        WHEN o.state = 'ACKNOWLEDGED' AND o.arrival_required THEN o.arrive_due_at
        ELSE o.result_due_at
    END
FROM assignment o WHERE o.state IN ('NOTIFIED', 'ACKNOWLEDGED', 'ARRIVED', 'HANDLING', 'RETURNED');
