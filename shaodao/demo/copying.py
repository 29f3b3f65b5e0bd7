"""Writing rows in bulk by COPY: the demonstration street is loaded directly, not through commands."""

from collections.abc import Mapping, Sequence
from typing import Any

from shaodao.commands.transaction import Connection

Row = Mapping[str, Any]
"""A row by column names; every row for one table names the same columns."""


async def copy_rows(connection: Connection, table: str, rows: Sequence[Row]) -> None:
    """Append rows to a table. Raises KeyError where a row misses a column that the first one has."""
    if not rows:
        return
    columns = list(rows[0])
    records = [tuple(row[column] for column in columns) for row in rows]
    await connection.copy_records_to_table(table, records=records, columns=columns)
