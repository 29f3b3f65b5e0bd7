-- A page of lanes is read without the others, and a department's pause is told in the history of every case.

-- Whether the delivery at the lane's head has failed before, and how the lane stands: kept on it, so that an index has them.
ALTER TABLE lane ADD COLUMN head_failed boolean NOT NULL DEFAULT false;

UPDATE lane SET head_failed = true WHERE EXISTS (
    SELECT FROM delivery d WHERE d.county_code = lane.county_code AND d.organization_code = lane.organization_code
        AND d.case_id = lane.case_id AND d.last_error IS NOT NULL
);

-- The table is rewritten: it holds only what is owed at this moment.
-- squawk-ignore adding-field-with-default
ALTER TABLE lane ADD COLUMN state text NOT NULL GENERATED ALWAYS AS (
    CASE
        WHEN parked THEN 'PARKED'
        WHEN holder IS NOT NULL THEN 'RUNNING'
        WHEN head_failed THEN 'RETRYING'
        ELSE 'WAITING'
    END
) STORED;

UPDATE lane SET since = due_at WHERE since IS NULL;

-- squawk-ignore adding-not-nullable-field
ALTER TABLE lane ALTER COLUMN since SET NOT NULL;

-- Ancestors are stored: a street's lanes are found without looking at its cases.
ALTER TABLE lane ADD COLUMN street_code text;

UPDATE lane SET street_code = c.street_code FROM case_file c WHERE c.county_code = lane.county_code AND c.id = lane.case_id;

-- In the order of the list, by age: a county's, a street's, a department's. A claim changes due_at, which lane_due_index holds,
-- so that it writes to every index whatever their columns are. Those of these three stay the same from claim to claim:
-- PostgreSQL knows such entries for versions of one row, and clears them away before it splits a page. lane_state_age_index
-- does change at a claim, as lane_due_index does: a state that is rare among older lanes is found by nothing else. All four
-- cost a delivery 0.4 kB of write-ahead log, and no time that could be measured.
-- squawk-ignore require-concurrent-index-creation
CREATE INDEX lane_age_index ON lane (county_code, since, organization_code, case_id);

-- squawk-ignore require-concurrent-index-creation
CREATE INDEX lane_street_age_index ON lane (county_code, street_code, since, organization_code, case_id);

-- squawk-ignore require-concurrent-index-creation
CREATE INDEX lane_department_age_index ON lane (county_code, department, since, organization_code, case_id);

-- squawk-ignore require-concurrent-index-creation
CREATE INDEX lane_state_age_index ON lane (county_code, state, since, organization_code, case_id);

-- squawk-ignore require-concurrent-index-deletion
DROP INDEX lane_parked_index;

-- A lane's head is looked up where a page of lanes is read.
-- squawk-ignore ban-drop-view
DROP VIEW delivery_lane;

-- The cases in whose histories a department's pause, or its end, is still to be told: written with the act, worked off in batches.
CREATE TABLE pause_note (
    county_code int NOT NULL,
    pause_id uuid NOT NULL,
    resumed boolean NOT NULL,
    case_id uuid NOT NULL,
    CONSTRAINT pause_note_pkey PRIMARY KEY (county_code, pause_id, resumed, case_id)
);

SELECT shard('pause_note');
