"""Making databases with the one right encoding and locale."""

import asyncpg

from shaodao.postgres.errors import EmbeddedServerError

# Ordered by bytes, letters classified by Unicode: the same on every machine, whatever its language.
_LIBC = "TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE '{}'"
_BUILTIN = (
    "TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C' LOCALE_PROVIDER builtin BUILTIN_LOCALE 'C.UTF-8'"
)
LOCALES = (_LIBC.format("C.UTF-8"), _LIBC.format("C.utf8"), _BUILTIN)


async def ensure_database(dsn: str, name: str) -> None:
    """Make the database if it is missing; ``dsn`` is another database of the same server."""
    connection = await asyncpg.connect(dsn)
    try:
        if not await connection.fetchval("SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)", name):
            await create_database(connection, name)
    finally:
        await connection.close()


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
