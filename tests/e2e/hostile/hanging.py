"""A department whose import hangs while its file is there: asleep, or in a loop that lets no other thread run."""

import os
import time
from pathlib import Path

from shaodao.plugin import Department, Desk, hookimpl
from tests.e2e.hostile import FOLDER, declared, leave_word

HANG = Path(os.environ[FOLDER]) / "hang"

if HANG.exists():
    leave_word("hanging")
    if HANG.read_text() == "asleep":
        time.sleep(1000)
    while True:
        pass


@hookimpl
def department() -> Department:
    return declared("hanging", "SC")


@hookimpl
async def on_whistle(desk: Desk) -> None:
    await desk.acknowledge(["丙示三"])
