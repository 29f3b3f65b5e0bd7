"""A hook that ends its process for one of its organizations, and answers for the other."""

import os

from shaodao.plugin import Department, Desk, WhistleBlown, hookimpl
from tests.e2e.hostile import declared


@hookimpl
def department() -> Department:
    return declared("ending", "MZ", "ZJ")


@hookimpl
async def on_whistle(event: WhistleBlown, desk: Desk) -> None:
    if event.key.organization_code == "MZ":
        os._exit(3)
    await desk.acknowledge(["乙示二"])
