-- What moves a deadline: extension, suspension, pause (reference C.5 rules 7 to 11).

ALTER TABLE extension_request
    ADD COLUMN assignment_id uuid,
    ADD COLUMN organization_code text,
    ADD COLUMN approver text NOT NULL DEFAULT 'STREET_DEPUTY',
    ADD COLUMN evidence text,
    ADD COLUMN due_before timestamptz,
    ADD COLUMN due_after timestamptz,
    ADD COLUMN decision_text text,
    ADD CONSTRAINT extension_request_decision_check CHECK (decision IN ('GRANTED', 'REFUSED')) NOT VALID,
    ADD CONSTRAINT extension_request_approver_check CHECK (
        approver IN ('STREET_DEPUTY', 'STREET_CHIEF', 'COUNTY_GRID_OFFICE')
    ) NOT VALID;

ALTER TABLE suspension
    ADD COLUMN review_due_at timestamptz,
    ADD COLUMN reviewed_at timestamptz,
    ADD COLUMN reviewed_by uuid,
    ADD COLUMN review_text text,
    ADD COLUMN told_reporter_at timestamptz,
    ADD COLUMN resumed_by uuid,
    ADD COLUMN resume_reason text;

CREATE TABLE deadline_pause (
    county_code int NOT NULL,
    id uuid NOT NULL,
    case_id uuid NOT NULL,
    deadline_id uuid NOT NULL,
    reason_kind text NOT NULL,
    procedure text,
    reason text NOT NULL,
    paused_by uuid,
    paused_at timestamptz NOT NULL,
    expected_until date,
    resumed_by uuid,
    resumed_at timestamptz,
    CONSTRAINT deadline_pause_pkey PRIMARY KEY (county_code, id),
    CONSTRAINT deadline_pause_reason_check CHECK (reason_kind IN ('STATUTORY_PROCEDURE', 'RESIDENT_MATERIAL')),
    CONSTRAINT deadline_pause_procedure_check CHECK (procedure IN ('TESTING', 'APPRAISAL', 'PUBLIC_NOTICE', 'HEARING')),
    CONSTRAINT deadline_pause_case_fkey FOREIGN KEY (county_code, case_id) REFERENCES case_file (county_code, id)
);

CREATE INDEX deadline_pause_case_index ON deadline_pause (county_code, case_id, paused_at, id);

SELECT shard('deadline_pause');
