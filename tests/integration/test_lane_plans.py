"""A page of a county's lanes reads about a page, however many there are, and however few of them are asked for."""

import asyncio
from collections.abc import AsyncIterator, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import asyncpg
import orjson
import pytest

from schema.compiler.catalogue import Catalogue, catalogue_of
from schema.compiler.words import Words
from schema.schema import build_schema
from shaodao.domain.case_vocabulary import LaneState
from shaodao.domain.permissions import Viewer
from shaodao.lane_reading import _LANES
from shaodao.postgres.embedded import Cluster
from shaodao.postgres.pool import connect
from tests.conftest import TEMPLATE
from tests.integration.plans import MODES, Asked, Connection, Mode, answer, asked, visited, worked
from tests.integration.skewed import CROWDED, execute
from tests.integration.test_compiler_plans import NOW, VIEWERS

LANES = 20_000
RARE = 30
"""Lanes that run, which are those of the rare department and of the viewer's street: the youngest, behind all others."""
FEW = 3
"""Lanes that are looked at for each that is shown: of those that nearly all match, some are passed by."""

_AT = "'2026-11-20T10:00:00+08:00'::timestamptz - n * interval '1 minute'"
_ROWS = (
    f"""INSERT INTO case_file (county_code, id, number, street_code, community_code, grid_unknown, kind, channel_group, channel,
    title, description, urgency, state, level, registered_at, search_bigrams, created_at, updated_at)
    SELECT 990101, ('00000000-0000-4000-8000-' || lpad(n::text, 12, '0'))::uuid, '990101001-20261120-' || n,
    CASE WHEN n <= {RARE} THEN '{CROWDED}' ELSE '990101002000' END, '990101001001', true, 'COMPLAINT', 'HOTLINE', 'HOTLINE', '占道', '占道', 'GENERAL', 'ASSIGNED', 'STREET', {_AT}, '{{}}',
    {_AT}, {_AT} FROM generate_series(1, {LANES}) n""",
    f"""INSERT INTO delivery (county_code, organization_code, case_id, seq, department, assignment_id, hook, created_at)
    SELECT county_code, CASE WHEN n <= {RARE} THEN 'HS' ELSE 'CG' END, id, 1, CASE WHEN n <= {RARE} THEN 'water' ELSE 'city' END, id,
    'on_whistle', registered_at FROM case_file, LATERAL (SELECT right(id::text, 12)::bigint AS n) k""",
    # The youngest run, then some wait; half of the others are parked, the oldest half is tried again and again.
    f"""INSERT INTO lane (county_code, organization_code, case_id, department, due_at, since, holder, parked, head_failed, street_code)
    SELECT county_code, organization_code, case_id, department, created_at, created_at, CASE WHEN n <= {RARE} THEN 'worker' END,
    n BETWEEN 1000 AND {LANES} / 2, n > {LANES} / 2,
    CASE WHEN n <= {RARE} THEN '{CROWDED}' ELSE '990101002000' END FROM delivery, LATERAL (SELECT right(case_id::text, 12)::bigint AS n) k""",
    "INSERT INTO lane_state (county_code, department) VALUES (990101, 'city'), (990101, 'water')",
)  # fmt: skip
_OLD = "2026-11-10T12:00:00+08:00"
LISTS: dict[str, str] = {
    "all": "",
    **{str(state): f"filter: {{state: {state}}}" for state in LaneState},
    "of the busy department": 'filter: {department: "city"}',
    "of the rare department": 'filter: {department: "water"}',
    "the old ones": f'filter: {{owedBefore: "{_OLD}"}}',
    "the old ones of a department": f'filter: {{department: "city", owedBefore: "{_OLD}"}}',
    "parked and old": 'filter: {state: PARKED, owedBefore: "2026-11-19T12:00:00+08:00"}',
}
NODE = "caseNumber state seq since hook owed attempts lastError nextAttemptAt"


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return catalogue_of(build_schema()._schema)


def _alone(work: Coroutine[Any, Any, None]) -> None:
    """In a thread of its own, for a loop of a test may be running in this one."""
    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, work).result()


async def _fill(postgres: Cluster, name: str) -> None:
    await execute(postgres, f'CREATE DATABASE "{name}" TEMPLATE "{TEMPLATE}" STRATEGY FILE_COPY')
    connection = await asyncpg.connect(postgres.dsn(name))
    try:
        await connection.execute("SET session_replication_role = replica")
        for statement in (*_ROWS, "VACUUM ANALYZE"):
            await connection.execute(statement)
    finally:
        await connection.close()


@pytest.fixture(scope="module")
def county(postgres: Cluster) -> Iterator[str]:
    """DSN of a database with many lanes, made once; foreign keys are left unchecked."""
    name = f"lanes_{uuid4().hex}"
    _alone(_fill(postgres, name))
    yield postgres.dsn(name)
    _alone(execute(postgres, f'DROP DATABASE "{name}" WITH (FORCE)'))


@pytest.fixture
async def connection(county: str) -> AsyncIterator[Connection]:
    opened = await connect(county)
    yield opened
    await opened.close()


def listed(catalogue: Catalogue, arguments: str, who: str = "county", **variables: Any) -> Asked:
    text = f"query ($at: String) {{ deliveryLanes({arguments}) {{ nodes {{ {NODE} }} pageInfo {{ endCursor hasNextPage }} }} }}"
    viewer = Viewer("示", "示", VIEWERS[who])
    return asked(catalogue, viewer, NOW, text, variables, viewer.counties, Words())


async def assert_reads_a_page(connection: Connection, request: Asked, mode: Mode) -> list[Any]:
    """Few more lanes are looked at than are shown, with the one ahead that tells whether there are more."""
    nodes: list[Any] = (await answer(connection, request))["deliveryLanes"]["nodes"]
    work = await worked(connection, request, mode)
    lanes = sum(rows for scan, rows in work.visited.items() if " on lane " in scan)
    assert not any(scan.endswith(" on lane") for scan in work.whole)
    assert lanes <= FEW * (len(nodes) + 1), str(work)
    return nodes


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("order", ["OLDEST", "NEWEST"])
@pytest.mark.parametrize("name", LISTS)
async def test_a_page_of_lanes_reads_about_a_page(
    connection: Connection, catalogue: Catalogue, name: str, order: str, mode: Mode
) -> None:
    nodes = await assert_reads_a_page(connection, listed(catalogue, f"orderBy: {order}, {LISTS[name]}"), mode)
    assert len(nodes) == 20
    assert [node["since"] for node in nodes] == sorted((node["since"] for node in nodes), reverse=order == "NEWEST")
    assert name not in set(LaneState) or {node["state"] for node in nodes} == {name}


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("order", ["OLDEST", "NEWEST"])
async def test_a_page_of_a_quiet_street_reads_about_a_page(
    connection: Connection, catalogue: Catalogue, order: str, mode: Mode
) -> None:
    request = listed(catalogue, f"orderBy: {order}", "dispatcher")
    assert len(await assert_reads_a_page(connection, request, mode)) == 20


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("name", ["all", "RETRYING", "of the busy department", "the old ones"])
async def test_a_page_from_a_cursor_begins_there(
    connection: Connection, catalogue: Catalogue, name: str, mode: Mode
) -> None:
    first = (await answer(connection, listed(catalogue, f"first: 100, {LISTS[name]}")))["deliveryLanes"]
    request = listed(catalogue, f"after: $at, {LISTS[name]}", at=first["pageInfo"]["endCursor"])
    nodes = await assert_reads_a_page(connection, request, mode)
    assert nodes[0]["since"] > first["nodes"][-1]["since"]


@pytest.mark.parametrize("wanted", ["NULL, NULL", "'water', NULL", "NULL, 'RUNNING'", "'city', 'PARKED'"])
async def test_the_operators_list_reads_about_what_it_shows(connection: Connection, wanted: str) -> None:
    await connection.execute(f"PREPARE listed (int, text, text, text, int) AS {_LANES}")
    given = f"(990101, {wanted}, NULL, 20)"
    told = await connection.fetchval(f"EXPLAIN (ANALYZE, TIMING OFF, BUFFERS OFF, FORMAT JSON) EXECUTE listed {given}")
    shown = await connection.fetch(f"EXECUTE listed {given}")
    plan = orjson.loads(told)[0]["Plan"]
    lanes = sum(rows for scan, rows in visited(plan).items() if " on lane " in scan)
    assert len(shown) == 20
    assert lanes <= FEW * 20
