"""The households 户 that a table of people names: found by their numbers, or made when the first member comes."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import asyncpg

from shaodao.commands.checking import checked_text
from shaodao.commands.people import CheckedPerson, PersonInput
from shaodao.commands.transaction import Transaction
from shaodao.domain.errors import Faults
from shaodao.imports.reading import RowReader

_FIND = "SELECT number, id, grid_code FROM household WHERE county_code = $1 AND number = ANY($2::text[])"
# In the order of the ids, so that two imports side by side wait for each other instead of locking each other out.
_JOIN = """
WITH joined AS (
    SELECT household.id, told.members, told.head FROM unnest($2::uuid[], $3::int[], $4::uuid[]) AS told(id, members, head)
    JOIN household ON household.county_code = $1 AND household.id = told.id ORDER BY household.id FOR UPDATE OF household
)
UPDATE household SET member_count = member_count + joined.members, head_person_id = coalesce(head_person_id, joined.head)
FROM joined WHERE household.county_code = $1 AND household.id = joined.id
"""


@dataclass
class _Household:
    """A household of the file, and who of the file belongs to it."""

    id: UUID
    grid_code: str
    members: int = 0
    head: UUID | None = None


class Households:
    """The households of one import, by number."""

    def __init__(self, tx: Transaction, grids: dict[str, asyncpg.Record]) -> None:
        self._tx = tx
        self._grids = grids
        self._known: dict[str, _Household] = {}
        self._unwritten: list[dict[str, Any]] = []
        self.made = 0

    async def find(self, numbers: set[str]) -> None:
        """Look up the households with these numbers that the file has not named before."""
        unknown = sorted(numbers - self._known.keys())
        rows = await self._tx.connection.fetch(_FIND, self._tx.county, unknown) if unknown else []
        self._known |= {row["number"]: _Household(row["id"], row["grid_code"]) for row in rows}

    def join(
        self, reader: RowReader, number: str, told: PersonInput, person_id: UUID, person: CheckedPerson
    ) -> UUID | None:
        """The household that the person joins; None, with the fault noted, where they cannot."""
        household = self._known.get(number) or self._new(reader, number, told.grid_code, person.address)
        if household is None:
            return None
        if household.grid_code != told.grid_code:
            reader.fault("household_number", "该户不在此网格")
            return None
        household.members += 1
        if person.is_head and household.head is None:
            household.head = person_id
        return household.id

    async def write_new(self) -> None:
        """Write the households that were made since the last time."""
        rows, self._unwritten = self._unwritten, []
        if rows:
            await self._tx.connection.copy_records_to_table(
                "household", columns=list(rows[0]), records=[tuple(row.values()) for row in rows]
            )

    async def write_members(self) -> None:
        """Count the new members, and name the head where there was none."""
        touched = list(self._known.values())
        await self._tx.connection.execute(
            _JOIN, self._tx.county, [each.id for each in touched], [each.members for each in touched],
            [each.head for each in touched],
        )  # fmt: skip

    def _new(self, reader: RowReader, number: str, grid_code: str, address: str | None) -> _Household | None:
        """A new household at the address of its first member."""
        faults = Faults()
        checked_text(faults, "householdNumber", number, self._tx.ground.rulebook.texts.name)
        if address is None:
            faults.add("address", "新建户须有住址", "a new household needs an address")
        reader.refused(tuple(faults.faults))
        grid = self._grids.get(grid_code)
        if faults.faults or address is None or grid is None:
            return None
        household = self._known[number] = _Household(self._tx.new_id(), grid_code)
        row = {
            "county_code": self._tx.county, "id": household.id, "number": number, "address": address,
            "street_code": grid["street_code"], "community_code": grid["community_code"], "grid_code": grid_code,
            "created_at": self._tx.now,
        }  # fmt: skip
        self._unwritten.append(row)
        self.made += 1
        return household
