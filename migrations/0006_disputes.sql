-- Who disputes what: objections to an assignment, meetings, objections to a rating, the list of admissible whistles
-- (reference C.4, L-21 to L-29, B.1).

ALTER TABLE dispatch_objection
    ADD COLUMN round int NOT NULL DEFAULT 1,
    ADD COLUMN arbiter text NOT NULL DEFAULT 'STREET',
    ADD COLUMN decision_due_at timestamptz,
    ADD COLUMN decision_text text,
    ADD COLUMN rule_id uuid,
    ADD CONSTRAINT dispatch_objection_decision_check CHECK (decision IN ('GRANTED', 'REFUSED')) NOT VALID,
    ADD CONSTRAINT dispatch_objection_arbiter_check CHECK (arbiter IN ('STREET', 'COUNTY_GRID_OFFICE')) NOT VALID;

-- 指定办理: the rounds of objection are used up.
ALTER TABLE assignment ADD COLUMN directed boolean NOT NULL DEFAULT false;

CREATE TABLE meeting (
    county_code int NOT NULL,
    id uuid NOT NULL,
    case_id uuid NOT NULL,
    whistle_id uuid,
    street_code text NOT NULL,
    kind text NOT NULL,
    topic text NOT NULL,
    participant_codes text[] NOT NULL DEFAULT '{}',
    meets_at timestamptz NOT NULL,
    place text,
    called_by uuid,
    called_at timestamptz NOT NULL,
    decision text,
    lead_organization_code text,
    co_organization_codes text[] NOT NULL DEFAULT '{}',
    decided_by uuid,
    decided_at timestamptz,
    CONSTRAINT meeting_pkey PRIMARY KEY (county_code, id),
    CONSTRAINT meeting_kind_check CHECK (kind IN ('JOINT', 'STUDY')),
    CONSTRAINT meeting_case_fkey FOREIGN KEY (county_code, case_id) REFERENCES case_file (county_code, id)
);

CREATE INDEX meeting_case_index ON meeting (county_code, case_id, called_at, id);

CREATE INDEX meeting_street_index ON meeting (county_code, street_code, meets_at, id);

SELECT shard('meeting');

-- The county judges a whistle by fitness (``proper``), completeness and verification timeliness; whom a rating is about may object once.
ALTER TABLE evaluation
    ADD COLUMN completeness_score int,
    ADD COLUMN timeliness_score int,
    ADD COLUMN objected_by uuid,
    ADD COLUMN objected_at timestamptz,
    ADD COLUMN objection_text text,
    ADD COLUMN objection_decision text,
    ADD COLUMN objection_decided_by uuid,
    ADD COLUMN objection_decided_at timestamptz,
    ADD COLUMN objection_decision_text text,
    ADD CONSTRAINT evaluation_objection_check CHECK (objection_decision IN ('GRANTED', 'REFUSED')) NOT VALID;

-- What a street may whistle for 吹哨事项清单.
CREATE TABLE whistle_list_item (
    county_code int NOT NULL,
    code text NOT NULL,
    sort int NOT NULL,
    kind text NOT NULL,
    name text NOT NULL,
    category_code text,
    lead_organization_code text NOT NULL,
    co_organization_codes text[] NOT NULL DEFAULT '{}',
    reason_kind text NOT NULL,
    reason_template text,
    legal_basis text NOT NULL,
    valid_from date NOT NULL,
    valid_to date,
    CONSTRAINT whistle_list_item_pkey PRIMARY KEY (county_code, code),
    CONSTRAINT whistle_list_item_category_fkey FOREIGN KEY (category_code) REFERENCES categories (code),
    CONSTRAINT whistle_list_item_lead_fkey FOREIGN KEY (lead_organization_code) REFERENCES organizations (code)
);

SELECT shard('whistle_list_item');

ALTER TABLE whistle
    ADD COLUMN list_item_code text,
    ADD COLUMN off_list boolean NOT NULL DEFAULT false,
    ADD COLUMN drafted_for text,
    ADD COLUMN escalate_reason text;
