"""Programs of Node.js beside this file, run on the server with the npm packages that ``make clients`` installs."""

import asyncio
import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeAlias

import pytest

FOLDER = Path(__file__).parent
Line: TypeAlias = dict[str, Any]

REQUIRED = "SHAODAO_TEST_CLIENTS"
"""Set where missing programs are a failure, as in CI; elsewhere the tests are skipped."""

ENDS_WITHIN = 60.0
"""Seconds that a program may take."""


def node() -> str:
    """The path of Node.js. Skips the test, or fails it, where that or the packages are missing."""
    found = shutil.which("node")
    if found is None:
        _give_up("Node.js is missing: 20 or later must be on the path")
    elif not (FOLDER / "node_modules" / ".package-lock.json").exists():
        _give_up("the npm packages are missing: make clients")
    return found or ""


async def run(program: str, environment: Mapping[str, str]) -> list[Line]:
    """The lines that a program prints, each an object of JSON; it must end well."""
    process = await asyncio.create_subprocess_exec(
        node(), program, cwd=FOLDER, env=os.environ | environment,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        async with asyncio.timeout(ENDS_WITHIN):
            printed, complained = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert process.returncode == 0, complained.decode()
    return [json.loads(line) for line in printed.splitlines()]


def _give_up(reason: str) -> None:
    if os.environ.get(REQUIRED):
        pytest.fail(reason)
    pytest.skip(reason)
