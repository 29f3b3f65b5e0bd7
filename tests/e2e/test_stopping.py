"""A worker ends when it is told to, also while the database is gone."""

import asyncio
import os
import signal
import sys
from pathlib import Path

import pytest

from tests.integration.database_gate import gate_to

PROJECT = Path(__file__).parents[2]
ENDS_WITHIN = 10.0


async def worker(dsn: str, folder: Path) -> asyncio.subprocess.Process:
    """A worker as an operator starts it, at work."""
    environment = os.environ | {
        "SHAODAO_DATABASE_URL": dsn, "SHAODAO_DATA_DIR": str(folder / "data"), "SHAODAO_DEPARTMENTS": "none",
    }  # fmt: skip
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "shaodao", "work", cwd=PROJECT, env=environment, stderr=asyncio.subprocess.PIPE
    )
    assert process.stderr is not None
    async with asyncio.timeout(30):
        while b"workers_started" not in (line := await process.stderr.readline()):
            assert line, "the worker did not start"
    return process


@pytest.mark.parametrize(
    ("number", "silently"), [(signal.SIGINT, False), (signal.SIGTERM, False), (signal.SIGINT, True)]
)
async def test_a_worker_ends_while_the_database_is_gone(
    database: str, open_folder: Path, number: signal.Signals, silently: bool
) -> None:
    async with gate_to(database, open_folder) as (dsn, gate):
        process = await worker(dsn, open_folder)
        reading = asyncio.create_task(process.communicate())
        if silently:
            gate.freeze()
        else:
            await gate.shut()
        await asyncio.sleep(1.5)
        process.send_signal(number)
        try:
            async with asyncio.timeout(ENDS_WITHIN):
                assert await process.wait() == 0
        finally:
            if process.returncode is None:
                process.kill()
            await reading
