"""Verifying what an organization reported 核查 (reference C.3, C.4): never by somebody who handled it."""

from uuid import UUID

from shaodao.commands import clocks, notices, stored_clocks
from shaodao.commands.assignments import finish
from shaodao.commands.checking import only_text
from shaodao.commands.facts import lock_assignment
from shaodao.commands.steps import AssignmentStep
from shaodao.commands.supervising import Against, Measure, investigate
from shaodao.commands.transaction import Outcome, Transaction
from shaodao.domain.assignment_machine import ASSIGNMENT_MACHINE
from shaodao.domain.clock_changes import Handover
from shaodao.domain.errors import NotPermitted
from shaodao.domain.facts import AssignmentFacts
from shaodao.domain.vocabulary import AssignmentState, ClockKind, EscalationStage, VerificationMethod

_CHECK = """
INSERT INTO verification (
    county_code, id, case_id, assignment_id, organization_code, verifier_id, field_check, method, passed, text, verified_at
) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
"""
_VERIFIED = """
UPDATE assignment SET state = 'VERIFIED', verified_at = $3, verified_by = $4, version = version + 1, updated_at = $3
WHERE county_code = $1 AND id = $2
"""
_RETURNED = """
UPDATE assignment SET state = 'RETURNED', reported_at = NULL, returned_count = returned_count + 1, version = version + 1,
    updated_at = $3
WHERE county_code = $1 AND id = $2
"""


async def file_field_check(
    tx: Transaction, assignment_id: UUID, method: VerificationMethod, passed: bool, text: str, *,
    expected_version: int | None = None,
) -> Outcome:  # fmt: skip
    """A grid worker or chief says what the scene looks like 现场核查; the dispatcher decides (C.3 close).

    Raises InvalidInput at ``text``, NotPermitted, StateConflict.
    """
    facts = await lock_assignment(tx, assignment_id, expected_version)
    ASSIGNMENT_MACHINE.decide("fileFieldCheck", facts, tx.actor)
    seen = only_text("text", text, tx.ground.rulebook.texts.reason)
    check_id = await _write(tx, facts, method, seen, passed=passed, field_check=True)
    verdict = "通过" if passed else "不通过"
    what = f"{tx.actor.name}现场核查{facts.called}的反馈（{method.label}）：{verdict}"
    step = AssignmentStep("fileFieldCheck", "fileFieldCheck", what, payload={"passed": passed}, detail=seen)
    return await finish(tx, facts, step, record_id=check_id)


async def verify(
    tx: Transaction, assignment_id: UUID, method: VerificationMethod, text: str, *, expected_version: int | None = None
) -> Outcome:
    """Find a report right 核查通过. Raises InvalidInput at ``text``, NotPermitted, StateConflict."""
    facts = await lock_assignment(tx, assignment_id, expected_version)
    ASSIGNMENT_MACHINE.decide("verify", facts, tx.actor)
    found = only_text("text", text, tx.ground.rulebook.texts.reason)
    check_id = await _write(tx, facts, method, found, passed=True)
    await tx.connection.execute(_VERIFIED, tx.county, assignment_id, tx.now, tx.actor.account_id)
    what = f"{tx.actor.name}核查通过{facts.called}的反馈（{method.label}）"
    step = AssignmentStep("verify", "verifyReport", what, AssignmentState.VERIFIED, public=True, detail=found)
    return await finish(tx, facts, step, record_id=check_id)


async def return_report(
    tx: Transaction, assignment_id: UUID, method: VerificationMethod, text: str, *, expected_version: int | None = None
) -> Outcome:
    """Return a report 退回重办: the result clock goes on, it is not reset (C.9 point 6).

    Where the whistle wants reports at a cycle, the next one is awaited from now. From the rulebook's ``returns_before_supervision`` on the county is told, and the district asked to investigate. Raises InvalidInput at ``text``, NotPermitted,
    StateConflict.
    """
    facts = await lock_assignment(tx, assignment_id, expected_version)
    ASSIGNMENT_MACHINE.decide("returnReport", facts, tx.actor)
    reason = only_text("text", text, tx.ground.rulebook.texts.reason)
    check_id = await _write(tx, facts, method, reason, passed=False)
    await tx.connection.execute(_RETURNED, tx.county, assignment_id, tx.now)
    await clocks.go_on(tx, facts.case.id, ClockKind.RESULT, assignment_id)
    await notices.await_next_report(tx, facts)
    await clocks.tell_continued(tx, facts.case.id, Handover.RETURNED, assignment_id)
    name, returned = facts.called, facts.returned_count + 1
    step = AssignmentStep(
        "returnReport", "returnReport", f"{tx.actor.name}退回{name}的反馈（第{returned}次）", AssignmentState.RETURNED,
        public=True, hook="on_return", detail=reason, payload={"reason": reason, "returned_count": returned},
    )  # fmt: skip
    outcome = await finish(tx, facts, step, rework=True, record_id=check_id)
    if returned >= tx.ground.rulebook.rounds.returns_before_supervision:
        await _investigate(tx, facts, f"{name}的反馈已被退回{returned}次，提请区政府调查督办")
    return outcome


async def _write(
    tx: Transaction,
    facts: AssignmentFacts,
    method: VerificationMethod,
    text: str,
    *,
    passed: bool,
    field_check: bool = False,
) -> UUID:
    if tx.actor.account_id is None:
        raise NotPermitted("须以个人账号核查", "a person's account verifies")
    check_id = tx.new_id()
    await tx.connection.execute(
        _CHECK, tx.county, check_id, facts.case.id, facts.id, facts.organization_code, tx.actor.account_id, field_check,
        str(method), passed, text, tx.now,
    )  # fmt: skip
    return check_id


async def _investigate(tx: Transaction, facts: AssignmentFacts, text: str) -> None:
    """The county sees the case from now on, and asks the district to investigate, until the next report (C.6, C.7)."""
    clock = await stored_clocks.newest(tx, ClockKind.RESULT, facts.case.id, facts.round, facts.id)
    assert clock is not None, "a report ends a result clock"
    measure = Measure(EscalationStage.DISTRICT_INVESTIGATION, text, clock.kind, clock.id, clock.due_at)
    against = Against(
        facts.id, facts.organization_code, facts.whistle_id, facts.whistle_kind, agent=facts.agent_id is not None
    )
    await investigate(tx, facts.case.id, against, measure)
