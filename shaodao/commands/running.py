"""Running a command at the edge: one transaction, retried commands answered with the first outcome."""

import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

import asyncpg
import msgspec

from shaodao.commands.transaction import Connection, Ground, Outcome, Transaction
from shaodao.domain.errors import IdempotencyConflict
from shaodao.domain.permissions import Viewer

Command = Callable[[Transaction], Awaitable[Outcome]]

# The row is taken first, so that the same command sent twice at once waits for the first one's outcome.
_TAKE_KEY = """
INSERT INTO command_outcome (county_code, actor, key, command, fingerprint, outcome, at)
VALUES ($1, $2, $3, $4, $5, '{}', $6) ON CONFLICT (county_code, actor, key) DO NOTHING RETURNING 1
"""
_READ_OUTCOME = (
    "SELECT command, fingerprint, outcome FROM command_outcome WHERE county_code = $1 AND actor = $2 AND key = $3"
)
_KEEP_OUTCOME = "UPDATE command_outcome SET outcome = $4::jsonb WHERE county_code = $1 AND actor = $2 AND key = $3"


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

    def fingerprint(self, actor: Viewer) -> bytes:
        """A digest of the command, its arguments and what the actor may do: an outcome is not shown to other grants."""
        encoded = msgspec.json.encode([self.command, self.arguments, actor.grants], order="deterministic")
        return hashlib.sha256(encoded).digest()


@dataclass(frozen=True)
class CommandRunner:
    """Opens the transaction for a command, commits it, and announces that there is news."""

    pool: "asyncpg.Pool[asyncpg.Record]"
    ground: Callable[[], Ground]
    announcer: Announcer
    epoch: int = 1

    async def run(
        self, command: Command, *, actor: Viewer, county: int, now: datetime, repetition: Repetition | None = None
    ) -> Outcome:
        """Run the command in one transaction; a typed refusal (DomainError) rolls all of it back."""
        async with self.pool.acquire() as connection, connection.transaction():
            tx = Transaction(connection, actor, now, county, self.ground(), self.epoch)  # type: ignore[arg-type]
            outcome = await run_in(tx, command, repetition)
        if not outcome.repeated:
            self.announcer.announce()
        return outcome


async def run_in(tx: Transaction, command: Command, repetition: Repetition | None) -> Outcome:
    """Run the command in an open transaction, unless it came before: then give the first outcome."""
    if repetition is not None and (first := await _first_outcome(tx, repetition)) is not None:
        return first
    outcome = await command(tx)
    outcome.cursor = tx.cursor
    if repetition is not None:
        tx.key = repetition.key
        await tx.connection.execute(
            _KEEP_OUTCOME, tx.county, tx.actor.login, repetition.key, msgspec.json.encode(outcome).decode()
        )  # fmt: skip
    await tx.finish()
    return outcome


async def _first_outcome(tx: Transaction, repetition: Repetition) -> Outcome | None:
    actor, digest = tx.actor.login, repetition.fingerprint(tx.actor)
    taken = await tx.connection.fetchval(
        _TAKE_KEY, tx.county, actor, repetition.key, repetition.command, digest, tx.now
    )  # fmt: skip
    if taken is not None:
        return None
    row = await tx.connection.fetchrow(_READ_OUTCOME, tx.county, actor, repetition.key)
    if row is None or row["fingerprint"] != digest or row["command"] != repetition.command:
        raise IdempotencyConflict(repetition.key)
    outcome = msgspec.json.decode(row["outcome"], type=Outcome)
    outcome.repeated = True
    return outcome


def connection_of(connection: Any) -> Connection:
    """The connection that a pool lends, as commands know it."""
    return connection  # type: ignore[no-any-return]
