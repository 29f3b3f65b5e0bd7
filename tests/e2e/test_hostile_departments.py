"""Departments that hang, end their process, grow or cannot be imported hold up no other, and end parked."""

import asyncio
import os
import signal
from datetime import UTC, datetime
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from shaodao.delivery.supervisor import SupervisorRules, start_children
from shaodao.departments import load_departments
from shaodao.host import DepartmentForms, open_platform
from shaodao.plugin import DepartmentSettings
from shaodao.probing import ProbeLimits, load_probed
from shaodao.settings import Settings
from tests.e2e.hostile import FOLDER
from tests.e2e.working import PACKAGE, environment_of, parked, states, worker
from tests.integration.conftest import Street, ground, street, street_template  # noqa: F401 - fixtures
from tests.integration.delivering import emergency


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
        async with asyncio.timeout(20):
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
    settings = settings_of(environment)
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


_LEFT_BEHIND = """
INSERT INTO departments (name, title, version, organizations, declaration, form, registered_at, source)
VALUES ($1, $1, '1', '{GA}', $2::jsonb, '{}', now(), $1)
"""


async def test_rows_that_departments_left_behind_keep_no_process_from_its_work(
    street: Street,  # noqa: F811
    open_folder: Path,
) -> None:
    declared = '{"name": "any", "title": "公安", "version": "1", "organizations": ["GA"], "answers_for": {}}'
    for name, declaration in (("old", declared), ("renamed", declared), ("damaged", "{}")):
        await street.pool.execute(_LEFT_BEHIND, name, declaration)
    street.serve_by(DepartmentForms(load_departments([f"{PACKAGE}.good"])))
    street.now = datetime.now(UTC)
    await emergency(street, "CG")
    async with worker(environment_of(street, open_folder, ("good",))):
        async with asyncio.timeout(20):
            while (await states(street))["CG"] != "ACKNOWLEDGED":
                await asyncio.sleep(0.05)
    lines = (open_folder / "worker.log").read_text().splitlines()
    (told,) = (line for line in lines if "department_unreadable" in line)
    assert "department=damaged" in told


async def test_an_import_that_ends_the_process_ends_no_server(street: Street, open_folder: Path) -> None:  # noqa: F811
    environment = environment_of(street, open_folder, ("good", "vanishing"))
    settings = settings_of(environment)
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


async def test_an_import_that_hangs_is_ended_and_tried_again_while_the_others_answer(
    street: Street,  # noqa: F811
    open_folder: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(FOLDER, str(open_folder))
    sources = {name: f"{PACKAGE}.{name}" for name in ("good", "hanging")}
    departments = load_departments(list(sources.values()), "no.entry.points")
    hang, word = open_folder / "hang", open_folder / "hanging"
    hang.write_text("asleep")
    street.serve_by(DepartmentForms(departments))
    street.now = datetime.now(UTC)
    await emergency(street, "CG", "SC")
    settings = settings_of(environment_of(street, open_folder, ("good", "hanging")))
    with capture_logs() as lines:
        async with (
            open_platform(settings, street.dsn, departments=departments) as platform,
            start_children(platform, sources, SupervisorRules(starting=3)),
        ):
            first = await told_by(word, but="")
            async with asyncio.timeout(20):
                while (await states(street))["CG"] != "ACKNOWLEDGED":
                    await asyncio.sleep(0.02)
            hang.write_text("in a loop")
            second = await told_by(word, but=first)
            assert not _runs(int(first))
            hang.unlink()
            async with asyncio.timeout(20):
                while (await states(street))["SC"] != "ACKNOWLEDGED":
                    await asyncio.sleep(0.05)
            assert not _runs(int(second))
    reasons = [line["reason"] for line in lines if line.get("department") == "hanging"]
    assert reasons[:2] == ["the department's process was ended: it was not at work within 3 s"] * 2


async def told_by(word: Path, but: str) -> str:
    """The id that a process left as its word, another than before."""
    async with asyncio.timeout(20):
        while not (word.exists() and word.read_text() not in {"", but}):
            await asyncio.sleep(0.02)
    return word.read_text()


async def test_an_import_that_hangs_is_given_up_and_the_others_are_loaded(
    open_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(FOLDER, str(open_folder))
    (open_folder / "hang").write_text("in a loop")
    sources = [f"{PACKAGE}.{name}" for name in ("good", "hanging")]
    loaded, errors = await load_probed(sources, DepartmentSettings(), ProbeLimits(together=0.2, alone=4))
    assert [one.declaration.name for one in loaded] == ["good"]
    assert list(errors.values()) == [f"department {PACKAGE}.hanging: its import does not end within 4 seconds"]
    assert not _runs(int((open_folder / "hanging").read_text()))


async def test_an_allocation_beyond_all_bounds_fails_the_hook_and_not_its_process(
    street: Street,  # noqa: F811
    open_folder: Path,
) -> None:
    names = ("good", "greedy")
    street.serve_by(DepartmentForms(load_departments([f"{PACKAGE}.{name}" for name in names])))
    street.now = datetime.now(UTC)
    await emergency(street, "HB", "CG")
    async with worker(environment_of(street, open_folder, names)):
        async with asyncio.timeout(20):
            while not await parked(street):
                await asyncio.sleep(0.05)
        await emergency(street, "NY")
        async with asyncio.timeout(10):
            while await street.pool.fetchval("SELECT count(*) FROM lane WHERE NOT parked"):
                await asyncio.sleep(0.05)
    told = await states(street)
    assert (told["HB"], told["CG"], told["NY"]) == ("NOTIFIED", "ACKNOWLEDGED", "ACKNOWLEDGED")
    assert await parked(street) == {"HB": "MemoryError"}
    log = await street.pool.fetch("SELECT outcome FROM delivery_log WHERE organization_code = 'HB' ORDER BY at, id")
    assert [row["outcome"] for row in log] == ["FAILED", "PARKED"]
    assert (open_folder / "greedy NY").read_text() == (open_folder / "greedy HB").read_text(), "its process lives on"


def settings_of(environment: dict[str, str]) -> Settings:
    """The settings that the worker would have."""
    return Settings.from_environment({k: v for k, v in environment.items() if k.startswith("SHAODAO_")})
