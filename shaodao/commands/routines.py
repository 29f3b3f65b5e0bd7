"""Recording that what the calendar brought 例行工作 was done (Z-28, J-11, J-15)."""

from datetime import datetime
from uuid import UUID

from shaodao.commands.checking import only_text
from shaodao.commands.transaction import Outcome, Transaction
from shaodao.domain.errors import NotFound, NotPermitted, StateConflict
from shaodao.domain.vocabulary import Role

_LOCK = """
SELECT title, roles, area_code, done_at FROM routine WHERE county_code = $1 AND id = $2 FOR UPDATE
"""
_DONE = """
UPDATE routine SET done_at = $3, done_by = $4, done_text = $5 WHERE county_code = $1 AND id = $2
"""
SEERS = (Role.GRID_WORKER, Role.GRID_CHIEF, Role.STREET_DISPATCHER, Role.STREET_LEADER, Role.COUNTY_GRID_OFFICE)
"""Who sees what is due in their area."""


async def record_routine(tx: Transaction, routine_id: UUID, text: str) -> Outcome:
    """Record what was done, once; by whose it is, or by a dispatcher of the street for them.

    What was missed may be recorded too, and stays late. The outcome's ``record_id`` is the routine's. Raises NotFound,
    NotPermitted, InvalidInput at ``text``, StateConflict when it was recorded already.
    """
    row = await tx.connection.fetchrow(_LOCK, tx.county, routine_id)
    if row is None or not _covered(tx, row["area_code"], *SEERS):
        raise NotFound("Routine", str(routine_id))
    theirs = [Role[role] for role in row["roles"]]
    if tx.actor.account_id is None or not _covered(tx, row["area_code"], Role.STREET_DISPATCHER, *theirs):
        raise NotPermitted("须由责任人或街道指挥中心记录", "recorded by whose it is, or by the dispatcher")
    told = only_text("text", text, tx.ground.rulebook.texts.result)
    done_at: datetime | None = row["done_at"]
    if done_at is not None:
        raise StateConflict(f"“{row['title']}”已记录", "it was recorded already", state="DONE", version=1)
    await tx.connection.execute(_DONE, tx.county, routine_id, tx.now, tx.actor.account_id, told)
    return Outcome(county_code=tx.county, record_id=routine_id)


def _covered(tx: Transaction, area_code: str, *roles: Role) -> bool:
    return any(grant.covers(area_code) for grant in tx.actor.grants_of(*roles))
