"""Relay's types: the Node interface, connections, edges and page information."""

from typing import Generic, TypeVar

import strawberry

from schema.cost_directives import COUNTED, weighing

T = TypeVar("T")


@strawberry.interface(description="Anything that has a global identifier.")
class Node:
    id: strawberry.ID = strawberry.field(description="Global identifier, opaque to clients.")


@strawberry.type(description="Where a page stands in its list.")
class PageInfo:
    has_next_page: bool = strawberry.field(description="Whether rows follow this page.")
    has_previous_page: bool = strawberry.field(description="Whether the page was asked for with a cursor.")
    start_cursor: str | None = strawberry.field(description="Cursor of the first row.")
    end_cursor: str | None = strawberry.field(description="Cursor of the last row; pass it as `after`.")


@strawberry.type(description="A row and its cursor.")
class Edge(Generic[T]):
    node: T = strawberry.field(description="The row.")
    cursor: str = strawberry.field(description="The row's cursor.")


@strawberry.type(description="A page of a list.")
class Connection(Generic[T]):
    edges: list[Edge[T]] = strawberry.field(description="The rows with their cursors.")
    nodes: list[T] = strawberry.field(description="The rows.")
    page_info: PageInfo = strawberry.field(description="Where the page stands in the list.")
    total_count: int = strawberry.field(
        description="How many rows there are; counted only when asked for.", directives=[weighing(COUNTED)]
    )
