"""One run from its first process to its audit."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from random import Random
from time import monotonic
from typing import Any

import asyncpg
import httpx

from bench.servers import free_port
from shaodao import tokens
from shaodao.delivery.pace import cancelled
from shaodao.demo.source import load_street
from shaodao.demo.tokens import LIFETIME, handler_viewer, staff_viewer
from shaodao.domain.permissions import Viewer
from shaodao.host import utc_now
from shaodao.play.client import Api
from shaodao.postgres.embedded import DATABASE, Cluster
from shaodao.settings import Settings
from tests.chaos.audit import audit
from tests.chaos.caller import Book, Caller
from tests.chaos.clients import STREET, Clients
from tests.chaos.comebacks import BACK_WITHIN, Comebacks
from tests.chaos.courses import Staff
from tests.chaos.database import crashable_cluster, fill
from tests.chaos.departments.recorder import HEARD
from tests.chaos.disturbances import Disturber
from tests.chaos.findings import Findings, Kept
from tests.chaos.fleet import SERVER_IS_UP, WORKER_IS_UP, Fleet, Unit, running_fleet
from tests.chaos.subscribers import BOARD, CASE, INBOX, Subscriber

DEPARTMENTS = "tests.chaos.departments.enforcement,tests.chaos.departments.police"
DEPARTMENT_NAMES = ("chaos_enforcement", "chaos_police")
RULEBOOK = Path(__file__).with_name("rulebook.toml")
SHAODAO = (sys.executable, "-m", "shaodao")
WORK = (*SHAODAO, "work")
COURIERS_ONLY = (*WORK, *(word for name in DEPARTMENT_NAMES for word in ("--department", name)))
START_WITHIN = 60.0
"""Seconds within which every process is up, at the beginning and at the end."""

SETTLE_WITHIN = 60.0
LAST_WAKE_UPS = 4.0
QUIET_FOR = 4.0
_UNSETTLED = """
SELECT EXISTS (SELECT FROM delivery WHERE created_at <= $1) OR EXISTS (
    SELECT FROM deadline_stage s LEFT JOIN deadline d ON d.county_code = s.county_code AND d.id = s.deadline_id
    WHERE s.due_at <= $1 AND (s.stage = 'WAKE' OR d.state = 'RUNNING')
) OR EXISTS (SELECT FROM message WHERE state = 'PENDING' AND next_at <= $1)
"""


@dataclass(frozen=True)
class Plan:
    """``seed`` decides what is disturbed when; ``pause``: seconds between two disturbances, ``client_pause`` between two steps."""

    seed: int
    seconds: float
    servers: int = 3
    workers: int = 3
    clocks: int = 2
    clients: int = 6
    cases_followed: int = 10
    pause: float = 4.0
    client_pause: float = 0.3


@dataclass
class Scene:
    """What the parts of a run share."""

    plan: Plan
    folder: Path
    cluster: Cluster
    fleet: Fleet
    settings: Settings
    http: httpx.AsyncClient
    dice: Random

    @property
    def urls(self) -> tuple[str, ...]:
        """Where the servers answer."""
        return tuple(unit.url for unit in self.fleet.servers if unit.url)

    @property
    def heard(self) -> Path:
        """The file in which the departments write."""
        return self.folder / "heard"

    def token(self, viewer: Viewer) -> str:
        """A token of the viewer."""
        return tokens.issue(
            tokens.local_key(self.settings.data_dir), login=viewer.login, name=viewer.name, grants=viewer.grants,
            issuer=self.settings.issuer, audience=self.settings.audience, now=utc_now(), lifetime=LIFETIME,
        )  # fmt: skip

    def dispatcher(self) -> str:
        """The token of the duty chief."""
        return self.token(staff_viewer(load_street(), "吕示衡"))

    def leader(self) -> str:
        """The token of the street's deputy."""
        return self.token(staff_viewer(load_street(), "张示远"))

    def handler(self, organization: str) -> str:
        """The token of an organization's handler."""
        return self.token(handler_viewer(load_street(), organization))


async def run(plan: Plan, folder: Path, say: Callable[[str], None]) -> tuple[Findings, Disturber]:
    """Start everything, disturb it under load, let it settle, and audit."""
    async with crashable_cluster(folder / "database") as cluster, httpx.AsyncClient() as http:
        environment = _environment(folder, cluster.dsn(DATABASE))
        settings = Settings.from_environment(environment)
        await fill(settings, cluster.dsn(DATABASE))
        (folder / "heard").touch()
        fleet = _fleet(plan, folder, environment)
        scene = Scene(plan, folder, cluster, fleet, settings, http, Random(plan.seed))
        async with running_fleet(fleet):
            if down := await _still_down(fleet):
                raise TimeoutError(f"not up after {START_WITHIN:g} s: {', '.join(down)}")
            kept, disturber = await _disturbed(scene, say)
            down = await _still_down(fleet)
            findings = await _audited(scene, kept)
        findings.fault("processes that did what they should not", fleet.surprises())
        findings.fault("starts refused though PostgreSQL was there", disturber.comebacks.needless(fleet.refusals()))
        findings.fault(f"processes that were not back {BACK_WITHIN:g} s after PostgreSQL", disturber.comebacks.late)
        findings.fault("processes that never came up again", down)
        return findings, disturber


async def _disturbed(scene: Scene, say: Callable[[str], None]) -> tuple[Kept, Disturber]:
    book, ending = Book(), asyncio.Event()
    caller = Caller(scene.urls, scene.http, book, Random(scene.plan.seed + 1), f"K{scene.plan.seed}")
    clients = Clients(caller, Staff(scene.dispatcher(), scene.leader()))
    comebacks = Comebacks(scene.heard, scene.dispatcher(), scene.http)
    disturber = Disturber(scene.fleet, scene.cluster, comebacks, scene.dice, _timed(say))
    subscribers = await _subscribers(scene)
    async with _listening(scene, subscribers, book):
        working = [
            asyncio.create_task(clients.work(ending, scene.plan.client_pause)) for _ in range(scene.plan.clients)
        ]
        try:
            await disturber.disturb(scene.plan.seconds, scene.plan.pause)
            ending.set()
            await asyncio.gather(*working)
            await clients.finish()
        finally:
            await cancelled(*working, *clients.following)
        say("settling")
        until = await _settled(scene)
        await _all_told(subscribers)
    return Kept(book, scene.heard, subscribers, until), disturber


@asynccontextmanager
async def _listening(scene: Scene, subscribers: list[Subscriber], book: Book) -> AsyncIterator[None]:
    """The subscribers at work, and some more that follow the first cases."""
    listening = [asyncio.create_task(each.listen(scene.http)) for each in subscribers]
    following = asyncio.create_task(_follow_cases(scene, subscribers, listening, book))
    try:
        yield
        for task in (following, *listening):
            if task.done():
                task.result()  # raises what it died of: nobody listened any more
    finally:
        await cancelled(following, *listening)


async def _subscribers(scene: Scene) -> list[Subscriber]:
    start = (await Api(scene.urls[0], scene.dispatcher(), scene.http).query("{ feedCursor }"))["feedCursor"]
    told = [("board", BOARD, STREET, scene.dispatcher())] * 2
    told += [(f"inbox of {code}", INBOX, code, scene.handler(code)) for code in ("CG", "JJ")]
    return [
        Subscriber(name, document, key, start, token, scene.urls, Random(scene.plan.seed + n))
        for n, (name, document, key, token) in enumerate(told, 10)
    ]


async def _follow_cases(
    scene: Scene, subscribers: list[Subscriber], listening: list["asyncio.Task[None]"], book: Book
) -> None:
    """Follow the first cases from the moment on that their clients are told of them."""
    followed: set[str] = set()
    while len(followed) < scene.plan.cases_followed:
        await asyncio.sleep(0.2)
        for told in [told for told in book.told if told.mutation == "blowEmergencyWhistle"]:
            case = told.payload["case"]["id"]
            if case not in followed and len(followed) < scene.plan.cases_followed:
                followed.add(case)
                each = Subscriber(
                    f"case {case}", CASE, case, told.payload["cursor"], scene.dispatcher(), scene.urls, Random(len(followed))
                )  # fmt: skip
                subscribers.append(each)
                listening.append(asyncio.create_task(each.listen(scene.http)))


async def _settled(scene: Scene) -> datetime:
    """Wait until nothing is open of what happened up to now; what still is after the limit is the audit's to find."""
    await asyncio.sleep(LAST_WAKE_UPS)
    until, ends = utc_now(), monotonic() + SETTLE_WITHIN
    connection = await asyncpg.connect(scene.cluster.dsn(DATABASE))
    try:
        while monotonic() < ends and await connection.fetchval(_UNSETTLED, until):
            await asyncio.sleep(0.2)
    finally:
        await connection.close()
    return until


async def _all_told(subscribers: Sequence[Subscriber]) -> None:
    """Wait until no subscriber is told anything any more, but not for ever, for deadlines go on passing."""
    began = last = monotonic()
    told = -1
    while (now := monotonic()) < min(began + SETTLE_WITHIN, last + QUIET_FOR):
        if (count := sum(len(each.told) for each in subscribers)) != told:
            last, told = now, count
        await asyncio.sleep(0.1)


async def _audited(scene: Scene, kept: Kept) -> Findings:
    connection = await asyncpg.connect(scene.cluster.dsn(DATABASE))
    try:
        return await audit(connection, kept)
    finally:
        await connection.close()


async def _still_down(fleet: Fleet) -> list[str]:
    """The processes that are not up within the time for a start."""
    ends = monotonic() + START_WITHIN
    while (down := fleet.down()) and monotonic() < ends:
        await asyncio.sleep(0.1)
    return down


def _environment(folder: Path, dsn: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("SHAODAO_")}
    return kept | {
        "SHAODAO_DATABASE_URL": dsn,
        "SHAODAO_DATA_DIR": str(folder / "data"),
        "SHAODAO_DEPARTMENTS": DEPARTMENTS,
        "SHAODAO_PRESET": str(RULEBOOK),
        "SHAODAO_WORKERS": "false",
        "SHAODAO_LIMIT_COST_PER_SECOND": "0",
        # Of PostgreSQL's 100 connections, this many for each of the processes, and those of one that is being replaced.
        "SHAODAO_POOL_SIZE": "8",
        HEARD: str(folder / "heard"),
    }


def _fleet(plan: Plan, folder: Path, environment: Mapping[str, str]) -> Fleet:
    return Fleet(
        tuple(_server(f"server-{n}", folder, environment) for n in range(1, plan.servers + 1)),
        tuple(
            Unit(
                f"worker-{n}", WORK if n <= plan.clocks else COURIERS_ONLY, environment, folder / f"worker-{n}.log",
                WORKER_IS_UP, departments=DEPARTMENT_NAMES,
            )
            for n in range(1, plan.workers + 1)
        ),
    )  # fmt: skip


def _server(name: str, folder: Path, environment: Mapping[str, str]) -> Unit:
    port = free_port()
    own = {**environment, "SHAODAO_PORT": str(port)}
    return Unit(name, (*SHAODAO, "serve"), own, folder / f"{name}.log", SERVER_IS_UP, url=f"http://127.0.0.1:{port}")


def _timed(say: Callable[[str], None]) -> Callable[[str], None]:
    began = monotonic()
    return lambda line: say(f"{monotonic() - began:6.1f} s  {line}")


def summary(findings: Findings, disturber: Disturber) -> dict[str, Any]:
    """What is printed, by name."""
    back = {
        f"seconds until a {kind} was back after PostgreSQL (longest of {len(times)})": f"{max(times):.1f}"
        for kind, times in disturber.comebacks.seconds.items()
        if times
    }
    return {f"{kind}": times for kind, times in sorted(disturber.counts.items())} | findings.counts | back
