"""Cases that were merged into another 并单: what happens to their reporters when the main case goes on or ends (C.9 point 10).

Whoever calls holds the lock of the main case. The rows of the merged cases are written in the order of their ids.
"""

from uuid import UUID

import asyncpg

from shaodao.commands import clocks, messages
from shaodao.commands.history import Entry, record
from shaodao.commands.transaction import Transaction
from shaodao.domain.clock_changes import Handover
from shaodao.domain.facts import CaseFacts
from shaodao.domain.identity import redact
from shaodao.domain.publishing import RESTRICTED
from shaodao.domain.vocabulary import CaseState, ClockKind, MessageKind, Role

_RESTRICTED_RESULT = "相关事项已依法办理。"
_MERGED = """
SELECT id, number, title FROM case_file WHERE county_code = $1 AND merged_into = $2 AND state = 'MERGED' ORDER BY id
"""
_END_LINK = """
UPDATE merge_link SET unmerged_at = $3, unmerged_by = $4, unmerge_reason = $5
WHERE county_code = $1 AND case_id = $2 AND unmerged_at IS NULL
"""
_LINK_ANEW = """
INSERT INTO merge_link (county_code, id, case_id, main_case_id, reason, state_before, merged_by, merged_at)
SELECT county_code, $3, case_id, $4, reason, state_before, $5, $6 FROM merge_link
WHERE county_code = $1 AND case_id = $2 ORDER BY merged_at DESC, id DESC LIMIT 1
"""
_POINT_TO = """
UPDATE case_file SET merged_into = $3, version = version + 1, updated_at = $4 WHERE county_code = $1 AND id = $2
"""
# Nothing is left of the work before: it goes on from acceptance. A paused clock had promised no due.
_STAND_ALONE = """
UPDATE case_file c SET state = CASE WHEN accepted_at IS NULL THEN 'REGISTERED' ELSE 'ACCEPTED' END, merged_into = NULL,
    handled_at = NULL, agent_id = NULL, version = version + 1, updated_at = $3, due_at = coalesce((
        SELECT d.due_at FROM deadline d
        WHERE d.county_code = c.county_code AND d.case_id = c.id AND d.kind = 'HANDLING' AND d.round = c.round
        ORDER BY d.started_at DESC, d.id DESC LIMIT 1
    ), due_at)
WHERE county_code = $1 AND id = $2 RETURNING state, number, title, first_contact_at
"""
_COUNT = "UPDATE case_file SET repeat_count = repeat_count + $3, updated_at = $4 WHERE county_code = $1 AND id = $2"


async def tell_result(tx: Transaction, main: CaseFacts, result: str) -> None:
    """Tell every merged reporter the main case's result, under the number of their own case (C.3 close).

    It was written for another reporter: phones and identity numbers in it are masked, and of a child or a special group
    nobody else is told more than that it was dealt with (C.7 guardrails 4 and 5).
    """
    told = _RESTRICTED_RESULT if main.visibility in RESTRICTED else redact(result)
    for row in await _merged(tx, main.id):
        text = f"您反映的“{row['title']}”（编号{row['number']}）已办结：{told}"
        await _tell(tx, row["id"], MessageKind.RESULT, text)
        entry = Entry("mainCaseClosed", "并入的主案件已办结，结果已告知诉求人", told, public=True, role=Role.SYSTEM)
        await record(tx, row["id"], entry)


async def tell_reopened(tx: Transaction, main: CaseFacts, until: str) -> None:
    """Tell every merged reporter that the matter is taken up again 重办; ``until`` says by which day."""
    for row in await _merged(tx, main.id):
        text = f"您反映的“{row['title']}”（编号{row['number']}）重新办理，预计{until}办结。"
        await _tell(tx, row["id"], MessageKind.REOPENED, text)
        entry = Entry("mainCaseReopened", "并入的主案件重新办理", public=True, role=Role.SYSTEM)
        await record(tx, row["id"], entry)


async def point_to(tx: Transaction, former: CaseFacts, main: CaseFacts) -> int:
    """Merge into ``main`` what had been merged into ``former``, so that no chain comes about; answers how many there are."""
    rows = await _merged(tx, former.id)
    for row in rows:
        why = f"主案件{former.number}已并入{main.number}"
        await tx.connection.execute(_END_LINK, tx.county, row["id"], tx.now, tx.actor.account_id, why)
        await tx.connection.execute(
            _LINK_ANEW, tx.county, row["id"], tx.new_id(), main.id, tx.actor.account_id, tx.now
        )  # fmt: skip
        await tx.connection.execute(_POINT_TO, tx.county, row["id"], main.id, tx.now)
        await record(
            tx, row["id"], Entry("mergeCase", "随主案件一并转入另一主案件", why, public=True, role=Role.SYSTEM)
        )
    await count(tx, former.id, -len(rows))
    return len(rows)


async def release(tx: Transaction, main: CaseFacts, why: str) -> None:
    """Let what was merged into ``main`` stand alone again: the main case ends without a result, and nobody stays unanswered."""
    rows = await _merged(tx, main.id)
    for row in rows:
        state = await stand_alone(tx, row["id"], why)
        entry = Entry(
            "unmergeCase", "主案件未办结即终止，恢复单独办理", why, public=True, role=Role.SYSTEM,
            from_state=str(CaseState.MERGED), to_state=str(state),
        )  # fmt: skip
        await record(tx, row["id"], entry)
    await count(tx, main.id, -len(rows))


async def stand_alone(tx: Transaction, case_id: UUID, why: str) -> CaseState:
    """Undo a merging: the case stands accepted (registered, if it never was), its clocks go on, its reporter is told.

    The caller counts in the main case, and records. Answers the state.
    """
    await tx.connection.execute(_END_LINK, tx.county, case_id, tx.now, tx.actor.account_id, why)
    row = await tx.connection.fetchrow(_STAND_ALONE, tx.county, case_id, tx.now)
    assert row is not None
    await clocks.go_on(tx, case_id, ClockKind.HANDLING)
    if row["first_contact_at"] is None:
        await clocks.go_on(tx, case_id, ClockKind.CONTACT)
    await clocks.tell_continued(tx, case_id, Handover.UNMERGED)
    await _tell(tx, case_id, MessageKind.MERGED, f"您反映的“{row['title']}”（编号{row['number']}）已恢复单独办理。")
    return CaseState[row["state"]]


async def count(tx: Transaction, main_id: UUID, more: int) -> None:
    """Count merged cases in the main case's ``repeat_count`` 重复次数."""
    if more:
        await tx.connection.execute(_COUNT, tx.county, main_id, more, tx.now)


async def _merged(tx: Transaction, main_id: UUID) -> list[asyncpg.Record]:
    rows: list[asyncpg.Record] = await tx.connection.fetch(_MERGED, tx.county, main_id)
    return rows


async def _tell(tx: Transaction, case_id: UUID, kind: MessageKind, text: str) -> None:
    await messages.tell_reporter(tx, case_id, kind, text[: tx.ground.rulebook.texts.message])
