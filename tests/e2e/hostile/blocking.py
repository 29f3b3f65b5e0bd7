"""An async hook that never lets its loop turn."""

import time

from shaodao.plugin import Department, hookimpl
from tests.e2e.hostile import declared, leave_word


@hookimpl
def department() -> Department:
    return declared("blocking", "GA")


@hookimpl
async def on_whistle() -> None:
    leave_word("blocking")
    time.sleep(1000)
