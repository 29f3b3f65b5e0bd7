"""When Python looks for garbage in a process that keeps thousands of sockets open.

A look at everything that lives stops the process for 0.2 s where a thousand sockets are open, finds next to nothing, and comes by
itself every few seconds under load (docs/benchmarks.md). So it comes once a minute, whatever was made meanwhile; what is young
is looked at as always.
"""

import asyncio
import gc

YOUNG = (1_000, 10)
"""New objects before a look at the youngest, and such looks before one at the next generation; Python's are 700 and 10."""

NEVER = 1_000_000_000
EVERY = 60.0
"""Seconds between two looks at everything."""


async def look_seldom(every: float = EVERY) -> None:
    """Leave out what lives already, the schema above all, then look at everything else now and then; runs until cancelled."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*YOUNG, NEVER)
    while True:
        await asyncio.sleep(every)
        gc.collect()
