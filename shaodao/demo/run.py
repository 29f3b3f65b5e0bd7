"""``shaodao demo``: the demonstration street on a database of its own, loaded once, served with workers and field crew.

``shaodao demo --month`` serves the same street without a case, on the morning of the first one, for the story of a month.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, time
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from shaodao import serving
from shaodao.calendar_table import load_calendar
from shaodao.commands.running import connection_of
from shaodao.commands.transaction import Connection, Ground, Matter
from shaodao.demo.cases import load_cases
from shaodao.demo.clock import DemoClock, keep
from shaodao.demo.registers import load_registers
from shaodao.demo.source import load_street
from shaodao.demo.tokens import ready_tokens
from shaodao.domain.calendar import SHANGHAI
from shaodao.domain.rulebook import Rulebook
from shaodao.host import utc_now
from shaodao.key_files import personal_data_key
from shaodao.personal_data import PersonalDataCipher
from shaodao.postgres.embedded import DSN, Say
from shaodao.postgres.pool import connect
from shaodao.presets import RulebookError, load_rulebook
from shaodao.settings import Settings, StartError

_IS_EMPTY = "SELECT NOT EXISTS (SELECT FROM divisions)"
_HOLDS_STREET = "SELECT EXISTS (SELECT FROM divisions WHERE code = $1)"
_HOLDS_CASES = "SELECT EXISTS (SELECT FROM case_file)"
_MORNING = time(8)


async def run(settings: Settings, *, keep_times: bool, say: Say) -> None:
    """Serve the demonstration street until told to stop; it is loaded at the first start, and kept at the next.

    ``keep_times`` leaves the street's times as stored instead of moving them to about now, and the demonstration's clock
    begins at the moment that its stories are told at. The demonstration's own settings stand whatever the environment
    says: workers and field crew on, tokens offered. Raises StartError, also for a database that holds something else than
    the demonstration street.
    """
    own = replace(settings, workers=True, field_crew=True, demo=True)

    async def prepare(dsn: DSN) -> None:
        await load(own, dsn, now=utc_now(), keep_times=keep_times)

    if own.database_url is not None:
        await serving.migrate(own.database_url, say=say)
    await serving.serve(own, say=say, prepare=prepare, ready=lambda: announce(own, say))


async def run_month(settings: Settings, *, say: Say) -> None:
    """Serve the street without a case until told to stop, its clock on the morning of the month that the stored cases tell.

    Workers run, but no department is loaded and no crew is simulated: whoever plays the month acts for the departments by
    hand, at the minute that the story names. Raises StartError, also for a database that holds cases.
    """
    own = replace(settings, workers=True, field_crew=False, demo=True, departments=())

    async def prepare(dsn: DSN) -> None:
        await load_month(own, dsn, now=utc_now())

    def ready() -> None:
        announce(own, say)
        say("The month is played by: shaodao play --story month")

    if own.database_url is not None:
        await serving.migrate(own.database_url, say=say)
    await serving.serve(own, say=say, prepare=prepare, ready=ready)


def first_morning() -> datetime:
    """The moment at which a month begins: 08:00 of the day on which the first of the stored cases was registered."""
    first = min(case.registered_at for case in load_street().cases)
    return datetime.combine(first.astimezone(SHANGHAI).date(), _MORNING, SHANGHAI)


async def load_month(settings: Settings, dsn: DSN, *, now: datetime) -> bool:
    """Load the street's registers alone into a migrated database, if that is empty; answers whether it was.

    The demonstration's clock is set from ``now`` to the month's first morning, at every start. Raises StartError for a database that holds
    cases, or other divisions.
    """
    connection = connection_of(await connect(dsn))
    try:
        if await connection.fetchval(_HOLDS_CASES):
            raise StartError(
                "The database holds cases, and a month begins without any. Name an empty folder with SHAODAO_DATA_DIR or an "
                "empty database with SHAODAO_DATABASE_URL; to go on with what is there: shaodao demo"
            )
        morning, empty = first_morning(), await connection.fetchval(_IS_EMPTY)
        if not empty:
            await _refuse_another(connection)
        async with connection.transaction():
            if empty:
                cipher = PersonalDataCipher(personal_data_key(settings))
                await load_registers(connection, cipher, _rulebook(settings), morning)
            await keep(connection, DemoClock(morning - now))
        await connection.execute("ANALYZE")
        return bool(empty)
    finally:
        await connection.close()


async def load(settings: Settings, dsn: DSN, *, now: datetime, keep_times: bool) -> bool:
    """Load the street into a migrated database in one transaction, if that is empty; answers whether it was.

    ``keep_times`` sets the demonstration's clock from ``now`` to the street's reference time, so that nothing of what is
    loaded lies in the future or has waited since. Raises StartError for a database that holds other divisions.
    """
    connection = connection_of(await connect(dsn))
    try:
        if not await connection.fetchval(_IS_EMPTY):
            await _refuse_another(connection)
            return False
        with _progress() as advance:
            async with connection.transaction():
                await _load(connection, settings, now, keep_times=keep_times, advance=advance)
        await connection.execute("ANALYZE")
        return True
    finally:
        await connection.close()


def announce(settings: Settings, say: Say) -> None:
    """Say where the API and its explorer are, and the ready tokens."""
    address = f"http://{settings.host}:{settings.port}"
    say(f"The demonstration street answers on {address}")
    say(f"  API      {address}/graphql (GraphQL over HTTP; subscriptions over WebSocket at the same path)")
    say(f"  Explorer {address}/graphql in a browser, with a menu of the people below")
    say("  Tokens   Authorization: Bearer …")
    for ready in ready_tokens(settings, utc_now()):
        say(f"\n{ready.label}\n{ready.token}")
    say("\nCtrl-C stops it; its data stays.")


@dataclass(frozen=True)
class _NoForms:
    """Forms for loading: no report of the data file fills one in."""

    def department_of(self, organization_code: str) -> str | None:
        """Nobody's: what is loaded is delivered to no department."""
        return None

    def answering(self, organization_code: str, matter: Matter) -> str | None:
        """Nobody, for the same reason."""
        return None

    def validate(self, organization_code: str, fields: Mapping[str, Any]) -> dict[str, Any]:
        """The fields as they are."""
        return dict(fields)


async def _load(
    connection: Connection, settings: Settings, now: datetime, *, keep_times: bool, advance: Callable[[str], None]
) -> None:
    rulebook, cipher = _rulebook(settings), PersonalDataCipher(personal_data_key(settings))
    told_at = load_street().meta.as_of if keep_times else now
    await load_registers(connection, cipher, rulebook, told_at)
    ground = Ground(rulebook, await load_calendar(connection), cipher, _NoForms())
    await load_cases(connection, ground, told_at, keep_times=keep_times, told_case=advance)
    if keep_times:
        await keep(connection, DemoClock(told_at - now))


async def _refuse_another(connection: Connection) -> None:
    if not await connection.fetchval(_HOLDS_STREET, load_street().code):
        raise StartError(
            "The database holds other divisions than the demonstration street. Name an empty one with SHAODAO_DATABASE_URL."
        )


def _rulebook(settings: Settings) -> Rulebook:
    try:
        return load_rulebook(settings.preset)
    except RulebookError as error:
        raise StartError(f"{error}. Choose a preset with SHAODAO_PRESET.") from error


@contextmanager
def _progress() -> Iterator[Callable[[str], None]]:
    """A bar on standard error that moves with each case."""
    columns = (TextColumn("Loading the demonstration street"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("", total=len(load_street().cases))
        yield lambda title: progress.advance(task)
