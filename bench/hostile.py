"""How long hostile requests take, and what a second client feels of them: ``make bench-hostile``.

Prints, for each attack of bench/attacks.py, what came of it, the time of the slowest, and the p50 and p99 of the answers that a
client in another process got meanwhile. Status 1 if an attack was answered wrongly or late, or a p99 is over 200 ms.
"""

import argparse
import asyncio
import sys
import time
from datetime import UTC, datetime, timedelta

from bench.attacks import Result, Target, attacks
from bench.bystander import Bystander, standing_by
from bench.database import database_server
from bench.served import served
from bench.writing import load
from shaodao import tokens
from shaodao.demo.source import load_street
from shaodao.demo.tokens import staff_viewer
from shaodao.postgres.embedded import DATABASE
from shaodao.postgres.scratch import open_folder
from shaodao.serving import allow_open_files
from shaodao.settings import Settings

HOSTILE, BYSTANDER = "张示远", "吕示衡"
P99_WITHIN = 0.2
"""Seconds that a second client may wait."""
LEAST_ANSWERS = 100
"""A p99 of fewer is that of a few bad moments: the second client goes on for so many."""


def main() -> int:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="", help="attacks whose name holds this")
    only = parser.parse_args().only
    allow_open_files()
    with open_folder() as folder, database_server(folder / "data", say=_ignore) as cluster:
        settings = Settings.from_environment({"SHAODAO_DATA_DIR": str(folder / "keys")})
        asyncio.run(load(cluster.dsn(DATABASE), settings))
        with (
            served(cluster.dsn(DATABASE), settings.data_dir) as server,
            standing_by(server.port, token_of(settings, BYSTANDER)) as bystander,
        ):
            target = Target(server.port, token_of(settings, HOSTILE))
            quiet(bystander)
            return int(measured(target, bystander, only))


def quiet(bystander: Bystander) -> None:
    """What the second client waits for when nobody does harm."""
    since = time.monotonic()
    bystander.await_more(LEAST_ANSWERS * 3)
    _say(f"{'nothing':50} {'':30} {'':>8} {_times(bystander.waited(since))}")


def measured(target: Target, bystander: Bystander, only: str) -> bool:
    """Every attack, one after the other. Answers whether one was bad."""
    bad, begun = False, time.monotonic()
    for attack in attacks():
        if only in attack.name:
            since = time.monotonic()
            result = asyncio.run(attack.run(target))
            bystander.await_more(max(5, LEAST_ANSWERS - len(bystander.waited(since))))
            bad |= told(result, bystander.waited(since))
    waited = bystander.waited(begun)
    _say(f"{'all':50} {'':30} {'':>8} {_times(waited)}")
    return bad or _percentile(waited, 0.99) > P99_WITHIN


def told(result: Result, waited: list[float]) -> bool:
    """Print what came of an attack. Answers whether it was bad."""
    bad = not result.good or _percentile(waited, 0.99) > P99_WITHIN
    mark = "  BAD" if bad else ""
    _say(f"{result.attack.name:50} {', '.join(result.outcomes):30} {result.seconds:6.2f} s {_times(waited)}{mark}")
    return bad


def token_of(settings: Settings, name: str) -> str:
    """A token of a member of the street's staff."""
    viewer = staff_viewer(load_street(), name)
    return tokens.issue(
        tokens.local_key(settings.data_dir), login=viewer.login, name=viewer.name, grants=viewer.grants,
        issuer=settings.issuer, audience=settings.audience, now=datetime.now(UTC), lifetime=timedelta(hours=2),
    )  # fmt: skip


def _times(waited: list[float]) -> str:
    p50, p99, most = (_percentile(waited, part) * 1000 for part in (0.5, 0.99, 1))
    return f"p50 {p50:5.1f} p99 {p99:6.1f} most {most:6.1f} ms of {len(waited)}"


def _percentile(waited: list[float], part: float) -> float:
    return waited[min(len(waited) - 1, int(len(waited) * part))]


def _ignore(_: str) -> None:
    pass


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
