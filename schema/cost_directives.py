"""Cost directives of the IBM GraphQL cost specification: what a field costs, and how long the list is that it gives.

Without them an object costs 1, a leaf 0, and a list is thought to have one item. They stand in the schema's text, so that a
client can work out the cost of an operation before it is sent.
"""

import strawberry
from strawberry.schema_directive import Location

PAGE_SIZE = 20
"""Rows of a page for which nothing is asked."""
PARTS = 3
"""Rows that a plain list below a row is thought to have."""
SMALL_TABLE = 50
"""Rows that a plain list at the root is thought to have."""
COUNTED = 10
"""What counting the rows of a list costs."""
COMMAND = 10
"""What a mutation costs besides what it answers."""


@strawberry.schema_directive(
    locations=[Location.FIELD_DEFINITION], name="cost", description="What resolving the field once costs."
)
class Cost:
    weight: str


@strawberry.schema_directive(
    locations=[Location.FIELD_DEFINITION],
    name="listSize",
    description="How many items the field gives: the slicing argument that is given, else the assumed size; of its sized fields.",
)
class ListSize:
    assumed_size: int | None = strawberry.UNSET
    slicing_arguments: list[str] | None = strawberry.UNSET
    sized_fields: list[str] | None = strawberry.UNSET
    require_one_slicing_argument: bool | None = True


def paged() -> ListSize:
    """A connection: its rows are as many as were asked for."""
    return ListSize(
        assumed_size=PAGE_SIZE, slicing_arguments=["first", "last"], sized_fields=["edges", "nodes"],
        require_one_slicing_argument=False,
    )  # fmt: skip


def listed(size: int) -> ListSize:
    """A plain list that is thought to have so many items."""
    return ListSize(assumed_size=size)


def weighing(weight: int) -> Cost:
    """A field that costs more than its object."""
    return Cost(weight=str(weight))
