-- Shared tables (plural names): small, seldom written, the same on every node.
-- Growing tables (singular names): county_code first in every key.

CREATE FUNCTION shard(relation text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    -- Where Citus is absent, or the database is not distributed yet, a growing table is an ordinary table.
    IF to_regclass('pg_catalog.pg_dist_partition') IS NOT NULL
       AND EXISTS (SELECT 1 FROM pg_catalog.pg_class WHERE relname = 'pg_dist_partition')
       AND current_setting('shaodao.distribute', true) = 'on' THEN
        EXECUTE format('SELECT create_distributed_table(%L, %L)', relation, 'county_code');
    END IF;
END
$$;

CREATE TABLE divisions (
    code text NOT NULL,
    name text NOT NULL,
    level text NOT NULL,
    parent_code text,
    edition_year int NOT NULL,
    enabled_on date,
    valid_from date,
    valid_to date,
    merged_into text,
    CONSTRAINT divisions_pkey PRIMARY KEY (code),
    CONSTRAINT divisions_code_check CHECK (code ~ '^[0-9]{12}$'),
    CONSTRAINT divisions_level_check CHECK (level IN ('PROVINCE', 'CITY', 'COUNTY', 'STREET', 'COMMUNITY')),
    CONSTRAINT divisions_parent_fkey FOREIGN KEY (parent_code) REFERENCES divisions (code)
);

CREATE INDEX divisions_parent_index ON divisions (parent_code, code);

CREATE TABLE departments (
    name text NOT NULL,
    title text NOT NULL,
    version text NOT NULL,
    organizations text[] NOT NULL,
    declaration jsonb NOT NULL,
    form jsonb NOT NULL,
    registered_at timestamptz NOT NULL,
    CONSTRAINT departments_pkey PRIMARY KEY (name)
);

CREATE TABLE organizations (
    code text NOT NULL,
    name text NOT NULL,
    short_name text,
    kind text NOT NULL,
    level text NOT NULL,
    uscc text,
    division_code text,
    parent_code text,
    duty_phone text,
    is_vertical boolean NOT NULL DEFAULT false,
    department text,
    CONSTRAINT organizations_pkey PRIMARY KEY (code),
    CONSTRAINT organizations_kind_check CHECK (
        kind IN ('PARTY', 'GOV', 'VERTICAL', 'STREET_OFFICE', 'COMMUNITY', 'UTILITY', 'PROPERTY', 'MASS', 'SOCIAL')
    ),
    CONSTRAINT organizations_division_fkey FOREIGN KEY (division_code) REFERENCES divisions (code),
    CONSTRAINT organizations_department_fkey FOREIGN KEY (department) REFERENCES departments (name)
);

CREATE TABLE accounts (
    id uuid NOT NULL,
    login text NOT NULL,
    name text NOT NULL,
    organization_code text,
    label text,
    work_phone text,
    enabled boolean NOT NULL DEFAULT true,
    CONSTRAINT accounts_pkey PRIMARY KEY (id),
    CONSTRAINT accounts_login_key UNIQUE (login),
    CONSTRAINT accounts_organization_fkey FOREIGN KEY (organization_code) REFERENCES organizations (code)
);

CREATE TABLE account_roles (
    account_id uuid NOT NULL,
    role text NOT NULL,
    scope_code text NOT NULL,
    organization_code text,
    rank text,
    CONSTRAINT account_roles_pkey PRIMARY KEY (account_id, role, scope_code),
    CONSTRAINT account_roles_rank_check CHECK (rank IN ('LINK', 'DEPUTY', 'CHIEF')),
    CONSTRAINT account_roles_account_fkey FOREIGN KEY (account_id) REFERENCES accounts (id),
    CONSTRAINT account_roles_organization_fkey FOREIGN KEY (organization_code) REFERENCES organizations (code)
);

CREATE TABLE categories (
    code text NOT NULL,
    name text NOT NULL,
    parent_code text,
    lead_organization_code text,
    sort int NOT NULL,
    active boolean NOT NULL DEFAULT true,
    from_source boolean NOT NULL DEFAULT false,
    CONSTRAINT categories_pkey PRIMARY KEY (code),
    CONSTRAINT categories_lead_fkey FOREIGN KEY (lead_organization_code) REFERENCES organizations (code)
);

CREATE TABLE duty_list_items (
    code text NOT NULL,
    list text NOT NULL,
    holder_level text NOT NULL,
    name text NOT NULL,
    category_code text,
    lead_organization_code text,
    assist_organization_codes text[] NOT NULL DEFAULT '{}',
    legal_basis text NOT NULL,
    valid_from date NOT NULL,
    valid_to date,
    CONSTRAINT duty_list_items_pkey PRIMARY KEY (code),
    CONSTRAINT duty_list_items_list_check CHECK (list IN ('BASIC', 'ASSIST', 'TAKEN_BACK')),
    CONSTRAINT duty_list_items_level_check CHECK (holder_level IN ('COUNTY', 'STREET', 'COMMUNITY')),
    CONSTRAINT duty_list_items_lead_fkey FOREIGN KEY (lead_organization_code) REFERENCES organizations (code)
);

CREATE TABLE catalogue_items (
    code text NOT NULL,
    sort int NOT NULL,
    name text NOT NULL,
    category_code text,
    area_kind text,
    keywords text[] NOT NULL DEFAULT '{}',
    lead_organization_code text NOT NULL,
    co_organization_codes text[] NOT NULL DEFAULT '{}',
    duty_item_code text,
    limit_unit text,
    limit_amount int,
    evidence_required boolean NOT NULL DEFAULT false,
    CONSTRAINT catalogue_items_pkey PRIMARY KEY (code),
    CONSTRAINT catalogue_items_category_fkey FOREIGN KEY (category_code) REFERENCES categories (code),
    CONSTRAINT catalogue_items_lead_fkey FOREIGN KEY (lead_organization_code) REFERENCES organizations (code),
    CONSTRAINT catalogue_items_duty_fkey FOREIGN KEY (duty_item_code) REFERENCES duty_list_items (code)
);

CREATE TABLE whistle_templates (
    code text NOT NULL,
    sort int NOT NULL,
    name text NOT NULL,
    category_code text,
    area_kind text,
    keywords text[] NOT NULL DEFAULT '{}',
    lead_organization_code text NOT NULL,
    co_organization_codes text[] NOT NULL DEFAULT '{}',
    emergency_line text NOT NULL,
    CONSTRAINT whistle_templates_pkey PRIMARY KEY (code),
    CONSTRAINT whistle_templates_category_fkey FOREIGN KEY (category_code) REFERENCES categories (code),
    CONSTRAINT whistle_templates_lead_fkey FOREIGN KEY (lead_organization_code) REFERENCES organizations (code)
);

CREATE TABLE calendar_days (
    day date NOT NULL,
    is_workday boolean NOT NULL,
    name text NOT NULL,
    source text NOT NULL,
    provisional boolean NOT NULL,
    CONSTRAINT calendar_days_pkey PRIMARY KEY (day)
);

CREATE TABLE settings (
    name text NOT NULL,
    value jsonb NOT NULL,
    updated_at timestamptz NOT NULL,
    CONSTRAINT settings_pkey PRIMARY KEY (name)
);

CREATE TABLE schedule (
    name text NOT NULL,
    every interval NOT NULL,
    next_at timestamptz NOT NULL,
    CONSTRAINT schedule_pkey PRIMARY KEY (name)
);

CREATE TABLE feed_epoch (
    epoch int NOT NULL,
    system_identifier text NOT NULL,
    since timestamptz NOT NULL,
    CONSTRAINT feed_epoch_pkey PRIMARY KEY (epoch)
);

CREATE TABLE grid (
    county_code int NOT NULL,
    code text NOT NULL,
    name text NOT NULL,
    kind text NOT NULL,
    area_kind text NOT NULL,
    street_code text NOT NULL,
    community_code text NOT NULL,
    boundary polygon,
    boundary_geojson jsonb,
    household_count int NOT NULL DEFAULT 0,
    person_count int,
    merchant_count int,
    vessel_count int,
    setting_factors jsonb NOT NULL DEFAULT '{}',
    size_warning text,
    chief_id uuid,
    worker_id uuid,
    operation_mode text,
    sea_area text,
    fleet_group text,
    sea_arrive_minutes int,
    valid_from date,
    valid_to date,
    predecessor_codes text[] NOT NULL DEFAULT '{}',
    CONSTRAINT grid_pkey PRIMARY KEY (county_code, code),
    CONSTRAINT grid_code_check CHECK (code ~ '^[0-9]{15}$'),
    CONSTRAINT grid_kind_check CHECK (kind IN ('BASE', 'SPECIAL', 'SEA')),
    CONSTRAINT grid_area_kind_check CHECK (area_kind IN ('URBAN', 'RURAL', 'FISHING', 'BUSINESS', 'SEA')),
    -- Z-10: a sea grid is set by three mandatory attributes instead of households.
    CONSTRAINT grid_sea_check CHECK (kind <> 'SEA' OR (operation_mode IS NOT NULL AND sea_area IS NOT NULL AND fleet_group IS NOT NULL))
);

CREATE INDEX grid_boundary_index ON grid USING gist (boundary);

CREATE INDEX grid_community_index ON grid (county_code, community_code, code);

SELECT shard('grid');

CREATE TABLE team (
    county_code int NOT NULL,
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
    CONSTRAINT team_pkey PRIMARY KEY (county_code, id),
    CONSTRAINT team_code_key UNIQUE (county_code, code),
    CONSTRAINT team_kind_check CHECK (kind IN ('REGULAR', 'PROFESSIONAL', 'THEME', 'SEA'))
);

CREATE INDEX team_grid_index ON team (county_code, grid_code);

SELECT shard('team');

CREATE TABLE team_member (
    county_code int NOT NULL,
    id uuid NOT NULL,
    team_id uuid NOT NULL,
    account_id uuid NOT NULL,
    name text NOT NULL,
    identity text NOT NULL,
    duties text[] NOT NULL DEFAULT '{}',
    joined_on date NOT NULL,
    left_on date,
    CONSTRAINT team_member_pkey PRIMARY KEY (county_code, id),
    CONSTRAINT team_member_team_fkey FOREIGN KEY (county_code, team_id) REFERENCES team (county_code, id)
);

CREATE INDEX team_member_team_index ON team_member (county_code, team_id, id);

CREATE INDEX team_member_account_index ON team_member (county_code, account_id);

SELECT shard('team_member');

CREATE TABLE household (
    county_code int NOT NULL,
    id uuid NOT NULL,
    number text NOT NULL,
    address text NOT NULL,
    street_code text NOT NULL,
    community_code text NOT NULL,
    grid_code text NOT NULL,
    head_person_id uuid,
    member_count int NOT NULL DEFAULT 0,
    contact_worker_id uuid,
    sea_grid_code text,
    created_at timestamptz NOT NULL,
    CONSTRAINT household_pkey PRIMARY KEY (county_code, id),
    CONSTRAINT household_number_key UNIQUE (county_code, number),
    CONSTRAINT household_grid_fkey FOREIGN KEY (county_code, grid_code) REFERENCES grid (county_code, code)
);

CREATE INDEX household_grid_index ON household (county_code, grid_code, id);

SELECT shard('household');

CREATE TABLE person (
    county_code int NOT NULL,
    id uuid NOT NULL,
    reference text,
    name text NOT NULL,
    gender text NOT NULL,
    birth_date date,
    id_kind text NOT NULL DEFAULT 'RESIDENT_ID',
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
    skills text[] NOT NULL DEFAULT '{}',
    archive_color text,
    archive_reason text,
    visibility text NOT NULL DEFAULT 'NORMAL',
    search_bigrams text[] NOT NULL DEFAULT '{}',
    source text,
    collected_at timestamptz NOT NULL,
    version int NOT NULL DEFAULT 1,
    CONSTRAINT person_pkey PRIMARY KEY (county_code, id),
    CONSTRAINT person_id_number_key UNIQUE (county_code, id_number_hash),
    CONSTRAINT person_reference_key UNIQUE (county_code, reference),
    CONSTRAINT person_gender_check CHECK (gender IN ('MALE', 'FEMALE', 'UNKNOWN')),
    CONSTRAINT person_residence_check CHECK (residence_kind IN ('REGISTERED', 'FLOATING', 'LEFT_BEHIND', 'OVERSEAS', 'LODGING')),
    CONSTRAINT person_color_check CHECK (archive_color IN ('RED', 'ORANGE', 'YELLOW')),
    CONSTRAINT person_visibility_check CHECK (visibility IN ('NORMAL', 'RESTRICTED_MINOR', 'RESTRICTED_SPECIAL')),
    CONSTRAINT person_household_fkey FOREIGN KEY (county_code, household_id) REFERENCES household (county_code, id),
    CONSTRAINT person_grid_fkey FOREIGN KEY (county_code, grid_code) REFERENCES grid (county_code, code)
);

CREATE INDEX person_grid_index ON person (county_code, grid_code, name, id);

CREATE INDEX person_street_index ON person (county_code, street_code, name, id);

CREATE INDEX person_household_index ON person (county_code, household_id, id);

CREATE INDEX person_phone_index ON person (county_code, phone_hash);

CREATE INDEX person_search_index ON person USING gin (search_bigrams);

SELECT shard('person');

CREATE TABLE care_tag (
    county_code int NOT NULL,
    id uuid NOT NULL,
    person_id uuid NOT NULL,
    kind text NOT NULL,
    evidence text,
    street_code text NOT NULL,
    community_code text NOT NULL,
    grid_code text NOT NULL,
    visibility text NOT NULL DEFAULT 'NORMAL',
    valid_from date NOT NULL,
    valid_to date,
    CONSTRAINT care_tag_pkey PRIMARY KEY (county_code, id),
    CONSTRAINT care_tag_person_fkey FOREIGN KEY (county_code, person_id) REFERENCES person (county_code, id)
);

CREATE INDEX care_tag_person_index ON care_tag (county_code, person_id, id);

SELECT shard('care_tag');

CREATE TABLE vessel (
    county_code int NOT NULL,
    id uuid NOT NULL,
    registration text NOT NULL,
    street_code text NOT NULL,
    community_code text NOT NULL,
    grid_code text NOT NULL,
    owner_household_id uuid,
    owner_person_id uuid,
    operation_mode text NOT NULL,
    crew_count int,
    mmsi text,
    beidou_number text,
    CONSTRAINT vessel_pkey PRIMARY KEY (county_code, id),
    CONSTRAINT vessel_registration_key UNIQUE (county_code, registration),
    CONSTRAINT vessel_grid_fkey FOREIGN KEY (county_code, grid_code) REFERENCES grid (county_code, code)
);

CREATE INDEX vessel_grid_index ON vessel (county_code, grid_code, registration);

SELECT shard('vessel');
