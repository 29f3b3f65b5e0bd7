"""Leaving a follow-up out of the rates 剔除: by two people, with evidence (reference B.2)."""

from uuid import UUID

from shaodao.commands import clocks
from shaodao.commands.case_steps import CaseStep, case_outcome, decide_case, record_case
from shaodao.commands.checking import checked_text, only_text
from shaodao.commands.transaction import Outcome, Transaction
from shaodao.domain.case_vocabulary import Decision, ExclusionReason
from shaodao.domain.errors import Faults, NotPermitted
from shaodao.domain.facts import CaseFacts, FollowUpBrief
from shaodao.domain.vocabulary import ClockKind

_PROPOSE = """
UPDATE follow_up SET exclusion_kind = $3, exclusion_reason = $4, exclusion_evidence = $5, exclusion_proposed_by = $6,
    exclusion_proposed_at = $7, exclusion_decided_at = NULL
WHERE county_code = $1 AND id = $2
"""
_GRANT = """
UPDATE follow_up SET excluded = true, exclusion_approved_by = ARRAY[exclusion_proposed_by, $3::uuid],
    exclusion_decided_by = $3, exclusion_decided_at = $4
WHERE county_code = $1 AND id = $2
"""
# Another proposal may follow; what was refused stands in the history.
_REFUSE = """
UPDATE follow_up SET exclusion_kind = NULL, exclusion_reason = NULL, exclusion_evidence = NULL, exclusion_proposed_by = NULL,
    exclusion_proposed_at = NULL, exclusion_decided_by = $3, exclusion_decided_at = $4
WHERE county_code = $1 AND id = $2
"""
_TOUCH = "UPDATE case_file SET version = version + 1, updated_at = $3 WHERE county_code = $1 AND id = $2"


async def propose_exclusion(
    tx: Transaction, case_id: UUID, *, kind: ExclusionReason, reason: str, evidence: str, expected_version: int | None = None
) -> Outcome:  # fmt: skip
    """Propose to leave the newest follow-up of this round out of the rates 申请剔除; another person decides.

    A call that reached nobody may be left out too, and only such a one as NO_CONTACT. Raises InvalidInput at ``kind``,
    ``reason`` and ``evidence``, NotPermitted (also for somebody without an account: it takes two people), StateConflict (no
    call that counts, one waits).
    """
    facts = await decide_case(tx, "proposeExclusion", case_id, expected_version)
    if tx.actor.account_id is None:
        raise NotPermitted("须以个人账号申请剔除", "a person's account proposes an exclusion")
    faults, limits = Faults(), tx.ground.rulebook.texts
    why = checked_text(faults, "reason", reason, limits.reason)
    proof = checked_text(faults, "evidence", evidence, limits.explanation)
    call = _call(facts)
    if kind is ExclusionReason.NO_CONTACT and call.contacted:
        faults.add("kind", "该次回访已联系上，不能以“无法联系”剔除", "that call reached the reporter")
    faults.check()
    await tx.connection.execute(
        _PROPOSE, tx.county, call.id, str(kind), why, proof, tx.actor.account_id, tx.now
    )  # fmt: skip
    await tx.connection.execute(_TOUCH, tx.county, case_id, tx.now)
    sentence = f"{tx.actor.name}申请剔除回访（{kind.label}）"
    detail = f"理由：{why}；依据：{proof}"
    step = CaseStep(
        "proposeExclusion", "proposeExclusion", sentence, public=False, detail=detail, payload={"kind": str(kind)}
    )
    await record_case(tx, facts, step)
    return await case_outcome(tx, case_id, call.id)


async def decide_exclusion(
    tx: Transaction, case_id: UUID, *, granted: bool, text: str, expected_version: int | None = None
) -> Outcome:
    """Decide the proposal 审批剔除: by a leader or the county, never by who proposed it. A granted one leaves the rates.

    After a granted one that reached nobody no further call is owed; the case stays CLOSED until it is archived.
    Raises InvalidInput at ``text``, NotPermitted, StateConflict.
    """
    facts = await decide_case(tx, "decideExclusion", case_id, expected_version)
    why = only_text("text", text, tx.ground.rulebook.texts.reason)
    call = _call(facts)
    await tx.connection.execute(_GRANT if granted else _REFUSE, tx.county, call.id, tx.actor.account_id, tx.now)
    if granted:
        await clocks.stop(tx, case_id, ClockKind.FOLLOW_UP)
    await tx.connection.execute(_TOUCH, tx.county, case_id, tx.now)
    decision = Decision.GRANTED if granted else Decision.REFUSED
    sentence = f"{tx.actor.name}{decision.label}剔除回访"
    step = CaseStep(
        "decideExclusion", "decideExclusion", sentence, public=False, detail=why, payload={"decision": str(decision)}
    )
    await record_case(tx, facts, step)
    return await case_outcome(tx, case_id, call.id)


def _call(facts: CaseFacts) -> FollowUpBrief:
    """The follow-up that the machine has found."""
    assert facts.follow_up is not None
    return facts.follow_up
