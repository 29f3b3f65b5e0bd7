"""``shaodao lanes`` and ``shaodao departments``, as an operator types them: against a database with a parked lane."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest
from typer.testing import CliRunner, Result

from shaodao.__main__ import application
from shaodao.delivery.noting import Noter
from shaodao.plugin import Desk, Event
from shaodao.settings import StartError
from tests.integration.conftest import Street
from tests.integration.delivering import DISPATCHER, Deliveries, Recorder, emergency, serve, work_off
from tests.integration.test_schema_deliveries import COUNTY, WORKER, fail, history, parked

Typed = Callable[..., Any]


async def acknowledge(event: Event, desk: Desk) -> None:
    await desk.acknowledge(["甲示一"])


@pytest.fixture
def recorder() -> Recorder:
    return Recorder("city", ("CG",), fail)


@pytest.fixture
def shaodao(street: Street, tmp_path: Path) -> Typed:
    """Runs a command line on the street's database, in a thread, for it makes a loop of its own."""
    environment = {
        "SHAODAO_DATABASE_URL": street.dsn, "SHAODAO_DATA_DIR": str(tmp_path), "SHAODAO_DEPARTMENTS": "none", "COLUMNS": "250",
    }  # fmt: skip

    async def typed(*arguments: str) -> Result:
        return await asyncio.to_thread(CliRunner().invoke, application(), arguments, env=environment)

    return typed


async def done(typed: Typed, *arguments: str) -> str:
    """What a command prints that must succeed."""
    result = await typed(*arguments)
    assert result.exit_code == 0, (result.output, result.exception)
    return str(result.stdout)


async def refusal(typed: Typed, *arguments: str) -> str:
    """The one line that ``main`` writes for a command that cannot be done."""
    error = (await typed(*arguments)).exception
    assert isinstance(error, StartError), error
    line = str(error)
    assert "\n" not in line
    return line


async def lanes(typed: Typed, *wanted: str) -> list[dict[str, Any]]:
    listed: list[dict[str, Any]] = orjson.loads(await done(typed, "lanes", "--json", *wanted))
    return listed


async def goes_on(street: Street, deliveries: Deliveries) -> None:
    """Work off what is owed, once the street's time has come to that of the command line; no deadline passes by then."""
    await street.pool.execute("DELETE FROM deadline_stage")
    street.now = await street.pool.fetchval("SELECT greatest($1, max(due_at)) FROM lane", street.now)
    await work_off(deliveries.courier())


async def test_a_parked_lane_is_listed_with_age_and_error(street: Street, shaodao: Typed, recorder: Recorder) -> None:
    owed_at = street.now
    _, number = await parked(street, recorder)

    (lane,) = await lanes(shaodao)
    assert datetime.fromisoformat(lane["since"]) == owed_at
    assert "对方系统拒绝" in lane["last_error"]
    told = ("department", "organization_code", "case_number", "state", "hook", "attempts", "next_attempt_at")
    assert {name: lane[name] for name in told} == {
        "department": "city", "organization_code": "CG", "case_number": number, "state": "PARKED", "hook": "on_whistle",
        "attempts": 2, "next_attempt_at": None,
    }  # fmt: skip
    table = await done(shaodao, "lanes")
    for cell in ("city", "CG", number, f"{lane['seq']} on_whistle", "PARKED", "对方系统拒绝"):
        assert cell in table
    assert len(await lanes(shaodao, "--department", "city", "--state", "PARKED")) == 1
    assert await lanes(shaodao, "--department", "other") == []
    assert await lanes(shaodao, "--state", "WAITING") == []


async def test_the_oldest_lanes_are_listed_first_and_no_more_than_wanted(
    street: Street, shaodao: Typed, recorder: Recorder
) -> None:
    _, number = await parked(street, recorder)
    later = str((await emergency(street, "CG")).case_number)
    assert [lane["case_number"] for lane in await lanes(shaodao)] == [number, later]
    assert [lane["case_number"] for lane in await lanes(shaodao, "--limit", "1")] == [number]
    assert (await shaodao("lanes", "--limit", "0")).exit_code == 2


async def test_a_redelivered_lane_goes_on(street: Street, shaodao: Typed, recorder: Recorder) -> None:
    deliveries, number = await parked(street, recorder)
    recorder.do = acknowledge
    (lane,) = await lanes(shaodao)
    told = await done(shaodao, "lanes", "redeliver", number, "--as", street.viewer(DISPATCHER).login)
    assert told == f"on_whistle (step {lane['seq']} of {number}) goes again for CG.\n"
    assert [lane["state"] for lane in await lanes(shaodao)] == ["RETRYING"]

    await goes_on(street, deliveries)
    assert (await deliveries.owed(), await deliveries.outcomes()) == (0, ["FAILED", "PARKED", "DONE"])
    assert await lanes(shaodao) == []
    assert await history(street, number) == [("deliveryRedelivered", None)]


async def test_a_redelivered_lane_of_a_held_department_is_told_when_it_goes(
    street: Street, shaodao: Typed, recorder: Recorder
) -> None:
    _, number = await parked(street, recorder)
    again = ("lanes", "redeliver", number, "--as", street.viewer(DISPATCHER).login)
    open_until = datetime.now(UTC) + timedelta(hours=1)
    await street.pool.execute("UPDATE lane_state SET open_until = $1 WHERE department = 'city'", open_until)
    told = (
        f"goes again for CG at {open_until.astimezone():%m-%d %H:%M:%S}; city failed in several cases and is left alone"
    )
    assert told in await done(shaodao, *again)
    await done(shaodao, "departments", "pause", "city", "--reason", "系统升级")
    assert "goes again for CG when city is resumed; it is paused (系统升级).\n" in await done(shaodao, *again)


async def test_a_skipped_delivery_is_never_told_and_its_reason_stands(
    street: Street, shaodao: Typed, recorder: Recorder
) -> None:
    deliveries, number = await parked(street, recorder)
    login = street.viewer(COUNTY).login
    (lane,) = await lanes(shaodao)
    assert (await shaodao("lanes", "skip", number, "--as", login)).exit_code == 2, "a reason is required"
    blank = await refusal(shaodao, "lanes", "skip", number, "--reason", " ", "--as", login)
    assert blank == "reason: the text must not be blank"
    assert await deliveries.owed() == 1

    told = await done(shaodao, "lanes", "skip", number, "--reason", "已电话告知", "--as", login)
    assert told == f"on_whistle (step {lane['seq']} of {number}) is skipped for CG.\n"
    assert (await deliveries.owed(), await deliveries.lanes()) == (0, 0)
    assert await history(street, number) == [("deliverySkipped", "已电话告知")]
    again = await refusal(shaodao, "lanes", "skip", number, "--reason", "已电话告知", "--as", login)
    assert again == f"Nothing is owed in case {number}."


async def test_of_several_lanes_of_a_case_one_is_named(street: Street, shaodao: Typed) -> None:
    deliveries = serve(street, Recorder("city", ("CG", "SC")))
    number = str((await emergency(street, "CG", "SC")).case_number)
    login = street.viewer(DISPATCHER).login
    line = await refusal(shaodao, "lanes", "skip", number, "--reason", "重复", "--as", login)
    assert "name one with --department: CG, SC." in line
    await done(shaodao, "lanes", "skip", number, "--reason", "重复", "--as", login, "--department", "SC")
    assert await street.pool.fetchval("SELECT array_agg(organization_code) FROM lane") == ["CG"]
    assert await deliveries.owed() == 1


async def test_nobody_acts_without_an_account_that_may(street: Street, shaodao: Typed, recorder: Recorder) -> None:
    deliveries, number = await parked(street, recorder)
    unnamed = await refusal(shaodao, "lanes", "redeliver", number)
    assert street.viewer(DISPATCHER).login in unnamed
    assert street.viewer(COUNTY).login in unnamed
    for login in (street.viewer(WORKER).login, "nobody"):
        line = await refusal(shaodao, "lanes", "redeliver", number, "--as", login)
        assert line.startswith(f"{login} is no enabled account with the role COUNTY_GRID_OFFICE or STREET_DISPATCHER")
    dispatcher = street.viewer(DISPATCHER).login
    line = await refusal(shaodao, "departments", "pause", "city", "--reason", "维护", "--as", dispatcher)
    assert "with the role COUNTY_GRID_OFFICE;" in line
    assert (await deliveries.outcomes(), await history(street, number)) == (["FAILED", "PARKED"], [])


async def test_a_paused_department_hears_nothing_until_it_is_resumed(
    street: Street, shaodao: Typed, recorder: Recorder
) -> None:
    deliveries, number = await parked(street, recorder)
    recorder.do = acknowledge
    assert (await shaodao("departments", "pause", "city")).exit_code == 2, "a reason is required"
    assert await done(shaodao, "departments", "pause", "city", "--reason", "系统升级") == "city is paused.\n"
    heard = len(recorder.heard)
    await emergency(street, "CG")
    await goes_on(street, deliveries)
    assert len(recorder.heard) == heard
    reason = "SELECT paused_reason FROM lane_state WHERE department = 'city' AND paused"
    assert await street.pool.fetchval(reason) == "系统升级"

    assert await done(shaodao, "departments", "resume", "city") == "city is resumed.\n"
    await goes_on(street, deliveries)
    assert len(recorder.heard) == heard + 1
    assert [lane["state"] for lane in await lanes(shaodao)] == ["PARKED"], "the parked one is left"
    await Noter(street.pool, street.runner, lambda: street.now).one_pass()
    assert await history(street, number) == [("departmentPaused", "系统升级"), ("departmentResumed", None)]
    assert await refusal(shaodao, "departments", "resume", "city") == "the department is not paused"
    assert await refusal(shaodao, "departments", "pause", "other", "--reason", "维护") == "not found: Department other"


async def test_an_operator_limits_a_department_and_doctor_shows_it(
    street: Street, shaodao: Typed, recorder: Recorder
) -> None:
    await parked(street, recorder)
    limit = ("departments", "limit", "city")
    assert await done(shaodao, *limit, "--in-flight", "3") == "city runs 3 at once.\n"
    assert "3, set by an operator" in (await shaodao("doctor")).stdout
    assert "in_flight in county 990101" in (await shaodao("doctor")).stdout
    assert await done(shaodao, *limit, "--clear") == "city runs as the settings say.\n"
    assert "set by an operator" not in (await shaodao("doctor")).stdout
    for wrong in ((), ("--clear", "--in-flight", "3"), ("--in-flight", "0")):
        assert (await shaodao(*limit, *wrong)).exit_code == 2
    assert await refusal(shaodao, "departments", "limit", "other", "--clear") == "not found: Department other"


async def test_a_command_leaves_the_departments_as_the_servers_registered_them(
    street: Street, shaodao: Typed, recorder: Recorder
) -> None:
    await parked(street, recorder)
    await street.pool.execute("UPDATE organizations SET department = 'city' WHERE code = 'CG'")
    await lanes(shaodao)
    assert await street.pool.fetchval("SELECT department FROM organizations WHERE code = 'CG'") == "city"
