"""``shaodao work --department`` runs these departments and nothing else, ``--without`` all but these (operations guide)."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from shaodao.delivery.work import served_by_nobody, workers_alive
from shaodao.departments import load_departments
from shaodao.host import DepartmentForms
from tests.e2e.working import PACKAGE, environment_of, states, worker
from tests.integration.conftest import Street, ground, street, street_template  # noqa: F401 - fixtures
from tests.integration.delivering import emergency

NAMES = ("good", "ending", "stuck")
FIRED = "SELECT count(*) FROM case_event WHERE case_id = $1 AND type = 'deadlinePassed'"
SENT = "SELECT count(*) FROM message WHERE state = 'SENT'"


@pytest.mark.parametrize(
    ("options", "answer", "nobody", "chores"),
    [
        (("--department", "good"), {"CG"}, ("ending", "stuck"), False),
        (("--department", "good", "--department", "ending"), {"CG", "ZJ"}, ("stuck",), False),
        (("--without", "good"), {"ZJ"}, ("good",), True),
        (("--without", "good", "--without", "stuck"), {"ZJ"}, ("good", "stuck"), True),
    ],
)
async def test_each_part_does_its_own_work_alone(
    street: Street,  # noqa: F811
    open_folder: Path,
    options: tuple[str, ...],
    answer: set[str],
    nobody: tuple[str, ...],
    chores: bool,
) -> None:
    street.serve_by(DepartmentForms(load_departments([f"{PACKAGE}.{name}" for name in NAMES])))
    street.now = datetime.now(UTC) - timedelta(hours=1)
    await emergency(street, "CG", "ZJ", "XF")
    left_alone = (await emergency(street, "JJ")).case_id  # a command fires what is due of its own case
    async with worker(environment_of(street, open_folder, NAMES), *options):
        async with asyncio.timeout(20):
            while not answer <= await acknowledged(street):
                await asyncio.sleep(0.05)
            while await served_by_nobody(street.pool, NAMES, datetime.now(UTC)) != nobody:
                await asyncio.sleep(0.05)
        if chores:
            async with asyncio.timeout(10):
                while not (await street.pool.fetchval(FIRED, left_alone) and await street.pool.fetchval(SENT)):
                    await asyncio.sleep(0.05)
        assert await workers_alive(street.pool, datetime.now(UTC)) is chores
    assert await acknowledged(street) == answer
    done = await street.pool.fetchval(FIRED, left_alone), await street.pool.fetchval(SENT)
    assert all(done) if chores else not any(done)


async def acknowledged(street: Street) -> set[str]:  # noqa: F811
    """The organizations that have acknowledged."""
    return {code for code, state in (await states(street)).items() if state == "ACKNOWLEDGED"}
