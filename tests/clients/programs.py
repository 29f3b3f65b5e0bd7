"""Programs of Node.js, run on the server with the npm packages that ``make clients`` installs."""

import asyncio
import json
import os
import shutil
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
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


@asynccontextmanager
async def started(
    *arguments: str, folder: Path = FOLDER, environment: Mapping[str, str], given: bytes = b""
) -> AsyncIterator[Process]:
    """Node.js at work in a folder, with something to read; it is ended afterwards."""
    process = await asyncio.create_subprocess_exec(
        node(), *arguments, cwd=folder, env=os.environ | environment, stdin=PIPE, stdout=PIPE, stderr=PIPE
    )
    assert process.stdin is not None
    process.stdin.write(given)
    process.stdin.close()
    try:
        async with asyncio.timeout(ENDS_WITHIN):
            yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def finished(*arguments: str, folder: Path = FOLDER, environment: Mapping[str, str] | None = None) -> bytes:
    """What a program prints; it must end well."""
    async with started(*arguments, folder=folder, environment=environment or {}) as process:
        printed, complained = await process.communicate()
    assert process.returncode == 0, (printed + complained).decode()
    return printed


async def run(program: str, environment: Mapping[str, str]) -> list[Line]:
    """The lines that a program of this folder prints, each an object of JSON; it must end well."""
    printed = await finished(program, environment=environment)
    return [json.loads(line) for line in printed.splitlines()]


def _give_up(reason: str) -> None:
    if os.environ.get(REQUIRED):
        pytest.fail(reason)
    pytest.skip(reason)
