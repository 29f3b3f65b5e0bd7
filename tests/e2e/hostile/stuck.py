"""A plain hook whose thread never ends."""

import time

from shaodao.plugin import Department, hookimpl
from tests.e2e.hostile import declared


@hookimpl
def department() -> Department:
    return declared("stuck", "WJ")


@hookimpl
def on_whistle() -> None:
    time.sleep(1000)
