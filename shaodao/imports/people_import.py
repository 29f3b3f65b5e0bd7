"""Import of people 人口导入: every row checked by the register's own rules, then written by COPY in one transaction (Z-06)."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Any
from uuid import UUID

import asyncpg

from shaodao.commands.people import CheckedPerson, check_person, person_columns
from shaodao.commands.registers import already_registered
from shaodao.commands.transaction import Transaction
from shaodao.domain.errors import Faults
from shaodao.domain.vocabulary import Role
from shaodao.imports.cells import ROUNDED_IDENTITY_NUMBER
from shaodao.imports.faults import ImportRefused, RowFault, TableError
from shaodao.imports.households import Households
from shaodao.imports.people import PersonRow, lost_digits, read_person
from shaodao.imports.reading import RowReader
from shaodao.imports.tables import Row, Table

Progress = Callable[[int], None]

_CHUNK = 2_000
"""Rows that are looked up and copied at once; a progress bar moves as often."""
_GRIDS = "SELECT code, street_code, community_code FROM grid WHERE county_code = $1"
_REGISTERED = """
SELECT id_number_hash, id, grid_code, visibility FROM person WHERE county_code = $1 AND id_number_hash = ANY($2::bytea[])
"""
# Of somebody without a number nothing else tells that they are registered: the same file may be given twice.
_NAMESAKES = """
SELECT p.name, p.grid_code, p.birth_date FROM person p
JOIN unnest($2::text[], $3::text[]) AS told (grid_code, name) ON told.grid_code = p.grid_code AND told.name = p.name
WHERE p.county_code = $1
"""


@dataclass(frozen=True)
class ImportReport:
    """What an import wrote, or would write in a dry run, by the Chinese names of the things."""

    rows: int
    written: dict[str, int]


@dataclass
class _Candidate:
    """A row on its way: what it tells, and what was found wrong with it."""

    reader: RowReader
    told: PersonRow
    person: CheckedPerson
    number_hash: bytes | None


@dataclass
class _PeopleImport:
    """The state of one import: what the file has told so far, and the faults of all its rows."""

    tx: Transaction
    table: Table
    source: str
    grids: dict[str, asyncpg.Record]
    households: Households
    faults: list[RowFault] = field(default_factory=list)
    lines: dict[bytes, int] = field(default_factory=dict)
    rows: int = 0

    @property
    def faulty(self) -> bool:
        """Whether anything of the file is faulty: from then on rows are checked, and not written."""
        return bool(self.faults or self.table.faults)

    async def take(self, rows: list[Row], *, write: bool) -> None:
        """Check some rows, and write them while the file is without fault."""
        candidates = [candidate for row in rows if (candidate := self._candidate(row)) is not None]
        await self._check_registered(candidates)
        await self._check_namesakes([c for c in candidates if c.number_hash is None and not c.reader.faults])
        await self.households.find({c.told.household_number for c in candidates if c.told.household_number})
        joined = [(candidate, self._join(candidate)) for candidate in candidates]
        self.faults += [fault for candidate, _ in joined for fault in candidate.reader.faults]
        self.rows += len(rows)
        if write and not self.faulty:
            await self.households.write_new()
            await self._write(joined)

    def _candidate(self, row: Row) -> _Candidate | None:
        """The row's person by the register's rules; None, with the faults noted, where that is not to be read."""
        reader, faults = RowReader(self.table, row), Faults()
        told = read_person(reader, self.source)
        if told is None:
            self.faults += reader.faults
            return None
        person = check_person(faults, told.person, self.tx.ground.rulebook.texts, self.tx.today)
        if faults.faults and lost_digits(told.person.id_number):
            reader.fault("id_number", ROUNDED_IDENTITY_NUMBER)
        reader.refused(tuple(faults.faults))
        self._check_grid(reader, told.person.grid_code)
        return _Candidate(reader, told, person, self._number_hash(reader, person))

    def _check_grid(self, reader: RowReader, code: str) -> None:
        if code not in self.grids:
            reader.fault("grid_code", "没有此网格")
        elif not any(grant.covers(code) for grant in self.tx.actor.grants_of(Role.STREET_DISPATCHER)):
            reader.fault("grid_code", "此网格不在您的管辖范围")

    def _number_hash(self, reader: RowReader, person: CheckedPerson) -> bytes | None:
        """The hash by which the number is found; a number that stands in the file twice is a fault."""
        number = person.identity.id_number
        if number is None:
            return None
        digest = self.tx.ground.cipher.lookup_hash(number)
        first = self.lines.setdefault(digest, reader.row.line)
        if first != reader.row.line:
            reader.fault("id_number", f"与第{first}行的证件号码相同")
        return digest

    async def _check_registered(self, candidates: list[_Candidate]) -> None:
        hashes = [candidate.number_hash for candidate in candidates if candidate.number_hash]
        rows = await self.tx.connection.fetch(_REGISTERED, self.tx.county, hashes) if hashes else []
        registered = {row["id_number_hash"]: row for row in rows}
        for candidate in candidates:
            row = candidate.number_hash and registered.get(candidate.number_hash)
            if row:
                candidate.reader.fault("id_number", already_registered(self.tx.actor, row)[1])

    async def _check_namesakes(self, candidates: list[_Candidate]) -> None:
        """Refuse who has no number, and the name and day of birth of somebody of the same grid."""
        if not candidates:
            return
        grids, names = [c.told.person.grid_code for c in candidates], [c.person.name for c in candidates]
        rows = await self.tx.connection.fetch(_NAMESAKES, self.tx.county, grids, names)
        registered = {(row["name"], row["grid_code"], row["birth_date"]) for row in rows}
        for candidate in candidates:
            person = candidate.person
            if (person.name, candidate.told.person.grid_code, person.identity.birth_date) in registered:
                candidate.reader.fault("name", "本网格已登记同名、出生日期相同的人；确系另一人请写明证件号码")

    def _join(self, candidate: _Candidate) -> tuple[UUID, UUID | None]:
        """The person's new id, and that of their household."""
        person_id = self.tx.new_id()
        if candidate.told.household_number is None:
            return person_id, None
        return person_id, self.households.join(
            candidate.reader, candidate.told.household_number, candidate.told.person, person_id, candidate.person
        )  # fmt: skip

    async def _write(self, joined: list[tuple[_Candidate, tuple[UUID, UUID | None]]]) -> None:
        rows = [self._columns(candidate, *ids) for candidate, ids in joined]
        if rows:
            await self.tx.connection.copy_records_to_table(
                "person", columns=list(rows[0]), records=[tuple(row.values()) for row in rows]
            )

    def _columns(self, candidate: _Candidate, person_id: UUID, household_id: UUID | None) -> dict[str, Any]:
        grid = self.grids[candidate.told.person.grid_code]
        return {
            "county_code": self.tx.county, **person_columns(self.tx.ground.cipher, person_id, candidate.person),
            "street_code": grid["street_code"], "community_code": grid["community_code"], "grid_code": grid["code"],
            "household_id": household_id, "collected_at": self.tx.now,
        }  # fmt: skip


async def import_people(
    tx: Transaction, table: Table, *, source: str, dry_run: bool = False, progress: Progress = lambda rows: None
) -> ImportReport:
    """Register the people of a table, and the households that it names; by a street dispatcher, within their scope.

    ``source`` is kept where a row names none; ``progress`` hears of every stretch of rows. The caller's transaction must
    be rolled back when this raises: ImportRefused with the faults of all rows, TableError where the table cannot be read
    to its end, or somebody registered the same people meanwhile.
    """
    grids = {row["code"]: row for row in await tx.connection.fetch(_GRIDS, tx.county)}
    state = _PeopleImport(tx, table, source, grids, Households(tx, grids))
    try:
        for rows in _chunks(table.rows):
            await state.take(rows, write=not dry_run)
            progress(len(rows))
        if state.faulty:
            raise ImportRefused(sorted(table.faults + state.faults, key=lambda fault: fault.line))
        if not dry_run:
            await state.households.write_members()
    except asyncpg.UniqueViolationError:
        raise TableError("导入期间有人登记了相同的人或户，没有写入任何内容，请再试一次") from None
    return ImportReport(state.rows, {"人口": state.rows, "新建户": state.households.made})


def _chunks(rows: Iterator[Row]) -> Iterator[list[Row]]:
    while chunk := list(islice(rows, _CHUNK)):
        yield chunk
