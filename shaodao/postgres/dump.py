"""``python -m shaodao.postgres.dump [--check]``: writes migrations/schema.sql, or compares it with the migrations."""

import asyncio
import difflib
import os
import re
import subprocess
import sys
from pathlib import Path

from shaodao.postgres.binaries import clean_environment, wheel_binaries
from shaodao.postgres.embedded import DSN
from shaodao.postgres.errors import MigrationError
from shaodao.postgres.migrations import migrations_folder
from shaodao.postgres.scratch import scratch_database
from shaodao.settings import StartError

HEADER = "-- What replaying the migrations gives. Written by: make schema\n"
# Settings of the dump's own session, its version and its restrict key say nothing about the schema.
NOISE = re.compile(r"^(--.*|SET .*|SELECT pg_catalog\.set_config.*|\\(un)?restrict .*)$\n?", re.MULTILINE)


def dump_schema(dsn: DSN) -> str:
    """The schema of a database as SQL, the same text for the same schema whatever the machine."""
    program = wheel_binaries() / "pg_dump"
    done = subprocess.run(
        [str(program), "--schema-only", "--no-owner", "--no-privileges", "--restrict-key=shaodao", f"--dbname={dsn}"],
        env=clean_environment(),
        capture_output=True,
        text=True,
        check=False,
        cwd=os.sep,
    )
    if done.returncode != 0:
        raise MigrationError(f"pg_dump failed: {done.stderr.strip()}")
    return normalised(done.stdout)


def normalised(dump: str) -> str:
    """A dump without comments and session settings, with one blank line between statements."""
    return HEADER + "\n" + re.sub(r"\n{3,}", "\n\n", NOISE.sub("", dump)).strip() + "\n"


async def expected_schema(folder: Path) -> str:
    """The dump of a fresh database with every migration of the folder."""
    async with scratch_database(folder) as dsn:
        return await asyncio.to_thread(dump_schema, dsn)


def difference(committed: str, expected: str) -> str:
    """A unified diff, empty if both are the same."""
    lines = difflib.unified_diff(
        committed.splitlines(keepends=True),
        expected.splitlines(keepends=True),
        "migrations/schema.sql",
        "replayed migrations",
    )
    return "".join(lines)


def main(arguments: list[str]) -> int:
    """0 if the file is written or equal, 1 if it differs or cannot be made."""
    folder = migrations_folder()
    file = folder / "schema.sql"
    try:
        expected = asyncio.run(expected_schema(folder))
    except StartError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    if arguments != ["--check"]:
        file.write_text(expected, encoding="utf-8")
        return 0
    committed = file.read_text(encoding="utf-8") if file.exists() else ""
    if committed == expected:
        return 0
    sys.stderr.write(
        difference(committed, expected) + "\nmigrations/schema.sql is not what the migrations give; run: make schema\n"
    )
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
