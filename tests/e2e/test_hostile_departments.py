"""Departments that hang, end their process, grow or cannot be imported hold up no other, and end parked."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from shaodao.departments import load_departments
from shaodao.host import DepartmentForms, open_platform
from shaodao.settings import Settings
from tests.e2e.hostile import FOLDER
from tests.integration.conftest import Street, ground, street, street_template  # noqa: F401 - fixtures
from tests.integration.delivering import emergency

PROJECT = Path(__file__).parents[2]
PACKAGE = "tests.e2e.hostile"


def environment_of(street: Street, folder: Path, names: tuple[str, ...]) -> dict[str, str]:  # noqa: F811
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


async def states(street: Street) -> dict[str, str]:  # noqa: F811
    rows = await street.pool.fetch("SELECT organization_code, state FROM assignment")
    return {row["organization_code"]: row["state"] for row in rows}


async def parked(street: Street) -> dict[str, str]:  # noqa: F811
    rows = await street.pool.fetch(
        "SELECT organization_code, last_error FROM lane JOIN delivery USING (county_code, organization_code, case_id)"
        " WHERE parked"
    )
    return {row["organization_code"]: row["last_error"] for row in rows}


async def test_hostile_departments_are_parked_while_the_others_answer(
    street: Street,  # noqa: F811
    open_folder: Path,
) -> None:
    names = ("good", "blocking", "ending", "eating", "stuck")
    street.serve_by(DepartmentForms(load_departments([f"{PACKAGE}.{name}" for name in names])))
    street.now = datetime.now(UTC)
    await emergency(street, "CG", "GA", "MZ", "ZJ", "JJ", "WJ")

    environment = environment_of(street, open_folder, names) | {"SHAODAO_DEPARTMENT_LIMITS": "stuck.attempt_limit=5"}
    async with worker(environment):
        async with asyncio.timeout(10):
            while not {"CG", "ZJ"} <= {
                code for code, state in (await states(street)).items() if state == "ACKNOWLEDGED"
            }:
                await asyncio.sleep(0.05)
        assert "GA" not in await parked(street)
        async with asyncio.timeout(30):
            while len(await parked(street)) < 4:
                await asyncio.sleep(0.1)
        await emergency(street, "CG")
        async with asyncio.timeout(5):
            while await street.pool.fetchval("SELECT count(*) FROM lane WHERE NOT parked"):
                await asyncio.sleep(0.05)

    told = await parked(street)
    assert "held up for more than 1 s" in told["GA"]
    assert "ended with status 3" in told["MZ"]
    assert "MB of memory, more than 160" in told["JJ"]
    assert "did not end within 1 s" in told["WJ"]
    assert "4 plain hooks go on though their time has run out" in (open_folder / "worker.log").read_text()
    log = await street.pool.fetch(
        "SELECT outcome FROM delivery_log WHERE organization_code = 'GA' ORDER BY at, id"
    )  # fmt: skip
    assert [row["outcome"] for row in log] == ["LOST", "PARKED"]


async def test_a_department_that_cannot_be_imported_keeps_its_form_and_nobody_waits(
    street: Street,  # noqa: F811
    open_folder: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    names = ("good", "raising")
    environment = environment_of(street, open_folder, names)
    monkeypatch.setenv(FOLDER, str(open_folder))
    settings = Settings.from_environment({k: v for k, v in environment.items() if k.startswith("SHAODAO_")})
    async with open_platform(settings, street.dsn) as platform:
        assert not platform.departments.broken
    (open_folder / "no licence").touch()
    async with open_platform(settings, street.dsn) as platform:
        (broken,) = platform.departments.broken
        assert (broken.name, "no licence" in broken.error) == ("raising", True)
        assert platform.departments.validate("SC", {"note": "已办"}) == {"note": "已办"}
        street.serve_by(DepartmentForms(platform.departments))
    street.now = datetime.now(UTC)
    await emergency(street, "SC", "CG")
    async with worker(environment):
        async with asyncio.timeout(10):
            while (await states(street))["CG"] != "ACKNOWLEDGED":
                await asyncio.sleep(0.05)
        assert (await states(street))["SC"] == "NOTIFIED"
        (open_folder / "no licence").unlink()
        async with asyncio.timeout(20):
            while (await states(street))["SC"] != "ACKNOWLEDGED":
                await asyncio.sleep(0.05)


async def test_an_import_that_ends_the_process_ends_no_server(street: Street, open_folder: Path) -> None:  # noqa: F811
    environment = environment_of(street, open_folder, ("good", "vanishing"))
    settings = Settings.from_environment({k: v for k, v in environment.items() if k.startswith("SHAODAO_")})
    async with open_platform(settings, street.dsn) as platform:
        assert [one.name for one in platform.departments.declarations] == ["good"]
        assert "with status 7" in platform.departments.broken[0].error


async def test_a_killed_worker_takes_its_children_along(street: Street, open_folder: Path) -> None:  # noqa: F811
    street.serve_by(DepartmentForms(load_departments([f"{PACKAGE}.blocking"])))
    street.now = datetime.now(UTC)
    await emergency(street, "GA")
    environment = environment_of(street, open_folder, ("blocking",)) | {"SHAODAO_HOOK_TIMEOUT": "600"}
    async with worker(environment, "--department", "blocking") as process:
        word = open_folder / "blocking"
        async with asyncio.timeout(10):
            while not (word.exists() and word.read_text()):
                await asyncio.sleep(0.02)
        child = int(word.read_text())
        assert child != process.pid
        process.kill()
        await process.wait()
        async with asyncio.timeout(5):
            while _runs(child):
                await asyncio.sleep(0.02)


async def test_a_killed_child_s_delivery_comes_again(street: Street, open_folder: Path) -> None:  # noqa: F811
    street.serve_by(DepartmentForms(load_departments([f"{PACKAGE}.blocking"])))
    street.now = datetime.now(UTC)
    await emergency(street, "GA")
    environment = environment_of(street, open_folder, ("blocking",)) | {"SHAODAO_HOOK_TIMEOUT": "600"}
    word = open_folder / "blocking"
    async with worker(environment, "--department", "blocking"):
        async with asyncio.timeout(10):
            while not (word.exists() and word.read_text()):
                await asyncio.sleep(0.02)
        first = int(word.read_text())
        os.kill(first, signal.SIGKILL)
        async with asyncio.timeout(5):
            while word.read_text() in {"", str(first)}:
                await asyncio.sleep(0.02)
    log = await street.pool.fetch("SELECT attempt, error FROM delivery_log ORDER BY at, id")
    assert (log[0]["attempt"], log[0]["error"]) == (1, "the department's process ended by SIGKILL")


def _runs(process_id: int) -> bool:
    """Whether the process is there, and no zombie that its adopter has yet to bury."""
    try:
        return Path(f"/proc/{process_id}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
