"""After the follow-up call: exclusion 剔除, review 复核, reopening 重办, archiving 归档 (C.3, C.9 point 11, B.2, S-20)."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import msgspec

from shaodao.commands import archiving, cases, exclusions, follow_ups, merging, reopening
from shaodao.commands.dispatching import PartyInput
from shaodao.commands.follow_ups import FollowUpInput
from shaodao.commands.progress import advance
from shaodao.commands.reporters import ReporterInput
from shaodao.commands.transaction import Outcome, Transaction
from shaodao.delivery.archivist import EVERY, Archivist
from shaodao.domain.case_vocabulary import ExclusionReason, ReviewDecision
from shaodao.domain.deadlines import DeadlineUnit, Limit, due
from shaodao.domain.errors import InvalidInput, NotPermitted, StateConflict
from shaodao.domain.permissions import SYSTEM
from shaodao.domain.vocabulary import CloseKind, Satisfaction, SolvedLevel
from tests.integration.case_steps import (
    BASIS,
    CALLER,
    LEAD,
    Step,
    accepted,
    case_row,
    closed,
    do,
    last_event,
    messages,
    only_row,
    paths,
    refused,
    verifying,
)
from tests.integration.conftest import Street

LEADER = "张示远"
UNSOLVED = FollowUpInput("PHONE", True, True, SolvedLevel.UNSOLVED, Satisfaction.DISSATISFIED, "夜间又停满了")
SOLVED = FollowUpInput("PHONE", True, True, SolvedLevel.SOLVED, Satisfaction.SATISFIED)


def reopen(case_id: UUID) -> Step:
    return lambda tx: reopening.reopen(tx, case_id, reason="问题反弹")


def review(case_id: UUID, decision: ReviewDecision) -> Step:
    return lambda tx: reopening.review(tx, case_id, decision=decision, reason="已依法处理，无法律依据再处置")


def propose(case_id: UUID) -> Step:
    return lambda tx: exclusions.propose_exclusion(
        tx, case_id, kind=ExclusionReason.UNREASONABLE, reason="要求没收犬只", evidence="执法记录第12号"
    )


def decide(case_id: UUID, granted: bool) -> Step:
    return lambda tx: exclusions.decide_exclusion(tx, case_id, granted=granted, text="证据充分")


async def called(street: Street, answers: FollowUpInput) -> UUID:
    case_id = await closed(street)
    await do(street, lambda tx: follow_ups.record_follow_up(tx, case_id, answers), CALLER)
    return case_id


async def closed_again(street: Street, case_id: UUID) -> None:
    """The next round, as its organization works it off."""
    await do(street, lambda tx: cases.dispatch(tx, case_id, parties=[PartyInput("CG", LEAD)], duty_basis=BASIS))

    async def finish(tx: Transaction) -> Outcome:
        await tx.connection.execute(
            "UPDATE assignment SET state = 'VERIFIED', started_at = $2, reported_at = $2 WHERE case_id = $1 AND state = 'NOTIFIED'",
            case_id, tx.now,
        )  # fmt: skip
        await advance(tx, case_id, None)
        return Outcome(county_code=tx.county)

    await do(street, finish)
    await do(street, lambda tx: cases.close(tx, case_id, close_kind=CloseKind.SOLVED, result_text="再次清移。"))


async def test_a_new_round_has_its_own_clock_and_the_first_outcome_is_kept(street: Street) -> None:
    case_id = await called(street, SOLVED)
    first = await case_row(street, case_id)
    street.now += timedelta(days=3)
    await do(street, reopen(case_id))
    row = await case_row(street, case_id)
    assert (row["state"], row["round"], row["reopened_at"]) == ("REOPENED", 1, street.now)
    assert [row[name] for name in ("closed_at", "closed_by", "close_kind", "handled_at", "result_text")] == [None] * 5
    general = due(
        street.now, Limit(DeadlineUnit.WORKING_DAY, 5), street.ground.calendar, street.ground.rulebook.work_time
    )
    assert row["due_at"] == general.at
    kept = await only_row(street, "SELECT * FROM case_round WHERE case_id = $1", case_id)
    for name in ("due_at", "handled_at", "closed_at", "closed_by", "close_kind", "result_text"):
        assert kept[name] == first[name]
    assert (kept["round"], kept["reopen_reason"]) == (0, "问题反弹")
    clocks = await street.pool.fetch(
        "SELECT kind, round FROM deadline WHERE case_id = $1 AND state = 'RUNNING' ORDER BY 1", case_id
    )
    assert [tuple(each) for each in clocks] == [("CONTACT", 1), ("HANDLING", 1)]
    assert (await messages(street, case_id))[-1] == "REOPENED"
    assert (
        await street.pool.fetchval("SELECT count(*) FROM assignment WHERE case_id = $1 AND round = 0", case_id)
    ) == 2
    entry = await last_event(street, case_id)
    assert (entry["type"], entry["from_state"], entry["to_state"]) == ("reopenCase", "FOLLOWED_UP", "REOPENED")


async def test_a_case_is_reopened_twice_at_most(street: Street) -> None:
    case_id = await closed(street)
    for _ in range(2):
        await do(street, reopen(case_id))
        await closed_again(street, case_id)
    await refused(street, case_id, StateConflict, reopen(case_id))
    rounds = await street.pool.fetch("SELECT round FROM case_round WHERE case_id = $1 ORDER BY 1", case_id)
    assert [each["round"] for each in rounds] == [0, 1]
    running = await street.pool.fetch(
        "SELECT kind, round FROM deadline WHERE case_id = $1 AND state = 'RUNNING'", case_id
    )
    assert [tuple(each) for each in running] == [("FOLLOW_UP", 2)]
    await do(street, lambda tx: follow_ups.record_follow_up(tx, case_id, UNSOLVED), CALLER)
    await refused(street, case_id, StateConflict, review(case_id, ReviewDecision.REOPEN), LEADER)
    await do(street, review(case_id, ReviewDecision.NO_REOPEN), LEADER)


async def test_rework_in_a_later_round_moves_no_clock_of_an_earlier_one(street: Street) -> None:
    """A returned report lets the handling clock go on: that of its own round alone."""
    case_id = await closed(street)
    await do(street, reopen(case_id))
    await do(street, lambda tx: cases.dispatch(tx, case_id, parties=[PartyInput("CG", LEAD)], duty_basis=BASIS))

    async def returned(tx: Transaction) -> Outcome:
        for state in ("REPORTED", "RETURNED"):
            await tx.connection.execute(
                "UPDATE assignment SET state = $3, started_at = $2, reported_at = $2 WHERE case_id = $1 AND round = 1",
                case_id, tx.now, state,
            )  # fmt: skip
            await advance(tx, case_id, None)
        return Outcome(county_code=tx.county)

    await do(street, returned)
    running = await street.pool.fetch(
        "SELECT round FROM deadline WHERE case_id = $1 AND kind = 'HANDLING' AND state = 'RUNNING'", case_id
    )
    assert [each["round"] for each in running] == [1]


async def test_merged_reporters_hear_of_the_new_round(street: Street) -> None:
    main, case_id = await verifying(street), await accepted(street, reporter=ReporterInput(phone="10000020015"))
    await do(street, lambda tx: merging.merge(tx, case_id, main_case_id=main, reason="同一处"))
    await do(street, lambda tx: cases.close(tx, main, close_kind=CloseKind.SOLVED, result_text="已清移。"))
    await do(street, reopen(main))
    assert (await messages(street, case_id))[-2:] == ["RESULT", "REOPENED"]


async def test_a_leader_reviews_and_may_reopen_in_the_same_step(street: Street) -> None:
    case_id = await called(street, UNSOLVED)
    await refused(street, case_id, NotPermitted, review(case_id, ReviewDecision.NO_REOPEN))
    await refused(street, case_id, NotPermitted, review(case_id, ReviewDecision.NO_REOPEN), CALLER)
    blank: Step = lambda tx: reopening.review(tx, case_id, decision=ReviewDecision.NO_REOPEN, reason=" ")  # noqa: E731
    assert paths(await refused(street, case_id, InvalidInput, blank, LEADER)) == {"reason"}
    await do(street, review(case_id, ReviewDecision.REOPEN), LEADER)
    row = await case_row(street, case_id)
    assert (row["state"], row["round"]) == ("REOPENED", 1)
    call = await only_row(street, "SELECT * FROM follow_up WHERE case_id = $1", case_id)
    assert (call["review_decision"], call["reviewed_by"]) == ("REOPEN", street.viewer(LEADER).account_id)
    assert [(await last_event(street, case_id))[name] for name in ("type", "to_state")] == [
        "reviewFollowUp",
        "REOPENED",
    ]


async def test_a_review_against_it_is_final(street: Street) -> None:
    """C.9 point 11: not satisfied leads to a reviewed decision, and no loop."""
    case_id = await called(street, UNSOLVED)
    await refused(street, case_id, StateConflict, lambda tx: archiving.archive(tx, case_id))
    await do(street, review(case_id, ReviewDecision.NO_REOPEN), LEADER)
    assert (await case_row(street, case_id))["state"] == "FOLLOWED_UP"
    await refused(street, case_id, StateConflict, reopen(case_id))
    await refused(street, case_id, StateConflict, review(case_id, ReviewDecision.REOPEN), LEADER)
    await do(street, lambda tx: archiving.archive(tx, case_id))
    content = await called(street, SOLVED)
    await refused(street, content, StateConflict, review(content, ReviewDecision.REOPEN), LEADER)


async def test_a_dispatcher_reopens_no_case_that_waits_for_its_review(street: Street) -> None:
    """C.3 reopen: the review is mandatory when the answer was unsolved or dissatisfied."""
    case_id = await called(street, UNSOLVED)
    conflict = await refused(street, case_id, StateConflict, reopen(case_id))
    assert "须先复核" in conflict.value.message
    await do(street, review(case_id, ReviewDecision.REOPEN), LEADER)


async def test_a_call_that_reached_nobody_is_left_out_as_no_contact(street: Street) -> None:
    """B.2 剔除, "no contact possible": nobody calls any more, and a call that did reach the reporter is none of that kind."""

    def no_contact(case_id: UUID) -> Step:
        return lambda tx: exclusions.propose_exclusion(
            tx, case_id, kind=ExclusionReason.NO_CONTACT, reason="三次未接通", evidence="通话记录"
        )

    reached = await called(street, UNSOLVED)
    assert paths(await refused(street, reached, InvalidInput, no_contact(reached), CALLER)) == {"kind"}
    case_id = await called(street, FollowUpInput("电话", False))
    await do(street, no_contact(case_id), CALLER)
    await do(street, decide(case_id, True), LEADER)
    call = await only_row(street, "SELECT excluded, contacted FROM follow_up WHERE case_id = $1", case_id)
    assert tuple(call) == (True, False)
    assert await street.pool.fetch("SELECT FROM task WHERE case_id = $1", case_id) == []
    assert await street.pool.fetch("SELECT FROM deadline WHERE case_id = $1 AND state = 'RUNNING'", case_id) == []
    await do(street, lambda tx: archiving.archive(tx, case_id))


async def test_leaving_a_call_out_of_the_rates_takes_two_people(street: Street) -> None:
    """B.2 剔除: with evidence, and never by the one who proposed it."""
    case_id = await called(street, UNSOLVED)
    faulty: Step = lambda tx: exclusions.propose_exclusion(  # noqa: E731
        tx, case_id, kind=ExclusionReason.POLICY, reason="", evidence=" "
    )
    assert paths(await refused(street, case_id, InvalidInput, faulty, CALLER)) == {"reason", "evidence"}
    await refused(street, case_id, StateConflict, decide(case_id, True), LEADER)
    await do(street, propose(case_id), CALLER)
    await refused(street, case_id, StateConflict, propose(case_id))
    await refused(street, case_id, NotPermitted, decide(case_id, True))
    await street.pool.execute(
        "UPDATE follow_up SET exclusion_proposed_by = $2 WHERE case_id = $1", case_id, street.viewer(LEADER).account_id
    )
    await refused(street, case_id, NotPermitted, decide(case_id, True), LEADER)
    await do(street, decide(case_id, False), "孔示明")
    call = await only_row(street, "SELECT * FROM follow_up WHERE case_id = $1", case_id)
    assert (call["excluded"], call["exclusion_proposed_by"]) == (False, None)
    await do(street, propose(case_id), CALLER)
    await do(street, decide(case_id, True), LEADER)
    call = await only_row(street, "SELECT * FROM follow_up WHERE case_id = $1", case_id)
    two = [street.viewer(each).account_id for each in (CALLER, LEADER)]
    assert (call["excluded"], call["exclusion_kind"], call["exclusion_approved_by"]) == (True, "UNREASONABLE", two)
    await do(street, lambda tx: archiving.archive(tx, case_id))  # what does not count is not reviewed


async def test_the_system_archives_what_is_over_and_passes_by_what_waits(street: Street) -> None:
    """C.3 archive: 30 natural days after the last word; a review that is due, a call of yesterday, an open case stay."""
    content, waits, opened = await called(street, SOLVED), await called(street, UNSOLVED), await accepted(street)
    archivist = Archivist(street.pool, street.runner, lambda: street.ground, SYSTEM, lambda: street.now)
    street.now += timedelta(days=29)
    late = await closed(street)
    assert await archivist.one_pass() == EVERY
    assert (await case_row(street, content))["state"] == "FOLLOWED_UP"
    street.now += timedelta(days=8)
    await archivist.one_pass()
    states = [(await case_row(street, each))["state"] for each in (content, waits, late, opened)]
    assert states == ["ARCHIVED", "FOLLOWED_UP", "CLOSED", "ACCEPTED"]
    entry = await last_event(street, content)
    assert (entry["type"], entry["actor_role"], entry["text"]) == ("archiveCase", "SYSTEM", "系统归档案件")
    assert (await case_row(street, content))["archived_at"] == street.now


async def test_an_archived_case_is_only_read(street: Street) -> None:
    case_id = await closed(street)
    await refused(street, case_id, NotPermitted, lambda tx: archiving.archive(tx, case_id), LEADER)
    await do(street, lambda tx: archiving.archive(tx, case_id))
    assert await street.pool.fetch("SELECT FROM deadline WHERE case_id = $1 AND state = 'RUNNING'", case_id) == []
    for step, who in (
        (reopen(case_id), None),
        (propose(case_id), None),
        (review(case_id, ReviewDecision.REOPEN), LEADER),
    ):
        await refused(street, case_id, StateConflict, step, who or "吕示衡")


async def test_how_often_a_case_is_reopened_is_a_setting(street: Street) -> None:
    rulebook = street.ground.rulebook
    once = msgspec.structs.replace(rulebook, rounds=msgspec.structs.replace(rulebook.rounds, reopen=1))
    street.ground = replace(street.ground, rulebook=once)
    case_id = await closed(street)
    await do(street, reopen(case_id))
    await closed_again(street, case_id)
    await refused(street, case_id, StateConflict, reopen(case_id))
