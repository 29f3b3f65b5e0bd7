-- A stage of a deadline that cannot fire is put aside, tried again later and later, and shown; no other waits for it.

ALTER TABLE deadline_stage
    -- When its clock was changed or went on last: from then on it could fire, and is late at most by that. None: it ran all along.
    ADD COLUMN not_before timestamptz,
    ADD COLUMN failures int NOT NULL DEFAULT 0,
    ADD COLUMN retry_at timestamptz,
    ADD COLUMN last_error text;

-- squawk-ignore require-concurrent-index-creation
CREATE INDEX deadline_stage_failed_index ON deadline_stage (county_code, retry_at) WHERE failures > 0;

-- Whoever acts on a case fires first what has come due in it.
-- squawk-ignore require-concurrent-index-creation
CREATE INDEX deadline_stage_case_index ON deadline_stage (county_code, case_id, due_at);
