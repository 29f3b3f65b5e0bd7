-- Lists that leave the platform: who asked for which, why, and who approved it (reference C.7 guardrail 3).

CREATE TABLE export_request (
    county_code int NOT NULL,
    id uuid NOT NULL,
    street_code text,
    what text NOT NULL,
    filter jsonb NOT NULL,
    format text NOT NULL,
    reason text NOT NULL,
    requested_by uuid NOT NULL,
    requested_at timestamptz NOT NULL,
    decision text,
    decided_by uuid,
    decided_at timestamptz,
    decision_reason text,
    expires_at timestamptz,
    downloads int NOT NULL DEFAULT 0,
    downloaded_at timestamptz,
    CONSTRAINT export_request_pkey PRIMARY KEY (county_code, id),
    CONSTRAINT export_request_what_check CHECK (what IN ('CASES', 'PEOPLE')),
    CONSTRAINT export_request_format_check CHECK (format IN ('CSV', 'XLSX')),
    CONSTRAINT export_request_decision_check CHECK (decision IN ('GRANTED', 'REFUSED')),
    CONSTRAINT export_request_granted_check CHECK ((decision = 'GRANTED') IS NOT TRUE OR expires_at IS NOT NULL),
    CONSTRAINT export_request_two_people_check CHECK (decided_by IS NULL OR decided_by <> requested_by)
);

CREATE INDEX export_request_street_index ON export_request (county_code, street_code, requested_at, id);

CREATE INDEX export_request_requester_index ON export_request (county_code, requested_by, requested_at, id);

CREATE INDEX export_request_index ON export_request (county_code, requested_at, id);

SELECT shard('export_request');
