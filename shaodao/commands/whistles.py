"""Whistles 哨: drafting and approving them, withdrawing them, and their departments (reference C.1.5, C.4)."""

from collections.abc import Sequence
from uuid import UUID

from shaodao.commands import clocks, cross_area
from shaodao.commands.blowing import Blowing, blow
from shaodao.commands.checking import only_text, optional_text
from shaodao.commands.dispatching import PartyInput
from shaodao.commands.facts import lock_case, lock_whistle
from shaodao.commands.history import Entry, record
from shaodao.commands.steps import WhistleStep, record_whistle, whistle_outcome
from shaodao.commands.transaction import Outcome, Transaction
from shaodao.commands.whistle_content import WhistleContent, WhistleInput, checked_content
from shaodao.domain.case_machine import CASE_MACHINE
from shaodao.domain.errors import Faults, InvalidInput, NotPermitted
from shaodao.domain.facts import CaseFacts, WhistleFacts
from shaodao.domain.vocabulary import AssignmentRole, ClockKind, Role, WhistleKind, WhistleState
from shaodao.domain.whistle_machine import WHISTLE_MACHINE

_DRAFT = """
INSERT INTO whistle (
    county_code, id, case_id, number, street_code, community_code, grid_code, kind, reason_kind, reason, self_effort,
    duty_basis, place, assemble_at, remote_allowed, complex, state, drafted_by, drafted_at, updated_at, template_code,
    list_item_code, off_list, drafted_for, plan_until, partner_street_code, partner_county_code
) SELECT $1, $2, $3,
    $4 || '-W' || (SELECT count(*) + 1 FROM whistle w WHERE w.county_code = $1 AND w.case_id = $3),
    street_code, community_code, grid_code, $5, $6, $7, $8, $9, $10, $11, $12, $13, 'DRAFTED', $14, $15, $15, $16,
    $17, $18, $19, $20, $21, left($21, 6)::int
FROM case_file WHERE county_code = $1 AND id = $3 RETURNING number
"""
_REVISE = """
UPDATE whistle SET kind = $3, reason_kind = $4, reason = $5, self_effort = $6, duty_basis = $7, place = $8, assemble_at = $9,
    remote_allowed = $10, complex = $11, list_item_code = $13, off_list = $14, plan_until = $15, partner_street_code = $16,
    partner_county_code = left($16, 6)::int, version = version + 1, updated_at = $12
WHERE county_code = $1 AND id = $2
"""
_NAME_PARTY = """
INSERT INTO whistle_party (county_code, whistle_id, organization_code, case_id, role) VALUES ($1, $2, $3, $4, $5)
"""
_FORGET_PARTIES = "DELETE FROM whistle_party WHERE county_code = $1 AND whistle_id = $2"
_PARTIES = """
SELECT organization_code, role FROM whistle_party WHERE county_code = $1 AND whistle_id = $2
ORDER BY CASE role WHEN 'LEAD' THEN 1 WHEN 'CO' THEN 2 ELSE 3 END, organization_code
"""
_SUBMIT = """
UPDATE whistle SET state = 'PENDING_APPROVAL', submitted_at = $3, version = version + 1, updated_at = $3
WHERE county_code = $1 AND id = $2
"""
_DECIDE = """
UPDATE whistle SET state = $3, decided_by = $4, decided_at = $5, decision_text = $6,
    -- The approval of an emergency whistle that waited for it is its confirmation 补批 as well.
    confirmed_by = CASE WHEN $3 = 'BLOWN' AND kind = 'EMERGENCY' THEN $4 ELSE confirmed_by END,
    confirmed_at = CASE WHEN $3 = 'BLOWN' AND kind = 'EMERGENCY' THEN $5 ELSE confirmed_at END,
    version = version + 1, updated_at = $5
WHERE county_code = $1 AND id = $2
"""
_CONFIRM = """
UPDATE whistle SET confirmed_by = $3, confirmed_at = $4, decision_text = coalesce($5, decision_text),
    version = version + 1, updated_at = $4
WHERE county_code = $1 AND id = $2
"""
_CONFIRMED_LATE = """
SELECT EXISTS (
    SELECT 1 FROM deadline
    WHERE county_code = $1 AND case_id = $2 AND whistle_id = $3 AND kind = 'CONFIRMATION' AND due_at <= $4
)
"""
_ASSEMBLY_PASSED = "SELECT assemble_at <= $3 FROM whistle WHERE county_code = $1 AND id = $2"


async def draft(tx: Transaction, case_id: UUID, given: WhistleInput, *, expected_version: int | None = None) -> Outcome:
    """Draft a whistle 起草吹哨 for a case that the street cannot solve alone (C.9 point 2).

    A department at work in the case drafts a DEPARTMENT whistle 部门哨 and no other (B.1). Raises InvalidInput as
    ``whistle_content.checked_content``.
    """
    case = await lock_case(tx, case_id, expected_version)
    CASE_MACHINE.decide("draftWhistle", case, tx.actor)
    drafted_for = _drafted_for(tx, case, given.kind)
    content = await checked_content(tx, case, given, drafted_for)
    whistle_id, number = await write_draft(tx, case, content, drafted_for=drafted_for)
    entry = Entry(
        "draftWhistle", f"{tx.actor.name}起草{given.kind.label} {number}", whistle_id=whistle_id,
        detail="不在吹哨事项清单内" if content.off_list else None, organization_code=drafted_for, to_state=str(WhistleState.DRAFTED),
        role=Role.DEPT_HANDLER if drafted_for else CASE_MACHINE.acting_role("draftWhistle", case, tx.actor),
    )  # fmt: skip
    await record(tx, case.id, entry)
    return await whistle_outcome(tx, whistle_id)


async def write_draft(
    tx: Transaction, case: CaseFacts, checked: WhistleContent, template: str | None = None,
    drafted_for: str | None = None,
) -> tuple[UUID, str]:  # fmt: skip
    """Write the whistle as DRAFTED with its parties, from a checked content; answers its id and number."""
    if tx.actor.account_id is None:
        raise NotPermitted("须以个人账号起草", "a whistle is drafted by a person's account")
    whistle_id = tx.new_id()
    number = await tx.connection.fetchval(
        _DRAFT, tx.county, whistle_id, case.id, case.number, str(checked.kind), str(checked.reason_kind), checked.reason,
        checked.self_effort, checked.duty_basis, checked.place, checked.assemble_at, checked.remote_allowed, checked.complex,
        tx.actor.account_id, tx.now, template, checked.list_item_code, checked.off_list, drafted_for, checked.plan_until,
        checked.partner_street_code,
    )  # fmt: skip
    if checked.kind is WhistleKind.CROSS_AREA:
        await cross_area.answer_invitation(tx, case, whistle_id)
    await _name_parties(tx, case, whistle_id, checked.parties)
    return whistle_id, str(number)


async def revise(
    tx: Transaction, whistle_id: UUID, given: WhistleInput, *, expected_version: int | None = None
) -> Outcome:
    """Put another content in the place of a draft's 修改."""
    facts = await lock_whistle(tx, whistle_id, expected_version)
    WHISTLE_MACHINE.decide("revise", facts, tx.actor)
    if (given.kind is WhistleKind.DEPARTMENT) != (facts.drafted_for is not None):
        raise InvalidInput.at(
            "kind", "部门哨与街道的哨不能互改", "a department's whistle stays one, and none becomes one"
        )
    if (given.kind is WhistleKind.CROSS_AREA) != (facts.kind is WhistleKind.CROSS_AREA):
        raise InvalidInput.at(
            "kind", "跨区联合哨不能与其他哨互改", "a CROSS_AREA whistle stays one, and none becomes one"
        )
    new = await checked_content(tx, facts.case, given, facts.drafted_for)
    await tx.connection.execute(
        _REVISE, tx.county, whistle_id, str(new.kind), str(new.reason_kind), new.reason, new.self_effort, new.duty_basis,
        new.place, new.assemble_at, new.remote_allowed, new.complex, tx.now, new.list_item_code, new.off_list,
        new.plan_until, new.partner_street_code,
    )  # fmt: skip
    await tx.connection.execute(_FORGET_PARTIES, tx.county, whistle_id)
    await _name_parties(tx, facts.case, whistle_id, new.parties)
    await record_whistle(tx, facts, WhistleStep("revise", "reviseWhistle", f"{tx.actor.name}修改哨 {facts.number}"))
    return await whistle_outcome(tx, whistle_id)


async def submit(tx: Transaction, whistle_id: UUID, *, expected_version: int | None = None) -> Outcome:
    """Hand a draft to the street leader 报批."""
    facts = await lock_whistle(tx, whistle_id, expected_version)
    WHISTLE_MACHINE.decide("submit", facts, tx.actor)
    await tx.connection.execute(_SUBMIT, tx.county, whistle_id, tx.now)
    text = f"{tx.actor.name}将哨 {facts.number} 报批"
    await record_whistle(tx, facts, WhistleStep("submit", "submitWhistle", text, WhistleState.PENDING_APPROVAL))
    return await whistle_outcome(tx, whistle_id)


async def approve(
    tx: Transaction, whistle_id: UUID, text: str | None = None, *, expected_version: int | None = None
) -> Outcome:
    """Approve and blow 批准吹哨: the departments are notified in the same transaction.

    A CROSS_AREA whistle invites the other county's street by that. Raises StateConflict for a kind that gathers at its
    assembly time when that has passed.
    """
    facts = await lock_whistle(tx, whistle_id, expected_version)
    WHISTLE_MACHINE.decide("approve", facts, tx.actor)
    await _check_assembly(tx, facts)
    await _decide(tx, facts, WhistleState.BLOWN, text)
    what = f"{tx.actor.name}批准{facts.kind.label} {facts.number}"
    await blow(tx, facts, Blowing("approve", "approveWhistle", what, await parties_of(tx, whistle_id)))
    if facts.kind is WhistleKind.CROSS_AREA:
        await cross_area.invite(tx, facts)
    return await whistle_outcome(tx, whistle_id)


async def reject(tx: Transaction, whistle_id: UUID, text: str, *, expected_version: int | None = None) -> Outcome:
    """Turn a whistle down for good 驳回."""
    facts = await lock_whistle(tx, whistle_id, expected_version)
    WHISTLE_MACHINE.decide("reject", facts, tx.actor)
    reason = only_text("text", text, tx.ground.rulebook.texts.reason)
    await _decide(tx, facts, WhistleState.REJECTED, reason)
    what = f"{tx.actor.name}驳回哨 {facts.number}"
    await record_whistle(tx, facts, WhistleStep("reject", "rejectWhistle", what, WhistleState.REJECTED, detail=reason))
    return await whistle_outcome(tx, whistle_id)


async def send_back(tx: Transaction, whistle_id: UUID, text: str, *, expected_version: int | None = None) -> Outcome:
    """Give a whistle back to its drafter 退回修改."""
    facts = await lock_whistle(tx, whistle_id, expected_version)
    WHISTLE_MACHINE.decide("sendBack", facts, tx.actor)
    reason = only_text("text", text, tx.ground.rulebook.texts.reason)
    await _decide(tx, facts, WhistleState.DRAFTED, reason)
    what = f"{tx.actor.name}退回哨 {facts.number} 修改"
    await record_whistle(
        tx, facts, WhistleStep("sendBack", "sendWhistleBack", what, WhistleState.DRAFTED, detail=reason)
    )
    return await whistle_outcome(tx, whistle_id)


async def confirm(
    tx: Transaction, whistle_id: UUID, text: str | None = None, *, expected_version: int | None = None
) -> Outcome:
    """Confirm an emergency whistle afterwards 补批. Coming late is an audit finding, never a refusal (C.4).

    Whoever may approve by rank confirms, the chief or a deputy: C.7 gives the liaison 联络员 neither.
    """
    facts = await lock_whistle(tx, whistle_id, expected_version)
    WHISTLE_MACHINE.decide("confirm", facts, tx.actor)
    faults = Faults()
    opinion = optional_text(faults, "text", text, tx.ground.rulebook.texts.reason)
    faults.check()
    await tx.connection.execute(_CONFIRM, tx.county, whistle_id, tx.actor.account_id, tx.now, opinion)
    await clocks.stop(tx, facts.case.id, ClockKind.CONFIRMATION, whistle_id=whistle_id)
    late = await tx.connection.fetchval(_CONFIRMED_LATE, tx.county, facts.case.id, whistle_id, tx.now)
    text = f"{tx.actor.name}{'逾期' if late else ''}补批应急哨 {facts.number}"
    await record_whistle(tx, facts, WhistleStep("confirm", "confirmWhistle", text, payload={"late": bool(late)}))
    return await whistle_outcome(tx, whistle_id)


async def parties_of(tx: Transaction, whistle_id: UUID) -> tuple[PartyInput, ...]:
    """The departments that a draft names, the LEAD first."""
    rows = await tx.connection.fetch(_PARTIES, tx.county, whistle_id)
    return tuple(PartyInput(row["organization_code"], AssignmentRole[row["role"]]) for row in rows)


def _drafted_for(tx: Transaction, case: CaseFacts, kind: WhistleKind) -> str | None:
    """The organization whose whistle it is: a DEPARTMENT whistle is its LEAD's or a CO's, any other one the street's."""
    if kind is not WhistleKind.DEPARTMENT:
        if CASE_MACHINE.acting_role("draftWhistle", case, tx.actor) is Role.DEPT_HANDLER:
            raise NotPermitted("部门只能起草部门哨", "a department drafts a DEPARTMENT whistle only")
        return None
    at_work = (a for a in case.active if a.role is not AssignmentRole.INFORM)
    own = [a.organization_code for a in at_work if a.organization_code in tx.actor.organizations]
    if not own:
        raise NotPermitted(
            "部门哨须由本案主办、协办单位起草", "a DEPARTMENT whistle is drafted by a LEAD or CO of the case"
        )
    return own[0]


async def _check_assembly(tx: Transaction, facts: WhistleFacts) -> None:
    """Who is to arrive at the meeting time has one to come (C.5 rule 5)."""
    limits = tx.ground.rulebook.whistles.of(facts.kind)
    if limits.arrive is not None or not limits.arrive_at_assembly:
        return
    if await tx.connection.fetchval(_ASSEMBLY_PASSED, tx.county, facts.id, tx.now):
        WHISTLE_MACHINE.conflict(
            "集结时间已过，请退回修改", "the time to gather has passed; send it back", facts, tx.actor
        )


async def _name_parties(tx: Transaction, case: CaseFacts, whistle_id: UUID, parties: Sequence[PartyInput]) -> None:
    rows = [(tx.county, whistle_id, party.organization_code, case.id, str(party.role)) for party in parties]
    await tx.connection.executemany(_NAME_PARTY, rows)


async def _decide(tx: Transaction, facts: WhistleFacts, state: WhistleState, text: str | None) -> None:
    faults = Faults()
    opinion = optional_text(faults, "text", text, tx.ground.rulebook.texts.reason)
    faults.check()
    await tx.connection.execute(_DECIDE, tx.county, facts.id, str(state), tx.actor.account_id, tx.now, opinion)
