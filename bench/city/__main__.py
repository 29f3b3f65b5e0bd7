"""``python -m bench.city --dsn …``: migrates an empty database, loads the city, and prints who may ask with which token."""

import argparse
import asyncio
import os
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bars

from bench.city import PRESETS, Loaded, Preset, cast_of, landmarks_of, load_city
from shaodao.commands.running import connection_of
from shaodao.host import utc_now
from shaodao.key_files import personal_data_key
from shaodao.personal_data import PersonalDataCipher
from shaodao.postgres.migrations import migrations_folder
from shaodao.postgres.pool import connect
from shaodao.postgres.scratch import migrate
from shaodao.settings import Settings, StartError


class _Bar:
    """One bar for each stage."""

    def __init__(self, bars: Bars) -> None:
        self._bars = bars
        self._task = bars.add_task("", visible=False)

    def begin(self, stage: str, total: int) -> None:
        """A new bar."""
        self._task = self._bars.add_task(stage, total=total)

    def advance(self, steps: int) -> None:
        """Move it."""
        self._bars.advance(self._task, steps)


@contextmanager
def progress_bar() -> Iterator[_Bar]:
    """Bars on standard error."""
    columns = (TextColumn("{task.description:<18}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Bars(*columns, console=Console(stderr=True)) as bars:
        yield _Bar(bars)


async def run(dsn: str, preset: Preset, settings: Settings) -> None:
    """Migrate, load, and say what there is now. Raises StartError."""
    await migrate(dsn, migrations_folder())
    begun, now = time.perf_counter(), utc_now()
    with progress_bar() as bar:
        cipher = PersonalDataCipher(personal_data_key(settings))
        loaded = await load_city(dsn, preset, bar, cipher=cipher, now=now, rulebook=settings.preset)
    _tell(loaded, time.perf_counter() - begun)
    connection = connection_of(await connect(dsn))
    try:
        cast = cast_of(preset)
        landmarks = await landmarks_of(connection, cast)
    finally:
        await connection.close()
    say = sys.stdout.write
    say(f"street {cast.street}, grid {landmarks.grid}, organization {cast.organization}\n")
    say(f"cases with long histories: {', '.join(landmarks.case_numbers)}\n")
    for name, token in cast.tokens(settings, now).items():
        say(f"{name}: {token}\n")


def _tell(loaded: Loaded, took: float) -> None:
    sys.stdout.write("".join(f"{table:<16}{count:>12,}\n" for table, count in loaded.counts.items()))
    stages = ", ".join(f"{stage} {seconds} s" for stage, seconds in loaded.seconds.items())
    sys.stdout.write(f"loaded in {took:.0f} s: {stages}\n")


def main(arguments: Sequence[str]) -> int:
    """0, or 1 with a line on standard error."""
    parser = argparse.ArgumentParser(prog="python -m bench.city", description="Load the benchmark's city.")
    parser.add_argument("--dsn", required=True, help="an empty database, or one with the migrations and nothing else")
    parser.add_argument("--preset", choices=PRESETS, default="zhoushan")
    parser.add_argument("--cases", type=int, help="another number of cases than the preset's")
    parser.add_argument("--people", type=int, help="another number of people than the preset's")
    parser.add_argument("--data-dir", type=Path, help="folder of the server's keys (default: SHAODAO_DATA_DIR)")
    given = parser.parse_args(arguments)
    environ = os.environ | ({"SHAODAO_DATA_DIR": str(given.data_dir)} if given.data_dir else {})
    try:
        preset = PRESETS[given.preset].with_sizes(cases=given.cases, people=given.people)
        asyncio.run(run(given.dsn, preset, Settings.from_environment(environ)))
    except (StartError, ValueError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
