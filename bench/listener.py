"""A department for the benchmark of delivery: it appends when it heard what to a file, and does nothing."""

import os
from dataclasses import dataclass
from time import time

from shaodao.plugin import Department, Desk, Woken, hookimpl

HEARD = "SHAODAO_BENCH_HEARD"
"""Names the file; each line is the time in seconds and the note of the event."""

ORGANIZATION = "CG"
NAME = "listener"


@dataclass
class Form:
    """No fields."""


@hookimpl
def department() -> Department:
    """Serves one organization."""
    return Department(name=NAME, title="示例单位", version="1", organizations=(ORGANIZATION,), form=Form)


@hookimpl
async def on_wake(event: Woken, desk: Desk) -> None:
    """Note the time."""
    line = f"{time():.6f} {event.note}\n".encode()
    descriptor = os.open(os.environ[HEARD], os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        os.write(descriptor, line)
    finally:
        os.close(descriptor)
