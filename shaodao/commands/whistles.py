"""Whistles 哨: drafting and approving them, withdrawing them, and their departments (reference C.1.5, C.4)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from shaodao.commands import clocks
from shaodao.commands.blowing import Blowing, blow
from shaodao.commands.checking import check_future, checked_text, only_text, optional_text
from shaodao.commands.dispatching import PartyInput, check_parties
from shaodao.commands.facts import lock_case, lock_whistle
from shaodao.commands.history import Entry, record
from shaodao.commands.steps import WhistleStep, record_whistle, whistle_outcome
from shaodao.commands.transaction import Outcome, Transaction
from shaodao.domain.case_machine import CASE_MACHINE
from shaodao.domain.errors import Faults, NotPermitted
from shaodao.domain.facts import CaseFacts, WhistleFacts
from shaodao.domain.vocabulary import AssignmentRole, ClockKind, WhistleKind, WhistleReason, WhistleState
from shaodao.domain.whistle_machine import WHISTLE_MACHINE

_DRAFT = """
INSERT INTO whistle (
    county_code, id, case_id, number, street_code, community_code, grid_code, kind, reason_kind, reason, self_effort,
    duty_basis, place, assemble_at, remote_allowed, complex, state, drafted_by, drafted_at, updated_at, template_code
) SELECT $1, $2, $3,
    $4 || '-W' || (SELECT count(*) + 1 FROM whistle w WHERE w.county_code = $1 AND w.case_id = $3),
    street_code, community_code, grid_code, $5, $6, $7, $8, $9, $10, $11, $12, $13, 'DRAFTED', $14, $15, $15, $16
FROM case_file WHERE county_code = $1 AND id = $3 RETURNING number
"""
_REVISE = """
UPDATE whistle SET kind = $3, reason_kind = $4, reason = $5, self_effort = $6, duty_basis = $7, place = $8, assemble_at = $9,
    remote_allowed = $10, complex = $11, version = version + 1, updated_at = $12
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


@dataclass(frozen=True)
class WhistleInput:
    """A whistle as it is drafted. ``self_effort`` 街道已做工作 and ``duty_basis`` may miss in an EMERGENCY only.

    ``assemble_at`` 集结时间 is to come; ``remote_allowed``: handling from afar counts as arriving; ``complex``: the longer
    limit of the result applies (C.5 rule 5).
    """

    kind: WhistleKind
    reason_kind: WhistleReason
    reason: str
    parties: Sequence[PartyInput]
    self_effort: str | None = None
    duty_basis: str | None = None
    place: str | None = None
    assemble_at: datetime | None = None
    remote_allowed: bool = False
    complex: bool = False


async def draft(tx: Transaction, case_id: UUID, given: WhistleInput, *, expected_version: int | None = None) -> Outcome:
    """Draft a whistle 起草吹哨 for a case that the street cannot solve alone (C.9 point 2)."""
    case = await lock_case(tx, case_id, expected_version)
    CASE_MACHINE.decide("draftWhistle", case, tx.actor)
    whistle_id, number = await write_draft(tx, case, await _checked(tx, case, given))
    text = f"{tx.actor.name}起草{given.kind.label} {number}"
    await record(tx, case.id, Entry("draftWhistle", text, whistle_id=whistle_id, to_state=str(WhistleState.DRAFTED)))
    return await whistle_outcome(tx, whistle_id)


async def write_draft(
    tx: Transaction, case: CaseFacts, checked: WhistleInput, template: str | None = None
) -> tuple[UUID, str]:
    """Write the whistle as DRAFTED with its parties, from a checked input; answers its id and number."""
    if tx.actor.account_id is None:
        raise NotPermitted("须以个人账号起草", "a whistle is drafted by a person's account")
    whistle_id = tx.new_id()
    number = await tx.connection.fetchval(
        _DRAFT, tx.county, whistle_id, case.id, case.number, str(checked.kind), str(checked.reason_kind), checked.reason,
        checked.self_effort, checked.duty_basis, checked.place, checked.assemble_at, checked.remote_allowed, checked.complex,
        tx.actor.account_id, tx.now, template,
    )  # fmt: skip
    await _name_parties(tx, case, whistle_id, checked.parties)
    return whistle_id, str(number)


async def revise(
    tx: Transaction, whistle_id: UUID, given: WhistleInput, *, expected_version: int | None = None
) -> Outcome:
    """Put another content in the place of a draft's 修改."""
    facts = await lock_whistle(tx, whistle_id, expected_version)
    WHISTLE_MACHINE.decide("revise", facts, tx.actor)
    new = await _checked(tx, facts.case, given)
    await tx.connection.execute(
        _REVISE, tx.county, whistle_id, str(new.kind), str(new.reason_kind), new.reason, new.self_effort, new.duty_basis,
        new.place, new.assemble_at, new.remote_allowed, new.complex, tx.now,
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
    """Approve and blow 批准吹哨: the departments are notified in the same transaction."""
    facts = await lock_whistle(tx, whistle_id, expected_version)
    WHISTLE_MACHINE.decide("approve", facts, tx.actor)
    await _decide(tx, facts, WhistleState.BLOWN, text)
    what = f"{tx.actor.name}批准{facts.kind.label} {facts.number}"
    await blow(tx, facts, Blowing("approve", "approveWhistle", what, await parties_of(tx, whistle_id)))
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


async def _checked(tx: Transaction, case: CaseFacts, given: WhistleInput) -> WhistleInput:
    """The input with its texts cleaned. Raises InvalidInput with every fault of its fields, or those of its parties."""
    faults, texts = Faults(), tx.ground.rulebook.texts
    emergency = given.kind is WhistleKind.EMERGENCY
    demanded = optional_text if emergency else _demanded_text
    checked = WhistleInput(
        kind=given.kind,
        reason_kind=given.reason_kind,
        reason=checked_text(faults, "reason", given.reason, texts.reason),
        parties=tuple(given.parties),
        self_effort=demanded(faults, "selfEffort", given.self_effort, texts.explanation),
        duty_basis=demanded(faults, "dutyBasis", given.duty_basis, texts.reason),
        place=optional_text(faults, "place", given.place, texts.address),
        assemble_at=given.assemble_at,
        remote_allowed=given.remote_allowed,
        complex=given.complex,
    )
    check_future(faults, "assembleAt", given.assemble_at, tx.now)
    faults.check()
    await check_parties(tx, case, checked.parties, lead_named=True)
    return checked


def _demanded_text(faults: Faults, path: str, text: str | None, limit: int) -> str | None:
    return checked_text(faults, path, text or "", limit)


async def _name_parties(tx: Transaction, case: CaseFacts, whistle_id: UUID, parties: Sequence[PartyInput]) -> None:
    rows = [(tx.county, whistle_id, party.organization_code, case.id, str(party.role)) for party in parties]
    await tx.connection.executemany(_NAME_PARTY, rows)


async def _decide(tx: Transaction, facts: WhistleFacts, state: WhistleState, text: str | None) -> None:
    faults = Faults()
    opinion = optional_text(faults, "text", text, tx.ground.rulebook.texts.reason)
    faults.check()
    await tx.connection.execute(_DECIDE, tx.county, facts.id, str(state), tx.actor.account_id, tx.now, opinion)
