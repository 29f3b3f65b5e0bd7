"""Loads a city into a migrated, empty database by COPY: registers, people, cases; indexes are made again at the end."""

import asyncio
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from bench.city import people, shared
from bench.city.case_rows import Desk
from bench.city.cases import TABLES, Arrivals, arrivals_of, batches
from bench.city.dues import Dues
from bench.city.indexes import Aside, build, set_aside
from bench.city.places import County, Street, build_counties
from bench.city.preset import Preset
from bench.city.wording import Pieces
from shaodao.calendar_table import fill_calendar, load_calendar
from shaodao.commands.running import connection_of
from shaodao.commands.transaction import Connection
from shaodao.demo.copying import copy_rows
from shaodao.domain.calendar import SHANGHAI
from shaodao.personal_data import PersonalDataCipher
from shaodao.postgres.embedded import DSN
from shaodao.postgres.pool import connect
from shaodao.presets import load_rulebook
from shaodao.settings import StartError

PEOPLE_TABLES = ("household", "person", "care_tag")

_GRIDS_AT_ONCE = 20
_WRITERS = 2  # one is filled while the database ends with the other
_IS_EMPTY = "SELECT NOT EXISTS (SELECT FROM divisions)"
_XID = "SELECT pg_current_xact_id()::text::bigint"

Records = Mapping[str, tuple[Sequence[str], list[tuple[Any, ...]]]]
"""Columns and rows by table, parents first."""


class Progress(Protocol):
    """Who is told how far the loading is."""

    def begin(self, stage: str, total: int) -> None:
        """A stage of ``total`` steps begins."""

    def advance(self, steps: int) -> None:
        """So many steps of the stage are done."""


@dataclass(frozen=True)
class Loaded:
    """What was loaded: rows by table, and how long each stage took in seconds."""

    counts: dict[str, int]
    seconds: dict[str, float]


async def load_city(
    dsn: DSN,
    preset: Preset,
    progress: Progress,
    *,
    cipher: PersonalDataCipher,
    now: datetime,
    rulebook: str = "shimahe",
) -> Loaded:
    """Load the city of ``preset`` as it stands at ``now``; the same seed and ``now`` make the same city, sealings aside.

    Raises StartError for a database that is not empty; one in which a load broke off is to be thrown away.
    """
    async with AsyncExitStack() as stack:
        connections = [connection_of(await connect(dsn)) for _ in range(_WRITERS)]
        for connection in connections:
            stack.push_async_callback(connection.close)
            await connection.execute("SET synchronous_commit = off")
        if not await connections[0].fetchval(_IS_EMPTY):
            raise StartError("The database is not empty. Name an empty one with --dsn.")
        return await _Loading(preset, progress, cipher, now, rulebook, connections).run()


class _Loading:
    def __init__(
        self, preset: Preset, progress: Progress, cipher: PersonalDataCipher, now: datetime, rulebook: str,
        connections: Sequence[Connection],
    ) -> None:  # fmt: skip
        self.preset = preset
        self.progress = progress
        self.cipher = cipher
        self.now = now
        self.rulebook = load_rulebook(rulebook)
        self.connections = connections
        self.first = connections[0]
        self.pieces = Pieces()
        self.counts: dict[str, int] = {}
        self.seconds: dict[str, float] = {}
        self.begun = time.perf_counter()

    async def run(self) -> Loaded:
        counties = build_counties(self.preset)
        await self._load_shared(counties)
        streets = [street for county in counties for street in county.streets]
        indexes = await set_aside(self.first, PEOPLE_TABLES)
        self.progress.begin("people", self.preset.people)
        await self._write(self._people(streets))
        self._took("people")
        await self._build("indexes of people", indexes)
        indexes = await set_aside(self.first, TABLES)
        arrivals = arrivals_of(self.preset, counties, int(self.now.timestamp()))
        self.progress.begin("cases", self.preset.cases)
        await self._write(self._cases(arrivals, await self._desk()))
        await copy_rows(self.first, "case_counter", [row for one in arrivals for row in one.counters()])
        self._took("cases")
        await self._build("indexes of cases", indexes)
        self.progress.begin("statistics", 1)
        await self.first.execute("VACUUM (ANALYZE)")
        self.progress.advance(1)
        self._took("statistics")
        return Loaded(self.counts, self.seconds)

    async def _load_shared(self, counties: tuple[County, ...]) -> None:
        self.progress.begin("registers", 1)
        grids = [grid for county in counties for street in county.streets for grid in street.grids]
        async with self.first.transaction():
            await copy_rows(self.first, "divisions", shared.division_rows(counties))
            await copy_rows(self.first, "organizations", shared.organization_rows(counties))
            await copy_rows(self.first, "accounts", shared.account_rows(counties))
            await copy_rows(self.first, "account_roles", shared.role_rows(counties))
            await copy_rows(self.first, "categories", shared.category_rows())
            await copy_rows(self.first, "service_centre", shared.centre_rows(counties))
            await copy_rows(self.first, "grid", [shared.grid_row(grid) for grid in grids])
            await fill_calendar(self.first, self.now.astimezone(SHANGHAI).date())
        self.progress.advance(1)
        self._took("registers")

    async def _desk(self) -> Desk:
        dues = Dues(self.rulebook, await load_calendar(self.first))
        return Desk(int(self.now.timestamp()), dues, self.cipher, self.pieces, await self.first.fetchval(_XID))

    def _people(self, streets: Sequence[Street]) -> Iterator[tuple[int, Records]]:
        register = people.Register(self.cipher, self.pieces, self.now)
        grids = [grid for street in streets for grid in street.grids]
        for start in range(0, len(grids), _GRIDS_AT_ONCE):
            rows = [register.rows_of(grid) for grid in grids[start : start + _GRIDS_AT_ONCE]]
            persons = [row for one in rows for row in one.people]
            yield (
                len(persons),
                {
                    "household": (people.HOUSEHOLD_COLUMNS, [row for one in rows for row in one.households]),
                    "person": (people.PERSON_COLUMNS, persons),
                    "care_tag": (people.CARE_TAG_COLUMNS, [row for one in rows for row in one.care_tags]),
                },
            )

    def _cases(self, arrivals: Sequence[Arrivals], desk: Desk) -> Iterator[tuple[int, Records]]:
        for one in arrivals:
            for batch in batches(self.preset, desk, one):
                records = {table: _records(batch[table]) for table in TABLES if batch[table]}
                yield len(batch["case_file"]), records

    async def _write(self, source: Iterator[tuple[int, Records]]) -> None:
        """Write what ``source`` makes by all connections; each takes the next part when it has ended with one."""
        async with asyncio.TaskGroup() as tasks:
            for connection in self.connections:
                tasks.create_task(self._write_by(connection, source))

    async def _write_by(self, connection: Connection, source: Iterator[tuple[int, Records]]) -> None:
        for steps, records in source:
            for table, (columns, rows) in records.items():
                await connection.copy_records_to_table(table, records=rows, columns=columns)
                self.counts[table] = self.counts.get(table, 0) + len(rows)
            self.progress.advance(steps)

    async def _build(self, stage: str, aside: Aside) -> None:
        """Make again what was set aside: what stands in nobody's way by all connections, the rest by one."""
        self.progress.begin(stage, len(aside.indexes) + len(aside.references))
        left = iter(aside.indexes)
        async with asyncio.TaskGroup() as tasks:
            for connection in self.connections:
                tasks.create_task(self._build_by(connection, left))
        await self._build_by(self.first, iter(aside.references))
        self._took(stage)

    async def _build_by(self, connection: Connection, statements: Iterator[str]) -> None:
        for statement in statements:
            await build(connection, statement)
            self.progress.advance(1)

    def _took(self, stage: str) -> None:
        now = time.perf_counter()
        self.seconds[stage], self.begun = round(now - self.begun, 1), now


def _records(rows: list[dict[str, Any]]) -> tuple[Sequence[str], list[tuple[Any, ...]]]:
    """The rows as tuples; those of a table name the same columns in the same order."""
    return tuple(rows[0]), [tuple(row.values()) for row in rows]
