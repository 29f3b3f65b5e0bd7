"""What a worker held when it died: given back by whoever saw it die, with the reason, and parked at the limit of attempts.

Without such a witness the leases run out, and the next claim finds the lanes (``shaodao.delivery.lanes``).
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from shaodao.commands.transaction import Connection
from shaodao.delivery.lanes import AttemptOutcome, Delivery, LaneKey, log_attempt

_COUNTIES = "SELECT DISTINCT county_code FROM lane WHERE holder = $1"
_LOCK_HELD = """
SELECT organization_code, case_id, token, losses FROM lane WHERE county_code = $1 AND holder = $2
ORDER BY organization_code, case_id FOR UPDATE
"""
_HEAD = """
UPDATE delivery SET last_error = $4 WHERE county_code = $1 AND organization_code = $2 AND case_id = $3 AND seq = (
    SELECT min(seq) FROM delivery WHERE county_code = $1 AND organization_code = $2 AND case_id = $3
)
RETURNING department, seq, assignment_id, hook, attempts
"""
_GIVE_BACK = """
UPDATE lane SET holder = NULL, due_at = $4, parked = $5, head_failed = true, losses = losses + 1
WHERE county_code = $1 AND organization_code = $2 AND case_id = $3
"""


@dataclass(frozen=True)
class Death:
    """Whose death it was, when, and why; ``backoff`` gives the wait after the n-th loss in a row of the same delivery."""

    holder: str
    at: datetime
    reason: str
    attempt_limit: int
    backoff: Callable[[int], timedelta]


async def give_back(connection: Connection, death: Death) -> int:
    """Give back every lane that the dead worker held; answers how many. The connection is in a transaction.

    A lane that is lost for the first time is due at once: mostly another's hook was to blame. From then on it runs alone,
    and what is lost again waits, longer each time.
    """
    given = 0
    for found in await connection.fetch(_COUNTIES, death.holder):
        county: int = found["county_code"]
        for row in await connection.fetch(_LOCK_HELD, county, death.holder):
            lane = LaneKey(county, row["organization_code"], row["case_id"])
            await _give_back(connection, lane, row["token"], row["losses"], death)
            given += 1
    return given


async def _give_back(connection: Connection, lane: LaneKey, token: int, losses: int, death: Death) -> None:
    key = lane.county, lane.organization_code, lane.case_id
    head = await connection.fetchrow(_HEAD, *key, death.reason)
    if head is None:
        await connection.execute(_GIVE_BACK, *key, death.at, False)
        return
    delivery = Delivery(
        lane, head["department"], token, head["seq"], head["assignment_id"], head["hook"], head["attempts"]
    )
    parked = delivery.attempt >= death.attempt_limit
    due_at = death.at + death.backoff(losses) if losses else death.at
    await connection.execute(_GIVE_BACK, *key, due_at, parked)
    outcome = AttemptOutcome.PARKED if parked else AttemptOutcome.LOST
    await log_attempt(connection, delivery, death.at, outcome, death.reason)
