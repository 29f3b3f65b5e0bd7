"""The mapping against the migrated database: what a type says of its table is so."""

import asyncpg
import pytest

from schema.compiler.catalogue import Catalogue, catalogue_of
from schema.declarations import NOWHERE, Table
from schema.schema import build_schema

_UNIQUE = """
SELECT array_agg(a.attname::text) AS columns FROM pg_index i
JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey::int2[])
WHERE i.indrelid = $1::regclass AND i.indisunique AND i.indpred IS NULL GROUP BY i.indexrelid
"""
_VIEW = "SELECT relkind = 'v' FROM pg_class WHERE oid = $1::regclass"


@pytest.fixture(scope="module")
def tables() -> list[Table]:
    catalogue: Catalogue = catalogue_of(build_schema()._schema)
    return [mapped.table for mapped in catalogue.types.values() if mapped.table.name != NOWHERE]


async def test_a_key_is_one_rows_unless_it_is_a_views(
    pool: "asyncpg.Pool[asyncpg.Record]", tables: list[Table]
) -> None:
    for table in tables:
        key = {*table.key, *(() if table.shared else ("county_code",))}
        unique = [set(row["columns"]) for row in await pool.fetch(_UNIQUE, table.name)]
        assert table.view == (await pool.fetchval(_VIEW, table.name)), table.name
        assert table.view or any(columns <= key for columns in unique), table.name
    assert len(tables) > 40
