"""Naming the party complained about 被反映方 once it is known, or otherwise than first told (reference C.7 guardrail 5)."""

from uuid import UUID

from shaodao.commands.case_steps import CaseStep, case_outcome, decide_case, record_case
from shaodao.commands.checking import checked_text, optional_text
from shaodao.commands.registration import AccusedInput
from shaodao.commands.transaction import Outcome, Transaction
from shaodao.domain.errors import Faults
from shaodao.domain.facts import CaseFacts

_PATH = "accusedParty.organizationCode"
_ORGANIZATION_EXISTS = "SELECT EXISTS (SELECT 1 FROM organizations WHERE code = $1)"
_NAME = """
UPDATE case_file SET accused_name = $4, accused_organization_code = $5, version = version + 1, updated_at = $3
WHERE county_code = $1 AND id = $2
"""


async def name_accused_party(
    tx: Transaction, case_id: UUID, *, accused: AccusedInput | None, reason: str, expected_version: int | None = None
) -> Outcome:
    """Say whom the case complains about; None: nobody after all. By whoever decides who may read the case.

    From then on that organization is called for nothing in it 回避, and its people do not see the case. An organization that
    is at work on it must be replaced first. Raises InvalidInput at ``accusedParty``, ``accusedParty.name``,
    ``accusedParty.organizationCode`` and ``reason``, NotPermitted, StateConflict.
    """
    facts = await decide_case(tx, "setDisclosure", case_id, expected_version)
    faults, texts = Faults(), tx.ground.rulebook.texts
    why = checked_text(faults, "reason", reason, texts.reason)
    name = optional_text(faults, "accusedParty.name", accused.name, texts.name) if accused else None
    code = accused.organization_code if accused else None
    await _check_organization(tx, faults, facts, code)
    if accused is not None and code is None and name is None:
        faults.add("accusedParty", "请写明姓名或单位", "name the person or the organization")
    faults.check()
    await tx.connection.execute(_NAME, tx.county, case_id, tx.now, name, code)
    text = f"{tx.actor.name}{'登记' if accused else '撤销'}被反映方"
    step = CaseStep("setDisclosure", "nameAccusedParty", text, public=False, detail=f"理由：{why}")
    await record_case(tx, facts, step)
    return await case_outcome(tx, case_id)


async def _check_organization(tx: Transaction, faults: Faults, facts: CaseFacts, code: str | None) -> None:
    if code is None:
        return
    if not await tx.connection.fetchval(_ORGANIZATION_EXISTS, code):
        faults.add(_PATH, f"没有代码为 {code} 的单位", f"there is no organization {code}")
    elif any(assignment.organization_code == code for assignment in facts.active):
        faults.add(_PATH, "该单位正在办理本案，须先改派", "the organization is at work on the case; replace it first")
