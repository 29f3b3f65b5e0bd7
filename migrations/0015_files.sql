-- The bytes of attachments: uploads on their way, which attachments lie with us, and who was given a link to one (C.1.4, C.7).

-- ``media_type`` and ``sha256`` are what the client said, until the bytes are there; then they are what these are.
CREATE TABLE upload (
    county_code int NOT NULL,
    id uuid NOT NULL,
    login text NOT NULL,
    case_id uuid NOT NULL,
    assignment_id uuid,
    name text NOT NULL,
    size bigint NOT NULL,
    media_type text,
    sha256 text,
    requested_at timestamptz NOT NULL,
    attach_by timestamptz NOT NULL,
    received_at timestamptz,
    attached_at timestamptz,
    CONSTRAINT upload_pkey PRIMARY KEY (county_code, id),
    CONSTRAINT upload_received_check CHECK (received_at IS NULL OR (media_type IS NOT NULL AND sha256 IS NOT NULL)),
    CONSTRAINT upload_attached_check CHECK (attached_at IS NULL OR received_at IS NOT NULL),
    CONSTRAINT upload_case_fkey FOREIGN KEY (county_code, case_id) REFERENCES case_file (county_code, id)
);

CREATE INDEX upload_attach_by_index ON upload (attach_by);

SELECT shard('upload');

-- Whether the bytes lie with us; those of other attachments lie in the systems of their departments.
ALTER TABLE attachment ADD COLUMN stored boolean NOT NULL DEFAULT false;

-- One row a link that was given out: reads of what people sent are part of the audit (C.7 guardrail 12).
CREATE TABLE file_access (
    county_code int NOT NULL,
    id uuid NOT NULL,
    attachment_id uuid NOT NULL,
    case_id uuid NOT NULL,
    account_id uuid,
    login text NOT NULL,
    at timestamptz NOT NULL,
    CONSTRAINT file_access_pkey PRIMARY KEY (county_code, id)
);

CREATE INDEX file_access_case_index ON file_access (county_code, case_id, at, id);

CREATE INDEX file_access_login_index ON file_access (county_code, login, at, id);

SELECT shard('file_access');
