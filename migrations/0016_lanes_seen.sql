-- What operators see of deliveries and do about them: since when a lane waits, who paused a department and why.

-- Since when the lane's head is owed. It changes with the head alone, and no index holds it: the oldest of a million lanes
-- are found by one scan that keeps the first page (0.4 s; 1.4 s when only those of a state are wanted, whose heads are looked
-- at), which costs the outbox nothing. Parked ones have an index (1 ms), which a lane touches only when it is parked.
ALTER TABLE lane ADD COLUMN since timestamptz;

-- squawk-ignore require-concurrent-index-creation
CREATE INDEX lane_parked_index ON lane (county_code, since) WHERE parked;

ALTER TABLE lane_state ADD COLUMN paused_at timestamptz;

ALTER TABLE lane_state ADD COLUMN paused_by uuid;

ALTER TABLE lane_state ADD COLUMN paused_reason text;

-- Every pause of a department in a county, from its beginning to its end.
CREATE TABLE department_pause (
    county_code int NOT NULL,
    id uuid NOT NULL,
    department text NOT NULL,
    paused_by uuid,
    paused_at timestamptz NOT NULL,
    reason text NOT NULL,
    resumed_by uuid,
    resumed_at timestamptz,
    CONSTRAINT department_pause_pkey PRIMARY KEY (county_code, id)
);

CREATE INDEX department_pause_department_index ON department_pause (county_code, department, paused_at DESC, id DESC);

SELECT shard('department_pause');

-- A lane with its head. The head's columns are sub-selects, not a join: they are worked out for the rows of a page alone.
CREATE VIEW delivery_lane AS
SELECT
    l.county_code, l.organization_code, l.case_id, l.department, coalesce(l.since, l.due_at) AS since, l.due_at, l.holder,
    l.organization_code || ':' || l.case_id AS id,
    CASE
        WHEN l.parked THEN 'PARKED'
        WHEN l.holder IS NOT NULL THEN 'RUNNING'
        WHEN EXISTS (
            SELECT FROM delivery d WHERE d.county_code = l.county_code AND d.organization_code = l.organization_code
                AND d.case_id = l.case_id AND d.last_error IS NOT NULL
        ) THEN 'RETRYING'
        ELSE 'WAITING'
    END AS state,
    l.parked,
    (
        SELECT min(d.seq) FROM delivery d
        WHERE d.county_code = l.county_code AND d.organization_code = l.organization_code AND d.case_id = l.case_id
    ) AS seq
FROM lane l;
