"""What a run of the benchmark found."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from statistics import median

from bench.load import Round
from bench.workload import Name

OURS = "shaodao"
POSTGRAPHILE = "PostGraphile"
PLAIN = "plain Strawberry"
PGBENCH = "pgbench"
CONTENDERS = (OURS, POSTGRAPHILE, PLAIN, PGBENCH)


@dataclass
class Series:
    """The rounds of one contender at one operation."""

    rounds: list[Round] = field(default_factory=list)

    @property
    def good(self) -> list[Round]:
        """The rounds that are not void."""
        return [one for one in self.rounds if one.fault is None]

    @property
    def faults(self) -> list[str]:
        """Why the others are."""
        return [one.fault for one in self.rounds if one.fault is not None]

    @property
    def rate(self) -> float | None:
        """Median of requests a second."""
        return median(one.rate for one in self.good) if self.good else None

    @property
    def p50(self) -> float | None:
        """Median of the medians, milliseconds."""
        return median(one.p50 for one in self.good) if self.good else None

    @property
    def p99(self) -> float | None:
        """Median of the 99th percentiles, milliseconds."""
        told = [one.p99 for one in self.good if one.p99 is not None]
        return median(told) if told else None


@dataclass
class Memory:
    """Resident megabytes of our server after its start and after ``requests``; of the others after their start and at the end."""

    after_start: float
    after_requests: float
    requests: int
    others: Mapping[str, tuple[float, float]]


@dataclass(frozen=True)
class Growth:
    """Operation 1 on two cities: how many cases each has, and our rates."""

    cases: tuple[int, int]
    series: tuple[Series, Series]

    @property
    def ratio(self) -> float | None:
        """The rate on the larger as a share of the rate on the smaller."""
        small, large = self.series[0].rate, self.series[1].rate
        return None if small is None or large is None else large / small


@dataclass(frozen=True)
class Conditions:
    """Where and how a run was made."""

    at: datetime
    machine: Mapping[str, str]
    versions: Mapping[str, str]
    city: Mapping[str, int]
    preset: str
    seconds: float
    rounds: int
    load_before: float


@dataclass
class Results:
    """Everything that the report tells."""

    conditions: Conditions
    series: dict[tuple[Name, str], Series] = field(default_factory=dict)
    bytes_of_answer: dict[Name, int] = field(default_factory=dict)
    compared: int = 0
    disagreements: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    first_answer: float | None = None
    memory: Memory | None = None
    growth: Growth | None = None

    def of(self, operation: Name, contender: str) -> Series:
        """The rounds of a contender at an operation, none so far."""
        return self.series.setdefault((operation, contender), Series())

    def ratio(self, operation: Name, contender: str) -> float | None:
        """Our rate divided by a contender's."""
        ours, theirs = self.of(operation, OURS).rate, self.of(operation, contender).rate
        return None if ours is None or theirs is None else ours / theirs

    def faults(self) -> Sequence[str]:
        """What made rounds void, each fault once."""
        told = (f"{name}, {who}: {fault}" for (name, who), series in self.series.items() for fault in series.faults)
        return list(dict.fromkeys(told))
