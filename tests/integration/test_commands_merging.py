"""Merging repeated reports 并单 and undoing it (C.3 merge, C.9 point 10, B.2 重复诉求并单)."""

import asyncio
from collections.abc import Sequence
from typing import Any
from uuid import UUID

import pytest

from shaodao.commands import cases, follow_ups, merging
from shaodao.commands.dispatching import PartyInput
from shaodao.commands.follow_ups import FollowUpInput
from shaodao.commands.reporters import ReporterInput
from shaodao.domain.errors import InvalidInput, NotPermitted, StateConflict
from shaodao.domain.vocabulary import CloseKind, NotAcceptedReason, SolvedLevel
from tests.integration.case_steps import (
    BASIS,
    CALLER,
    CO,
    LEAD,
    Step,
    accepted,
    case_row,
    clock,
    closed,
    dispatched,
    do,
    last_event,
    messages,
    only_row,
    paths,
    refused,
    registered,
    stages,
    verifying,
)
from tests.integration.conftest import Street

SECOND = ReporterInput(name="孙例兰", phone="100-0002-0015")
THIRD = ReporterInput(name="钱例安", phone="100-0003-0016")


def merge(case_id: UUID, main_id: UUID, reason: str = "同一处油烟") -> Step:
    return lambda tx: merging.merge(tx, case_id, main_case_id=main_id, reason=reason)


def unmerge(case_id: UUID) -> Step:
    return lambda tx: merging.unmerge(tx, case_id, reason="不是同一家")


def close(case_id: UUID) -> Step:
    return lambda tx: cases.close(tx, case_id, close_kind=CloseKind.SOLVED, result_text="已加装净化设施。")


async def results(street: Street, case_id: UUID) -> list[str]:
    rows = await street.pool.fetch(
        "SELECT text FROM message WHERE case_id = $1 AND kind = 'RESULT' ORDER BY created_at, id", case_id
    )
    return [row["text"] for row in rows]


async def test_a_merged_case_rests_and_its_reporter_is_told(street: Street) -> None:
    main, case_id = await dispatched(street), await dispatched(street, reporter=SECOND)
    outcome = await do(street, merge(case_id, main))
    row, main_row = await case_row(street, case_id), await case_row(street, main)
    assert (row["state"], row["merged_into"], outcome.case_state) == ("MERGED", main, "MERGED")
    assert (main_row["state"], main_row["repeat_count"]) == ("ASSIGNED", 1)
    assert await stages(street, case_id) == []
    states = await street.pool.fetch("SELECT DISTINCT state FROM assignment WHERE case_id = $1", case_id)
    assert [each["state"] for each in states] == ["WITHDRAWN"]
    heard = await street.pool.fetch("SELECT organization_code FROM delivery WHERE hook = 'on_withdrawn' ORDER BY 1")
    assert [each["organization_code"] for each in heard] == ["CG", "JJ"]
    assert (await messages(street, case_id))[-1] == "MERGED"
    own, others = await last_event(street, case_id), await last_event(street, main)
    assert (own["type"], own["from_state"], own["to_state"], own["public"]) == ("mergeCase", "ASSIGNED", "MERGED", True)
    assert main_row["number"] in own["detail"]
    assert main_row["number"] not in own["text"]
    assert (others["type"], others["public"]) == ("mergeCase", False)
    assert row["number"] in others["text"]
    await refused(street, case_id, StateConflict, merge(case_id, main))


async def test_every_merged_reporter_hears_the_result_under_the_own_number(street: Street) -> None:
    main = await verifying(street)
    merged = [await accepted(street, reporter=reporter) for reporter in (SECOND, THIRD)]
    for case_id in merged:
        await do(street, merge(case_id, main))
    await do(street, close(main))
    for case_id in (main, *merged):
        [text] = await results(street, case_id)
        assert (await case_row(street, case_id))["number"] in text
        assert "已加装净化设施。" in text
    assert (await last_event(street, merged[0]))["type"] == "mainCaseClosed"
    assert (await case_row(street, merged[0]))["state"] == "MERGED"


async def test_settling_the_main_case_at_once_tells_them_too(street: Street) -> None:
    main, case_id = await accepted(street), await registered(street, reporter=SECOND)
    await do(street, merge(case_id, main))
    settle: Step = lambda tx: cases.settle_at_once(  # noqa: E731
        tx, main, result_text="已当场答复", close_kind=CloseKind.ANSWERED
    )
    await do(street, settle)
    assert len(await results(street, case_id)) == 1


async def test_what_a_case_is_not_merged_into(street: Street) -> None:
    """Itself, its own child, a merged case, an ended one, another street's, one that is not there: each is named."""
    main, case_id, third = [await accepted(street, reporter=SECOND) for _ in range(3)]
    await do(street, merge(case_id, main))
    gone = await closed(street, reporter=THIRD)
    number = (await case_row(street, main))["number"]
    for into, word in ((main, "自身"), (case_id, "已并入本案"), (gone, "不在办理中"), (UUID(int=5), "没有此案件")):
        caught = await refused(street, main, InvalidInput, merge(main, into))
        assert paths(caught) == {"mainCaseId"}
        assert word in caught.value.faults[0].message
    caught = await refused(street, third, InvalidInput, merge(third, case_id))
    assert number in caught.value.faults[0].message
    caught = await refused(street, third, InvalidInput, merge(third, third, " "))
    assert paths(caught) == {"mainCaseId", "reason"}
    await refused(street, third, NotPermitted, merge(third, main), "周示岚")
    await street.pool.execute(
        "UPDATE case_file SET street_code = '990101002000', community_code = NULL, grid_code = NULL, grid_unknown = true "
        "WHERE id = $1", main,
    )  # fmt: skip
    caught = await refused(street, third, InvalidInput, merge(third, main))  # out of the dispatcher's sight
    assert "没有此案件" in caught.value.faults[0].message


async def test_what_was_merged_goes_along_so_that_no_chain_comes_about(street: Street) -> None:
    first, main, child = [await accepted(street, reporter=SECOND) for _ in range(3)]
    await do(street, merge(child, first))
    await do(street, merge(first, main))
    assert (await case_row(street, child))["merged_into"] == main
    assert [(await case_row(street, each))["repeat_count"] for each in (main, first)] == [2, 0]
    links = await street.pool.fetch(
        "SELECT main_case_id, unmerged_at IS NULL AS holds FROM merge_link WHERE case_id = $1 ORDER BY merged_at, id",
        child,
    )
    assert [(link["main_case_id"], link["holds"]) for link in links] == [(first, False), (main, True)]


async def test_undoing_it_gives_the_case_its_clock_back(street: Street) -> None:
    main, case_id = await accepted(street), await dispatched(street, reporter=SECOND)
    due = (await case_row(street, case_id))["due_at"]
    await do(street, merge(case_id, main))
    await do(street, unmerge(case_id))
    row = await case_row(street, case_id)
    assert (row["state"], row["merged_into"], row["due_at"]) == ("ACCEPTED", None, due)
    assert (await clock(street, case_id, "HANDLING"))["state"] == "RUNNING"
    assert street.now + (due - street.now) / 2 in await stages(street, case_id)
    assert (await case_row(street, main))["repeat_count"] == 0
    assert [(await last_event(street, each))["type"] for each in (case_id, main)] == ["unmergeCase"] * 2
    link = await only_row(street, "SELECT * FROM merge_link WHERE case_id = $1", case_id)
    assert (link["state_before"], link["unmerge_reason"]) == ("ASSIGNED", "不是同一家")
    await refused(street, case_id, StateConflict, unmerge(case_id))
    parties = [PartyInput("CG", LEAD)]
    await do(street, lambda tx: cases.dispatch(tx, case_id, parties=parties, duty_basis=BASIS))


@pytest.mark.parametrize(
    ("called", "state", "states"),
    [(("JJ", "CG"), "ASSIGNED", ("NOTIFIED", "NOTIFIED")), (("JJ",), "HANDLING", ("VERIFIED", "NOTIFIED"))],
)
async def test_who_had_done_its_part_before_is_called_anew_and_else_the_case_is_in_hand(
    street: Street, called: tuple[str, ...], state: str, states: tuple[str, str]
) -> None:
    main, case_id = await accepted(street), await verifying(street, reporter=SECOND)
    await do(street, merge(case_id, main))
    await do(street, unmerge(case_id))
    parties = [PartyInput(code, CO if number else LEAD) for number, code in enumerate(called)]
    outcome = await do(street, lambda tx: cases.dispatch(tx, case_id, parties=parties, duty_basis=BASIS))
    select = "SELECT organization_code AS code, state, role FROM assignment WHERE case_id = $1 ORDER BY 1"
    rows = [tuple(row) for row in await street.pool.fetch(select, case_id)]
    assert (outcome.case_state, rows) == (state, [("CG", states[0], "CO"), ("JJ", states[1], "LEAD")])


async def test_one_that_was_never_accepted_stands_registered_again(street: Street) -> None:
    main, case_id = await accepted(street), await registered(street, reporter=SECOND)
    await do(street, merge(case_id, main))
    await do(street, unmerge(case_id))
    assert (await case_row(street, case_id))["state"] == "REGISTERED"


@pytest.mark.parametrize("end", ["withdraw", "refuse"])
async def test_nobody_stays_unanswered_when_the_main_case_ends_without_a_result(street: Street, end: str) -> None:
    resident = {"who": "P014", "reporter": None}
    main, case_id = await registered(street, **resident), await accepted(street, reporter=SECOND)  # type: ignore[arg-type]
    await do(street, merge(case_id, main))
    if end == "withdraw":
        await do(street, lambda tx: cases.withdraw(tx, main, reason="已自行解决"), "P014")
    else:
        refuse: Step = lambda tx: cases.refuse(  # noqa: E731
            tx, main, reason=NotAcceptedReason.OUT_OF_SCOPE, explanation="不属街道职责"
        )
        await do(street, refuse)
    row = await case_row(street, case_id)
    assert (row["state"], row["merged_into"]) == ("ACCEPTED", None)
    assert (await clock(street, case_id, "HANDLING"))["state"] == "RUNNING"
    assert (await case_row(street, main))["repeat_count"] == 0


async def test_two_dispatchers_who_merge_crosswise_do_not_wait_for_each_other(street: Street) -> None:
    one, two = await accepted(street), await accepted(street, reporter=SECOND)
    done: Sequence[Any] = await asyncio.gather(
        do(street, merge(one, two)), do(street, merge(two, one)), return_exceptions=True
    )
    assert sorted(type(each).__name__ for each in done) in (["Outcome", "StateConflict"], ["InvalidInput", "Outcome"])
    rows = [await case_row(street, each) for each in (one, two)]
    assert sorted((row["state"], row["repeat_count"]) for row in rows) == [("ACCEPTED", 1), ("MERGED", 0)]


async def test_a_merged_case_is_closed_with_its_main_case_while_it_is_taken_out(street: Street) -> None:
    """Closing tells the merged ones, undoing locks the main case first: neither waits for the other for good."""
    main, case_id = await verifying(street), await accepted(street, reporter=SECOND)
    await do(street, merge(case_id, main))
    done: Sequence[Any] = await asyncio.gather(
        do(street, close(main)), do(street, unmerge(case_id)), return_exceptions=True
    )
    assert [each for each in done if isinstance(each, BaseException)] == []
    assert (await case_row(street, case_id))["state"] == "ACCEPTED"


async def test_an_archived_main_case_is_only_read(street: Street) -> None:
    main, case_id = await closed(street), await accepted(street, reporter=SECOND)
    await street.pool.execute("UPDATE case_file SET state = 'MERGED', merged_into = $2 WHERE id = $1", case_id, main)
    call = FollowUpInput("PHONE", True, True, SolvedLevel.SOLVED)
    await do(street, lambda tx: follow_ups.record_follow_up(tx, main, call), CALLER)
    await street.pool.execute("UPDATE case_file SET state = 'ARCHIVED' WHERE id = $1", main)
    await refused(street, case_id, StateConflict, unmerge(case_id))
