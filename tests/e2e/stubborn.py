"""A department for the test that kills its worker: the first time, it stops in the middle of its hook, after an effect."""

import asyncio
import os
from dataclasses import dataclass
from pathlib import Path

from shaodao.plugin import Department, Desk, WhistleBlown, hookimpl

STUCK = "SHAODAO_TEST_STUCK"
"""Names the file by which the hook tells that it is stuck, and knows that it was."""


@dataclass
class Form:
    """No fields."""


@hookimpl
def department() -> Department:
    return Department(name="stubborn", title="示例单位", version="1", organizations=("CG",), form=Form)


@hookimpl
async def on_whistle(event: WhistleBlown, desk: Desk) -> None:
    await desk.ask("现场有几人受困")
    stuck = Path(os.environ[STUCK])
    if not stuck.exists():
        stuck.touch()
        await asyncio.sleep(3600)
    await desk.acknowledge(["甲示一"])
