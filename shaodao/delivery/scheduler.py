"""The scheduler: opens what the calendar brings 例行工作 in every area that it concerns, each occurrence once (Z-28, J-11, J-15).

Updating the row of ``schedule`` is the election: of several processes one opens an occurrence. What an outage missed is
opened late, and says so.
"""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any, LiteralString

import asyncpg
from uuid_utils.compat import uuid7

from shaodao.commands.running import connection_of
from shaodao.commands.transaction import Connection, Ground
from shaodao.delivery.pace import Now
from shaodao.domain.calendar import SHANGHAI
from shaodao.domain.routines import Window, days_from, first_open, following, previous, window
from shaodao.domain.rulebook import RoutineRule
from shaodao.domain.vocabulary import SolvingLevel

EVERY = 30.0
"""Seconds between two looks: one short statement when nothing is due."""

_ROWS = "SELECT name, next_at FROM schedule WHERE name = ANY($1::text[])"
_BEGIN = "INSERT INTO schedule (name, every, next_at) VALUES ($1, $2, $3) ON CONFLICT (name) DO NOTHING"
_ELECT = "UPDATE schedule SET every = $3, next_at = $4 WHERE name = $1 AND next_at = $2 RETURNING name"
_IN_FORCE: LiteralString = "FROM grid WHERE valid_to IS NULL OR valid_to > $1"
_AREAS: dict[SolvingLevel, LiteralString] = {
    SolvingLevel.GRID: f"SELECT county_code, street_code, community_code, code AS grid_code, NULL::int AS records {_IN_FORCE}",
    SolvingLevel.COMMUNITY: (
        f"SELECT DISTINCT county_code, street_code, community_code, NULL AS grid_code, NULL::int AS records {_IN_FORCE}"
    ),
    SolvingLevel.STREET: (
        f"SELECT DISTINCT county_code, street_code, NULL AS community_code, NULL AS grid_code, NULL::int AS records {_IN_FORCE}"
    ),
}
# A record is looked at again each time that so many days have passed, and when it ends before the window does.
_CARE = """
SELECT county_code, street_code, community_code, grid_code, count(*)::int AS records FROM care_tag
WHERE visibility = 'NORMAL' AND valid_from <= $1 AND (valid_to IS NULL OR valid_to >= $1) AND (
    ($1 - valid_from) / $3 > (greatest($2, valid_from) - valid_from) / $3 OR valid_to < $4
)
GROUP BY county_code, street_code, community_code, grid_code
"""
_MISSED = """
UPDATE routine SET missed_at = $2 WHERE name = $1 AND done_at IS NULL AND missed_at IS NULL AND due_at <= $2
"""
_OPEN = """
INSERT INTO routine (
    county_code, id, name, title, roles, area_code, street_code, community_code, grid_code, records, begins_at, due_at,
    opened_at, late_seconds
) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
ON CONFLICT (county_code, name, area_code, begins_at) DO NOTHING
"""


class Scheduler:
    """Opens occurrences by the rulebook's ``routines``."""

    name = "scheduler"

    def __init__(self, pool: "asyncpg.Pool[asyncpg.Record]", ground: Callable[[], Ground], now: Now) -> None:
        self._pool = pool
        self._ground = ground
        self._now = now

    async def one_pass(self) -> float:
        """Open what has come due; answers the seconds until the next look."""
        ground, now = self._ground(), self._now()
        rules = {_row_of(rule): rule for rule in ground.rulebook.routines}
        planned = {row["name"]: row["next_at"] for row in await self._pool.fetch(_ROWS, list(rules))}
        for name, rule in rules.items():
            while (at := planned.get(name)) is None or at <= now or not _falls_on(rule, at):
                planned[name] = await self._go_on(ground, rule, at, now)
        return EVERY

    async def _go_on(self, ground: Ground, rule: RoutineRule, at: datetime | None, now: datetime) -> datetime:
        """Open the occurrence at ``at``, if no other process does, and plan the one after; answers when that begins.

        Where none was planned, or for a day that the rulebook names no more, it begins with the first that is not over.
        """
        if at is None or not _falls_on(rule, at):
            first = first_open(rule, now, ground.calendar, ground.rulebook)
            return await self._plan(rule, at, first)
        here = window(rule, _day(at), ground.calendar, ground.rulebook)
        after = following(rule, here.day, ground.calendar, ground.rulebook)
        async with self._pool.acquire() as lent, lent.transaction():
            connection = connection_of(lent)
            every = after.begins_at - here.begins_at
            if await connection.fetchval(_ELECT, _row_of(rule), at, every, after.begins_at) is not None:
                await _open(connection, rule, here, now)
        return after.begins_at

    async def _plan(self, rule: RoutineRule, at: datetime | None, first: Window) -> datetime:
        if at is None:
            await self._pool.execute(_BEGIN, _row_of(rule), timedelta(), first.begins_at)
        else:
            await self._pool.execute(_ELECT, _row_of(rule), at, timedelta(), first.begins_at)
        return first.begins_at


async def _open(connection: Connection, rule: RoutineRule, here: Window, now: datetime) -> None:
    """Open an occurrence in every area; what of the earlier ones was not done by now was missed."""
    await connection.execute(_MISSED, rule.name, now)
    late = max(0, round((now - here.begins_at).total_seconds()))
    await connection.executemany(_OPEN, [
        (
            area["county_code"], uuid7(), rule.name, rule.title, [str(role) for role in rule.roles],
            area["grid_code"] or area["community_code"] or area["street_code"], area["street_code"], area["community_code"],
            area["grid_code"], area["records"], here.begins_at, here.due_at, now, late,
        )
        for area in await _areas(connection, rule, here)
    ])  # fmt: skip


async def _areas(connection: Connection, rule: RoutineRule, here: Window) -> list[Any]:
    if rule.care_records_every_days is None:
        return await connection.fetch(_AREAS[rule.area], here.day)
    before = previous(rule, here.day)
    return await connection.fetch(_CARE, here.day, before, rule.care_records_every_days, _day(here.due_at))


def _row_of(rule: RoutineRule) -> str:
    """Its row of ``schedule``."""
    return f"routine.{rule.name}"


def _day(at: datetime) -> date:
    return at.astimezone(SHANGHAI).date()


def _falls_on(rule: RoutineRule, at: datetime) -> bool:
    """Whether the rulebook still names the day."""
    return next(days_from(rule, _day(at))) == _day(at)
