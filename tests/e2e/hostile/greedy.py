"""A hook that asks for more memory at once than its process may ever have."""

from shaodao.plugin import Department, Desk, WhistleBlown, hookimpl
from tests.e2e.hostile import declared, leave_word

GIGABYTE = 1 << 30


@hookimpl
def department() -> Department:
    return declared("greedy", "HB", "NY")


@hookimpl
async def on_whistle(event: WhistleBlown, desk: Desk) -> None:
    leave_word(f"greedy {event.key.organization_code}")
    if event.key.organization_code == "HB":
        bytearray(GIGABYTE)
    await desk.acknowledge(["丁示四"])
