"""``shaodao demo``: loading once, keeping what is there, refusing a database of something else, and what it tells."""

import os
import signal
import socket
import subprocess
import sys
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import asyncpg
import pytest

from shaodao import tokens
from shaodao.commands.running import connection_of
from shaodao.demo.clock import kept_clock
from shaodao.demo.run import announce, first_morning, load, load_month
from shaodao.demo.source import load_street
from shaodao.demo.tokens import ready_tokens
from shaodao.postgres.pool import connect
from shaodao.settings import Settings, StartError

NOW = datetime(2026, 12, 2, 9, 30, tzinfo=UTC)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """The settings of a demonstration in a folder of its own."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("SHAODAO_")}
    return Settings.from_environment({**kept, "SHAODAO_DATA_DIR": str(tmp_path)})


async def count(dsn: str, table: str) -> int:
    """How many rows a table has."""
    connection = await asyncpg.connect(dsn)
    try:
        return int(await connection.fetchval(f"SELECT count(*) FROM {table}"))
    finally:
        await connection.close()


async def test_the_first_start_loads_and_the_next_keeps(settings: Settings, database: str) -> None:
    assert await load(settings, database, now=NOW, keep_times=False)
    assert await count(database, "case_file") == 27
    connection = await asyncpg.connect(database)
    await connection.execute("UPDATE case_file SET title = '改过的标题' WHERE number LIKE '%-0001'")
    await connection.close()
    assert not await load(settings, database, now=NOW, keep_times=False)
    assert await count(database, "case_file WHERE title = '改过的标题'") == 1


async def test_kept_times_stay_as_stored(settings: Settings, database: str) -> None:
    await load(settings, database, now=NOW, keep_times=True)
    assert await count(database, "case_file WHERE number = '990101001-20261009-0001'") == 1
    assert await count(database, "deadline_stage WHERE due_at < '2026-11-20 10:00+08'") == 0
    connection = await connect(database)
    clock = await kept_clock(connection_of(connection))
    await connection.close()
    assert NOW + clock.offset == load_street().meta.as_of


async def test_a_month_begins_without_a_case_on_its_first_morning_at_every_start(
    settings: Settings, database: str
) -> None:
    for hours in (0, 40):
        now = NOW + timedelta(hours=hours)
        assert await load_month(settings, database, now=now) is (hours == 0)
        connection = await connect(database)
        clock = await kept_clock(connection_of(connection))
        await connection.close()
        assert now + clock.offset == first_morning() == datetime(2026, 10, 9, tzinfo=UTC)
    assert await count(database, "case_file") == 0
    assert await count(database, "grid") == 12


async def test_another_preset_reckons_other_dues(settings: Settings, database: str) -> None:
    await load(replace(settings, preset="natural"), database, now=NOW, keep_times=True)
    assert await count(database, "deadline WHERE unit = 'NATURAL_DAY' AND kind = 'HANDLING'") > 0


async def test_a_database_of_something_else_is_refused(settings: Settings, database: str) -> None:
    connection = await asyncpg.connect(database)
    await connection.execute(
        "INSERT INTO divisions (code, name, level, edition_year) VALUES ('110101000000', '别处', 'COUNTY', 2026)"
    )
    await connection.close()
    with pytest.raises(StartError, match="other divisions"):
        await load(settings, database, now=NOW, keep_times=False)


async def test_a_preset_that_is_not_there_is_one_clear_line(settings: Settings, database: str) -> None:
    with pytest.raises(StartError, match="SHAODAO_PRESET"):
        await load(replace(settings, preset="nowhere"), database, now=NOW, keep_times=False)
    assert await count(database, "divisions") == 0


def test_every_ready_token_is_accepted_and_told(settings: Settings) -> None:
    keys, lines = tokens.verification_keys(settings), list[str]()
    announce(settings, lines.append)
    told = "\n".join(lines)
    assert "http://127.0.0.1:8000/graphql" in told
    ready = ready_tokens(settings, NOW)
    assert len(ready) == 11
    for one in ready:
        claims = tokens.verify(one.token, keys, issuer=settings.issuer, audience=settings.audience, now=NOW)
        assert claims.login == one.login
        assert claims.grants
        assert one.label in told
    resident = tokens.verify(
        ready[-1].token, keys, issuer=settings.issuer, audience=settings.audience, now=NOW
    )  # fmt: skip
    assert resident.person == "P014"


APPLICATION = """
from starlette.applications import Starlette

def create_app(settings, dsn):
    assert settings.demo and settings.field_crew and settings.workers
    return Starlette()
"""


@pytest.fixture
def environment(open_folder: Path) -> dict[str, str]:
    """The environment of a process that serves a small application in place of the API."""
    (open_folder / "small_application.py").write_text(APPLICATION)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    kept = {name: value for name, value in os.environ.items() if not name.startswith("SHAODAO_")}
    return kept | {
        "PYTHONPATH": os.pathsep.join(filter(None, [str(open_folder), os.environ.get("PYTHONPATH")])),
        "SHAODAO_APP": "small_application:create_app", "SHAODAO_DEPARTMENTS": "none",
        "SHAODAO_DATA_DIR": str(open_folder / "data"), "SHAODAO_PORT": str(port),
    }  # fmt: skip


def served(environment: dict[str, str]) -> tuple[list[str], float]:
    """Run the demonstration until it answers and stop it; answers what it told and after how many seconds it answered."""
    command = [sys.executable, "-m", "shaodao", "demo"]
    began, lines = time.monotonic(), list[str]()
    with subprocess.Popen(
        command, env=environment, stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        assert process.stderr is not None
        for line in process.stderr:
            lines.append(line)
            if "Ctrl-C stops it" in line:
                break
        took = time.monotonic() - began
        os.killpg(process.pid, signal.SIGINT)
        lines += process.stderr.readlines()
        assert process.wait(timeout=20) == 0, "".join(lines)
    return lines, took


def test_a_second_start_keeps_its_data_and_is_quick(environment: dict[str, str]) -> None:
    first, _ = served(environment)
    assert any(line.startswith("Migration") for line in first)
    assert any("吕示衡" in line for line in first)
    second, took = served(environment)
    assert not any(line.startswith("Migration") for line in second)
    assert took < 3
