"""A hook that takes more and more memory."""

import asyncio

from shaodao.plugin import Department, hookimpl
from tests.e2e.hostile import declared


@hookimpl
def department() -> Department:
    return declared("eating", "JJ")


@hookimpl
async def on_whistle() -> None:
    eaten = []
    while True:
        eaten.append(b"x" * (16 << 20))
        await asyncio.sleep(0.05)
