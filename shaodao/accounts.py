"""Which account 账号 a token speaks for: asked of the database, where there is one, when ``shaodao token`` makes a token."""

from dataclasses import dataclass

import asyncpg

from shaodao.domain.permissions import Grant
from shaodao.postgres.embedded import running_dsn
from shaodao.postgres.pool import connect
from shaodao.settings import Settings, StartError

_HOLDERS = """
SELECT a.login, a.name
FROM accounts a JOIN account_roles r ON r.account_id = a.id
WHERE a.enabled AND r.role = $1 AND r.scope_code = $2
    AND ($3::text IS NULL OR r.organization_code = $3) AND ($4::text IS NULL OR r.rank = $4)
ORDER BY a.login
LIMIT 1
"""
_NAMED = "SELECT login, name FROM accounts WHERE login = $1"


class NobodyToAsk(Exception):
    """There is no database that could say who holds a role; the message says why."""


@dataclass(frozen=True)
class Account:
    """An account, by its login and its person's name."""

    login: str
    name: str


async def find_account(settings: Settings, grant: Grant, login: str | None) -> Account | None:
    """The account of a login, or without one the first that holds the grant's role for its scope; None if there is none.

    Asks SHAODAO_DATABASE_URL, or the embedded database if a server has it running. Raises NobodyToAsk.
    """
    dsn = settings.database_url or running_dsn(settings.data_dir)
    if dsn is None:
        raise NobodyToAsk("no server runs on the data folder")
    try:
        connection = await connect(dsn)
    except StartError:
        raise NobodyToAsk("it cannot be reached") from None
    try:
        return await _found(connection, grant, login)
    except asyncpg.UndefinedTableError:
        raise NobodyToAsk("it has no tables yet") from None
    finally:
        await connection.close()


async def _found(connection: "asyncpg.Connection[asyncpg.Record]", grant: Grant, login: str | None) -> Account | None:
    if login is not None:
        row = await connection.fetchrow(_NAMED, login)
    else:
        row = await connection.fetchrow(_HOLDERS, grant.role, grant.scope, grant.organization, grant.rank)
    return None if row is None else Account(row["login"], row["name"])
