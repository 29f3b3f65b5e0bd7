"""A case's end: closing, withdrawal, follow-up and rating, and writers at once (C.3, C.9 point 4)."""

import asyncio
from uuid import UUID

import pytest

from shaodao.commands import cases
from shaodao.commands.dispatching import PartyInput
from shaodao.commands.follow_ups import FollowUpInput, rate_result, record_follow_up
from shaodao.commands.transaction import Outcome
from shaodao.domain.errors import InvalidInput, NotFound, NotPermitted, StateConflict
from shaodao.domain.vocabulary import (
    CloseKind,
    Satisfaction,
    SolvedLevel,
    Urgency,
)
from tests.integration.case_steps import (
    BASIS,
    CALLER,
    DISPATCHER,
    LEAD,
    RESIDENT,
    Step,
    accepted,
    case_row,
    clock,
    closed,
    do,
    messages,
    only_row,
    paths,
    refused,
    registered,
    stages,
    verifying,
)
from tests.integration.conftest import Street


async def test_closing_stops_the_clocks_tells_and_is_heard(street: Street) -> None:
    case_id = await closed(street)
    row = await case_row(street, case_id)
    assert (row["state"], row["close_kind"], row["result_text"]) == ("CLOSED", "SOLVED", "已清移。")
    assert row["closed_by"] == street.viewer(DISPATCHER).account_id
    running = await street.pool.fetch("SELECT kind FROM deadline WHERE case_id = $1 AND state = 'RUNNING'", case_id)
    assert [each["kind"] for each in running] == ["FOLLOW_UP"]
    assert (await messages(street, case_id))[-1] == "RESULT"
    heard = await street.pool.fetch("SELECT organization_code FROM delivery WHERE hook = 'on_case_closed' ORDER BY 1")
    assert [each["organization_code"] for each in heard] == ["CG", "JJ"]


async def test_a_handler_never_closes_and_open_reports_keep_it_open(street: Street) -> None:
    case_id = await verifying(street)
    close: Step = lambda tx: cases.close(tx, case_id, close_kind=CloseKind.SOLVED, result_text="已清移。")  # noqa: E731
    await refused(street, case_id, NotPermitted, close, "姜示序")
    await street.pool.execute(
        "UPDATE assignment SET agent_id = $2 WHERE case_id = $1", case_id, street.viewer(DISPATCHER).account_id
    )
    await refused(street, case_id, NotPermitted, close)
    await street.pool.execute("UPDATE assignment SET agent_id = NULL, state = 'REPORTED' WHERE case_id = $1", case_id)
    await refused(street, case_id, StateConflict, close)


async def test_withdrawing_ends_all_work_and_the_departments_hear_it(street: Street) -> None:
    case_id = await accepted(street, RESIDENT, reporter=None)
    await do(street, lambda tx: cases.dispatch(tx, case_id, parties=[PartyInput("CG", LEAD)], duty_basis=BASIS))
    await street.pool.execute(
        "INSERT INTO whistle (county_code, id, case_id, number, street_code, kind, reason_kind, reason, state, drafted_by, "
        "drafted_at, updated_at) VALUES ($1, $2, $3, 'w', '990101001000', 'ROUTINE', 'NO_POWER', '无权', 'DRAFTED', $2, $4, $4)",
        street.county, UUID(int=1), case_id, street.now,
    )  # fmt: skip
    withdraw: Step = lambda tx: cases.withdraw(tx, case_id, reason="已自行解决")  # noqa: E731
    await refused(street, case_id, NotPermitted, withdraw)
    await do(street, withdraw, RESIDENT)
    row = await case_row(street, case_id)
    assert (row["state"], row["close_kind"]) == ("CANCELLED", "WITHDRAWN")
    assert await street.pool.fetchval("SELECT state FROM assignment WHERE case_id = $1", case_id) == "WITHDRAWN"
    assert await street.pool.fetchval("SELECT state FROM whistle WHERE case_id = $1", case_id) == "WITHDRAWN"
    assert (
        await street.pool.fetchval("SELECT count(*) FROM deadline WHERE case_id = $1 AND state = 'RUNNING'", case_id)
        == 0
    )
    assert await stages(street, case_id) == []
    heard = await street.pool.fetch("SELECT organization_code FROM delivery WHERE hook = 'on_withdrawn'")
    assert [each["organization_code"] for each in heard] == ["CG"]
    await refused(street, case_id, StateConflict, withdraw, RESIDENT)


async def test_a_call_that_reached_nobody_leaves_the_case_closed(street: Street) -> None:
    case_id = await closed(street)
    await do(street, lambda tx: record_follow_up(tx, case_id, FollowUpInput("PHONE", contacted=False)), CALLER)
    assert (await case_row(street, case_id))["state"] == "CLOSED"
    assert (await clock(street, case_id, "FOLLOW_UP"))["state"] == "RUNNING"
    answers = FollowUpInput("PHONE", True, True, SolvedLevel.SOLVED, Satisfaction.SATISFIED, "很及时")
    outcome = await do(street, lambda tx: record_follow_up(tx, case_id, answers), CALLER)
    assert (await case_row(street, case_id))["state"] == outcome.case_state == "FOLLOWED_UP"
    assert (await clock(street, case_id, "FOLLOW_UP"))["state"] == "STOPPED"
    row = await only_row(street, "SELECT * FROM follow_up WHERE id = $1", outcome.record_id)
    assert (row["solved"], row["satisfaction"], row["responded"]) == ("SOLVED", "SATISFIED", True)


@pytest.mark.parametrize(
    ("given", "faulty"),
    [
        (FollowUpInput(" ", True), {"channel", "solved"}),
        (
            FollowUpInput("PHONE", False, True, SolvedLevel.SOLVED, Satisfaction.SATISFIED),
            {"responded", "solved", "satisfaction"},
        ),
        (FollowUpInput("PHONE", True, solved=SolvedLevel.SOLVED, comment="\x07"), {"comment"}),
    ],
)
async def test_a_faulty_call_is_not_recorded(street: Street, given: FollowUpInput, faulty: set[str]) -> None:
    case_id = await closed(street)
    assert (
        paths(await refused(street, case_id, InvalidInput, lambda tx: record_follow_up(tx, case_id, given), CALLER))
        == faulty
    )


async def test_the_follow_up_caller_is_a_third_person(street: Street) -> None:
    case_id = await closed(street)
    call: Step = lambda tx: record_follow_up(tx, case_id, FollowUpInput("PHONE", contacted=False))  # noqa: E731
    await refused(street, case_id, NotPermitted, call)
    await street.pool.execute(
        "UPDATE case_file SET closed_by = $2 WHERE id = $1", case_id, street.viewer(CALLER).account_id
    )
    await refused(street, case_id, NotPermitted, call, CALLER)


async def test_the_reporter_rates_the_result_once(street: Street) -> None:
    case_id = await closed(street, reporter=None)
    rate: Step = lambda tx: rate_result(tx, case_id, satisfaction=Satisfaction.SATISFIED, comment="谢谢")  # noqa: E731
    await refused(street, case_id, NotFound, rate, RESIDENT)
    await street.pool.execute(
        "UPDATE case_file SET reporter_person_id = $2 WHERE id = $1", case_id, street.resident(RESIDENT).person_id
    )
    await do(street, rate, RESIDENT)
    row = await only_row(street, "SELECT * FROM evaluation WHERE case_id = $1", case_id)
    assert (row["evaluator_kind"], row["satisfaction"], row["comment"]) == ("RESIDENT", "SATISFIED", "谢谢")
    assert (await case_row(street, case_id))["state"] == "CLOSED"
    await refused(street, case_id, StateConflict, rate, RESIDENT)


async def test_of_two_writers_on_one_version_one_wins(street: Street) -> None:
    case_id = await registered(street)

    async def accept() -> Outcome:
        return await do(street, lambda tx: cases.accept(tx, case_id, expected_version=1))

    async def classify() -> Outcome:
        return await do(street, lambda tx: cases.classify(tx, case_id, urgency=Urgency.URGENT, expected_version=1))

    results = await asyncio.gather(accept(), classify(), return_exceptions=True)
    assert sorted(type(result).__name__ for result in results) == ["Outcome", "StateConflict"]
    conflict = next(result for result in results if isinstance(result, StateConflict))
    assert conflict.version == 2
    assert (await case_row(street, case_id))["version"] == 2


async def test_sixteen_who_accept_at_once_accept_once(street: Street) -> None:
    case_id = await registered(street)
    steps = (do(street, lambda tx: cases.accept(tx, case_id)) for _ in range(16))
    results = await asyncio.gather(*steps, return_exceptions=True)
    assert sum(isinstance(result, Outcome) for result in results) == 1
    assert sum(isinstance(result, StateConflict) for result in results) == 15
    assert await messages(street, case_id) == ["RECEIPT", "ACCEPTED"]
