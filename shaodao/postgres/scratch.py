"""A migrated database that is thrown away, for the checks of the migrations."""

import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

from shaodao.postgres.embedded import DSN, embedded_server
from shaodao.postgres.migrations import apply
from shaodao.postgres.pool import connect


@asynccontextmanager
async def scratch_database(folder: Path) -> AsyncIterator[DSN]:
    """A fresh embedded database with the migrations of ``folder`` applied."""
    with open_folder() as home:
        async with embedded_server(home / "data", throw_away=True) as dsn:
            await migrate(dsn, folder)
            yield dsn


@contextmanager
def open_folder() -> Iterator[Path]:
    """A temporary folder that others may pass through, since root's PostgreSQL runs as another account."""
    with tempfile.TemporaryDirectory(prefix="shaodao-scratch-") as name:
        folder = Path(name)
        folder.chmod(0o711)
        yield folder


async def migrate(dsn: DSN, folder: Path) -> None:
    """Apply what is pending by a connection of its own."""
    connection = await connect(dsn)
    try:
        await apply(connection, folder)
    finally:
        await connection.close()
