"""A worker killed in the middle of a hook: the delivery comes again within 5 seconds, and its effect stands once."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic

from shaodao.departments import load_departments
from shaodao.host import DepartmentForms
from tests.e2e.stubborn import STUCK
from tests.integration.conftest import Street, ground, street, street_template  # noqa: F401 - fixtures
from tests.integration.delivering import emergency

PROJECT = Path(__file__).parents[2]
DEPARTMENT = "tests.e2e.stubborn"
TAKEN_OVER_WITHIN = 5.0


@asynccontextmanager
async def worker(dsn: str, stuck: Path) -> AsyncIterator[asyncio.subprocess.Process]:
    """A worker as an operator starts it, at work."""
    environment = os.environ | {
        "SHAODAO_DATABASE_URL": dsn, "SHAODAO_DATA_DIR": str(stuck.parent), "SHAODAO_DEPARTMENTS": DEPARTMENT,
        "SHAODAO_HOOK_TIMEOUT": "600", STUCK: str(stuck),
    }  # fmt: skip
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "shaodao", "work", cwd=PROJECT, env=environment, stderr=asyncio.subprocess.PIPE
    )
    assert process.stderr is not None
    try:
        said = b""
        async with asyncio.timeout(30):
            while b"workers_started" not in said:
                line = await process.stderr.readline()
                assert line, f"the worker did not start: {said.decode()}"
                said += line
        yield process
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGTERM)
        await process.communicate()


async def test_what_a_killed_worker_held_is_taken_over_and_done_once(
    street: Street,  # noqa: F811
    open_folder: Path,
) -> None:
    street.serve_by(DepartmentForms(load_departments((DEPARTMENT,))))
    street.now = datetime.now(UTC)
    outcome = await emergency(street, "CG")
    stuck = open_folder / "stuck"

    async with worker(street.dsn, stuck) as first:
        async with asyncio.timeout(10):
            while not stuck.exists():
                await asyncio.sleep(0.05)
        async with worker(street.dsn, stuck) as second:
            first.kill()
            killed_at = monotonic()
            while await street.pool.fetchval("SELECT count(*) FROM delivery"):
                assert monotonic() - killed_at < TAKEN_OVER_WITHIN
                await asyncio.sleep(0.05)
            second.send_signal(signal.SIGTERM)
            assert await asyncio.wait_for(second.wait(), 10) == 0

    history = await street.pool.fetch("SELECT type FROM case_event WHERE case_id = $1 ORDER BY seq", outcome.case_id)
    told = [row["type"] for row in history if row["type"] in {"askQuestion", "acknowledgeAssignment"}]
    assert told == ["askQuestion", "acknowledgeAssignment"]
    log = await street.pool.fetch("SELECT outcome, attempt FROM delivery_log ORDER BY at, id")
    assert [(row["outcome"], row["attempt"]) for row in log] == [("LOST", 1), ("DONE", 2)]
