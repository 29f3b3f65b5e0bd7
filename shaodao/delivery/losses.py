"""What a worker held when it died: given back by whoever saw it die, with the reason, and parked at the limit of attempts.

Without such a witness the leases run out, and the next claim finds the lanes (``shaodao.delivery.lanes``).
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from uuid_utils.compat import uuid7

from shaodao.commands.transaction import Connection
from shaodao.delivery.lanes import AttemptOutcome

_COUNTIES = "SELECT DISTINCT county_code FROM lane WHERE holder = $1"
_LOCK_HELD = """
SELECT organization_code, case_id, losses FROM lane WHERE county_code = $1 AND holder = $2
ORDER BY organization_code, case_id FOR UPDATE
"""
_HEAD = """
UPDATE delivery SET last_error = $4 WHERE county_code = $1 AND organization_code = $2 AND case_id = $3 AND seq = (
    SELECT min(seq) FROM delivery WHERE county_code = $1 AND organization_code = $2 AND case_id = $3
)
RETURNING department, seq, assignment_id, hook, attempts
"""
_GIVE_BACK = """
UPDATE lane SET holder = NULL, due_at = $4, parked = $5, losses = losses + 1
WHERE county_code = $1 AND organization_code = $2 AND case_id = $3
"""
_LOG = """
INSERT INTO delivery_log (
    county_code, at, id, department, organization_code, case_id, seq, assignment_id, hook, attempt, outcome, error
) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
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
    for row in await connection.fetch(_COUNTIES, death.holder):
        county: int = row["county_code"]
        for lane in await connection.fetch(_LOCK_HELD, county, death.holder):
            await _give_back(connection, (county, lane["organization_code"], lane["case_id"]), lane["losses"], death)
            given += 1
    return given


async def _give_back(connection: Connection, lane: tuple[int, str, UUID], losses: int, death: Death) -> None:
    head = await connection.fetchrow(_HEAD, *lane, death.reason)
    if head is None:
        await connection.execute(_GIVE_BACK, *lane, death.at, False)
        return
    parked = head["attempts"] >= death.attempt_limit
    due_at = death.at + death.backoff(losses) if losses else death.at
    await connection.execute(_GIVE_BACK, *lane, due_at, parked)
    outcome = AttemptOutcome.PARKED if parked else AttemptOutcome.LOST
    county, organization_code, case_id = lane
    await connection.execute(
        _LOG, county, death.at, uuid7(), head["department"], organization_code, case_id, head["seq"],
        head["assignment_id"], head["hook"], head["attempts"], str(outcome), death.reason,
    )  # fmt: skip
