"""The host: opens a platform on a database, with everything that the API, the workers and the loaders stand on."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Protocol

import asyncpg
import orjson
import structlog

from shaodao.calendar_table import fill_calendar, load_calendar
from shaodao.commands.running import CommandRunner, connection_of
from shaodao.commands.transaction import Connection, Ground, Matter
from shaodao.delivery.announcer import Announcer, Bell, open_announcer
from shaodao.delivery.desks import Desks
from shaodao.delivery.epochs import EpochWatch, current_epoch, known_epoch
from shaodao.delivery.pace import Now, Pulse, Worker, cancelled, keep_going
from shaodao.delivery.postgres_feed import FeedRules, PostgresFeed, open_feed
from shaodao.department_limits import unknown_departments
from shaodao.departments import Broken, DepartmentError, Departments, LoadedDepartment, sources_of
from shaodao.domain.calendar import SHANGHAI
from shaodao.domain.permissions import SYSTEM, Viewer
from shaodao.domain.rulebook import Rulebook
from shaodao.files import FileStore, file_store
from shaodao.intake import Intake
from shaodao.key_files import personal_data_key
from shaodao.links import Links
from shaodao.lookups import PhoneLookups
from shaodao.personal_data import PersonalDataCipher
from shaodao.plugin import DepartmentSettings
from shaodao.postgres.pool import close_pool, create_pool
from shaodao.presets import RulebookError, load_rulebook
from shaodao.probing import load_probed
from shaodao.settings import Settings, StartError
from shaodao.stored_departments import stored_departments

_log = structlog.get_logger(__name__)

RULES_FOLDER = "departments"
"""Folder in the data folder where a department's rules file replaces the one that it ships."""

GROUND_REFRESH = 60.0
"""Seconds after which an edited calendar is seen by every process."""

_KNOWN_ORGANIZATIONS = "SELECT code FROM organizations"
_REGISTER = """
INSERT INTO departments (name, title, version, organizations, declaration, form, registered_at, source)
VALUES ($1, $2, $3, $4, $5::jsonb, $6::jsonb, $7, $8)
ON CONFLICT (name) DO UPDATE SET title = excluded.title, version = excluded.version,
    organizations = excluded.organizations, declaration = excluded.declaration, form = excluded.form,
    registered_at = excluded.registered_at, source = excluded.source
WHERE departments.version <> excluded.version OR departments.declaration <> excluded.declaration
    OR departments.form <> excluded.form OR departments.source IS DISTINCT FROM excluded.source
"""
_SERVE = "UPDATE organizations SET department = $1 WHERE code = ANY($2::text[]) AND department IS DISTINCT FROM $1"
_SERVE_NO_MORE = """
UPDATE organizations SET department = NULL
WHERE department IS NOT NULL AND NOT (code = ANY($1::text[]))
"""


class GroundSource:
    """What commands stand on, read again from time to time: the calendar may be edited while the process runs."""

    name = "ground"

    def __init__(self, pool: "asyncpg.Pool[asyncpg.Record]", ground: Ground) -> None:
        self._pool = pool
        self._ground = ground

    def __call__(self) -> Ground:
        """The ground as it was last read."""
        return self._ground

    async def one_pass(self) -> float:
        """Read the calendar again; answers the seconds until the next time."""
        old = self._ground
        async with self._pool.acquire() as lent:
            calendar = await load_calendar(connection_of(lent))
        self._ground = Ground(rulebook=old.rulebook, calendar=calendar, cipher=old.cipher, forms=old.forms)
        return GROUND_REFRESH


@dataclass(frozen=True)
class DepartmentForms:
    """The departments as commands know them: ``shaodao.commands.transaction.ReportForms``."""

    departments: Departments

    def department_of(self, organization_code: str) -> str | None:
        """Name of the department that serves the organization; None: it works by hand in the API."""
        department = self.departments.of(organization_code)
        return None if department is None else department.name

    def answering(self, organization_code: str, matter: Matter) -> str | None:
        """Name of the department that answers such a matter of the organization by its declaration; None: by hand."""
        department = self.departments.answering(
            organization_code, role=matter.role, division_code=matter.division_code,
            category_code=matter.category_code, whistle_kind=matter.whistle_kind,
        )  # fmt: skip
        return None if department is None else department.name

    def validate(self, organization_code: str, fields: Mapping[str, Any]) -> dict[str, Any]:
        """The fields as checked by the form's schema. Raises InvalidInput with paths below ``fields``."""
        return self.departments.validate(organization_code, fields)


class Post(Protocol):
    """What a courier works with: a platform, or the part of one that a department's own process has."""

    @property
    def pool(self) -> "asyncpg.Pool[asyncpg.Record]":
        """Connections for commands."""
        ...

    @property
    def departments(self) -> Departments:
        """Every department; the courier calls those whose code is here."""
        ...

    @property
    def announcer(self) -> Announcer:
        """Who rings when there is news."""
        ...

    @property
    def desks(self) -> Desks:
        """The host of the departments."""
        ...

    @property
    def now(self) -> Now:
        """The platform's clock."""
        ...


@dataclass(frozen=True)
class Platform:
    """A platform at work on a database. ``now`` is its clock, ``desks`` is the host of the departments."""

    settings: Settings
    dsn: str
    pool: "asyncpg.Pool[asyncpg.Record]"
    ground: GroundSource
    departments: Departments
    announcer: Announcer
    feed: PostgresFeed
    runner: CommandRunner
    desks: Desks
    now: Now
    files: FileStore
    intake: Intake
    links: Links
    system: Viewer = SYSTEM
    lookups: PhoneLookups = field(default_factory=PhoneLookups)

    @property
    def cipher(self) -> PersonalDataCipher:
        """What seals and opens personal data."""
        return self.ground().cipher


def utc_now() -> datetime:
    """The machine's time."""
    return datetime.now(UTC)


@asynccontextmanager
async def open_platform(
    settings: Settings, dsn: str, *, now: Now = utc_now, departments: Departments | None = None,
    application_name: str = "shaodao", visiting: bool = False,
) -> AsyncIterator[Platform]:  # fmt: skip
    """Open a platform on a migrated database: register departments, read the ground, start announcer and feed.

    ``departments`` replaces those of the settings. ``visiting``: for a command that does its work and goes; it registers
    nothing, for the shell that it is called from may name other departments than the servers do. Raises StartError.
    """
    probed = await _probed(settings) if departments is None else None
    async with AsyncExitStack() as stack:
        pool = await create_pool(dsn, settings.pool_size, application_name=application_name)
        stack.push_async_callback(close_pool, pool)
        async with pool.acquire() as lent, lent.transaction():
            connection = connection_of(lent)
            await _refuse_read_only(connection)
            departments = departments or await _departments(connection, *(probed or ([], {})), settings)
            if not visiting:
                _warn_of_limits(settings, departments)
                await register_departments(connection, departments, now())
            await fill_calendar(connection, now().astimezone(SHANGHAI).date())
            epoch = await (known_epoch(connection) if visiting else current_epoch(connection, now()))
            ground = GroundSource(pool, await ground_of(connection, settings, departments))
        announcer = await stack.enter_async_context(open_announcer(dsn, pool))
        rules = FeedRules(replay=settings.limits.replay_events)
        feed = await stack.enter_async_context(open_feed(pool, epoch, announcer, rules))
        await stack.enter_async_context(kept_fresh(ground))
        if not visiting:
            await stack.enter_async_context(kept_fresh(EpochWatch(pool, feed, now)))
        runner = CommandRunner(pool, ground, announcer, lambda: feed.epoch)
        files, links = file_store(settings), Links(personal_data_key(settings), utc_now)
        intake = Intake(runner, files, settings.limits.file_bytes, SYSTEM, now)
        desks = Desks(pool, runner, departments, now, intake)
        yield Platform(
            settings, dsn, pool, ground, departments, announcer, feed, runner, desks, now, files, intake, links
        )


async def _refuse_read_only(connection: Connection) -> None:
    if await connection.fetchval("SELECT current_setting('transaction_read_only')::boolean"):
        raise StartError(
            "The database can only be read: it is a standby, or still recovers. Start again when it has been promoted."
        )


async def register_departments(connection: Connection, departments: Departments, now: datetime) -> None:
    """Store what departments declare, so that routing can be explained and the API can show it without their code.

    Raises StartError for a department of an organization that nobody knows, unless no organization is known yet.
    """
    known = {row["code"] for row in await connection.fetch(_KNOWN_ORGANIZATIONS)}
    if known:
        try:
            departments.require_organizations(known)
        except DepartmentError as error:
            raise StartError(f"{error}. Register it, or leave the department out of SHAODAO_DEPARTMENTS.") from error
    served = [code for department in departments.declarations for code in department.organizations]
    await connection.execute(_SERVE_NO_MORE, served)
    for department in departments.declarations:
        declaration = orjson.dumps(departments.declaration_of(department.name)).decode()
        form = orjson.dumps(dict(departments.form_schema(department.name))).decode()
        await connection.execute(
            _REGISTER, department.name, department.title, department.version, list(department.organizations), declaration,
            form, now, departments.sources[department.name],
        )  # fmt: skip
        await connection.execute(_SERVE, department.name, list(department.organizations))


async def ground_of(connection: Connection, settings: Settings, departments: Departments) -> Ground:
    """What commands stand on, as the database and the settings say now. Raises StartError."""
    return Ground(
        rulebook=_rulebook(settings),
        calendar=await load_calendar(connection),
        cipher=PersonalDataCipher(personal_data_key(settings)),
        forms=DepartmentForms(departments),
    )


def _rulebook(settings: Settings) -> Rulebook:
    try:
        return load_rulebook(settings.preset)
    except RulebookError as error:
        raise StartError(f"{error}. Choose a preset with SHAODAO_PRESET.") from error


def department_settings(settings: Settings) -> DepartmentSettings:
    """What the host lays down for departments."""
    return DepartmentSettings(field_crew=settings.field_crew, rules_dir=settings.data_dir / RULES_FOLDER)


async def _probed(settings: Settings) -> tuple[list[LoadedDepartment], dict[str, str]]:
    try:
        return await load_probed(sources_of(settings.departments), department_settings(settings))
    except DepartmentError as error:
        raise StartError(str(error)) from error


async def _departments(
    connection: Connection, loaded: Sequence[LoadedDepartment], errors: Mapping[str, str], settings: Settings
) -> Departments:
    """The loaded departments, and of broken ones what they last declared, unless another has taken that over."""
    taken = {code for one in loaded for code in one.declaration.organizations}
    present = [one.declaration.name for one in loaded]
    readable, unreadable = await stored_departments(connection, but=present, sources=errors)
    stored = [one for one in readable if taken.isdisjoint(one.declaration.organizations)]
    known = {one.source: Broken(one.source, one.name, f"{errors[one.source]}; {one.error}") for one in unreadable}
    known |= {one.source: Broken(one.source, one.declaration.name, errors[one.source]) for one in stored}
    broken = [known.get(source, Broken(source, source, error)) for source, error in errors.items()]
    for one in broken:
        _log.error("department_broken", department=one.name, error=one.error)
    try:
        return Departments([*loaded, *stored], department_settings(settings), broken)
    except DepartmentError as error:
        raise StartError(str(error)) from error


def _warn_of_limits(settings: Settings, departments: Departments) -> None:
    """A misspelt name would otherwise leave its limits unused in silence; it may be of a department that comes later."""
    for name in unknown_departments(settings.department_limits, departments.sources):
        _log.warning("limits_of_unknown_department", department=name, known=list(departments.sources))


@asynccontextmanager
async def kept_fresh(source: Worker) -> AsyncIterator[None]:
    """Something that is read again from time to time, as long as the context lasts."""
    keeping = asyncio.create_task(keep_going(source, Bell(), Pulse()))
    try:
        yield
    finally:
        await cancelled(keeping)
