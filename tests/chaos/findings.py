"""What an audit goes by and what it finds."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, LiteralString

from shaodao.commands.transaction import Connection
from tests.chaos.caller import Book
from tests.chaos.subscribers import Subscriber


@dataclass
class Findings:
    """Counts that are printed, and faults: any fault fails the run."""

    counts: dict[str, int | str] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)

    def fault(self, what: str, found: Iterable[object]) -> None:
        """Note a fault with a few of its cases, if there are any."""
        cases = list(found)
        if cases:
            self.faults.append(f"{what}: {len(cases)}, such as {', '.join(map(str, cases[:3]))}")

    async def look(self, connection: Connection, what: str, statement: LiteralString, *arguments: Any) -> None:
        """Note a fault for what the statement finds: there must be no row."""
        self.fault(what, [tuple(row) for row in await connection.fetch(statement, *arguments)])


@dataclass(frozen=True)
class Kept:
    """What a run kept of itself. ``until``: what happened later may still be under way; deadlines go on passing."""

    book: Book
    heard: Path
    subscribers: Sequence[Subscriber]
    until: datetime
