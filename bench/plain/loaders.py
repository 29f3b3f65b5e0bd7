"""A DataLoader for each relation, new for each request: one query for all the keys of a level."""

from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from uuid import UUID

import asyncpg
from strawberry.dataloader import DataLoader

from bench.plain.viewer import PlainViewer

Row = asyncpg.Record
Fetch = Callable[[Sequence[Any]], Awaitable[list[Row]]]

_STILL_ASSIGNED = (
    " AND EXISTS (SELECT 1 FROM assignment a WHERE a.county_code = $1 AND a.case_id = case_file.id"
    " AND a.organization_code = $3 AND a.agent_id IS NULL AND a.state NOT IN ('REASSIGNED', 'WITHDRAWN'))"
)
_OWN_CLOCK = " AND (organization_code = $3 OR kind = 'HANDLING')"


def _one(fetch: Fetch, column: str) -> "DataLoader[Any, Row | None]":
    """The row whose column is the key."""

    async def load(keys: list[Any]) -> list[Row | None]:
        found = {row[column]: row for row in await fetch(keys)}
        return [found.get(key) for key in keys]

    return DataLoader(load)


def _many(fetch: Fetch, column: str) -> "DataLoader[Any, list[Row]]":
    """The rows whose column is the key, in the order of the query."""

    async def load(keys: list[Any]) -> list[list[Row]]:
        found: dict[Any, list[Row]] = defaultdict(list)
        for row in await fetch(keys):
            found[row[column]].append(row)
        return [found[key] for key in keys]

    return DataLoader(load)


@dataclass
class Loaders:
    """The loaders of one request."""

    pool: "asyncpg.Pool[Row]"
    viewer: PlainViewer

    @cached_property
    def grid(self) -> "DataLoader[str, Row | None]":
        """Grids by code."""
        return _one(self._of_county("SELECT * FROM grid WHERE county_code = $1 AND code = ANY($2)"), "code")

    @cached_property
    def organization(self) -> "DataLoader[str, Row | None]":
        """Organizations by code."""
        return _one(self._shared("SELECT * FROM organizations WHERE code = ANY($1)"), "code")

    @cached_property
    def division(self) -> "DataLoader[str, Row | None]":
        """Divisions by code."""
        return _one(self._shared("SELECT * FROM divisions WHERE code = ANY($1)"), "code")

    @cached_property
    def case(self) -> "DataLoader[UUID, Row | None]":
        """Cases by id: a department's as long as it has a part in them."""
        sql = "SELECT * FROM case_file WHERE county_code = $1 AND id = ANY($2)"
        return _one(self._of_county(sql, _STILL_ASSIGNED), "id")

    @cached_property
    def assignments(self) -> "DataLoader[UUID, list[Row]]":
        """Assignments by case."""
        sql = "SELECT * FROM assignment WHERE county_code = $1 AND case_id = ANY($2) ORDER BY notified_at, id"
        return _many(self._of_county(sql), "case_id")

    @cached_property
    def whistles(self) -> "DataLoader[UUID, list[Row]]":
        """Whistles by case."""
        sql = "SELECT * FROM whistle WHERE county_code = $1 AND case_id = ANY($2) ORDER BY drafted_at, id"
        return _many(self._of_county(sql), "case_id")

    @cached_property
    def reports(self) -> "DataLoader[UUID, list[Row]]":
        """Reports by assignment."""
        sql = "SELECT * FROM report WHERE county_code = $1 AND assignment_id = ANY($2) ORDER BY reported_at, id"
        return _many(self._of_county(sql), "assignment_id")

    @cached_property
    def deadlines(self) -> "DataLoader[UUID, list[Row]]":
        """Clocks by assignment."""
        sql = "SELECT * FROM deadline WHERE county_code = $1 AND assignment_id = ANY($2)"
        return _many(self._of_county(sql, _OWN_CLOCK, " ORDER BY due_at, id"), "assignment_id")

    @cached_property
    def household(self) -> "DataLoader[UUID, Row | None]":
        """Households by id."""
        return _one(self._of_county("SELECT * FROM household WHERE county_code = $1 AND id = ANY($2)"), "id")

    @cached_property
    def care_tags(self) -> "DataLoader[UUID, list[Row]]":
        """Care tags by person that are valid today; none of restricted people."""
        sql = (
            "SELECT * FROM care_tag WHERE county_code = $1 AND person_id = ANY($2) AND visibility = 'NORMAL'"
            " AND (valid_to IS NULL OR valid_to >= (now() AT TIME ZONE 'Asia/Shanghai')::date) ORDER BY valid_from, id"
        )
        return _many(self._of_county(sql), "person_id")

    def _shared(self, sql: str) -> Fetch:
        """A query on a shared table with the keys."""

        async def fetch(keys: Sequence[Any]) -> list[Row]:
            return await self.pool.fetch(sql, keys)

        return fetch

    def _of_county(self, sql: str, for_department: str = "", order: str = "") -> Fetch:
        """A query with the county and the keys; ``for_department`` is added, with its code, where one asks."""
        organization = self.viewer.organization

        async def fetch(keys: Sequence[Any]) -> list[Row]:
            if organization is None or not for_department:
                return await self.pool.fetch(sql + order, self.viewer.county, keys)
            return await self.pool.fetch(sql + for_department + order, self.viewer.county, keys, organization)

        return fetch
