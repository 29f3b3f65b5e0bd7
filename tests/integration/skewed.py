"""A migrated database of many rows, unevenly spread: where a wrong plan would be slow. Made once for a module.

A quarter of the cases lies in one of thirty streets, a third in other counties; nearly all are archived; one organization of
forty has a part in a tenth of them, and another in thirty.
"""

import asyncpg

from shaodao.postgres.embedded import Cluster
from tests.conftest import TEMPLATE

CASES = 50_000
CROWDED, ELSEWHERE = "990101001000", "990102001000"
BUSY, RARE = "CG", "HS"

_STREET = f"""CASE WHEN n % 12 = 0 THEN '{ELSEWHERE}' WHEN n % 12 < 4 THEN '{CROWDED}'
    WHEN n % 12 < 7 THEN '9901' || lpad((3 + n % 7)::text, 2, '0') || '001000' ELSE '9901010' || (2 + n % 29 + 10)::text || '000' END"""
_KEYS = f"SELECT n, left(street, 6)::int AS county, street, ('00000000-0000-4000-8000-' || lpad(n::text, 12, '0'))::uuid AS id FROM generate_series(1, {CASES}) n, LATERAL (SELECT {_STREET} AS street) s"
_AT = "'2026-11-20T10:00:00+08:00'::timestamptz - n * interval '7 minutes'"
_STATE = "CASE WHEN n % 40 = 0 THEN 'ASSIGNED' WHEN n % 400 = 1 THEN 'REGISTERED' ELSE 'ARCHIVED' END"
_OPEN = "(n % 40 = 0 OR n % 400 = 1)"
_TEXT = "CASE WHEN n % 500 = 3 THEN '路口积水' ELSE '占道' || n END"
_PIECES = "CASE WHEN n % 500 = 3 THEN '{口积,积水,路口}' ELSE ARRAY['占道', '道' || n % 10, (n % 100)::text] END"
_OWED = """SELECT county_code, organization_code, case_id, 1, lower(organization_code), id, 'on_whistle', notified_at
    FROM assignment WHERE right(id::text, 12)::bigint % 7 = 0"""

_ROWS = (
    f"""INSERT INTO case_file (county_code, id, number, street_code, community_code, grid_unknown, kind, channel_group, channel,
    title, description, urgency, state, level, registered_at, due_at, closed_at, close_kind, search_bigrams, created_at, updated_at,
    county_informed_at, first_receiver_id, reporter_phone_masked)
    SELECT county, id, street || '-' || n, street, left(street, 9) || lpad((n % 20)::text, 3, '0'), true, 'COMPLAINT', 'HOTLINE', 'HOTLINE',
    {_TEXT}, {_TEXT}, CASE WHEN n % 50 = 0 THEN 'URGENT' ELSE 'GENERAL' END, {_STATE}, 'STREET', {_AT}, {_AT} + interval '5 days',
    CASE WHEN NOT {_OPEN} THEN {_AT} + interval '3 days' END, CASE WHEN NOT {_OPEN} THEN 'RESULT' END, {_PIECES}, {_AT}, {_AT},
    CASE WHEN n % 20 = 0 THEN {_AT} END, gen_random_uuid(), '100****0001' FROM ({_KEYS}) k""",
    f"""INSERT INTO case_event (county_code, case_id, seq, id, at, type, actor_role, text, public, payload, street_code, xid)
    SELECT county, id, 1, id, {_AT}, 'registered', 'STREET_DISPATCHER', '登记', true, '{{}}', street, '1'::xid8 FROM ({_KEYS}) k""",
    f"""INSERT INTO assignment (county_code, id, case_id, street_code, organization_code, role, round, state, arrival_required,
    notified_at, updated_at)
    SELECT county, id, id, street, CASE WHEN n <= 60 AND county = 990101 THEN '{RARE}' WHEN n % 10 = 4 THEN '{BUSY}' ELSE 'D' || n % 37 END, 'LEAD', 0,
    CASE WHEN {_OPEN} THEN 'NOTIFIED' ELSE 'RELEASED' END, false, {_AT}, {_AT} FROM ({_KEYS}) k WHERE {_STATE} <> 'REGISTERED'""",
    f"""INSERT INTO person (county_code, id, name, gender, residence_kind, street_code, community_code, grid_code, collected_at,
    search_bigrams)
    SELECT county, id, '例' || n, 'FEMALE', 'REGISTERED', street, left(street, 9) || lpad((n % 20)::text, 3, '0'),
    left(street, 9) || lpad((n % 20)::text, 3, '0') || lpad((n % 13)::text, 3, '0'),
    {_AT}, {_PIECES} FROM ({_KEYS}) k""",
    # What departments heard of each assignment, and what they are owed in a seventh of the cases; a hundredth of that is parked.
    "INSERT INTO delivery_log (county_code, at, id, department, organization_code, case_id, seq, assignment_id, hook, attempt,"
    " outcome) SELECT county_code, notified_at + interval '1 second', id, lower(organization_code), organization_code, case_id,"
    " 1, id, 'on_whistle', 1, 'DONE' FROM assignment",
    f"INSERT INTO delivery (county_code, organization_code, case_id, seq, department, assignment_id, hook, created_at) {_OWED}",
    """INSERT INTO lane (county_code, organization_code, case_id, department, due_at, parked, since, street_code)
    SELECT d.county_code, d.organization_code, d.case_id, d.department, d.created_at, right(d.case_id::text, 2) = '00', d.created_at,
    c.street_code FROM delivery d JOIN case_file c ON c.county_code = d.county_code AND c.id = d.case_id""",
    "INSERT INTO lane_state (county_code, department) SELECT DISTINCT county_code, department FROM lane",
)  # fmt: skip


async def make_skewed(postgres: Cluster, name: str) -> None:
    """Make the database; foreign keys are left unchecked, for the rows name registers that are not there."""
    await execute(postgres, f'CREATE DATABASE "{name}" TEMPLATE "{TEMPLATE}" STRATEGY FILE_COPY')
    connection = await asyncpg.connect(postgres.dsn(name))
    try:
        await connection.execute("SET session_replication_role = replica")
        for statement in _ROWS:
            await connection.execute(statement)
        # As near the default of 100 as looks at every row: the same statistics, and so the same plans, each time.
        await connection.execute("SET default_statistics_target = 170")
        await connection.execute("VACUUM ANALYZE")
    finally:
        await connection.close()


async def execute(postgres: Cluster, statement: str) -> None:
    """Run a statement on the server, outside any test's database."""
    connection = await asyncpg.connect(postgres.dsn("postgres"))
    try:
        await connection.execute(statement)
    finally:
        await connection.close()
