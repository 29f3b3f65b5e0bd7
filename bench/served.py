"""A server as an operator starts it: ``shaodao serve`` in a process of its own, with the limits that it ships with."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from bench.servers import ROOT, free_port
from shaodao.postgres.embedded import DSN
from shaodao.settings import StartError

START_WITHIN, STOP_WITHIN = 60.0, 30.0


@dataclass(frozen=True)
class Served:
    """A server at work; ``log`` holds its words, each line an object of JSON."""

    process: "subprocess.Popen[bytes]"
    port: int
    log: Path

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self.port}/graphql"


@contextmanager
def served(dsn: DSN, folder: Path, **more: str) -> Iterator[Served]:
    """The server from its first answer to its end, API only; ``more`` are settings. Raises StartError."""
    port, log = free_port(), folder / "serve.log"
    kept = {name: value for name, value in os.environ.items() if not name.startswith("SHAODAO_")}
    environment = kept | {
        "SHAODAO_DATABASE_URL": dsn, "SHAODAO_DATA_DIR": str(folder), "SHAODAO_PORT": str(port),
        "SHAODAO_WORKERS": "false", "SHAODAO_DEPARTMENTS": "none", "SHAODAO_LOG_FORMAT": "json", **more,
    }  # fmt: skip
    command = [sys.executable, "-m", "shaodao", "serve"]
    with log.open("wb") as words:
        process = subprocess.Popen(
            command, cwd=ROOT, env=environment, stdout=words, stderr=words, stdin=subprocess.DEVNULL
        )
        try:
            made = Served(process, port, log)
            _await(made)
            yield made
        finally:
            process.terminate()
            try:
                process.wait(STOP_WITHIN)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _await(made: Served) -> None:
    until = time.monotonic() + START_WITHIN
    while time.monotonic() < until and made.process.poll() is None:
        try:
            httpx.get(f"http://127.0.0.1:{made.port}/healthz")
        except httpx.TransportError:
            time.sleep(0.05)
        else:
            return
    raise StartError(f"The server does not start: {made.log.read_text(errors='replace')[-500:]}")
