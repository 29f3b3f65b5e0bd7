"""One PostgreSQL for the test session, a template database with every migration, and a fresh copy of it for each test.

The first test that asks starts the server, whichever xdist worker it runs in; the controller stops it at the end, and a
small shell that watches the controller does so if that is killed. SHAODAO_TEST_POSTGRES_BIN names other programs than the
wheel's.
"""

import asyncio
import fcntl
import os
import shutil
import subprocess
import tempfile
from collections.abc import AsyncIterator, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar
from uuid import uuid4

import asyncpg
import pytest
import structlog

from shaodao.postgres.database import create_database
from shaodao.postgres.embedded import Cluster, place_cluster, silent
from shaodao.postgres.migrations import migrations_folder
from shaodao.postgres.pool import create_pool
from shaodao.postgres.scratch import migrate

Result = TypeVar("Result")

RUN_FOLDER = "SHAODAO_TEST_RUN_FOLDER"
OTHER_PROGRAMS = "SHAODAO_TEST_POSTGRES_BIN"
TEMPLATE = "shaodao_template"

ROOM = 2 << 30
"""Bytes that the session's server may need at most."""

WATCH = '(while kill -0 "$1"; do sleep 1; done; kill -INT "$2") &'


def pytest_configure(config: pytest.Config) -> None:
    """The controller makes the folder that all workers share. A trace in the log is plain: a painted one takes two seconds."""
    *processors, _ = structlog.get_config()["processors"]
    plain = structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback)
    structlog.configure(processors=[*processors, plain])
    if _is_controller(config):
        folder = tempfile.mkdtemp(prefix="shaodao-tests-", dir=_memory())
        Path(folder).chmod(0o711)  # root's PostgreSQL runs as another account
        os.environ[RUN_FOLDER] = folder


def pytest_unconfigure(config: pytest.Config) -> None:
    """The controller stops the server, if one was started, and removes the folder."""
    folder = os.environ.get(RUN_FOLDER)
    if _is_controller(config) and folder:
        cluster = _cluster(Path(folder))
        if cluster.postmaster() is not None:
            cluster.stop()
        shutil.rmtree(folder)
        del os.environ[RUN_FOLDER]


@pytest.fixture(scope="session")
def postgres() -> Cluster:
    """The session's server, running, with the template database in it."""
    folder = Path(os.environ[RUN_FOLDER])
    with _locked(folder / "lock"):
        cluster = _cluster(folder)
        if cluster.postmaster() is None:
            cluster.start()
            _watch(cluster)
        if not (folder / "template").exists():
            _run(_make_template(cluster))
            (folder / "template").touch()
    return cluster


@pytest.fixture
async def empty_database(postgres: Cluster) -> AsyncIterator[str]:
    """DSN of a fresh database without tables."""
    name = f"test_{uuid4().hex}"
    connection = await asyncpg.connect(postgres.dsn("postgres"))
    try:
        await create_database(connection, name)
        yield postgres.dsn(name)
        await connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
    finally:
        await connection.close()


@pytest.fixture
async def database(postgres: Cluster) -> AsyncIterator[str]:
    """DSN of a fresh database with every migration applied."""
    name = f"test_{uuid4().hex}"
    connection = await asyncpg.connect(postgres.dsn("postgres"))
    try:
        await connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{TEMPLATE}" STRATEGY FILE_COPY')
        yield postgres.dsn(name)
        await connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
    finally:
        await connection.close()


@pytest.fixture
async def pool(database: str) -> AsyncIterator["asyncpg.Pool[asyncpg.Record]"]:
    """A pool on the fresh database, as the server makes it."""
    made = await create_pool(database, 4)
    try:
        yield made
    finally:
        await made.close()


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A temporary folder that other accounts may pass through, unlike pytest's own: PostgreSQL refuses root."""
    with tempfile.TemporaryDirectory(prefix="shaodao-") as name:
        folder = Path(name)
        folder.chmod(0o711)
        yield folder


def _memory() -> str | None:
    """A folder in memory, if there is room: a copy of the template there takes 15 ms, on a disk up to a second."""
    memory = Path("/dev/shm")
    roomy = memory.is_dir() and os.access(memory, os.W_OK) and shutil.disk_usage(memory).free > ROOM
    return str(memory) if roomy else None


def _is_controller(config: pytest.Config) -> bool:
    return not hasattr(config, "workerinput")


def _cluster(folder: Path) -> Cluster:
    other = os.environ.get(OTHER_PROGRAMS)
    return place_cluster(folder, say=silent, binaries=Path(other) if other else None, throw_away=True)


async def _make_template(cluster: Cluster) -> None:
    connection = await asyncpg.connect(cluster.dsn("postgres"))
    try:
        await connection.execute(f'DROP DATABASE IF EXISTS "{TEMPLATE}"')
        await create_database(connection, TEMPLATE)
    finally:
        await connection.close()
    await migrate(cluster.dsn(TEMPLATE), migrations_folder())


def _run(coroutine: Coroutine[Any, Any, Result]) -> Result:
    """Run a coroutine in a thread of its own, since a loop of the test may be running here."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, coroutine).result()


def _watch(cluster: Cluster) -> None:
    controller = os.getppid() if "PYTEST_XDIST_WORKER" in os.environ else os.getpid()
    subprocess.run(
        ["/bin/sh", "-c", WATCH, "sh", str(controller), str(cluster.postmaster())],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        check=True,
    )


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
