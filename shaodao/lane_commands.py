"""``shaodao lanes`` and ``shaodao departments``: what an operator sees of deliveries, and does about them."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, assert_never

import typer
from rich.console import Console
from rich.table import Table

from shaodao.domain.case_vocabulary import HoldCause, LaneState
from shaodao.domain.vocabulary import Role
from shaodao.settings import Settings, StartError

if TYPE_CHECKING:
    from shaodao.commands.running import Command
    from shaodao.commands.transaction import Outcome
    from shaodao.domain.permissions import Viewer
    from shaodao.host import Platform
    from shaodao.lane_reading import LaneSeen, LaneWanted

_STEERS_LANES = (Role.COUNTY_GRID_OFFICE, Role.STREET_DISPATCHER)

As = Annotated[str | None, typer.Option("--as", help="Login of the account in whose name is acted.")]
CaseNumber = Annotated[str, typer.Argument(help="Number of the case.")]
Of = Annotated[
    str | None, typer.Option("--department", help="Department or organization, where a case has several lanes.")
]
Reason = Annotated[str, typer.Option("--reason", help="Why; it stands in the case's history.")]
Name = Annotated[str, typer.Argument(help="Name of the department.")]


def lane_commands(settings: Callable[[], Settings], say: Callable[[str], None]) -> typer.Typer:
    """``shaodao lanes``: without a subcommand, the list."""
    commands = typer.Typer(
        help="What departments are still owed: list it, redeliver, skip.", invoke_without_command=True
    )

    @commands.callback()
    def listing(
        context: typer.Context,
        department: Annotated[str | None, typer.Option(help="Only of this department.")] = None,
        state: Annotated[LaneState | None, typer.Option(help="Only in this state.")] = None,
        limit: Annotated[int, typer.Option(min=1, help="How many at most, the oldest first.")] = 100,
        as_json: Annotated[bool, typer.Option("--json", help="One JSON array instead of a table.")] = False,
    ) -> None:
        """List lanes, the oldest first, with state, age and last error."""
        from shaodao.lane_reading import LaneWanted

        if context.invoked_subcommand is None:
            wanted = LaneWanted(department=department, state=state, limit=limit)
            _show(*asyncio.run(_read(settings(), say, wanted)), as_json=as_json)

    @commands.command()
    def redeliver(case: CaseNumber, department: Of = None, login: As = None) -> None:
        """Deliver the head of a lane anew, at once and with all its attempts; a parked lane goes on."""
        from shaodao.commands import lanes

        def act(lane: "LaneSeen") -> "Command":
            return lambda tx: lanes.redeliver(tx, lanes.LaneName(lane.case_number, lane.organization_code))

        asyncio.run(_on_lane(settings(), say, case, department, login, act, _going_again))

    @commands.command()
    def skip(case: CaseNumber, reason: Reason, department: Of = None, login: As = None) -> None:
        """Give up the delivery at the head of a lane: its department never hears of it, and the lane goes on."""
        from shaodao.commands import lanes

        def act(lane: "LaneSeen") -> "Command":
            name = lanes.LaneName(lane.case_number, lane.organization_code)
            return lambda tx: lanes.skip(tx, name, seq=lane.seq, reason=reason)

        asyncio.run(_on_lane(settings(), say, case, department, login, act, _skipped))

    return commands


def department_commands(
    settings: Callable[[], Settings], say: Callable[[str], None], show: Callable[[], None]
) -> typer.Typer:
    """``shaodao departments``: without a subcommand, what ``show`` lists."""
    commands = typer.Typer(help="The departments that load; pause, resume and limit one.", invoke_without_command=True)

    @commands.callback()
    def listing(context: typer.Context) -> None:
        """List the departments that load, and what each answers for."""
        if context.invoked_subcommand is None:
            show()

    @commands.command()
    def pause(department: Name, reason: Reason, login: As = None) -> None:
        """Deliver nothing more to a department until it is resumed."""
        from shaodao.commands import lanes

        asyncio.run(_on_department(settings(), say, login, lambda tx: lanes.pause(tx, department, reason=reason)))
        typer.echo(f"{department} is paused.")

    @commands.command()
    def resume(department: Name, login: As = None) -> None:
        """Deliver to a paused department again."""
        from shaodao.commands import lanes

        asyncio.run(_on_department(settings(), say, login, lambda tx: lanes.resume(tx, department)))
        typer.echo(f"{department} is resumed.")

    @commands.command()
    def limit(
        department: Name,
        in_flight: Annotated[
            int | None, typer.Option(min=1, help="How many of its lanes run at once in a county.")
        ] = None,
        clear: Annotated[bool, typer.Option("--clear", help="As many as the settings of the workers say.")] = False,
        login: As = None,
    ) -> None:
        """Say how many deliveries of a department run at once in a county, whatever the settings of the workers are."""
        from shaodao.commands import lane_limits

        if clear == (in_flight is not None):
            raise typer.BadParameter("give either a number or --clear", param_hint="--in-flight")
        asyncio.run(_on_department(settings(), say, login, lambda tx: lane_limits.limit(tx, department, in_flight)))
        typer.echo(f"{department} runs {f'{in_flight} at once' if in_flight else 'as the settings say'}.")

    return commands


async def _read(
    settings: Settings, say: Callable[[str], None], wanted: "LaneWanted"
) -> "tuple[list[LaneSeen], datetime]":
    from shaodao.commands.running import connection_of
    from shaodao.lane_reading import read_lanes

    async with _platform(settings, say) as platform, platform.pool.acquire() as lent:
        return await read_lanes(connection_of(lent), wanted), platform.now()


async def _on_lane(
    settings: Settings, say: Callable[[str], None], case: str, department: str | None, login: str | None,
    act: "Callable[[LaneSeen], Command]", told: "Callable[[LaneSeen, Outcome], str]",
) -> None:  # fmt: skip
    """Act on the one lane of the case, in the account's name."""
    from shaodao.commands.running import connection_of
    from shaodao.lane_reading import one_lane, operating_viewer

    async with _platform(settings, say) as platform:
        async with platform.pool.acquire() as lent:
            lane = await one_lane(connection_of(lent), case, department)
            actor = await operating_viewer(connection_of(lent), login, *_STEERS_LANES)
        outcome = await _run(platform, act(lane), actor, int(case[:6]))
    typer.echo(f"{lane.hook} (step {lane.seq} of {case}) {told(lane, outcome)}.")


def _skipped(lane: "LaneSeen", _: "Outcome") -> str:
    return f"is skipped for {lane.organization_code}"


def _going_again(lane: "LaneSeen", outcome: "Outcome") -> str:
    """When the delivery goes: not before a pause or a breaker of its department ends."""
    again = f"goes again for {lane.organization_code}"
    hold = outcome.hold
    if hold is None:
        return again
    match hold.cause:
        case HoldCause.PAUSED:
            return f"{again} when {lane.department} is resumed; it is paused ({hold.said})"
        case HoldCause.BREAKER:
            assert hold.until is not None, "a breaker has a time to try again"
            failed = f"{lane.department} failed in several cases and is left alone until then"
            return f"{again} at {hold.until.astimezone():%m-%d %H:%M:%S}; {failed}"
        case other:
            assert_never(other)


async def _on_department(settings: Settings, say: Callable[[str], None], login: str | None, command: "Command") -> None:
    from shaodao.commands.running import connection_of
    from shaodao.lane_reading import operating_viewer

    async with _platform(settings, say) as platform:
        async with platform.pool.acquire() as lent:
            actor = await operating_viewer(connection_of(lent), login, Role.COUNTY_GRID_OFFICE)
        for county in actor.counties:
            await _run(platform, command, actor, county)


async def _run(platform: "Platform", command: "Command", actor: "Viewer", county: int) -> "Outcome":
    """Run the command; what it refuses is one line for the terminal."""
    from shaodao.domain.errors import DomainError

    try:
        return await platform.runner.run(command, actor=actor, county=county, now=platform.now())
    except DomainError as refusal:
        raise StartError(refusal.english) from None


@asynccontextmanager
async def _platform(settings: Settings, say: Callable[[str], None]) -> "AsyncIterator[Platform]":
    from shaodao import serving
    from shaodao.host import open_platform

    async with serving.any_database(settings, say=say) as dsn:
        await serving.refuse_pending(dsn)
        async with open_platform(settings, dsn, application_name="shaodao lanes", visiting=True) as platform:
            yield platform


def _show(lanes: "list[LaneSeen]", now: datetime, *, as_json: bool) -> None:
    import orjson

    if as_json:
        typer.echo(orjson.dumps([lane.as_json() for lane in lanes], option=orjson.OPT_INDENT_2).decode())
        return
    table = Table("Department", "For", "Case", "Step", "State", "Age", "Attempts", "Next attempt", "Last error")
    for lane in lanes:
        following = lane.next_attempt_at
        table.add_row(
            lane.department, lane.organization_code, lane.case_number, f"{lane.seq} {lane.hook}", lane.state,
            _age(lane.since, now), str(lane.attempts), "–" if following is None else f"{following.astimezone():%m-%d %H:%M:%S}",
            lane.last_error or "–",
        )  # fmt: skip
    Console().print(table)


def _age(since: datetime, now: datetime) -> str:
    """Such as ``2d 03:15:00``; what is to come, as on a demonstration's clock, is no age."""
    seconds = max(0, int((now - since).total_seconds()))
    days, rest = divmod(seconds, 86_400)
    return f"{f'{days}d ' if days else ''}{rest // 3600:02}:{rest // 60 % 60:02}:{rest % 60:02}"
