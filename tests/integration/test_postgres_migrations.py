"""The migrations runner on a real database, with small folders of its own, and the project's own migrations."""

import asyncio
from pathlib import Path

import asyncpg
import pytest

from shaodao.postgres import dump, lint, migrations
from shaodao.postgres.errors import (
    ChangedMigration,
    MigrationError,
    MigrationFailed,
    MigrationOutOfOrder,
    MigrationsLocked,
    NewerDatabase,
)
from shaodao.postgres.migrations import apply, migrations_folder, pending, read_migrations
from shaodao.postgres.pool import connect

FIRST = "CREATE TABLE one (county_code int NOT NULL, CONSTRAINT one_pkey PRIMARY KEY (county_code));\n"
SECOND = "INSERT INTO one VALUES (990101);\nINSERT INTO one VALUES (990102);\n"
CONCURRENT = "-- no-transaction\nCREATE INDEX CONCURRENTLY one_index ON one (county_code);\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write(tmp_path, "0001_one", FIRST)
    write(tmp_path, "0002_rows", SECOND)
    (tmp_path / "schema.sql").write_text("not a migration")
    return tmp_path


def write(folder: Path, name: str, source: str) -> None:
    (folder / f"{name}.sql").write_text(source, encoding="utf-8")


async def names_pending(dsn: str, folder: Path) -> list[str]:
    connection = await connect(dsn)
    try:
        return [migration.name for migration in await pending(connection, folder)]
    finally:
        await connection.close()


async def applied(dsn: str, folder: Path) -> list[str]:
    connection = await connect(dsn)
    try:
        return [migration.name for migration in await apply(connection, folder)]
    finally:
        await connection.close()


async def test_each_file_is_applied_once_in_order(empty_database: str, folder: Path) -> None:
    assert await names_pending(empty_database, folder) == ["0001_one", "0002_rows"]
    assert await applied(empty_database, folder) == ["0001_one", "0002_rows"]
    assert await applied(empty_database, folder) == []
    write(folder, "0003_index", CONCURRENT)
    assert await names_pending(empty_database, folder) == ["0003_index"]
    assert await applied(empty_database, folder) == ["0003_index"]


async def test_two_programs_at_once_apply_each_file_once(empty_database: str, folder: Path) -> None:
    write(folder, "0003_index", CONCURRENT)
    first, second = await asyncio.gather(applied(empty_database, folder), applied(empty_database, folder))
    assert sorted(first + second) == ["0001_one", "0002_rows", "0003_index"]


async def test_a_failing_file_leaves_nothing_of_itself(empty_database: str, folder: Path) -> None:
    write(folder, "0003_wrong", "INSERT INTO one VALUES (990103);\n\n-- a remark\nSELECT 1 / 0;\n")
    with pytest.raises(MigrationFailed, match=r"0003_wrong failed at line 4: division by zero"):
        await applied(empty_database, folder)
    connection = await connect(empty_database)
    assert await connection.fetchval("SELECT count(*) FROM one") == 2
    await connection.close()
    assert await names_pending(empty_database, folder) == ["0003_wrong"]


async def test_a_changed_file_is_named(empty_database: str, folder: Path) -> None:
    await applied(empty_database, folder)
    write(folder, "0001_one", FIRST + "-- changed\n")
    with pytest.raises(ChangedMigration, match="0001_one"):
        await names_pending(empty_database, folder)


async def test_a_newer_database_is_named(empty_database: str, folder: Path) -> None:
    await applied(empty_database, folder)
    (folder / "0002_rows.sql").unlink()
    with pytest.raises(NewerDatabase, match="0002_rows"):
        await applied(empty_database, folder)


async def test_a_number_below_an_applied_one_is_refused(empty_database: str, folder: Path) -> None:
    (folder / "0001_one.sql").rename(folder / "0003_one.sql")
    (folder / "0002_rows.sql").unlink()
    await applied(empty_database, folder)
    write(folder, "0001_late", "SELECT 1;")
    with pytest.raises(MigrationOutOfOrder, match="0001_late"):
        await applied(empty_database, folder)


def test_one_number_twice_is_refused(folder: Path) -> None:
    write(folder, "0002_other", "SELECT 1;")
    with pytest.raises(MigrationOutOfOrder, match="0002_rows"):
        read_migrations(folder)


def test_a_folder_without_migrations_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MigrationError, match="complete checkout"):
        read_migrations(tmp_path)


async def test_a_file_that_cannot_be_split_is_named(empty_database: str, folder: Path) -> None:
    write(folder, "0003_open", "SELECT 1;\n/* never closed")
    with pytest.raises(MigrationFailed, match="0003_open"):
        await applied(empty_database, folder)


async def test_patience_behind_another_program_ends(
    empty_database: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(migrations, "LOCK_PATIENCE", 0.3)
    other = await asyncpg.connect(empty_database)
    await other.execute("SELECT pg_advisory_lock($1)", migrations.LOCK)
    with pytest.raises(MigrationsLocked):
        await applied(empty_database, folder)
    await other.close()


async def test_limits_hold_in_the_file_and_not_after_it(empty_database: str, folder: Path) -> None:
    write(folder, "0003_limits", "CREATE TABLE limits AS SELECT current_setting('lock_timeout') AS lock;")
    write(folder, "0004_outside", "-- no-transaction\nINSERT INTO limits SELECT current_setting('lock_timeout');")
    connection = await connect(empty_database)
    await apply(connection, folder)
    assert [row["lock"] for row in await connection.fetch("SELECT lock FROM limits")] == ["5s", "5s"]
    assert await connection.fetchval("SHOW lock_timeout") == "0"
    await connection.close()


async def test_the_dump_is_the_same_for_the_same_schema(empty_database: str, folder: Path) -> None:
    await applied(empty_database, folder)
    first = dump.dump_schema(empty_database)
    assert first == dump.dump_schema(empty_database)
    assert "CREATE TABLE public.one" in first
    assert "Dumped" not in first
    assert "restrict" not in first


async def test_the_growth_lint_finds_a_table_without_county(empty_database: str) -> None:
    rules = (migrations_folder() / "lint.sql").read_text(encoding="utf-8")
    connection = await connect(empty_database)
    await connection.execute("CREATE TABLE stray (id uuid NOT NULL)")
    await connection.close()
    found = await lint.violations(empty_database, rules)
    assert any(line.startswith("stray: no int NOT NULL plain county_code") for line in found)


async def test_the_projects_own_migrations_keep_the_rules_of_growth(database: str) -> None:
    rules = (migrations_folder() / "lint.sql").read_text(encoding="utf-8")
    assert await lint.violations(database, rules) == []


async def test_the_projects_own_migrations_are_all_applied(database: str) -> None:
    assert await names_pending(database, migrations_folder()) == []


def test_the_dump_is_written_and_compared(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(dump, "migrations_folder", lambda: folder)
    assert dump.main(["--check"]) == 1
    assert "make schema" in capsys.readouterr().err
    assert dump.main([]) == 0
    assert dump.main(["--check"]) == 0


def test_the_growth_lint_of_a_folder_prints_what_it_finds(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(lint, "migrations_folder", lambda: folder)
    write(folder, "lint", (migrations_folder() / "lint.sql").read_text(encoding="utf-8"))
    assert lint.main() == 0
    write(folder, "0003_stray", "CREATE TABLE stray (id uuid NOT NULL);")
    assert lint.main() == 1
    assert "stray" in capsys.readouterr().err
