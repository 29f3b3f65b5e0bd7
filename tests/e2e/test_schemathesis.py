"""schemathesis against a server process: for a minute, every query and mutation of the schema with whatever fits it.

SHAODAO_TEST_SCHEMATHESIS sets another number of seconds. Like the clients of npm it runs where SHAODAO_TEST_CLIENTS is set, as in CI.
"""

import asyncio
import json
import os
import re
import sys
from pathlib import Path

import pytest

from bench.hostile import token_of
from bench.served import Served, served
from shaodao.postgres.embedded import Cluster
from tests.clients.programs import REQUIRED
from tests.integration.api_steps import DISPATCHER, copied, settings_of
from tests.integration.conftest import ground, street_template  # noqa: F401 - fixtures

SECONDS = os.environ.get("SHAODAO_TEST_SCHEMATHESIS", "60")
HOOKS = "tests.e2e.answers_of_graphql"
PROJECT = Path(__file__).parents[2]
EXPECTED_LINES = {"Invalid HTTP request received."}
"""Of level WARNING and above: schemathesis asks at first whether a header may hold NUL."""


@pytest.mark.skipif(not os.environ.get(REQUIRED), reason=f"takes a minute: set {REQUIRED}")
async def test_whatever_fits_the_schema_is_answered(
    postgres: Cluster,
    street_template: str,  # noqa: F811
    tmp_path: Path,
) -> None:
    async with copied(postgres, street_template) as dsn:
        token = token_of(settings_of(dsn, tmp_path), DISPATCHER)
        with served(dsn, tmp_path, SHAODAO_LIMIT_COST_PER_SECOND="0") as server:
            status, told = await _run(server, token, tmp_path)
        assert status == 0, told
        assert int(re.findall(r"(\d+) generated", told)[0]) > 100, told
        assert _complaints(server.log) == []


async def _run(server: Served, token: str, folder: Path) -> tuple[int | None, str]:
    """The status of schemathesis and what it prints; it must end soon after its time."""
    command = [
        sys.executable, "-m", "schemathesis.cli", "run", server.url, "--header", f"Authorization: Bearer {token}",
        "--phases", "fuzzing", "--max-time", SECONDS, "--checks", "answer_of_graphql", "--generation-allow-x00", "true",
        "--generation-database", "none", "--continue-on-failure", "--no-shrink", "--no-color", "--warnings", "off",
    ]  # fmt: skip
    environment = os.environ | {"SCHEMATHESIS_HOOKS": HOOKS, "PYTHONPATH": str(PROJECT)}
    process = await asyncio.create_subprocess_exec(
        *command, cwd=folder, env=environment, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    try:
        async with asyncio.timeout(float(SECONDS) + 60):
            told, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return process.returncode, told.decode()


def _complaints(log: Path) -> list[str]:
    """What the server logged as a warning or an error, or in no form at all."""
    lines = [line for line in log.read_text().splitlines() if not line.startswith("Shaodao answers on")]
    told = [line for line in lines if not line.startswith("{") or json.loads(line)["level"] not in ("debug", "info")]
    return [line for line in told if not line.startswith("{") or json.loads(line)["event"] not in EXPECTED_LINES]
