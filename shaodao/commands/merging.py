"""Merging repeated reports of one matter 并单, and undoing it (reference C.3 merge, C.9 point 10, B.2).

Locks: two cases that stand for themselves are locked in the order of their ids, what is merged into one of them after it.
"""

from uuid import UUID

from shaodao.commands import clocks, merged_cases, messages, withdrawal
from shaodao.commands.case_steps import CaseStep, case_outcome, decide_case, record_case
from shaodao.commands.checking import checked_text, only_text
from shaodao.commands.facts import read_case
from shaodao.commands.history import Entry, record
from shaodao.commands.transaction import Outcome, Transaction
from shaodao.domain.case_machine import CASE_MACHINE, OPEN
from shaodao.domain.errors import Faults
from shaodao.domain.facts import CaseFacts
from shaodao.domain.sight import sees_case
from shaodao.domain.vocabulary import CaseState, ClockKind, MessageKind

_LOCK_BOTH = "SELECT id FROM case_file WHERE county_code = $1 AND id = ANY($2::uuid[]) ORDER BY id FOR UPDATE"
_MAIN_OF = "SELECT merged_into FROM case_file WHERE county_code = $1 AND id = $2"
_NUMBER = "SELECT number FROM case_file WHERE county_code = $1 AND id = $2"
_MERGE = """
UPDATE case_file SET state = 'MERGED', merged_into = $3, version = version + 1, updated_at = $4
WHERE county_code = $1 AND id = $2 RETURNING title
"""
_LINK = """
INSERT INTO merge_link (county_code, id, case_id, main_case_id, reason, state_before, merged_by, merged_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
"""
_END_SUSPENSION = """
UPDATE suspension SET resumed_at = $3, resumed_by = $4, resume_reason = $5
WHERE county_code = $1 AND case_id = $2 AND resumed_at IS NULL
"""
# A late confirmation stays an audit finding (C.4 confirm), and a promise is kept whatever becomes of the case (Z-49).
_STOPPED = tuple(kind for kind in ClockKind if kind not in (ClockKind.CONFIRMATION, ClockKind.PROMISE))


async def merge(
    tx: Transaction, case_id: UUID, *, main_case_id: UUID, reason: str, expected_version: int | None = None
) -> Outcome:
    """Merge the case into an open main case of the same street: the same matter, told again 并单.

    Its work ends and its clocks stop, its reporter is told and will hear the main case's result. What had been merged into
    it goes along. Raises InvalidInput at ``reason`` and ``mainCaseId`` (itself, a case that was merged into it, one that is
    merged or ended, another street's), NotPermitted, StateConflict.
    """
    # What is merged already is locked after its main case alone: it is to be refused, and waits for nobody meanwhile.
    merged = await tx.connection.fetchval(_MAIN_OF, tx.county, case_id) is not None
    wanted = [case_id] if merged else [case_id, main_case_id]
    found = await tx.connection.fetch(_LOCK_BOTH, tx.county, wanted)
    facts = await decide_case(tx, "merge", case_id, expected_version)
    faults = Faults()
    why = checked_text(faults, "reason", reason, tx.ground.rulebook.texts.reason)
    main = await read_case(tx, main_case_id) if main_case_id in [row["id"] for row in found] else None
    await _check_main(tx, faults, facts, main)
    faults.check()
    assert main is not None  # one that is not there is a fault
    await _merge(tx, facts, main, why)
    return await case_outcome(tx, case_id)


async def unmerge(tx: Transaction, case_id: UUID, *, reason: str, expected_version: int | None = None) -> Outcome:
    """Undo a merging 取消并单: another matter after all. The case stands accepted, or registered if it never was.

    Its handling clock goes on: the time since registration counts. Raises InvalidInput at ``reason``, NotPermitted,
    StateConflict, also while the main case is archived and so only read.
    """
    main_id = await tx.connection.fetchval(_MAIN_OF, tx.county, case_id)
    await tx.connection.fetch(_LOCK_BOTH, tx.county, [main_id])
    facts = await decide_case(tx, "unmerge", case_id, expected_version)
    if main_id is None or facts.merged_into != main_id:
        CASE_MACHINE.conflict("并单关系已被他人更新", "merged elsewhere by someone else", facts, tx.actor)
    main = await read_case(tx, main_id)
    if main.state is CaseState.ARCHIVED:
        CASE_MACHINE.conflict("主案件已归档", "the main case is archived", facts, tx.actor)
    why = only_text("reason", reason, tx.ground.rulebook.texts.reason)
    state = await merged_cases.stand_alone(tx, case_id, why)
    await merged_cases.count(tx, main.id, -1)
    detail = f"原主案件：{main.number}；原因：{why}"
    step = CaseStep("unmerge", "unmergeCase", f"{tx.actor.name}取消并单，恢复单独办理", state, detail=detail)
    await record_case(tx, facts, step)
    await record(tx, main.id, Entry("unmergeCase", f"{tx.actor.name}取消案件{facts.number}的并单", why))
    return await case_outcome(tx, case_id)


async def _check_main(tx: Transaction, faults: Faults, facts: CaseFacts, main: CaseFacts | None) -> None:
    """Note a fault at ``mainCaseId`` for what the case cannot be merged into."""
    fault = await _fault(tx, facts, main)
    if fault is not None:
        faults.add("mainCaseId", *fault)


async def _fault(tx: Transaction, facts: CaseFacts, main: CaseFacts | None) -> tuple[str, str] | None:
    if main is None or not sees_case(tx.actor, main):
        return "没有此案件", "there is no such case"
    if main.id == facts.id:
        return "案件不能并入自身", "a case is not merged into itself"
    if main.merged_into == facts.id:
        return "该案件已并入本案，不能再作为本案的主案件", "that case was merged into this one"
    if main.merged_into is not None:
        number = await tx.connection.fetchval(_NUMBER, tx.county, main.merged_into)
        return f"该案件已并入{number}，请直接并入{number}", f"that case was merged into {number}: choose {number}"
    if main.state not in OPEN:
        return f"主案件{main.state.label}，不在办理中", f"the main case is {main.state}, not open"
    if main.street_code != facts.street_code:
        return "只能并入本街道的案件", "the main case is another street's"
    return None


async def _merge(tx: Transaction, facts: CaseFacts, main: CaseFacts, why: str) -> None:
    moved = await merged_cases.point_to(tx, facts, main)
    hearers = await withdrawal.end_work(tx, facts, f"并入案件{main.number}：{why}")
    await clocks.stop(tx, facts.id, *_STOPPED)
    await tx.connection.execute(_END_SUSPENSION, tx.county, facts.id, tx.now, tx.actor.account_id, "并单")
    title = await tx.connection.fetchval(_MERGE, tx.county, facts.id, main.id, tx.now)
    await tx.connection.execute(
        _LINK, tx.county, tx.new_id(), facts.id, main.id, why, str(facts.state), tx.actor.account_id, tx.now
    )
    await merged_cases.count(tx, main.id, 1 + moved)
    step = CaseStep(
        "merge", "mergeCase", f"{tx.actor.name}将案件并入同一事项的在办案件", CaseState.MERGED, hearers=hearers,
        detail=f"主案件：{main.number}；原因：{why}", payload={"main_case_id": str(main.id), "reason": "并入同一事项的案件"},
    )  # fmt: skip
    await record_case(tx, facts, step)
    await record(tx, main.id, Entry("mergeCase", f"{tx.actor.name}将案件{facts.number}并入本案", why))
    text = f"您反映的“{title}”（编号{facts.number}）与正在办理的同一事项合并办理，办理结果将一并告知您。"
    await messages.tell_reporter(tx, facts.id, MessageKind.MERGED, text[: tx.ground.rulebook.texts.message])
