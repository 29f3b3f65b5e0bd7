"""How many of a department's lanes run at once in a county, where an operator says so instead of the workers' settings."""

from shaodao.commands.transaction import Outcome, Transaction
from shaodao.domain.delivery import may_steer_department
from shaodao.domain.errors import InvalidInput, NotFound, NotPermitted

_KNOWN = "SELECT FROM departments WHERE name = $1"
_LIMIT = """
INSERT INTO lane_state (county_code, department, in_flight_limit, limited_by, limited_at) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (county_code, department) DO UPDATE
SET in_flight_limit = excluded.in_flight_limit, limited_by = excluded.limited_by, limited_at = excluded.limited_at
"""


async def limit(tx: Transaction, department: str, in_flight: int | None) -> Outcome:
    """Let at most ``in_flight`` of the department's lanes run at once in the county 并发上限; None: as many as the settings say.

    What runs already ends as it would. Raises NotPermitted, NotFound, InvalidInput at ``inFlight``.
    """
    if may_steer_department(tx.actor, tx.county) is None:
        raise NotPermitted("只有县（区）网格办可以设定并发上限", "only the county grid office limits departments")
    if in_flight is not None and in_flight < 1:
        raise InvalidInput.at(
            "inFlight", "至少为1；要停止投递请暂停该部门", "at least 1; to deliver nothing, pause the department"
        )
    if await tx.connection.fetchrow(_KNOWN, department) is None:
        raise NotFound("Department", department)
    await tx.connection.execute(_LIMIT, tx.county, department, in_flight, tx.actor.account_id, tx.now)
    return Outcome(county_code=tx.county, record_code=department)
