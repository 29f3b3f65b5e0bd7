"""Backups that come back, on real clusters: no cursor of the lost time may pass over what came after the restore."""

import asyncio
import contextlib
import shutil
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

import asyncpg
import pytest

from shaodao import restoring
from shaodao.commands.running import connection_of
from shaodao.commands.transaction import Ground
from shaodao.delivery.cursors import CursorExpired, current_position
from shaodao.delivery.epochs import current_epoch
from shaodao.demo.registers import load_registers
from shaodao.demo.source import load_street
from shaodao.demo.tokens import staff_viewer
from shaodao.domain.permissions import county_of
from shaodao.host import Platform, open_platform
from shaodao.postgres.embedded import DATABASE, Cluster, embedded_server, running_cluster, silent
from shaodao.postgres.migrations import migrations_folder
from shaodao.postgres.pool import UNREACHABLE, connect
from shaodao.postgres.scratch import migrate
from shaodao.settings import Settings, StartError
from tests.integration.conftest import Street
from tests.integration.delivering import DISPATCHER, emergency_command
from tests.integration.test_delivery_feed import case_of, feed_of, joined, write

NOW = datetime(2026, 11, 20, 2, 0, tzinfo=UTC)


def settings_in(folder: Path) -> Settings:
    return Settings.from_environment({"SHAODAO_DATA_DIR": str(folder), "SHAODAO_DEPARTMENTS": "none"})


@asynccontextmanager
async def platform_in(folder: Path) -> AsyncIterator[Platform]:
    """A server's platform on the database of a data folder, which is stopped at the end."""
    async with embedded_server(folder, throw_away=True) as dsn, open_platform(settings_in(folder), dsn) as platform:
        yield platform


async def make_street(folder: Path, ground: Ground) -> None:
    async with embedded_server(folder, throw_away=True) as dsn:
        await migrate(dsn, migrations_folder())
        connection = await connect(dsn)
        try:
            await load_registers(connection_of(connection), ground.cipher, ground.rulebook, NOW)
        finally:
            await connection.close()


async def blow(platform: Platform) -> str:
    """A whistle; the cursor after it."""
    street = load_street()
    outcome = await platform.runner.run(
        emergency_command("SF"), actor=staff_viewer(street, DISPATCHER), county=county_of(street.code), now=NOW
    )
    assert outcome.cursor is not None
    return outcome.cursor


async def pass_by(platform: Platform, cursor: str) -> None:
    """Whistles until their transaction ids are beyond those of the cursor."""
    while int((await blow(platform)).split(".")[1]) <= int(cursor.split(".")[1]):
        pass


def copy(source: Path, target: Path) -> None:
    """As an operator copies: with owners, for PostgreSQL has an account of its own under root."""
    subprocess.run(["cp", "-a", str(source), str(target)], check=True)


def put_back(backup: Path, folder: Path) -> None:
    """What a snapshot of the disk does: the old contents in the same file, of which nothing else tells."""
    for old in (folder / "postgres").iterdir():
        if old.name != "PG_VERSION":
            shutil.rmtree(old) if old.is_dir() else old.unlink()
    for kept in (backup / "postgres").iterdir():
        if kept.name != "PG_VERSION":
            copy(kept, folder / "postgres" / kept.name)


def recover(folder: Path) -> None:
    """Have the next start recover to a point in time: here to the end of the log that lies there."""
    cluster = folder / "postgres"
    with (cluster / "postgresql.auto.conf").open("a") as settings:
        settings.write("restore_command = 'false'\n")
    (cluster / "recovery.signal").touch()
    shutil.chown(cluster / "recovery.signal", cluster.owner(), cluster.group())


async def reconnected(platform: Platform) -> None:
    """Wait until the platform's pool has put away the connections to a server that was stopped."""
    async with asyncio.timeout(20):
        while True:
            with contextlib.suppress(*UNREACHABLE):
                await platform.pool.fetchval("SELECT 1")
                return
            await asyncio.sleep(0.05)


async def cursor_of_lost_time(folder: Path, backup: Path, ground: Ground) -> str:
    """Copy a data folder as a backup, and go on; a cursor of after the copy."""
    await make_street(folder, ground)
    async with platform_in(folder) as platform:
        await blow(platform)
    copy(folder, backup)
    async with platform_in(folder) as platform:
        await pass_by(platform, await blow(platform))
        return await blow(platform)


async def test_a_data_folder_that_was_copied_back_voids_the_cursors_of_the_lost_time(
    open_folder: Path, ground: Ground
) -> None:
    data, backup = open_folder / "data", open_folder / "backup"
    lost = await cursor_of_lost_time(data, backup, ground)
    shutil.rmtree(data)
    copy(backup, data)
    async with platform_in(data) as platform:
        await pass_by(platform, lost)
        with pytest.raises(CursorExpired):
            await platform.feed.resume_at(lost)
        known = await blow(platform)
    async with platform_in(data) as platform:
        await platform.feed.resume_at(known)  # no start raises it again


async def test_an_operator_tells_of_a_snapshot_that_nothing_else_shows(open_folder: Path, ground: Ground) -> None:
    data, backup = open_folder / "data", open_folder / "backup"
    lost = await cursor_of_lost_time(data, backup, ground)
    put_back(backup, data)
    assert await restoring.run(settings_in(data), say=silent) == restoring.DONE
    assert await restoring.run(settings_in(data), say=silent) == restoring.NOTHING_TO_DO
    async with platform_in(data) as platform:
        await pass_by(platform, lost)
        with pytest.raises(CursorExpired):
            await platform.feed.resume_at(lost)


async def test_point_in_time_recovery_is_seen_by_its_timeline(open_folder: Path, ground: Ground) -> None:
    data = open_folder / "data"
    await make_street(data, ground)
    async with platform_in(data) as platform:
        known = await blow(platform)
    recover(data)
    async with platform_in(data) as platform:
        with pytest.raises(CursorExpired):
            await platform.feed.resume_at(known)


async def test_a_server_that_runs_through_a_recovery_goes_on_in_another_epoch(
    open_folder: Path, ground: Ground
) -> None:
    data, backup = open_folder / "data", open_folder / "backup"
    await make_street(data, ground)
    with running_cluster(data, throw_away=True) as cluster:
        async with open_platform(settings_in(data), cluster.dsn(DATABASE)) as platform:
            known = await blow(platform)
            cluster.stop()
            copy(data, backup)
            cluster.start()
            await reconnected(platform)
            for _ in range(20):
                lost = await blow(platform)
            waiting = asyncio.create_task(anext(platform.feed.subscribe(lost, lambda event: True)))
            await joined(platform.feed, 1)
            cluster.stop()
            put_back(backup, data)
            recover(data)
            cluster.start()

            with pytest.raises(CursorExpired):
                await asyncio.wait_for(waiting, 20)
            for cursor in (known, lost):
                with pytest.raises(CursorExpired):
                    await platform.feed.resume_at(cursor)
            heard = platform.feed.subscribe(None, lambda event: True)
            following = asyncio.create_task(anext(heard))
            await joined(platform.feed, 1)
            async with asyncio.timeout(20):
                while not following.done():
                    newest = await blow(platform)
            assert int(newest.split(".")[1]) < int(lost.split(".")[1]), "the lost numbers come again, and are heard"
            assert following.result().cursor.split(".")[0] == newest.split(".")[0] == str(platform.feed.epoch)
            await heard.aclose()


async def test_whoever_still_catches_up_is_told_too_that_the_epoch_is_over(street: Street) -> None:
    case_id = await case_of(street)
    async with feed_of(street, page=1) as feed:
        async with street.pool.acquire() as lent:
            behind = (await current_position(connection_of(lent))).cursor(1)
        await write(street, case_id, 0, count=3)
        events = feed.subscribe(behind, lambda event: True)
        assert (await anext(events)).cursor.startswith("1.")
        await feed.begin_anew(2)
        with pytest.raises(CursorExpired):
            await anext(events)


async def test_a_backup_that_is_restored_twice_never_has_the_same_epoch_twice(street: Street) -> None:
    async with street.pool.acquire() as lent, lent.transaction():
        connection = connection_of(lent)
        epochs = [await current_epoch(connection, NOW)]
        for minutes in (1, 2):
            await lent.execute("DELETE FROM feed_epoch WHERE epoch > 1")
            await lent.execute("UPDATE feed_epoch SET system_identifier = 'another'")
            epochs.append(await current_epoch(connection, NOW + timedelta(minutes=minutes)))
    assert epochs == sorted(set(epochs))


async def test_a_copy_of_the_database_beside_it_is_seen(street: Street, postgres: Cluster, tmp_path: Path) -> None:
    copied = f"beside_{uuid4().hex}"
    async with open_platform(settings_in(tmp_path), street.dsn) as platform:
        first = platform.feed.epoch
    await street.pool.close()
    connection = await asyncpg.connect(postgres.dsn("postgres"))
    try:
        await connection.execute(f'CREATE DATABASE "{copied}" TEMPLATE "{urlsplit(street.dsn).path[1:]}"')
        async with open_platform(settings_in(tmp_path), postgres.dsn(copied)) as platform:
            assert platform.feed.epoch > first
        await connection.execute(f'DROP DATABASE "{copied}" WITH (FORCE)')
    finally:
        await connection.close()


async def test_a_role_that_may_not_ask_everything_keeps_its_epoch(street: Street) -> None:
    """And so does a database whose epoch was begun by a version that kept less of it."""
    async with street.pool.acquire() as lent, lent.transaction():
        connection = connection_of(lent)
        first = await current_epoch(connection, NOW)
        await lent.execute("UPDATE feed_epoch SET timeline = NULL, database_oid = NULL")
        role = f"plain_{lent.get_server_pid()}"
        await lent.execute(f"CREATE ROLE {role}; GRANT ALL ON feed_epoch, case_event TO {role}; SET LOCAL ROLE {role}")
        assert await current_epoch(connection, NOW) == first
        await lent.execute("UPDATE feed_epoch SET timeline = '000000FF'")
        assert await current_epoch(connection, NOW) > first
        await lent.execute(f"RESET ROLE; DROP OWNED BY {role}; DROP ROLE {role}")


async def test_nothing_is_told_while_a_server_runs_or_before_the_first(street: Street, tmp_path: Path) -> None:
    settings = Settings.from_environment({"SHAODAO_DATA_DIR": str(tmp_path), "SHAODAO_DATABASE_URL": street.dsn})
    with pytest.raises(StartError, match="Stop all servers and workers first: connected are shaodao"):
        await restoring.run(settings, say=silent)
    await street.pool.close()
    connection = await asyncpg.connect(street.dsn)
    async with asyncio.timeout(10):
        while await connection.fetchval("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()") > 1:
            await asyncio.sleep(0.05)
    await connection.close()
    assert await restoring.run(settings, say=silent) == restoring.NOTHING_TO_DO
