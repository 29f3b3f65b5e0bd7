"""The computed steps of C.3 and C.4: after an assignment's step, where its whistle and its case stand now."""

from uuid import UUID

from shaodao.commands import clocks
from shaodao.commands.facts import read_case, read_whistle
from shaodao.commands.history import Entry, record
from shaodao.commands.transaction import Transaction
from shaodao.domain.case_guards import owing
from shaodao.domain.case_machine import computed_case_state
from shaodao.domain.facts import CaseFacts, WhistleFacts
from shaodao.domain.vocabulary import CaseState, ClockKind, Role, WhistleState
from shaodao.domain.whistle_machine import computed_whistle_state

_MOVE_WHISTLE = """
UPDATE whistle SET state = $3, version = version + 1, updated_at = $4,
    gathered_at = CASE WHEN $3 IN ('GATHERING', 'HANDLING') THEN coalesce(gathered_at, $4) ELSE gathered_at END,
    reported_at = CASE WHEN $3 = 'REPORTED' THEN $4 WHEN $3 = 'HANDLING' THEN NULL ELSE reported_at END,
    verified_at = CASE WHEN $3 = 'VERIFIED' THEN $4 WHEN $3 = 'HANDLING' THEN NULL ELSE verified_at END
WHERE county_code = $1 AND id = $2
"""
_MOVE_CASE = """
UPDATE case_file SET state = $3, version = version + 1, updated_at = $4, handled_at = $5, rework_count = rework_count + $6
WHERE county_code = $1 AND id = $2
"""


async def advance(tx: Transaction, case_id: UUID, whistle_id: UUID | None, *, rework: bool = False) -> CaseFacts:
    """Move the whistle and the case to where their assignments have brought them; answers the case's new facts.

    ``rework``: a report was returned, so the case counts one more round of work 返工.
    """
    if whistle_id is not None:
        await _advance_whistle(tx, await read_whistle(tx, whistle_id))
    facts = await read_case(tx, case_id)
    target = computed_case_state(facts.state, facts.active)
    if target is not facts.state:
        await _advance_case(tx, facts, target, rework)
        facts = await read_case(tx, case_id)
    return facts


async def _advance_whistle(tx: Transaction, facts: WhistleFacts) -> None:
    target = computed_whistle_state(facts.state, facts.active, facts.remote_allowed)
    if target is facts.state:
        return
    await tx.connection.execute(_MOVE_WHISTLE, tx.county, facts.id, str(target), tx.now)
    entry = Entry(
        "whistleProgressed", _whistle_text(facts, target), public=True, whistle_id=facts.id, role=Role.SYSTEM,
        from_state=str(facts.state), to_state=str(target),
    )  # fmt: skip
    await record(tx, facts.case.id, entry)


async def _advance_case(tx: Transaction, facts: CaseFacts, target: CaseState, rework: bool) -> None:
    reported = [a.reported_at for a in owing(facts.active) if a.reported_at]
    handled_at = max(reported, default=tx.now) if target is CaseState.VERIFYING else None
    returned = rework and facts.state is CaseState.VERIFYING
    await tx.connection.execute(_MOVE_CASE, tx.county, facts.id, str(target), tx.now, handled_at, int(returned))
    await _move_clocks(tx, facts, target)
    entry = Entry(
        "caseProgressed", f"案件进入“{target.label}”", public=True, role=Role.SYSTEM,
        from_state=str(facts.state), to_state=str(target),
    )  # fmt: skip
    await record(tx, facts.id, entry)


async def _move_clocks(tx: Transaction, facts: CaseFacts, target: CaseState) -> None:
    """The handling clock stops with the last report and goes on with rework; verification has a clock of its own (C.3)."""
    if target is CaseState.VERIFYING:
        await clocks.stop(tx, facts.id, ClockKind.HANDLING)
        limit = tx.ground.rulebook.verification_limits.of(facts.urgency)
        await clocks.start(tx, ClockKind.VERIFICATION, facts.id, limit, "verification", case_round=facts.round)
    elif facts.state is CaseState.VERIFYING:
        await clocks.stop(tx, facts.id, ClockKind.VERIFICATION)
        await clocks.go_on(tx, facts.id, ClockKind.HANDLING)


def _whistle_text(facts: WhistleFacts, target: WhistleState) -> str:
    return f"哨 {facts.number} 进入“{target.label}”"
