"""Running an import: who imports, the one transaction that it is, and what comes of it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal, assert_never

import asyncpg

from shaodao.commands.running import CommandRunner, connection_of
from shaodao.commands.transaction import Connection, Outcome, Transaction
from shaodao.domain.permissions import Grant, Viewer, county_of
from shaodao.domain.vocabulary import Role
from shaodao.imports.cases import case_columns
from shaodao.imports.cases_import import import_cases
from shaodao.imports.people import people_columns
from shaodao.imports.people_import import ImportReport, Progress, import_people
from shaodao.imports.tables import Table, read_table
from shaodao.settings import StartError

Subject = Literal["people", "cases"]

_DISPATCHERS = """
SELECT a.id, a.login, a.name, r.scope_code FROM accounts a JOIN account_roles r ON r.account_id = a.id
WHERE a.enabled AND r.role = $1 AND ($2::text IS NULL OR a.login = $2) ORDER BY a.login, r.scope_code
"""


@dataclass(frozen=True)
class ImportRequest:
    """A file to be imported. ``source`` is noted as the people's 数据来源 where a row names none."""

    subject: Subject
    path: Path
    sheet: str | None = None
    ignored: tuple[str, ...] = ()
    source: str = "表格导入"
    dry_run: bool = False


async def importing_viewer(connection: Connection, login: str | None) -> Viewer:
    """The dispatcher in whose name is imported, with no other role; without a login, the only one there is.

    Raises StartError for an account that is no dispatcher, and where several are.
    """
    rows = await connection.fetch(_DISPATCHERS, Role.STREET_DISPATCHER, login)
    logins = sorted({row["login"] for row in rows})
    if not logins:
        raise StartError(f"{login or 'No account'} is no enabled street dispatcher; imports are made by one.")
    if len(logins) > 1:
        raise StartError(f"Several accounts are street dispatchers; name one with --as: {', '.join(logins)}.")
    return _viewer(rows)


def _viewer(rows: list[asyncpg.Record]) -> Viewer:
    grants = tuple(Grant(Role.STREET_DISPATCHER, row["scope_code"]) for row in rows)
    if len({county_of(grant.scope) for grant in grants}) > 1:
        raise StartError("The dispatcher's scopes lie in several counties; import with an account of one.")
    return Viewer(rows[0]["login"], rows[0]["name"], grants, account_id=rows[0]["id"])


def open_table(request: ImportRequest) -> Table:
    """The table of the request's file, its header matched. Raises TableError."""
    match request.subject:
        case "people":
            columns = people_columns()
        case "cases":
            columns = case_columns()
        case _:
            assert_never(request.subject)
    return read_table(request.path, columns, sheet=request.sheet, ignored=request.ignored)


async def run_import(
    runner: CommandRunner, actor: Viewer, now: datetime, request: ImportRequest, table: Table, progress: Progress
) -> ImportReport:
    """Import a table in one transaction: all of it, or nothing. Raises ImportRefused and TableError."""
    reports: list[ImportReport] = []

    async def command(tx: Transaction) -> Outcome:
        reports.append(await _importer(request, table, progress)(tx))
        return Outcome(county_code=tx.county)

    await runner.run(command, actor=actor, county=actor.counties[0], now=now)
    return reports[-1]


def _importer(
    request: ImportRequest, table: Table, progress: Progress
) -> Callable[[Transaction], Awaitable[ImportReport]]:
    match request.subject:
        case "people":
            return lambda tx: import_people(
                tx, table, source=request.source, dry_run=request.dry_run, progress=progress
            )
        case "cases":
            return lambda tx: import_cases(
                tx, table, most=tx.ground.rulebook.bulk.imported_cases, dry_run=request.dry_run, progress=progress
            )
        case _:
            assert_never(request.subject)


async def viewer_on(pool: "asyncpg.Pool[asyncpg.Record]", login: str | None) -> Viewer:
    """As ``importing_viewer``, on a connection of the pool."""
    async with pool.acquire() as lent:
        return await importing_viewer(connection_of(lent), login)
