"""What the benchmark has to show, and whether a run shows it."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from bench.results import OURS, PGBENCH, PLAIN, POSTGRAPHILE, Memory, Results
from bench.workload import OPERATIONS, Operation

OF_POSTGRAPHILE = 2.0
COUNTS_OF_POSTGRAPHILE = 1.0
OF_PLAIN = 15.0
OF_PGBENCH = 0.4
AT_A_MILLION = 0.8
MEGABYTES_AFTER_START = 150.0
MEGABYTES_AFTER_REQUESTS = 300.0
FIRST_ANSWER_SECONDS = 2.0
A_MILLION = 1_000_000


@dataclass(frozen=True)
class Target:
    """A number to reach. ``reached`` is None when the run did not measure it."""

    what: str
    wanted: str
    measured: str
    reached: bool | None


def targets(results: Results) -> list[Target]:
    """Every target of the benchmark with what the run found."""
    return [
        *(target for operation in OPERATIONS for target in _of_operation(results, operation)),
        _at_least("operation 1 to pgbench on the same statement", results.ratio("board", PGBENCH), OF_PGBENCH),
        _at_least(
            "operation 1 at 1,000,000 cases to 50,000", results.growth.ratio if results.growth else None, AT_A_MILLION
        ),
        *_of_process(results),
    ]


def _of_operation(results: Results, operation: Operation) -> Iterator[Target]:
    name = operation.name
    wanted = COUNTS_OF_POSTGRAPHILE if name == "counts" else OF_POSTGRAPHILE
    yield _at_least(f"operation {operation.number} to PostGraphile", results.ratio(name, POSTGRAPHILE), wanted)
    if name != "counts":
        yield _at_most(
            f"operation {operation.number}, p99 in ms, to PostGraphile's",
            results.of(name, OURS).p99, results.of(name, POSTGRAPHILE).p99,
        )  # fmt: skip
    yield _at_least(f"operation {operation.number} to plain Strawberry", results.ratio(name, PLAIN), OF_PLAIN)


def _of_process(results: Results) -> Iterator[Target]:
    memory = results.memory
    yield _at_most("resident after start, MB", None if memory is None else memory.after_start, MEGABYTES_AFTER_START)
    yield _after_requests(memory)
    yield _at_most("first answer after the start, s", results.first_answer, FIRST_ANSWER_SECONDS)


def _after_requests(memory: Memory | None) -> Target:
    """A run with fewer requests than a million tells what it saw, and claims nothing."""
    enough = memory is not None and memory.requests >= A_MILLION
    target = _at_most(
        "resident after a million requests, MB",
        None if memory is None else memory.after_requests,
        MEGABYTES_AFTER_REQUESTS,
    )
    if memory is None or enough:
        return target
    return replace(target, measured=f"{target.measured} after {memory.requests:,}", reached=None)


def _at_least(what: str, measured: float | None, wanted: float) -> Target:
    reached = None if measured is None else measured >= wanted
    return Target(what, f"≥ {wanted:g}", _shown(measured), reached)


def _at_most(what: str, measured: float | None, wanted: float | None) -> Target:
    reached = None if measured is None or wanted is None else measured <= wanted
    return Target(what, "—" if wanted is None else f"≤ {_shown(wanted)}", _shown(measured), reached)


def _shown(value: float | None) -> str:
    if value is None:
        return "—"
    return f"{value:,.0f}" if value >= 100 else f"{value:.2f}"
