"""The database that all contenders stand on: an embedded PostgreSQL 18 with the same settings for everybody."""

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from shaodao.postgres.database import ensure_database
from shaodao.postgres.embedded import DATABASE, DSN, Cluster, Say, running_cluster
from shaodao.postgres.pool import connect
from shaodao.serving import migrate

SETTINGS: Mapping[str, str] = {
    "shared_buffers": "2GB",
    "effective_cache_size": "8GB",
    "work_mem": "16MB",
    "maintenance_work_mem": "512MB",
    "max_wal_size": "8GB",
    "checkpoint_timeout": "30min",
    "random_page_cost": "1.1",
    "max_connections": "200",
    "max_parallel_workers_per_gather": "0",
    # A benchmark's database can be loaded again; what is measured is reading and the work of writing, not this disk.
    "synchronous_commit": "off",
}
"""What is set beside PostgreSQL's defaults; docs/benchmarks.md prints it."""

DURABLE: Mapping[str, str] = {**SETTINGS, "synchronous_commit": "on"}
"""The same with commits that are on the disk when they are answered, as a database has it whose cases are real."""

_SAFETY = ("fsync", "full_page_writes", "synchronous_commit")


@contextmanager
def database_server(folder: Path, *, say: Say, settings: Mapping[str, str] = SETTINGS) -> Iterator[Cluster]:
    """The cluster of a data folder, started with the settings; its database ``shaodao`` exists and is migrated."""
    with running_cluster(folder, say=say) as cluster:
        changed = asyncio.run(_prepare(cluster, settings, say))
    if changed:
        say("PostgreSQL starts again with the benchmark's settings")
    with running_cluster(folder, say=say) as cluster:
        yield cluster


async def _prepare(cluster: Cluster, settings: Mapping[str, str], say: Say) -> bool:
    """Make and migrate the database; write the settings down. Answers whether any is new."""
    await ensure_database(cluster.dsn("postgres"), DATABASE)
    dsn = cluster.dsn(DATABASE)
    await migrate(dsn, say=say)
    connection = await connect(dsn)
    try:
        changed = False
        for name, value in settings.items():
            if (
                await connection.fetchval("SELECT setting FROM pg_file_settings WHERE name = $1 AND applied", name)
                != value
            ):
                await connection.execute(f"ALTER SYSTEM SET {name} = '{value}'")
                changed = True
        return changed
    finally:
        await connection.close()


async def safety(dsn: DSN) -> str:
    """What is in force of all that a commit's safety hangs on, such as ``fsync = on``."""
    connection = await connect(dsn)
    try:
        return ", ".join([f"`{name} = {await connection.fetchval(f'SHOW {name}')}`" for name in _SAFETY])
    finally:
        await connection.close()


async def holds_cases(dsn: DSN) -> bool:
    """Whether a city was loaded: the kept data folder is used as it is."""
    connection = await connect(dsn)
    try:
        return bool(await connection.fetchval("SELECT EXISTS (SELECT FROM case_file)"))
    finally:
        await connection.close()


async def count_cases(dsn: DSN) -> int:
    """How many cases a database has."""
    connection = await connect(dsn)
    try:
        return int(await connection.fetchval("SELECT count(*) FROM case_file"))
    finally:
        await connection.close()


async def execute(dsn: DSN, sql: str) -> None:
    """Run a script of statements."""
    connection = await connect(dsn)
    try:
        await connection.execute(sql)
    finally:
        await connection.close()
