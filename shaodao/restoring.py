"""``shaodao restored``: what an operator says after a restore that no start can see by itself."""

from datetime import UTC, datetime

from shaodao import serving
from shaodao.commands.running import connection_of
from shaodao.delivery.epochs import end_epoch
from shaodao.postgres.embedded import Say
from shaodao.postgres.pool import connect
from shaodao.settings import Settings

DONE = (
    "Noted: the next start of a server or worker begins a new epoch of the live feed.",
    "Subscriptions that come back with a cursor from before are told CURSOR_EXPIRED: their clients read anew, and miss nothing.",
    "After that start, the next restore is to be told again.",
)
NOTHING_TO_DO = ("Nothing to do: no server or worker has started since the last restore was told, or ever.",)


async def run(settings: Settings, *, say: Say) -> tuple[str, ...]:
    """End the epoch of the live feed; the lines to tell. Raises StartError while a server or worker is at work."""
    async with serving.database(settings, say=say) as dsn:
        connection = await connect(dsn, application_name="shaodao restored")
        try:
            async with connection.transaction():
                done = await end_epoch(connection_of(connection), datetime.now(UTC))
        finally:
            await connection.close()
    return DONE if done else NOTHING_TO_DO
