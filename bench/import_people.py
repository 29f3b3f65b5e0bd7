"""How long the import of many people takes: ``python bench/import_people.py [PEOPLE]`` on a scratch database.

Prints the seconds for writing the file, for a dry run and for the import. The people are invented: names with 例, identity
numbers of no region, phones that begin with 100.
"""

import asyncio
import csv
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import asyncpg

from shaodao.calendar_source import calendar_days
from shaodao.commands.running import CommandRunner, connection_of
from shaodao.commands.transaction import Ground
from shaodao.demo.registers import load_registers
from shaodao.demo.source import load_street
from shaodao.departments import load_departments
from shaodao.domain.calendar import Calendar
from shaodao.host import DepartmentForms
from shaodao.imports.faults import ImportRefused
from shaodao.imports.running import ImportRequest, open_table, run_import, viewer_on
from shaodao.personal_data import PersonalDataCipher, new_key
from shaodao.postgres.migrations import migrations_folder
from shaodao.postgres.pool import close_pool, create_pool
from shaodao.postgres.scratch import scratch_database
from shaodao.presets import load_rulebook

HEADER = ("姓名", "公民身份号码", "电话", "网格编码", "户号", "与户主关系", "住址", "居住类型", "技能")
WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
MEMBERS = 3


class Silent:
    """Nobody waits for news of a bench."""

    def announce(self) -> None:
        """Nothing."""


def people(count: int, grids: list[str]) -> Iterator[tuple[str, ...]]:
    """Rows of invented people, three to a household."""
    for number in range(count):
        born = date(1930, 1, 1) + timedelta(days=number % 30_000)
        body = f"990101{born:%Y%m%d}{number // 30_000 + 900:03d}"  # no resident of the demonstration has such an order
        check = "10X98765432"[sum(int(digit) * weight for digit, weight in zip(body, WEIGHTS, strict=True)) % 11]
        household, place = divmod(number, MEMBERS)
        yield (
            f"例{number:06d}", body + check, f"100{number:08d}", grids[household % len(grids)], f"BENCH-{household:06d}",
            "本人" if place == 0 else "其他", f"示例路{household % 900 + 1}号{household % 30 + 1}幢{place + 1}01室", "户籍", "水电维修、护理",
        )  # fmt: skip


async def bench(count: int) -> None:
    """Measure on a scratch database with the demonstration street's registers."""
    cipher = PersonalDataCipher(new_key())
    ground = Ground(
        load_rulebook("shimahe"), Calendar.of(calendar_days(2025, 2028)), cipher, DepartmentForms(load_departments([]))
    )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "people.csv"
        async with scratch_database(migrations_folder()) as dsn:
            pool = await create_pool(dsn, 2)
            try:
                await measure(pool, ground, path, count)
            finally:
                await close_pool(pool)


async def measure(pool: "asyncpg.Pool[asyncpg.Record]", ground: Ground, path: Path, count: int) -> None:
    """Write the file and import it, first as a dry run."""
    async with pool.acquire() as lent, lent.transaction():
        await load_registers(connection_of(lent), ground.cipher, ground.rulebook, load_street().meta.as_of)
        rows = await lent.fetch("SELECT code FROM grid ORDER BY code")
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        csv.writer(file).writerows([HEADER, *people(count, [row["code"] for row in rows])])
    runner = CommandRunner(pool, lambda: ground, Silent())
    actor, now = await viewer_on(pool, None), datetime.now(UTC)
    for dry_run in (True, False):
        request = ImportRequest("people", path, dry_run=dry_run)
        begun = time.perf_counter()
        try:
            report = await run_import(runner, actor, now, request, open_table(request), lambda rows: None)
        except ImportRefused as refusal:
            sys.exit("\n".join(map(str, refusal.faults[:20])))
        took = time.perf_counter() - begun
        sys.stdout.write(f"{'dry run' if dry_run else 'import'}: {took:.1f} s, {report.written}\n")


if __name__ == "__main__":
    asyncio.run(bench(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000))
