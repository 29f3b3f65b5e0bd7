-- The time ladders (reference C.6): who was told what when a limit ran out, and the work that the calendar brings (Z-28, J-11, J-15).

ALTER TABLE deadline
    ADD COLUMN ladder_since timestamptz,
    ADD COLUMN ladder_used double precision NOT NULL DEFAULT 0;

-- Of a clock the next stage alone is a row (docs/adr/0010-ladder.md).
DELETE FROM deadline_stage later USING deadline_stage first
WHERE later.county_code = first.county_code AND later.deadline_id = first.deadline_id AND later.stage = 'NO_SHOW'
    AND first.stage = 'OVERDUE';

-- 督办链 (C.1.4): a row for each stage that was taken and each organization that it was taken against. It is over when what
-- was owed came in, or is due later.
CREATE TABLE supervision (
    county_code int NOT NULL,
    id uuid NOT NULL,
    case_id uuid NOT NULL,
    deadline_id uuid,
    assignment_id uuid,
    whistle_id uuid,
    organization_code text,
    street_code text NOT NULL,
    community_code text,
    grid_code text,
    stage text NOT NULL,
    clock text,
    reason text NOT NULL,
    recipients text[] NOT NULL,
    due_at timestamptz,
    issued_at timestamptz NOT NULL,
    late_seconds int NOT NULL DEFAULT 0,
    ended_at timestamptz,
    CONSTRAINT supervision_pkey PRIMARY KEY (county_code, id),
    CONSTRAINT supervision_stage_check CHECK (
        stage IN ('REMIND', 'URGE', 'OVERDUE', 'WARN_COUNTY', 'SUPERVISE', 'CIRCULAR', 'DISTRICT_INVESTIGATION', 'NO_SHOW')
    ),
    CONSTRAINT supervision_case_fkey FOREIGN KEY (county_code, case_id) REFERENCES case_file (county_code, id)
);

CREATE INDEX supervision_case_index ON supervision (county_code, case_id, issued_at, id);

CREATE INDEX supervision_assignment_index ON supervision (county_code, assignment_id, issued_at, id)
WHERE assignment_id IS NOT NULL;

CREATE INDEX supervision_deadline_index ON supervision (county_code, deadline_id) WHERE ended_at IS NULL;

CREATE INDEX supervision_stage_index ON supervision (county_code, stage, issued_at DESC, id DESC);

CREATE INDEX supervision_street_index ON supervision (county_code, street_code, issued_at DESC, id DESC);

CREATE INDEX supervision_organization_index ON supervision (county_code, organization_code, issued_at DESC, id DESC);

CREATE INDEX supervision_open_index ON supervision (county_code, street_code, issued_at, id) WHERE ended_at IS NULL;

SELECT shard('supervision');

-- An occurrence of what the rulebook's calendar asks for: a night of visits, a meeting, a window, a review. It is open until
-- it is recorded, or missed.
CREATE TABLE routine (
    county_code int NOT NULL,
    id uuid NOT NULL,
    name text NOT NULL,
    title text NOT NULL,
    roles text[] NOT NULL,
    area_code text NOT NULL,
    street_code text NOT NULL,
    community_code text,
    grid_code text,
    records int,
    begins_at timestamptz NOT NULL,
    due_at timestamptz NOT NULL,
    opened_at timestamptz NOT NULL,
    late_seconds int NOT NULL,
    done_at timestamptz,
    done_by uuid,
    done_text text,
    missed_at timestamptz,
    CONSTRAINT routine_pkey PRIMARY KEY (county_code, id),
    CONSTRAINT routine_occurrence_key UNIQUE (county_code, name, area_code, begins_at)
);

CREATE INDEX routine_street_index ON routine (county_code, street_code, begins_at DESC, id DESC);

CREATE INDEX routine_county_index ON routine (county_code, begins_at DESC, id DESC);

CREATE INDEX routine_open_index ON routine (county_code, street_code, begins_at, id) WHERE done_at IS NULL AND missed_at IS NULL;

SELECT shard('routine');

-- It is made anew at once, in the same transaction.
-- squawk-ignore ban-drop-view
DROP VIEW task;

-- What waits for whom, as migration 0012 has it, with what was taken up a ladder and what the calendar brings.
CREATE VIEW task AS
SELECT
    c.county_code, 'ACCEPT:' || c.id AS id, 'ACCEPT' AS action, 'STREET_DISPATCHER' AS role, NULL::text[] AS ranks,
    NULL::uuid AS holder_id, NULL::uuid[] AS barred, c.id AS case_id, NULL::uuid AS whistle_id,
    NULL::uuid AS assignment_id, NULL::text AS organization_code, c.street_code, c.community_code, c.grid_code,
    c.registered_at AS since, c.due_at, NULL::uuid AS routine_id
FROM case_file c WHERE c.state = 'REGISTERED'
UNION ALL
SELECT
    c.county_code, 'ACCEPT:' || c.id, 'ACCEPT', 'FIRST_RECEIVER', NULL, c.first_receiver_id, NULL, c.id, NULL, NULL, NULL,
    c.street_code, c.community_code, c.grid_code, c.registered_at, c.due_at, NULL
FROM case_file c WHERE c.state = 'REGISTERED'
UNION ALL
SELECT
    c.county_code, 'DISPATCH:' || c.id, 'DISPATCH', 'STREET_DISPATCHER', NULL, NULL, NULL, c.id, NULL, NULL, NULL,
    c.street_code, c.community_code, c.grid_code, coalesce(c.accepted_at, c.updated_at), c.due_at, NULL
FROM case_file c
WHERE c.state IN ('ACCEPTED', 'REOPENED') AND NOT EXISTS (
    SELECT FROM whistle h
    WHERE h.county_code = c.county_code AND h.case_id = c.id AND h.state IN ('DRAFTED', 'PENDING_APPROVAL')
)
UNION ALL
SELECT
    c.county_code, 'CLOSE:' || c.id, 'CLOSE', 'STREET_DISPATCHER', NULL, NULL,
    (SELECT h.handlers FROM case_hands h WHERE h.county_code = c.county_code AND h.case_id = c.id),
    c.id, NULL, NULL, NULL, c.street_code, c.community_code, c.grid_code, c.handled_at, NULL, NULL
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
        WHERE d.county_code = c.county_code AND d.case_id = c.id AND d.kind = 'FOLLOW_UP' AND d.state = 'RUNNING'), NULL
FROM case_file c
WHERE c.state = 'CLOSED' AND NOT EXISTS (
    SELECT FROM follow_up f
    WHERE f.county_code = c.county_code AND f.case_id = c.id AND f.round = c.round AND f.excluded
)
UNION ALL
SELECT
    h.county_code, 'BLOW:' || h.id, 'BLOW', 'STREET_DISPATCHER', NULL, NULL, NULL, h.case_id, h.id, NULL, NULL,
    h.street_code, h.community_code, h.grid_code, h.drafted_at, NULL, NULL
FROM whistle h WHERE h.state = 'DRAFTED' AND h.kind = 'EMERGENCY'
UNION ALL
-- An emergency waits for the dispatcher as it was drafted; any other draft for its drafter, also when it was sent back.
SELECT
    h.county_code, 'REVISE:' || h.id, 'REVISE', r.role, NULL, h.drafted_by, NULL, h.case_id, h.id, NULL, NULL,
    h.street_code, h.community_code, h.grid_code, coalesce(h.decided_at, h.drafted_at), NULL, NULL
FROM whistle h
CROSS JOIN (VALUES ('STREET_DISPATCHER'), ('GRID_CHIEF'), ('GRID_WORKER')) AS r (role)
WHERE h.state = 'DRAFTED' AND (h.kind <> 'EMERGENCY' OR h.decided_at IS NOT NULL)
UNION ALL
SELECT
    h.county_code, 'APPROVE:' || h.id, 'APPROVE', 'STREET_LEADER',
    CASE WHEN h.kind IN ('ROUTINE', 'JOINT_ENFORCEMENT') THEN ARRAY['DEPUTY', 'CHIEF'] ELSE ARRAY['CHIEF'] END,
    NULL, ARRAY[h.drafted_by], h.case_id, h.id, NULL, NULL, h.street_code, h.community_code, h.grid_code,
    coalesce(h.submitted_at, h.drafted_at), NULL, NULL
FROM whistle h WHERE h.state = 'PENDING_APPROVAL'
UNION ALL
SELECT
    h.county_code, 'CONFIRM:' || h.id, 'CONFIRM', 'STREET_LEADER', ARRAY['DEPUTY', 'CHIEF'], NULL, ARRAY[h.blown_by],
    h.case_id, h.id, NULL, NULL, h.street_code, h.community_code, h.grid_code, h.blown_at,
    (SELECT max(d.due_at) FROM deadline d
        WHERE d.county_code = h.county_code AND d.case_id = h.case_id AND d.whistle_id = h.id AND d.kind = 'CONFIRMATION'), NULL
FROM whistle h
WHERE h.kind = 'EMERGENCY' AND h.blown_at IS NOT NULL AND h.confirmed_at IS NULL AND h.state <> 'WITHDRAWN'
UNION ALL
SELECT
    h.county_code, 'CLOSE:' || h.id, 'CLOSE', 'STREET_DISPATCHER', NULL, NULL,
    (SELECT a.handlers FROM case_hands a WHERE a.county_code = h.county_code AND a.case_id = h.case_id),
    h.case_id, h.id, NULL, NULL, h.street_code, h.community_code, h.grid_code, h.verified_at, NULL, NULL
FROM whistle h WHERE h.state = 'VERIFIED'
UNION ALL
SELECT
    h.county_code, 'RATE:' || h.id, 'RATE', 'STREET_LEADER', NULL, NULL, NULL, h.case_id, h.id, NULL, NULL,
    h.street_code, h.community_code, h.grid_code, h.closed_at, NULL, NULL
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
    h.street_code, h.community_code, h.grid_code, h.closed_at, NULL, NULL
FROM whistle h
WHERE h.state = 'CLOSED' AND NOT EXISTS (
    SELECT FROM evaluation e
    WHERE e.county_code = h.county_code AND e.case_id = h.case_id AND e.whistle_id = h.id
        AND e.evaluator_kind = 'COUNTY_GRID_OFFICE'
)
UNION ALL
SELECT
    o.county_code, 'CONFIRM_ARRIVAL:' || o.id, 'CONFIRM_ARRIVAL', 'STREET_DISPATCHER', NULL, NULL, NULL,
    o.case_id, o.whistle_id, o.id, o.organization_code, o.street_code, NULL, NULL, o.arrived_at, NULL, NULL
FROM assignment o
WHERE o.arrival_proof = 'DECLARED' AND o.state IN ('ARRIVED', 'HANDLING', 'REPORTED', 'RETURNED')
UNION ALL
SELECT
    o.county_code, 'VERIFY:' || o.id, 'VERIFY', 'STREET_DISPATCHER',
    NULL, NULL, (SELECT h.handlers FROM case_hands h WHERE h.county_code = o.county_code AND h.case_id = o.case_id),
    o.case_id, o.whistle_id, o.id, o.organization_code, o.street_code, NULL, NULL, coalesce(o.reported_at, o.updated_at),
    (SELECT max(d.due_at) FROM deadline d
        WHERE d.county_code = o.county_code AND d.case_id = o.case_id AND d.kind = 'VERIFICATION' AND d.state = 'RUNNING'), NULL
FROM assignment o WHERE o.state = 'REPORTED'
UNION ALL
SELECT
    q.county_code, 'ANSWER:' || q.id, 'ANSWER', r.role, NULL, NULL, NULL, q.case_id, NULL, q.assignment_id,
    q.organization_code, c.street_code, c.community_code, c.grid_code, q.asked_at, NULL, NULL
FROM question q
JOIN case_file c ON c.county_code = q.county_code AND c.id = q.case_id
CROSS JOIN (VALUES ('STREET_DISPATCHER'), ('GRID_CHIEF'), ('GRID_WORKER')) AS r (role)
WHERE q.answered_at IS NULL
UNION ALL
-- An organization's own step; an agent's 代办 waits for that person alone, a suspended case for nobody.
SELECT
    o.county_code, 'OWN:' || o.id,
    CASE
        WHEN o.role = 'INFORM' THEN 'READ'
        WHEN o.state = 'NOTIFIED' THEN 'ACKNOWLEDGE'
        WHEN o.state = 'ACKNOWLEDGED' AND o.arrival_required THEN 'ARRIVE'
        ELSE 'REPORT'
    END,
    r.role, NULL, o.agent_id, NULL, o.case_id, o.whistle_id, o.id, o.organization_code, o.street_code, NULL, NULL,
    CASE
        WHEN o.state = 'RETURNED' THEN o.updated_at
        ELSE coalesce(o.started_at, o.arrived_at, o.acknowledged_at, o.notified_at)
    END,
    CASE
        WHEN o.role = 'INFORM' THEN NULL
        WHEN o.state = 'NOTIFIED' THEN o.acknowledge_due_at
        WHEN o.state = 'ACKNOWLEDGED' AND o.arrival_required THEN o.arrive_due_at
        ELSE o.result_due_at
    END, NULL
FROM assignment o
JOIN (VALUES ('DEPT_HANDLER'), ('AGENT')) AS r (role) ON (o.agent_id IS NULL) = (r.role = 'DEPT_HANDLER')
WHERE o.state IN ('NOTIFIED', 'ACKNOWLEDGED', 'ARRIVED', 'HANDLING', 'RETURNED') AND NOT EXISTS (
    SELECT FROM case_file c WHERE c.county_code = o.county_code AND c.id = o.case_id AND c.state = 'SUSPENDED'
)
UNION ALL
-- A department's own draft 部门哨.
SELECT
    h.county_code, 'REVISE:' || h.id, 'REVISE', 'DEPT_HANDLER', NULL, h.drafted_by, NULL, h.case_id, h.id, NULL, h.drafted_for,
    h.street_code, h.community_code, h.grid_code, coalesce(h.decided_at, h.drafted_at), NULL, NULL
FROM whistle h WHERE h.state = 'DRAFTED' AND h.drafted_for IS NOT NULL
UNION ALL
-- An objection waits for the street, on the second round for the county (C.4 decideObjection).
SELECT
    o.county_code, 'DECIDE:' || o.id, 'DECIDE', r.role, NULL, NULL, ARRAY[x.raised_by], o.case_id, o.whistle_id, o.id,
    o.organization_code, o.street_code, NULL, NULL, x.raised_at, x.decision_due_at, NULL
FROM assignment o
JOIN dispatch_objection x ON x.county_code = o.county_code AND x.assignment_id = o.id AND x.decision IS NULL
JOIN (VALUES ('STREET', 'STREET_DISPATCHER'), ('STREET', 'STREET_LEADER'), ('COUNTY_GRID_OFFICE', 'COUNTY_GRID_OFFICE'))
    AS r (arbiter, role) ON r.arbiter = x.arbiter
WHERE o.state = 'OBJECTED'
UNION ALL
-- An extension waits for the approver of its level (C.5 rule 7).
SELECT
    c.county_code, 'EXTEND:' || x.id, 'EXTEND', CASE x.approver WHEN 'COUNTY_GRID_OFFICE' THEN x.approver ELSE 'STREET_LEADER' END,
    CASE x.approver WHEN 'STREET_DEPUTY' THEN ARRAY['DEPUTY', 'CHIEF'] WHEN 'STREET_CHIEF' THEN ARRAY['CHIEF'] END,
    NULL, ARRAY[x.requested_by], c.id, NULL, x.assignment_id, x.organization_code, c.street_code, c.community_code, c.grid_code,
    x.requested_at, c.due_at, NULL
FROM extension_request x
JOIN case_file c ON c.county_code = x.county_code AND c.id = x.case_id
WHERE x.decision IS NULL AND c.state IN ('REGISTERED', 'ACCEPTED', 'ASSIGNED', 'HANDLING', 'VERIFYING', 'REOPENED')
UNION ALL
SELECT
    c.county_code, 'VOID:' || c.id, 'VOID', 'STREET_LEADER', NULL, NULL, ARRAY[c.void_requested_by], c.id, NULL, NULL, NULL,
    c.street_code, c.community_code, c.grid_code, c.void_requested_at, NULL, NULL
FROM case_file c
WHERE c.void_requested_by IS NOT NULL
    AND c.state IN ('REGISTERED', 'ACCEPTED', 'ASSIGNED', 'HANDLING', 'SUSPENDED', 'VERIFYING', 'REOPENED')
UNION ALL
SELECT
    s.county_code, 'REVIEW_SUSPENSION:' || s.id, 'REVIEW_SUSPENSION', 'STREET_DISPATCHER', NULL, NULL, NULL, s.case_id, NULL, NULL,
    NULL, c.street_code, c.community_code, c.grid_code, coalesce(s.reviewed_at, s.suspended_at), s.review_due_at, NULL
FROM suspension s
JOIN case_file c ON c.county_code = s.county_code AND c.id = s.case_id
WHERE s.resumed_at IS NULL AND c.state = 'SUSPENDED'
UNION ALL
-- 剔除 waits for a second person, and an unsolved or dissatisfied answer for its review (C.3 reopen, B.2).
SELECT
    f.county_code, 'EXCLUDE:' || f.id, 'EXCLUDE', r.role, NULL, NULL, ARRAY[f.exclusion_proposed_by], f.case_id, NULL, NULL, NULL,
    c.street_code, c.community_code, c.grid_code, f.exclusion_proposed_at, NULL, NULL
FROM follow_up f
JOIN case_file c ON c.county_code = f.county_code AND c.id = f.case_id
CROSS JOIN (VALUES ('STREET_LEADER'), ('COUNTY_GRID_OFFICE')) AS r (role)
WHERE f.exclusion_proposed_by IS NOT NULL AND NOT f.excluded AND c.state IN ('CLOSED', 'FOLLOWED_UP')
    AND (r.role = 'STREET_LEADER' OR c.county_informed_at IS NOT NULL)
UNION ALL
SELECT
    c.county_code, 'REVIEW:' || c.id, 'REVIEW', 'STREET_LEADER', NULL, NULL, NULL, c.id, NULL, NULL, NULL,
    c.street_code, c.community_code, c.grid_code, f.called_at, NULL, NULL
FROM case_file c
JOIN LATERAL (
    SELECT l.called_at, l.solved, l.satisfaction, l.excluded, l.review_decision FROM follow_up l
    WHERE l.county_code = c.county_code AND l.case_id = c.id AND l.round = c.round AND l.contacted
    ORDER BY l.called_at DESC, l.id DESC LIMIT 1
) f ON true
WHERE c.state = 'FOLLOWED_UP' AND NOT f.excluded AND f.review_decision IS NULL
    AND (f.solved IN ('UNSOLVED', 'PARTIAL') OR f.satisfaction = 'DISSATISFIED')
UNION ALL
-- An objection to a rating of the street waits for the county.
SELECT
    e.county_code, 'DECIDE_RATING:' || e.id, 'DECIDE_RATING', 'COUNTY_GRID_OFFICE', NULL, NULL,
    ARRAY[e.evaluator_id, e.objected_by], e.case_id, e.whistle_id, e.assignment_id, e.organization_code, c.street_code,
    c.community_code, c.grid_code, e.objected_at, NULL, NULL
FROM evaluation e
JOIN case_file c ON c.county_code = e.county_code AND c.id = e.case_id
WHERE e.objected_at IS NOT NULL AND e.objection_decision IS NULL
UNION ALL
-- A promise waits for the department or the person that made it, and once it is late for the dispatcher (Z-49).
SELECT
    p.county_code, 'PROMISE:' || p.id, 'PROMISE', r.role, NULL,
    CASE WHEN r.role <> 'DEPT_HANDLER' AND (r.role <> 'STREET_DISPATCHER' OR p.overdue_at IS NULL) THEN p.promiser_id END, NULL, p.case_id, NULL, NULL, p.organization_code,
    c.street_code, c.community_code, c.grid_code, p.made_at, (p.due_on + 1)::timestamp AT TIME ZONE 'Asia/Shanghai', NULL
FROM promise p
JOIN case_file c ON c.county_code = p.county_code AND c.id = p.case_id
JOIN (VALUES ('DEPT_HANDLER'), ('STREET_DISPATCHER'), ('GRID_CHIEF'), ('GRID_WORKER')) AS r (role) ON CASE r.role
    WHEN 'DEPT_HANDLER' THEN p.organization_code IS NOT NULL
    WHEN 'STREET_DISPATCHER' THEN p.overdue_at IS NOT NULL OR p.organization_code IS NULL
    ELSE p.organization_code IS NULL AND p.promiser_id IS NOT NULL
END
WHERE p.state = 'IN_PROGRESS'
UNION ALL
-- A meeting's decision is awaited.
SELECT
    m.county_code, 'MEETING:' || m.id, 'MEETING', 'STREET_DISPATCHER', NULL, NULL, NULL, m.case_id, m.whistle_id, NULL, NULL,
    c.street_code, c.community_code, c.grid_code, m.called_at, m.meets_at, NULL
FROM meeting m
JOIN case_file c ON c.county_code = m.county_code AND c.id = m.case_id
WHERE m.decided_at IS NULL AND c.state IN ('REGISTERED', 'ACCEPTED', 'ASSIGNED', 'HANDLING', 'SUSPENDED', 'VERIFYING', 'REOPENED')
UNION ALL
-- A list that is to leave the platform waits for a second person (C.7 guardrail 3).
SELECT
    x.county_code, 'EXPORT:' || x.id, 'EXPORT', 'STREET_LEADER', NULL, NULL, ARRAY[x.requested_by], NULL, NULL, NULL, NULL,
    x.street_code, NULL, NULL, x.requested_at, x.expires_at, NULL
FROM export_request x WHERE x.decision IS NULL
UNION ALL
-- A routing rule waits for a second person: what holds for the whole county for the county grid office alone.
SELECT
    g.county_code, 'RULE:' || g.id, 'RULE', r.role, NULL, NULL, ARRAY[g.proposed_by], NULL, NULL, NULL, g.lead_organization_code,
    coalesce(left(g.area_code, 9) || '000', lpad(g.county_code::text, 6, '0') || '000000'), NULL, NULL, g.proposed_at, NULL, NULL
FROM routing_rule g
CROSS JOIN (VALUES ('STREET_LEADER'), ('COUNTY_GRID_OFFICE')) AS r (role)
WHERE g.state = 'PROPOSED'
UNION ALL
-- 社区准入 waits for a leader of the street (L-26).
SELECT
    d.county_code, 'ADMISSION:' || d.id, 'ADMISSION', 'STREET_LEADER', NULL, NULL, ARRAY[d.requested_by], NULL, NULL, NULL,
    d.organization_code, d.street_code, NULL, NULL, d.requested_at, NULL, NULL
FROM community_admission d WHERE d.state = 'REQUESTED'
UNION ALL
-- A limit ran out: whoever stands higher sees to it, until what was owed came in. Of a clock the highest stage counts.
SELECT
    s.county_code, 'URGE:' || s.id || ':' || r.role, 'URGE', r.role, NULL, NULL, NULL, s.case_id, s.whistle_id, s.assignment_id,
    s.organization_code, s.street_code, s.community_code, s.grid_code, s.issued_at, s.due_at, NULL
FROM supervision s
JOIN (VALUES
    ('STREET_DISPATCHER', 'STREET_DISPATCHER'), ('STREET_LEADER', 'STREET_LEADER'), ('COUNTY_GRID_OFFICE', 'COUNTY_GRID_OFFICE'),
    ('DISTRICT_GOVERNMENT', 'COUNTY_GRID_OFFICE')
) AS r (recipient, role) ON r.recipient = ANY(s.recipients)
WHERE s.ended_at IS NULL AND s.stage NOT IN ('REMIND', 'URGE') AND NOT EXISTS (
    SELECT FROM supervision l
    WHERE l.county_code = s.county_code AND l.case_id = s.case_id AND l.deadline_id IS NOT DISTINCT FROM s.deadline_id
        AND l.assignment_id IS NOT DISTINCT FROM s.assignment_id AND l.ended_at IS NULL
        AND (l.issued_at, l.id) > (s.issued_at, s.id) AND l.recipients && CASE r.role
            WHEN 'COUNTY_GRID_OFFICE' THEN ARRAY['COUNTY_GRID_OFFICE', 'DISTRICT_GOVERNMENT']
            ELSE ARRAY[r.recipient]
        END
)
UNION ALL
-- What the calendar brings 例行工作, until it is recorded.
SELECT
    o.county_code, 'ROUTINE:' || o.id || ':' || r.role, 'ROUTINE', r.role, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
    o.street_code, o.community_code, o.grid_code, o.begins_at, o.due_at, o.id
FROM routine o CROSS JOIN unnest(o.roles) AS r (role)
WHERE o.done_at IS NULL AND o.missed_at IS NULL;
