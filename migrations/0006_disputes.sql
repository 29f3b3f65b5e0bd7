-- Who disputes what: objections to an assignment, meetings, objections to a rating, the list of admissible whistles
-- (reference C.4, L-21 to L-29, B.1).

ALTER TABLE dispatch_objection
    ADD COLUMN round int NOT NULL DEFAULT 1,
    ADD COLUMN arbiter text NOT NULL DEFAULT 'STREET',
    ADD COLUMN evidence text,
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

-- Who is called to a meeting; by this a department sees the meetings that it takes part in.
CREATE TABLE meeting_participant (
    county_code int NOT NULL,
    meeting_id uuid NOT NULL,
    organization_code text NOT NULL,
    CONSTRAINT meeting_participant_pkey PRIMARY KEY (county_code, meeting_id, organization_code),
    CONSTRAINT meeting_participant_meeting_fkey FOREIGN KEY (county_code, meeting_id) REFERENCES meeting (county_code, id)
);

SELECT shard('meeting_participant');

-- The county judges a whistle by fitness (``proper``), completeness and verification timeliness; whom a rating is about may
-- object once. What a granted objection corrects stands beside the original, which stays.
ALTER TABLE evaluation
    ADD COLUMN completeness_score int,
    ADD COLUMN timeliness_score int,
    ADD COLUMN corrected_report_in_score int,
    ADD COLUMN corrected_handling_score int,
    ADD COLUMN corrected_result_score int,
    ADD COLUMN corrected_score int,
    ADD COLUMN corrected_proper boolean,
    ADD COLUMN corrected_completeness_score int,
    ADD COLUMN corrected_timeliness_score int,
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
    ADD COLUMN escalate_reason text,
    ADD COLUMN plan_until timestamptz,
    ADD COLUMN partner_street_code text;

-- A joint whistle of two counties, as each of them sees it: one row in either county with the same id, the inviting whistle's.
-- No command writes in two counties: what one tells the other goes by turns (``told``, ``told_turn``; ``heard_turn``).
CREATE TABLE cross_area_link (
    county_code int NOT NULL,
    id uuid NOT NULL,
    direction text NOT NULL,
    case_id uuid NOT NULL,
    whistle_id uuid,
    street_code text NOT NULL,
    partner_county_code int NOT NULL,
    partner_street_code text NOT NULL,
    partner_case_number text,
    partner_case_state text,
    partner_number text,
    partner_state text,
    partner_at timestamptz,
    told text,
    told_turn int NOT NULL DEFAULT 0,
    heard_turn int NOT NULL DEFAULT 0,
    ended boolean NOT NULL DEFAULT false,
    linked_at timestamptz NOT NULL,
    CONSTRAINT cross_area_link_pkey PRIMARY KEY (county_code, id),
    CONSTRAINT cross_area_link_direction_check CHECK (direction IN ('INVITING', 'INVITED')),
    CONSTRAINT cross_area_link_case_fkey FOREIGN KEY (county_code, case_id) REFERENCES case_file (county_code, id)
);

CREATE INDEX cross_area_link_case_index ON cross_area_link (county_code, case_id, linked_at, id);

CREATE INDEX cross_area_link_open_index ON cross_area_link (county_code, id) WHERE NOT ended;

SELECT shard('cross_area_link');
