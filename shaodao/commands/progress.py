"""The computed steps of C.3 and C.4: after an assignment's step, where its whistle and its case stand now."""

from dataclasses import dataclass
from uuid import UUID

import msgspec

from shaodao.commands import clocks
from shaodao.commands.facts import BRIEFS
from shaodao.commands.history import Entry, record
from shaodao.commands.transaction import Transaction
from shaodao.domain.case_guards import owing
from shaodao.domain.case_machine import computed_case_state
from shaodao.domain.facts import AssignmentBrief, active
from shaodao.domain.vocabulary import CaseState, ClockKind, Role, Urgency, WhistleState
from shaodao.domain.whistle_machine import computed_whistle_state

_STANDING = f"""
SELECT row_to_json(standing) FROM (
    SELECT c.id, c.state, c.urgency, c.round,
        {BRIEFS.replace("{where}", "b.county_code = $1 AND b.case_id = $2 AND b.round = c.round")} AS assignments,
        (SELECT row_to_json(own) FROM (
            SELECT w.id, w.number, w.state, w.remote_allowed,
                {BRIEFS.replace("{where}", "b.county_code = $1 AND b.whistle_id = $3")} AS assignments
            FROM whistle w WHERE w.county_code = $1 AND w.id = $3
        ) own) AS whistle
    FROM case_file c WHERE c.county_code = $1 AND c.id = $2
) standing
"""
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


class _Whistle(msgspec.Struct, frozen=True):
    """How a whistle stands, with its assignments."""

    id: UUID
    number: str
    state: WhistleState
    remote_allowed: bool
    assignments: tuple[AssignmentBrief, ...]


class _Case(msgspec.Struct, frozen=True):
    """How a case stands, with its round's assignments and the whistle that was asked for."""

    id: UUID
    state: CaseState
    urgency: Urgency
    round: int
    assignments: tuple[AssignmentBrief, ...]
    whistle: _Whistle | None = None


@dataclass(frozen=True)
class Standing:
    """Where a case and a whistle of it stand."""

    case: CaseState
    whistle: WhistleState | None


async def advance(tx: Transaction, case_id: UUID, whistle_id: UUID | None, *, rework: bool = False) -> Standing:
    """Move the whistle and the case to where their assignments have brought them; answers where they then stand.

    ``rework``: a report was returned, so the case counts one more round of work 返工.
    """
    read = await tx.connection.fetchval(_STANDING, tx.county, case_id, whistle_id)
    case = msgspec.json.decode(read, type=_Case)
    whistle_state = None if case.whistle is None else await _advance_whistle(tx, case.id, case.whistle)
    return Standing(await _advance_case(tx, case, rework), whistle_state)


async def _advance_whistle(tx: Transaction, case_id: UUID, whistle: _Whistle) -> WhistleState:
    target = computed_whistle_state(whistle.state, active(whistle.assignments), whistle.remote_allowed)
    if target is whistle.state:
        return target
    await tx.connection.execute(_MOVE_WHISTLE, tx.county, whistle.id, str(target), tx.now)
    entry = Entry(
        "whistleProgressed", f"哨 {whistle.number} 进入“{target.label}”", public=True, whistle_id=whistle.id, role=Role.SYSTEM,
        from_state=str(whistle.state), to_state=str(target),
    )  # fmt: skip
    await record(tx, case_id, entry)
    return target


async def _advance_case(tx: Transaction, case: _Case, rework: bool) -> CaseState:
    at_work = active(case.assignments)
    target = computed_case_state(case.state, at_work)
    if target is case.state:
        return target
    reported = [a.reported_at for a in owing(at_work) if a.reported_at]
    handled_at = max(reported, default=tx.now) if target is CaseState.VERIFYING else None
    returned = rework and case.state is CaseState.VERIFYING
    await tx.connection.execute(_MOVE_CASE, tx.county, case.id, str(target), tx.now, handled_at, int(returned))
    await _move_clocks(tx, case, target)
    entry = Entry(
        "caseProgressed", f"案件进入“{target.label}”", public=True, role=Role.SYSTEM,
        from_state=str(case.state), to_state=str(target),
    )  # fmt: skip
    await record(tx, case.id, entry)
    return target


async def _move_clocks(tx: Transaction, case: _Case, target: CaseState) -> None:
    """The handling clock stops with the last report and goes on with rework; verification has a clock of its own (C.3)."""
    if target is CaseState.VERIFYING:
        await clocks.stop(tx, case.id, ClockKind.HANDLING)
        limit = tx.ground.rulebook.verification_limits.of(case.urgency)
        await clocks.start(tx, ClockKind.VERIFICATION, case.id, limit, "verification", case_round=case.round)
    elif case.state is CaseState.VERIFYING:
        await clocks.stop(tx, case.id, ClockKind.VERIFICATION)
        await clocks.go_on(tx, case.id, ClockKind.HANDLING)
