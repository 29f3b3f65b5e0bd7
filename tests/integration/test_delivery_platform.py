"""The host and its workers: a platform on a real database, at work by the real clock."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest

from shaodao.delivery.housekeeping import Housekeeper
from shaodao.delivery.supervisor import run
from shaodao.delivery.work import HEARTBEAT, served_by_nobody, start_workers, workers_alive
from shaodao.departments import Departments
from shaodao.domain.permissions import county_of
from shaodao.host import Platform, open_platform
from shaodao.plugin import Desk, Event
from shaodao.settings import Settings, StartError
from tests.integration.conftest import Street
from tests.integration.delivering import (
    DISPATCHER,
    Recorder,
    departments_of,
    emergency,
    emergency_command,
    listen_only,
    serve,
    work_off,
)


def settings_in(folder: Path) -> Settings:
    return Settings.from_environment({"SHAODAO_DATA_DIR": str(folder), "SHAODAO_DEPARTMENTS": "none"})


@asynccontextmanager
async def platform_of(street: Street, folder: Path, departments: Departments | None = None) -> AsyncIterator[Platform]:
    async with open_platform(settings_in(folder), street.dsn, departments=departments) as platform:
        yield platform


async def blow(platform: Platform, street: Street) -> None:
    await platform.runner.run(
        emergency_command("CG"), actor=street.viewer(DISPATCHER), county=county_of(street.data.code), now=platform.now()
    )


async def until(street: Street, query: str, value: Any) -> None:
    async with asyncio.timeout(5):
        while await street.pool.fetchval(query) != value:
            await asyncio.sleep(0.01)


async def test_a_whistle_is_answered_within_a_moment_and_its_message_sent(street: Street, tmp_path: Path) -> None:
    async def answer(event: Event, desk: Desk) -> None:
        await desk.acknowledge(["甲示一"])

    async with platform_of(street, tmp_path, departments_of(Recorder("city", ("CG",), answer))) as platform:
        async with start_workers(platform) as workers:
            await blow(platform, street)
            await until(street, "SELECT state FROM assignment", "ACKNOWLEDGED")
            await until(street, "SELECT DISTINCT state FROM message WHERE kind = 'WHISTLE'", "SENT")
            assert workers.alive()
        assert not workers.alive()


async def test_a_wake_up_comes_by_the_real_clock(street: Street, tmp_path: Path) -> None:
    recorder = Recorder("city", ("CG",))

    async def wait(event: Event, desk: Desk) -> None:
        recorder.do = listen_only
        await desk.wake_after(timedelta(seconds=0.3), "再看")

    recorder.do = wait
    async with platform_of(street, tmp_path, departments_of(recorder)) as platform, start_workers(platform):
        await blow(platform, street)
        async with asyncio.timeout(5):
            while len(recorder.heard) < 2:
                await asyncio.sleep(0.01)
    assert [hook for _, _, hook in recorder.heard] == ["on_whistle", "on_wake"]


async def test_processes_without_workers_see_that_some_process_has_them(street: Street, tmp_path: Path) -> None:
    async with platform_of(street, tmp_path) as platform:
        assert not await workers_alive(street.pool, platform.now())
        async with start_workers(platform):
            await until(street, f"SELECT count(*) FROM schedule WHERE name = '{HEARTBEAT}'", 1)
            assert await workers_alive(street.pool, platform.now())
        assert not await workers_alive(street.pool, platform.now() + timedelta(minutes=1))


async def test_a_department_is_served_as_long_as_a_process_says_so(street: Street, tmp_path: Path) -> None:
    async with platform_of(street, tmp_path, departments_of(Recorder("city", ("CG",)))) as platform:
        assert await served_by_nobody(street.pool, ["city", "police"], platform.now()) == ("city", "police")
        async with start_workers(platform):
            await until(street, "SELECT count(*) FROM schedule WHERE name = 'department:city'", 1)
            assert await served_by_nobody(street.pool, ["city", "police"], platform.now()) == ("police",)


async def test_a_worker_for_a_department_that_there_is_not_does_not_start(street: Street, tmp_path: Path) -> None:
    with pytest.raises(StartError, match="no department nowhere"):
        await run(settings_in(tmp_path), street.dsn, only=("nowhere",))


async def test_outcomes_that_nobody_repeats_any_more_are_forgotten(street: Street) -> None:
    await street.run(emergency_command("CG"), street.viewer(DISPATCHER), key="once")
    keeper = Housekeeper(street.pool, street.ground, lambda: street.now)
    await keeper.one_pass()
    assert await street.pool.fetchval("SELECT count(*) FROM command_outcome") == 1
    street.now += timedelta(days=8)
    await keeper.one_pass()
    assert await street.pool.fetchval("SELECT count(*) FROM command_outcome") == 0


async def test_a_months_attempts_are_logged_whether_or_not_its_log_was_made(street: Street) -> None:
    deliveries = serve(street, Recorder("city", ("CG",)))
    keeper = Housekeeper(street.pool, street.ground, lambda: street.now)
    await keeper.one_pass()
    await keeper.one_pass()
    for moment in ("2026-11-30T23:59:59+08:00", "2026-12-01T00:00:00+08:00", "2027-02-01T00:00:00+08:00"):
        street.now = datetime.fromisoformat(moment)
        await emergency(street, "CG")
        await work_off(deliveries.courier())

    logs = [
        row["log"]
        for row in await street.pool.fetch("SELECT tableoid::regclass::text AS log FROM delivery_log ORDER BY at")
    ]
    assert logs == ["delivery_log_default", "delivery_log_2026_12", "delivery_log_default"]
    street.now = datetime.fromisoformat("2027-01-31T23:00:00+08:00")
    await keeper.one_pass()
    assert await street.pool.fetchval("SELECT to_regclass('delivery_log_2027_02') IS NULL"), (
        "it has begun in the default one"
    )
    assert await deliveries.owed() == 0


async def test_what_departments_declare_is_stored(street: Street, tmp_path: Path) -> None:
    served = "SELECT code, department FROM organizations WHERE department IS NOT NULL ORDER BY code"
    async with platform_of(street, tmp_path, departments_of(Recorder("city", ("CG", "ZJ")))):
        row = await street.pool.fetchrow("SELECT title, organizations, form FROM departments WHERE name = 'city'")
        assert row is not None
        assert (row["title"], row["organizations"]) == ("city", ["CG", "ZJ"])
        assert orjson.loads(row["form"])["$ref"] == "#/$defs/Form"
        assert [tuple(row) for row in await street.pool.fetch(served)] == [("CG", "city"), ("ZJ", "city")]
    async with platform_of(street, tmp_path, departments_of(Recorder("city", ("CG",)))):
        assert [tuple(row) for row in await street.pool.fetch(served)] == [("CG", "city")]


async def test_a_department_of_an_unknown_organization_does_not_start(street: Street, tmp_path: Path) -> None:
    with pytest.raises(StartError, match="NOBODY"):
        async with platform_of(street, tmp_path, departments_of(Recorder("city", ("NOBODY",)))):
            pass


async def test_an_unknown_preset_or_department_is_one_clear_line(street: Street, tmp_path: Path) -> None:
    for change in ({"preset": "nowhere"}, {"departments": ("no.such.module",)}):
        with pytest.raises(StartError):
            async with open_platform(replace(settings_in(tmp_path), **change), street.dsn):
                pass


async def test_a_database_that_can_only_be_read_is_one_clear_line(street: Street, tmp_path: Path) -> None:
    name = await street.pool.fetchval("SELECT current_database()")
    await street.pool.execute(f'ALTER DATABASE "{name}" SET default_transaction_read_only = on')
    with pytest.raises(StartError, match="can only be read"):
        async with open_platform(settings_in(tmp_path), street.dsn):
            pass


async def test_a_database_restored_into_another_cluster_gets_a_new_epoch(street: Street, tmp_path: Path) -> None:
    async with platform_of(street, tmp_path) as platform:
        await blow(platform, street)
        assert platform.feed.epoch == 1
    await street.pool.execute("UPDATE feed_epoch SET system_identifier = 'another'")
    await street.pool.execute("UPDATE case_event SET xid = '999999999' WHERE seq = 1")
    async with platform_of(street, tmp_path) as platform:
        assert platform.feed.epoch == platform.runner.epoch() > 1
    assert await street.pool.fetchval("SELECT count(*) FROM case_event WHERE xid >= '999999999'") == 0


async def test_the_calendar_reaches_far_enough_and_edits_are_kept(street: Street, tmp_path: Path) -> None:
    this_year = datetime.now(UTC).year
    await street.pool.execute("DELETE FROM calendar_days")
    await street.pool.execute(
        "INSERT INTO calendar_days VALUES (make_date($1, 3, 2), false, '当地假日', '区政府', false)", this_year
    )
    async with platform_of(street, tmp_path) as platform:
        days = platform.ground().calendar.days
        assert {day.year for day in days} == set(range(this_year - 1, this_year + 3))
        assert platform.ground().calendar.name_of(datetime(this_year, 3, 2, tzinfo=UTC).date()) == "当地假日"
        await street.pool.execute("UPDATE calendar_days SET name = '改' WHERE source = '区政府'")
        await platform.ground.one_pass()
        assert platform.ground().calendar.name_of(datetime(this_year, 3, 2, tzinfo=UTC).date()) == "改"


async def test_an_empty_database_can_be_opened(database: str, tmp_path: Path) -> None:
    departments = departments_of(Recorder("city", ("CG",)))
    async with open_platform(settings_in(tmp_path), database, departments=departments) as platform:
        assert platform.cipher is not None
