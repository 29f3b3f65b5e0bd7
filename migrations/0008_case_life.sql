-- The rest of a case's life (reference C.3): merging, reviews, communication, ways out.

ALTER TABLE case_file
    ADD COLUMN accused_name text,
    ADD COLUMN accused_organization_code text,
    ADD COLUMN archived_at timestamptz,
    ADD COLUMN void_requested_by uuid,
    ADD COLUMN void_requested_at timestamptz,
    ADD COLUMN void_reason text,
    ADD COLUMN legal_body text,
    ADD COLUMN legal_number text,
    ADD COLUMN reopened_at timestamptz,
    ADD COLUMN settled_on_the_spot boolean NOT NULL DEFAULT false,
    ADD COLUMN reporter_repeats int NOT NULL DEFAULT 0,
    -- The division whose service centre 三级服务中心 is to deal with the case, by the level on which it stands (S-17).
    -- It rewrites the table once, under the runner's time limit for locks.
    -- squawk-ignore adding-field-with-default
    ADD COLUMN centre_division_code text GENERATED ALWAYS AS (
        CASE
            WHEN level IN ('GRID', 'COMMUNITY') THEN community_code
            WHEN level = 'STREET' THEN street_code
            ELSE left(street_code, 6) || '000000'
        END
    ) STORED;

CREATE TABLE merge_link (
    county_code int NOT NULL,
    id uuid NOT NULL,
    case_id uuid NOT NULL,
    main_case_id uuid NOT NULL,
    reason text NOT NULL,
    state_before text NOT NULL,
    merged_by uuid,
    merged_at timestamptz NOT NULL,
    unmerged_by uuid,
    unmerged_at timestamptz,
    unmerge_reason text,
    CONSTRAINT merge_link_pkey PRIMARY KEY (county_code, id),
    CONSTRAINT merge_link_other_check CHECK (case_id <> main_case_id),
    CONSTRAINT merge_link_case_fkey FOREIGN KEY (county_code, case_id) REFERENCES case_file (county_code, id),
    CONSTRAINT merge_link_main_fkey FOREIGN KEY (county_code, main_case_id) REFERENCES case_file (county_code, id)
);

CREATE INDEX merge_link_case_index ON merge_link (county_code, case_id, merged_at, id);

CREATE INDEX merge_link_main_index ON merge_link (county_code, main_case_id, merged_at, id);

SELECT shard('merge_link');

ALTER TABLE follow_up
    ADD COLUMN exclusion_kind text,
    ADD COLUMN exclusion_evidence text,
    ADD COLUMN exclusion_proposed_by uuid,
    ADD COLUMN exclusion_proposed_at timestamptz,
    ADD COLUMN exclusion_decided_by uuid,
    ADD COLUMN exclusion_decided_at timestamptz,
    ADD COLUMN review_decision text,
    ADD COLUMN review_reason text,
    ADD COLUMN reviewed_by uuid,
    ADD COLUMN reviewed_at timestamptz,
    ADD CONSTRAINT follow_up_review_check CHECK (review_decision IN ('REOPEN', 'NO_REOPEN')) NOT VALID;

-- What was done and found in an earlier round: the first outcome is kept when a case is reopened 重办.
CREATE TABLE case_round (
    county_code int NOT NULL,
    case_id uuid NOT NULL,
    round int NOT NULL,
    due_at timestamptz,
    handled_at timestamptz,
    closed_at timestamptz NOT NULL,
    closed_by uuid,
    close_kind text NOT NULL,
    result_text text,
    explanation text,
    reopened_by uuid,
    reopened_at timestamptz NOT NULL,
    reopen_reason text NOT NULL,
    CONSTRAINT case_round_pkey PRIMARY KEY (county_code, case_id, round),
    CONSTRAINT case_round_case_fkey FOREIGN KEY (county_code, case_id) REFERENCES case_file (county_code, id)
);

SELECT shard('case_round');

-- A reporter's other cases, by the register's person or the keyed hash of the phone.
CREATE VIEW reporter_case AS
SELECT
    c.county_code, c.id AS case_id, o.id AS other_id, o.registered_at,
    coalesce(o.reporter_phone_hash = c.reporter_phone_hash, false) AS same_phone,
    coalesce(o.reporter_person_id = c.reporter_person_id, false) AS same_person
FROM case_file c
JOIN case_file o ON o.county_code = c.county_code AND o.id <> c.id
    AND (o.reporter_phone_hash = c.reporter_phone_hash OR o.reporter_person_id = c.reporter_person_id);

CREATE TABLE communication (
    county_code int NOT NULL,
    id uuid NOT NULL,
    case_id uuid NOT NULL,
    organization_code text,
    kind text NOT NULL,
    channel text,
    text text NOT NULL,
    by_id uuid,
    at timestamptz NOT NULL,
    CONSTRAINT communication_pkey PRIMARY KEY (county_code, id),
    CONSTRAINT communication_kind_check CHECK (kind IN ('CONTACT', 'EXPLANATION', 'TIME_TOLD', 'RESULT_TOLD')),
    CONSTRAINT communication_case_fkey FOREIGN KEY (county_code, case_id) REFERENCES case_file (county_code, id)
);

CREATE INDEX communication_case_index ON communication (county_code, case_id, at, id);

SELECT shard('communication');

-- Three levels of service centres 三级服务中心 (S-17).
CREATE TABLE service_centre (
    county_code int NOT NULL,
    code text NOT NULL,
    name text NOT NULL,
    level text NOT NULL,
    division_code text NOT NULL,
    windows text[] NOT NULL DEFAULT '{}',
    CONSTRAINT service_centre_pkey PRIMARY KEY (county_code, code),
    CONSTRAINT service_centre_level_check CHECK (level IN ('COMMUNITY', 'STREET', 'COUNTY')),
    CONSTRAINT service_centre_division_fkey FOREIGN KEY (division_code) REFERENCES divisions (code)
);

CREATE UNIQUE INDEX service_centre_division_key ON service_centre (county_code, division_code);

SELECT shard('service_centre');
