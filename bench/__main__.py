"""``make bench``: reads by this server, PostGraphile 5, plain Strawberry and pgbench, over the same city in the same run."""

import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from bench.harness import Options, run
from bench.report import PAGE, print_tables, write_page
from bench.workload import OPERATIONS
from shaodao.logs import configure_logs
from shaodao.settings import StartError

DATA_DIR = "BENCH_DATA_DIR"
REPORTED_PRESET = "zhoushan"
"""The city of docs/benchmarks.md; a run on another is only shown."""


def bench(
    preset: Annotated[
        str, typer.Option(help="City to load where the data folder has none: zhoushan or tiny.")
    ] = REPORTED_PRESET,
    seconds: Annotated[float, typer.Option(min=1, help="Seconds of a round.")] = 10,
    rounds: Annotated[int, typer.Option(min=1, help="Rounds of each contender at each operation.")] = 3,
    requests: Annotated[
        int, typer.Option(min=0, help="Requests after which the memory is looked at; the target is told for 1,000,000.")
    ] = 0,
    growth: Annotated[bool, typer.Option(help="Also operation 1 on a city with a million cases.")] = False,
    only: Annotated[list[str] | None, typer.Option(help="Only this operation, by its name; may be repeated.")] = None,
    data_dir: Annotated[Path, typer.Option(envvar=DATA_DIR, help="Folder that keeps the loaded city.")] = Path(
        ".data/bench"
    ),
    write: Annotated[
        bool | None,
        typer.Option(help="Write docs/benchmarks.md; by default with the city zhoushan and all operations."),
    ] = None,
) -> None:
    """Measure, print the ratios against the targets, and write docs/benchmarks.md."""
    chosen = tuple(operation for operation in OPERATIONS if not only or operation.name in only)
    console = Console(stderr=True)
    options = Options(data_dir, preset, seconds, rounds, requests, growth, chosen)
    results = run(options, lambda line: console.print(line, markup=False, highlight=False))
    print_tables(results, Console())
    if write or (write is None and preset == REPORTED_PRESET and not only):
        write_page(results)
        console.print(f"{PAGE.relative_to(Path.cwd()) if PAGE.is_relative_to(Path.cwd()) else PAGE.name} is written")


def main() -> None:
    """Run the command line; an error that the user can mend is one line and status 1."""
    configure_logs("WARNING", "console")
    try:
        commands = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
        commands.command()(bench)
        commands()
    except StartError as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
