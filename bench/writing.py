"""How fast cases are registered and whistles run: ``make bench-writing`` (BENCH="--seconds 10 --profile").

On a database of its own with the demonstration street's registers, it drives over 16 connections in turns: ``registerCase``
on this server, the same inserts on bench/bare_writes.py, and whole whistles on this server. It prints mutations a second,
the time of the processors that a mutation costs in PostgreSQL and in the server, and the ratios to the floors. ``--profile``
also says what the server's part goes into, by samples of its processor time (bench/sampler.py), which cost a little.
"""

import argparse
import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from statistics import median

import uvloop

from bench.connections import Connection, Pace, drive
from bench.database import database_server, execute
from bench.processor import Samples, children_of, processor_seconds
from bench.steps import Steps
from shaodao import tokens
from shaodao.commands.running import connection_of
from shaodao.demo.registers import load_registers
from shaodao.demo.source import load_street
from shaodao.demo.tokens import staff_viewer
from shaodao.domain.permissions import Grant, Viewer
from shaodao.domain.vocabulary import Role
from shaodao.key_files import personal_data_key
from shaodao.personal_data import PersonalDataCipher
from shaodao.postgres.embedded import DATABASE, Cluster
from shaodao.postgres.pool import connect
from shaodao.postgres.scratch import open_folder
from shaodao.presets import load_rulebook
from shaodao.settings import Settings

CONNECTIONS = 16
SERVER_PORT, FLOOR_PORT = 8161, 8162
DISPATCHER, LEADER = "吕示衡", "张示远"
REGISTER, WHISTLE = "registerCase", "a whole whistle"
FLOOR, BEST_FLOOR = "the same inserts by hand", "the same inserts by hand, all in one statement"
REGISTER_ALONE = "registerCase, courier and clock in the same process"
CALLED = ("SF", "NY", "WJ")
"""Organizations of the street that no plugin serves: they work by hand in the API, as the benchmark does for them."""


@dataclass(frozen=True)
class Measured:
    """What a stretch of driving told."""

    pace: Pace
    mutations: int
    """In each step."""
    postgres: float
    """Seconds of the processors that PostgreSQL took."""
    server: float
    shares: Mapping[str, float]
    heaviest: list[tuple[float, str]]

    @property
    def rate(self) -> float:
        """Mutations a second."""
        return self.pace.rate * self.mutations

    def cost(self, seconds: float) -> float:
        """Milliseconds of the processors for each mutation."""
        return seconds * 1000 / max(1, len(self.pace.durations) * self.mutations)


@dataclass(frozen=True)
class Bench:
    """Where everything runs."""

    cluster: Cluster
    folder: Path
    seconds: float
    profiled: bool

    @property
    def dsn(self) -> str:
        """The database that all of it stands on."""
        return self.cluster.dsn(DATABASE)

    @property
    def stacks(self) -> Path:
        """Where a sampled server writes what it was doing."""
        return self.folder / "stacks.txt"

    @property
    def postgres(self) -> list[int]:
        """PostgreSQL's processes."""
        postmaster = int((self.cluster.data / "postmaster.pid").read_text().splitlines()[0])
        return [postmaster, *children_of(postmaster)]

    async def measure(
        self, server: int, port: int, step: Callable[[Connection], Awaitable[None]], mutations: int = 1
    ) -> Measured:
        """Drive a step against a server."""
        await drive(port, CONNECTIONS, 0, step, warm_up=2)
        await execute(self.dsn, "ANALYZE")  # else the plans are those of empty tables
        samples = Samples(server, self.stacks) if self.profiled else None
        before = processor_seconds(self.postgres), processor_seconds([server])
        with samples or nullcontext():
            pace = await drive(port, CONNECTIONS, self.seconds, step, warm_up=0)
        after = processor_seconds(self.postgres), processor_seconds([server])
        shares, heaviest = (samples.shares(), samples.heaviest(12)) if samples else ({}, [])
        return Measured(pace, mutations, after[0] - before[0], after[1] - before[1], shares, heaviest)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=10, help="of each round")
    parser.add_argument("--rounds", type=int, default=3, help="of which the median counts")
    parser.add_argument("--profile", action="store_true", help="sample what the servers do")
    given = parser.parse_args()
    with open_folder() as folder, database_server(folder / "data", say=_say) as cluster:
        settings = Settings.from_environment({"SHAODAO_DATA_DIR": str(folder / "keys")})
        asyncio.run(load(cluster.dsn(DATABASE), settings))
        bench = Bench(cluster, folder, given.seconds, given.profile)
        tell(measured(bench, settings, given.rounds))


async def load(dsn: str, settings: Settings) -> None:
    """The registers of the demonstration street."""
    connection = connection_of(await connect(dsn))
    try:
        cipher, rulebook = PersonalDataCipher(personal_data_key(settings)), load_rulebook(settings.preset)
        async with connection.transaction():
            await load_registers(connection, cipher, rulebook, datetime.now(UTC))
        await connection.execute("ANALYZE")
    finally:
        await connection.close()


def measured(bench: Bench, settings: Settings, rounds: int) -> dict[str, list[Measured]]:
    """Every contender in turns, one process at a time, and what it left to be sent is not left to the next."""
    steps = _steps(settings)
    contenders = {
        REGISTER: (partial(_server, bench, settings, workers=False), SERVER_PORT, steps.register, 1),
        FLOOR: (partial(_floor, bench), FLOOR_PORT, steps.register_bare, 1),
        BEST_FLOOR: (partial(_floor, bench), FLOOR_PORT, steps.register_at_once, 1),
        REGISTER_ALONE: (partial(_server, bench, settings, workers=True), SERVER_PORT, steps.register, 1),
        WHISTLE: (partial(_server, bench, settings, workers=False), SERVER_PORT, steps.whistle, steps.MUTATIONS),
    }
    results: dict[str, list[Measured]] = {name: [] for name in contenders}
    for _ in range(rounds):
        for name, (start, port, step, mutations) in contenders.items():
            asyncio.run(execute(bench.dsn, "UPDATE message SET state = 'SENT' WHERE state = 'PENDING'"))
            with start() as process:
                results[name].append(uvloop.run(bench.measure(process, port, step, mutations)))
    return results


def tell(results: Mapping[str, list[Measured]]) -> None:
    """Print a line for each contender, and the ratios."""
    for name, rounds in results.items():
        _tell(name, rounds)
    for floor in (FLOOR, BEST_FLOOR):
        ratio = _median(results[REGISTER]) / _median(results[floor])
        _say(f"registerCase is {ratio:.2f} of {floor} (to reach: 0.5)")


def _median(measured: list[Measured]) -> float:
    return median(each.rate for each in measured)


def _tell(name: str, rounds: list[Measured]) -> None:
    middle = sorted(rounds, key=lambda each: each.rate)[len(rounds) // 2]
    _say(
        f"{name}: {middle.rate:.0f} mutations a second (step p50 {middle.pace.milliseconds(0.5):.1f} ms, "
        f"p99 {middle.pace.milliseconds(0.99):.1f} ms); processor a mutation: PostgreSQL {middle.cost(middle.postgres):.2f} ms, "
        f"server {middle.cost(middle.server):.2f} ms"
    )
    for part, share in middle.shares.items():
        _say(f"    {share:5.1%} {middle.cost(middle.server) * share:.2f} ms {part}")
    for share, function in middle.heaviest:
        _say(f"        {share:5.1%} {function}")


def _steps(settings: Settings) -> Steps:
    """The steps of the dispatcher, the leader who approves, and a handler of each organization."""
    street = load_street()
    dispatcher, leader = (_token(settings, staff_viewer(street, name)) for name in (DISPATCHER, LEADER))
    handlers = {
        code: Viewer(f"handler.{code.lower()}", "经办示", (Grant(Role.DEPT_HANDLER, street.code, code),))
        for code in CALLED
    }
    return Steps(dispatcher, leader, {code: _token(settings, viewer) for code, viewer in handlers.items()})


def _token(settings: Settings, viewer: Viewer) -> str:
    return tokens.issue(
        tokens.local_key(settings.data_dir), login=viewer.login, name=viewer.name, grants=viewer.grants, issuer=settings.issuer,
        audience=settings.audience, now=datetime.now(UTC), lifetime=timedelta(hours=12),
    )  # fmt: skip


@contextmanager
def _server(bench: Bench, settings: Settings, *, workers: bool) -> Iterator[int]:
    """This server as one process; courier, clock and messenger run in it or, as in a larger place, elsewhere."""
    environment = {
        "SHAODAO_DATABASE_URL": bench.dsn, "SHAODAO_DATA_DIR": str(settings.data_dir), "SHAODAO_PORT": str(SERVER_PORT),
        "SHAODAO_WORKERS": str(workers).lower(), "SHAODAO_LOG_LEVEL": "WARNING", "SHAODAO_LIMIT_COST_PER_SECOND": "0",
    }  # fmt: skip
    with _process(bench, ["shaodao", "serve"], environment, SERVER_PORT) as process:
        yield process


@contextmanager
def _floor(bench: Bench) -> Iterator[int]:
    command = [
        "uvicorn", "bench.bare_writes:app", "--port", str(FLOOR_PORT), "--loop", "uvloop", "--http", "httptools",
        "--no-access-log", "--log-level", "error",
    ]  # fmt: skip
    with _process(bench, command, {"BENCH_DSN": bench.dsn}, FLOOR_PORT) as process:
        yield process


@contextmanager
def _process(bench: Bench, module: list[str], environment: Mapping[str, str], port: int) -> Iterator[int]:
    """A Python module with its arguments, once it listens; ended at the end."""
    sampled = ["bench.sampler", str(bench.stacks)] if bench.profiled else []
    command = [sys.executable, "-m", *sampled, *module]
    process = subprocess.Popen(command, env={**os.environ, **environment}, stdout=subprocess.DEVNULL)
    try:
        _await(process, port)
        yield process.pid
    finally:
        process.terminate()
        process.wait(timeout=30)


def _await(process: "subprocess.Popen[bytes]", port: int) -> None:
    """Wait until the port answers. Raises SystemExit when the program ends before."""

    async def listens() -> bool:
        try:
            (await Connection.open(port)).close()
        except OSError:
            return False
        return True

    while not asyncio.run(listens()):
        if process.poll() is not None:
            sys.exit(f"{process.args!r} ended with status {process.returncode}")
        time.sleep(0.1)


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")


if __name__ == "__main__":
    main()
