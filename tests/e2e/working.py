"""A worker as an operator starts it, with departments of tests/e2e/hostile, and what stands of its work."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from tests.e2e.hostile import FOLDER
from tests.integration.conftest import Street

PROJECT = Path(__file__).parents[2]
PACKAGE = "tests.e2e.hostile"


def environment_of(street: Street, folder: Path, names: tuple[str, ...]) -> dict[str, str]:
    """For a worker with these departments, whose limits are low."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("SHAODAO_")}
    return kept | {
        "SHAODAO_DATABASE_URL": street.dsn,
        "SHAODAO_DATA_DIR": str(folder / "data"),
        "SHAODAO_DEPARTMENTS": ",".join(f"{PACKAGE}.{name}" for name in names),
        "SHAODAO_HOOK_TIMEOUT": "1",
        "SHAODAO_HOOK_MEMORY": "160",
        "SHAODAO_ATTEMPT_LIMIT": "2",
        "SHAODAO_FIRST_BACKOFF": "0.2",
        FOLDER: str(folder),
    }


@asynccontextmanager
async def worker(environment: dict[str, str], *options: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """A worker as an operator starts it; it must end cleanly when told to, and leave no child."""
    log = Path(environment[FOLDER]) / "worker.log"
    with log.open("w") as told:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "shaodao", "work", *options, cwd=PROJECT, env=environment, stderr=told
        )
    try:
        async with asyncio.timeout(30):
            while "workers_started" not in log.read_text():
                assert process.returncode is None, log.read_text()
                await asyncio.sleep(0.05)
        yield process
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGTERM)
            assert await asyncio.wait_for(process.wait(), 15) == 0, log.read_text()


async def states(street: Street) -> dict[str, str]:
    """The state of each organization's assignment."""
    rows = await street.pool.fetch("SELECT organization_code, state FROM assignment")
    return {row["organization_code"]: row["state"] for row in rows}


async def parked(street: Street) -> dict[str, str]:
    """The last error of each organization whose lane is parked."""
    rows = await street.pool.fetch(
        "SELECT organization_code, last_error FROM lane JOIN delivery USING (county_code, organization_code, case_id)"
        " WHERE parked"
    )
    return {row["organization_code"]: row["last_error"] for row in rows}
