"""``python -m shaodao.postgres.lint``: migrations/lint.sql, the rules of growth, on a freshly migrated database."""

import asyncio
import sys
from pathlib import Path

from shaodao.postgres.migrations import migrations_folder
from shaodao.postgres.pool import connect
from shaodao.postgres.scratch import scratch_database
from shaodao.settings import StartError


async def violations(dsn: str, lint: str) -> list[str]:
    """What breaks the rules of the statement ``lint``, one line each: the table or constraint, and the rule."""
    connection = await connect(dsn)
    try:
        rows = await connection.fetch(lint)
    finally:
        await connection.close()
    return [f"{name}: {why}" for name, why in rows]


async def lint_migrations(folder: Path, lint: str) -> list[str]:
    """The violations of a fresh database with every migration of the folder."""
    async with scratch_database(folder) as dsn:
        return await violations(dsn, lint)


def main() -> int:
    """0 if nothing breaks the rules, else 1 and the violations on standard error."""
    folder = migrations_folder()
    try:
        found = asyncio.run(lint_migrations(folder, (folder / "lint.sql").read_text(encoding="utf-8")))
    except StartError as error:
        found = [str(error)]
    sys.stderr.writelines(f"{line}\n" for line in found)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
