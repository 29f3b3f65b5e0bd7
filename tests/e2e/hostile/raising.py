"""A department that raises on import, once its file is there."""

import os
from pathlib import Path

from shaodao.plugin import Department, Desk, hookimpl
from tests.e2e.hostile import FOLDER, declared

if (Path(os.environ[FOLDER]) / "no licence").exists():
    raise RuntimeError("no licence")


@hookimpl
def department() -> Department:
    return declared("raising", "SC")


@hookimpl
async def on_whistle(desk: Desk) -> None:
    await desk.acknowledge(["丙示三"])
