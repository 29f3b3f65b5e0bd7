"""How fast departments hear: ``make bench-delivery`` (BENCH="--seconds 10 --deadlines 1000000").

On a database of its own, ``shaodao work`` processes call a department that notes the time. Measured are deliveries a second
with one and two couriers, and the time from just before a commit to the beginning of the hook at 100 commits a second: alone,
beside 2,000 parked cases, and with a million deadlines waiting. Everything runs on this machine, the load too. Commits are
durable, as in production; ``--not-durable`` measures without waiting for the disk.
"""

import argparse
import asyncio
import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date
from itertools import product
from pathlib import Path

import asyncpg
from rich.console import Console
from rich.table import Table

from bench.conditions import machine
from bench.database import DURABLE, SETTINGS, database_server, execute, safety
from bench.deliveries import Target, await_later, clone, first_case, owe, told
from bench.listener import HEARD, NAME
from bench.report import write_section
from bench.writing import load
from shaodao.demo.source import load_street
from shaodao.demo.tokens import staff_viewer
from shaodao.department_limits import DepartmentLimits
from shaodao.domain.permissions import county_of
from shaodao.host import Platform, open_platform
from shaodao.postgres.embedded import DATABASE
from shaodao.postgres.scratch import open_folder
from shaodao.settings import Settings

RATE = 100
"""Commits a second while latency is measured."""

SECTION = "From a commit to the department"
SHARED = (
    "All couriers of a department share what may be in flight (`SHAODAO_DEPARTMENT_LIMITS`), so a second one brings more only where that,\n"
    "and the processors, leave room. It is there to take over when the first one dies."
)
TARGETS, PARKED, STEPS = 500, 2_000, 4
USUAL, MANY = DepartmentLimits().in_flight, 32
"""Deliveries of the department that may be in flight, as it ships and for one that can take more; all couriers share them."""

_DUE_NOW = "UPDATE lane SET due_at = now() WHERE NOT parked AND due_at = 'infinity'"


@dataclass(frozen=True)
class Line:
    """A row of the table."""

    what: str
    measured: str
    wanted: str


@dataclass(frozen=True)
class Bench:
    """A platform that commits, and what its workers write."""

    platform: Platform
    settings: Settings
    heard: Path
    first: "asyncpg.Record"
    seconds: float

    @asynccontextmanager
    async def couriers(self, count: int, in_flight: int) -> AsyncIterator[None]:
        """So many workers, started and ready, with so many deliveries in flight in all of them together."""
        environment = os.environ | {
            "SHAODAO_DATABASE_URL": self.platform.dsn, "SHAODAO_DATA_DIR": str(self.settings.data_dir),
            "SHAODAO_DEPARTMENTS": "bench.listener", "SHAODAO_DEPARTMENT_LIMITS": f"{NAME}.in_flight={in_flight}",
            HEARD: str(self.heard),
        }  # fmt: skip
        workers = [await _worker(environment) for _ in range(count)]
        try:
            yield
        finally:
            for worker in workers:
                worker.send_signal(signal.SIGTERM)
            await asyncio.gather(*(worker.communicate() for worker in workers))

    async def rate(self, couriers: int, in_flight: int, cases: tuple[int, int]) -> float:
        """Deliveries a second, of what is owed to these clones all at once."""
        async with self.platform.pool.acquire() as lent:
            await clone(lent, self.first["case_id"], *cases)  # type: ignore[arg-type] # what the pool lends is a connection
            await owe(lent, self.first["case_id"], *cases, steps=STEPS)  # type: ignore[arg-type]
        await execute(self.platform.dsn, "ANALYZE")
        count = (cases[1] - cases[0] + 1) * STEPS
        self.heard.write_bytes(b"")
        async with self.couriers(couriers, in_flight):
            await self.platform.pool.execute(_DUE_NOW)
            self.platform.announcer.announce()
            await self._until_heard(count)
        times = sorted(float(line.split()[0]) for line in self.heard.read_text().splitlines())
        return (count - 1) / (times[-1] - times[0])

    async def latency(self, targets: Sequence[Target]) -> tuple[float, float]:
        """p50 and p99 in milliseconds at RATE commits a second, with one courier."""
        committed: dict[int, float] = {}
        self.heard.write_bytes(b"")
        async with self.couriers(1, USUAL), asyncio.TaskGroup() as group:
            began = time.monotonic()
            for number in range(round(self.seconds * RATE)):
                await asyncio.sleep(max(0, began + number / RATE - time.monotonic()))
                group.create_task(self._commit(targets[number % len(targets)], number, committed))
            await self._until_heard(round(self.seconds * RATE))
        waits = sorted(
            float(at) - committed[int(number)] for at, number in map(str.split, self.heard.read_text().splitlines())
        )
        return tuple(waits[round(share * (len(waits) - 1))] * 1000 for share in (0.5, 0.99))  # type: ignore[return-value]

    async def _commit(self, target: Target, number: int, committed: dict[int, float]) -> None:
        await self.platform.runner.run(
            told(target, number, committed), actor=self.platform.system, county=self.first["county_code"],
            now=self.platform.now(),
        )  # fmt: skip

    async def _until_heard(self, count: int) -> None:
        """Raises TimeoutError when it takes minutes."""
        async with asyncio.timeout(120 + self.seconds):
            while self.heard.read_bytes().count(b"\n") < count:  # noqa: ASYNC110 - other processes write it
                await asyncio.sleep(0.1)


async def _worker(environment: dict[str, str]) -> asyncio.subprocess.Process:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "shaodao", "work", env=environment, stderr=asyncio.subprocess.PIPE
    )
    assert process.stderr is not None, "it is a pipe"
    # The department has a process of its own below the worker, and its start is not what is measured.
    while b"department_at_work" not in (line := await process.stderr.readline()):
        if not line:
            raise RuntimeError("a worker did not start")
    return process


async def measure(bench: Bench, cases: int, deadlines: int) -> AsyncIterator[Line]:
    """Every line of the table, in turns."""
    county = bench.first["county_code"]
    for turn, (in_flight, couriers) in enumerate(product((USUAL, MANY), (1, 2)), 1):
        first = turn * 1_000_000
        rate = await bench.rate(couriers, in_flight, (first, first + cases - 1))
        what = f"deliveries a second, {couriers} courier(s), {in_flight} in flight"
        yield Line(what, f"{rate:,.0f}", "≥ 1,000" if turn == 1 else "")
    pool = bench.platform.pool
    async with pool.acquire() as lent:
        targets = await clone(lent, bench.first["case_id"], 1, TARGETS)  # type: ignore[arg-type]
    yield _latency("commit to hook", await bench.latency(targets), "p50 < 20, p99 < 100")
    async with pool.acquire() as lent:
        await clone(lent, bench.first["case_id"], 10_001, 10_000 + PARKED)  # type: ignore[arg-type]
        await owe(lent, bench.first["case_id"], 10_001, 10_000 + PARKED, steps=1, parked=True)  # type: ignore[arg-type]
    await execute(bench.platform.dsn, "ANALYZE")
    yield _latency(f"beside {PARKED:,} parked cases", await bench.latency(targets), "p50 at most doubled")
    async with pool.acquire() as lent:
        await lent.execute("SET statement_timeout = 0")
        await await_later(lent, county, deadlines, TARGETS)  # type: ignore[arg-type]
        await lent.execute("RESET statement_timeout")
    await execute(bench.platform.dsn, "ANALYZE")
    yield _latency(f"with {deadlines:,} deadlines waiting, too", await bench.latency(targets), "p50 at most doubled")


def _latency(what: str, found: tuple[float, float], wanted: str) -> Line:
    return Line(f"{what}, ms at {RATE} a second", f"p50 {found[0]:.1f}, p99 {found[1]:.1f}", wanted)


async def run(folder: Path, dsn: str, given: argparse.Namespace) -> tuple[list[Line], str]:
    """Load, make the first case, and measure; with what PostgreSQL does for the safety of a commit."""
    settings = Settings.from_environment(
        {"SHAODAO_DATA_DIR": str(folder / "keys"), "SHAODAO_DEPARTMENTS": "bench.listener"}
    )
    await load(dsn, settings)
    async with open_platform(settings, dsn) as platform:
        dispatcher = staff_viewer(load_street(), "吕示衡")
        outcome = await platform.runner.run(
            first_case, actor=dispatcher, county=county_of(dispatcher.grants[0].scope), now=platform.now()
        )
        await execute(dsn, "DELETE FROM delivery; DELETE FROM lane; DELETE FROM deadline_stage")
        first = await platform.pool.fetchrow(
            "SELECT county_code, id AS case_id FROM case_file WHERE id = $1", outcome.case_id
        )
        assert first is not None, "it was just made"
        bench = Bench(platform, settings, folder / "heard", first, given.seconds)
        return [line async for line in measure(bench, given.cases, given.deadlines)], await safety(dsn)


def section(lines: Sequence[Line], safe: str) -> str:
    """The table as Markdown, with machine, date, and what the commits were measured with."""
    rows = [f"| {line.what} | {line.measured} | {line.wanted} |" for line in lines]
    told = ", ".join(f"{name} {value}" for name, value in machine().items())
    today = date.today()  # noqa: DTZ011 - the day here
    head = f"By `make bench-delivery` on {today}; {told}; load and couriers share the machine; PostgreSQL with {safe}."
    return "\n".join([head, "", "| What | Measured | Wanted |", "| --- | --- | --- |", *rows, "", SHARED])


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=10, help="of each latency")
    parser.add_argument("--cases", type=int, default=2_000, help=f"cases with {STEPS} deliveries each, for the rates")
    parser.add_argument("--deadlines", type=int, default=1_000_000, help="that wait in the last measurement")
    parser.add_argument("--write", action="store_true", help="also write the section of docs/benchmarks.md anew")
    parser.add_argument(
        "--not-durable", action="store_true", help="with synchronous_commit off: no commit waits for the disk"
    )
    given = parser.parse_args()
    console, settings = Console(highlight=False, soft_wrap=True), SETTINGS if given.not_durable else DURABLE
    with open_folder() as folder, database_server(folder / "data", say=console.print, settings=settings) as cluster:
        lines, safe = asyncio.run(run(folder, cluster.dsn(DATABASE), given))
    table = Table("What", "Measured", "Wanted", title=f"PostgreSQL with {safe}")
    for line in lines:
        table.add_row(line.what, line.measured, line.wanted)
    console.print(table)
    if given.write:
        write_section(SECTION, section(lines, safe))


if __name__ == "__main__":
    main()
