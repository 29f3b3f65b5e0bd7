"""The connection pool: session state is the same on every connection and is never changed afterwards."""

import asyncio
from typing import Any

import asyncpg
import structlog

from shaodao.postgres.errors import CONNECTION_ERRORS, DatabaseUnreachable

# As many statements as the read compiler keeps plans; a connection never prepares the same statement twice.
STATEMENT_CACHE_SIZE = 4096
CLOSE_WITHIN = 2.0
"""Seconds that the connections of a pool get to end; a database that is gone never lets them."""

STATEMENT_SECONDS = 30.0
"""Seconds that a statement may take where nothing else is said; a command waits for locks, too."""

SESSION_SETTINGS = {
    "application_name": "shaodao",
    "TimeZone": "Asia/Shanghai",
    "jit": "off",
    # Citus would hide shards from asyncpg's type look-ups by a slow view; plain PostgreSQL ignores this name.
    "citus.override_table_visibility": "off",
}

UNREACHABLE = (*CONNECTION_ERRORS, asyncpg.PostgresError, asyncpg.InterfaceError)
"""Whatever a connection, or opening one, may fail with."""

_log = structlog.get_logger(__name__)


async def create_pool(
    dsn: str, size: int, *, application_name: str = "shaodao", statement_seconds: float = STATEMENT_SECONDS, **settings: str
) -> "asyncpg.Pool[asyncpg.Record]":  # fmt: skip
    """A pool of at most ``size`` connections; json and jsonb come and go as text. PostgreSQL ends a longer statement.

    ``settings`` are further ones of PostgreSQL's for each session.

    Raises DatabaseUnreachable if the first connection fails.
    """
    named = {"application_name": application_name, "statement_timeout": f"{round(statement_seconds * 1000)}ms"}
    try:
        return await asyncpg.create_pool(
            dsn,
            min_size=1,
            max_size=size,
            max_inactive_connection_lifetime=0,
            reset=_keep,
            server_settings=SESSION_SETTINGS | named | settings,
            **_statement_cache(),
        )
    except UNREACHABLE as error:
        raise unreachable(dsn, error) from None


async def close_pool(pool: "asyncpg.Pool[asyncpg.Record]") -> None:
    """Close the pool; connections that are still in use or do not answer after CLOSE_WITHIN seconds are cut."""
    try:
        async with asyncio.timeout(CLOSE_WITHIN):
            await pool.close()
    except UNREACHABLE as error:
        _log.warning("pool_cut", error=str(error) or type(error).__name__)


async def connect(dsn: str, *, application_name: str = "shaodao") -> "asyncpg.Connection[asyncpg.Record]":
    """One connection outside a pool, for migrations and for listening, without a statement time limit."""
    settings = SESSION_SETTINGS | {"application_name": application_name, "statement_timeout": "0"}
    try:
        return await asyncpg.connect(dsn, timeout=10, server_settings=settings)
    except UNREACHABLE as error:
        raise unreachable(dsn, error) from None


def unreachable(dsn: str, error: BaseException) -> DatabaseUnreachable:
    """The one-line error for a connection that failed."""
    return DatabaseUnreachable(dsn, (str(error) or type(error).__name__).splitlines()[0])


def _statement_cache() -> dict[str, Any]:
    """Keep every statement: by default asyncpg forgets it after 5 minutes, and over 15 kB prepares it each time."""
    return {
        "statement_cache_size": STATEMENT_CACHE_SIZE,
        "max_cached_statement_lifetime": 0,
        "max_cacheable_statement_size": 0,
    }


async def _keep(connection: Any) -> None:
    """No reset between users: nobody sets session state, and resetting would cost a round trip each time."""
