"""Ending the work on a case that is withdrawn 撤回 (reference C.3): nobody is left with an open assignment or whistle."""

from shaodao.commands.history import Hearer
from shaodao.commands.transaction import Transaction
from shaodao.domain import assignment_machine, whistle_machine
from shaodao.domain.facts import CaseFacts

_END_ASSIGNMENTS = """
UPDATE assignment SET state = 'WITHDRAWN', version = version + 1, updated_at = $3
WHERE county_code = $1 AND case_id = $2 AND state = ANY($4::text[])
RETURNING id, organization_code
"""
_END_WHISTLES = """
UPDATE whistle SET state = 'WITHDRAWN', withdrawn_at = $3, withdraw_reason = $5, version = version + 1, updated_at = $3
WHERE county_code = $1 AND case_id = $2 AND state = ANY($4::text[])
"""


async def end_work(tx: Transaction, facts: CaseFacts, reason: str) -> tuple[Hearer, ...]:
    """Withdraw the case's open assignments and whistles; answers who must hear of it."""
    assignments = [str(state) for state in assignment_machine.OPEN]
    whistles = [str(state) for state in whistle_machine.OPEN]
    rows = await tx.connection.fetch(_END_ASSIGNMENTS, tx.county, facts.id, tx.now, assignments)
    await tx.connection.execute(_END_WHISTLES, tx.county, facts.id, tx.now, whistles, reason)
    return tuple(
        Hearer(row["id"], row["organization_code"], "on_withdrawn")
        for row in sorted(rows, key=lambda row: str(row["id"]))
    )
