"""Relay connections by keyset: one query a page, one row more than was asked for, and a count where it is asked for."""

import base64
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Literal, TypeVar

import orjson
import strawberry
from asyncpg import Pool, Record

from bench.plain.conditions import Conditions

T = TypeVar("T")
Order = tuple[tuple[str, Literal["ASC", "DESC"]], ...]
"""Columns and their directions, the same for all."""


@strawberry.type
class PageInfo:
    """Where a page stands in its list."""

    has_next_page: bool
    has_previous_page: bool
    start_cursor: str | None
    end_cursor: str | None


@strawberry.type
class Edge(Generic[T]):
    """A row and its cursor."""

    node: T
    cursor: str


@strawberry.type
class Connection(Generic[T]):
    """A page of a list."""

    edges: list[Edge[T]]
    page_info: PageInfo
    counted: strawberry.Private["Listing"]

    @strawberry.field
    def nodes(self) -> list[T]:
        """The rows."""
        return [edge.node for edge in self.edges]

    @strawberry.field
    async def total_count(self) -> int:
        """How many rows there are."""
        return await self.counted.count()


@dataclass
class Listing:
    """The rows of a table that meet conditions, in an order that leaves no two rows equal; ``types`` are its columns' in SQL."""

    pool: "Pool[Record]"
    table: str
    conditions: Conditions
    order: Order
    types: tuple[str, ...]

    async def page(self, first: int, after: str | None) -> tuple[list[Record], bool]:
        """The rows of a page, and whether more follow."""
        bounded = Conditions([*self.conditions.parts], [*self.conditions.values])
        if after is not None:
            columns = ", ".join(column for column, _ in self.order)
            values = ", ".join(f"{{}}::text::{type_}" for type_ in self.types)
            sign = "<" if self.order[0][1] == "DESC" else ">"
            bounded.add(f"({columns}) {sign} ({values})", *orjson.loads(base64.urlsafe_b64decode(after)))
        order = ", ".join(f"{column} {direction}" for column, direction in self.order)
        sql = f"SELECT * FROM {self.table} WHERE {bounded.sql} ORDER BY {order} LIMIT {first + 1}"
        rows = await self.pool.fetch(sql, *bounded.values)
        return rows[:first], len(rows) > first

    async def count(self) -> int:
        """How many rows there are in all."""
        sql = f"SELECT count(*) FROM {self.table} WHERE {self.conditions.sql}"
        return int(await self.pool.fetchval(sql, *self.conditions.values))

    def cursor(self, row: Record) -> str:
        """The position of a row."""
        return base64.urlsafe_b64encode(orjson.dumps([str(row[column]) for column, _ in self.order])).decode()


async def connection(listing: Listing, make: Callable[[Record], T], first: int, after: str | None) -> Connection[T]:
    """The page of a list with each row as its type."""
    rows, more = await listing.page(first, after)
    edges = [Edge(node=make(row), cursor=listing.cursor(row)) for row in rows]
    return Connection(edges=edges, page_info=_page_info(edges, more, after), counted=listing)


def _page_info(edges: Sequence[Edge[Any]], more: bool, after: str | None) -> PageInfo:
    return PageInfo(
        has_next_page=more,
        has_previous_page=after is not None,
        start_cursor=edges[0].cursor if edges else None,
        end_cursor=edges[-1].cursor if edges else None,
    )
