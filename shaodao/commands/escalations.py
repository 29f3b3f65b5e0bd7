"""Escalating a whistle 提级 (reference C.4 escalate, C.6): the street to the county, the county to the city."""

from uuid import UUID

from shaodao.commands.checking import only_text
from shaodao.commands.facts import lock_whistle
from shaodao.commands.steps import WhistleStep, record_whistle, whistle_outcome
from shaodao.commands.transaction import Outcome, Transaction
from shaodao.domain.vocabulary import SolvingLevel
from shaodao.domain.whistle_machine import WHISTLE_MACHINE

_ESCALATE = """
UPDATE whistle SET level = $3, escalate_reason = $4, version = version + 1, updated_at = $5
WHERE county_code = $1 AND id = $2
"""
# The matter is solved where its whistle stands; a case that stands higher already stays there.
_RAISE_CASE = """
UPDATE case_file SET level = CASE WHEN level = 'CITY' THEN level ELSE $3 END,
    county_informed_at = coalesce(county_informed_at, $4), version = version + 1, updated_at = $4
WHERE county_code = $1 AND id = $2
"""


async def escalate(tx: Transaction, whistle_id: UUID, reason: str, *, expected_version: int | None = None) -> Outcome:
    """Raise a whistle in the field by one level 提级, and its case with it; the county is informed.

    From then on the county grid office may change the LEAD and add departments. Raises InvalidInput at ``reason``,
    NotPermitted (only the county escalates to the city), StateConflict.
    """
    facts = await lock_whistle(tx, whistle_id, expected_version)
    WHISTLE_MACHINE.decide("escalate", facts, tx.actor)
    why = only_text("reason", reason, tx.ground.rulebook.texts.reason)
    level = SolvingLevel.CITY if facts.level is SolvingLevel.COUNTY else SolvingLevel.COUNTY
    await tx.connection.execute(_ESCALATE, tx.county, whistle_id, str(level), why, tx.now)
    await tx.connection.execute(_RAISE_CASE, tx.county, facts.case.id, str(level), tx.now)
    text = f"{tx.actor.name}将哨 {facts.number} 提级至{level.label}"
    payload = {"from": str(facts.level), "to": str(level), "reason": why}
    step = WhistleStep("escalate", "escalateWhistle", text, detail=f"原因：{why}", payload=payload)
    await record_whistle(tx, facts, step)
    return await whistle_outcome(tx, whistle_id)
