"""``shaodao import people`` and ``shaodao import cases``: what the user at the terminal types and is told."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import Progress
from rich.table import Table as Listing

from shaodao.settings import Settings, StartError

if TYPE_CHECKING:
    from shaodao.imports.faults import RowFault
    from shaodao.imports.people_import import ImportReport
    from shaodao.imports.running import ImportRequest, Subject

_LISTED = 20
"""Faults shown at the terminal; --faults FILE has all of them."""

File = Annotated[Path, typer.Argument(help="CSV (UTF-8 or GBK; comma, semicolon or tab) or XLSX, with a header.")]
DryRun = Annotated[
    bool, typer.Option("--dry-run", help="Check everything and say what would be written; write nothing.")
]
As = Annotated[str | None, typer.Option("--as", help="Login of the dispatcher in whose name is imported.")]
FaultsFile = Annotated[Path | None, typer.Option("--faults", help="CSV file for the full list of faults.")]
Sheet = Annotated[str | None, typer.Option("--sheet", help="Name of the sheet, where a workbook has several.")]
Ignored = Annotated[list[str] | None, typer.Option("--ignore", help="Heading of a column to leave out; repeatable.")]
Source = Annotated[str, typer.Option("--source", help="What is noted as the source 数据来源 of the records.")]


def import_commands(settings: Callable[[], Settings], say: Callable[[str], None]) -> typer.Typer:
    """The subcommands; ``settings`` reads the environment, ``say`` tells the user what goes on."""
    commands = typer.Typer(
        help="Import people or cases from a CSV or XLSX file: all of it, or nothing.", no_args_is_help=True
    )

    @commands.command()
    def people(
        file: File, dry_run: DryRun = False, login: As = None, faults: FaultsFile = None, sheet: Sheet = None,
        ignored: Ignored = None, source: Source = "表格导入",
    ) -> None:  # fmt: skip
        """Import people, and the households that their rows name. 100,000 rows take less than a minute."""
        request = _request("people", file, dry_run, sheet, ignored, source)
        raise typer.Exit(asyncio.run(_run(settings(), say, request, login, faults)))

    @commands.command()
    def cases(
        file: File, dry_run: DryRun = False, login: As = None, faults: FaultsFile = None, sheet: Sheet = None,
        ignored: Ignored = None,
    ) -> None:  # fmt: skip
        """Import cases: each is registered now, by the rules of any case; its reporter gets a receipt."""
        request = _request("cases", file, dry_run, sheet, ignored, "")
        raise typer.Exit(asyncio.run(_run(settings(), say, request, login, faults)))

    return commands


def _request(
    subject: "Subject", path: Path, dry_run: bool, sheet: str | None, ignored: list[str] | None, source: str
) -> "ImportRequest":
    from shaodao.imports.running import ImportRequest

    return ImportRequest(subject, path, sheet, tuple(ignored or ()), source, dry_run)


async def _run(
    settings: Settings,
    say: Callable[[str], None],
    request: "ImportRequest",
    login: str | None,
    faults_file: Path | None,
) -> int:
    """Import and tell what came of it; the status is 1 when the table has faults."""
    from shaodao.imports.faults import ImportRefused, TableError

    try:
        report = await _import(settings, say, request, login)
    except ImportRefused as refusal:
        _tell_faults(refusal.faults, faults_file)
        return 1
    except TableError as error:
        raise StartError(str(error)) from None
    _tell_report(report, dry_run=request.dry_run)
    return 0


async def _import(
    settings: Settings, say: Callable[[str], None], request: "ImportRequest", login: str | None
) -> "ImportReport":
    from shaodao import serving
    from shaodao.host import open_platform
    from shaodao.imports.running import open_table, run_import, viewer_on

    table = open_table(request)
    async with serving.any_database(settings, say=say) as dsn:
        await serving.refuse_pending(dsn)
        async with open_platform(settings, dsn, application_name="shaodao import", visiting=True) as platform:
            actor = await viewer_on(platform.pool, login)
            with Progress(console=Console(stderr=True)) as bar:
                task = bar.add_task(f"{request.path.name}（{actor.name}）", total=table.size)
                report = await run_import(
                    platform.runner, actor, platform.now(), request, table, lambda rows: bar.advance(task, rows)
                )
                bar.update(task, total=report.rows, completed=report.rows)
                return report


def _tell_report(report: "ImportReport", *, dry_run: bool) -> None:
    verb = "试运行：将写入" if dry_run else "已写入"
    written = "、".join(f"{name} {count}" for name, count in report.written.items())
    typer.echo(f"共 {report.rows} 行，没有问题。{verb}：{written}。")


def _tell_faults(faults: "list[RowFault]", path: Path | None) -> None:
    """The first faults at the terminal, all of them in the file."""
    from shaodao.imports.faults import TableError, write_faults

    listing = Listing("行号", "列", "问题")
    for fault in faults[:_LISTED]:
        listing.add_row(str(fault.line), fault.column or "", fault.message)
    Console().print(listing)
    rest = f"，以上为前 {_LISTED} 个" if len(faults) > _LISTED else ""
    typer.echo(f"{len({fault.line for fault in faults})} 行有 {len(faults)} 个问题{rest}；没有写入任何内容。")
    if path is not None:
        try:
            write_faults(path, faults)
        except TableError as error:
            raise StartError(str(error)) from None
        typer.echo(f"全部问题见 {path}")
    elif rest:
        typer.echo("用 --faults 文件名.csv 保存全部问题。")
