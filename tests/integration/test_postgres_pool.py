"""The pool: session settings, JSON as text, errors of one line; and constraint names that become errors."""

from typing import TypeAlias

import asyncpg
import pytest

from shaodao.postgres.errors import DatabaseUnreachable, translated
from shaodao.postgres.pool import create_pool

Pool: TypeAlias = "asyncpg.Pool[asyncpg.Record]"


async def test_every_connection_has_the_session_settings(pool: Pool) -> None:
    assert await pool.fetchval("SHOW timezone") == "Asia/Shanghai"
    assert await pool.fetchval("SHOW jit") == "off"
    assert await pool.fetchval("SHOW statement_timeout") == "30s"
    assert await pool.fetchval("SHOW application_name") == "shaodao"


async def test_json_comes_as_text(pool: Pool) -> None:
    assert await pool.fetchval("""SELECT '{"a": 1}'::jsonb""") == '{"a": 1}'


async def test_a_statement_over_15_kilobytes_is_prepared_once(pool: Pool) -> None:
    long = f"SELECT '{'x' * 20_000}', $1::int"
    async with pool.acquire() as connection:
        for _ in range(3):
            await connection.fetchval(long, 1)
        assert (
            await connection.fetchval("SELECT count(*) FROM pg_prepared_statements WHERE length(statement) > 15000")
            == 1
        )


@pytest.mark.parametrize("where", ["127.0.0.1:1/none", "/shaodao?host=/nonexistent"])
async def test_a_wrong_dsn_is_one_clear_line_without_the_password(where: str) -> None:
    dsn = f"postgresql://someone:hidden@{where}"
    with pytest.raises(DatabaseUnreachable, match="SHAODAO_DATABASE_URL") as caught:
        await create_pool(dsn, 1)
    assert "\n" not in str(caught.value)
    assert "hidden" not in str(caught.value)


async def test_a_database_that_does_not_exist_is_one_clear_line(database: str) -> None:
    with pytest.raises(DatabaseUnreachable, match="does not exist"):
        await create_pool(database.replace("/test_", "/missing_"), 1)


async def test_a_violated_constraint_becomes_the_error_named_for_it(pool: Pool) -> None:
    await pool.execute("CREATE TABLE once (code text, CONSTRAINT once_key UNIQUE (code))")
    await pool.execute("INSERT INTO once VALUES ('a')")
    with pytest.raises(LookupError, match="taken"), translated({"once_key": lambda: LookupError("taken")}):
        await pool.execute("INSERT INTO once VALUES ('a')")
    with pytest.raises(asyncpg.UniqueViolationError), translated({}):
        await pool.execute("INSERT INTO once VALUES ('a')")
