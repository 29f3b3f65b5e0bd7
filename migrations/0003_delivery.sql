-- The outbox: what departments are still owed, in lanes (design: delivery).

CREATE TABLE delivery (
    county_code int NOT NULL,
    organization_code text NOT NULL,
    case_id uuid NOT NULL,
    seq int NOT NULL,
    department text NOT NULL,
    assignment_id uuid NOT NULL,
    hook text NOT NULL,
    attempts int NOT NULL DEFAULT 0,
    last_error text,
    created_at timestamptz NOT NULL,
    CONSTRAINT delivery_pkey PRIMARY KEY (county_code, organization_code, case_id, seq)
);

SELECT shard('delivery');

CREATE TABLE lane (
    county_code int NOT NULL,
    organization_code text NOT NULL,
    case_id uuid NOT NULL,
    department text NOT NULL,
    due_at timestamptz NOT NULL,
    holder text,
    token bigint NOT NULL DEFAULT 0,
    parked boolean NOT NULL DEFAULT false,
    CONSTRAINT lane_pkey PRIMARY KEY (county_code, organization_code, case_id)
);

CREATE INDEX lane_due_index ON lane (county_code, department, due_at) WHERE NOT parked;

SELECT shard('lane');

CREATE TABLE lane_state (
    county_code int NOT NULL,
    department text NOT NULL,
    in_flight_limit int NOT NULL,
    failures int NOT NULL DEFAULT 0,
    open_until timestamptz,
    paused boolean NOT NULL DEFAULT false,
    CONSTRAINT lane_state_pkey PRIMARY KEY (county_code, department)
);

SELECT shard('lane_state');

-- Evidence of every attempt. Monthly partitions are made ahead by the clock; the default one catches what has none.
CREATE TABLE delivery_log (
    county_code int NOT NULL,
    at timestamptz NOT NULL,
    id uuid NOT NULL,
    department text NOT NULL,
    organization_code text NOT NULL,
    case_id uuid NOT NULL,
    seq int NOT NULL,
    assignment_id uuid NOT NULL,
    hook text NOT NULL,
    attempt int NOT NULL,
    outcome text NOT NULL,
    error text,
    milliseconds int,
    CONSTRAINT delivery_log_pkey PRIMARY KEY (county_code, at, id)
) PARTITION BY RANGE (at);

CREATE TABLE delivery_log_default PARTITION OF delivery_log DEFAULT;

CREATE INDEX delivery_log_case_index ON delivery_log (county_code, case_id, at);

SELECT shard('delivery_log');

-- Small facts that a department remembers for an assignment, such as its own case number.
CREATE TABLE desk_memory (
    county_code int NOT NULL,
    assignment_id uuid NOT NULL,
    name text NOT NULL,
    organization_code text NOT NULL,
    value jsonb NOT NULL,
    CONSTRAINT desk_memory_pkey PRIMARY KEY (county_code, assignment_id, name)
);

SELECT shard('desk_memory');
