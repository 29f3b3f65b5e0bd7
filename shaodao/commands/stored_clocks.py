"""A clock as its row holds it, and its due where others read it: on the case and on the assignment."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, LiteralString, Self
from uuid import UUID

import asyncpg
import orjson

from shaodao.commands import clock_stages
from shaodao.commands.transaction import Transaction
from shaodao.domain.clock_changes import ClockChange, changes_of, fired_of
from shaodao.domain.deadlines import DeadlineUnit, Limit
from shaodao.domain.ladder import Ascent
from shaodao.domain.vocabulary import ClockKind, ClockState, Urgency, WhistleKind

COLUMNS: LiteralString = """id, case_id, assignment_id, organization_code, kind, round, unit, amount, rule, started_at, due_at,
    provisional, state, paused_at, history, ladder_since AS since, ladder_used AS used,
    (SELECT c.urgency FROM case_file c WHERE c.county_code = deadline.county_code AND c.id = deadline.case_id) AS urgency,
    (SELECT w.kind FROM whistle w WHERE w.county_code = deadline.county_code AND w.id = deadline.whistle_id) AS whistle_kind"""

_ALL = f"""
SELECT {COLUMNS} FROM deadline WHERE county_code = $1 AND case_id = $2 AND state = ANY($3::text[])
    AND kind = ANY($4::text[]) AND ($5::uuid IS NULL OR assignment_id = $5) AND ($6::uuid IS NULL OR whistle_id = $6)
ORDER BY started_at, id
"""
_NEWEST = f"""
SELECT {COLUMNS} FROM deadline
WHERE county_code = $1 AND case_id = $2 AND kind = $3 AND round = $4 AND assignment_id IS NOT DISTINCT FROM $5::uuid
ORDER BY started_at DESC, id DESC LIMIT 1
"""
_CHANGE = """
UPDATE deadline SET unit = $3, amount = $4, rule = $5, started_at = $6, due_at = $7, provisional = $8, state = $9,
    paused_at = $10, history = history || $11::jsonb, ladder_since = $12, ladder_used = $13
WHERE county_code = $1 AND id = $2
"""
# What was taken because the due had passed is over once it lies ahead again, or is promised by nobody.
_END_SUPERVISION = (
    "UPDATE supervision SET ended_at = $3 WHERE county_code = $1 AND deadline_id = $2 AND ended_at IS NULL"
)
_CASE_DUE = """
UPDATE case_file SET due_at = $4, due_provisional = $5 WHERE county_code = $1 AND id = $2 AND round = $3
"""
_OWN_DUE: LiteralString = """
UPDATE assignment SET {column} = $3::timestamptz, {late} version = version + 1, updated_at = $4 WHERE county_code = $1 AND id = $2
"""
# Who is granted more time, or a pause, is not late by the limit that held before.
_OWN_DUES: Mapping[ClockKind, LiteralString] = {
    ClockKind.ACKNOWLEDGE: _OWN_DUE.replace("{column}", "acknowledge_due_at").replace("{late}", ""),
    ClockKind.ARRIVE: _OWN_DUE.replace("{column}", "arrive_due_at").replace("{late}", ""),
    ClockKind.FIRST_REPORT: _OWN_DUE.replace("{column}", "first_report_due_at").replace("{late}", ""),
    ClockKind.RESULT: _OWN_DUE.replace("{column}", "result_due_at").replace(
        "{late}", "late_report = late_report AND coalesce($3::timestamptz <= $4, true),"
    ),
}


@dataclass(frozen=True)
class StoredClock:
    """A row of ``deadline``. ``limit``: None where it is due by another clock's due; ``history``: as JSON holds it.

    ``since``, ``used``, ``urgency`` and ``whistle_kind``: as its ladder knows them.
    """

    id: UUID
    case_id: UUID
    assignment_id: UUID | None
    organization_code: str | None
    kind: ClockKind
    round: int
    limit: Limit | None
    rule: str
    started_at: datetime
    due_at: datetime
    provisional: bool
    state: ClockState
    paused_at: datetime | None
    history: tuple[Mapping[str, Any], ...]
    since: datetime | None
    used: float
    urgency: Urgency
    whistle_kind: WhistleKind | None

    @classmethod
    def of(cls, row: asyncpg.Record) -> Self:
        """From a row with the columns of ``COLUMNS``."""
        values = dict(row)
        unit, amount = values.pop("unit"), values.pop("amount")
        limit = None if unit is None else Limit(DeadlineUnit(unit), amount)
        kind, state = ClockKind[values.pop("kind")], ClockState[values.pop("state")]
        urgency, whistle = Urgency[values.pop("urgency")], values.pop("whistle_kind")
        return cls(
            **values | {"history": tuple(orjson.loads(values["history"]))}, kind=kind, state=state, limit=limit,
            urgency=urgency, whistle_kind=None if whistle is None else WhistleKind[whistle],
        )  # fmt: skip

    @property
    def unit(self) -> DeadlineUnit | None:
        """The unit of its limit."""
        return None if self.limit is None else self.limit.unit

    @property
    def ascent(self) -> Ascent:
        """The clock as its ladder knows it."""
        return Ascent(
            self.kind, self.started_at, self.due_at, self.urgency, self.whistle_kind, self.since, self.used,
            appointed=self.kind is ClockKind.ARRIVE and self.limit is None,
        )  # fmt: skip

    @property
    def changes(self) -> tuple[ClockChange, ...]:
        """What was done to it, oldest first; a pause that lasts is the last of them."""
        return changes_of(self.history, self.paused_at if self.state is ClockState.PAUSED else None)

    @property
    def fired(self) -> dict[str, datetime]:
        """The stages that have fired, each when it did last."""
        return fired_of(self.history)

    def lies_behind(self, at: datetime, now: datetime) -> bool:
        """Whether an instant is past for the clock: a clock that is paused has come to where it was paused."""
        return at <= (self.paused_at or now)

    def before(self, now: datetime) -> dict[str, Any]:
        """What it was before a change now, as the history keeps it."""
        return {
            "unit": self.limit and str(self.limit.unit), "amount": self.limit and self.limit.amount, "rule": self.rule,
            "started_at": self.started_at, "due_at": self.due_at, "changed_at": now,
        }  # fmt: skip


@dataclass(frozen=True)
class Moved:
    """A clock that was given another due, before and after."""

    before: StoredClock
    after: StoredClock

    @property
    def earlier(self) -> bool:
        """Whether it now runs to an earlier due, which is never silent (C.5 rule 11)."""
        return self.after.state is ClockState.RUNNING and self.after.due_at < self.before.due_at


async def clocks_of(
    tx: Transaction, case_id: UUID, *kinds: ClockKind, states: tuple[ClockState, ...],
    assignment_id: UUID | None = None, whistle_id: UUID | None = None,
) -> list[StoredClock]:  # fmt: skip
    """The case's clocks of these kinds and states, of one assignment or whistle if either is named."""
    rows = await tx.connection.fetch(
        _ALL, tx.county, case_id, [str(state) for state in states], [str(kind) for kind in kinds], assignment_id, whistle_id
    )  # fmt: skip
    return [StoredClock.of(row) for row in rows]


async def newest(
    tx: Transaction, kind: ClockKind, case_id: UUID, case_round: int, assignment_id: UUID | None = None
) -> StoredClock | None:
    """The newest clock of the kind in the round: the case's own, or an assignment's; None: there is none."""
    row = await tx.connection.fetchrow(_NEWEST, tx.county, case_id, str(kind), case_round, assignment_id)
    return None if row is None else StoredClock.of(row)


async def handling_clock(tx: Transaction, case_id: UUID, case_round: int) -> StoredClock:
    """The case's handling clock of the round. Every case has one from its registration."""
    clock = await newest(tx, ClockKind.HANDLING, case_id, case_round)
    assert clock is not None, "a case has a handling clock"
    return clock


async def keep(tx: Transaction, was: StoredClock, now: StoredClock, *entries: Mapping[str, Any]) -> None:
    """Write a clock as it is ``now``, append to its history, and make its stages and its due follow.

    A stage that fired fires again only when it lies ahead anew. Paused, the clock fires nothing and promises no due.
    """
    limit = now.limit
    await tx.connection.execute(
        _CHANGE, tx.county, now.id, limit and str(limit.unit), limit and limit.amount, now.rule, now.started_at, now.due_at,
        now.provisional, str(now.state), now.paused_at, orjson.dumps(list(entries)).decode(), now.since, now.used,
    )  # fmt: skip
    await keep_due(tx, now)
    if was.state is not ClockState.STOPPED:
        await clock_stages.drop(tx, now.id)
    if now.state is not ClockState.RUNNING or now.due_at > tx.now:
        await tx.connection.execute(_END_SUPERVISION, tx.county, now.id, tx.now)
    if now.state is ClockState.RUNNING:
        await clock_stages.write(
            tx, now.id, now.case_id, now.assignment_id, now.ascent, was.fired, not_before=tx.now
        )  # fmt: skip


async def keep_due(tx: Transaction, clock: StoredClock) -> None:
    """Keep the clock's due on its case or assignment; a paused clock promises none."""
    due_at = None if clock.state is ClockState.PAUSED else clock.due_at
    if clock.assignment_id is None:
        if clock.kind is ClockKind.HANDLING:
            await tx.connection.execute(
                _CASE_DUE, tx.county, clock.case_id, clock.round, due_at, clock.provisional
            )  # fmt: skip
        return
    statement = _OWN_DUES.get(clock.kind)
    if statement is not None:
        await tx.connection.execute(statement, tx.county, clock.assignment_id, due_at, tx.now)
