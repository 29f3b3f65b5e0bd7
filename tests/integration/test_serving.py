"""The command line's server, as a process of its own, with a small application."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from shaodao.postgres.embedded import running_dsn

APPLICATION = """
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route

async def hello(request):
    return PlainTextResponse("hello")

def create_app(settings, dsn):
    return Starlette(routes=[Route("/", hello)])

def sdl():
    return "type Query {\\n  a: Int\\n}\\n"
"""


@pytest.fixture
def environment(open_folder: Path) -> dict[str, str]:
    (open_folder / "small_application.py").write_text(APPLICATION)
    kept = {name: value for name, value in os.environ.items() if not name.startswith("SHAODAO_")}
    return kept | {
        "PYTHONPATH": os.pathsep.join(filter(None, [str(open_folder), os.environ.get("PYTHONPATH")])),
        "SHAODAO_APP": "small_application:create_app",
        "SHAODAO_DATA_DIR": str(open_folder / "data"),
        "SHAODAO_DEPARTMENTS": "none",
        "SHAODAO_PORT": str(free_port()),
    }


@pytest.fixture
def server(environment: dict[str, str]) -> Iterator["subprocess.Popen[str]"]:
    command = [sys.executable, "-m", "shaodao", "serve"]
    with subprocess.Popen(
        command, env=environment, stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        wait_until_it_answers(environment, process)
        yield process
        process.kill()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until_it_answers(environment: dict[str, str], process: "subprocess.Popen[str]") -> None:
    for _ in range(200):
        try:
            assert httpx.get(f"http://127.0.0.1:{environment['SHAODAO_PORT']}/").text == "hello"
        except httpx.TransportError:
            assert process.poll() is None
            time.sleep(0.1)
        else:
            return
    pytest.fail("the server does not answer")


def shaodao(environment: dict[str, str], *arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "shaodao", *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=60)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_to_the_group_stops_server_and_database_cleanly(
    server: "subprocess.Popen[str]", environment: dict[str, str], number: signal.Signals
) -> None:
    os.killpg(server.pid, number)
    _, told = server.communicate(timeout=20)
    assert server.returncode == 0
    assert "Traceback" not in told
    data = Path(environment["SHAODAO_DATA_DIR"])
    assert running_dsn(data) is None
    assert (data / "postgres" / "server.log").read_text().rstrip().endswith("database system is shut down")


def test_beside_a_running_server(server: "subprocess.Popen[str]", environment: dict[str, str]) -> None:
    port_taken = shaodao(environment, "serve")
    assert_one_line(port_taken, "SHAODAO_PORT")
    folder_taken = shaodao(environment | {"SHAODAO_PORT": str(free_port())}, "serve")
    assert_one_line(folder_taken, "SHAODAO_DATA_DIR")
    assert shaodao(environment, "migrate", "--check").returncode == 0


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"SHAODAO_DATABASE_URL": "postgresql://u:hidden@127.0.0.1:1/none"}, "SHAODAO_DATABASE_URL"),
        ({"SHAODAO_PORT": "none"}, "SHAODAO_PORT"),
        ({"SHAODAO_HOST": "192.0.2.1"}, "Cannot listen on 192.0.2.1"),
        ({"SHAODAO_DATA_DIR": "/dev/null/data"}, "SHAODAO_DATA_DIR"),
        ({"SHAODAO_APP": "not_there:create_app"}, "SHAODAO_APP"),
        ({"SHAODAO_APP": "small_application:not_there"}, "SHAODAO_APP"),
    ],
)
def test_what_stops_the_start_is_one_clear_line(environment: dict[str, str], change: dict[str, str], word: str) -> None:
    assert_one_line(shaodao(environment | change, "serve"), word)


def test_a_foreign_database_is_migrated_on_purpose_only(environment: dict[str, str], empty_database: str) -> None:
    foreign = environment | {"SHAODAO_DATABASE_URL": empty_database}
    assert_one_line(shaodao(foreign, "serve"), "shaodao migrate")
    assert shaodao(foreign, "migrate", "--check").returncode == 1
    assert shaodao(foreign, "migrate").returncode == 0
    assert shaodao(foreign, "migrate", "--check").returncode == 0
    report = shaodao(foreign | {"COLUMNS": "200"}, "doctor")
    assert report.returncode == 1
    assert "idle transactions" in report.stdout
    assert "calendar" in report.stdout
    assert "up to date" in report.stdout
    assert report.stdout.index("idle transactions") < report.stdout.index("SHAODAO_PORT")


def test_departments_are_listed_or_named_if_they_do_not_load(environment: dict[str, str]) -> None:
    assert shaodao(environment, "departments").returncode == 0
    listed = shaodao(environment | {"SHAODAO_DEPARTMENTS": "plugins.civil_affairs"}, "departments")
    assert "every assignment" in listed.stdout
    assert_one_line(shaodao(environment | {"SHAODAO_DEPARTMENTS": "not.there"}, "departments"), "not.there")


def test_the_schema_is_printed_as_it_is(environment: dict[str, str]) -> None:
    assert shaodao(environment, "schema").stdout == "type Query {\n  a: Int\n}\n"


def test_a_token_is_one_line(environment: dict[str, str]) -> None:
    made = shaodao(environment, "token", "--role", "STREET_DISPATCHER", "--scope", "990101001000")
    assert made.returncode == 0
    assert made.stdout.count(".") == 2
    assert "No database was asked" in made.stderr
    assert len(made.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    ("role", "scope", "missing"),
    [
        ("SYSTEM", "990101001000", "--role"),
        ("FOLLOW_UP", "99", "--scope"),
        ("DEPT_HANDLER", "990101000000", "--organization"),
        ("STREET_LEADER", "990101001000", "--rank"),
    ],
)
def test_a_token_that_nobody_can_hold_is_not_made(
    environment: dict[str, str], role: str, scope: str, missing: str
) -> None:
    refused = shaodao(environment, "token", "--role", role, "--scope", scope)
    assert refused.returncode == 2
    assert missing in refused.stderr


def assert_one_line(done: "subprocess.CompletedProcess[str]", word: str) -> None:
    told = [line for line in done.stderr.splitlines() if not line.startswith(("Making the database", "Migration "))]
    assert done.returncode != 0
    assert len(told) == 1, done.stderr
    assert word in told[0]
    assert "hidden" not in done.stderr


_FOR_EVER = """
import asyncio
from shaodao.serving import run_until_stopped

async def main():
    try:
        print("running", flush=True)
        await asyncio.Event().wait()
    finally:
        await asyncio.sleep(0.1)
        print("cleaned up", flush=True)

run_until_stopped(main())
"""


async def test_a_program_in_the_background_of_a_script_ends_by_sigterm_with_its_clean_up() -> None:
    """There SIGINT is ignored."""
    started = ["sh", "-c", 'trap \'\' INT; exec "$0" -c "$1"', sys.executable, _FOR_EVER]
    process = await asyncio.create_subprocess_exec(*started, stdout=asyncio.subprocess.PIPE)
    assert process.stdout is not None
    assert await process.stdout.readline() == b"running\n"
    process.terminate()
    async with asyncio.timeout(10):
        said, _ = await process.communicate()
    assert (said, process.returncode) == (b"cleaned up\n", 0)
