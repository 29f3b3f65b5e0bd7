"""Three workers with a clock each over one database: every stage that comes due fires once, in order, and none is left."""

import asyncio
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

from shaodao.commands.running import connection_of
from shaodao.departments import load_departments
from shaodao.host import DepartmentForms
from tests.chaos.audit_clock import audit_clock
from tests.chaos.findings import Findings
from tests.e2e.working import PACKAGE, environment_of, worker
from tests.integration.conftest import Street, ground, street, street_template  # noqa: F401 - fixtures
from tests.integration.delivering import emergency

NAMES = ("good",)
CLOCKS = 3
WHISTLES = 15
LONG_AGO = timedelta(minutes=11)
"""Five minutes to acknowledge, and five until the head hears that nobody has."""

_DUE = "SELECT count(*) FROM deadline_stage WHERE due_at <= $1"
_FIRED = "SELECT count(*) FROM case_event WHERE payload ? 'stage'"


async def test_three_clocks_fire_each_stage_once(street: Street, open_folder: Path) -> None:  # noqa: F811
    street.serve_by(DepartmentForms(load_departments([f"{PACKAGE}.{name}" for name in NAMES])))
    async with AsyncExitStack() as workers:
        for folder in (open_folder / f"clock-{n}" for n in range(CLOCKS)):
            folder.mkdir()
            await workers.enter_async_context(worker(environment_of(street, folder, NAMES)))
        for _ in range(WHISTLES):
            street.now = datetime.now(UTC) - LONG_AGO
            await emergency(street, "XF", "ZJ")
        blown = datetime.now(UTC)
        async with asyncio.timeout(30):
            while await street.pool.fetchval(_DUE, blown) or not await street.pool.fetchval(_FIRED):
                await asyncio.sleep(0.05)
    findings = Findings()
    async with street.pool.acquire() as lent:
        await audit_clock(connection_of(lent), blown, findings)
    assert findings.faults == []
    stages = await street.pool.fetch(
        "SELECT payload->>'stage' AS stage, count(*) AS times FROM case_event"
        " WHERE payload->>'clock' = 'ACKNOWLEDGE' GROUP BY 1"
    )
    assert {row["stage"]: row["times"] for row in stages} == dict.fromkeys(("OVERDUE", "SUPERVISE"), WHISTLES * 2)
