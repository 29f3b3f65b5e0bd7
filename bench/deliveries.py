"""What the benchmark of delivery delivers: cases with an assignment each, cloned from one, and steps that are owed."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from time import time
from uuid import UUID

import asyncpg

from bench.listener import NAME, ORGANIZATION
from shaodao.commands.dispatching import PartyInput
from shaodao.commands.emergencies import EmergencyInput, blow_emergency
from shaodao.commands.history import Entry, Hearer, record
from shaodao.commands.registration import CaseInput
from shaodao.commands.transaction import Outcome, Transaction
from shaodao.domain.vocabulary import AssignmentRole, CaseKind, Channel, Role

# Each clone is the first case and its assignment under ids that are made of its number.
_COLUMNS = """
SELECT string_agg(column_name, ', ') AS written, string_agg('made.' || column_name, ', ') AS read
FROM information_schema.columns WHERE table_schema = 'public' AND table_name = $1 AND is_generated = 'NEVER'
"""
_CLONE = """
INSERT INTO case_file ({written}) SELECT {read} FROM case_file c, generate_series($2::int, $3::int) AS n,
    jsonb_populate_record(c, jsonb_build_object('id', md5('case' || n)::uuid, 'number', c.number || '-' || n)) AS made
WHERE c.id = $1
"""
_CLONE_ASSIGNMENTS = """
INSERT INTO assignment ({written}) SELECT {read} FROM assignment a, generate_series($2::int, $3::int) AS n, jsonb_populate_record(
    a, jsonb_build_object('id', md5('assignment' || n)::uuid, 'case_id', md5('case' || n)::uuid)
) AS made
WHERE a.case_id = $1
"""
_IDS = """
SELECT md5('case' || n)::uuid AS case_id, md5('assignment' || n)::uuid AS assignment_id
FROM generate_series($1::int, $2::int) AS n
"""
_STEPS = """
INSERT INTO case_event SELECT made.* FROM case_event e, generate_series($2::int, $3::int) AS n,
    generate_series(1, $4::int) AS step, jsonb_populate_record(e, jsonb_build_object(
        'case_id', md5('case' || n)::uuid, 'id', gen_random_uuid(), 'seq', 1000 + step, 'type', 'wakeUp',
        'assignment_id', md5('assignment' || n)::uuid, 'payload', jsonb_build_object('note', 'stored')
    )) AS made
WHERE e.case_id = $1 AND e.seq = 1
"""
_OWE = f"""
INSERT INTO delivery (county_code, organization_code, case_id, seq, department, assignment_id, hook, created_at)
SELECT e.county_code, '{ORGANIZATION}', e.case_id, e.seq, '{NAME}', e.assignment_id, 'on_wake', now()
FROM case_event e, generate_series($1::int, $2::int) AS n WHERE e.case_id = md5('case' || n)::uuid AND e.seq > 1000
"""
_OPEN_LANES = f"""
INSERT INTO lane (county_code, organization_code, case_id, department, due_at, since, street_code, parked)
SELECT DISTINCT d.county_code, d.organization_code, d.case_id, '{NAME}', 'infinity'::timestamptz, now(), c.street_code, $3::boolean
FROM generate_series($1::int, $2::int) AS n
JOIN delivery d ON d.case_id = md5('case' || n)::uuid
JOIN case_file c ON c.county_code = d.county_code AND c.id = d.case_id
"""
_DEADLINES = """
INSERT INTO deadline (county_code, id, case_id, kind, rule, started_at, due_at, provisional, state)
SELECT $1, md5('deadline' || n)::uuid, md5('case' || (1 + n % $3::int))::uuid, 'HANDLING', 'bench', now(),
    now() + interval '30 days' + n * interval '1 second', false, 'RUNNING'
FROM generate_series(1, $2::int) AS n
"""
_STAGES = """
INSERT INTO deadline_stage (county_code, deadline_id, stage, case_id, due_at)
SELECT county_code, id, 'OVERDUE', case_id, due_at FROM deadline WHERE rule = 'bench'
"""


@dataclass(frozen=True)
class Target:
    """A case and the assignment in it that is told."""

    case_id: UUID
    assignment_id: UUID


async def first_case(tx: Transaction) -> Outcome:
    """The command that makes the case which all others are cloned from."""
    case = CaseInput(
        kind=CaseKind.EVENT, channel=Channel.GRID_PATROL, title="雨水管爆裂", description="路面塌陷",
        division_code="990101001000",
    )  # fmt: skip
    parties = [PartyInput(ORGANIZATION, AssignmentRole.LEAD)]
    return await blow_emergency(tx, None, case, EmergencyInput(reason="人员受困", parties=parties))


async def clone(
    connection: "asyncpg.Connection[asyncpg.Record]", case_id: UUID, first: int, last: int
) -> Sequence[Target]:
    """Cases of the numbers ``first`` to ``last``."""
    for table, statement in (("case_file", _CLONE), ("assignment", _CLONE_ASSIGNMENTS)):
        columns = await connection.fetchrow(_COLUMNS, table)
        assert columns is not None, "an aggregate has a row"
        await connection.execute(statement.format(**columns), case_id, first, last)
    return [Target(row["case_id"], row["assignment_id"]) for row in await connection.fetch(_IDS, first, last)]


async def owe(
    connection: "asyncpg.Connection[asyncpg.Record]",
    case_id: UUID,
    first: int,
    last: int,
    *,
    steps: int,
    parked: bool = False,
) -> None:
    """Owe so many steps of each clone, in lanes that are not due yet."""
    await connection.execute(_STEPS, case_id, first, last, steps)
    await connection.execute(_OWE, first, last)
    await connection.execute(_OPEN_LANES, first, last, parked)


async def await_later(connection: "asyncpg.Connection[asyncpg.Record]", county: int, count: int, cases: int) -> None:
    """So many deadlines that run, of the clones up to ``cases``, none of them due within a month."""
    await connection.execute(_DEADLINES, county, count, cases)
    await connection.execute(_STAGES)


def told(target: Target, number: int, committed: dict[int, float]) -> Callable[[Transaction], Awaitable[Outcome]]:
    """A command that owes one step; the moment before its commit is noted under its number."""

    async def command(tx: Transaction) -> Outcome:
        hearers = (Hearer(target.assignment_id, ORGANIZATION, "on_wake"),)
        entry = Entry("wakeUp", "定时提醒", role=Role.SYSTEM, payload={"note": str(number)}, hearers=hearers)
        await record(tx, target.case_id, entry)
        committed[number] = time()
        return Outcome(county_code=tx.county, case_id=target.case_id, assignment_id=target.assignment_id)

    return command
