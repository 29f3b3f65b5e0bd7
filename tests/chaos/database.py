"""The run's own PostgreSQL: it can be crashed and started again, and keeps by a trigger of its own what was ever owed."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg

from shaodao import serving
from shaodao.commands.transaction import Connection
from shaodao.demo.run import load_month
from shaodao.host import utc_now
from shaodao.postgres.database import ensure_database
from shaodao.postgres.embedded import DATABASE, Cluster, place_cluster, silent
from shaodao.settings import Settings

# A delivery is deleted when it is done. What a committed command owed is kept here, in the same transaction.
_KEEP_OWED = """
CREATE TABLE chaos_owed (organization_code text, case_id uuid, seq integer, hook text, assignment_id uuid);
CREATE FUNCTION chaos_keep_owed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO chaos_owed VALUES (NEW.organization_code, NEW.case_id, NEW.seq, NEW.hook, NEW.assignment_id);
    RETURN NULL;
END $$;
CREATE TRIGGER chaos_keep_owed AFTER INSERT ON delivery FOR EACH ROW EXECUTE FUNCTION chaos_keep_owed();
"""


# Three servers with 25 each, three workers with 17, and with two departments below each that have five.
_ROOM = "ALTER SYSTEM SET max_connections = 200"


@asynccontextmanager
async def crashable_cluster(folder: Path) -> AsyncIterator[Cluster]:
    """A cluster in the folder with the safety that production has: a crash must lose nothing that was committed."""
    folder.mkdir(mode=0o711)  # else PostgreSQL's account could not be let in, and the cluster would be placed elsewhere
    cluster = place_cluster(folder, say=silent)
    try:
        await asyncio.to_thread(cluster.start)
        await _execute(cluster.dsn("postgres"), _ROOM)
        await asyncio.to_thread(cluster.stop)  # from the next start on it holds
        await asyncio.to_thread(cluster.start)
        await ensure_database(cluster.dsn("postgres"), DATABASE)
        yield cluster
    finally:
        await asyncio.to_thread(cluster.stop)


async def fill(settings: Settings, dsn: str) -> None:
    """Migrate, load the demonstration street without its cases, and begin to keep what is owed."""
    await serving.migrate(dsn, say=silent)
    await load_month(settings, dsn, now=utc_now())
    connection = await asyncpg.connect(dsn)
    try:
        await keep_owed(connection)
    finally:
        await connection.close()


async def keep_owed(connection: Connection) -> None:
    """Begin to keep what is owed."""
    await connection.execute(_KEEP_OWED)


async def _execute(dsn: str, statement: str) -> None:
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


def kill_postmaster(cluster: Cluster) -> None:
    """As the kernel kills a process that takes too much memory: the servers notice that their postmaster is gone, and end."""
    postmaster = cluster.postmaster()
    assert postmaster is not None, "it runs whenever nobody has just crashed it"
    os.kill(postmaster, signal.SIGKILL)


def stop_at_once(cluster: Cluster) -> None:
    """As in an immediate shutdown: every server ends without a word, and the start recovers from the log."""
    postmaster = cluster.postmaster()
    assert postmaster is not None, "it runs whenever nobody has just crashed it"
    os.kill(postmaster, signal.SIGQUIT)
