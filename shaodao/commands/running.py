"""Running a command at the edge: one transaction, retried commands answered with the first outcome."""

import hashlib
from collections.abc import Awaitable, Callable
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

import asyncpg
import msgspec

from shaodao.commands.transaction import Connection, Ground, Keeping, Outcome, Transaction
from shaodao.domain.errors import DomainError, IdempotencyConflict
from shaodao.domain.permissions import Viewer

Command = Callable[[Transaction], Awaitable[Outcome]]

# Written last: a command that came before meets its key here, and all that it did a second time is rolled back. The same
# command sent twice at once waits here for the first one's outcome.
_KEEP_OUTCOME = """
INSERT INTO command_outcome (county_code, actor, key, command, fingerprint, outcome, at)
VALUES ($1, $2, $3, $4, $5, $6::jsonb, $7) ON CONFLICT (county_code, actor, key) DO NOTHING RETURNING 1
"""
_READ_OUTCOME = (
    "SELECT command, fingerprint, outcome FROM command_outcome WHERE county_code = $1 AND actor = $2 AND key = $3"
)


class Announcer(Protocol):
    """Tells couriers, clocks and feeds after a commit that there is news; carries nothing that matters."""

    def announce(self) -> None:
        """Wake whoever waits, soon and coalesced."""
        ...


@dataclass(frozen=True)
class Repetition:
    """What tells a repeated command: the caller's key, the command's name and its arguments as given."""

    key: str
    command: str
    arguments: Any

    def keeping(self, actor: Viewer) -> Keeping:
        """Under what the outcome is kept. The digest tells what the actor may do: an outcome is not shown to other grants."""
        encoded = msgspec.json.encode([self.command, self.arguments, actor.grants], order="deterministic")
        return Keeping(self.key, self.command, hashlib.sha256(encoded).digest())


@dataclass(frozen=True)
class CommandRunner:
    """Opens the transaction for a command, commits it, and announces that there is news."""

    pool: "asyncpg.Pool[asyncpg.Record]"
    ground: Callable[[], Ground]
    announcer: Announcer
    epoch: Callable[[], int] = lambda: 1

    async def run(
        self, command: Command, *, actor: Viewer, county: int, now: datetime, repetition: Repetition | None = None,
        one_statement: bool = False,
    ) -> Outcome:  # fmt: skip
        """Run the command in one transaction; a typed refusal (DomainError) rolls all of it back.

        ``one_statement``: all that the command writes, its kept outcome too, is one statement, which is a transaction by
        itself; opening one around it would cost two more.

        A command that came before gives its first outcome, whatever would come of it now. To look for that first would
        cost every command a statement, and nearly all of them come once.
        """
        keeping = None if repetition is None else repetition.keeping(actor)
        try:
            async with self.pool.acquire() as connection, nullcontext() if one_statement else connection.transaction():
                tx = Transaction(connection, actor, now, county, self.ground(), self.epoch(), keeping)  # type: ignore[arg-type]
                outcome = await _kept(tx, command)
        except (DomainError, asyncpg.IntegrityConstraintViolationError):
            first = None if keeping is None else await self._first_outcome(actor, county, keeping)
            if first is None:
                raise
            return first
        self.announcer.announce()
        return outcome

    async def _first_outcome(self, actor: Viewer, county: int, keeping: Keeping) -> Outcome | None:
        """What was committed under the key. Raises IdempotencyConflict when that was another command."""
        row = await self.pool.fetchrow(_READ_OUTCOME, county, actor.login, keeping.key)
        if row is None:
            return None
        if row["fingerprint"] != keeping.fingerprint or row["command"] != keeping.command:
            raise IdempotencyConflict(keeping.key) from None
        outcome = msgspec.json.decode(row["outcome"], type=Outcome)
        outcome.repeated = True
        return outcome


async def _kept(tx: Transaction, command: Command) -> Outcome:
    """The command's outcome, kept for when it comes again. Raises IdempotencyConflict when it came before."""
    outcome = await command(tx)
    outcome.cursor = tx.cursor
    keeping = tx.keeping
    if keeping is not None:
        encoded = msgspec.json.encode(outcome).decode()
        kept = await tx.connection.fetchval(
            _KEEP_OUTCOME, tx.county, tx.actor.login, keeping.key, keeping.command, keeping.fingerprint, encoded, tx.now
        )  # fmt: skip
        if kept is None:
            raise IdempotencyConflict(keeping.key)
    return outcome


def connection_of(connection: Any) -> Connection:
    """The connection that a pool lends, as commands know it."""
    return connection  # type: ignore[no-any-return]
