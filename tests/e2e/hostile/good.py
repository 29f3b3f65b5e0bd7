"""A department that answers."""

from shaodao.plugin import Department, Desk, hookimpl
from tests.e2e.hostile import declared, leave_word


@hookimpl
def department() -> Department:
    return declared("good", "CG")


@hookimpl
async def on_whistle(desk: Desk) -> None:
    leave_word("good")
    await desk.acknowledge(["甲示一"])
