"""The cases of the demonstration street as loaded: stored states, derived histories, reckoned dues."""

from datetime import datetime, timedelta

import pytest

from shaodao.commands.running import connection_of
from shaodao.demo.cases import load_cases
from tests.integration.conftest import Street


async def load(street: Street, now: datetime, *, keep_times: bool) -> None:
    """Load the cases as the demonstration does."""
    async with street.pool.acquire() as connection, connection.transaction():
        await load_cases(connection_of(connection), street.ground, now, keep_times=keep_times)


@pytest.fixture
async def kept(street: Street) -> Street:
    """The street with its cases, at the stored times."""
    await load(street, street.now, keep_times=True)
    return street


@pytest.fixture
async def moved(street: Street) -> Street:
    """The street with its cases, told at a Monday some weeks later."""
    street.now = street.now + timedelta(weeks=15, days=3)
    await load(street, street.now, keep_times=False)
    return street


async def test_every_case_is_loaded(kept: Street) -> None:
    assert await kept.pool.fetchval("SELECT count(*) FROM case_file") == 27
    assert await kept.pool.fetchval("SELECT count(*) FROM whistle") == 7


async def test_cases_moved(moved: Street) -> None:
    assert await moved.pool.fetchval("SELECT count(*) FROM case_file") == 27


async def test_zz_show(kept: Street) -> None:
    for seq in (1,3,8,9,12,13,2):
        for r in await kept.pool.fetch("select e.* from case_event e join case_file c on c.id=e.case_id where c.number like $1 order by seq", f"%-{seq:04}"):
            print(r['seq'], r['at'].isoformat()[5:16], r['type'], r['actor_name'], r['from_state'], r['to_state'], r['text'][:70])
        print()
    for r in await kept.pool.fetch("select c.number, c.state, c.due_at, c.handled_at, c.closed_at, c.county_informed_at from case_file c order by number"): print(*map(str,r.values()))
