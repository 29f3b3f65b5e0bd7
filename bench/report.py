"""What a run found, as tables at the terminal and as docs/benchmarks.md."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bench.database import SETTINGS
from bench.load import CONNECTIONS
from bench.results import CONTENDERS, PGBENCH, PLAIN, POSTGRAPHILE, Results, Series
from bench.targets import Target, targets
from bench.workload import OPERATIONS

PAGE = Path(__file__).parent.parent / "docs" / "benchmarks.md"
BEGIN = "<!-- By hand from here; a run of the benchmark keeps it. -->"
END = "<!-- By hand up to here. -->"
NOTHING_YET = "\n## Where the time goes\n\nNothing is written here yet.\n\n"


def print_tables(results: Results, console: Console) -> None:
    """The rates and the targets."""
    rates = Table("Operation", *CONTENDERS, title="Requests a second (p50 / p99 in ms), medians")
    for row in _rate_rows(results):
        rates.add_row(*row)
    console.print(rates)
    wanted = Table("Target", "Wanted", "Measured", "Reached", title="Targets")
    for target in targets(results):
        colour = {True: "green", False: "red", None: "yellow"}[target.reached]
        wanted.add_row(target.what, target.wanted, target.measured, f"[{colour}]{_reached(target)}[/]")
    console.print(wanted)
    for line in _notes(results):
        console.print(line, markup=False)


def write_page(results: Results, path: Path = PAGE) -> None:
    """Write the page anew; what stands in it by hand is kept."""
    path.write_text(page(results, by_hand(path)), encoding="utf-8")


def write_section(title: str, text: str, path: Path = PAGE) -> None:
    """Write a section of the part that runs of the whole benchmark keep; one that stands there is replaced."""
    hand = by_hand(path)
    before, found, after = hand.partition(f"\n## {title}\n")
    rest = after[after.index("\n## ") :] if "\n## " in after else ""
    written = f"{before if found else hand.rstrip()}\n\n## {title}\n\n{text}\n".replace("\n\n\n", "\n\n")
    page_now = path.read_text(encoding="utf-8")
    path.write_text(
        page_now.replace(f"{BEGIN}{hand}{END}", f"{BEGIN}{written}{rest or chr(10)}{END}"), encoding="utf-8"
    )


def by_hand(path: Path) -> str:
    """The part of a page that is written by hand, or what stands there at first."""
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    if BEGIN not in text or END not in text:
        return NOTHING_YET
    return text.partition(BEGIN)[2].partition(END)[0]


def page(results: Results, hand: str) -> str:
    """The page as Markdown."""
    parts = [
        _introduction(results),
        _section("Rates", [_rates_note(results), _table(("Operation", *CONTENDERS), _rate_rows(results))]),
        _section(
            "Ratios", [_table(("Operation", *(f"to {one}" for one in CONTENDERS[1:]), "answer"), _ratio_rows(results))]
        ),
        _section(
            "Targets", [_table(("Target", "Wanted", "Measured", "Reached"), _target_rows(results)), _unreached(results)]
        ),
        _section("Memory", [_memory(results)]),
        *(
            [_section("Notes on this run", ["\n".join(f"- {note}" for note in _notes(results))])]
            if _notes(results)
            else []
        ),
        f"{BEGIN}{hand}{END}\n",
        _section("What is asked, and of whom", [_asked()]),
        _section("Machine, versions, city", [_conditions(results)]),
    ]
    return "\n".join(parts)


def _introduction(results: Results) -> str:
    run = results.conditions
    return (
        "# Benchmarks\n\n"
        f"Written by `make bench` on {run.at:%Y-%m-%d}. Each number is the median of {run.rounds} rounds of {run.seconds:g} s,"
        f" the contenders in turns, {CONNECTIONS} connections over loopback, every server one process on the same database and"
        f" the same machine as the load. The machine's load was {run.load_before:.2f} before the run. Numbers of other machines"
        " differ; the ratios are what is asserted.\n"
    )


def _section(title: str, parts: Iterable[str]) -> str:
    return f"## {title}\n\n" + "\n\n".join(part for part in parts if part) + "\n"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _rates_note(results: Results) -> str:
    return "Requests a second, in brackets p50 / p99 in milliseconds. pgbench runs the compiled statement alone."


def _rate_rows(results: Results) -> Iterator[list[str]]:
    for operation in OPERATIONS:
        cells = [_cell(results.of(operation.name, contender)) for contender in CONTENDERS]
        yield [f"{operation.number}. {operation.name}", *cells]


def _cell(series: Series) -> str:
    if series.rate is None:
        return "—"
    p99 = "" if series.p99 is None else f" / {series.p99:.1f}"
    return f"{series.rate:,.0f} ({series.p50:.1f}{p99})"


def _ratio_rows(results: Results) -> Iterator[list[str]]:
    for operation in OPERATIONS:
        ratios = [results.ratio(operation.name, contender) for contender in (POSTGRAPHILE, PLAIN, PGBENCH)]
        size = results.bytes_of_answer.get(operation.name)
        told = ["—" if ratio is None else f"{ratio:.2f}" for ratio in ratios]
        yield [f"{operation.number}. {operation.name}", *told, "—" if size is None else f"{size / 1000:.1f} kB"]


def _target_rows(results: Results) -> Iterator[list[str]]:
    for target in targets(results):
        yield [target.what, target.wanted, target.measured, _reached(target)]


def _reached(target: Target) -> str:
    match target.reached:
        case True:
            return "yes"
        case False:
            return "not reached"
        case None:
            return "not measured"


def _unreached(results: Results) -> str:
    missed = [target for target in targets(results) if target.reached is False]
    if not missed:
        return ""
    lines = [f"- {target.what}: {target.measured}, wanted {target.wanted}" for target in missed]
    return "Not reached; why is told below:\n\n" + "\n".join(lines)


def _memory(results: Results) -> str:
    memory = results.memory
    if memory is None:
        return "Not measured."
    rows = [
        ["shaodao", f"{memory.after_start:.0f}", f"{memory.after_requests:.0f} (after {memory.requests:,} requests)"]
    ]
    rows += [[name, f"{start:.0f}", f"{end:.0f}"] for name, (start, end) in memory.others.items()]
    return _table(("Resident MB of one process", "after start", "at the end"), rows)


def _notes(results: Results) -> list[str]:
    told = (
        f"{results.compared} answers were compared with ours: the same rows in the same order, and as many below each."
    )
    agreed = [told] if results.compared and not results.disagreements else []
    return [
        *agreed,
        *(f"Answers differ: {line}" for line in results.disagreements),
        *(f"Not measured: {line}" for line in results.missing),
        *(f"Void round: {line}" for line in results.faults()),
    ]


def _asked() -> str:
    operations = "\n".join(f"{operation.number}. {operation.title}" for operation in OPERATIONS)
    return (
        f"{operations}\n\n"
        "The documents stand in `bench/operations` and `bench/postgraphile/operations`. A round in which an answer has another"
        " status than 200, an error, or another size than the sampled ones is void.\n\n"
        "- **shaodao** is this server without workers, as production runs it. It checks the token and who may see which row.\n"
        "- **PostGraphile** is version 5 with the preset amber, simplified inflection and connection-filter, on node 24. Below the"
        " first level it gives lists, not connections; the counts are a view. It checks neither token nor rows, and sealed and"
        " hashed columns are no fields.\n"
        "- **plain Strawberry** answers the same documents by resolvers with DataLoaders, on uvicorn with uvloop and httptools.\n"
        "- **pgbench** runs the statement that our compiler makes of the operation, prepared, with the same parameters."
    )


def _conditions(results: Results) -> str:
    run = results.conditions
    city = ", ".join(f"{count:,} × {table}" for table, count in run.city.items())
    settings = ", ".join(f"`{name} = {value}`" for name, value in SETTINGS.items())
    lines = [
        f"- Machine: {', '.join(f'{name} {value}' for name, value in run.machine.items())}",
        f"- Versions: {', '.join(f'{name} {value}' for name, value in run.versions.items())}",
        f"- City (preset {run.preset}): {city}",
        f"- PostgreSQL: {settings}; else its defaults",
    ]
    return "\n".join(lines)
