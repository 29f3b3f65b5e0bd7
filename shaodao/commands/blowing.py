"""Blowing a whistle 吹哨: a dispatch that calls its departments to the scene (reference C.3, C.4)."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from shaodao.commands import clocks
from shaodao.commands.dispatching import Assigned, PartyInput, assign, described, lead_among
from shaodao.commands.facts import read_whistle
from shaodao.commands.history import Entry, record
from shaodao.commands.progress import advance
from shaodao.commands.steps import WhistleStep, record_whistle
from shaodao.commands.transaction import Transaction
from shaodao.domain.facts import WhistleFacts
from shaodao.domain.vocabulary import ClockKind, Role, WhistleState

_BLOW = """
UPDATE whistle SET state = 'BLOWN', blown_by = $3, blown_at = $4, version = version + 1, updated_at = $4
WHERE county_code = $1 AND id = $2 RETURNING duty_basis
"""
_WITHDRAW_EMPTIED = """
UPDATE whistle w SET state = 'WITHDRAWN', withdrawn_at = $3, withdraw_reason = $4, version = version + 1, updated_at = $3
WHERE county_code = $1 AND case_id = $2 AND state IN ('BLOWN', 'GATHERING', 'HANDLING', 'REPORTED', 'VERIFIED')
    AND NOT EXISTS (
        SELECT 1 FROM assignment a WHERE a.county_code = w.county_code AND a.whistle_id = w.id AND a.role <> 'INFORM'
            AND a.state NOT IN ('REASSIGNED', 'EXCUSED', 'WITHDRAWN')
    )
RETURNING id, number
"""
_WITHDRAW_INFORMED = """
UPDATE assignment SET state = 'WITHDRAWN', version = version + 1, updated_at = $3
WHERE county_code = $1 AND whistle_id = $2 AND state = 'NOTIFIED'
"""
_EMPTIED = "哨内已无主办、协办单位"
_WHISTLES = "SELECT id FROM whistle WHERE county_code = $1 AND case_id = $2 ORDER BY drafted_at, id"


@dataclass(frozen=True)
class Blowing:
    """By which action a whistle is blown, as what event and in which words, and whom it calls."""

    action: str
    event: str
    text: str
    parties: Sequence[PartyInput]


async def blow(tx: Transaction, facts: WhistleFacts, blowing: Blowing) -> tuple[Assigned, ...]:
    """Blow a whistle that may be blown: its departments are notified, the case is ASSIGNED, the county informed.

    ``facts`` are those from before. Raises InvalidInput as ``dispatching.assign``.
    """
    duty_basis = await tx.connection.fetchval(_BLOW, tx.county, facts.id, tx.actor.account_id, tx.now)
    blown = await read_whistle(tx, facts.id)
    assigned = await assign(tx, blown.case, blowing.parties, duty_basis=duty_basis, whistle=blown)
    step = WhistleStep(
        blowing.action, blowing.event, f"{blowing.text}：{described(assigned)}", WhistleState.BLOWN, public=True,
        hearers=[each.hearer for each in assigned],
    )  # fmt: skip
    await record_whistle(tx, facts, step)
    await clocks.tell_lead(tx, facts.case, lead_among(blowing.parties))
    await settle(tx, facts.case.id)
    return assigned


async def settle(tx: Transaction, case_id: UUID) -> None:
    """Move the case's whistles to where they stand when departments have come to one, perhaps from another, or left."""
    await _withdraw_emptied(tx, case_id)
    for row in await tx.connection.fetch(_WHISTLES, tx.county, case_id):
        await advance(tx, case_id, row["id"])


async def _withdraw_emptied(tx: Transaction, case_id: UUID) -> None:
    """Withdraw whistles that no department is left in to report: nothing could close them.

    That comes from several whistles on one case: the LEAD went over to another, and each CO too or was excused.
    """
    rows = await tx.connection.fetch(_WITHDRAW_EMPTIED, tx.county, case_id, tx.now, _EMPTIED)
    for row in rows:
        await tx.connection.execute(_WITHDRAW_INFORMED, tx.county, row["id"], tx.now)
        await clocks.stop(tx, case_id, ClockKind.CONFIRMATION, whistle_id=row["id"])
        entry = Entry(
            "withdrawWhistle", f"哨 {row['number']} 自动撤哨", detail=_EMPTIED, whistle_id=row["id"], role=Role.SYSTEM,
            to_state=str(WhistleState.WITHDRAWN),
        )  # fmt: skip
        await record(tx, case_id, entry)
