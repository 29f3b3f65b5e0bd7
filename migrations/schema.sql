-- What replaying the migrations gives. Written by: make schema

CREATE FUNCTION public.shard(relation text) RETURNS void
    LANGUAGE plpgsql
    AS $$
BEGIN
    -- Where Citus is absent, or the database is not distributed yet, a growing table is an ordinary table.
    IF to_regclass('pg_catalog.pg_dist_partition') IS NOT NULL
       AND EXISTS (SELECT 1 FROM pg_catalog.pg_class WHERE relname = 'pg_dist_partition')
       AND current_setting('shaodao.distribute', true) = 'on' THEN
        EXECUTE format('SELECT create_distributed_table(%L, %L)', relation, 'county_code');
    END IF;
END
$$;

CREATE TABLE public.account_roles (
    account_id uuid NOT NULL,
    role text NOT NULL,
    scope_code text NOT NULL,
    organization_code text,
    rank text,
    CONSTRAINT account_roles_rank_check CHECK ((rank = ANY (ARRAY['LINK'::text, 'DEPUTY'::text, 'CHIEF'::text])))
);

CREATE TABLE public.accounts (
    id uuid NOT NULL,
    login text NOT NULL,
    name text NOT NULL,
    organization_code text,
    label text,
    work_phone text,
    enabled boolean DEFAULT true NOT NULL
);

CREATE TABLE public.assignment (
    county_code integer NOT NULL,
    id uuid NOT NULL,
    case_id uuid NOT NULL,
    whistle_id uuid,
    street_code text NOT NULL,
    organization_code text NOT NULL,
    agent_id uuid,
    role text NOT NULL,
    round integer NOT NULL,
    state text NOT NULL,
    duty_basis text,
    arrival_required boolean NOT NULL,
    evidence_required boolean DEFAULT false NOT NULL,
    notified_at timestamp with time zone NOT NULL,
    acknowledge_due_at timestamp with time zone,
    acknowledged_at timestamp with time zone,
    acknowledged_by uuid,
    acknowledged_for text,
    persons text[] DEFAULT '{}'::text[] NOT NULL,
    arrive_due_at timestamp with time zone,
    arrived_at timestamp with time zone,
    arrived_by uuid,
    arrival_point point,
    arrival_proof text,
    started_at timestamp with time zone,
    first_report_due_at timestamp with time zone,
    result_due_at timestamp with time zone,
    reported_at timestamp with time zone,
    reported_by uuid,
    verified_at timestamp with time zone,
    verified_by uuid,
    released_at timestamp with time zone,
    returned_count integer DEFAULT 0 NOT NULL,
    objection_rounds integer DEFAULT 0 NOT NULL,
    late_acknowledge boolean DEFAULT false NOT NULL,
    late_arrive boolean DEFAULT false NOT NULL,
    late_report boolean DEFAULT false NOT NULL,
    no_show boolean DEFAULT false NOT NULL,
    excuse_reason text,
    version integer DEFAULT 1 NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    directed boolean DEFAULT false NOT NULL,
    outside_duty_list boolean DEFAULT false NOT NULL,
    CONSTRAINT assignment_role_check CHECK ((role = ANY (ARRAY['LEAD'::text, 'CO'::text, 'INFORM'::text]))),
    CONSTRAINT assignment_state_check CHECK ((state = ANY (ARRAY['NOTIFIED'::text, 'ACKNOWLEDGED'::text, 'OBJECTED'::text, 'ARRIVED'::text, 'HANDLING'::text, 'REPORTED'::text, 'RETURNED'::text, 'VERIFIED'::text, 'RELEASED'::text, 'REASSIGNED'::text, 'EXCUSED'::text, 'WITHDRAWN'::text, 'READ'::text])))
);

CREATE TABLE public.attachment (
    county_code integer NOT NULL,
    id uuid NOT NULL,
    case_id uuid NOT NULL,
    assignment_id uuid,
    organization_code text,
    kind text NOT NULL,
    name text NOT NULL,
    media_type text NOT NULL,
    size bigint NOT NULL,
    sha256 text NOT NULL,
    taken_at timestamp with time zone,
    point point,
    uploader_id uuid,
    created_at timestamp with time zone NOT NULL,
    stored boolean DEFAULT false NOT NULL,
    CONSTRAINT attachment_kind_check CHECK ((kind = ANY (ARRAY['BEFORE'::text, 'DURING'::text, 'AFTER'::text, 'DOCUMENT'::text])))
);

CREATE TABLE public.calendar_days (
    day date NOT NULL,
    is_workday boolean NOT NULL,
    name text NOT NULL,
    source text NOT NULL,
    provisional boolean NOT NULL
);

CREATE TABLE public.campaign (
    county_code integer NOT NULL,
    id uuid NOT NULL,
    name text NOT NULL,
    scope text NOT NULL,
    street_code text NOT NULL,
    grid_codes text[] DEFAULT '{}'::text[] NOT NULL,
    source_case_id uuid NOT NULL,
    starts_on date NOT NULL,
    ends_on date NOT NULL,
    found integer DEFAULT 0 NOT NULL,
    cleared integer DEFAULT 0 NOT NULL,
    report text,
    state text NOT NULL,
    started_by uuid,
    started_at timestamp with time zone NOT NULL,
    ended_by uuid,
    ended_at timestamp with time zone,
    version integer DEFAULT 1 NOT NULL,
    CONSTRAINT campaign_counts_check CHECK (((found >= 0) AND (cleared >= 0) AND (cleared <= found))),
    CONSTRAINT campaign_days_check CHECK ((starts_on <= ends_on)),
    CONSTRAINT campaign_state_check CHECK ((state = ANY (ARRAY['RUNNING'::text, 'ENDED'::text])))
);

CREATE TABLE public.campaign_case (
    county_code integer NOT NULL,
    campaign_id uuid NOT NULL,
    case_id uuid NOT NULL,
    joined_at timestamp with time zone NOT NULL
);

CREATE TABLE public.care_tag (
    county_code integer NOT NULL,
    id uuid NOT NULL,
    person_id uuid NOT NULL,
    kind text NOT NULL,
    evidence text,
    street_code text NOT NULL,
    community_code text NOT NULL,
    grid_code text NOT NULL,
    visibility text DEFAULT 'NORMAL'::text NOT NULL,
    valid_from date NOT NULL,
    valid_to date
);

CREATE TABLE public.case_counter (
    county_code integer NOT NULL,
    street_code text NOT NULL,
    year integer NOT NULL,
    last integer NOT NULL
);

CREATE TABLE public.case_event (
    county_code integer NOT NULL,
    case_id uuid NOT NULL,
    seq integer NOT NULL,
    id uuid NOT NULL,
    at timestamp with time zone NOT NULL,
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
    xid xid8 NOT NULL
);

CREATE TABLE public.case_file (
    county_code integer NOT NULL,
    id uuid NOT NULL,
    number text NOT NULL,
    street_code text NOT NULL,
    community_code text,
    grid_code text,
    grid_unknown boolean DEFAULT false NOT NULL,
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
    visibility text DEFAULT 'NORMAL'::text NOT NULL,
    confidential boolean DEFAULT false NOT NULL,
    public boolean DEFAULT false NOT NULL,
    address text,
    point point,
    point_given jsonb,
    occurred_at timestamp with time zone,
    registered_at timestamp with time zone NOT NULL,
    reporter_anonymous boolean DEFAULT false NOT NULL,
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
    first_contact_at timestamp with time zone,
    initial_opinion text,
    agent_id uuid,
    accepted_at timestamp with time zone,
    accepted_by uuid,
    not_accepted_reason text,
    emergency_line text,
    refusal_objected boolean DEFAULT false NOT NULL,
    due_at timestamp with time zone,
    due_provisional boolean DEFAULT false NOT NULL,
    handled_at timestamp with time zone,
    closed_at timestamp with time zone,
    closed_by uuid,
    close_kind text,
    settled_by_first_receiver boolean DEFAULT false NOT NULL,
    result_text text,
    explanation text,
    county_informed_at timestamp with time zone,
    merged_into uuid,
    source_reference text,
    repeat_count integer DEFAULT 0 NOT NULL,
    rework_count integer DEFAULT 0 NOT NULL,
    round integer DEFAULT 0 NOT NULL,
    search_bigrams text[] DEFAULT '{}'::text[] NOT NULL,
    last_seq integer DEFAULT 0 NOT NULL,
    version integer DEFAULT 1 NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    created_by uuid,
    accused_name text,
    accused_organization_code text,
    archived_at timestamp with time zone,
    void_requested_by uuid,
    void_requested_at timestamp with time zone,
    void_reason text,
    legal_body text,
    legal_number text,
    reopened_at timestamp with time zone,
    settled_on_the_spot boolean DEFAULT false NOT NULL,
    reporter_repeats integer DEFAULT 0 NOT NULL,
    centre_division_code text GENERATED ALWAYS AS (
CASE
    WHEN (level = ANY (ARRAY['GRID'::text, 'COMMUNITY'::text])) THEN community_code
    WHEN (level = 'STREET'::text) THEN street_code
    ELSE ("left"(street_code, 6) || '000000'::text)
END) STORED,
    CONSTRAINT case_file_closed_check CHECK (((state <> ALL (ARRAY['CLOSED'::text, 'FOLLOWED_UP'::text, 'ARCHIVED'::text])) OR ((closed_at IS NOT NULL) AND (close_kind IS NOT NULL)))),
    CONSTRAINT case_file_description_check CHECK ((char_length(description) <= 2000)),
    CONSTRAINT case_file_grid_check CHECK ((grid_unknown = (grid_code IS NULL))),
    CONSTRAINT case_file_level_check CHECK ((level = ANY (ARRAY['GRID'::text, 'COMMUNITY'::text, 'STREET'::text, 'COUNTY'::text, 'CITY'::text]))),
    CONSTRAINT case_file_state_check CHECK ((state = ANY (ARRAY['REGISTERED'::text, 'ACCEPTED'::text, 'NOT_ACCEPTED'::text, 'ASSIGNED'::text, 'HANDLING'::text, 'SUSPENDED'::text, 'VERIFYING'::text, 'CLOSED'::text, 'FOLLOWED_UP'::text, 'REOPENED'::text, 'MERGED'::text, 'CANCELLED'::text, 'ARCHIVED'::text]))),
    CONSTRAINT case_file_title_check CHECK (((char_length(title) >= 1) AND (char_length(title) <= 100))),
    CONSTRAINT case_file_urgency_check CHECK ((urgency = ANY (ARRAY['URGENT'::text, 'GENERAL'::text, 'COMPLEX'::text]))),
    CONSTRAINT case_file_visibility_check CHECK ((visibility = ANY (ARRAY['NORMAL'::text, 'CONFIDENTIAL_REPORTER'::text, 'RESTRICTED_MINOR'::text, 'RESTRICTED_SPECIAL'::text])))
);

CREATE TABLE public.verification (
    county_code integer NOT NULL,
    id uuid NOT NULL,
    case_id uuid NOT NULL,
    assignment_id uuid,
    organization_code text,
    verifier_id uuid NOT NULL,
    field_check boolean DEFAULT false NOT NULL,
    method text NOT NULL,
    passed boolean NOT NULL,
    text text NOT NULL,
    verified_at timestamp with time zone NOT NULL,
    CONSTRAINT verification_method_check CHECK ((method = ANY (ARRAY['ON_SITE'::text, 'PHONE'::text, 'PHOTO'::text])))
);

CREATE VIEW public.case_hands AS
 SELECT county_code,
    id AS case_id,
    ARRAY( SELECT DISTINCT hand.hand
           FROM (public.assignment h
             CROSS JOIN LATERAL unnest(ARRAY[
                CASE
                    WHEN (h.acknowledged_for IS NULL) THEN h.acknowledged_by
                    ELSE NULL::uuid
                END,
                CASE
                    WHEN (h.arrival_proof IS DISTINCT FROM 'STREET'::text) THEN h.arrived_by
                    ELSE NULL::uuid
                END, h.reported_by, h.agent_id]) hand(hand))
          WHERE ((h.county_code = c.county_code) AND (h.case_id = c.id) AND (hand.hand IS NOT NULL))) AS handlers,
    (ARRAY( SELECT DISTINCT v.verifier_id
           FROM public.verification v
          WHERE ((v.county_code = c.county_code) AND (v.case_id = c.id))) || closed_by) AS verifiers
   FROM public.case_file c;

CREATE TABLE public.case_round (
    county_code integer NOT NULL,
    case_id uuid NOT NULL,
    round integer NOT NULL,
    due_at timestamp with time zone,
    handled_at timestamp with time zone,
    closed_at timestamp with time zone NOT NULL,
    closed_by uuid,
    close_kind text NOT NULL,
    result_text text,
    explanation text,
    reopened_by uuid,
    reopened_at timestamp with time zone NOT NULL,
    reopen_reason text NOT NULL
);

CREATE TABLE public.categories (
    code text NOT NULL,
    name text NOT NULL,
    parent_code text,
    lead_organization_code text,
    sort integer NOT NULL,
    active boolean DEFAULT true NOT NULL,
    from_source boolean DEFAULT false NOT NULL
);

CREATE TABLE public.command_outcome (
    county_code integer NOT NULL,
    actor text NOT NULL,
    key text NOT NULL,
    command text NOT NULL,
    fingerprint bytea NOT NULL,
    outcome jsonb NOT NULL,
    at timestamp with time zone NOT NULL
);

CREATE TABLE public.communication (
    county_code integer NOT NULL,
    id uuid NOT NULL,
    case_id uuid NOT NULL,
    organization_code text,
    kind text NOT NULL,
    channel text,
    text text NOT NULL,
    by_id uuid,
    at timestamp with time zone NOT NULL,
    CONSTRAINT communication_kind_check CHECK ((kind = ANY (ARRAY['CONTACT'::text, 'EXPLANATION'::text, 'TIME_TOLD'::text, 'RESULT_TOLD'::text])))
);

CREATE TABLE public.community_admission (
    county_code integer NOT NULL,
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
    requested_at timestamp with time zone NOT NULL,
    decided_by uuid,
    decided_at timestamp with time zone,
    decision_text text,
    CONSTRAINT community_admission_state_check CHECK ((state = ANY (ARRAY['REQUESTED'::text, 'GRANTED'::text, 'REFUSED'::text]))),
    CONSTRAINT community_admission_two_people_check CHECK (((decided_by IS NULL) OR (decided_by <> requested_by)))
);

CREATE TABLE public.cross_area_link (
    county_code integer NOT NULL,
    id uuid NOT NULL,
    direction text NOT NULL,
    case_id uuid NOT NULL,
    whistle_id uuid,
    street_code text NOT NULL,
    partner_county_code integer NOT NULL,
    partner_street_code text NOT NULL,
    partner_case_number text,
    partner_case_state text,
    partner_number text,
    partner_state text,
    partner_at timestamp with time zone,
    told text,
    told_turn integer DEFAULT 0 NOT NULL,
    heard_turn integer DEFAULT 0 NOT NULL,
    ended boolean DEFAULT false NOT NULL,
    linked_at timestamp with time zone NOT NULL,
    CONSTRAINT cross_area_link_direction_check CHECK ((direction = ANY (ARRAY['INVITING'::text, 'INVITED'::text])))
);

CREATE TABLE public.deadline (
    county_code integer NOT NULL,
    id uuid NOT NULL,
    case_id uuid NOT NULL,
    whistle_id uuid,
    assignment_id uuid,
    organization_code text,
    kind text NOT NULL,
    round integer DEFAULT 0 NOT NULL,
    unit text,
    amount integer,
    rule text NOT NULL,
    started_at timestamp with time zone NOT NULL,
    due_at timestamp with time zone NOT NULL,
    provisional boolean NOT NULL,
    state text NOT NULL,
    stopped_at timestamp with time zone,
    paused_at timestamp with time zone,
    history jsonb DEFAULT '[]'::jsonb NOT NULL,
    promise_id uuid,
    ladder_since timestamp with time zone,
    ladder_used double precision DEFAULT 0 NOT NULL,
    CONSTRAINT deadline_state_check CHECK ((state = ANY (ARRAY['RUNNING'::text, 'PAUSED'::text, 'STOPPED'::text])))
);

CREATE TABLE public.deadline_pause (
    county_code integer NOT NULL,
    id uuid NOT NULL,
    case_id uuid NOT NULL,
    deadline_id uuid NOT NULL,
    reason_kind text NOT NULL,
    procedure text,
    reason text NOT NULL,
    paused_by uuid,
    paused_at timestamp with time zone NOT NULL,
    expected_until date,
    resumed_by uuid,
    resumed_at timestamp with time zone,
    CONSTRAINT deadline_pause_procedure_check CHECK ((procedure = ANY (ARRAY['TESTING'::text, 'APPRAISAL'::text, 'PUBLIC_NOTICE'::text, 'HEARING'::text]))),
    CONSTRAINT deadline_pause_reason_check CHECK ((reason_kind = ANY (ARRAY['STATUTORY_PROCEDURE'::text, 'RESIDENT_MATERIAL'::text])))
);

CREATE TABLE public.deadline_stage (
    county_code integer NOT NULL,
    deadline_id uuid NOT NULL,
    stage text NOT NULL,
    case_id uuid NOT NULL,
    assignment_id uuid,
    due_at timestamp with time zone NOT NULL,
    note text,
    not_before timestamp with time zone,
    failures integer DEFAULT 0 NOT NULL,
    retry_at timestamp with time zone,
    last_error text
);

CREATE TABLE public.delivery (
    county_code integer NOT NULL,
    organization_code text NOT NULL,
    case_id uuid NOT NULL,
    seq integer NOT NULL,
    department text NOT NULL,
    assignment_id uuid NOT NULL,
    hook text NOT NULL,
    attempts integer DEFAULT 0 NOT NULL,
    last_error text,
    created_at timestamp with time zone NOT NULL
);

CREATE TABLE public.delivery_log (
    county_code integer NOT NULL,
    at timestamp with time zone NOT NULL,
    id uuid NOT NULL,
    department text NOT NULL,
    organization_code text NOT NULL,
    case_id uuid NOT NULL,
    seq integer NOT NULL,
    assignment_id uuid NOT NULL,
    hook text NOT NULL,
    attempt integer NOT NULL,
    outcome text NOT NULL,
    error text,
    milliseconds integer
)
PARTITION BY RANGE (at);

CREATE TABLE public.delivery_log_default (
    county_code integer CONSTRAINT delivery_log_county_code_not_null NOT NULL,
    at timestamp with time zone CONSTRAINT delivery_log_at_not_null NOT NULL,
    id uuid CONSTRAINT delivery_log_id_not_null NOT NULL,
    department text CONSTRAINT delivery_log_department_not_null NOT NULL,
    organization_code text CONSTRAINT delivery_log_organization_code_not_null NOT NULL,
    case_id uuid CONSTRAINT delivery_log_case_id_not_null NOT NULL,
    seq integer CONSTRAINT delivery_log_seq_not_null NOT NULL,
    assignment_id uuid CONSTRAINT delivery_log_assignment_id_not_null NOT NULL,
    hook text CONSTRAINT delivery_log_hook_not_null NOT NULL,
    attempt integer CONSTRAINT delivery_log_attempt_not_null NOT NULL,
    outcome text CONSTRAINT delivery_log_outcome_not_null NOT NULL,
    error text,
    milliseconds integer
);

CREATE TABLE public.department_pause (
    county_code integer NOT NULL,
    id uuid NOT NULL,
    department text NOT NULL,
    paused_by uuid,
    paused_at timestamp with time zone NOT NULL,
    reason text NOT NULL,
    resumed_by uuid,
    resumed_at timestamp with time zone
);

CREATE TABLE public.departments (
    name text NOT NULL,
    title text NOT NULL,
    version text NOT NULL,
    organizations text[] NOT NULL,
    declaration jsonb NOT NULL,
    form jsonb NOT NULL,
    registered_at timestamp with time zone NOT NULL,
    source text
);

CREATE TABLE public.desk_memory (
    county_code integer NOT NULL,
    assignment_id uuid NOT NULL,
    name text NOT NULL,
    organization_code text NOT NULL,
    value jsonb NOT NULL
);

CREATE VIEW public.dispatch_desk AS
 SELECT DISTINCT ON (r.scope_code) r.scope_code AS street_code,
    s.organization_code
   FROM (public.account_roles r
     JOIN public.accounts s ON ((s.id = r.account_id)))
  WHERE (r.role = 'STREET_DISPATCHER'::text)
  ORDER BY r.scope_code, s.login;

CREATE TABLE public.dispatch_objection (
    county_code integer NOT NULL,
    id uuid NOT NULL,
    case_id uuid NOT NULL,
    assignment_id uuid NOT NULL,
    organization_code text NOT NULL,
    reason_kind text NOT NULL,
    text text NOT NULL,
    raised_by uuid,
    raised_at timestamp with time zone NOT NULL,
    decision text,
    decided_by uuid,
    decided_at timestamp with time zone,
    reassigned_to text,
    round integer DEFAULT 1 NOT NULL,
    arbiter text DEFAULT 'STREET'::text NOT NULL,
    evidence text,
    decision_due_at timestamp with time zone,
    decision_text text,
    rule_id uuid
);

CREATE TABLE public.divisions (
    code text NOT NULL,
    name text NOT NULL,
    level text NOT NULL,
    parent_code text,
    edition_year integer NOT NULL,
    enabled_on date,
    valid_from date,
    valid_to date,
    merged_into text,
    CONSTRAINT divisions_code_check CHECK ((code ~ '^[0-9]{12}$'::text)),
    CONSTRAINT divisions_level_check CHECK ((level = ANY (ARRAY['PROVINCE'::text, 'CITY'::text, 'COUNTY'::text, 'STREET'::text, 'COMMUNITY'::text])))
);

CREATE TABLE public.duty_list_items (
    code text NOT NULL,
    list text NOT NULL,
    holder_level text NOT NULL,
    name text NOT NULL,
    category_code text,
    lead_organization_code text,
    assist_organization_codes text[] DEFAULT '{}'::text[] NOT NULL,
    legal_basis text NOT NULL,
    valid_from date NOT NULL,
    valid_to date,
    defined_by uuid,
    defined_at timestamp with time zone,
    ended_by uuid,
    ended_at timestamp with time zone,
    end_reason text,
    CONSTRAINT duty_list_items_level_check CHECK ((holder_level = ANY (ARRAY['COUNTY'::text, 'STREET'::text, 'COMMUNITY'::text]))),
    CONSTRAINT duty_list_items_list_check CHECK ((list = ANY (ARRAY['BASIC'::text, 'ASSIST'::text, 'TAKEN_BACK'::text])))
);

CREATE TABLE public.evaluation (
    county_code integer NOT NULL,
    id uuid NOT NULL,
    case_id uuid NOT NULL,
    whistle_id uuid,
    assignment_id uuid,
    organization_code text,
    evaluator_kind text NOT NULL,
    evaluator_id uuid,
    report_in_score integer,
    handling_score integer,
    result_score integer,
    score integer,
    proper boolean,
    satisfaction text,
    comment text,
    evaluated_at timestamp with time zone NOT NULL,
    completeness_score integer,
    timeliness_score integer,
    corrected_report_in_score integer,
    corrected_handling_score integer,
    corrected_result_score integer,
    corrected_score integer,
    corrected_proper boolean,
    corrected_completeness_score integer,
    corrected_timeliness_score integer,
    objected_by uuid,
    objected_at timestamp with time zone,
    objection_text text,
    objection_decision text,
    objection_decided_by uuid,
    objection_decided_at timestamp with time zone,
    objection_decision_text text,
    CONSTRAINT evaluation_kind_check CHECK ((evaluator_kind = ANY (ARRAY['STREET'::text, 'COUNTY_GRID_OFFICE'::text, 'RESIDENT'::text]))),
    CONSTRAINT evaluation_score_check CHECK (((score >= 0) AND (score <= 100)))
);

CREATE TABLE public.export_request (
    county_code integer NOT NULL,
    id uuid NOT NULL,
    street_code text,
    what text NOT NULL,
    filter jsonb NOT NULL,
    format text NOT NULL,
    reason text NOT NULL,
    requested_by uuid NOT NULL,
    requested_at timestamp with time zone NOT NULL,
    decision text,
    decided_by uuid,
    decided_at timestamp with time zone,
    decision_reason text,
    expires_at timestamp with time zone,
    downloads integer DEFAULT 0 NOT NULL,
    downloaded_at timestamp with time zone,
    CONSTRAINT export_request_decision_check CHECK ((decision = ANY (ARRAY['GRANTED'::text, 'REFUSED'::text]))),
    CONSTRAINT export_request_format_check CHECK ((format = ANY (ARRAY['CSV'::text, 'XLSX'::text]))),
    CONSTRAINT export_request_granted_check CHECK ((((decision = 'GRANTED'::text) IS NOT TRUE) OR (expires_at IS NOT NULL))),
    CONSTRAINT export_request_two_people_check CHECK (((decided_by IS NULL) OR (decided_by <> requested_by))),
    CONSTRAINT export_request_what_check CHECK ((what = ANY (ARRAY['CASES'::text, 'PEOPLE'::text])))
);

CREATE TABLE public.extension_request (
    county_code integer NOT NULL,
    id uuid NOT NULL,
    case_id uuid NOT NULL,
    deadline_id uuid NOT NULL,
    unit text NOT NULL,
    amount integer NOT NULL,
    reason text NOT NULL,
    requested_by uuid,
    requested_at timestamp with time zone NOT NULL,
    decision text,
    decided_by uuid,
    decided_at timestamp with time zone,
    told_reporter_at timestamp with time zone,
    assignment_id uuid,
    organization_code text,
    approver text DEFAULT 'STREET_DEPUTY'::text NOT NULL,
    evidence text,
    due_before timestamp with time zone,
    due_after timestamp with time zone,
    decision_text text
);

CREATE TABLE public.feed_epoch (
    epoch integer NOT NULL,
    system_identifier text NOT NULL,
    since timestamp with time zone NOT NULL,
    timeline text,
    database_oid bigint,
    laid_at timestamp with time zone,
    ended_at timestamp with time zone
);

CREATE TABLE public.file_access (
    county_code integer NOT NULL,
    id uuid NOT NULL,
    attachment_id uuid NOT NULL,
    case_id uuid NOT NULL,
    account_id uuid,
    login text NOT NULL,
    at timestamp with time zone NOT NULL
);

CREATE TABLE public.follow_up (
    county_code integer NOT NULL,
    id uuid NOT NULL,
    case_id uuid NOT NULL,
    round integer NOT NULL,
    caller_id uuid NOT NULL,
    channel text NOT NULL,
    called_at timestamp with time zone NOT NULL,
    contacted boolean NOT NULL,
    responded boolean,
    solved text,
    satisfaction text,
    comment text,
    excluded boolean DEFAULT false NOT NULL,
    exclusion_reason text,
    exclusion_approved_by uuid[] DEFAULT '{}'::uuid[] NOT NULL,
    exclusion_kind text,
    exclusion_evidence text,
    exclusion_proposed_by uuid,
    exclusion_proposed_at timestamp with time zone,
    exclusion_decided_by uuid,
    exclusion_decided_at timestamp with time zone,
    review_decision text,
    review_reason text,
    reviewed_by uuid,
    reviewed_at timestamp with time zone,
    CONSTRAINT follow_up_satisfaction_check CHECK ((satisfaction = ANY (ARRAY['VERY_SATISFIED'::text, 'SATISFIED'::text, 'BASICALLY_SATISFIED'::text, 'DISSATISFIED'::text, 'NOT_RATED'::text]))),
    CONSTRAINT follow_up_solved_check CHECK ((solved = ANY (ARRAY['SOLVED'::text, 'PARTIAL'::text, 'UNSOLVED'::text])))
);

CREATE TABLE public.grid (
    county_code integer NOT NULL,
    code text NOT NULL,
    name text NOT NULL,
    kind text NOT NULL,
    area_kind text NOT NULL,
    street_code text NOT NULL,
    community_code text NOT NULL,
    boundary polygon,
    boundary_geojson jsonb,
    household_count integer DEFAULT 0 NOT NULL,
    person_count integer,
    merchant_count integer,
    vessel_count integer,
    setting_factors jsonb DEFAULT '{}'::jsonb NOT NULL,
    size_warning text,
    chief_id uuid,
    worker_id uuid,
    operation_mode text,
    sea_area text,
    fleet_group text,
    sea_arrive_minutes integer,
    valid_from date,
    valid_to date,
    predecessor_codes text[] DEFAULT '{}'::text[] NOT NULL,
    CONSTRAINT grid_area_kind_check CHECK ((area_kind = ANY (ARRAY['URBAN'::text, 'RURAL'::text, 'FISHING'::text, 'BUSINESS'::text, 'SEA'::text]))),
    CONSTRAINT grid_code_check CHECK ((code ~ '^[0-9]{15}$'::text)),
    CONSTRAINT grid_kind_check CHECK ((kind = ANY (ARRAY['BASE'::text, 'SPECIAL'::text, 'SEA'::text]))),
    CONSTRAINT grid_sea_check CHECK (((kind <> 'SEA'::text) OR ((operation_mode IS NOT NULL) AND (sea_area IS NOT NULL) AND (fleet_group IS NOT NULL))))
);

CREATE TABLE public.household (
    county_code integer NOT NULL,
    id uuid NOT NULL,
    number text NOT NULL,
    address text NOT NULL,
    street_code text NOT NULL,
    community_code text NOT NULL,
    grid_code text NOT NULL,
    head_person_id uuid,
    member_count integer DEFAULT 0 NOT NULL,
    contact_worker_id uuid,
    sea_grid_code text,
    created_at timestamp with time zone NOT NULL
);

CREATE TABLE public.lane (
    county_code integer NOT NULL,
    organization_code text NOT NULL,
    case_id uuid NOT NULL,
    department text NOT NULL,
    due_at timestamp with time zone NOT NULL,
    holder text,
    token bigint DEFAULT 0 NOT NULL,
    parked boolean DEFAULT false NOT NULL,
    since timestamp with time zone NOT NULL,
    losses integer DEFAULT 0 NOT NULL,
    head_failed boolean DEFAULT false NOT NULL,
    state text GENERATED ALWAYS AS (
CASE
    WHEN parked THEN 'PARKED'::text
    WHEN (holder IS NOT NULL) THEN 'RUNNING'::text
    WHEN head_failed THEN 'RETRYING'::text
    ELSE 'WAITING'::text
END) STORED NOT NULL,
    street_code text
);

CREATE TABLE public.lane_state (
    county_code integer NOT NULL,
    department text NOT NULL,
    in_flight_limit integer,
    failures integer DEFAULT 0 NOT NULL,
    open_until timestamp with time zone,
    paused boolean DEFAULT false NOT NULL,
    paused_at timestamp with time zone,
    paused_by uuid,
    paused_reason text,
    limited_by uuid,
    limited_at timestamp with time zone
);

CREATE TABLE public.meeting (
    county_code integer NOT NULL,
    id uuid NOT NULL,
    case_id uuid NOT NULL,
    whistle_id uuid,
    street_code text NOT NULL,
    kind text NOT NULL,
    topic text NOT NULL,
    meets_at timestamp with time zone NOT NULL,
    place text,
    called_by uuid,
    called_at timestamp with time zone NOT NULL,
    decision text,
    lead_organization_code text,
    co_organization_codes text[] DEFAULT '{}'::text[] NOT NULL,
    decided_by uuid,
    decided_at timestamp with time zone,
    CONSTRAINT meeting_kind_check CHECK ((kind = ANY (ARRAY['JOINT'::text, 'STUDY'::text])))
);

CREATE TABLE public.meeting_participant (
    county_code integer NOT NULL,
    meeting_id uuid NOT NULL,
    organization_code text NOT NULL
);

CREATE TABLE public.merge_link (
    county_code integer NOT NULL,
    id uuid NOT NULL,
    case_id uuid NOT NULL,
    main_case_id uuid NOT NULL,
    reason text NOT NULL,
    state_before text NOT NULL,
    merged_by uuid,
    merged_at timestamp with time zone NOT NULL,
    unmerged_by uuid,
    unmerged_at timestamp with time zone,
    unmerge_reason text,
    CONSTRAINT merge_link_other_check CHECK ((case_id <> main_case_id))
);

CREATE TABLE public.message (
    county_code integer NOT NULL,
    id uuid NOT NULL,
    case_id uuid NOT NULL,
    whistle_id uuid,
    kind text NOT NULL,
    organization_code text,
    recipient_masked text NOT NULL,
    recipient_sealed bytea,
    text text NOT NULL,
    state text NOT NULL,
    attempts integer DEFAULT 0 NOT NULL,
    last_error text,
    next_at timestamp with time zone NOT NULL,
    created_at timestamp with time zone NOT NULL,
    sent_at timestamp with time zone,
    CONSTRAINT message_state_check CHECK ((state = ANY (ARRAY['PENDING'::text, 'SENT'::text, 'FAILED'::text])))
);

CREATE TABLE public.migrations (
    number integer NOT NULL,
    name text NOT NULL,
    checksum text NOT NULL,
    applied_at timestamp with time zone NOT NULL
);

CREATE TABLE public.organizations (
    code text NOT NULL,
    name text NOT NULL,
    short_name text,
    kind text NOT NULL,
    level text NOT NULL,
    uscc text,
    division_code text,
    parent_code text,
    duty_phone text,
    is_vertical boolean DEFAULT false NOT NULL,
    department text,
    CONSTRAINT organizations_kind_check CHECK ((kind = ANY (ARRAY['PARTY'::text, 'GOV'::text, 'VERTICAL'::text, 'STREET_OFFICE'::text, 'COMMUNITY'::text, 'UTILITY'::text, 'PROPERTY'::text, 'MASS'::text, 'SOCIAL'::text])))
);

CREATE TABLE public.pause_note (
    county_code integer NOT NULL,
    pause_id uuid NOT NULL,
    resumed boolean NOT NULL,
    case_id uuid NOT NULL
);

CREATE TABLE public.person (
    county_code integer NOT NULL,
    id uuid NOT NULL,
    reference text,
    name text NOT NULL,
    gender text NOT NULL,
    birth_date date,
    id_kind text DEFAULT 'RESIDENT_ID'::text NOT NULL,
    id_number_masked text,
    id_number_sealed bytea,
    id_number_hash bytea,
    phone_masked text,
    phone_sealed bytea,
    phone_hash bytea,
    address text,
    residence_kind text NOT NULL,
    street_code text NOT NULL,
    community_code text NOT NULL,
    grid_code text NOT NULL,
    household_id uuid,
    relation_to_head text,
    skills text[] DEFAULT '{}'::text[] NOT NULL,
    archive_color text,
    archive_reason text,
    visibility text DEFAULT 'NORMAL'::text NOT NULL,
    search_bigrams text[] DEFAULT '{}'::text[] NOT NULL,
    source text,
    collected_at timestamp with time zone NOT NULL,
    version integer DEFAULT 1 NOT NULL,
    CONSTRAINT person_color_check CHECK ((archive_color = ANY (ARRAY['RED'::text, 'ORANGE'::text, 'YELLOW'::text]))),
    CONSTRAINT person_gender_check CHECK ((gender = ANY (ARRAY['MALE'::text, 'FEMALE'::text, 'UNKNOWN'::text]))),
    CONSTRAINT person_residence_check CHECK ((residence_kind = ANY (ARRAY['REGISTERED'::text, 'FLOATING'::text, 'LEFT_BEHIND'::text, 'OVERSEAS'::text, 'LODGING'::text]))),
    CONSTRAINT person_visibility_check CHECK ((visibility = ANY (ARRAY['NORMAL'::text, 'RESTRICTED_MINOR'::text, 'RESTRICTED_SPECIAL'::text])))
);

CREATE TABLE public.personal_data_access (
    county_code integer NOT NULL,
    id uuid NOT NULL,
    account_id uuid,
    login text NOT NULL,
    role text NOT NULL,
    subject_kind text NOT NULL,
    subject_id uuid NOT NULL,
    fields text[] NOT NULL,
    purpose text NOT NULL,
    case_id uuid,
    at timestamp with time zone NOT NULL
);

CREATE TABLE public.promise (
    county_code integer NOT NULL,
    id uuid NOT NULL,
    case_id uuid NOT NULL,
    street_code text NOT NULL,
    organization_code text,
    content text NOT NULL,
    promiser_id uuid,
    promiser_name text NOT NULL,
    due_on date NOT NULL,
    public boolean DEFAULT false NOT NULL,
    published_at timestamp with time zone,
    state text NOT NULL,
    overdue_at timestamp with time zone,
    settled_at timestamp with time zone,
    settled_by uuid,
    settle_text text,
    self_score integer,
    citizen_score integer,
    made_at timestamp with time zone NOT NULL,
    CONSTRAINT promise_citizen_score_check CHECK (((citizen_score >= 0) AND (citizen_score <= 100))),
    CONSTRAINT promise_self_score_check CHECK (((self_score >= 0) AND (self_score <= 100))),
    CONSTRAINT promise_state_check CHECK ((state = ANY (ARRAY['IN_PROGRESS'::text, 'FULFILLED'::text, 'UNFULFILLED'::text])))
);

CREATE TABLE public.question (
    county_code integer NOT NULL,
    id uuid NOT NULL,
    case_id uuid NOT NULL,
    assignment_id uuid NOT NULL,
    organization_code text NOT NULL,
    asked_by uuid,
    asked_at timestamp with time zone NOT NULL,
    text text NOT NULL,
    answered_by uuid,
    answered_at timestamp with time zone,
    answer text
);

CREATE TABLE public.report (
    county_code integer NOT NULL,
    id uuid NOT NULL,
    case_id uuid NOT NULL,
    assignment_id uuid NOT NULL,
    organization_code text NOT NULL,
    kind text NOT NULL,
    accepted_at timestamp with time zone,
    talked_with text,
    measures text NOT NULL,
    solve_by timestamp with time zone,
    result text,
    explanation text,
    fields jsonb DEFAULT '{}'::jsonb NOT NULL,
    reported_by uuid,
    reported_at timestamp with time zone NOT NULL,
    CONSTRAINT report_kind_check CHECK ((kind = ANY (ARRAY['PROGRESS'::text, 'RESULT'::text]))),
    CONSTRAINT report_result_check CHECK ((result = ANY (ARRAY['SOLVED'::text, 'PARTIAL'::text, 'UNSOLVED'::text, 'LONG_TERM'::text])))
);

CREATE VIEW public.reporter_case AS
 SELECT c.county_code,
    c.id AS case_id,
    o.id AS other_id,
    o.registered_at,
    COALESCE((o.reporter_phone_hash = c.reporter_phone_hash), false) AS same_phone,
    COALESCE((o.reporter_person_id = c.reporter_person_id), false) AS same_person
   FROM (public.case_file c
     JOIN public.case_file o ON (((o.county_code = c.county_code) AND (o.id <> c.id) AND ((o.reporter_phone_hash = c.reporter_phone_hash) OR (o.reporter_person_id = c.reporter_person_id)))));

CREATE TABLE public.routine (
    county_code integer NOT NULL,
    id uuid NOT NULL,
    name text NOT NULL,
    title text NOT NULL,
    roles text[] NOT NULL,
    area_code text NOT NULL,
    street_code text NOT NULL,
    community_code text,
    grid_code text,
    records integer,
    begins_at timestamp with time zone NOT NULL,
    due_at timestamp with time zone NOT NULL,
    opened_at timestamp with time zone NOT NULL,
    late_seconds integer NOT NULL,
    done_at timestamp with time zone,
    done_by uuid,
    done_text text,
    missed_at timestamp with time zone
);

CREATE TABLE public.routing_rule (
    county_code integer NOT NULL,
    id uuid NOT NULL,
    code text NOT NULL,
    version integer NOT NULL,
    sort integer NOT NULL,
    name text NOT NULL,
    category_code text,
    component_code text,
    area_kind text,
    area_code text,
    keywords text[] DEFAULT '{}'::text[] NOT NULL,
    time_from time without time zone,
    time_to time without time zone,
    lead_organization_code text NOT NULL,
    co_organization_codes text[] DEFAULT '{}'::text[] NOT NULL,
    duty_item_code text,
    limit_unit text,
    limit_amount integer,
    evidence_required boolean DEFAULT false NOT NULL,
    state text NOT NULL,
    retires boolean DEFAULT false NOT NULL,
    reason text NOT NULL,
    objection_id uuid,
    proposed_by uuid,
    proposed_at timestamp with time zone NOT NULL,
    decided_by uuid,
    decided_at timestamp with time zone,
    decision_text text,
    in_force_from timestamp with time zone,
    in_force_until timestamp with time zone,
    CONSTRAINT routing_rule_in_force_check CHECK (((state <> 'IN_FORCE'::text) OR ((in_force_from IS NOT NULL) AND (in_force_until IS NULL)))),
    CONSTRAINT routing_rule_state_check CHECK ((state = ANY (ARRAY['PROPOSED'::text, 'IN_FORCE'::text, 'REJECTED'::text, 'SUPERSEDED'::text, 'RETIRED'::text]))),
    CONSTRAINT routing_rule_two_people_check CHECK (((decided_by IS NULL) OR (decided_by <> proposed_by)))
);

CREATE TABLE public.schedule (
    name text NOT NULL,
    every interval NOT NULL,
    next_at timestamp with time zone NOT NULL
);

CREATE TABLE public.service_centre (
    county_code integer NOT NULL,
    code text NOT NULL,
    name text NOT NULL,
    level text NOT NULL,
    division_code text NOT NULL,
    windows text[] DEFAULT '{}'::text[] NOT NULL,
    CONSTRAINT service_centre_level_check CHECK ((level = ANY (ARRAY['COMMUNITY'::text, 'STREET'::text, 'COUNTY'::text])))
);

CREATE TABLE public.settings (
    name text NOT NULL,
    value jsonb NOT NULL,
    updated_at timestamp with time zone NOT NULL
);

CREATE TABLE public.supervision (
    county_code integer NOT NULL,
    id uuid NOT NULL,
    case_id uuid NOT NULL,
    deadline_id uuid,
    assignment_id uuid,
    whistle_id uuid,
    organization_code text,
    street_code text NOT NULL,
    community_code text,
    grid_code text,
    stage text NOT NULL,
    clock text,
    reason text NOT NULL,
    recipients text[] NOT NULL,
    due_at timestamp with time zone,
    issued_at timestamp with time zone NOT NULL,
    late_seconds integer DEFAULT 0 NOT NULL,
    ended_at timestamp with time zone,
    CONSTRAINT supervision_stage_check CHECK ((stage = ANY (ARRAY['REMIND'::text, 'URGE'::text, 'OVERDUE'::text, 'WARN_COUNTY'::text, 'SUPERVISE'::text, 'CIRCULAR'::text, 'DISTRICT_INVESTIGATION'::text, 'NO_SHOW'::text])))
);

CREATE TABLE public.suspension (
    county_code integer NOT NULL,
    id uuid NOT NULL,
    case_id uuid NOT NULL,
    kind text NOT NULL,
    reason text NOT NULL,
    interim_measure text NOT NULL,
    approved_by uuid,
    suspended_at timestamp with time zone NOT NULL,
    review_cycle_days integer NOT NULL,
    planned_resume date,
    resumed_at timestamp with time zone,
    review_due_at timestamp with time zone,
    reviewed_at timestamp with time zone,
    reviewed_by uuid,
    review_text text,
    told_reporter_at timestamp with time zone,
    resumed_by uuid,
    resume_reason text
);

CREATE TABLE public.whistle (
    county_code integer NOT NULL,
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
    assemble_at timestamp with time zone,
    remote_allowed boolean DEFAULT false NOT NULL,
    complex boolean DEFAULT false NOT NULL,
    state text NOT NULL,
    level text DEFAULT 'STREET'::text NOT NULL,
    template_code text,
    drafted_by uuid NOT NULL,
    drafted_at timestamp with time zone NOT NULL,
    submitted_at timestamp with time zone,
    decided_by uuid,
    decided_at timestamp with time zone,
    decision_text text,
    blown_by uuid,
    blown_at timestamp with time zone,
    confirmed_by uuid,
    confirmed_at timestamp with time zone,
    gathered_at timestamp with time zone,
    reported_at timestamp with time zone,
    verified_at timestamp with time zone,
    closed_by uuid,
    closed_at timestamp with time zone,
    close_text text,
    withdrawn_at timestamp with time zone,
    withdraw_reason text,
    partner_county_code integer,
    partner_whistle_id uuid,
    version integer DEFAULT 1 NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    list_item_code text,
    off_list boolean DEFAULT false NOT NULL,
    drafted_for text,
    escalate_reason text,
    plan_until timestamp with time zone,
    partner_street_code text,
    CONSTRAINT whistle_kind_check CHECK ((kind = ANY (ARRAY['ROUTINE'::text, 'JOINT_ENFORCEMENT'::text, 'EMERGENCY'::text, 'CAMPAIGN'::text, 'DEPARTMENT'::text, 'CROSS_AREA'::text]))),
    CONSTRAINT whistle_state_check CHECK ((state = ANY (ARRAY['DRAFTED'::text, 'PENDING_APPROVAL'::text, 'REJECTED'::text, 'BLOWN'::text, 'GATHERING'::text, 'HANDLING'::text, 'REPORTED'::text, 'VERIFIED'::text, 'CLOSED'::text, 'EVALUATED'::text, 'WITHDRAWN'::text])))
);

CREATE VIEW public.task AS
 SELECT c.county_code,
    ('ACCEPT:'::text || c.id) AS id,
    'ACCEPT'::text AS action,
    'STREET_DISPATCHER'::text AS role,
    NULL::text[] AS ranks,
    NULL::uuid AS holder_id,
    NULL::uuid[] AS barred,
    c.id AS case_id,
    NULL::uuid AS whistle_id,
    NULL::uuid AS assignment_id,
    NULL::text AS organization_code,
    c.street_code,
    c.community_code,
    c.grid_code,
    c.registered_at AS since,
    c.due_at,
    NULL::uuid AS routine_id
   FROM public.case_file c
  WHERE (c.state = 'REGISTERED'::text)
UNION ALL
 SELECT c.county_code,
    ('ACCEPT:'::text || c.id) AS id,
    'ACCEPT'::text AS action,
    'FIRST_RECEIVER'::text AS role,
    NULL::text[] AS ranks,
    c.first_receiver_id AS holder_id,
    NULL::uuid[] AS barred,
    c.id AS case_id,
    NULL::uuid AS whistle_id,
    NULL::uuid AS assignment_id,
    NULL::text AS organization_code,
    c.street_code,
    c.community_code,
    c.grid_code,
    c.registered_at AS since,
    c.due_at,
    NULL::uuid AS routine_id
   FROM public.case_file c
  WHERE (c.state = 'REGISTERED'::text)
UNION ALL
 SELECT c.county_code,
    ('DISPATCH:'::text || c.id) AS id,
    'DISPATCH'::text AS action,
    'STREET_DISPATCHER'::text AS role,
    NULL::text[] AS ranks,
    NULL::uuid AS holder_id,
    NULL::uuid[] AS barred,
    c.id AS case_id,
    NULL::uuid AS whistle_id,
    NULL::uuid AS assignment_id,
    NULL::text AS organization_code,
    c.street_code,
    c.community_code,
    c.grid_code,
    COALESCE(c.accepted_at, c.updated_at) AS since,
    c.due_at,
    NULL::uuid AS routine_id
   FROM public.case_file c
  WHERE ((c.state = ANY (ARRAY['ACCEPTED'::text, 'REOPENED'::text])) AND (NOT (EXISTS ( SELECT
           FROM public.whistle h
          WHERE ((h.county_code = c.county_code) AND (h.case_id = c.id) AND (h.state = ANY (ARRAY['DRAFTED'::text, 'PENDING_APPROVAL'::text])))))))
UNION ALL
 SELECT c.county_code,
    ('CLOSE:'::text || c.id) AS id,
    'CLOSE'::text AS action,
    'STREET_DISPATCHER'::text AS role,
    NULL::text[] AS ranks,
    NULL::uuid AS holder_id,
    ( SELECT h.handlers
           FROM public.case_hands h
          WHERE ((h.county_code = c.county_code) AND (h.case_id = c.id))) AS barred,
    c.id AS case_id,
    NULL::uuid AS whistle_id,
    NULL::uuid AS assignment_id,
    NULL::text AS organization_code,
    c.street_code,
    c.community_code,
    c.grid_code,
    c.handled_at AS since,
    NULL::timestamp with time zone AS due_at,
    NULL::uuid AS routine_id
   FROM public.case_file c
  WHERE ((c.state = 'VERIFYING'::text) AND (NOT (EXISTS ( SELECT
           FROM public.assignment o
          WHERE ((o.county_code = c.county_code) AND (o.case_id = c.id) AND (o.round = c.round) AND (o.role <> 'INFORM'::text) AND (o.state <> ALL (ARRAY['VERIFIED'::text, 'RELEASED'::text, 'REASSIGNED'::text, 'EXCUSED'::text, 'WITHDRAWN'::text])))))) AND (NOT (EXISTS ( SELECT
           FROM public.whistle h
          WHERE ((h.county_code = c.county_code) AND (h.case_id = c.id) AND (h.state = ANY (ARRAY['DRAFTED'::text, 'PENDING_APPROVAL'::text, 'BLOWN'::text, 'GATHERING'::text, 'HANDLING'::text, 'REPORTED'::text, 'VERIFIED'::text])))))))
UNION ALL
 SELECT c.county_code,
    ('CALL:'::text || c.id) AS id,
    'CALL'::text AS action,
    'FOLLOW_UP'::text AS role,
    NULL::text[] AS ranks,
    NULL::uuid AS holder_id,
    ( SELECT (h.handlers || h.verifiers)
           FROM public.case_hands h
          WHERE ((h.county_code = c.county_code) AND (h.case_id = c.id))) AS barred,
    c.id AS case_id,
    NULL::uuid AS whistle_id,
    NULL::uuid AS assignment_id,
    NULL::text AS organization_code,
    c.street_code,
    c.community_code,
    c.grid_code,
    c.closed_at AS since,
    ( SELECT max(d.due_at) AS max
           FROM public.deadline d
          WHERE ((d.county_code = c.county_code) AND (d.case_id = c.id) AND (d.kind = 'FOLLOW_UP'::text) AND (d.state = 'RUNNING'::text))) AS due_at,
    NULL::uuid AS routine_id
   FROM public.case_file c
  WHERE ((c.state = 'CLOSED'::text) AND (NOT (EXISTS ( SELECT
           FROM public.follow_up f
          WHERE ((f.county_code = c.county_code) AND (f.case_id = c.id) AND (f.round = c.round) AND f.excluded)))))
UNION ALL
 SELECT h.county_code,
    ('BLOW:'::text || h.id) AS id,
    'BLOW'::text AS action,
    'STREET_DISPATCHER'::text AS role,
    NULL::text[] AS ranks,
    NULL::uuid AS holder_id,
    NULL::uuid[] AS barred,
    h.case_id,
    h.id AS whistle_id,
    NULL::uuid AS assignment_id,
    NULL::text AS organization_code,
    h.street_code,
    h.community_code,
    h.grid_code,
    h.drafted_at AS since,
    NULL::timestamp with time zone AS due_at,
    NULL::uuid AS routine_id
   FROM public.whistle h
  WHERE ((h.state = 'DRAFTED'::text) AND (h.kind = 'EMERGENCY'::text))
UNION ALL
 SELECT h.county_code,
    ('REVISE:'::text || h.id) AS id,
    'REVISE'::text AS action,
    r.role,
    NULL::text[] AS ranks,
    h.drafted_by AS holder_id,
    NULL::uuid[] AS barred,
    h.case_id,
    h.id AS whistle_id,
    NULL::uuid AS assignment_id,
    NULL::text AS organization_code,
    h.street_code,
    h.community_code,
    h.grid_code,
    COALESCE(h.decided_at, h.drafted_at) AS since,
    NULL::timestamp with time zone AS due_at,
    NULL::uuid AS routine_id
   FROM (public.whistle h
     CROSS JOIN ( VALUES ('STREET_DISPATCHER'::text), ('GRID_CHIEF'::text), ('GRID_WORKER'::text)) r(role))
  WHERE ((h.state = 'DRAFTED'::text) AND ((h.kind <> 'EMERGENCY'::text) OR (h.decided_at IS NOT NULL)))
UNION ALL
 SELECT h.county_code,
    ('APPROVE:'::text || h.id) AS id,
    'APPROVE'::text AS action,
    'STREET_LEADER'::text AS role,
        CASE
            WHEN (h.kind = ANY (ARRAY['ROUTINE'::text, 'JOINT_ENFORCEMENT'::text])) THEN ARRAY['DEPUTY'::text, 'CHIEF'::text]
            ELSE ARRAY['CHIEF'::text]
        END AS ranks,
    NULL::uuid AS holder_id,
    ARRAY[h.drafted_by] AS barred,
    h.case_id,
    h.id AS whistle_id,
    NULL::uuid AS assignment_id,
    NULL::text AS organization_code,
    h.street_code,
    h.community_code,
    h.grid_code,
    COALESCE(h.submitted_at, h.drafted_at) AS since,
    NULL::timestamp with time zone AS due_at,
    NULL::uuid AS routine_id
   FROM public.whistle h
  WHERE (h.state = 'PENDING_APPROVAL'::text)
UNION ALL
 SELECT h.county_code,
    ('CONFIRM:'::text || h.id) AS id,
    'CONFIRM'::text AS action,
    'STREET_LEADER'::text AS role,
    ARRAY['DEPUTY'::text, 'CHIEF'::text] AS ranks,
    NULL::uuid AS holder_id,
    ARRAY[h.blown_by] AS barred,
    h.case_id,
    h.id AS whistle_id,
    NULL::uuid AS assignment_id,
    NULL::text AS organization_code,
    h.street_code,
    h.community_code,
    h.grid_code,
    h.blown_at AS since,
    ( SELECT max(d.due_at) AS max
           FROM public.deadline d
          WHERE ((d.county_code = h.county_code) AND (d.case_id = h.case_id) AND (d.whistle_id = h.id) AND (d.kind = 'CONFIRMATION'::text))) AS due_at,
    NULL::uuid AS routine_id
   FROM public.whistle h
  WHERE ((h.kind = 'EMERGENCY'::text) AND (h.blown_at IS NOT NULL) AND (h.confirmed_at IS NULL) AND (h.state <> 'WITHDRAWN'::text))
UNION ALL
 SELECT h.county_code,
    ('CLOSE:'::text || h.id) AS id,
    'CLOSE'::text AS action,
    'STREET_DISPATCHER'::text AS role,
    NULL::text[] AS ranks,
    NULL::uuid AS holder_id,
    ( SELECT a.handlers
           FROM public.case_hands a
          WHERE ((a.county_code = h.county_code) AND (a.case_id = h.case_id))) AS barred,
    h.case_id,
    h.id AS whistle_id,
    NULL::uuid AS assignment_id,
    NULL::text AS organization_code,
    h.street_code,
    h.community_code,
    h.grid_code,
    h.verified_at AS since,
    NULL::timestamp with time zone AS due_at,
    NULL::uuid AS routine_id
   FROM public.whistle h
  WHERE (h.state = 'VERIFIED'::text)
UNION ALL
 SELECT h.county_code,
    ('RATE:'::text || h.id) AS id,
    'RATE'::text AS action,
    'STREET_LEADER'::text AS role,
    NULL::text[] AS ranks,
    NULL::uuid AS holder_id,
    NULL::uuid[] AS barred,
    h.case_id,
    h.id AS whistle_id,
    NULL::uuid AS assignment_id,
    NULL::text AS organization_code,
    h.street_code,
    h.community_code,
    h.grid_code,
    h.closed_at AS since,
    NULL::timestamp with time zone AS due_at,
    NULL::uuid AS routine_id
   FROM public.whistle h
  WHERE ((h.state = 'CLOSED'::text) AND (EXISTS ( SELECT
           FROM public.assignment o
          WHERE ((o.county_code = h.county_code) AND (o.whistle_id = h.id) AND (o.role <> 'INFORM'::text) AND (o.state <> ALL (ARRAY['REASSIGNED'::text, 'EXCUSED'::text, 'WITHDRAWN'::text])) AND (NOT (EXISTS ( SELECT
                   FROM public.evaluation e
                  WHERE ((e.county_code = h.county_code) AND (e.case_id = h.case_id) AND (e.whistle_id = h.id) AND (e.evaluator_kind = 'STREET'::text) AND (e.organization_code = o.organization_code)))))))))
UNION ALL
 SELECT h.county_code,
    ('JUDGE:'::text || h.id) AS id,
    'JUDGE'::text AS action,
    'COUNTY_GRID_OFFICE'::text AS role,
    NULL::text[] AS ranks,
    NULL::uuid AS holder_id,
    NULL::uuid[] AS barred,
    h.case_id,
    h.id AS whistle_id,
    NULL::uuid AS assignment_id,
    NULL::text AS organization_code,
    h.street_code,
    h.community_code,
    h.grid_code,
    h.closed_at AS since,
    NULL::timestamp with time zone AS due_at,
    NULL::uuid AS routine_id
   FROM public.whistle h
  WHERE ((h.state = 'CLOSED'::text) AND (NOT (EXISTS ( SELECT
           FROM public.evaluation e
          WHERE ((e.county_code = h.county_code) AND (e.case_id = h.case_id) AND (e.whistle_id = h.id) AND (e.evaluator_kind = 'COUNTY_GRID_OFFICE'::text))))))
UNION ALL
 SELECT o.county_code,
    ('CONFIRM_ARRIVAL:'::text || o.id) AS id,
    'CONFIRM_ARRIVAL'::text AS action,
    'STREET_DISPATCHER'::text AS role,
    NULL::text[] AS ranks,
    NULL::uuid AS holder_id,
    NULL::uuid[] AS barred,
    o.case_id,
    o.whistle_id,
    o.id AS assignment_id,
    o.organization_code,
    o.street_code,
    NULL::text AS community_code,
    NULL::text AS grid_code,
    o.arrived_at AS since,
    NULL::timestamp with time zone AS due_at,
    NULL::uuid AS routine_id
   FROM public.assignment o
  WHERE ((o.arrival_proof = 'DECLARED'::text) AND (o.state = ANY (ARRAY['ARRIVED'::text, 'HANDLING'::text, 'REPORTED'::text, 'RETURNED'::text])))
UNION ALL
 SELECT o.county_code,
    ('VERIFY:'::text || o.id) AS id,
    'VERIFY'::text AS action,
    'STREET_DISPATCHER'::text AS role,
    NULL::text[] AS ranks,
    NULL::uuid AS holder_id,
    ( SELECT h.handlers
           FROM public.case_hands h
          WHERE ((h.county_code = o.county_code) AND (h.case_id = o.case_id))) AS barred,
    o.case_id,
    o.whistle_id,
    o.id AS assignment_id,
    o.organization_code,
    o.street_code,
    NULL::text AS community_code,
    NULL::text AS grid_code,
    COALESCE(o.reported_at, o.updated_at) AS since,
    ( SELECT max(d.due_at) AS max
           FROM public.deadline d
          WHERE ((d.county_code = o.county_code) AND (d.case_id = o.case_id) AND (d.kind = 'VERIFICATION'::text) AND (d.state = 'RUNNING'::text))) AS due_at,
    NULL::uuid AS routine_id
   FROM public.assignment o
  WHERE (o.state = 'REPORTED'::text)
UNION ALL
 SELECT q.county_code,
    ('ANSWER:'::text || q.id) AS id,
    'ANSWER'::text AS action,
    r.role,
    NULL::text[] AS ranks,
    NULL::uuid AS holder_id,
    NULL::uuid[] AS barred,
    q.case_id,
    NULL::uuid AS whistle_id,
    q.assignment_id,
    q.organization_code,
    c.street_code,
    c.community_code,
    c.grid_code,
    q.asked_at AS since,
    NULL::timestamp with time zone AS due_at,
    NULL::uuid AS routine_id
   FROM ((public.question q
     JOIN public.case_file c ON (((c.county_code = q.county_code) AND (c.id = q.case_id))))
     CROSS JOIN ( VALUES ('STREET_DISPATCHER'::text), ('GRID_CHIEF'::text), ('GRID_WORKER'::text)) r(role))
  WHERE (q.answered_at IS NULL)
UNION ALL
 SELECT o.county_code,
    ('OWN:'::text || o.id) AS id,
        CASE
            WHEN (o.role = 'INFORM'::text) THEN 'READ'::text
            WHEN (o.state = 'NOTIFIED'::text) THEN 'ACKNOWLEDGE'::text
            WHEN ((o.state = 'ACKNOWLEDGED'::text) AND o.arrival_required) THEN 'ARRIVE'::text
            ELSE 'REPORT'::text
        END AS action,
    r.role,
    NULL::text[] AS ranks,
    o.agent_id AS holder_id,
    NULL::uuid[] AS barred,
    o.case_id,
    o.whistle_id,
    o.id AS assignment_id,
    o.organization_code,
    o.street_code,
    NULL::text AS community_code,
    NULL::text AS grid_code,
        CASE
            WHEN (o.state = 'RETURNED'::text) THEN o.updated_at
            ELSE COALESCE(o.started_at, o.arrived_at, o.acknowledged_at, o.notified_at)
        END AS since,
        CASE
            WHEN (o.role = 'INFORM'::text) THEN NULL::timestamp with time zone
            WHEN (o.state = 'NOTIFIED'::text) THEN o.acknowledge_due_at
            WHEN ((o.state = 'ACKNOWLEDGED'::text) AND o.arrival_required) THEN o.arrive_due_at
            ELSE o.result_due_at
        END AS due_at,
    NULL::uuid AS routine_id
   FROM (public.assignment o
     JOIN ( VALUES ('DEPT_HANDLER'::text), ('AGENT'::text)) r(role) ON (((o.agent_id IS NULL) = (r.role = 'DEPT_HANDLER'::text))))
  WHERE ((o.state = ANY (ARRAY['NOTIFIED'::text, 'ACKNOWLEDGED'::text, 'ARRIVED'::text, 'HANDLING'::text, 'RETURNED'::text])) AND (NOT (EXISTS ( SELECT
           FROM public.case_file c
          WHERE ((c.county_code = o.county_code) AND (c.id = o.case_id) AND (c.state = 'SUSPENDED'::text))))))
UNION ALL
 SELECT h.county_code,
    ('REVISE:'::text || h.id) AS id,
    'REVISE'::text AS action,
    'DEPT_HANDLER'::text AS role,
    NULL::text[] AS ranks,
    h.drafted_by AS holder_id,
    NULL::uuid[] AS barred,
    h.case_id,
    h.id AS whistle_id,
    NULL::uuid AS assignment_id,
    h.drafted_for AS organization_code,
    h.street_code,
    h.community_code,
    h.grid_code,
    COALESCE(h.decided_at, h.drafted_at) AS since,
    NULL::timestamp with time zone AS due_at,
    NULL::uuid AS routine_id
   FROM public.whistle h
  WHERE ((h.state = 'DRAFTED'::text) AND (h.drafted_for IS NOT NULL))
UNION ALL
 SELECT o.county_code,
    ('DECIDE:'::text || o.id) AS id,
    'DECIDE'::text AS action,
    r.role,
    NULL::text[] AS ranks,
    NULL::uuid AS holder_id,
    ARRAY[x.raised_by] AS barred,
    o.case_id,
    o.whistle_id,
    o.id AS assignment_id,
    o.organization_code,
    o.street_code,
    NULL::text AS community_code,
    NULL::text AS grid_code,
    x.raised_at AS since,
    x.decision_due_at AS due_at,
    NULL::uuid AS routine_id
   FROM ((public.assignment o
     JOIN public.dispatch_objection x ON (((x.county_code = o.county_code) AND (x.assignment_id = o.id) AND (x.decision IS NULL))))
     JOIN ( VALUES ('STREET'::text,'STREET_DISPATCHER'::text), ('STREET'::text,'STREET_LEADER'::text), ('COUNTY_GRID_OFFICE'::text,'COUNTY_GRID_OFFICE'::text)) r(arbiter, role) ON ((r.arbiter = x.arbiter)))
  WHERE (o.state = 'OBJECTED'::text)
UNION ALL
 SELECT c.county_code,
    ('EXTEND:'::text || x.id) AS id,
    'EXTEND'::text AS action,
        CASE x.approver
            WHEN 'COUNTY_GRID_OFFICE'::text THEN x.approver
            ELSE 'STREET_LEADER'::text
        END AS role,
        CASE x.approver
            WHEN 'STREET_DEPUTY'::text THEN ARRAY['DEPUTY'::text, 'CHIEF'::text]
            WHEN 'STREET_CHIEF'::text THEN ARRAY['CHIEF'::text]
            ELSE NULL::text[]
        END AS ranks,
    NULL::uuid AS holder_id,
    ARRAY[x.requested_by] AS barred,
    c.id AS case_id,
    NULL::uuid AS whistle_id,
    x.assignment_id,
    x.organization_code,
    c.street_code,
    c.community_code,
    c.grid_code,
    x.requested_at AS since,
    c.due_at,
    NULL::uuid AS routine_id
   FROM (public.extension_request x
     JOIN public.case_file c ON (((c.county_code = x.county_code) AND (c.id = x.case_id))))
  WHERE ((x.decision IS NULL) AND (c.state = ANY (ARRAY['REGISTERED'::text, 'ACCEPTED'::text, 'ASSIGNED'::text, 'HANDLING'::text, 'VERIFYING'::text, 'REOPENED'::text])))
UNION ALL
 SELECT c.county_code,
    ('VOID:'::text || c.id) AS id,
    'VOID'::text AS action,
    'STREET_LEADER'::text AS role,
    NULL::text[] AS ranks,
    NULL::uuid AS holder_id,
    ARRAY[c.void_requested_by] AS barred,
    c.id AS case_id,
    NULL::uuid AS whistle_id,
    NULL::uuid AS assignment_id,
    NULL::text AS organization_code,
    c.street_code,
    c.community_code,
    c.grid_code,
    c.void_requested_at AS since,
    NULL::timestamp with time zone AS due_at,
    NULL::uuid AS routine_id
   FROM public.case_file c
  WHERE ((c.void_requested_by IS NOT NULL) AND (c.state = ANY (ARRAY['REGISTERED'::text, 'ACCEPTED'::text, 'ASSIGNED'::text, 'HANDLING'::text, 'SUSPENDED'::text, 'VERIFYING'::text, 'REOPENED'::text])))
UNION ALL
 SELECT s.county_code,
    ('REVIEW_SUSPENSION:'::text || s.id) AS id,
    'REVIEW_SUSPENSION'::text AS action,
    'STREET_DISPATCHER'::text AS role,
    NULL::text[] AS ranks,
    NULL::uuid AS holder_id,
    NULL::uuid[] AS barred,
    s.case_id,
    NULL::uuid AS whistle_id,
    NULL::uuid AS assignment_id,
    NULL::text AS organization_code,
    c.street_code,
    c.community_code,
    c.grid_code,
    COALESCE(s.reviewed_at, s.suspended_at) AS since,
    s.review_due_at AS due_at,
    NULL::uuid AS routine_id
   FROM (public.suspension s
     JOIN public.case_file c ON (((c.county_code = s.county_code) AND (c.id = s.case_id))))
  WHERE ((s.resumed_at IS NULL) AND (c.state = 'SUSPENDED'::text))
UNION ALL
 SELECT f.county_code,
    ('EXCLUDE:'::text || f.id) AS id,
    'EXCLUDE'::text AS action,
    r.role,
    NULL::text[] AS ranks,
    NULL::uuid AS holder_id,
    ARRAY[f.exclusion_proposed_by] AS barred,
    f.case_id,
    NULL::uuid AS whistle_id,
    NULL::uuid AS assignment_id,
    NULL::text AS organization_code,
    c.street_code,
    c.community_code,
    c.grid_code,
    f.exclusion_proposed_at AS since,
    NULL::timestamp with time zone AS due_at,
    NULL::uuid AS routine_id
   FROM ((public.follow_up f
     JOIN public.case_file c ON (((c.county_code = f.county_code) AND (c.id = f.case_id))))
     CROSS JOIN ( VALUES ('STREET_LEADER'::text), ('COUNTY_GRID_OFFICE'::text)) r(role))
  WHERE ((f.exclusion_proposed_by IS NOT NULL) AND (NOT f.excluded) AND (c.state = ANY (ARRAY['CLOSED'::text, 'FOLLOWED_UP'::text])) AND ((r.role = 'STREET_LEADER'::text) OR (c.county_informed_at IS NOT NULL)))
UNION ALL
 SELECT c.county_code,
    ('REVIEW:'::text || c.id) AS id,
    'REVIEW'::text AS action,
    'STREET_LEADER'::text AS role,
    NULL::text[] AS ranks,
    NULL::uuid AS holder_id,
    NULL::uuid[] AS barred,
    c.id AS case_id,
    NULL::uuid AS whistle_id,
    NULL::uuid AS assignment_id,
    NULL::text AS organization_code,
    c.street_code,
    c.community_code,
    c.grid_code,
    f.called_at AS since,
    NULL::timestamp with time zone AS due_at,
    NULL::uuid AS routine_id
   FROM (public.case_file c
     JOIN LATERAL ( SELECT l.called_at,
            l.solved,
            l.satisfaction,
            l.excluded,
            l.review_decision
           FROM public.follow_up l
          WHERE ((l.county_code = c.county_code) AND (l.case_id = c.id) AND (l.round = c.round) AND l.contacted)
          ORDER BY l.called_at DESC, l.id DESC
         LIMIT 1) f ON (true))
  WHERE ((c.state = 'FOLLOWED_UP'::text) AND (NOT f.excluded) AND (f.review_decision IS NULL) AND ((f.solved = ANY (ARRAY['UNSOLVED'::text, 'PARTIAL'::text])) OR (f.satisfaction = 'DISSATISFIED'::text)))
UNION ALL
 SELECT e.county_code,
    ('DECIDE_RATING:'::text || e.id) AS id,
    'DECIDE_RATING'::text AS action,
    'COUNTY_GRID_OFFICE'::text AS role,
    NULL::text[] AS ranks,
    NULL::uuid AS holder_id,
    ARRAY[e.evaluator_id, e.objected_by] AS barred,
    e.case_id,
    e.whistle_id,
    e.assignment_id,
    e.organization_code,
    c.street_code,
    c.community_code,
    c.grid_code,
    e.objected_at AS since,
    NULL::timestamp with time zone AS due_at,
    NULL::uuid AS routine_id
   FROM (public.evaluation e
     JOIN public.case_file c ON (((c.county_code = e.county_code) AND (c.id = e.case_id))))
  WHERE ((e.objected_at IS NOT NULL) AND (e.objection_decision IS NULL))
UNION ALL
 SELECT p.county_code,
    ('PROMISE:'::text || p.id) AS id,
    'PROMISE'::text AS action,
    r.role,
    NULL::text[] AS ranks,
        CASE
            WHEN ((r.role <> 'DEPT_HANDLER'::text) AND ((r.role <> 'STREET_DISPATCHER'::text) OR (p.overdue_at IS NULL))) THEN p.promiser_id
            ELSE NULL::uuid
        END AS holder_id,
    NULL::uuid[] AS barred,
    p.case_id,
    NULL::uuid AS whistle_id,
    NULL::uuid AS assignment_id,
    p.organization_code,
    c.street_code,
    c.community_code,
    c.grid_code,
    p.made_at AS since,
    (((p.due_on + 1))::timestamp without time zone AT TIME ZONE 'Asia/Shanghai'::text) AS due_at,
    NULL::uuid AS routine_id
   FROM ((public.promise p
     JOIN public.case_file c ON (((c.county_code = p.county_code) AND (c.id = p.case_id))))
     JOIN ( VALUES ('DEPT_HANDLER'::text), ('STREET_DISPATCHER'::text), ('GRID_CHIEF'::text), ('GRID_WORKER'::text)) r(role) ON (
        CASE r.role
            WHEN 'DEPT_HANDLER'::text THEN (p.organization_code IS NOT NULL)
            WHEN 'STREET_DISPATCHER'::text THEN ((p.overdue_at IS NOT NULL) OR (p.organization_code IS NULL))
            ELSE ((p.organization_code IS NULL) AND (p.promiser_id IS NOT NULL))
        END))
  WHERE (p.state = 'IN_PROGRESS'::text)
UNION ALL
 SELECT m.county_code,
    ('MEETING:'::text || m.id) AS id,
    'MEETING'::text AS action,
    'STREET_DISPATCHER'::text AS role,
    NULL::text[] AS ranks,
    NULL::uuid AS holder_id,
    NULL::uuid[] AS barred,
    m.case_id,
    m.whistle_id,
    NULL::uuid AS assignment_id,
    NULL::text AS organization_code,
    c.street_code,
    c.community_code,
    c.grid_code,
    m.called_at AS since,
    m.meets_at AS due_at,
    NULL::uuid AS routine_id
   FROM (public.meeting m
     JOIN public.case_file c ON (((c.county_code = m.county_code) AND (c.id = m.case_id))))
  WHERE ((m.decided_at IS NULL) AND (c.state = ANY (ARRAY['REGISTERED'::text, 'ACCEPTED'::text, 'ASSIGNED'::text, 'HANDLING'::text, 'SUSPENDED'::text, 'VERIFYING'::text, 'REOPENED'::text])))
UNION ALL
 SELECT x.county_code,
    ('EXPORT:'::text || x.id) AS id,
    'EXPORT'::text AS action,
    'STREET_LEADER'::text AS role,
    NULL::text[] AS ranks,
    NULL::uuid AS holder_id,
    ARRAY[x.requested_by] AS barred,
    NULL::uuid AS case_id,
    NULL::uuid AS whistle_id,
    NULL::uuid AS assignment_id,
    NULL::text AS organization_code,
    x.street_code,
    NULL::text AS community_code,
    NULL::text AS grid_code,
    x.requested_at AS since,
    x.expires_at AS due_at,
    NULL::uuid AS routine_id
   FROM public.export_request x
  WHERE (x.decision IS NULL)
UNION ALL
 SELECT g.county_code,
    ('RULE:'::text || g.id) AS id,
    'RULE'::text AS action,
    r.role,
    NULL::text[] AS ranks,
    NULL::uuid AS holder_id,
    ARRAY[g.proposed_by] AS barred,
    NULL::uuid AS case_id,
    NULL::uuid AS whistle_id,
    NULL::uuid AS assignment_id,
    g.lead_organization_code AS organization_code,
    COALESCE(("left"(g.area_code, 9) || '000'::text), (lpad((g.county_code)::text, 6, '0'::text) || '000000'::text)) AS street_code,
    NULL::text AS community_code,
    NULL::text AS grid_code,
    g.proposed_at AS since,
    NULL::timestamp with time zone AS due_at,
    NULL::uuid AS routine_id
   FROM (public.routing_rule g
     CROSS JOIN ( VALUES ('STREET_LEADER'::text), ('COUNTY_GRID_OFFICE'::text)) r(role))
  WHERE (g.state = 'PROPOSED'::text)
UNION ALL
 SELECT d.county_code,
    ('ADMISSION:'::text || d.id) AS id,
    'ADMISSION'::text AS action,
    'STREET_LEADER'::text AS role,
    NULL::text[] AS ranks,
    NULL::uuid AS holder_id,
    ARRAY[d.requested_by] AS barred,
    NULL::uuid AS case_id,
    NULL::uuid AS whistle_id,
    NULL::uuid AS assignment_id,
    d.organization_code,
    d.street_code,
    NULL::text AS community_code,
    NULL::text AS grid_code,
    d.requested_at AS since,
    NULL::timestamp with time zone AS due_at,
    NULL::uuid AS routine_id
   FROM public.community_admission d
  WHERE (d.state = 'REQUESTED'::text)
UNION ALL
 SELECT s.county_code,
    ((('URGE:'::text || s.id) || ':'::text) || r.role) AS id,
    'URGE'::text AS action,
    r.role,
    NULL::text[] AS ranks,
    NULL::uuid AS holder_id,
    NULL::uuid[] AS barred,
    s.case_id,
    s.whistle_id,
    s.assignment_id,
    s.organization_code,
    s.street_code,
    s.community_code,
    s.grid_code,
    s.issued_at AS since,
    s.due_at,
    NULL::uuid AS routine_id
   FROM (public.supervision s
     JOIN ( VALUES ('STREET_DISPATCHER'::text,'STREET_DISPATCHER'::text), ('STREET_LEADER'::text,'STREET_LEADER'::text), ('COUNTY_GRID_OFFICE'::text,'COUNTY_GRID_OFFICE'::text), ('DISTRICT_GOVERNMENT'::text,'COUNTY_GRID_OFFICE'::text)) r(recipient, role) ON ((r.recipient = ANY (s.recipients))))
  WHERE ((s.ended_at IS NULL) AND (s.stage <> ALL (ARRAY['REMIND'::text, 'URGE'::text])) AND (NOT (EXISTS ( SELECT
           FROM public.supervision l
          WHERE ((l.county_code = s.county_code) AND (l.case_id = s.case_id) AND (NOT (l.deadline_id IS DISTINCT FROM s.deadline_id)) AND (NOT (l.assignment_id IS DISTINCT FROM s.assignment_id)) AND (l.ended_at IS NULL) AND (ROW(l.issued_at, l.id) > ROW(s.issued_at, s.id)) AND (l.recipients &&
                CASE r.role
                    WHEN 'COUNTY_GRID_OFFICE'::text THEN ARRAY['COUNTY_GRID_OFFICE'::text, 'DISTRICT_GOVERNMENT'::text]
                    ELSE ARRAY[r.recipient]
                END))))))
UNION ALL
 SELECT o.county_code,
    ((('ROUTINE:'::text || o.id) || ':'::text) || r.role) AS id,
    'ROUTINE'::text AS action,
    r.role,
    NULL::text[] AS ranks,
    NULL::uuid AS holder_id,
    NULL::uuid[] AS barred,
    NULL::uuid AS case_id,
    NULL::uuid AS whistle_id,
    NULL::uuid AS assignment_id,
    NULL::text AS organization_code,
    o.street_code,
    o.community_code,
    o.grid_code,
    o.begins_at AS since,
    o.due_at,
    o.id AS routine_id
   FROM (public.routine o
     CROSS JOIN LATERAL unnest(o.roles) r(role))
  WHERE ((o.done_at IS NULL) AND (o.missed_at IS NULL));

CREATE TABLE public.team (
    county_code integer NOT NULL,
    id uuid NOT NULL,
    code text NOT NULL,
    name text NOT NULL,
    kind text NOT NULL,
    field text,
    theme text,
    goal text,
    street_code text NOT NULL,
    community_code text,
    grid_code text,
    leader_id uuid,
    starts_on date,
    ends_on date,
    CONSTRAINT team_kind_check CHECK ((kind = ANY (ARRAY['REGULAR'::text, 'PROFESSIONAL'::text, 'THEME'::text, 'SEA'::text])))
);

CREATE TABLE public.team_member (
    county_code integer NOT NULL,
    id uuid NOT NULL,
    team_id uuid NOT NULL,
    account_id uuid NOT NULL,
    name text NOT NULL,
    identity text NOT NULL,
    duties text[] DEFAULT '{}'::text[] NOT NULL,
    joined_on date NOT NULL,
    left_on date
);

CREATE TABLE public.upload (
    county_code integer NOT NULL,
    id uuid NOT NULL,
    login text NOT NULL,
    case_id uuid NOT NULL,
    assignment_id uuid,
    name text NOT NULL,
    size bigint NOT NULL,
    media_type text,
    sha256 text,
    requested_at timestamp with time zone NOT NULL,
    attach_by timestamp with time zone NOT NULL,
    received_at timestamp with time zone,
    attached_at timestamp with time zone,
    CONSTRAINT upload_attached_check CHECK (((attached_at IS NULL) OR (received_at IS NOT NULL))),
    CONSTRAINT upload_received_check CHECK (((received_at IS NULL) OR ((media_type IS NOT NULL) AND (sha256 IS NOT NULL))))
);

CREATE TABLE public.vessel (
    county_code integer NOT NULL,
    id uuid NOT NULL,
    registration text NOT NULL,
    street_code text NOT NULL,
    community_code text NOT NULL,
    grid_code text NOT NULL,
    owner_household_id uuid,
    owner_person_id uuid,
    operation_mode text NOT NULL,
    crew_count integer,
    mmsi text,
    beidou_number text
);

CREATE VIEW public.waiting AS
 SELECT w.county_code,
    w.subject_id,
    w.case_id,
    COALESCE(a.organization_code, w.street_organization) AS organization_code,
        CASE
            WHEN (a.id IS NULL) THEN w.street_since
            WHEN (a.state = 'RETURNED'::text) THEN a.updated_at
            ELSE COALESCE(a.started_at, a.arrived_at, a.acknowledged_at, a.notified_at)
        END AS since
   FROM (( SELECT c.county_code,
            c.id AS subject_id,
            c.id AS case_id,
            ( SELECT d.organization_code
                   FROM public.dispatch_desk d
                  WHERE (d.street_code = c.street_code)) AS street_organization,
                CASE c.state
                    WHEN 'REGISTERED'::text THEN c.registered_at
                    WHEN 'ACCEPTED'::text THEN c.accepted_at
                    WHEN 'VERIFYING'::text THEN c.handled_at
                    ELSE c.updated_at
                END AS street_since,
                CASE
                    WHEN (c.state = ANY (ARRAY['ASSIGNED'::text, 'HANDLING'::text])) THEN ( SELECT o.id
                       FROM public.assignment o
                      WHERE ((o.county_code = c.county_code) AND (o.case_id = c.id) AND (o.round = c.round) AND (o.role <> 'INFORM'::text) AND (o.state = ANY (ARRAY['NOTIFIED'::text, 'ACKNOWLEDGED'::text, 'ARRIVED'::text, 'HANDLING'::text, 'RETURNED'::text])))
                      ORDER BY (o.role = 'LEAD'::text) DESC, o.notified_at, o.id
                     LIMIT 1)
                    ELSE NULL::uuid
                END AS assignment_id
           FROM public.case_file c
          WHERE (c.state = ANY (ARRAY['REGISTERED'::text, 'ACCEPTED'::text, 'ASSIGNED'::text, 'HANDLING'::text, 'SUSPENDED'::text, 'VERIFYING'::text, 'REOPENED'::text]))
        UNION ALL
         SELECT h.county_code,
            h.id,
            h.case_id,
            ( SELECT d.organization_code
                   FROM public.dispatch_desk d
                  WHERE (d.street_code = h.street_code)) AS organization_code,
            COALESCE(h.verified_at, h.reported_at, h.submitted_at, h.drafted_at) AS "coalesce",
                CASE
                    WHEN (h.state = ANY (ARRAY['BLOWN'::text, 'GATHERING'::text, 'HANDLING'::text])) THEN ( SELECT o.id
                       FROM public.assignment o
                      WHERE ((o.county_code = h.county_code) AND (o.whistle_id = h.id) AND (o.role <> 'INFORM'::text) AND (o.state = ANY (ARRAY['NOTIFIED'::text, 'ACKNOWLEDGED'::text, 'ARRIVED'::text, 'HANDLING'::text, 'RETURNED'::text])))
                      ORDER BY (o.role = 'LEAD'::text) DESC, o.notified_at, o.id
                     LIMIT 1)
                    ELSE NULL::uuid
                END AS "case"
           FROM public.whistle h
          WHERE (h.state = ANY (ARRAY['DRAFTED'::text, 'PENDING_APPROVAL'::text, 'BLOWN'::text, 'GATHERING'::text, 'HANDLING'::text, 'REPORTED'::text, 'VERIFIED'::text]))
        UNION ALL
         SELECT o.county_code,
            o.id,
            o.case_id,
            ( SELECT d.organization_code
                   FROM public.dispatch_desk d
                  WHERE (d.street_code = o.street_code)) AS organization_code,
            COALESCE(o.reported_at, o.updated_at) AS "coalesce",
                CASE
                    WHEN (o.state <> ALL (ARRAY['OBJECTED'::text, 'REPORTED'::text])) THEN o.id
                    ELSE NULL::uuid
                END AS "case"
           FROM public.assignment o
          WHERE (o.state = ANY (ARRAY['NOTIFIED'::text, 'ACKNOWLEDGED'::text, 'OBJECTED'::text, 'ARRIVED'::text, 'HANDLING'::text, 'REPORTED'::text, 'RETURNED'::text]))) w
     LEFT JOIN public.assignment a ON (((a.county_code = w.county_code) AND (a.id = w.assignment_id))));

CREATE TABLE public.whistle_list_item (
    county_code integer NOT NULL,
    code text NOT NULL,
    sort integer NOT NULL,
    kind text NOT NULL,
    name text NOT NULL,
    category_code text,
    lead_organization_code text NOT NULL,
    co_organization_codes text[] DEFAULT '{}'::text[] NOT NULL,
    reason_kind text NOT NULL,
    reason_template text,
    legal_basis text NOT NULL,
    valid_from date NOT NULL,
    valid_to date
);

CREATE TABLE public.whistle_party (
    county_code integer NOT NULL,
    whistle_id uuid NOT NULL,
    organization_code text NOT NULL,
    case_id uuid NOT NULL,
    role text NOT NULL,
    CONSTRAINT whistle_party_role_check CHECK ((role = ANY (ARRAY['LEAD'::text, 'CO'::text, 'INFORM'::text])))
);

CREATE TABLE public.whistle_templates (
    code text NOT NULL,
    sort integer NOT NULL,
    name text NOT NULL,
    category_code text,
    area_kind text,
    keywords text[] DEFAULT '{}'::text[] NOT NULL,
    lead_organization_code text NOT NULL,
    co_organization_codes text[] DEFAULT '{}'::text[] NOT NULL,
    emergency_line text NOT NULL
);

ALTER TABLE ONLY public.delivery_log ATTACH PARTITION public.delivery_log_default DEFAULT;

ALTER TABLE ONLY public.account_roles
    ADD CONSTRAINT account_roles_pkey PRIMARY KEY (account_id, role, scope_code);

ALTER TABLE ONLY public.accounts
    ADD CONSTRAINT accounts_login_key UNIQUE (login);

ALTER TABLE ONLY public.accounts
    ADD CONSTRAINT accounts_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.assignment
    ADD CONSTRAINT assignment_pkey PRIMARY KEY (county_code, id);

ALTER TABLE ONLY public.attachment
    ADD CONSTRAINT attachment_pkey PRIMARY KEY (county_code, id);

ALTER TABLE ONLY public.calendar_days
    ADD CONSTRAINT calendar_days_pkey PRIMARY KEY (day);

ALTER TABLE ONLY public.campaign_case
    ADD CONSTRAINT campaign_case_pkey PRIMARY KEY (county_code, campaign_id, case_id);

ALTER TABLE ONLY public.campaign
    ADD CONSTRAINT campaign_pkey PRIMARY KEY (county_code, id);

ALTER TABLE ONLY public.care_tag
    ADD CONSTRAINT care_tag_pkey PRIMARY KEY (county_code, id);

ALTER TABLE ONLY public.case_counter
    ADD CONSTRAINT case_counter_pkey PRIMARY KEY (county_code, street_code, year);

ALTER TABLE ONLY public.case_event
    ADD CONSTRAINT case_event_pkey PRIMARY KEY (county_code, case_id, seq);

ALTER TABLE ONLY public.case_file
    ADD CONSTRAINT case_file_number_key UNIQUE (county_code, number);

ALTER TABLE ONLY public.case_file
    ADD CONSTRAINT case_file_pkey PRIMARY KEY (county_code, id);

ALTER TABLE ONLY public.case_round
    ADD CONSTRAINT case_round_pkey PRIMARY KEY (county_code, case_id, round);

ALTER TABLE ONLY public.categories
    ADD CONSTRAINT categories_pkey PRIMARY KEY (code);

ALTER TABLE ONLY public.command_outcome
    ADD CONSTRAINT command_outcome_pkey PRIMARY KEY (county_code, actor, key);

ALTER TABLE ONLY public.communication
    ADD CONSTRAINT communication_pkey PRIMARY KEY (county_code, id);

ALTER TABLE ONLY public.community_admission
    ADD CONSTRAINT community_admission_pkey PRIMARY KEY (county_code, id);

ALTER TABLE ONLY public.cross_area_link
    ADD CONSTRAINT cross_area_link_pkey PRIMARY KEY (county_code, id);

ALTER TABLE ONLY public.deadline_pause
    ADD CONSTRAINT deadline_pause_pkey PRIMARY KEY (county_code, id);

ALTER TABLE ONLY public.deadline
    ADD CONSTRAINT deadline_pkey PRIMARY KEY (county_code, id);

ALTER TABLE ONLY public.deadline_stage
    ADD CONSTRAINT deadline_stage_pkey PRIMARY KEY (county_code, deadline_id, stage);

ALTER TABLE ONLY public.delivery_log
    ADD CONSTRAINT delivery_log_pkey PRIMARY KEY (county_code, at, id);

ALTER TABLE ONLY public.delivery_log_default
    ADD CONSTRAINT delivery_log_default_pkey PRIMARY KEY (county_code, at, id);

ALTER TABLE ONLY public.delivery
    ADD CONSTRAINT delivery_pkey PRIMARY KEY (county_code, organization_code, case_id, seq);

ALTER TABLE ONLY public.department_pause
    ADD CONSTRAINT department_pause_pkey PRIMARY KEY (county_code, id);

ALTER TABLE ONLY public.departments
    ADD CONSTRAINT departments_pkey PRIMARY KEY (name);

ALTER TABLE ONLY public.desk_memory
    ADD CONSTRAINT desk_memory_pkey PRIMARY KEY (county_code, assignment_id, name);

ALTER TABLE public.dispatch_objection
    ADD CONSTRAINT dispatch_objection_arbiter_check CHECK ((arbiter = ANY (ARRAY['STREET'::text, 'COUNTY_GRID_OFFICE'::text]))) NOT VALID;

ALTER TABLE public.dispatch_objection
    ADD CONSTRAINT dispatch_objection_decision_check CHECK ((decision = ANY (ARRAY['GRANTED'::text, 'REFUSED'::text]))) NOT VALID;

ALTER TABLE ONLY public.dispatch_objection
    ADD CONSTRAINT dispatch_objection_pkey PRIMARY KEY (county_code, id);

ALTER TABLE ONLY public.divisions
    ADD CONSTRAINT divisions_pkey PRIMARY KEY (code);

ALTER TABLE ONLY public.duty_list_items
    ADD CONSTRAINT duty_list_items_pkey PRIMARY KEY (code);

ALTER TABLE public.evaluation
    ADD CONSTRAINT evaluation_objection_check CHECK ((objection_decision = ANY (ARRAY['GRANTED'::text, 'REFUSED'::text]))) NOT VALID;

ALTER TABLE ONLY public.evaluation
    ADD CONSTRAINT evaluation_pkey PRIMARY KEY (county_code, id);

ALTER TABLE ONLY public.export_request
    ADD CONSTRAINT export_request_pkey PRIMARY KEY (county_code, id);

ALTER TABLE public.extension_request
    ADD CONSTRAINT extension_request_approver_check CHECK ((approver = ANY (ARRAY['STREET_DEPUTY'::text, 'STREET_CHIEF'::text, 'COUNTY_GRID_OFFICE'::text]))) NOT VALID;

ALTER TABLE public.extension_request
    ADD CONSTRAINT extension_request_decision_check CHECK ((decision = ANY (ARRAY['GRANTED'::text, 'REFUSED'::text]))) NOT VALID;

ALTER TABLE ONLY public.extension_request
    ADD CONSTRAINT extension_request_pkey PRIMARY KEY (county_code, id);

ALTER TABLE ONLY public.feed_epoch
    ADD CONSTRAINT feed_epoch_pkey PRIMARY KEY (epoch);

ALTER TABLE ONLY public.file_access
    ADD CONSTRAINT file_access_pkey PRIMARY KEY (county_code, id);

ALTER TABLE ONLY public.follow_up
    ADD CONSTRAINT follow_up_pkey PRIMARY KEY (county_code, id);

ALTER TABLE public.follow_up
    ADD CONSTRAINT follow_up_review_check CHECK ((review_decision = ANY (ARRAY['REOPEN'::text, 'NO_REOPEN'::text]))) NOT VALID;

ALTER TABLE ONLY public.grid
    ADD CONSTRAINT grid_pkey PRIMARY KEY (county_code, code);

ALTER TABLE ONLY public.household
    ADD CONSTRAINT household_number_key UNIQUE (county_code, number);

ALTER TABLE ONLY public.household
    ADD CONSTRAINT household_pkey PRIMARY KEY (county_code, id);

ALTER TABLE ONLY public.lane
    ADD CONSTRAINT lane_pkey PRIMARY KEY (county_code, organization_code, case_id);

ALTER TABLE ONLY public.lane_state
    ADD CONSTRAINT lane_state_pkey PRIMARY KEY (county_code, department);

ALTER TABLE ONLY public.meeting_participant
    ADD CONSTRAINT meeting_participant_pkey PRIMARY KEY (county_code, meeting_id, organization_code);

ALTER TABLE ONLY public.meeting
    ADD CONSTRAINT meeting_pkey PRIMARY KEY (county_code, id);

ALTER TABLE ONLY public.merge_link
    ADD CONSTRAINT merge_link_pkey PRIMARY KEY (county_code, id);

ALTER TABLE ONLY public.message
    ADD CONSTRAINT message_pkey PRIMARY KEY (county_code, id);

ALTER TABLE ONLY public.migrations
    ADD CONSTRAINT migrations_pkey PRIMARY KEY (number);

ALTER TABLE ONLY public.organizations
    ADD CONSTRAINT organizations_pkey PRIMARY KEY (code);

ALTER TABLE ONLY public.pause_note
    ADD CONSTRAINT pause_note_pkey PRIMARY KEY (county_code, pause_id, resumed, case_id);

ALTER TABLE ONLY public.person
    ADD CONSTRAINT person_id_number_key UNIQUE (county_code, id_number_hash);

ALTER TABLE ONLY public.person
    ADD CONSTRAINT person_pkey PRIMARY KEY (county_code, id);

ALTER TABLE ONLY public.person
    ADD CONSTRAINT person_reference_key UNIQUE (county_code, reference);

ALTER TABLE ONLY public.personal_data_access
    ADD CONSTRAINT personal_data_access_pkey PRIMARY KEY (county_code, id);

ALTER TABLE ONLY public.promise
    ADD CONSTRAINT promise_pkey PRIMARY KEY (county_code, id);

ALTER TABLE ONLY public.question
    ADD CONSTRAINT question_pkey PRIMARY KEY (county_code, id);

ALTER TABLE ONLY public.report
    ADD CONSTRAINT report_pkey PRIMARY KEY (county_code, id);

ALTER TABLE ONLY public.routine
    ADD CONSTRAINT routine_occurrence_key UNIQUE (county_code, name, area_code, begins_at);

ALTER TABLE ONLY public.routine
    ADD CONSTRAINT routine_pkey PRIMARY KEY (county_code, id);

ALTER TABLE ONLY public.routing_rule
    ADD CONSTRAINT routing_rule_pkey PRIMARY KEY (county_code, id);

ALTER TABLE ONLY public.routing_rule
    ADD CONSTRAINT routing_rule_version_key UNIQUE (county_code, code, version);

ALTER TABLE ONLY public.schedule
    ADD CONSTRAINT schedule_pkey PRIMARY KEY (name);

ALTER TABLE ONLY public.service_centre
    ADD CONSTRAINT service_centre_pkey PRIMARY KEY (county_code, code);

ALTER TABLE ONLY public.settings
    ADD CONSTRAINT settings_pkey PRIMARY KEY (name);

ALTER TABLE ONLY public.supervision
    ADD CONSTRAINT supervision_pkey PRIMARY KEY (county_code, id);

ALTER TABLE ONLY public.suspension
    ADD CONSTRAINT suspension_pkey PRIMARY KEY (county_code, id);

ALTER TABLE ONLY public.team
    ADD CONSTRAINT team_code_key UNIQUE (county_code, code);

ALTER TABLE ONLY public.team_member
    ADD CONSTRAINT team_member_pkey PRIMARY KEY (county_code, id);

ALTER TABLE ONLY public.team
    ADD CONSTRAINT team_pkey PRIMARY KEY (county_code, id);

ALTER TABLE ONLY public.upload
    ADD CONSTRAINT upload_pkey PRIMARY KEY (county_code, id);

ALTER TABLE ONLY public.verification
    ADD CONSTRAINT verification_pkey PRIMARY KEY (county_code, id);

ALTER TABLE ONLY public.vessel
    ADD CONSTRAINT vessel_pkey PRIMARY KEY (county_code, id);

ALTER TABLE ONLY public.vessel
    ADD CONSTRAINT vessel_registration_key UNIQUE (county_code, registration);

ALTER TABLE ONLY public.whistle_list_item
    ADD CONSTRAINT whistle_list_item_pkey PRIMARY KEY (county_code, code);

ALTER TABLE ONLY public.whistle
    ADD CONSTRAINT whistle_number_key UNIQUE (county_code, number);

ALTER TABLE ONLY public.whistle_party
    ADD CONSTRAINT whistle_party_pkey PRIMARY KEY (county_code, whistle_id, organization_code);

ALTER TABLE ONLY public.whistle
    ADD CONSTRAINT whistle_pkey PRIMARY KEY (county_code, id);

ALTER TABLE ONLY public.whistle_templates
    ADD CONSTRAINT whistle_templates_pkey PRIMARY KEY (code);

CREATE INDEX assignment_case_index ON public.assignment USING btree (county_code, case_id, notified_at, id);

CREATE INDEX assignment_declared_index ON public.assignment USING btree (county_code, street_code, arrived_at, id) WHERE ((arrival_proof = 'DECLARED'::text) AND (state = ANY (ARRAY['ARRIVED'::text, 'HANDLING'::text, 'REPORTED'::text, 'RETURNED'::text])));

CREATE INDEX assignment_inbox_case_index ON public.assignment USING btree (county_code, organization_code, case_id) INCLUDE (state);

CREATE INDEX assignment_inbox_index ON public.assignment USING btree (county_code, organization_code, notified_at DESC, id DESC);

CREATE UNIQUE INDEX assignment_lead_key ON public.assignment USING btree (county_code, case_id, round) WHERE ((role = 'LEAD'::text) AND (state <> ALL (ARRAY['REASSIGNED'::text, 'EXCUSED'::text, 'WITHDRAWN'::text])));

CREATE INDEX assignment_open_index ON public.assignment USING btree (county_code, organization_code, notified_at, id) WHERE (state = ANY (ARRAY['NOTIFIED'::text, 'ACKNOWLEDGED'::text, 'ARRIVED'::text, 'HANDLING'::text, 'RETURNED'::text]));

CREATE UNIQUE INDEX assignment_organization_key ON public.assignment USING btree (county_code, case_id, round, organization_code) WHERE ((agent_id IS NULL) AND (state <> ALL (ARRAY['REASSIGNED'::text, 'EXCUSED'::text, 'WITHDRAWN'::text])));

CREATE INDEX assignment_reported_index ON public.assignment USING btree (county_code, street_code, reported_at, id) WHERE (state = ANY (ARRAY['OBJECTED'::text, 'REPORTED'::text]));

CREATE INDEX assignment_whistle_index ON public.assignment USING btree (county_code, whistle_id, notified_at, id);

CREATE INDEX attachment_case_index ON public.attachment USING btree (county_code, case_id, created_at, id);

CREATE INDEX campaign_case_case_index ON public.campaign_case USING btree (county_code, case_id);

CREATE INDEX campaign_source_index ON public.campaign USING btree (county_code, source_case_id);

CREATE INDEX campaign_street_index ON public.campaign USING btree (county_code, street_code, started_at, id);

CREATE INDEX care_tag_person_valid_index ON public.care_tag USING btree (county_code, person_id, valid_from, id);

CREATE INDEX case_event_at_index ON public.case_event USING btree (county_code, at);

CREATE INDEX case_event_feed_index ON public.case_event USING btree (xid, id);

CREATE INDEX case_file_accused_index ON public.case_file USING btree (county_code, accused_organization_code) WHERE (accused_organization_code IS NOT NULL);

CREATE INDEX case_file_agent_index ON public.case_file USING btree (county_code, agent_id, registered_at DESC, id DESC) WHERE (agent_id IS NOT NULL);

CREATE INDEX case_file_community_index ON public.case_file USING btree (county_code, community_code, registered_at DESC, id DESC);

CREATE INDEX case_file_county_index ON public.case_file USING btree (county_code, registered_at DESC, id DESC);

CREATE INDEX case_file_due_index ON public.case_file USING btree (county_code, street_code, due_at, id) WHERE (closed_at IS NULL);

CREATE INDEX case_file_grid_index ON public.case_file USING btree (county_code, grid_code, registered_at DESC, id DESC);

CREATE INDEX case_file_informed_index ON public.case_file USING btree (county_code, street_code, state, registered_at DESC, id DESC) WHERE (county_informed_at IS NOT NULL);

CREATE INDEX case_file_merged_index ON public.case_file USING btree (county_code, merged_into) WHERE (merged_into IS NOT NULL);

CREATE INDEX case_file_open_index ON public.case_file USING btree (county_code, street_code, registered_at DESC, id DESC) WHERE ((closed_at IS NULL) AND (state <> ALL (ARRAY['NOT_ACCEPTED'::text, 'MERGED'::text, 'CANCELLED'::text])));

CREATE INDEX case_file_phone_index ON public.case_file USING btree (county_code, reporter_phone_hash, registered_at DESC);

CREATE INDEX case_file_point_index ON public.case_file USING gist (point);

CREATE INDEX case_file_receiver_index ON public.case_file USING btree (county_code, first_receiver_id, registered_at DESC, id DESC);

CREATE INDEX case_file_reporter_index ON public.case_file USING btree (county_code, reporter_person_id, registered_at DESC, id DESC);

CREATE INDEX case_file_search_index ON public.case_file USING gin (search_bigrams);

CREATE INDEX case_file_street_index ON public.case_file USING btree (county_code, street_code, registered_at DESC, id DESC);

CREATE INDEX case_file_street_state_index ON public.case_file USING btree (county_code, street_code, state, registered_at DESC, id DESC);

CREATE INDEX case_file_to_archive_index ON public.case_file USING btree (county_code, closed_at) WHERE (state = ANY (ARRAY['CLOSED'::text, 'FOLLOWED_UP'::text]));

CREATE INDEX command_outcome_at_index ON public.command_outcome USING btree (at);

CREATE INDEX communication_case_index ON public.communication USING btree (county_code, case_id, at, id);

CREATE INDEX community_admission_street_index ON public.community_admission USING btree (county_code, street_code, requested_at, id);

CREATE INDEX cross_area_link_case_index ON public.cross_area_link USING btree (county_code, case_id, linked_at, id);

CREATE INDEX cross_area_link_open_index ON public.cross_area_link USING btree (county_code, id) WHERE (NOT ended);

CREATE INDEX deadline_assignment_index ON public.deadline USING btree (county_code, assignment_id, kind);

CREATE INDEX deadline_case_assignment_index ON public.deadline USING btree (county_code, case_id, assignment_id, due_at, id);

CREATE INDEX deadline_pause_case_index ON public.deadline_pause USING btree (county_code, case_id, paused_at, id);

CREATE INDEX deadline_stage_case_index ON public.deadline_stage USING btree (county_code, case_id, due_at);

CREATE INDEX deadline_stage_due_index ON public.deadline_stage USING btree (due_at);

CREATE INDEX deadline_stage_failed_index ON public.deadline_stage USING btree (county_code, retry_at) WHERE (failures > 0);

CREATE INDEX delivery_log_case_index ON ONLY public.delivery_log USING btree (county_code, case_id, at);

CREATE INDEX delivery_log_default_county_code_case_id_at_idx ON public.delivery_log_default USING btree (county_code, case_id, at);

CREATE INDEX department_pause_department_index ON public.department_pause USING btree (county_code, department, paused_at DESC, id DESC);

CREATE INDEX dispatch_objection_assignment_index ON public.dispatch_objection USING btree (county_code, assignment_id, raised_at, id);

CREATE INDEX dispatch_objection_case_index ON public.dispatch_objection USING btree (county_code, case_id, raised_at, id);

CREATE INDEX dispatch_objection_organization_index ON public.dispatch_objection USING btree (county_code, organization_code, raised_at, id);

CREATE INDEX divisions_parent_index ON public.divisions USING btree (parent_code, code);

CREATE INDEX evaluation_case_index ON public.evaluation USING btree (county_code, case_id, evaluated_at, id);

CREATE INDEX evaluation_whistle_index ON public.evaluation USING btree (county_code, whistle_id, evaluated_at, id);

CREATE INDEX export_request_index ON public.export_request USING btree (county_code, requested_at, id);

CREATE INDEX export_request_requester_index ON public.export_request USING btree (county_code, requested_by, requested_at, id);

CREATE INDEX export_request_street_index ON public.export_request USING btree (county_code, street_code, requested_at, id);

CREATE INDEX extension_request_case_index ON public.extension_request USING btree (county_code, case_id, requested_at, id);

CREATE UNIQUE INDEX extension_request_waiting_key ON public.extension_request USING btree (county_code, deadline_id) WHERE (decision IS NULL);

CREATE INDEX file_access_case_index ON public.file_access USING btree (county_code, case_id, at, id);

CREATE INDEX file_access_login_index ON public.file_access USING btree (county_code, login, at, id);

CREATE INDEX follow_up_case_index ON public.follow_up USING btree (county_code, case_id, called_at, id);

CREATE INDEX grid_boundary_index ON public.grid USING gist (boundary);

CREATE INDEX grid_community_index ON public.grid USING btree (county_code, community_code, code);

CREATE INDEX household_grid_index ON public.household USING btree (county_code, grid_code, id);

CREATE INDEX lane_age_index ON public.lane USING btree (county_code, since, organization_code, case_id);

CREATE INDEX lane_department_age_index ON public.lane USING btree (county_code, department, since, organization_code, case_id);

CREATE INDEX lane_due_index ON public.lane USING btree (county_code, department, due_at) WHERE (NOT parked);

CREATE INDEX lane_state_age_index ON public.lane USING btree (county_code, state, since, organization_code, case_id);

CREATE INDEX lane_street_age_index ON public.lane USING btree (county_code, street_code, since, organization_code, case_id);

CREATE INDEX meeting_case_index ON public.meeting USING btree (county_code, case_id, called_at, id);

CREATE INDEX meeting_street_index ON public.meeting USING btree (county_code, street_code, meets_at, id);

CREATE INDEX merge_link_case_index ON public.merge_link USING btree (county_code, case_id, merged_at, id);

CREATE INDEX merge_link_main_index ON public.merge_link USING btree (county_code, main_case_id, merged_at, id);

CREATE INDEX message_case_index ON public.message USING btree (county_code, case_id, created_at, id);

CREATE INDEX message_pending_index ON public.message USING btree (next_at) WHERE (state = 'PENDING'::text);

CREATE INDEX person_community_index ON public.person USING btree (county_code, community_code, name, id);

CREATE INDEX person_grid_index ON public.person USING btree (county_code, grid_code, name, id);

CREATE INDEX person_household_index ON public.person USING btree (county_code, household_id, id);

CREATE INDEX person_phone_index ON public.person USING btree (county_code, phone_hash);

CREATE INDEX person_search_index ON public.person USING gin (search_bigrams);

CREATE INDEX person_street_index ON public.person USING btree (county_code, street_code, name, id);

CREATE INDEX personal_data_access_login_index ON public.personal_data_access USING btree (county_code, login, at);

CREATE INDEX promise_case_index ON public.promise USING btree (county_code, case_id, made_at, id);

CREATE INDEX promise_street_index ON public.promise USING btree (county_code, street_code, due_on, id);

CREATE INDEX question_assignment_index ON public.question USING btree (county_code, assignment_id, asked_at, id);

CREATE INDEX question_case_index ON public.question USING btree (county_code, case_id, asked_at, id);

CREATE INDEX question_open_index ON public.question USING btree (county_code, asked_at, id) WHERE (answered_at IS NULL);

CREATE INDEX report_assignment_index ON public.report USING btree (county_code, assignment_id, reported_at, id);

CREATE INDEX report_case_index ON public.report USING btree (county_code, case_id, reported_at, id);

CREATE INDEX routine_county_index ON public.routine USING btree (county_code, begins_at DESC, id DESC);

CREATE INDEX routine_open_index ON public.routine USING btree (county_code, street_code, begins_at, id) WHERE ((done_at IS NULL) AND (missed_at IS NULL));

CREATE INDEX routine_street_index ON public.routine USING btree (county_code, street_code, begins_at DESC, id DESC);

CREATE INDEX routing_rule_state_index ON public.routing_rule USING btree (county_code, state, sort, code);

CREATE UNIQUE INDEX service_centre_division_key ON public.service_centre USING btree (county_code, division_code);

CREATE INDEX supervision_assignment_index ON public.supervision USING btree (county_code, assignment_id, issued_at, id) WHERE (assignment_id IS NOT NULL);

CREATE INDEX supervision_case_index ON public.supervision USING btree (county_code, case_id, issued_at, id);

CREATE INDEX supervision_deadline_index ON public.supervision USING btree (county_code, deadline_id) WHERE (ended_at IS NULL);

CREATE INDEX supervision_open_index ON public.supervision USING btree (county_code, street_code, issued_at, id) WHERE (ended_at IS NULL);

CREATE INDEX supervision_organization_index ON public.supervision USING btree (county_code, organization_code, issued_at DESC, id DESC);

CREATE INDEX supervision_stage_index ON public.supervision USING btree (county_code, stage, issued_at DESC, id DESC);

CREATE INDEX supervision_street_index ON public.supervision USING btree (county_code, street_code, issued_at DESC, id DESC);

CREATE INDEX suspension_case_index ON public.suspension USING btree (county_code, case_id, suspended_at, id);

CREATE INDEX team_grid_index ON public.team USING btree (county_code, grid_code);

CREATE INDEX team_member_account_index ON public.team_member USING btree (county_code, account_id);

CREATE INDEX team_member_team_index ON public.team_member USING btree (county_code, team_id, id);

CREATE INDEX upload_attach_by_index ON public.upload USING btree (attach_by);

CREATE INDEX verification_assignment_index ON public.verification USING btree (county_code, assignment_id, verified_at, id);

CREATE INDEX verification_case_index ON public.verification USING btree (county_code, case_id, verified_at, id);

CREATE INDEX vessel_grid_index ON public.vessel USING btree (county_code, grid_code, registration);

CREATE INDEX whistle_case_index ON public.whistle USING btree (county_code, case_id, drafted_at, id);

CREATE UNIQUE INDEX whistle_party_lead_key ON public.whistle_party USING btree (county_code, whistle_id) WHERE (role = 'LEAD'::text);

CREATE INDEX whistle_state_index ON public.whistle USING btree (county_code, street_code, state, drafted_at DESC, id DESC);

CREATE INDEX whistle_street_index ON public.whistle USING btree (county_code, street_code, drafted_at DESC, id DESC);

CREATE INDEX whistle_unconfirmed_index ON public.whistle USING btree (county_code, street_code, blown_at, id) WHERE ((kind = 'EMERGENCY'::text) AND (blown_at IS NOT NULL) AND (confirmed_at IS NULL));

ALTER INDEX public.delivery_log_case_index ATTACH PARTITION public.delivery_log_default_county_code_case_id_at_idx;

ALTER INDEX public.delivery_log_pkey ATTACH PARTITION public.delivery_log_default_pkey;

ALTER TABLE ONLY public.account_roles
    ADD CONSTRAINT account_roles_account_fkey FOREIGN KEY (account_id) REFERENCES public.accounts(id);

ALTER TABLE ONLY public.account_roles
    ADD CONSTRAINT account_roles_organization_fkey FOREIGN KEY (organization_code) REFERENCES public.organizations(code);

ALTER TABLE ONLY public.accounts
    ADD CONSTRAINT accounts_organization_fkey FOREIGN KEY (organization_code) REFERENCES public.organizations(code);

ALTER TABLE ONLY public.assignment
    ADD CONSTRAINT assignment_case_fkey FOREIGN KEY (county_code, case_id) REFERENCES public.case_file(county_code, id);

ALTER TABLE ONLY public.assignment
    ADD CONSTRAINT assignment_whistle_fkey FOREIGN KEY (county_code, whistle_id) REFERENCES public.whistle(county_code, id);

ALTER TABLE ONLY public.attachment
    ADD CONSTRAINT attachment_case_fkey FOREIGN KEY (county_code, case_id) REFERENCES public.case_file(county_code, id);

ALTER TABLE ONLY public.campaign_case
    ADD CONSTRAINT campaign_case_campaign_fkey FOREIGN KEY (county_code, campaign_id) REFERENCES public.campaign(county_code, id);

ALTER TABLE ONLY public.campaign_case
    ADD CONSTRAINT campaign_case_case_fkey FOREIGN KEY (county_code, case_id) REFERENCES public.case_file(county_code, id);

ALTER TABLE ONLY public.campaign
    ADD CONSTRAINT campaign_source_fkey FOREIGN KEY (county_code, source_case_id) REFERENCES public.case_file(county_code, id);

ALTER TABLE ONLY public.care_tag
    ADD CONSTRAINT care_tag_person_fkey FOREIGN KEY (county_code, person_id) REFERENCES public.person(county_code, id);

ALTER TABLE ONLY public.case_event
    ADD CONSTRAINT case_event_case_fkey FOREIGN KEY (county_code, case_id) REFERENCES public.case_file(county_code, id);

ALTER TABLE ONLY public.case_file
    ADD CONSTRAINT case_file_category_fkey FOREIGN KEY (category_code) REFERENCES public.categories(code);

ALTER TABLE ONLY public.case_file
    ADD CONSTRAINT case_file_grid_fkey FOREIGN KEY (county_code, grid_code) REFERENCES public.grid(county_code, code);

ALTER TABLE ONLY public.case_file
    ADD CONSTRAINT case_file_merged_fkey FOREIGN KEY (county_code, merged_into) REFERENCES public.case_file(county_code, id);

ALTER TABLE ONLY public.case_round
    ADD CONSTRAINT case_round_case_fkey FOREIGN KEY (county_code, case_id) REFERENCES public.case_file(county_code, id);

ALTER TABLE ONLY public.categories
    ADD CONSTRAINT categories_lead_fkey FOREIGN KEY (lead_organization_code) REFERENCES public.organizations(code);

ALTER TABLE ONLY public.communication
    ADD CONSTRAINT communication_case_fkey FOREIGN KEY (county_code, case_id) REFERENCES public.case_file(county_code, id);

ALTER TABLE ONLY public.cross_area_link
    ADD CONSTRAINT cross_area_link_case_fkey FOREIGN KEY (county_code, case_id) REFERENCES public.case_file(county_code, id);

ALTER TABLE ONLY public.deadline
    ADD CONSTRAINT deadline_case_fkey FOREIGN KEY (county_code, case_id) REFERENCES public.case_file(county_code, id);

ALTER TABLE ONLY public.deadline_pause
    ADD CONSTRAINT deadline_pause_case_fkey FOREIGN KEY (county_code, case_id) REFERENCES public.case_file(county_code, id);

ALTER TABLE ONLY public.dispatch_objection
    ADD CONSTRAINT dispatch_objection_assignment_fkey FOREIGN KEY (county_code, assignment_id) REFERENCES public.assignment(county_code, id);

ALTER TABLE ONLY public.divisions
    ADD CONSTRAINT divisions_parent_fkey FOREIGN KEY (parent_code) REFERENCES public.divisions(code);

ALTER TABLE ONLY public.duty_list_items
    ADD CONSTRAINT duty_list_items_lead_fkey FOREIGN KEY (lead_organization_code) REFERENCES public.organizations(code);

ALTER TABLE ONLY public.evaluation
    ADD CONSTRAINT evaluation_case_fkey FOREIGN KEY (county_code, case_id) REFERENCES public.case_file(county_code, id);

ALTER TABLE ONLY public.extension_request
    ADD CONSTRAINT extension_request_case_fkey FOREIGN KEY (county_code, case_id) REFERENCES public.case_file(county_code, id);

ALTER TABLE ONLY public.follow_up
    ADD CONSTRAINT follow_up_case_fkey FOREIGN KEY (county_code, case_id) REFERENCES public.case_file(county_code, id);

ALTER TABLE ONLY public.household
    ADD CONSTRAINT household_grid_fkey FOREIGN KEY (county_code, grid_code) REFERENCES public.grid(county_code, code);

ALTER TABLE ONLY public.meeting
    ADD CONSTRAINT meeting_case_fkey FOREIGN KEY (county_code, case_id) REFERENCES public.case_file(county_code, id);

ALTER TABLE ONLY public.meeting_participant
    ADD CONSTRAINT meeting_participant_meeting_fkey FOREIGN KEY (county_code, meeting_id) REFERENCES public.meeting(county_code, id);

ALTER TABLE ONLY public.merge_link
    ADD CONSTRAINT merge_link_case_fkey FOREIGN KEY (county_code, case_id) REFERENCES public.case_file(county_code, id);

ALTER TABLE ONLY public.merge_link
    ADD CONSTRAINT merge_link_main_fkey FOREIGN KEY (county_code, main_case_id) REFERENCES public.case_file(county_code, id);

ALTER TABLE ONLY public.message
    ADD CONSTRAINT message_case_fkey FOREIGN KEY (county_code, case_id) REFERENCES public.case_file(county_code, id);

ALTER TABLE ONLY public.organizations
    ADD CONSTRAINT organizations_department_fkey FOREIGN KEY (department) REFERENCES public.departments(name);

ALTER TABLE ONLY public.organizations
    ADD CONSTRAINT organizations_division_fkey FOREIGN KEY (division_code) REFERENCES public.divisions(code);

ALTER TABLE ONLY public.person
    ADD CONSTRAINT person_grid_fkey FOREIGN KEY (county_code, grid_code) REFERENCES public.grid(county_code, code);

ALTER TABLE ONLY public.person
    ADD CONSTRAINT person_household_fkey FOREIGN KEY (county_code, household_id) REFERENCES public.household(county_code, id);

ALTER TABLE ONLY public.promise
    ADD CONSTRAINT promise_case_fkey FOREIGN KEY (county_code, case_id) REFERENCES public.case_file(county_code, id);

ALTER TABLE ONLY public.question
    ADD CONSTRAINT question_assignment_fkey FOREIGN KEY (county_code, assignment_id) REFERENCES public.assignment(county_code, id);

ALTER TABLE ONLY public.report
    ADD CONSTRAINT report_assignment_fkey FOREIGN KEY (county_code, assignment_id) REFERENCES public.assignment(county_code, id);

ALTER TABLE ONLY public.routing_rule
    ADD CONSTRAINT routing_rule_category_fkey FOREIGN KEY (category_code) REFERENCES public.categories(code);

ALTER TABLE ONLY public.routing_rule
    ADD CONSTRAINT routing_rule_duty_fkey FOREIGN KEY (duty_item_code) REFERENCES public.duty_list_items(code);

ALTER TABLE ONLY public.routing_rule
    ADD CONSTRAINT routing_rule_lead_fkey FOREIGN KEY (lead_organization_code) REFERENCES public.organizations(code);

ALTER TABLE ONLY public.service_centre
    ADD CONSTRAINT service_centre_division_fkey FOREIGN KEY (division_code) REFERENCES public.divisions(code);

ALTER TABLE ONLY public.supervision
    ADD CONSTRAINT supervision_case_fkey FOREIGN KEY (county_code, case_id) REFERENCES public.case_file(county_code, id);

ALTER TABLE ONLY public.suspension
    ADD CONSTRAINT suspension_case_fkey FOREIGN KEY (county_code, case_id) REFERENCES public.case_file(county_code, id);

ALTER TABLE ONLY public.team_member
    ADD CONSTRAINT team_member_team_fkey FOREIGN KEY (county_code, team_id) REFERENCES public.team(county_code, id);

ALTER TABLE ONLY public.upload
    ADD CONSTRAINT upload_case_fkey FOREIGN KEY (county_code, case_id) REFERENCES public.case_file(county_code, id);

ALTER TABLE ONLY public.verification
    ADD CONSTRAINT verification_case_fkey FOREIGN KEY (county_code, case_id) REFERENCES public.case_file(county_code, id);

ALTER TABLE ONLY public.vessel
    ADD CONSTRAINT vessel_grid_fkey FOREIGN KEY (county_code, grid_code) REFERENCES public.grid(county_code, code);

ALTER TABLE ONLY public.whistle
    ADD CONSTRAINT whistle_case_fkey FOREIGN KEY (county_code, case_id) REFERENCES public.case_file(county_code, id);

ALTER TABLE ONLY public.whistle_list_item
    ADD CONSTRAINT whistle_list_item_category_fkey FOREIGN KEY (category_code) REFERENCES public.categories(code);

ALTER TABLE ONLY public.whistle_list_item
    ADD CONSTRAINT whistle_list_item_lead_fkey FOREIGN KEY (lead_organization_code) REFERENCES public.organizations(code);

ALTER TABLE ONLY public.whistle_party
    ADD CONSTRAINT whistle_party_whistle_fkey FOREIGN KEY (county_code, whistle_id) REFERENCES public.whistle(county_code, id);

ALTER TABLE ONLY public.whistle_templates
    ADD CONSTRAINT whistle_templates_category_fkey FOREIGN KEY (category_code) REFERENCES public.categories(code);

ALTER TABLE ONLY public.whistle_templates
    ADD CONSTRAINT whistle_templates_lead_fkey FOREIGN KEY (lead_organization_code) REFERENCES public.organizations(code);
