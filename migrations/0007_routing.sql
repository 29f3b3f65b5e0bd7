-- Routing rules 派单规则 with their versions, and work that departments may place on communities 社区准入 (reference L-25 to L-29).
-- The rules in force take the place of the dispatch catalogue 派单目录, whose items become their first versions.

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
    -- A version that ends its rule: once granted, no version of the code is in force.
    retires boolean NOT NULL DEFAULT false,
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
    CONSTRAINT routing_rule_two_people_check CHECK (decided_by IS NULL OR decided_by <> proposed_by),
    CONSTRAINT routing_rule_in_force_check CHECK (state <> 'IN_FORCE' OR (in_force_from IS NOT NULL AND in_force_until IS NULL)),
    CONSTRAINT routing_rule_category_fkey FOREIGN KEY (category_code) REFERENCES categories (code),
    CONSTRAINT routing_rule_lead_fkey FOREIGN KEY (lead_organization_code) REFERENCES organizations (code),
    CONSTRAINT routing_rule_duty_fkey FOREIGN KEY (duty_item_code) REFERENCES duty_list_items (code)
);

CREATE INDEX routing_rule_state_index ON routing_rule (county_code, state, sort, code);

SELECT shard('routing_rule');

-- A county's first rules are the catalogue's items: they have no proposer, and hold from the beginning.
INSERT INTO routing_rule (
    county_code, id, code, version, sort, name, category_code, area_kind, keywords, lead_organization_code,
    co_organization_codes, duty_item_code, limit_unit, limit_amount, evidence_required, state, reason, proposed_at,
    in_force_from
)
SELECT
    left(county.code, 6)::int, gen_random_uuid(), item.code, 1, item.sort, item.name, item.category_code, item.area_kind,
    item.keywords, item.lead_organization_code, item.co_organization_codes, item.duty_item_code, item.limit_unit,
    item.limit_amount, item.evidence_required, 'IN_FORCE', '派单目录转为派单规则', now(), '2000-01-01 00:00+08'
FROM catalogue_items item CROSS JOIN divisions county
WHERE county.level = 'COUNTY';

-- squawk-ignore ban-drop-table
DROP TABLE catalogue_items;

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
    CONSTRAINT community_admission_state_check CHECK (state IN ('REQUESTED', 'GRANTED', 'REFUSED')),
    CONSTRAINT community_admission_two_people_check CHECK (decided_by IS NULL OR decided_by <> requested_by)
);

CREATE INDEX community_admission_street_index ON community_admission (county_code, street_code, requested_at, id);

SELECT shard('community_admission');

-- Who put an item on a duty list 履职事项清单 and who ended it, when and why; an item is never defined anew, so its history stays.
ALTER TABLE duty_list_items
    ADD COLUMN defined_by uuid,
    ADD COLUMN defined_at timestamptz,
    ADD COLUMN ended_by uuid,
    ADD COLUMN ended_at timestamptz,
    ADD COLUMN end_reason text;

-- A community got work that its duty list does not hold, where the setting flags such work instead of refusing it.
ALTER TABLE assignment ADD COLUMN outside_duty_list boolean NOT NULL DEFAULT false;
