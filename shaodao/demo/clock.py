"""The demonstration's clock: the machine's time, moved forward on request, so that a night passes in a minute.

Only a demonstration has one (SHAODAO_DEMO); every other server runs on the machine's time.
"""

from datetime import datetime, timedelta

import msgspec

from shaodao.commands.transaction import Connection
from shaodao.domain.errors import InvalidInput
from shaodao.host import utc_now

NAME = "demo_clock_offset"
"""Row of ``settings`` that keeps the offset in seconds, so that a restart does not turn time back."""

FARTHEST = timedelta(days=31)
"""How far one move may go."""

_READ = "SELECT value FROM settings WHERE name = $1"
_KEEP = """
INSERT INTO settings (name, value, updated_at) VALUES ($1, $2::jsonb, $3)
ON CONFLICT (name) DO UPDATE SET value = excluded.value, updated_at = excluded.updated_at
"""


class DemoClock:
    """A clock that is the machine's plus an offset; called, it tells the time."""

    def __init__(self, offset: timedelta = timedelta()) -> None:
        self.offset = offset

    def __call__(self) -> datetime:
        """The demonstration's time."""
        return utc_now() + self.offset

    def set_to(self, moment: datetime) -> None:
        """Let the clock show ``moment`` now and run on from there."""
        self.offset = moment - utc_now()


async def kept_clock(connection: Connection) -> DemoClock:
    """The clock as it was left."""
    value = await connection.fetchval(_READ, NAME)
    return DemoClock(timedelta(seconds=msgspec.json.decode(value, type=float)) if value else timedelta())


async def keep(connection: Connection, clock: DemoClock) -> None:
    """Remember the clock for the next start."""
    await connection.execute(_KEEP, NAME, str(clock.offset.total_seconds()), utc_now())


async def move_forward(connection: Connection, clock: DemoClock, moment: datetime) -> None:
    """Move the clock forward to ``moment`` and remember it. Raises InvalidInput for the past or too far a move."""
    now = clock()
    if not now <= moment <= now + FARTHEST:
        raise InvalidInput.at(
            "to", "演示时钟只能向前拨，且一次不超过31天", "the clock moves forward only, at most 31 days"
        )
    clock.set_to(moment)
    await keep(connection, clock)
