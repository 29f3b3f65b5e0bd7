"""Secondary indexes, unique constraints and foreign keys stand aside while a table is filled: made again afterwards over all
rows at once, they take a fraction of the time. Primary keys stay."""

from dataclasses import dataclass

from shaodao.commands.transaction import Connection

# Foreign keys come last: they need what they refer to, and look it up by index.
_CONSTRAINTS = """
SELECT c.conrelid::regclass::text AS relation, quote_ident(c.conname) AS name, pg_get_constraintdef(c.oid) AS definition, c.contype = 'f' AS late
FROM pg_constraint c
WHERE c.conrelid = ANY($1::text[]::regclass[]) AND c.contype IN ('u', 'f')
ORDER BY late, relation, name
"""
_INDEXES = """
SELECT i.indexrelid::regclass::text AS name, pg_get_indexdef(i.indexrelid) AS definition
FROM pg_index i
WHERE i.indrelid = ANY($1::text[]::regclass[]) AND NOT i.indisprimary
    AND NOT EXISTS (SELECT FROM pg_constraint o WHERE o.conindid = i.indexrelid AND o.conrelid = i.indrelid)
ORDER BY i.indrelid, name
"""
_MEMORY = "SET maintenance_work_mem = '512MB'"


@dataclass(frozen=True)
class Aside:
    """What was dropped, by the statements that make it again: first ``indexes`` in any order, then ``references`` one by one."""

    indexes: tuple[str, ...]
    references: tuple[str, ...]


async def set_aside(connection: Connection, tables: tuple[str, ...]) -> Aside:
    """Drop what is not needed for filling the tables."""
    constraints = await connection.fetch(_CONSTRAINTS, list(tables))
    indexes = await connection.fetch(_INDEXES, list(tables))
    async with connection.transaction():
        for row in constraints:
            await connection.execute(f"ALTER TABLE {row['relation']} DROP CONSTRAINT {row['name']}")
        for row in indexes:
            await connection.execute(f"DROP INDEX {row['name']}")

    def added(late: bool) -> tuple[str, ...]:
        return tuple(
            f"ALTER TABLE {row['relation']} ADD CONSTRAINT {row['name']} {row['definition']}"
            for row in constraints
            if row["late"] == late
        )

    return Aside((*(row["definition"] for row in indexes), *added(False)), added(True))


async def build(connection: Connection, statement: str) -> None:
    """Make one of them again."""
    await connection.execute(_MEMORY)
    await connection.execute(statement)
