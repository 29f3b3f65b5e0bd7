"""``shaodao calendar``: entering days of the calendar of working days, and counting the open clocks anew."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from shaodao.settings import Settings, StartError

if TYPE_CHECKING:
    from shaodao.domain.calendar import CalendarDay


def calendar_commands(settings: Callable[[], Settings], say: Callable[[str], None]) -> typer.Typer:
    """The commands about the calendar 工作日历."""
    commands = typer.Typer(help="The calendar of working days 工作日历.", no_args_is_help=True)

    @commands.command("import")
    def import_(
        file: Annotated[Path, typer.Argument(help="CSV in UTF-8 with the columns day, is_workday and name.")],
        source: Annotated[str, typer.Option(help="Where the days are known from, such as the notice's number.")],
        complete: Annotated[
            bool,
            typer.Option("--complete", help="The file is a year's whole notice: its other days follow the weekday."),
        ] = False,
    ) -> None:
        """Enter days, then count the open deadlines anew: later dues silently, earlier ones with notice (C.5 rule 11)."""
        asyncio.run(_change(settings(), say, _days(file, source, complete=complete)))

    @commands.command()
    def refresh() -> None:
        """Count the open deadlines anew, after the table of days was edited otherwise."""
        asyncio.run(_change(settings(), say, []))

    return commands


def _days(file: Path, source: str, *, complete: bool) -> "list[CalendarDay]":
    """The days of a file; StartError names every faulty line."""
    from shaodao.calendar_days import CalendarFileError, read_days, whole_years

    try:
        days = read_days(file.read_bytes(), source)
    except OSError as error:
        raise StartError(f"{file}: {error.strerror}") from None
    except CalendarFileError as error:
        raise StartError("\n".join(f"{file}: {fault}" for fault in error.faults)) from None
    return whole_years(days, source) if complete else days


async def _change(settings: Settings, say: Callable[[str], None], days: "list[CalendarDay]") -> None:
    from shaodao import serving
    from shaodao.calendar_days import enter_days, recount_open_clocks
    from shaodao.commands.running import connection_of
    from shaodao.host import open_platform

    async with serving.any_database(settings, say=say) as dsn:
        await serving.refuse_pending(dsn)
        async with open_platform(settings, dsn, application_name="shaodao calendar", visiting=True) as platform:
            async with platform.pool.acquire() as lent, lent.transaction():
                await enter_days(connection_of(lent), days)
            await platform.ground.one_pass()
            counted = await recount_open_clocks(platform.pool, platform.runner, platform.system, platform.now())
    typer.echo(f"{len(days)} days entered; the open deadlines of {counted} cases counted anew.")
