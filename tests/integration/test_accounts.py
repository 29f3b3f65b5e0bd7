"""The account that ``shaodao token`` makes a token for."""

import os
import subprocess
import sys
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from shaodao.accounts import Account, NobodyToAsk, find_account
from shaodao.domain.permissions import Grant
from shaodao.domain.vocabulary import LeaderRank, Role
from shaodao.settings import Settings
from shaodao.tokens import verification_keys, verify
from tests.integration.conftest import Street

STREET = "990101001000"
DISPATCHER = Account("lyu.shiheng", "吕示衡")


@pytest.fixture
def settings(street: Street, tmp_path: Path) -> Settings:
    return Settings.from_environment({"SHAODAO_DATABASE_URL": street.dsn, "SHAODAO_DATA_DIR": str(tmp_path)})


@pytest.mark.parametrize(
    "name", ["吕示衡", "周示岚", "孔示明", "张示远"]
)  # a dispatcher, a grid worker, a street leader, a handler
async def test_the_account_that_holds_role_and_scope_is_found(street: Street, settings: Settings, name: str) -> None:
    viewer = street.viewer(name)
    assert await find_account(settings, viewer.grants[0], None) == Account(viewer.login, name)


async def test_no_account_is_taken_for_another(street: Street, settings: Settings) -> None:
    nobody = [
        Grant(Role.STREET_DISPATCHER, "990101002000"),
        Grant(Role.DEPT_HANDLER, "990101000000", "NONE"),
        Grant(Role.STREET_LEADER, "990101002000", rank=LeaderRank.CHIEF),
    ]
    assert [await find_account(settings, grant, None) for grant in nobody] == [None, None, None]
    await street.pool.execute("UPDATE accounts SET enabled = false")
    assert await find_account(settings, Grant(Role.STREET_DISPATCHER, STREET), None) is None


async def test_a_login_is_looked_up_whatever_it_holds(settings: Settings) -> None:
    grant = Grant(Role.FOLLOW_UP, STREET)
    assert await find_account(settings, grant, DISPATCHER.login) == DISPATCHER
    assert await find_account(settings, grant, "nobody") is None


async def test_without_a_database_nobody_is_asked(settings: Settings, empty_database: str) -> None:
    grant = Grant(Role.STREET_DISPATCHER, STREET)
    for dsn in (None, empty_database, "postgresql://u@127.0.0.1:1/none"):
        with pytest.raises(NobodyToAsk):
            await find_account(replace(settings, database_url=dsn), grant, None)


def made(settings: Settings, *arguments: str) -> "subprocess.CompletedProcess[str]":
    environment = os.environ | {
        "SHAODAO_DATABASE_URL": str(settings.database_url), "SHAODAO_DATA_DIR": str(settings.data_dir),
    }  # fmt: skip
    command = [sys.executable, "-m", "shaodao", "token", "--role", "STREET_DISPATCHER", *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=True, timeout=60)


async def test_the_token_names_the_account_or_the_user_is_told(street: Street, settings: Settings) -> None:
    token = made(settings, "--scope", STREET)
    assert token.stderr == ""
    now = datetime.now().astimezone()
    claims = verify(token.stdout.strip(), verification_keys(settings), issuer="shaodao", audience="shaodao", now=now)
    assert (claims.login, claims.name) == (DISPATCHER.login, DISPATCHER.name)
    for without in (("--scope", "990101002000"), ("--scope", STREET, "--account", "nobody")):
        [line] = made(settings, *without).stderr.splitlines()
        assert "There is no account" in line
