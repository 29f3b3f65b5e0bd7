"""The demonstration as a user starts it: a process of its own, its stories, Ctrl-C, and a second start on the same data."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

STORIES = ("car", "first", "night")


@pytest.fixture
def environment(open_folder: Path, empty_database: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("SHAODAO_")}
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    return kept | {
        "COLUMNS": "160",
        "SHAODAO_DATA_DIR": str(open_folder / "data"),
        "SHAODAO_DATABASE_URL": empty_database,
        "SHAODAO_PORT": str(port),
    }


@contextmanager
def demonstration(environment: dict[str, str], *options: str) -> Iterator[str]:
    """The running demonstration's address; it is stopped by Ctrl-C, and must then end cleanly."""
    command = [sys.executable, "-m", "shaodao", "demo", *options]
    url = f"http://127.0.0.1:{environment['SHAODAO_PORT']}"
    log = Path(environment["SHAODAO_DATA_DIR"]).parent / "demo.log"
    with (
        log.open("w") as told,
        subprocess.Popen(command, env=environment, stderr=told, start_new_session=True) as process,
    ):
        try:
            _wait(url, process, log)
            yield url
        finally:
            process.send_signal(signal.SIGINT)
            try:
                status = process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                process.kill()
                raise
    assert status == 0, log.read_text()
    assert "Traceback" not in log.read_text()


def _wait(url: str, process: "subprocess.Popen[bytes]", log: Path) -> None:
    for _ in range(600):
        assert process.poll() is None, log.read_text()
        try:
            if httpx.get(f"{url}/readyz").status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    pytest.fail(log.read_text())


def _play(environment: dict[str, str], url: str, story: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "shaodao", "play", "--url", url, "--story", story]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=120)


def test_the_stories_play_and_the_data_stays(environment: dict[str, str]) -> None:
    with demonstration(environment) as url:
        for story in STORIES:
            played = _play(environment, url, story)
            assert played.returncode == 0, played.stdout + played.stderr
        month = _play(environment, url, "month")
        assert month.returncode == 1
        assert month.stderr.count("\n") == 1
        assert "demo --month" in month.stderr
        numbers = _numbers(environment, url)
    with demonstration(environment) as url:
        assert _numbers(environment, url) == numbers


def test_a_month_ends_as_the_stored_street_tells(environment: dict[str, str]) -> None:
    """All 27 cases and 7 whistles by hand, in order of time (D.6 to D.8)."""
    with demonstration(environment, "--month") as url:
        played = _play(environment, url, "month")
        assert played.returncode == 0, played.stdout + played.stderr
        assert "27 cases ended as the stored street tells" in played.stdout
        assert len(_numbers(environment, url)) == 27
    again = subprocess.run(
        [sys.executable, "-m", "shaodao", "demo", "--month"], env=environment, capture_output=True, text=True, check=False
    )  # fmt: skip
    assert again.returncode == 1
    assert "The database holds cases" in again.stderr
    assert "Traceback" not in again.stderr


def _numbers(environment: dict[str, str], url: str) -> list[str]:
    """The newest case numbers, as a dispatcher's token that the command line prints shows them."""
    grant = ["--role", "STREET_DISPATCHER", "--scope", "990101001000"]
    command = [sys.executable, "-m", "shaodao", "token", *grant]
    token = subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout.strip()
    answer = httpx.post(
        f"{url}/graphql",
        json={"query": "{ cases(first: 100) { nodes { number } } }"},
        headers={"Authorization": f"Bearer {token}"},
    )
    return [node["number"] for node in answer.json()["data"]["cases"]["nodes"]]


def test_a_story_without_a_server_is_one_clear_line(environment: dict[str, str]) -> None:
    played = _play(environment, "http://127.0.0.1:1", "car")
    assert played.returncode == 1
    assert "make demo" in played.stderr
    assert "Traceback" not in played.stderr
    assert "no story" in _play(environment, "http://127.0.0.1:1", "none").stderr
