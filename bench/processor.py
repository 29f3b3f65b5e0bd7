"""Where the processor's time goes: of whole processes by the kernel's count, inside the server by samples (bench/sampler.py)."""

import os
import signal
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

_TICKS = os.sysconf("SC_CLK_TCK")
# The innermost frame that one of these words names has the sample; frames of the standard library belong to their callers.
PARTS = {
    "asyncpg": ("/asyncpg/", "asyncpg/"),
    "Strawberry and graphql-core": ("/strawberry/", "/graphql/", "strawberry/", "graphql/"),
    "our own code": ("shaodao/", "schema/", "api/", "plugins/", "bench/bare_writes.py"),
    "uvicorn and Starlette": ("uvicorn/", "starlette/", "httptools/"),
}
REST = "event loop and the rest"


def processor_seconds(processes: Iterable[int]) -> float:
    """The time that processes have had of the processors so far; one that is gone counts as nothing."""
    return sum(_ticks(Path(f"/proc/{process}/stat")) for process in processes) / _TICKS


def children_of(process: int) -> list[int]:
    """The processes that a process has started and that live."""
    return [child for child in _processes() if _parent(child) == process]


def _processes() -> list[int]:
    return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]


def _parent(process: int) -> int:
    fields = _fields(Path(f"/proc/{process}/stat"))
    return int(fields[1]) if fields else 0


def _ticks(path: Path) -> int:
    fields = _fields(path)
    return int(fields[11]) + int(fields[12]) if fields else 0


def _fields(path: Path) -> list[str]:
    """What stands in /proc/<process>/stat after the command's name, the state first."""
    try:
        return path.read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return []


@dataclass(frozen=True)
class Samples:
    """Samples of a process that bench/sampler.py runs, for as long as the context lasts."""

    process: int
    raw: Path

    def __enter__(self) -> Self:
        self.raw.unlink(missing_ok=True)
        os.kill(self.process, signal.SIGUSR1)
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        os.kill(self.process, signal.SIGUSR1)
        while not self.raw.exists():
            time.sleep(0.05)

    def shares(self) -> dict[str, float]:
        """The share of each part in the samples."""
        counts: Counter[str] = Counter()
        for line in self.raw.read_text().splitlines():
            stack, _, count = line.rpartition(" ")
            counts[part_of(stack)] += int(count)
        return {part: counts[part] / max(1, counts.total()) for part in (*PARTS, REST)}

    def heaviest(self, number: int) -> list[tuple[float, str]]:
        """The functions in which most samples end, with their shares."""
        counts: Counter[str] = Counter()
        for line in self.raw.read_text().splitlines():
            stack, _, count = line.rpartition(" ")
            counts[_short(stack.split(";")[-1])] += int(count)
        return [(count / max(1, counts.total()), name) for name, count in counts.most_common(number)]


def part_of(stack: str) -> str:
    """The part that a stack's sample belongs to, by its innermost frame that any part owns."""
    for frame in reversed(stack.split(";")):
        path = frame.rpartition("(")[2].removeprefix(f"{Path.cwd()}/")
        place = path.partition("site-packages/")[2] or path
        for part, beginnings in PARTS.items():
            if place.startswith(beginnings):
                return part
    return REST


def _short(frame: str) -> str:
    name, _, path = frame.rpartition(" (")
    place = path.partition("site-packages/")[2] or path.removeprefix(f"{Path.cwd()}/")
    return f"{name} ({place.rpartition(':')[0]})"
