"""One run of the benchmark: the database, the contenders, the rounds in turns, memory and growth."""

import asyncio
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path
from typing import Any

import httpx

from bench.agreement import AnswerFault, data_of, disagreement, facts_of
from bench.conditions import conditions
from bench.database import count_cases, database_server, execute, holds_cases
from bench.load import Round, ask, drive, require_wrk, run_pgbench
from bench.results import OURS, PGBENCH, Growth, Memory, Results, Series
from bench.servers import (
    POSTGRAPHILE,
    Running,
    Server,
    install_postgraphile,
    plain_server,
    postgraphile_server,
    running,
    shaodao_server,
)
from bench.statements import Script, script_of
from bench.workload import OPERATIONS, Operation, Request, Subjects, find_subjects, request_of
from shaodao.postgres.embedded import DATABASE, DSN, Cluster, Say
from shaodao.settings import Settings, StartError

GROWN_CASES = 1_000_000
GROWN_PEOPLE = 100_000
"""Fewer than of the city: operation 1 reads none of them, and loading takes the time of both."""

GROWN_FOLDER = "grown"
UNFINISHED = "city-unfinished"
"""Name of a file that lies in a data folder while its city is loaded."""


@dataclass(frozen=True)
class Options:
    """What a run is asked to do. ``requests``: after how many the memory is looked at."""

    data_dir: Path
    preset: str
    seconds: float
    rounds: int
    requests: int
    growth: bool
    operations: tuple[Operation, ...] = OPERATIONS


@dataclass(frozen=True)
class City:
    """A loaded database at work, and what is asked about it."""

    cluster: Cluster
    folder: Path
    subjects: Subjects

    @property
    def dsn(self) -> DSN:
        """Where the contenders find it."""
        return self.cluster.dsn(DATABASE)

    @property
    def settings(self) -> Settings:
        """Settings of our server, for its tokens."""
        return Settings.from_environment({"SHAODAO_DATA_DIR": str(self.folder)})

    def request(self, operation: Operation, server: Server) -> Request | None:
        """How a server is asked for an operation."""
        return request_of(operation, server.dialect, self.subjects, self.settings)


def run(options: Options, say: Say) -> Results:
    """Run everything that the options ask for. Raises StartError."""
    require_wrk()
    install_postgraphile(say)
    with open_city(options.data_dir, options.preset, None, say) as city, ExitStack() as stack:
        results = Results(
            asyncio.run(conditions(city.dsn, preset=options.preset, seconds=options.seconds, rounds=options.rounds))
        )
        contenders = [stack.enter_context(started(city, server, say)) for server in servers_of(city)]
        ours = contenders[0]
        results.first_answer = ours.first_answer
        resident = {one.server.name: one.resident() for one in contenders}
        scripts = dict(_scripts(city, options, results))
        _compare_answers(city, contenders, scripts, options, results)
        _take_turns(city, contenders, scripts, options, results, say)
        results.memory = _memory(city, contenders, resident, options, results, say)
        if options.growth:
            results.growth = _growth(city, ours, options, say)
    return results


@contextmanager
def open_city(folder: Path, preset: str, cases: int | None, say: Say) -> Iterator[City]:
    """The database of a folder, loaded unless it is kept from an earlier run. Raises StartError for half a city."""
    if (folder / UNFINISHED).exists():
        raise StartError(f"The loading of a city broke off in {folder}: remove that folder, or name another.")
    with database_server(folder, say=say) as cluster:
        dsn = cluster.dsn(DATABASE)
        if not asyncio.run(holds_cases(dsn)):
            _load(dsn, folder, preset, cases)
        asyncio.run(execute(dsn, (POSTGRAPHILE / "counts.sql").read_text(encoding="utf-8")))
        yield City(cluster, folder, asyncio.run(find_subjects(dsn)))


def servers_of(city: City) -> list[Server]:
    """The servers, ours first."""
    return [shaodao_server(city.dsn, city.folder), postgraphile_server(city.dsn), plain_server(city.dsn)]


@contextmanager
def started(city: City, server: Server, say: Say) -> Iterator[Running]:
    """A server that has answered the first operation."""
    request = city.request(OPERATIONS[0], server)
    assert request is not None, "every contender has the board"
    with running(server, request, city.folder / f"{server.name.replace(' ', '-')}.log") as one:
        say(f"{server.name} answers {one.first_answer:.2f} s after its start")
        yield one


def _load(dsn: DSN, folder: Path, preset: str, cases: int | None) -> None:
    """Load a city in a process of its own, whose memory is nobody's concern afterwards."""
    unfinished = folder / UNFINISHED
    unfinished.touch()
    command = [sys.executable, "-m", "bench.city", "--dsn", dsn, "--data-dir", str(folder), "--preset", preset]
    command += [] if cases is None else ["--cases", str(cases), "--people", str(GROWN_PEOPLE)]
    # What it tells are tokens; ours are made when they are needed.
    if subprocess.run(command, check=False, stdout=subprocess.DEVNULL).returncode != 0:
        raise StartError("The city was not loaded; the lines above say why.")
    unfinished.unlink()


def _scripts(city: City, options: Options, results: Results) -> Iterator[tuple[Operation, Script]]:
    for operation in options.operations:
        document = operation.document("shaodao")
        if document is None:
            results.missing.append(f"operation {operation.number}: the schema has no such field yet")
            continue
        variables, grant = city.subjects.variables(operation, "shaodao"), city.subjects.grant(operation)
        yield operation, asyncio.run(script_of(city.dsn, document, variables, grant))


def _compare_answers(
    city: City, contenders: list[Running], scripts: Mapping[Operation, Script], options: Options, results: Results
) -> None:
    """Ask every contender once, and write down where it does not say what we say."""
    for operation in options.operations:
        said = dict(_said(city, contenders, operation, results))
        if operation in scripts:
            said[PGBENCH] = facts_of(operation.name, scripts[operation].data)
        ours = said.pop(OURS, None)
        if ours is None:
            continue
        for name, facts in said.items():
            found = disagreement(ours, facts)
            results.compared += 1
            if found is not None:
                results.disagreements.append(f"operation {operation.number}, {name}: {found}")


def _said(
    city: City, contenders: list[Running], operation: Operation, results: Results
) -> Iterator[tuple[str, list[Any]]]:
    """The facts of each server's answer; whoever gives none is noted."""
    for one in contenders:
        request = city.request(operation, one.server)
        content = None if request is None else _noted(results, operation, one, request)
        if content is None:
            continue
        if one.server.name == OURS:
            results.bytes_of_answer[operation.name] = len(content)
        yield one.server.name, facts_of(operation.name, data_of(200, content))


def _noted(results: Results, operation: Operation, one: Running, request: Request) -> bytes | None:
    try:
        return ask(one.server.url, request)
    except (AnswerFault, httpx.HTTPError) as error:
        results.missing.append(f"operation {operation.number}, {one.server.name}: {error}")
        return None


def _take_turns(
    city: City,
    contenders: list[Running],
    scripts: Mapping[Operation, Script],
    options: Options,
    results: Results,
    say: Say,
) -> None:
    """Round by round, every contender after the other; the first turn of each warms up and is not counted."""
    for operation in options.operations:
        turns = _turns(city, contenders, scripts, operation, results)
        for name, turn in turns.items():
            turn(min(2.0, options.seconds))
            say(f"Operation {operation.number}: {name} is warm")
        for number in range(options.rounds):
            for name, turn in turns.items():
                measured = turn(options.seconds)
                results.of(operation.name, name).rounds.append(measured)
                say(
                    f"Operation {operation.number}, round {number + 1}, {name}: {measured.fault or f'{measured.rate:,.0f}/s'}"
                )


def _turns(
    city: City, contenders: list[Running], scripts: Mapping[Operation, Script], operation: Operation, results: Results
) -> Mapping[str, Callable[[float], Round]]:
    """How each contender is driven at an operation; whoever cannot answer it is left out."""
    turns: dict[str, Callable[[float], Round]] = {}
    for one in contenders:
        request = city.request(operation, one.server)
        unable = any(f"operation {operation.number}, {one.server.name}:" in line for line in results.missing)
        if request is not None and not unable:
            turns[one.server.name] = _driven(one.server.url, request)
    if operation in scripts:
        script = scripts[operation]
        turns[PGBENCH] = lambda seconds: run_pgbench(city.cluster, DATABASE, script, seconds)
    return turns


def _driven(url: str, request: Request) -> Callable[[float], Round]:
    return lambda seconds: drive(url, request, seconds)


def _memory(
    city: City, contenders: list[Running], resident: Mapping[str, float], options: Options, results: Results, say: Say
) -> Memory:
    """Ask our server on, operation by operation, until it has had so many requests."""
    ours, others = contenders[0], contenders[1:]
    had = sum(one.requests for (_, who), series in results.series.items() if who == OURS for one in series.rounds)
    asked = [request for operation in options.operations if (request := city.request(operation, ours.server))]
    for request in cycle(asked):
        if had >= options.requests:
            break
        driven = drive(ours.server.url, request, options.seconds)
        if driven.fault is not None:
            say(f"Memory: {driven.fault}")
            break
        had += driven.requests
        say(f"Memory: {ours.resident():.0f} MB after {had:,} requests")
    seen = {one.server.name: (resident[one.server.name], one.resident()) for one in others}
    return Memory(resident[OURS], ours.resident(), had, seen)


def _growth(city: City, ours: Running, options: Options, say: Say) -> Growth:
    """Operation 1 on this city and on one with a million cases, in turns."""
    board = OPERATIONS[0]
    small, large = Series(), Series()
    with open_city(options.data_dir / GROWN_FOLDER, options.preset, GROWN_CASES, say) as grown:
        with started(grown, shaodao_server(grown.dsn, grown.folder), say) as other:
            sides = ((city, ours, small), (grown, other, large))
            for number in range(options.rounds + 1):
                for place, server, series in sides:
                    request = place.request(board, server.server)
                    assert request is not None, "we have the board"
                    measured = drive(server.server.url, request, options.seconds)
                    if number > 0:  # the first turn warms up
                        series.rounds.append(measured)
        cases = tuple(asyncio.run(count_cases(place.dsn)) for place in (city, grown))
    return Growth((cases[0], cases[1]), (small, large))
