"""Changing a blown whistle's departments: 增派 and 变更主办 (reference C.4 addDepartment, changeLead)."""

from uuid import UUID

from shaodao.commands import clocks, notices
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
_LEAD_PATH = "organizationCode"


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
    present = party_of(facts, party.organization_code)
    if present is not None and present.role is not AssignmentRole.INFORM:
        raise InvalidInput.at(_SINGLE_PATH, "该单位已在本哨中", "the organization is in the whistle already")
    return await call_party(tx, facts, party, why)


async def call_party(
    tx: Transaction, facts: WhistleFacts, party: PartyInput, why: str, *, path: str = _SINGLE_PATH
) -> Outcome:
    """Call a further organization, by a decision that was checked: the leader's own, or a meeting's."""
    assigned = await assign(tx, facts.case, [party], duty_basis=None, whistle=facts, path=path)
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
    former = lead_of(facts)
    if former is not None and former.organization_code == organization_code:
        raise InvalidInput.at(_LEAD_PATH, "该单位已是主办", "the organization is the LEAD already")
    return await replace_lead(tx, facts, organization_code, why, excuse_former=excuse_former)


async def replace_lead(
    tx: Transaction, facts: WhistleFacts, organization_code: str, why: str, *, excuse_former: bool = False,
    path: str = _LEAD_PATH,
) -> Outcome:  # fmt: skip
    """Put another LEAD in the place of the present one, by a decision that was checked: the leader's own, or a meeting's."""
    former = lead_of(facts)
    hearers = [] if former is None else await _step_down(tx, facts, former, why, excused=excuse_former)
    new = await call_lead(tx, facts, organization_code, path=path)
    present = party_of(facts, organization_code)
    at_work = () if present is None or present.role is AssignmentRole.INFORM else (present.id,)
    await clocks.tell_lead(tx, facts.case, organization_code, *at_work)
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


async def call_lead(
    tx: Transaction, facts: WhistleFacts, organization_code: str, *, path: str = _LEAD_PATH, duty_basis: str | None = None
) -> Assigned:  # fmt: skip
    """Make the organization the whistle's LEAD: one that is at work in it goes on, any other is called.

    The caller has seen to it that there is no other LEAD left, and records it. Raises InvalidInput at ``path``.
    """
    present = party_of(facts, organization_code)
    if present is None or present.role is AssignmentRole.INFORM:
        party = PartyInput(organization_code, AssignmentRole.LEAD)
        return (await assign(tx, facts.case, [party], duty_basis=duty_basis, whistle=facts, path=path))[0]
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


def lead_of(facts: WhistleFacts) -> AssignmentBrief | None:
    """The case's active LEAD."""
    return next((a for a in facts.case.active if a.role is AssignmentRole.LEAD), None)


def party_of(facts: WhistleFacts, organization_code: str) -> AssignmentBrief | None:
    """The organization's active assignment in the whistle."""
    return next((a for a in facts.active if a.organization_code == organization_code), None)
