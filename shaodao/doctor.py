"""``shaodao doctor``: looks at database, migrations, departments, calendar and settings, and says what to mend."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import asyncpg
from obstore.exceptions import BaseError

from shaodao.commands.running import connection_of
from shaodao.delivery.late_stages import failed_stages, lateness
from shaodao.delivery.work import served_by_nobody, workers_alive
from shaodao.department_limits import unknown_departments
from shaodao.departments import Broken, DepartmentError, Departments, sources_of
from shaodao.files import file_store
from shaodao.host import department_settings, utc_now
from shaodao.postgres.pool import connect
from shaodao.probing import load_probed
from shaodao.serving import waiting_migrations
from shaodao.settings import OF_DEPARTMENTS, Settings, StartError
from shaodao.stored_departments import stored_departments

OLDEST, NEWEST = 15, 18  # major versions of PostgreSQL that the tests run on
SHOWN = 3  # stages that could not be fired
CALENDAR_AHEAD = timedelta(days=100)  # the longest limit of the reference, 60 days, with holidays in between

IN_FLIGHT = "in_flight"

DATABASE_FACTS = """
SELECT current_setting('server_version_num')::int / 10000 AS major,
       current_setting('server_version') AS version,
       pg_encoding_to_char(encoding) AS encoding,
       datcollate AS order_by,
       coalesce(to_jsonb(d) ->> 'datlocale', datctype) AS classify_by,
       current_setting('TimeZone') AS time_zone,
       (SELECT setting FROM pg_settings WHERE name = 'idle_in_transaction_session_timeout') AS idle_limit
FROM pg_database d
WHERE datname = current_database()
"""
CONNECTIONS = """
SELECT current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int
        - coalesce(current_setting('reserved_connections', true)::int, 0) AS most,
    (SELECT sum(numbackends)::int FROM pg_stat_database) AS used
"""
CALENDAR = (
    "SELECT min(day) AS first, max(day) AS last, min(day) FILTER (WHERE provisional) AS provisional FROM calendar_days"
)


STORED_LIMITS = """
SELECT county_code, department, in_flight_limit FROM lane_state WHERE in_flight_limit IS NOT NULL ORDER BY county_code, department
"""


@dataclass(frozen=True)
class StoredLimit:
    """How many of a department's lanes run at once in a county, as an operator said (``shaodao departments limit``)."""

    county: int
    department: str
    in_flight: int


@dataclass(frozen=True)
class Finding:
    """One line of the report; ``mend`` says what to do, None where all is well."""

    subject: str
    found: str
    mend: str | None = None


async def examine(dsn: str, settings: Settings, today: date) -> list[Finding]:
    """Every finding, in the order of the report; a subject that cannot be looked at is itself a finding."""
    findings: list[Finding] = []
    try:
        connection = await connect(dsn)
    except StartError as error:
        return [Finding("database", "unreachable", str(error)), *await departments(settings), await files(settings)]
    try:
        findings += await database(connection)
        findings.append(await connections(connection, settings))
        findings.append(await _guarded("migrations", lambda: migrations(dsn)))
        findings.append(await _guarded("calendar", lambda: calendar(connection, today)))
        findings += await departments(settings)
        findings += await declarations(connection)
        findings.append(await _guarded("served", lambda: served(connection, settings)))
        findings.append(await _guarded("clock", lambda: clock(connection)))
    finally:
        await connection.close()
    return [*findings, await files(settings)]


async def stored_limits(dsn: str) -> list[StoredLimit]:
    """What operators set; none where the database cannot be asked, which is a finding of its own."""
    try:
        connection = await connect(dsn)
    except StartError:
        return []
    try:
        return [StoredLimit(*row) for row in await connection.fetch(STORED_LIMITS)]
    except asyncpg.UndefinedTableError:
        return []
    finally:
        await connection.close()


def limit_rows(settings: Settings, stored: Sequence[StoredLimit]) -> list[list[str]]:
    """The limits that apply: a head of the departments that have some of their own, and a row for each limit.

    Below the setting a county stands by itself in which an operator set another.
    """
    own = list(
        dict.fromkeys([*(name for name, _, _ in settings.department_limits), *(one.department for one in stored)])
    )
    rows = [["Limit", "Every department", *own]]
    for setting in OF_DEPARTMENTS:
        values = [settings.of_departments, *map(settings.limits_of, own)]
        row = [setting.field, *(f"{getattr(value, setting.field):g}" for value in values)]
        rows.append(row)
        if setting.field == IN_FLIGHT:
            counties = dict.fromkeys(one.county for one in stored)
            rows.extend(_in_county(row, own, county, stored) for county in counties)
    return rows


def _in_county(general: list[str], names: Sequence[str], county: int, stored: Sequence[StoredLimit]) -> list[str]:
    """The limit in flight as it holds in one county."""
    set_here = {one.department: f"{one.in_flight}, set by an operator" for one in stored if one.county == county}
    of_departments = [set_here.get(name, value) for name, value in zip(names, general[2:], strict=True)]
    return [f"{IN_FLIGHT} in county {county}", general[1], *of_departments]


async def database(connection: "asyncpg.Connection[asyncpg.Record]") -> list[Finding]:
    """Version, encoding, locale, time zone, and the limit on idle transactions, on which the live feed depends."""
    row = await connection.fetchrow(DATABASE_FACTS)
    assert row is not None, "a session has a current database"
    make_anew = "Make the database anew from template0 with ENCODING UTF8, LC_COLLATE 'C', LC_CTYPE 'C.UTF-8'."
    right_locale = row["order_by"] == "C" and row["classify_by"].lower().replace("-", "") == "c.utf8"
    supported = OLDEST <= row["major"] <= NEWEST
    return [
        Finding(
            "version", f"PostgreSQL {row['version']}", None if supported else f"Use PostgreSQL {OLDEST} to {NEWEST}."
        ),
        Finding("encoding", row["encoding"], None if row["encoding"] == "UTF8" else make_anew),
        Finding("locale", f"{row['order_by']}, {row['classify_by']}", None if right_locale else make_anew),
        Finding("time zone", row["time_zone"]),
        Finding(
            "idle transactions",
            "unlimited" if row["idle_limit"] == "0" else f"ended after {int(row['idle_limit']) // 1000} s",
            "ALTER DATABASE … SET idle_in_transaction_session_timeout = '60s'" if row["idle_limit"] == "0" else None,
        ),
    ]


async def connections(connection: "asyncpg.Connection[asyncpg.Record]", settings: Settings) -> Finding:
    """Whether one more server finds room beside what is connected now: a pool keeps what it once opened."""
    row = await connection.fetchrow(CONNECTIONS)
    assert row is not None, "functions alone have one row"
    listener = 1
    wanted = settings.pool_size + settings.read_connections + settings.feed_connections + listener
    mend = f"A server may open {wanted}: raise max_connections of PostgreSQL, or lower SHAODAO_POOL_SIZE."
    found = f"{row['used']} of {row['most']} in use"
    return Finding("connections", found, mend if row["most"] - row["used"] < wanted else None)


async def migrations(dsn: str) -> Finding:
    """Whether any migration is pending."""
    waiting = await waiting_migrations(dsn)
    if waiting:
        return Finding("migrations", f"{len(waiting)} pending, first {waiting[0].name}", "Run: shaodao migrate")
    return Finding("migrations", "up to date")


async def calendar(connection: "asyncpg.Connection[asyncpg.Record]", today: date) -> Finding:
    """Whether working days (工作日) are known far enough ahead for every limit that starts today."""
    row = await connection.fetchrow(CALENDAR)
    if row is None or row["last"] is None:
        return Finding("calendar", "empty", "Load the calendar: shaodao serve fills it at its next start.")
    found = f"{row['first']} to {row['last']}"
    if row["provisional"] is not None:
        found += f", provisional from {row['provisional']}"
    ends_early = row["first"] > today or row["last"] < today + CALENDAR_AHEAD
    return Finding(
        "calendar",
        found,
        "The calendar ends too early; update the package holidays and start anew." if ends_early else None,
    )


async def departments(settings: Settings) -> list[Finding]:
    """Whether every department loads; each is tried in a process of its own."""
    try:
        loaded, errors = await load_probed(sources_of(settings.departments), department_settings(settings))
        found = [Broken(source, source, error) for source, error in errors.items()]
        present = Departments(loaded, department_settings(settings), found)
    except DepartmentError as error:
        return [Finding("departments", "do not load", str(error))]
    names = ", ".join(one.name for one in present.declarations)
    broken = [Finding("departments", f"{one.source} does not load", one.error) for one in found]
    return [Finding("departments", names or "none"), *broken, *_limits(settings, present)]


def _limits(settings: Settings, present: Departments) -> list[Finding]:
    """Limits of departments that there are not: a misspelt name leaves them unused."""
    unknown = unknown_departments(settings.department_limits, present.sources)
    mend = "Mend the name in SHAODAO_DEPARTMENT_LIMITS, or add it to SHAODAO_DEPARTMENTS."
    return [Finding("limits", f"there is no department {name}", mend) for name in unknown]


async def declarations(connection: "asyncpg.Connection[asyncpg.Record]") -> list[Finding]:
    """Stored declarations of departments that cannot be read."""
    try:
        _, unreadable = await stored_departments(connection_of(connection), but=())
    except (asyncpg.UndefinedTableError, asyncpg.UndefinedColumnError):
        return []  # which the finding of the migrations tells
    mend = "Start a process that loads it, which stores it anew; if it is gone for good, delete its row in departments."
    return [Finding("departments", f"{one.name}: {one.error}", mend) for one in unreadable]


async def served(connection: "asyncpg.Connection[asyncpg.Record]", settings: Settings) -> Finding:
    """Whether some process calls the hooks of each registered department, where workers run at all."""
    now, lent = utc_now(), connection_of(connection)
    sources = sources_of(settings.departments)
    rows = await connection.fetch("SELECT name FROM departments WHERE source = ANY($1::text[]) ORDER BY name", sources)
    waiting = await served_by_nobody(lent, [row["name"] for row in rows], now)
    if not await workers_alive(lent, now):
        return Finding("served", "no process runs workers just now")
    if waiting:
        return Finding("served", f"nobody serves {', '.join(waiting)}", "Start: shaodao work, and look into its log.")
    return Finding("served", "every department")


async def clock(connection: "asyncpg.Connection[asyncpg.Record]") -> Finding:
    """Whether the stages of deadlines fire in time. Where no workers run just now, those that wait for them are no fault."""
    now, lent = utc_now(), connection_of(connection)
    found = await lateness(lent, now)
    if not found.worth_a_word:
        return Finding("clock", "no deadline's stage is late")
    alive = await workers_alive(lent, now)
    told = [str(found), *await failed_stages(lent, SHOWN), *([] if alive else ["no process runs workers just now"])]
    mend = "docs/operations.md tells what to do when a deadline's stage is late."
    return Finding("clock", "; ".join(told), mend if alive or found.failed else None)


async def files(settings: Settings) -> Finding:
    """Whether files can be written, read and deleted where they are kept."""
    try:
        store = file_store(settings)
        await store.check()
    except StartError as error:
        return Finding("files", "no place", str(error))
    except (OSError, BaseError) as error:
        reason = type(error).__name__
        return Finding(
            "files", f"{store.place}: {reason}", "See that SHAODAO_FILES can be written to; docs/files.md tells how."
        )
    return Finding("files", store.place)


async def _guarded(subject: str, look: Callable[[], Awaitable[Finding]]) -> Finding:
    try:
        return await look()
    except StartError as error:
        return Finding(subject, "do not fit this code", str(error))
    except asyncpg.UndefinedTableError:
        return Finding(subject, "missing", "Run: shaodao migrate")
