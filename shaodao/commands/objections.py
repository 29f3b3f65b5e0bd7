"""Dispatch objections 派单异议 and their rulings (reference C.4 raiseObjection, decideObjection; C.5 rule 6; L-21 to L-29)."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from shaodao.commands import clocks, notices
from shaodao.commands.assignments import finish, is_late
from shaodao.commands.blowing import settle
from shaodao.commands.checking import checked_text, optional_text
from shaodao.commands.dispatching import Assigned, PartyInput, active_of, assign, described
from shaodao.commands.facts import lock_assignment, read_case, read_whistle
from shaodao.commands.history import Entry, Hearer, record
from shaodao.commands.progress import advance
from shaodao.commands.steps import AssignmentStep, assignment_outcome, record_assignment
from shaodao.commands.transaction import Outcome, Transaction
from shaodao.commands.whistle_parties import call_lead, party_of
from shaodao.domain.assignment_machine import ASSIGNMENT_MACHINE
from shaodao.domain.case_vocabulary import Approver, Decision
from shaodao.domain.clock_changes import Handover
from shaodao.domain.deadlines import overdue
from shaodao.domain.errors import Faults
from shaodao.domain.facts import AssignmentFacts
from shaodao.domain.objections import arbiter_of, objection_window, state_after_refusal, window_passed
from shaodao.domain.vocabulary import AssignmentRole, AssignmentState, ClockKind, ObjectionReason

_PATH = "reassignTo"
_ROUNDS = "SELECT objection_rounds FROM assignment WHERE county_code = $1 AND id = $2"
_REFUSED_AT = """
SELECT max(decided_at) FROM dispatch_objection
WHERE county_code = $1 AND assignment_id = $2 AND decision = 'REFUSED'
"""
_RAISE = """
INSERT INTO dispatch_objection (
    county_code, id, case_id, assignment_id, organization_code, reason_kind, text, evidence, round, arbiter, raised_by,
    raised_at, decision_due_at
) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
"""
# Objecting answers the notice: late or not is judged now, and nobody signs for it besides.
_OBJECTED = """
UPDATE assignment SET state = 'OBJECTED', objection_rounds = $4, late_acknowledge = late_acknowledge OR $5,
    version = version + 1, updated_at = $3
WHERE county_code = $1 AND id = $2
"""
_INFORM_COUNTY = """
UPDATE case_file SET county_informed_at = coalesce(county_informed_at, $3) WHERE county_code = $1 AND id = $2
"""
_WAITING = """
SELECT id, round, raised_at, raised_by FROM dispatch_objection
WHERE county_code = $1 AND assignment_id = $2 AND decision IS NULL ORDER BY raised_at DESC, id DESC LIMIT 1
"""
_DECIDE = """
UPDATE dispatch_objection SET decision = $3, decided_by = $4, decided_at = $5, decision_text = $6, reassigned_to = $7
WHERE county_code = $1 AND id = $2
"""
_STANDS = """
UPDATE assignment SET state = $3, acknowledged_at = coalesce(acknowledged_at, $5),
    acknowledged_by = CASE WHEN acknowledged_at IS NULL THEN $6 ELSE acknowledged_by END,
    directed = $7, version = version + 1, updated_at = $4
WHERE county_code = $1 AND id = $2
"""
_REASSIGN = """
UPDATE assignment SET state = 'REASSIGNED', version = version + 1, updated_at = $3
WHERE county_code = $1 AND id = $2 RETURNING evidence_required
"""
# The rounds go with the part in the case, whoever has it: else it would be handed round without end.
_TAKE_OVER = """
UPDATE assignment SET objection_rounds = greatest(objection_rounds, $3), directed = directed OR $4,
    evidence_required = evidence_required OR $5
WHERE county_code = $1 AND id = $2
"""
_KNOWN = "SELECT EXISTS (SELECT 1 FROM organizations WHERE code = $1)"


@dataclass(frozen=True)
class Ruling:
    """A ruling 裁定. ``granted`` names who takes the assignment over, ``reassign_to``, and by which duty (L-29)."""

    granted: bool
    text: str
    reassign_to: str | None = None
    duty_basis: str | None = None


async def raise_objection(
    tx: Transaction, assignment_id: UUID, *, reason_kind: ObjectionReason, text: str, evidence: str | None = None,
    expected_version: int | None = None,
) -> Outcome:  # fmt: skip
    """Object to the assignment 派单异议, within the window (C.5 rule 6) and the rulebook's rounds.

    The window is counted from the notice, in an emergency from the arrival 先到场、后争议, after a refusal from that. The
    street decides the first round, the county the later ones, each within the rulebook's ``objection_decisions``. Until
    then nobody is awaited on the scene, but the clocks of the case and of the result run on (C.5 rule 9). The outcome's
    ``record_id`` is the objection's. Raises InvalidInput at ``text`` and ``evidence``, NotPermitted, StateConflict (also
    when the window has passed, named in the message).
    """
    facts = await lock_assignment(tx, assignment_id, expected_version)
    ASSIGNMENT_MACHINE.decide("raiseObjection", facts, tx.actor)
    round_ = await _next_round(tx, facts)
    await _check_window(tx, facts)
    faults, texts = Faults(), tx.ground.rulebook.texts
    said = checked_text(faults, "text", text, texts.explanation)
    proof = optional_text(faults, "evidence", evidence, texts.explanation)
    faults.check()
    decided_until = await _await_ruling(tx, facts, round_)
    objection_id, arbiter = tx.new_id(), arbiter_of(round_)
    await tx.connection.execute(
        _RAISE, tx.county, objection_id, facts.case.id, assignment_id, facts.organization_code, str(reason_kind), said, proof,
        round_, str(arbiter), tx.actor.account_id, tx.now, decided_until,
    )  # fmt: skip
    told = f"{facts.called}提出派单异议（{reason_kind.label}），由{arbiter.label}裁定"
    step = AssignmentStep(
        "raiseObjection", "raiseObjection", told, AssignmentState.OBJECTED, detail="；".join(filter(None, (said, proof))),
        payload={"objection_id": str(objection_id), "reason": str(reason_kind), "round": round_},
    )  # fmt: skip
    return await finish(tx, facts, step, record_id=objection_id)


async def decide_objection(
    tx: Transaction, assignment_id: UUID, ruling: Ruling, *, expected_version: int | None = None
) -> Outcome:
    """Decide the objection that waits 裁定异议; never by the objector.

    Granted, the assignment is REASSIGNED and another organization is called in the same role, whistle and round; a case
    whose LEAD it was keeps its state and its clock. Refused, it stands as signed for, or on the scene. When the rounds are
    used up, whoever has it now is directed 指定办理. The outcome's ``record_id`` is the objection's. Raises InvalidInput at
    ``text``, ``reassignTo`` (missing, unknown, the objector, already at work in that part) and ``dutyBasis``, NotPermitted,
    StateConflict.
    """
    facts = await lock_assignment(tx, assignment_id, expected_version)
    ASSIGNMENT_MACHINE.decide("decideObjection", facts, tx.actor)
    checked = await _checked(tx, facts, ruling)
    objection = await tx.connection.fetchrow(_WAITING, tx.county, assignment_id)
    assert objection is not None, "an OBJECTED assignment has an objection that waits"
    await tx.connection.execute(
        _DECIDE, tx.county, objection["id"], str(Decision.GRANTED if checked.granted else Decision.REFUSED),
        tx.actor.account_id, tx.now, checked.text, checked.reassign_to,
    )  # fmt: skip
    await clocks.stop(tx, facts.case.id, ClockKind.OBJECTION, assignment_id=assignment_id)
    directed = objection["round"] >= tx.ground.rulebook.rounds.objection
    if checked.reassign_to is not None:
        await _grant(tx, facts, checked, checked.reassign_to, objection["round"], directed=directed)
    else:
        await _refuse(tx, facts, checked, objection, directed=directed)
    return await assignment_outcome(tx, assignment_id, objection["id"])


async def _next_round(tx: Transaction, facts: AssignmentFacts) -> int:
    used: int = await tx.connection.fetchval(_ROUNDS, tx.county, facts.id)
    if used >= tx.ground.rulebook.rounds.objection:
        ASSIGNMENT_MACHINE.conflict("异议轮次已用完", "the rounds of objection are used up", facts, tx.actor)
    return used + 1


async def _check_window(tx: Transaction, facts: AssignmentFacts) -> None:
    refused_at: datetime | None = await tx.connection.fetchval(_REFUSED_AT, tx.county, facts.id)
    until = objection_window(facts, tx.ground.rulebook, tx.ground.calendar, refused_at).at
    if overdue(tx.now, until):
        passed = window_passed(until)
        ASSIGNMENT_MACHINE.conflict(passed.message, passed.english, facts, tx.actor)


async def _await_ruling(tx: Transaction, facts: AssignmentFacts, round_: int) -> datetime:
    """Hold what the organization owes on the scene, and start the arbiter's clock; answers its due instant."""
    late = facts.acknowledged_at is None and is_late(tx, facts.acknowledge_due_at)
    await tx.connection.execute(_OBJECTED, tx.county, facts.id, tx.now, round_, late)
    await clocks.stop(tx, facts.case.id, ClockKind.ACKNOWLEDGE, ClockKind.ARRIVE, assignment_id=facts.id)
    if arbiter_of(round_) is Approver.COUNTY_GRID_OFFICE:
        await tx.connection.execute(_INFORM_COUNTY, tx.county, facts.case.id, tx.now)
    urgency = facts.case.urgency
    reckoned = await clocks.start(
        tx, ClockKind.OBJECTION, facts.case.id, tx.ground.rulebook.objection_decisions.of(urgency), f"objection_decisions.{urgency}",
        whistle_id=facts.whistle_id, assignment_id=facts.id, organization_code=facts.organization_code, case_round=facts.round,
    )  # fmt: skip
    return reckoned.at


async def _checked(tx: Transaction, facts: AssignmentFacts, ruling: Ruling) -> Ruling:
    faults, texts = Faults(), tx.ground.rulebook.texts
    text = checked_text(faults, "text", ruling.text, texts.explanation)
    taker, basis = None, None
    if ruling.granted:
        taker = await _checked_taker(tx, faults, facts, ruling.reassign_to)
        basis = checked_text(faults, "dutyBasis", ruling.duty_basis or "", texts.reason)
    else:
        for path, given in ((_PATH, ruling.reassign_to), ("dutyBasis", ruling.duty_basis)):
            if given is not None:
                faults.add(path, "仅同意异议时填写", "only a granted objection names it")
    faults.check()
    return Ruling(ruling.granted, text, taker, basis)


async def _checked_taker(tx: Transaction, faults: Faults, facts: AssignmentFacts, code: str | None) -> str | None:
    """Who takes over: an organization that is not the objector, nor at work already in as great a part."""
    present = None if code is None else active_of(facts.case, code)
    if code is None:
        faults.add(_PATH, "同意异议须同时指明改派单位", "a granted objection names who takes over")
    elif code == facts.organization_code:
        faults.add(_PATH, "不能改派给提出异议的单位", "the objector cannot take over from itself")
    elif not await tx.connection.fetchval(_KNOWN, code):
        faults.add(_PATH, f"没有代码为 {code} 的单位", f"there is no organization {code}")
    elif present is not None and not _takes_more_on(present.role, facts.role):
        faults.add(_PATH, "该单位已在办理本案", "the organization is at work in the case already")
    return code


def _takes_more_on(present: AssignmentRole, offered: AssignmentRole) -> bool:
    """A CO may take the lead over, and who was only informed any part."""
    return present is AssignmentRole.INFORM or (offered is AssignmentRole.LEAD and present is AssignmentRole.CO)


async def _grant(
    tx: Transaction, facts: AssignmentFacts, ruling: Ruling, taker: str, round_: int, *, directed: bool
) -> None:
    evidence_required = await tx.connection.fetchval(_REASSIGN, tx.county, facts.id, tx.now)
    await notices.end(tx, facts.case.id, facts.id)
    new = await _hand_on(tx, facts, taker, ruling.duty_basis)
    await tx.connection.execute(_TAKE_OVER, tx.county, new.assignment_id, round_, directed, evidence_required)
    await clocks.tell_continued(tx, facts.case.id, Handover.REASSIGNED, facts.id)
    text = f"{tx.actor.name}同意{facts.called}的异议，改派{described([new])}"
    # Of no single organization: also who takes over has it in its history and its inbox.
    entry = Entry(
        "decideObjection", text + _directed(directed), public=True, whistle_id=facts.whistle_id, assignment_id=facts.id,
        from_state=str(facts.state), to_state=str(AssignmentState.REASSIGNED), detail=f"{ruling.text}；依据：{ruling.duty_basis}",
        role=ASSIGNMENT_MACHINE.acting_role("decideObjection", facts, tx.actor),
        payload={"accepted": True, "reason": ruling.text, "reassigned_to": taker},
        hearers=[Hearer(facts.id, facts.organization_code, "on_objection_decided"), new.hearer],
    )  # fmt: skip
    await record(tx, facts.case.id, entry)
    await settle(tx, facts.case.id)
    await advance(tx, facts.case.id, None)


async def _hand_on(tx: Transaction, facts: AssignmentFacts, taker: str, duty_basis: str | None) -> Assigned:
    """Call who takes over, in the same role, whistle and round; ``facts`` are those from before."""
    whistle = None if facts.whistle_id is None else await read_whistle(tx, facts.whistle_id)
    if whistle is not None and facts.role is AssignmentRole.LEAD and party_of(whistle, taker) is not None:
        return await call_lead(tx, whistle, taker, path=_PATH, duty_basis=duty_basis)
    case = await read_case(tx, facts.case.id)
    parties = [PartyInput(taker, facts.role)]
    return (await assign(tx, case, parties, duty_basis=duty_basis, whistle=whistle, path=_PATH))[0]


async def _refuse(tx: Transaction, facts: AssignmentFacts, ruling: Ruling, objection: Any, *, directed: bool) -> None:
    state = state_after_refusal(facts)
    await tx.connection.execute(
        _STANDS, tx.county, facts.id, str(state), tx.now, objection["raised_at"], objection["raised_by"], directed
    )
    if facts.arrived_at is None and facts.whistle_id is not None:
        whistle = await read_whistle(tx, facts.whistle_id)
        await notices.await_arrival_anew(tx, whistle.case, whistle, facts.id)
    text = f"{tx.actor.name}不同意{facts.called}的异议{_directed(directed)}"
    step = AssignmentStep(
        "decideObjection", "decideObjection", text, state, hook="on_objection_decided", detail=ruling.text,
        payload={"accepted": False, "reason": ruling.text, "directed": directed},
    )  # fmt: skip
    await record_assignment(tx, facts, step)


def _directed(directed: bool) -> str:
    return "（指定办理）" if directed else ""
