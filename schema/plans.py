"""Plans: a statement and, once PostgreSQL has told the types of its parameters, how to run it again and again."""

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any

import asyncpg

from schema.compiler.inputs import Variables
from schema.compiler.operation import Statement
from schema.compiler.parameters import Binding, converted
from schema.compiler.state import Look
from schema.database import Database, borrowed
from schema.derived import with_derived
from schema.lru import Lru

KEPT_CHARACTERS = 20_000_000
"""Of the SQL of all plans kept."""


@dataclass
class Plan:
    """A statement that may be run for every request of its shape."""

    statement: Statement
    types: tuple[str, ...] | None = None

    async def run(self, database: Database, binding: Binding) -> dict[str, bytes | None]:
        """The JSON text of each column by response name. Raises ClientError when a value does not fit."""
        row = await self._row(database, binding)
        derived = self.statement.derived
        return {
            name: with_derived(text, name, derived, binding) if derived and text is not None else text
            for name, text in zip(self.statement.names, row, strict=True)
        }

    async def _row(self, database: Database, binding: Binding) -> "asyncpg.Record":
        if self.types is not None:
            row = await database.fetchrow(self.statement.sql, *self._values(self.types, binding))
        else:
            async with borrowed(database) as connection:
                prepared = await connection.prepare(self.statement.sql)
                types = tuple(_type_name(parameter) for parameter in prepared.get_parameters())
                row = await prepared.fetchrow(*self._values(types, binding))
            self.types = types
        assert row is not None
        return row

    def _values(self, types: tuple[str, ...], binding: Binding) -> list[Any]:
        return [
            converted(slot, type_name, binding) for slot, type_name in zip(self.statement.slots, types, strict=True)
        ]


class Plans:
    """The plans kept, bounded. A plan is kept at its second use, so that one-off documents push nothing out."""

    def __init__(self, size: int) -> None:
        self.kept: Lru[Plan] = Lru(size, KEPT_CHARACTERS)
        self._looks: Lru[tuple[Look, ...]] = Lru(size)

    def get(self, shape: Hashable, variables: Variables) -> Plan | None:
        """The kept plan of a shape, for what its statement sees in the variables. Raises what a look raises."""
        return self.kept.get((shape, _seen(self._looks.get(shape) or (), variables)))

    def offer(self, shape: Hashable, variables: Variables, plan: Plan) -> None:
        """Keep the plan if its shape was seen before."""
        looks = plan.statement.looks
        if self._looks.get(shape) is not None:
            self.kept.put((shape, _seen(looks, variables)), plan, len(plan.statement.sql))
        self._looks.put(shape, looks)


def _seen(looks: tuple[Look, ...], variables: Variables) -> Hashable:
    return tuple(look(variables) for look in looks)


def _type_name(parameter: "asyncpg.Type") -> str:
    return parameter.name if parameter.kind != "array" else f"{parameter.name.removesuffix('[]').removeprefix('_')}[]"
