"""Links to files 附件链接: whoever is given one stands in the access log (C.7 guardrail 12)."""

from collections.abc import Sequence
from uuid import UUID

from shaodao.commands.transaction import Outcome, Transaction
from shaodao.domain.errors import NotFound

_LOG = """
INSERT INTO file_access (county_code, id, attachment_id, case_id, account_id, login, at)
SELECT county_code, $3, id, case_id, $4, $5, $6 FROM attachment WHERE county_code = $1 AND id = $2 AND stored
RETURNING 1
"""


async def log_downloads(tx: Transaction, attachment_ids: Sequence[UUID]) -> Outcome:
    """Record that the actor, who sees them, is given links to these files. Raises NotFound for one that we do not hold."""
    for attachment_id in attachment_ids:
        logged = await tx.connection.fetchval(
            _LOG, tx.county, attachment_id, tx.new_id(), tx.actor.account_id, tx.actor.login, tx.now
        )
        if logged is None:
            raise NotFound("Attachment", str(attachment_id))
    return Outcome(county_code=tx.county)
