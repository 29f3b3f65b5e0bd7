"""The migrations runner: numbered SQL files, applied once, in order, under a lock, with a ledger of checksums."""

import asyncio
import hashlib
import re
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TypeAlias

import asyncpg

from shaodao.postgres.errors import (
    ChangedMigration,
    MigrationError,
    MigrationFailed,
    MigrationOutOfOrder,
    MigrationsLocked,
    NewerDatabase,
)
from shaodao.postgres.statements import Statement, UnfinishedStatement, split_statements

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"

FILE_NAME = re.compile(r"(?P<number>\d{4})_[a-z0-9_]+\.sql")
NO_TRANSACTION = re.compile(r"^--\s*no-transaction\s*$", re.MULTILINE)

LOCK = 7_362_041_105  # any number, the same for every Shaodao
LOCK_PATIENCE = 60.0  # seconds

# A migration that waits for a lock holds up every request behind it: better to fail, and to be tried again.
LIMITS = {"lock_timeout": "5s", "statement_timeout": "15min"}
CITUS_MODE = "SET LOCAL citus.multi_shard_modify_mode = 'sequential'"

LEDGER = """
CREATE TABLE IF NOT EXISTS migrations (
    number integer NOT NULL,
    name text NOT NULL,
    checksum text NOT NULL,
    applied_at timestamptz NOT NULL,
    CONSTRAINT migrations_pkey PRIMARY KEY (number)
)
"""
RECORD = "INSERT INTO migrations (number, name, checksum, applied_at) VALUES ($1, $2, $3, statement_timestamp())"
APPLIED = "SELECT number, name, checksum FROM migrations ORDER BY number"


@dataclass(frozen=True)
class Migration:
    """One file: its number, its name without suffix, its text, and whether it runs in a transaction."""

    number: int
    name: str
    source: str

    @property
    def checksum(self) -> str:
        """SHA-256 of the text; line ends do not count."""
        return hashlib.sha256(self.source.encode()).hexdigest()

    @property
    def in_transaction(self) -> bool:
        """False for a file with the line ``-- no-transaction``, as concurrent indexes need."""
        return NO_TRANSACTION.search(self.source) is None

    def statements(self) -> list[Statement]:
        """Its statements in order; raises MigrationFailed for a file that cannot be split."""
        try:
            return list(split_statements(self.source))
        except UnfinishedStatement as error:
            raise MigrationFailed(self.name, error.line, str(error)) from None


Progress: TypeAlias = Callable[[Migration], None]


def migrations_folder() -> Path:
    """The folder ``migrations`` of the checkout that this code runs from."""
    return Path(__file__).resolve().parents[2] / "migrations"


def read_migrations(folder: Path) -> list[Migration]:
    """The numbered files of a folder, ascending; other files are left alone.

    Raises MigrationError if there is none, MigrationOutOfOrder if two have one number.
    """
    found = [
        Migration(int(match["number"]), path.stem, path.read_text(encoding="utf-8"))
        for path in sorted(folder.glob("*.sql"))
        if (match := FILE_NAME.fullmatch(path.name))
    ]
    if not found:
        raise MigrationError(f"There are no migrations in {folder}. Start from a complete checkout.")
    for earlier, later in pairwise(found):
        if earlier.number == later.number:
            raise MigrationOutOfOrder(later.name, earlier.name)
    return found


async def pending(connection: Connection, folder: Path) -> list[Migration]:
    """The migrations that the database waits for, ascending.

    Raises ChangedMigration, NewerDatabase or MigrationOutOfOrder where files and ledger do not fit.
    """
    files = read_migrations(folder)
    applied = await _applied(connection)
    _compare(files, applied)
    return [file for file in files if file.number not in applied]


def _quiet(migration: Migration) -> None:
    """Tell nobody."""


async def apply(connection: Connection, folder: Path, progress: Progress = _quiet) -> list[Migration]:
    """Apply what is pending, each file wholly or (in its transaction) not at all; tells ``progress`` before each.

    Raises as ``pending`` does, MigrationFailed for a failing statement, MigrationsLocked after a minute behind another.
    """
    async with _locked(connection):
        await connection.execute(LEDGER)
        waiting = await pending(connection, folder)
        for migration in waiting:
            progress(migration)
            await _apply_one(connection, migration)
        return waiting


async def _applied(connection: Connection) -> Mapping[int, asyncpg.Record]:
    if await connection.fetchval("SELECT to_regclass('public.migrations')") is None:
        return {}
    return {row["number"]: row for row in await connection.fetch(APPLIED)}


def _compare(files: list[Migration], applied: Mapping[int, asyncpg.Record]) -> None:
    known = {file.number: file for file in files}
    for number, row in applied.items():
        if number not in known:
            raise NewerDatabase(row["name"])
        if known[number].checksum != row["checksum"]:
            raise ChangedMigration(known[number].name)
    last = max(applied, default=-1)
    for file in files:
        if file.number < last and file.number not in applied:
            raise MigrationOutOfOrder(file.name, applied[last]["name"])


async def _apply_one(connection: Connection, migration: Migration) -> None:
    if migration.in_transaction:
        async with connection.transaction():
            await connection.execute(CITUS_MODE)
            await _limit(connection, "SET LOCAL")
            await _run(connection, migration)
            await _record(connection, migration)
    else:
        await _limit(connection, "SET")
        try:
            await _run(connection, migration)
            await _record(connection, migration)
        finally:
            for name in LIMITS:
                await connection.execute(f"RESET {name}")


async def _limit(connection: Connection, verb: str) -> None:
    for name, value in LIMITS.items():
        await connection.execute(f"{verb} {name} = '{value}'")


async def _run(connection: Connection, migration: Migration) -> None:
    for statement in migration.statements():
        try:
            await connection.execute(statement.text)
        except asyncpg.PostgresError as error:
            raise MigrationFailed(migration.name, statement.line, str(error)) from error


async def _record(connection: Connection, migration: Migration) -> None:
    await connection.execute(RECORD, migration.number, migration.name, migration.checksum)


@asynccontextmanager
async def _locked(connection: Connection) -> AsyncIterator[None]:
    """One migrating program at a time.

    Asked for again and again rather than waited for: a waiting session holds a snapshot, for which CREATE INDEX
    CONCURRENTLY of the program ahead would wait in turn.
    """
    try:
        async with asyncio.timeout(LOCK_PATIENCE):
            while not await connection.fetchval("SELECT pg_try_advisory_lock($1)", LOCK):  # noqa: ASYNC110 - it is another process
                await asyncio.sleep(0.2)
    except TimeoutError:
        raise MigrationsLocked(LOCK_PATIENCE) from None
    try:
        yield
    finally:
        await connection.execute("SELECT pg_advisory_unlock($1)", LOCK)
