"""A department's pause and its end stand in the history of every case in which it was owed something."""

import asyncio
from functools import partial

import pytest

from shaodao.commands import lanes
from shaodao.commands.running import connection_of
from shaodao.delivery.noting import BATCH, Noter
from shaodao.host import register_departments
from tests.integration.conftest import Street
from tests.integration.delivering import Recorder, emergency, serve
from tests.integration.test_schema_deliveries import COUNTY

CASES = 2 * BATCH + 50
PAUSED, RESUMED = "departmentPaused", "departmentResumed"
_WRITTEN = """
SELECT string_agg(column_name, ', ') AS written, string_agg('made.' || column_name, ', ') AS read
FROM information_schema.columns WHERE table_schema = 'public' AND table_name = $1 AND is_generated = 'NEVER'
"""
_CLONES = {
    ("case_file", "id"): "jsonb_build_object('id', md5('case' || n)::uuid, 'number', t.number || '-' || n)",
    ("delivery", "case_id"): "jsonb_build_object('case_id', md5('case' || n)::uuid)",
    ("lane", "case_id"): "jsonb_build_object('case_id', md5('case' || n)::uuid)",
}
_TOLD = f"""
SELECT c.id, coalesce(array_agg(e.type ORDER BY e.seq) FILTER (WHERE e.id IS NOT NULL), '{{}}') AS told
FROM case_file c LEFT JOIN case_event e ON e.case_id = c.id AND e.type IN ('{PAUSED}', '{RESUMED}')
WHERE EXISTS (SELECT FROM delivery d WHERE d.case_id = c.id) GROUP BY c.id ORDER BY c.id
"""


def noter_of(street: Street) -> Noter:
    return Noter(street.pool, street.runner, lambda: street.now)


@pytest.fixture
async def owed(street: Street) -> Street:
    """A street whose department is owed something in many cases, copies of one."""
    deliveries = serve(street, Recorder("city", ("CG",)))
    async with street.pool.acquire() as lent:
        await register_departments(connection_of(lent), deliveries.departments, street.now)
    case_id = (await emergency(street, "CG")).case_id
    for (table, key), changed in _CLONES.items():
        [names] = await street.pool.fetch(_WRITTEN, table)
        await street.pool.execute(
            f"INSERT INTO {table} ({names['written']}) SELECT {names['read']} FROM {table} t,"
            f" generate_series(2, {CASES}) AS n, jsonb_populate_record(t, {changed}) AS made WHERE t.{key} = $1",
            case_id,
        )
    return street


async def pause(street: Street) -> None:
    await street.run(partial(lanes.pause, department="city", reason="系统升级"), street.viewer(COUNTY))


async def resume(street: Street) -> None:
    await street.run(partial(lanes.resume, department="city"), street.viewer(COUNTY))


async def told(street: Street) -> list[list[str]]:
    return [list(row["told"]) for row in await street.pool.fetch(_TOLD)]


async def test_every_case_tells_a_pause_some_in_each_transaction(owed: Street) -> None:
    await pause(owed)
    assert await told(owed) == [[]] * CASES, "the act itself waits for no case"
    await noter_of(owed).one_pass()

    assert await told(owed) == [[PAUSED]] * CASES
    rows = await owed.pool.fetch(
        "SELECT text, detail, actor_name, actor_role, actor_id, payload->>'department' AS department,"
        " count(DISTINCT xid) AS transactions FROM case_event WHERE type = $1 GROUP BY 1, 2, 3, 4, 5, 6", PAUSED,
    )  # fmt: skip
    viewer = owed.viewer(COUNTY)
    assert [tuple(row) for row in rows] == [
        (f"{COUNTY}暂停向“city”投递", "系统升级", COUNTY, "COUNTY_GRID_OFFICE", viewer.account_id, "city", 3)
    ]


async def test_what_was_worked_off_after_the_end_of_a_pause_tells_it_too(owed: Street) -> None:
    await pause(owed)
    await resume(owed)
    await owed.pool.execute("DELETE FROM lane")
    await noter_of(owed).one_pass()
    assert await told(owed) == [[PAUSED, RESUMED]] * CASES
    assert await owed.pool.fetchval("SELECT count(*) FROM pause_note") == 0


async def test_a_case_that_somebody_is_at_work_on_tells_it_later_and_in_order(owed: Street) -> None:
    await pause(owed)
    await resume(owed)
    async with owed.pool.acquire() as lent, lent.transaction():
        await lent.execute("SELECT 1 FROM case_file WHERE number LIKE '%-7' FOR UPDATE")
        await noter_of(owed).one_pass()
        assert sorted(await told(owed)) == [[], *[[PAUSED]] * (CASES - 1)]
    await noter_of(owed).one_pass()
    assert await told(owed) == [[PAUSED, RESUMED]] * CASES


async def test_of_several_workers_one_tells_each_case(owed: Street) -> None:
    await pause(owed)
    await asyncio.gather(*(noter_of(owed).one_pass() for _ in range(3)))
    await noter_of(owed).one_pass()
    assert await told(owed) == [[PAUSED]] * CASES


async def test_a_department_paused_again_is_told_of_anew(owed: Street) -> None:
    for _ in range(2):
        await pause(owed)
        await resume(owed)
    await noter_of(owed).one_pass()
    assert await told(owed) == [[PAUSED, RESUMED, PAUSED, RESUMED]] * CASES
