"""``make chaos``: SHAODAO_CHAOS_SECONDS (180) under disturbances that SHAODAO_CHAOS_SEED decides; status 0 only without a fault."""

import asyncio
import os
import secrets
import shutil
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.chaos.disturbances import Disturber
from tests.chaos.findings import Findings
from tests.chaos.running import Plan, run, summary

SEED = "SHAODAO_CHAOS_SEED"
SECONDS = "SHAODAO_CHAOS_SECONDS"
LONGEST = 3600.0


def main() -> int:
    """One run; the folder with the logs is kept when something was found."""
    console = Console(highlight=False, soft_wrap=True)
    plan = Plan(
        seed=int(os.environ.get(SEED) or secrets.randbelow(1_000_000)),
        seconds=min(LONGEST, float(os.environ.get(SECONDS) or 180)),
    )
    folder = Path(tempfile.mkdtemp(prefix="shaodao-chaos-"))
    folder.chmod(0o711)
    console.print(f"{SEED}={plan.seed} {SECONDS}={plan.seconds:g}; logs are in {folder}")
    findings, disturber = asyncio.run(run(plan, folder, console.print))
    _print(console, findings, disturber)
    if not findings.faults:
        shutil.rmtree(folder)
    return 1 if findings.faults else 0


def _print(console: Console, findings: Findings, disturber: Disturber) -> None:
    table = Table("What", "How much")
    for name, value in summary(findings, disturber).items():
        table.add_row(name, str(value))
    console.print(table)
    for fault in findings.faults:
        console.print(f"[red]fault[/] {fault}")
    console.print("faults were found" if findings.faults else "nothing is missing, doubled or out of order")


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
