"""Changing a blown whistle's departments: 增派 and 变更主办 (reference C.4 addDepartment, changeLead)."""

from uuid import UUID

from shaodao.commands import notices
from shaodao.commands.blowing import settle
from shaodao.commands.checking import only_text
from shaodao.commands.dispatching import Assigned, PartyInput, assign, described
from shaodao.commands.facts import lock_whistle
from shaodao.commands.history import Hearer
from shaodao.commands.steps import WhistleStep, record_whistle, whistle_outcome
from shaodao.commands.transaction import DutyCall, Outcome, Transaction
from shaodao.domain.errors import InvalidInput, NotFound
from shaodao.domain.facts import AssignmentBrief, WhistleFacts
from shaodao.domain.vocabulary import AssignmentRole, AssignmentState
from shaodao.domain.whistle_machine import WHISTLE_MACHINE

_NAME_OF = "SELECT name, duty_phone FROM organizations WHERE code = $1"
_CHANGE_ROLE = """
UPDATE assignment SET role = $3, version = version + 1, updated_at = $4 WHERE county_code = $1 AND id = $2
"""
_EXCUSE = """
UPDATE assignment SET state = 'EXCUSED', role = 'CO', excuse_reason = $3, version = version + 1, updated_at = $4
WHERE county_code = $1 AND id = $2
"""
_CHANGED = "UPDATE whistle SET version = version + 1, updated_at = $3 WHERE county_code = $1 AND id = $2"
_SINGLE_PATH = "party.organizationCode"


async def add_department(
    tx: Transaction, whistle_id: UUID, party: PartyInput, reason: str, *, expected_version: int | None = None
) -> Outcome:
    """Call a further organization to a blown whistle 增派, as CO or INFORM; its clocks run from now.

    Raises InvalidInput at ``party.role`` for a LEAD (see ``change_lead``), ``party.organizationCode`` and ``reason``.
    """
    facts = await lock_whistle(tx, whistle_id, expected_version)
    WHISTLE_MACHINE.decide("addDepartment", facts, tx.actor)
    why = only_text("reason", reason, tx.ground.rulebook.texts.reason)
    if party.role is AssignmentRole.LEAD:
        raise InvalidInput.at("party.role", "变更主办须用“变更主办”", "use changeWhistleLead for another LEAD")
    present = _party_of(facts, party.organization_code)
    if present is not None and present.role is not AssignmentRole.INFORM:
        raise InvalidInput.at(_SINGLE_PATH, "该单位已在本哨中", "the organization is in the whistle already")
    assigned = await assign(tx, facts.case, [party], duty_basis=None, whistle=facts, path=_SINGLE_PATH)
    step = WhistleStep(
        "addDepartment", "addDepartment", f"{tx.actor.name}为哨 {facts.number} 增派{described(assigned)}",
        public=True, hearers=[each.hearer for each in assigned], detail=f"原因：{why}",
    )  # fmt: skip
    return await _finish(tx, facts, step)


async def change_lead(
    tx: Transaction, whistle_id: UUID, organization_code: str, reason: str, *, excuse_former: bool = False,
    expected_version: int | None = None,
) -> Outcome:  # fmt: skip
    """Make another organization the LEAD 变更主办; one that is at work in the whistle goes on, any other is called.

    The former LEAD becomes CO, or EXCUSED 免予反馈 if asked: only so can a LEAD be excused (C.4 invariants). Raises
    InvalidInput at ``organizationCode`` and ``reason``.
    """
    facts = await lock_whistle(tx, whistle_id, expected_version)
    WHISTLE_MACHINE.decide("changeLead", facts, tx.actor)
    why = only_text("reason", reason, tx.ground.rulebook.texts.reason)
    former = next((a for a in facts.case.active if a.role is AssignmentRole.LEAD), None)
    if former is not None and former.organization_code == organization_code:
        raise InvalidInput.at("organizationCode", "该单位已是主办", "the organization is the LEAD already")
    hearers = [] if former is None else await _step_down(tx, facts, former, why, excused=excuse_former)
    new = await _step_up(tx, facts, organization_code)
    text = f"{tx.actor.name}将哨 {facts.number} 的主办变更为{new.duty.organization_name}"
    step = WhistleStep(
        "changeLead", "changeLead", text, public=True, hearers=[*hearers, new.hearer], payload={"reason": why},
        detail=f"原因：{why}",
    )  # fmt: skip
    return await _finish(tx, facts, step)


async def _step_down(
    tx: Transaction, facts: WhistleFacts, former: AssignmentBrief, reason: str, *, excused: bool
) -> list[Hearer]:
    if not excused:
        await tx.connection.execute(_CHANGE_ROLE, tx.county, former.id, str(AssignmentRole.CO), tx.now)
        return []
    if former.state in (AssignmentState.VERIFIED, AssignmentState.RELEASED):
        raise InvalidInput.at("excuseFormer", "原主办已核查通过，无需免予反馈", "the former LEAD's report is verified")
    await notices.end(tx, facts.case.id, former.id)
    await tx.connection.execute(_EXCUSE, tx.county, former.id, reason, tx.now)
    return [Hearer(former.id, former.organization_code, "on_withdrawn")]


async def _step_up(tx: Transaction, facts: WhistleFacts, organization_code: str) -> Assigned:
    present = _party_of(facts, organization_code)
    if present is None or present.role is AssignmentRole.INFORM:
        party = PartyInput(organization_code, AssignmentRole.LEAD)
        return (await assign(tx, facts.case, [party], duty_basis=None, whistle=facts, path="organizationCode"))[0]
    await tx.connection.execute(_CHANGE_ROLE, tx.county, present.id, str(AssignmentRole.LEAD), tx.now)
    row = await tx.connection.fetchrow(_NAME_OF, organization_code)
    if row is None:
        raise NotFound("Organization", organization_code)
    duty = DutyCall(organization_code, row["name"], row["duty_phone"])
    return Assigned(present.id, AssignmentRole.LEAD, duty, "on_whistle")


async def _finish(tx: Transaction, facts: WhistleFacts, step: WhistleStep) -> Outcome:
    await tx.connection.execute(_CHANGED, tx.county, facts.id, tx.now)
    await record_whistle(tx, facts, step)
    await settle(tx, facts.case.id)
    return await whistle_outcome(tx, facts.id)


def _party_of(facts: WhistleFacts, organization_code: str) -> AssignmentBrief | None:
    return next((a for a in facts.active if a.organization_code == organization_code), None)
