"""Making databases with the one right encoding and locale."""

import asyncio

import asyncpg

from shaodao.postgres.errors import EmbeddedServerError

# Ordered by bytes, letters classified by Unicode: the same on every machine, whatever its language.
_LIBC = "TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE '{}'"
_BUILTIN = (
    "TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C' LOCALE_PROVIDER builtin BUILTIN_LOCALE 'C.UTF-8'"
)
RECOVERED_WITHIN = 600.0
"""Seconds that a backup's recovery may take before a start gives up waiting for it."""

LOCALES = (_LIBC.format("C.UTF-8"), _LIBC.format("C.utf8"), _BUILTIN)


async def ensure_database(dsn: str, name: str) -> None:
    """Make the database if it is missing, once the server is through a recovery; ``dsn`` is another database of the same server.

    Raises EmbeddedServerError.
    """
    connection = await asyncpg.connect(dsn)
    try:
        await _recovered(connection)
        if not await connection.fetchval("SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)", name):
            await create_database(connection, name)
    finally:
        await connection.close()


async def _recovered(connection: "asyncpg.Connection[asyncpg.Record]") -> None:
    """Wait until the server may write: one that recovers to a point in time lets readers in before."""
    try:
        async with asyncio.timeout(RECOVERED_WITHIN):
            while await connection.fetchval("SELECT pg_is_in_recovery()"):  # noqa: ASYNC110 - nobody tells
                await asyncio.sleep(0.1)
    except TimeoutError:
        raise EmbeddedServerError("PostgreSQL can only be read: it still recovers, or is a standby.") from None


async def create_database(connection: "asyncpg.Connection[asyncpg.Record]", name: str) -> None:
    """Make an empty database in UTF8, ordered by C and classified by C.UTF-8, however that machine spells it."""
    for locale in LOCALES:
        try:
            await connection.execute(f'CREATE DATABASE "{name}" {locale}')
        except (asyncpg.WrongObjectTypeError, asyncpg.InvalidParameterValueError, asyncpg.PostgresSyntaxError):
            continue
        return
    raise EmbeddedServerError(
        "This machine has no locale C.UTF-8, and this PostgreSQL none of its own. Install the locale C.UTF-8."
    )
