-- Cases, whistles, assignments and what hangs on them (reference C.1.4, C.1.5, C.3, C.4).

CREATE TABLE case_counter (
    county_code int NOT NULL,
    street_code text NOT NULL,
    year int NOT NULL,
    last int NOT NULL,
    CONSTRAINT case_counter_pkey PRIMARY KEY (county_code, street_code, year)
);

SELECT shard('case_counter');

CREATE TABLE case_file (
    county_code int NOT NULL,
    id uuid NOT NULL,
    number text NOT NULL,
    street_code text NOT NULL,
    community_code text,
    grid_code text,
    grid_unknown boolean NOT NULL DEFAULT false,
    kind text NOT NULL,
    channel_group text NOT NULL,
    channel text NOT NULL,
    title text NOT NULL,
    description text NOT NULL,
    category_code text,
    component_code text,
    urgency text NOT NULL,
    severity text,
    scale text,
    state text NOT NULL,
    level text NOT NULL,
    visibility text NOT NULL DEFAULT 'NORMAL',
    confidential boolean NOT NULL DEFAULT false,
    public boolean NOT NULL DEFAULT false,
    address text,
    point point,
    point_given jsonb,
    occurred_at timestamptz,
    registered_at timestamptz NOT NULL,
    reporter_anonymous boolean NOT NULL DEFAULT false,
    reporter_name_masked text,
    reporter_name_sealed bytea,
    reporter_phone_masked text,
    reporter_phone_sealed bytea,
    reporter_phone_hash bytea,
    reporter_person_id uuid,
    reporter_account_id uuid,
    subject_person_id uuid,
    vessel_id uuid,
    first_receiver_id uuid,
    first_contact_at timestamptz,
    initial_opinion text,
    agent_id uuid,
    accepted_at timestamptz,
    accepted_by uuid,
    not_accepted_reason text,
    emergency_line text,
    refusal_objected boolean NOT NULL DEFAULT false,
    due_at timestamptz,
    due_provisional boolean NOT NULL DEFAULT false,
    handled_at timestamptz,
    closed_at timestamptz,
    closed_by uuid,
    close_kind text,
    settled_by_first_receiver boolean NOT NULL DEFAULT false,
    result_text text,
    explanation text,
    county_informed_at timestamptz,
    merged_into uuid,
    source_reference text,
    repeat_count int NOT NULL DEFAULT 0,
    rework_count int NOT NULL DEFAULT 0,
    round int NOT NULL DEFAULT 0,
    search_bigrams text[] NOT NULL DEFAULT '{}',
    last_seq int NOT NULL DEFAULT 0,
    version int NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    created_by uuid,
    CONSTRAINT case_file_pkey PRIMARY KEY (county_code, id),
    CONSTRAINT case_file_number_key UNIQUE (county_code, number),
    CONSTRAINT case_file_state_check CHECK (
        state IN (
            'REGISTERED', 'ACCEPTED', 'NOT_ACCEPTED', 'ASSIGNED', 'HANDLING', 'SUSPENDED', 'VERIFYING', 'CLOSED',
            'FOLLOWED_UP', 'REOPENED', 'MERGED', 'CANCELLED', 'ARCHIVED'
        )
    ),
    CONSTRAINT case_file_urgency_check CHECK (urgency IN ('URGENT', 'GENERAL', 'COMPLEX')),
    CONSTRAINT case_file_level_check CHECK (level IN ('GRID', 'COMMUNITY', 'STREET', 'COUNTY', 'CITY')),
    CONSTRAINT case_file_visibility_check CHECK (
        visibility IN ('NORMAL', 'CONFIDENTIAL_REPORTER', 'RESTRICTED_MINOR', 'RESTRICTED_SPECIAL')
    ),
    CONSTRAINT case_file_grid_check CHECK (grid_unknown = (grid_code IS NULL)),
    CONSTRAINT case_file_closed_check CHECK (state NOT IN ('CLOSED', 'FOLLOWED_UP', 'ARCHIVED') OR (closed_at IS NOT NULL AND close_kind IS NOT NULL)),
    CONSTRAINT case_file_title_check CHECK (char_length(title) BETWEEN 1 AND 100),
    CONSTRAINT case_file_description_check CHECK (char_length(description) <= 2000),
    CONSTRAINT case_file_grid_fkey FOREIGN KEY (county_code, grid_code) REFERENCES grid (county_code, code),
    CONSTRAINT case_file_merged_fkey FOREIGN KEY (county_code, merged_into) REFERENCES case_file (county_code, id),
    CONSTRAINT case_file_category_fkey FOREIGN KEY (category_code) REFERENCES categories (code)
);

CREATE INDEX case_file_street_index ON case_file (county_code, street_code, registered_at DESC, id DESC);

CREATE INDEX case_file_street_state_index ON case_file (county_code, street_code, state, registered_at DESC, id DESC);

CREATE INDEX case_file_community_index ON case_file (county_code, community_code, registered_at DESC, id DESC);

CREATE INDEX case_file_grid_index ON case_file (county_code, grid_code, registered_at DESC, id DESC);

CREATE INDEX case_file_county_index ON case_file (county_code, registered_at DESC, id DESC);

CREATE INDEX case_file_due_index ON case_file (county_code, street_code, due_at, id) WHERE closed_at IS NULL;

CREATE INDEX case_file_reporter_index ON case_file (county_code, reporter_person_id, registered_at DESC, id DESC);

CREATE INDEX case_file_phone_index ON case_file (county_code, reporter_phone_hash, registered_at DESC);

CREATE INDEX case_file_receiver_index ON case_file (county_code, first_receiver_id, registered_at DESC, id DESC);

CREATE INDEX case_file_search_index ON case_file USING gin (search_bigrams);

CREATE INDEX case_file_point_index ON case_file USING gist (point);

CREATE INDEX case_file_merged_index ON case_file (county_code, merged_into) WHERE merged_into IS NOT NULL;

SELECT shard('case_file');

CREATE TABLE case_event (
    county_code int NOT NULL,
    case_id uuid NOT NULL,
    seq int NOT NULL,
    id uuid NOT NULL,
    at timestamptz NOT NULL,
    type text NOT NULL,
    actor_id uuid,
    actor_name text,
    actor_role text NOT NULL,
    organization_code text,
    whistle_id uuid,
    assignment_id uuid,
    from_state text,
    to_state text,
    text text NOT NULL,
    detail text,
    public boolean NOT NULL,
    payload jsonb NOT NULL,
    street_code text NOT NULL,
    grid_code text,
    xid xid8 NOT NULL,
    CONSTRAINT case_event_pkey PRIMARY KEY (county_code, case_id, seq),
    CONSTRAINT case_event_case_fkey FOREIGN KEY (county_code, case_id) REFERENCES case_file (county_code, id)
);

CREATE INDEX case_event_feed_index ON case_event (xid, id);

CREATE INDEX case_event_at_index ON case_event (county_code, at);

SELECT shard('case_event');

CREATE TABLE whistle (
    county_code int NOT NULL,
    id uuid NOT NULL,
    case_id uuid NOT NULL,
    number text NOT NULL,
    street_code text NOT NULL,
    community_code text,
    grid_code text,
    kind text NOT NULL,
    reason_kind text NOT NULL,
    reason text NOT NULL,
    self_effort text,
    duty_basis text,
    place text,
    assemble_at timestamptz,
    remote_allowed boolean NOT NULL DEFAULT false,
    complex boolean NOT NULL DEFAULT false,
    state text NOT NULL,
    level text NOT NULL DEFAULT 'STREET',
    template_code text,
    drafted_by uuid NOT NULL,
    drafted_at timestamptz NOT NULL,
    submitted_at timestamptz,
    decided_by uuid,
    decided_at timestamptz,
    decision_text text,
    blown_by uuid,
    blown_at timestamptz,
    confirmed_by uuid,
    confirmed_at timestamptz,
    gathered_at timestamptz,
    reported_at timestamptz,
    verified_at timestamptz,
    closed_by uuid,
    closed_at timestamptz,
    close_text text,
    withdrawn_at timestamptz,
    withdraw_reason text,
    partner_county_code int,
    partner_whistle_id uuid,
    version int NOT NULL DEFAULT 1,
    updated_at timestamptz NOT NULL,
    CONSTRAINT whistle_pkey PRIMARY KEY (county_code, id),
    CONSTRAINT whistle_number_key UNIQUE (county_code, number),
    CONSTRAINT whistle_kind_check CHECK (
        kind IN ('ROUTINE', 'JOINT_ENFORCEMENT', 'EMERGENCY', 'CAMPAIGN', 'DEPARTMENT', 'CROSS_AREA')
    ),
    CONSTRAINT whistle_state_check CHECK (
        state IN (
            'DRAFTED', 'PENDING_APPROVAL', 'REJECTED', 'BLOWN', 'GATHERING', 'HANDLING', 'REPORTED', 'VERIFIED',
            'CLOSED', 'EVALUATED', 'WITHDRAWN'
        )
    ),
    CONSTRAINT whistle_case_fkey FOREIGN KEY (county_code, case_id) REFERENCES case_file (county_code, id)
);

CREATE INDEX whistle_case_index ON whistle (county_code, case_id, drafted_at, id);

CREATE INDEX whistle_street_index ON whistle (county_code, street_code, drafted_at DESC, id DESC);

CREATE INDEX whistle_state_index ON whistle (county_code, street_code, state, drafted_at DESC, id DESC);

CREATE INDEX whistle_unconfirmed_index ON whistle (county_code, street_code, blown_at, id)
WHERE kind = 'EMERGENCY' AND blown_at IS NOT NULL AND confirmed_at IS NULL;

SELECT shard('whistle');

-- The departments that a draft names; they become assignments when the whistle is blown.
CREATE TABLE whistle_party (
    county_code int NOT NULL,
    whistle_id uuid NOT NULL,
    organization_code text NOT NULL,
    case_id uuid NOT NULL,
    role text NOT NULL,
    CONSTRAINT whistle_party_pkey PRIMARY KEY (county_code, whistle_id, organization_code),
    CONSTRAINT whistle_party_role_check CHECK (role IN ('LEAD', 'CO', 'INFORM')),
    CONSTRAINT whistle_party_whistle_fkey FOREIGN KEY (county_code, whistle_id) REFERENCES whistle (county_code, id)
);

CREATE UNIQUE INDEX whistle_party_lead_key ON whistle_party (county_code, whistle_id) WHERE role = 'LEAD';

SELECT shard('whistle_party');

CREATE TABLE assignment (
    county_code int NOT NULL,
    id uuid NOT NULL,
    case_id uuid NOT NULL,
    whistle_id uuid,
    street_code text NOT NULL,
    organization_code text NOT NULL,
    agent_id uuid,
    role text NOT NULL,
    round int NOT NULL,
    state text NOT NULL,
    duty_basis text,
    arrival_required boolean NOT NULL,
    evidence_required boolean NOT NULL DEFAULT false,
    notified_at timestamptz NOT NULL,
    acknowledge_due_at timestamptz,
    acknowledged_at timestamptz,
    acknowledged_by uuid,
    acknowledged_for text,
    persons text[] NOT NULL DEFAULT '{}',
    arrive_due_at timestamptz,
    arrived_at timestamptz,
    arrived_by uuid,
    arrival_point point,
    arrival_proof text,
    started_at timestamptz,
    first_report_due_at timestamptz,
    result_due_at timestamptz,
    reported_at timestamptz,
    reported_by uuid,
    verified_at timestamptz,
    verified_by uuid,
    released_at timestamptz,
    returned_count int NOT NULL DEFAULT 0,
    objection_rounds int NOT NULL DEFAULT 0,
    late_acknowledge boolean NOT NULL DEFAULT false,
    late_arrive boolean NOT NULL DEFAULT false,
    late_report boolean NOT NULL DEFAULT false,
    no_show boolean NOT NULL DEFAULT false,
    excuse_reason text,
    version int NOT NULL DEFAULT 1,
    updated_at timestamptz NOT NULL,
    CONSTRAINT assignment_pkey PRIMARY KEY (county_code, id),
    CONSTRAINT assignment_role_check CHECK (role IN ('LEAD', 'CO', 'INFORM')),
    CONSTRAINT assignment_state_check CHECK (
        state IN (
            'NOTIFIED', 'ACKNOWLEDGED', 'OBJECTED', 'ARRIVED', 'HANDLING', 'REPORTED', 'RETURNED', 'VERIFIED',
            'RELEASED', 'REASSIGNED', 'EXCUSED', 'WITHDRAWN', 'READ'
        )
    ),
    CONSTRAINT assignment_case_fkey FOREIGN KEY (county_code, case_id) REFERENCES case_file (county_code, id),
    CONSTRAINT assignment_whistle_fkey FOREIGN KEY (county_code, whistle_id) REFERENCES whistle (county_code, id)
);

-- C.4 invariant: exactly one active LEAD; REASSIGNED, EXCUSED and WITHDRAWN ones do not count.
CREATE UNIQUE INDEX assignment_lead_key ON assignment (county_code, case_id, round)
WHERE role = 'LEAD' AND state NOT IN ('REASSIGNED', 'EXCUSED', 'WITHDRAWN');

CREATE UNIQUE INDEX assignment_organization_key ON assignment (county_code, case_id, round, organization_code)
WHERE state NOT IN ('REASSIGNED', 'EXCUSED', 'WITHDRAWN');

CREATE INDEX assignment_case_index ON assignment (county_code, case_id, notified_at, id);

CREATE INDEX assignment_whistle_index ON assignment (county_code, whistle_id, notified_at, id);

CREATE INDEX assignment_inbox_index ON assignment (county_code, organization_code, notified_at DESC, id DESC);

CREATE INDEX assignment_inbox_case_index ON assignment (county_code, organization_code, case_id) INCLUDE (state);

CREATE INDEX assignment_open_index ON assignment (county_code, organization_code, notified_at, id)
WHERE state IN ('NOTIFIED', 'ACKNOWLEDGED', 'ARRIVED', 'HANDLING', 'RETURNED');

CREATE INDEX assignment_reported_index ON assignment (county_code, street_code, reported_at, id)
WHERE state IN ('OBJECTED', 'REPORTED');

SELECT shard('assignment');

CREATE TABLE report (
    county_code int NOT NULL,
    id uuid NOT NULL,
    case_id uuid NOT NULL,
    assignment_id uuid NOT NULL,
    organization_code text NOT NULL,
    kind text NOT NULL,
    accepted_at timestamptz,
    talked_with text,
    measures text NOT NULL,
    solve_by timestamptz,
    result text,
    explanation text,
    fields jsonb NOT NULL DEFAULT '{}',
    reported_by uuid,
    reported_at timestamptz NOT NULL,
    CONSTRAINT report_pkey PRIMARY KEY (county_code, id),
    CONSTRAINT report_kind_check CHECK (kind IN ('PROGRESS', 'RESULT')),
    CONSTRAINT report_result_check CHECK (result IN ('SOLVED', 'PARTIAL', 'UNSOLVED', 'LONG_TERM')),
    CONSTRAINT report_assignment_fkey FOREIGN KEY (county_code, assignment_id) REFERENCES assignment (county_code, id)
);

CREATE INDEX report_assignment_index ON report (county_code, assignment_id, reported_at, id);

CREATE INDEX report_case_index ON report (county_code, case_id, reported_at, id);

SELECT shard('report');

CREATE TABLE verification (
    county_code int NOT NULL,
    id uuid NOT NULL,
    case_id uuid NOT NULL,
    assignment_id uuid,
    organization_code text,
    verifier_id uuid NOT NULL,
    field_check boolean NOT NULL DEFAULT false,
    method text NOT NULL,
    passed boolean NOT NULL,
    text text NOT NULL,
    verified_at timestamptz NOT NULL,
    CONSTRAINT verification_pkey PRIMARY KEY (county_code, id),
    CONSTRAINT verification_method_check CHECK (method IN ('ON_SITE', 'PHONE', 'PHOTO')),
    CONSTRAINT verification_case_fkey FOREIGN KEY (county_code, case_id) REFERENCES case_file (county_code, id)
);

CREATE INDEX verification_case_index ON verification (county_code, case_id, verified_at, id);

CREATE INDEX verification_assignment_index ON verification (county_code, assignment_id, verified_at, id);

SELECT shard('verification');

CREATE TABLE follow_up (
    county_code int NOT NULL,
    id uuid NOT NULL,
    case_id uuid NOT NULL,
    round int NOT NULL,
    caller_id uuid NOT NULL,
    channel text NOT NULL,
    called_at timestamptz NOT NULL,
    contacted boolean NOT NULL,
    responded boolean,
    solved text,
    satisfaction text,
    comment text,
    excluded boolean NOT NULL DEFAULT false,
    exclusion_reason text,
    exclusion_approved_by uuid[] NOT NULL DEFAULT '{}',
    CONSTRAINT follow_up_pkey PRIMARY KEY (county_code, id),
    CONSTRAINT follow_up_solved_check CHECK (solved IN ('SOLVED', 'PARTIAL', 'UNSOLVED')),
    CONSTRAINT follow_up_satisfaction_check CHECK (
        satisfaction IN ('VERY_SATISFIED', 'SATISFIED', 'BASICALLY_SATISFIED', 'DISSATISFIED', 'NOT_RATED')
    ),
    CONSTRAINT follow_up_case_fkey FOREIGN KEY (county_code, case_id) REFERENCES case_file (county_code, id)
);

CREATE INDEX follow_up_case_index ON follow_up (county_code, case_id, called_at, id);

SELECT shard('follow_up');

CREATE TABLE evaluation (
    county_code int NOT NULL,
    id uuid NOT NULL,
    case_id uuid NOT NULL,
    whistle_id uuid,
    assignment_id uuid,
    organization_code text,
    evaluator_kind text NOT NULL,
    evaluator_id uuid,
    report_in_score int,
    handling_score int,
    result_score int,
    score int,
    proper boolean,
    satisfaction text,
    comment text,
    evaluated_at timestamptz NOT NULL,
    CONSTRAINT evaluation_pkey PRIMARY KEY (county_code, id),
    CONSTRAINT evaluation_kind_check CHECK (evaluator_kind IN ('STREET', 'COUNTY_GRID_OFFICE', 'RESIDENT')),
    CONSTRAINT evaluation_score_check CHECK (score BETWEEN 0 AND 100),
    CONSTRAINT evaluation_case_fkey FOREIGN KEY (county_code, case_id) REFERENCES case_file (county_code, id)
);

CREATE INDEX evaluation_case_index ON evaluation (county_code, case_id, evaluated_at, id);

CREATE INDEX evaluation_whistle_index ON evaluation (county_code, whistle_id, evaluated_at, id);

SELECT shard('evaluation');

CREATE TABLE question (
    county_code int NOT NULL,
    id uuid NOT NULL,
    case_id uuid NOT NULL,
    assignment_id uuid NOT NULL,
    organization_code text NOT NULL,
    asked_by uuid,
    asked_at timestamptz NOT NULL,
    text text NOT NULL,
    answered_by uuid,
    answered_at timestamptz,
    answer text,
    CONSTRAINT question_pkey PRIMARY KEY (county_code, id),
    CONSTRAINT question_assignment_fkey FOREIGN KEY (county_code, assignment_id) REFERENCES assignment (county_code, id)
);

CREATE INDEX question_case_index ON question (county_code, case_id, asked_at, id);

CREATE INDEX question_assignment_index ON question (county_code, assignment_id, asked_at, id);

CREATE INDEX question_open_index ON question (county_code, asked_at, id) WHERE answered_at IS NULL;

SELECT shard('question');

CREATE TABLE message (
    county_code int NOT NULL,
    id uuid NOT NULL,
    case_id uuid NOT NULL,
    whistle_id uuid,
    kind text NOT NULL,
    organization_code text,
    recipient_masked text NOT NULL,
    recipient_sealed bytea,
    text text NOT NULL,
    state text NOT NULL,
    attempts int NOT NULL DEFAULT 0,
    last_error text,
    next_at timestamptz NOT NULL,
    created_at timestamptz NOT NULL,
    sent_at timestamptz,
    CONSTRAINT message_pkey PRIMARY KEY (county_code, id),
    CONSTRAINT message_state_check CHECK (state IN ('PENDING', 'SENT', 'FAILED')),
    CONSTRAINT message_case_fkey FOREIGN KEY (county_code, case_id) REFERENCES case_file (county_code, id)
);

CREATE INDEX message_case_index ON message (county_code, case_id, created_at, id);

CREATE INDEX message_pending_index ON message (next_at) WHERE state = 'PENDING';

SELECT shard('message');

CREATE TABLE attachment (
    county_code int NOT NULL,
    id uuid NOT NULL,
    case_id uuid NOT NULL,
    assignment_id uuid,
    organization_code text,
    kind text NOT NULL,
    name text NOT NULL,
    media_type text NOT NULL,
    size bigint NOT NULL,
    sha256 text NOT NULL,
    taken_at timestamptz,
    point point,
    uploader_id uuid,
    created_at timestamptz NOT NULL,
    CONSTRAINT attachment_pkey PRIMARY KEY (county_code, id),
    CONSTRAINT attachment_kind_check CHECK (kind IN ('BEFORE', 'DURING', 'AFTER', 'DOCUMENT')),
    CONSTRAINT attachment_case_fkey FOREIGN KEY (county_code, case_id) REFERENCES case_file (county_code, id)
);

CREATE INDEX attachment_case_index ON attachment (county_code, case_id, created_at, id);

SELECT shard('attachment');

-- A clock with its limit (C.5). Its stages still to come are rows of deadline_stage.
CREATE TABLE deadline (
    county_code int NOT NULL,
    id uuid NOT NULL,
    case_id uuid NOT NULL,
    whistle_id uuid,
    assignment_id uuid,
    organization_code text,
    kind text NOT NULL,
    round int NOT NULL DEFAULT 0,
    unit text,
    amount int,
    rule text NOT NULL,
    started_at timestamptz NOT NULL,
    due_at timestamptz NOT NULL,
    provisional boolean NOT NULL,
    state text NOT NULL,
    stopped_at timestamptz,
    paused_at timestamptz,
    history jsonb NOT NULL DEFAULT '[]',
    CONSTRAINT deadline_pkey PRIMARY KEY (county_code, id),
    CONSTRAINT deadline_state_check CHECK (state IN ('RUNNING', 'PAUSED', 'STOPPED')),
    CONSTRAINT deadline_case_fkey FOREIGN KEY (county_code, case_id) REFERENCES case_file (county_code, id)
);

CREATE INDEX deadline_case_index ON deadline (county_code, case_id, kind);

CREATE INDEX deadline_assignment_index ON deadline (county_code, assignment_id, kind);

SELECT shard('deadline');

CREATE TABLE deadline_stage (
    county_code int NOT NULL,
    deadline_id uuid NOT NULL,
    stage text NOT NULL,
    case_id uuid NOT NULL,
    assignment_id uuid,
    due_at timestamptz NOT NULL,
    note text,
    CONSTRAINT deadline_stage_pkey PRIMARY KEY (county_code, deadline_id, stage)
);

CREATE INDEX deadline_stage_due_index ON deadline_stage (due_at);

SELECT shard('deadline_stage');

CREATE TABLE extension_request (
    county_code int NOT NULL,
    id uuid NOT NULL,
    case_id uuid NOT NULL,
    deadline_id uuid NOT NULL,
    unit text NOT NULL,
    amount int NOT NULL,
    reason text NOT NULL,
    requested_by uuid,
    requested_at timestamptz NOT NULL,
    decision text,
    decided_by uuid,
    decided_at timestamptz,
    told_reporter_at timestamptz,
    CONSTRAINT extension_request_pkey PRIMARY KEY (county_code, id),
    CONSTRAINT extension_request_case_fkey FOREIGN KEY (county_code, case_id) REFERENCES case_file (county_code, id)
);

SELECT shard('extension_request');

CREATE TABLE suspension (
    county_code int NOT NULL,
    id uuid NOT NULL,
    case_id uuid NOT NULL,
    kind text NOT NULL,
    reason text NOT NULL,
    interim_measure text NOT NULL,
    approved_by uuid,
    suspended_at timestamptz NOT NULL,
    review_cycle_days int NOT NULL,
    planned_resume date,
    resumed_at timestamptz,
    CONSTRAINT suspension_pkey PRIMARY KEY (county_code, id),
    CONSTRAINT suspension_case_fkey FOREIGN KEY (county_code, case_id) REFERENCES case_file (county_code, id)
);

SELECT shard('suspension');

CREATE TABLE dispatch_objection (
    county_code int NOT NULL,
    id uuid NOT NULL,
    case_id uuid NOT NULL,
    assignment_id uuid NOT NULL,
    organization_code text NOT NULL,
    reason_kind text NOT NULL,
    text text NOT NULL,
    raised_by uuid,
    raised_at timestamptz NOT NULL,
    decision text,
    decided_by uuid,
    decided_at timestamptz,
    reassigned_to text,
    CONSTRAINT dispatch_objection_pkey PRIMARY KEY (county_code, id),
    CONSTRAINT dispatch_objection_assignment_fkey FOREIGN KEY (county_code, assignment_id) REFERENCES assignment (county_code, id)
);

SELECT shard('dispatch_objection');

CREATE TABLE personal_data_access (
    county_code int NOT NULL,
    id uuid NOT NULL,
    account_id uuid,
    login text NOT NULL,
    role text NOT NULL,
    subject_kind text NOT NULL,
    subject_id uuid NOT NULL,
    fields text[] NOT NULL,
    purpose text NOT NULL,
    case_id uuid,
    at timestamptz NOT NULL,
    CONSTRAINT personal_data_access_pkey PRIMARY KEY (county_code, id)
);

CREATE INDEX personal_data_access_login_index ON personal_data_access (county_code, login, at);

SELECT shard('personal_data_access');

-- A command that came twice gives the first outcome (kept 7 days).
CREATE TABLE command_outcome (
    county_code int NOT NULL,
    actor text NOT NULL,
    key text NOT NULL,
    command text NOT NULL,
    fingerprint bytea NOT NULL,
    outcome jsonb NOT NULL,
    at timestamptz NOT NULL,
    CONSTRAINT command_outcome_pkey PRIMARY KEY (county_code, actor, key)
);

CREATE INDEX command_outcome_at_index ON command_outcome (at);

SELECT shard('command_outcome');
