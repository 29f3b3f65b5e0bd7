"""The level on which a case is being solved 解决层级 (reference C.6, S-17): grid, community, street, county, city."""

from uuid import UUID

from shaodao.commands.case_steps import CaseStep, case_outcome, decide_case, record_case
from shaodao.commands.checking import checked_text, only_text
from shaodao.commands.duty_lists import duty_item_for
from shaodao.commands.transaction import Outcome, Transaction
from shaodao.domain.errors import Faults, InvalidInput
from shaodao.domain.facts import CaseFacts
from shaodao.domain.vocabulary import DivisionLevel, SolvingLevel

_LADDER = tuple(SolvingLevel)
# Duty lists are held by communities, streets and counties; the grids are the community's.
_HOLDERS = {
    SolvingLevel.GRID: DivisionLevel.COMMUNITY,
    SolvingLevel.COMMUNITY: DivisionLevel.COMMUNITY,
    SolvingLevel.STREET: DivisionLevel.STREET,
    SolvingLevel.COUNTY: DivisionLevel.COUNTY,
}
_CHANGE_LEVEL = """
UPDATE case_file SET level = $4, version = version + 1, updated_at = $3,
    county_informed_at = CASE WHEN $4 = 'COUNTY' THEN coalesce(county_informed_at, $3) ELSE county_informed_at END
WHERE county_code = $1 AND id = $2
"""


async def raise_level(
    tx: Transaction, case_id: UUID, *, tried: str, why_not_here: str, help_wanted: str,
    expected_version: int | None = None,
) -> Outcome:  # fmt: skip
    """Raise a case to the next level 提级: what was tried, why it cannot be solved here, which help is wanted (C.6).

    From the street it comes to the county, which from then on sees it (C.7). Raises InvalidInput at ``tried``, ``whyNotHere``
    and ``helpWanted``, NotPermitted, StateConflict.
    """
    facts = await decide_case(tx, "raiseLevel", case_id, expected_version)
    faults, limit = Faults(), tx.ground.rulebook.texts.reason
    done = checked_text(faults, "tried", tried, limit)
    why = checked_text(faults, "whyNotHere", why_not_here, limit)
    help_needed = checked_text(faults, "helpWanted", help_wanted, limit)
    faults.check()
    target = _LADDER[_LADDER.index(facts.level) + 1]
    detail = f"已做工作：{done}；本级不能解决的原因：{why}；需要的支持：{help_needed}"
    return await _move(tx, facts, target, "raiseLevel", "提级", detail)


async def send_down(
    tx: Transaction, case_id: UUID, *, duty_item_code: str, reason: str, expected_version: int | None = None
) -> Outcome:
    """Send a case down by one level 下派, by an item of the lower level's duty list (C.6).

    The item is valid today, on the list of the basic or the assisting duties, held by the lower level (for a grid by its
    community), and of the case's category where it has one. Raises InvalidInput at ``dutyItemCode`` and ``reason``,
    NotPermitted, StateConflict.
    """
    facts = await decide_case(tx, "sendDown", case_id, expected_version)
    target = _LADDER[_LADDER.index(facts.level) - 1]
    why = only_text("reason", reason, tx.ground.rulebook.texts.reason)
    duty = await duty_item_for(tx, _HOLDERS[target], item_code=duty_item_code)
    if duty is None or duty.category_code not in (None, facts.category_code):
        raise InvalidInput.at(
            "dutyItemCode", f"{target.label}履职事项清单没有此条目，不能下派",
            f"no such duty of the {target.value} for this category",
        )  # fmt: skip
    detail = f"依据：{duty.name}（{duty.legal_basis}）；理由：{why}"
    return await _move(tx, facts, target, "sendDown", "下派", detail, duty_item_code)


async def _move(
    tx: Transaction,
    facts: CaseFacts,
    target: SolvingLevel,
    action: str,
    verb: str,
    detail: str,
    duty: str | None = None,
) -> Outcome:
    await tx.connection.execute(_CHANGE_LEVEL, tx.county, facts.id, tx.now, str(target))
    text = f"{tx.actor.name}将案件由{facts.level.label}{verb}至{target.label}"
    payload = {"from": str(facts.level), "to": str(target), "duty_item": duty}
    await record_case(tx, facts, CaseStep(action, action, text, payload=payload, detail=detail))
    return await case_outcome(tx, facts.id)
