-- What grows out of a case: promises 一事一诺 (Z-49) and campaigns 专项整治 (S-21).

CREATE TABLE promise (
    county_code int NOT NULL,
    id uuid NOT NULL,
    case_id uuid NOT NULL,
    street_code text NOT NULL,
    organization_code text,
    content text NOT NULL,
    promiser_id uuid,
    promiser_name text NOT NULL,
    due_on date NOT NULL,
    public boolean NOT NULL DEFAULT false,
    published_at timestamptz,
    state text NOT NULL,
    overdue_at timestamptz,
    settled_at timestamptz,
    settled_by uuid,
    settle_text text,
    self_score int,
    citizen_score int,
    made_at timestamptz NOT NULL,
    CONSTRAINT promise_pkey PRIMARY KEY (county_code, id),
    CONSTRAINT promise_state_check CHECK (state IN ('IN_PROGRESS', 'FULFILLED', 'UNFULFILLED')),
    CONSTRAINT promise_self_score_check CHECK (self_score BETWEEN 0 AND 100),
    CONSTRAINT promise_citizen_score_check CHECK (citizen_score BETWEEN 0 AND 100),
    CONSTRAINT promise_case_fkey FOREIGN KEY (county_code, case_id) REFERENCES case_file (county_code, id)
);

CREATE INDEX promise_case_index ON promise (county_code, case_id, made_at, id);

CREATE INDEX promise_street_index ON promise (county_code, street_code, due_on, id);

SELECT shard('promise');

-- Whose clock it is 承诺期限: a case may have several promises at a time.
ALTER TABLE deadline ADD COLUMN promise_id uuid;

CREATE TABLE campaign (
    county_code int NOT NULL,
    id uuid NOT NULL,
    name text NOT NULL,
    scope text NOT NULL,
    street_code text NOT NULL,
    grid_codes text[] NOT NULL DEFAULT '{}',
    source_case_id uuid NOT NULL,
    starts_on date NOT NULL,
    ends_on date NOT NULL,
    found int NOT NULL DEFAULT 0,
    cleared int NOT NULL DEFAULT 0,
    report text,
    state text NOT NULL,
    started_by uuid,
    started_at timestamptz NOT NULL,
    ended_by uuid,
    ended_at timestamptz,
    version int NOT NULL DEFAULT 1,
    CONSTRAINT campaign_pkey PRIMARY KEY (county_code, id),
    CONSTRAINT campaign_state_check CHECK (state IN ('RUNNING', 'ENDED')),
    CONSTRAINT campaign_days_check CHECK (starts_on <= ends_on),
    CONSTRAINT campaign_counts_check CHECK (found >= 0 AND cleared >= 0 AND cleared <= found),
    CONSTRAINT campaign_source_fkey FOREIGN KEY (county_code, source_case_id) REFERENCES case_file (county_code, id)
);

CREATE INDEX campaign_street_index ON campaign (county_code, street_code, started_at, id);

CREATE INDEX campaign_source_index ON campaign (county_code, source_case_id);

SELECT shard('campaign');

CREATE TABLE campaign_case (
    county_code int NOT NULL,
    campaign_id uuid NOT NULL,
    case_id uuid NOT NULL,
    joined_at timestamptz NOT NULL,
    CONSTRAINT campaign_case_pkey PRIMARY KEY (county_code, campaign_id, case_id),
    CONSTRAINT campaign_case_campaign_fkey FOREIGN KEY (county_code, campaign_id) REFERENCES campaign (county_code, id),
    CONSTRAINT campaign_case_case_fkey FOREIGN KEY (county_code, case_id) REFERENCES case_file (county_code, id)
);

CREATE INDEX campaign_case_case_index ON campaign_case (county_code, case_id);

SELECT shard('campaign_case');
