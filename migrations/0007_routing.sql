-- Routing rules 派单规则 with their versions, and work that departments may place on communities 社区准入 (reference L-25 to L-29).

CREATE TABLE routing_rule (
    county_code int NOT NULL,
    id uuid NOT NULL,
    code text NOT NULL,
    version int NOT NULL,
    sort int NOT NULL,
    name text NOT NULL,
    category_code text,
    component_code text,
    area_kind text,
    area_code text,
    keywords text[] NOT NULL DEFAULT '{}',
    time_from time,
    time_to time,
    lead_organization_code text NOT NULL,
    co_organization_codes text[] NOT NULL DEFAULT '{}',
    duty_item_code text,
    limit_unit text,
    limit_amount int,
    evidence_required boolean NOT NULL DEFAULT false,
    state text NOT NULL,
    reason text NOT NULL,
    objection_id uuid,
    proposed_by uuid,
    proposed_at timestamptz NOT NULL,
    decided_by uuid,
    decided_at timestamptz,
    decision_text text,
    in_force_from timestamptz,
    in_force_until timestamptz,
    CONSTRAINT routing_rule_pkey PRIMARY KEY (county_code, id),
    CONSTRAINT routing_rule_version_key UNIQUE (county_code, code, version),
    CONSTRAINT routing_rule_state_check CHECK (state IN ('PROPOSED', 'IN_FORCE', 'REJECTED', 'SUPERSEDED', 'RETIRED')),
    CONSTRAINT routing_rule_two_people_check CHECK (decided_by IS NULL OR decided_by <> proposed_by)
);

CREATE INDEX routing_rule_state_index ON routing_rule (county_code, state, sort, code);

SELECT shard('routing_rule');

CREATE TABLE community_admission (
    county_code int NOT NULL,
    id uuid NOT NULL,
    organization_code text NOT NULL,
    name text NOT NULL,
    category_code text,
    content text NOT NULL,
    legal_basis text NOT NULL,
    street_code text NOT NULL,
    community_codes text[] NOT NULL,
    valid_from date NOT NULL,
    valid_to date NOT NULL,
    state text NOT NULL,
    requested_by uuid,
    requested_at timestamptz NOT NULL,
    decided_by uuid,
    decided_at timestamptz,
    decision_text text,
    CONSTRAINT community_admission_pkey PRIMARY KEY (county_code, id),
    CONSTRAINT community_admission_state_check CHECK (state IN ('REQUESTED', 'GRANTED', 'REFUSED'))
);

CREATE INDEX community_admission_street_index ON community_admission (county_code, street_code, requested_at, id);

SELECT shard('community_admission');
