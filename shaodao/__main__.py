"""The command line of Shaodao.

Each command imports what it needs when it runs, so that ``shaodao --help`` and ``shaodao token`` are quick.
"""

import asyncio
import os
import sys
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo

import typer
from rich.console import Console
from rich.table import Table

from shaodao.calendar_commands import calendar_commands
from shaodao.domain.vocabulary import LeaderRank, Role
from shaodao.imports.command_line import import_commands
from shaodao.lane_commands import department_commands, lane_commands
from shaodao.settings import LIMITS, OF_DEPARTMENTS, TABLE, Settings, StartError

if TYPE_CHECKING:
    from shaodao.accounts import Account
    from shaodao.doctor import Finding
    from shaodao.domain.permissions import Grant
    from shaodao.plugin import AnswersFor


def main() -> None:
    """Run the command line; an error that the user can mend is one line and status 1."""
    try:
        application()()
    except StartError as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)


def application() -> typer.Typer:
    """The commands."""
    commands = typer.Typer(
        name="shaodao",
        help="Shaodao 哨到: grids, people and cases of a street, whistles blown and departments reporting in.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
    )
    for command in (serve, work, migrate, restored, demo, play, token, doctor, schema):
        commands.command()(command)
    commands.add_typer(import_commands(_settings, _say), name="import")
    commands.add_typer(calendar_commands(_settings, _say), name="calendar")
    commands.add_typer(department_commands(_settings, _say, departments), name="departments")
    commands.add_typer(lane_commands(_settings, _say), name="lanes")
    return commands


def serve() -> None:
    """Serve the API; courier and clock run inside it unless SHAODAO_WORKERS is false."""
    from shaodao import serving

    settings = _settings()
    serving.run_until_stopped(
        serving.serve(
            settings, say=_say, ready=lambda: _say(f"Shaodao answers on http://{settings.host}:{settings.port}")
        )
    )


def work(
    department: Annotated[
        list[str] | None, typer.Option(help="Run this department alone, without the clock; may be repeated.")
    ] = None,
    without: Annotated[
        list[str] | None, typer.Option(help="Leave this department to another process; may be repeated.")
    ] = None,
) -> None:
    """Run departments and clock alone, beside servers with SHAODAO_WORKERS=false."""
    from shaodao import serving
    from shaodao.delivery import supervisor

    if department and without:
        raise typer.BadParameter("it has no sense beside --department", param_hint="--without")

    settings = _settings()

    async def run() -> None:
        async with serving.any_database(settings, say=_say) as dsn:
            await serving.refuse_pending(dsn)
            await supervisor.run(settings, dsn, tuple(department or ()), tuple(without or ()))

    serving.run_until_stopped(run())


def migrate(
    check: Annotated[bool, typer.Option("--check", help="Only say what is pending; status 1 if anything is.")] = False,
) -> None:
    """Bring the database to the state that this code needs."""
    from shaodao import serving

    settings = _settings()

    async def run() -> list[str]:
        async with serving.any_database(settings, say=_say) as dsn:
            found = await (serving.waiting_migrations(dsn) if check else serving.migrate(dsn, say=_say))
        return [migration.name for migration in found]

    names = asyncio.run(run())
    if check:
        for name in names:
            typer.echo(f"pending: {name}")
    if not names:
        typer.echo("The database is up to date.")
    if check and names:
        raise typer.Exit(1)


def restored() -> None:
    """Say, before anything starts again, that the database was restored from a backup: clients of the live feed read anew."""
    from shaodao import restoring

    for line in asyncio.run(restoring.run(_settings(), say=_say)):
        typer.echo(line)


def demo(
    keep_times: Annotated[
        bool, typer.Option("--keep-times", help="Leave the times as stored, and begin at 2026-11-20 10:00.")
    ] = False,
    month: Annotated[
        bool,
        typer.Option("--month", help="Begin at 2026-10-09 08:00 without a case, for: shaodao play --story month."),
    ] = False,
) -> None:
    """Serve the demonstration street, with a ready token for each role."""
    from shaodao import serving
    from shaodao.demo import run as demonstration

    if keep_times and month:
        raise typer.BadParameter("a month begins without the stored cases", param_hint="--keep-times")
    settings = _settings()
    if month:
        serving.run_until_stopped(demonstration.run_month(settings, say=_say))
        return
    serving.run_until_stopped(demonstration.run(settings, keep_times=keep_times, say=_say))


def play(
    story: Annotated[str, typer.Option(help="The story to play: car, night, first or month.")] = "car",
    url: Annotated[str | None, typer.Option(help="The running server; its token key is in SHAODAO_DATA_DIR.")] = None,
) -> None:
    """Play a story against a running server, by its public API alone."""
    from shaodao import play as player

    settings = _settings()
    raise typer.Exit(asyncio.run(player.run(settings, url or f"http://{settings.host}:{settings.port}", story)))


def departments() -> None:
    """List the departments that load, and what each answers for."""
    from shaodao.departments import DepartmentError, Departments, sources_of
    from shaodao.host import department_settings
    from shaodao.probing import load_probed

    settings = _settings()
    own = department_settings(settings)
    table = Table("Department", "Title", "Version", "Organizations", "Answers for")
    try:
        loaded, errors = asyncio.run(load_probed(sources_of(settings.departments), own))
        declarations = Departments(loaded, own).declarations
    except DepartmentError as error:
        raise StartError(str(error)) from None
    for one in declarations:
        table.add_row(one.name, one.title, one.version, ", ".join(one.organizations), _scope(one.answers_for))
    Console().print(table)
    for told in errors.values():
        _say(told)
    if errors:
        raise typer.Exit(1)


def token(
    role: Annotated[Role, typer.Option(help="The role to grant.")],
    scope: Annotated[
        str, typer.Option(help="Division code (12 digits) or grid code (15 digits) that the role is for.")
    ],
    organization: Annotated[
        str | None, typer.Option(help="Code of the organization; needed for a department's handler.")
    ] = None,
    rank: Annotated[LeaderRank | None, typer.Option(help="Rank; needed for a street leader.")] = None,
    person: Annotated[str | None, typer.Option(help="Number of the person, for a resident.")] = None,
    account: Annotated[
        str | None, typer.Option(help="Login of the account; default: the first that holds role and scope.")
    ] = None,
    hours: Annotated[int, typer.Option(min=1, max=24 * 365, help="Hours that the token is accepted.")] = 12,
) -> None:
    """Print a token that this installation accepts, signed with the key in the data folder."""
    from shaodao import tokens
    from shaodao.domain.permissions import Grant

    settings = _settings()
    grant = Grant(role, scope, organization, rank)
    _check_grant(grant)
    holder = _account(settings, grant, account, is_person=person is not None)
    typer.echo(
        tokens.issue(
            tokens.local_key(settings.data_dir),
            login=holder.login,
            name=holder.name,
            grants=[grant],
            issuer=settings.issuer,
            audience=settings.audience,
            now=datetime.now(UTC),
            lifetime=timedelta(hours=hours),
            person=person,
        )
    )


def doctor() -> None:
    """Look at everything that must be right, and say what to mend; status 1 if there is anything."""
    from shaodao import doctor as examination
    from shaodao import serving

    settings = _settings()
    today = datetime.now(ZoneInfo("Asia/Shanghai")).date()

    async def run() -> tuple[list[examination.Finding], list[examination.StoredLimit]]:
        async with serving.any_database(settings, say=_say) as dsn:
            return await examination.examine(dsn, settings, today), await examination.stored_limits(dsn)

    findings, stored = asyncio.run(run())
    console = Console()
    console.print(_findings_table(findings))
    console.print(_limits_table(examination.limit_rows(settings, stored)))
    console.print(_settings_table(settings))
    if any(finding.mend for finding in findings):
        raise typer.Exit(1)


def schema() -> None:
    """Print the GraphQL schema (SDL)."""
    from shaodao import serving

    typer.echo(serving.from_application_module(_settings(), "sdl")(), nl=False)


def _settings() -> Settings:
    """The settings of the environment; logs are configured by them."""
    from shaodao.logs import configure_logs

    settings = Settings.from_environment(os.environ)
    configure_logs(settings.log_level, settings.log_format)
    return settings


def _say(line: str) -> None:
    """Tell the user at the terminal what goes on; standard output is for results."""
    typer.echo(line, err=True)


def _check_grant(grant: "Grant") -> None:
    """Raise BadParameter for what no account can hold."""
    if grant.role is Role.SYSTEM:
        raise typer.BadParameter("SYSTEM is nobody's role", param_hint="--role")
    if not (grant.scope.isascii() and grant.scope.isdigit() and len(grant.scope) in {12, 15}):
        raise typer.BadParameter("a division code has 12 digits, a grid code 15", param_hint="--scope")
    if grant.role is Role.DEPT_HANDLER and grant.organization is None:
        raise typer.BadParameter("a department's handler acts for an organization", param_hint="--organization")
    if grant.role is Role.STREET_LEADER and grant.rank is None:
        raise typer.BadParameter("a street leader has a rank", param_hint="--rank")


def _account(settings: Settings, grant: "Grant", login: str | None, *, is_person: bool) -> "Account":
    """The account that a token speaks for; one that there is not is told, for the token can then only read."""
    from shaodao.accounts import Account, NobodyToAsk, find_account

    assumed = Account(login or grant.role.lower(), login or grant.role.lower())
    if is_person or grant.role is Role.RESIDENT:
        return assumed
    try:
        found = asyncio.run(find_account(settings, grant, login))
    except NobodyToAsk as reason:
        _say(f"No database was asked for the account ({reason}); the token names {assumed.login}.")
        return assumed
    if found is None:
        missing = f"no account {login}" if login else f"no account that holds {grant.role} for {grant.scope}"
        _say(f"There is {missing}: the token reads, but cannot draft, approve, verify or do what else an account does.")
    return found or assumed


def _scope(answered: "AnswersFor") -> str:
    """What a department answers for, in words."""
    limits = {
        "whistles": answered.whistle_kinds,
        "categories": answered.categories,
        "divisions": answered.divisions,
        "roles": answered.roles,
    }
    told = [f"{name} {', '.join(values)}" for name, values in limits.items() if values]
    return "; ".join(told) or "every assignment"


def _settings_table(settings: Settings) -> Table:
    table = Table("Setting", "Value", "Meaning", title="Settings")
    shown = settings.shown()
    for setting in (*TABLE, *OF_DEPARTMENTS, *LIMITS):
        table.add_row(setting.name, shown[setting.name], setting.description.replace("`", ""))
    return table


def _limits_table(rows: "list[list[str]]") -> Table:
    told = "By the settings of this shell; a server and a worker go by their own."
    table = Table(*rows[0], title="Limits of departments", caption=told)
    for row in rows[1:]:
        table.add_row(*row)
    return table


def _findings_table(findings: "list[Finding]") -> Table:
    table = Table("Subject", "Found", "To mend", title="Findings")
    for finding in findings:
        table.add_row(finding.subject, finding.found, finding.mend or "–")
    return table


if __name__ == "__main__":
    main()
