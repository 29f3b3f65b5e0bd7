"""A case's own steps: what each writes, whom it tells, what it refuses, and that a refusal leaves nothing behind (C.3)."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from shaodao.commands import cases
from shaodao.commands.dispatching import PartyInput
from shaodao.commands.follow_ups import FollowUpInput, rate_result, record_follow_up
from shaodao.commands.progress import advance
from shaodao.commands.registration import register
from shaodao.commands.transaction import Outcome, Transaction
from shaodao.domain.calendar import SHANGHAI
from shaodao.domain.errors import DomainError, InvalidInput, NotFound, NotPermitted, StateConflict
from shaodao.domain.vocabulary import (
    AssignmentRole,
    Channel,
    CloseKind,
    NotAcceptedReason,
    Satisfaction,
    SolvedLevel,
    Urgency,
)
from tests.integration.conftest import Street
from tests.integration.test_commands_cases_registration import case_input, only_row, paths

LEAD, CO, INFORM = AssignmentRole.LEAD, AssignmentRole.CO, AssignmentRole.INFORM
DISPATCHER, WORKER, CALLER, RESIDENT = "吕示衡", "周示岚", "毛示访", "P014"
Step = Callable[[Transaction], Awaitable[Outcome]]
BASIS = "综合行政执法事项目录第12项"


async def do(street: Street, step: Step, who: str = DISPATCHER) -> Outcome:
    viewer = street.resident(who) if who.startswith("P0") else street.viewer(who)
    return await street.run(step, viewer)


async def registered(street: Street, who: str = DISPATCHER, **changes: Any) -> UUID:
    outcome = await do(street, lambda tx: register(tx, case_input(**changes)), who)
    assert outcome.case_id is not None
    return outcome.case_id


async def accepted(street: Street, who: str = DISPATCHER, **changes: Any) -> UUID:
    case_id = await registered(street, who, **changes)
    await do(street, lambda tx: cases.accept(tx, case_id))
    return case_id


async def dispatched(street: Street, **changes: Any) -> UUID:
    case_id = await accepted(street, **changes)
    await do(
        street,
        lambda tx: cases.dispatch(
            tx, case_id, parties=[PartyInput("CG", LEAD), PartyInput("JJ", CO)], duty_basis=BASIS
        ),
    )
    return case_id


async def verifying(street: Street, **changes: Any) -> UUID:
    """A case whose two reports are in and verified, as the assignments' own commands leave them."""
    case_id = await dispatched(street, **changes)

    async def finish(tx: Transaction) -> Outcome:
        await tx.connection.execute(
            "UPDATE assignment SET state = 'VERIFIED', started_at = $2, reported_at = $2, reported_by = $3 WHERE case_id = $1",
            case_id, tx.now, street.department_viewer("CG").account_id,
        )  # fmt: skip
        await advance(tx, case_id, None)
        return Outcome(county_code=tx.county)

    await do(street, finish)
    return case_id


async def closed(street: Street, **changes: Any) -> UUID:
    case_id = await verifying(street, **changes)
    await do(street, lambda tx: cases.close(tx, case_id, close_kind=CloseKind.SOLVED, result_text="已清移。"))
    return case_id


async def case_row(street: Street, case_id: UUID) -> Any:
    return await only_row(street, "SELECT * FROM case_file WHERE county_code = $1 AND id = $2", street.county, case_id)


async def last_event(street: Street, case_id: UUID) -> Any:
    return await only_row(street, "SELECT * FROM case_event WHERE case_id = $1 ORDER BY seq DESC LIMIT 1", case_id)


async def messages(street: Street, case_id: UUID) -> list[str]:
    rows = await street.pool.fetch(
        "SELECT kind FROM message WHERE case_id = $1 AND organization_code IS NULL ORDER BY id", case_id
    )
    return [row["kind"] for row in rows]


async def clock(street: Street, case_id: UUID, kind: str) -> Any:
    return await only_row(
        street, "SELECT * FROM deadline WHERE case_id = $1 AND kind = $2 AND assignment_id IS NULL", case_id, kind
    )


async def stages(street: Street, case_id: UUID) -> list[datetime]:
    rows = await street.pool.fetch("SELECT due_at FROM deadline_stage WHERE case_id = $1 ORDER BY due_at", case_id)
    return [row["due_at"] for row in rows]


async def picture(street: Street, case_id: UUID) -> list[str]:
    """Everything that stands about a case, to be compared before and after a refusal."""
    tables = (
        "case_event",
        "message",
        "deadline",
        "deadline_stage",
        "assignment",
        "whistle",
        "follow_up",
        "evaluation",
        "delivery",
    )
    queries = ["SELECT row_to_json(t)::text FROM case_file t WHERE id = $1"]
    queries += [f"SELECT row_to_json(t)::text FROM {table} t WHERE case_id = $1 ORDER BY 1" for table in tables]
    return [str(row[0]) for query in queries for row in await street.pool.fetch(query, case_id)]


async def refused(street: Street, case_id: UUID, error: type[DomainError], step: Step, who: str = DISPATCHER) -> Any:
    """The step is refused with the error, and nothing is half written."""
    before = await picture(street, case_id)
    with pytest.raises(error) as caught:
        await do(street, step, who)
    assert await picture(street, case_id) == before
    return caught


async def test_accepting_tells_the_reporter_and_gives_a_residents_case_its_first_receiver(street: Street) -> None:
    case_id = await accepted(street, RESIDENT, reporter=None)
    row = await case_row(street, case_id)
    dispatcher = street.viewer(DISPATCHER).account_id
    assert (row["state"], row["accepted_by"], row["first_receiver_id"], row["version"]) == (
        "ACCEPTED",
        dispatcher,
        dispatcher,
        2,
    )
    assert await messages(street, case_id) == ["RECEIPT", "ACCEPTED"]
    event = await last_event(street, case_id)
    assert (event["type"], event["from_state"], event["to_state"], event["actor_role"]) == (
        "acceptCase", "REGISTERED", "ACCEPTED", "STREET_DISPATCHER",
    )  # fmt: skip


async def test_the_first_receiver_is_not_lost_when_another_accepts(street: Street) -> None:
    case_id = await accepted(street, WORKER)
    assert (await case_row(street, case_id))["first_receiver_id"] == street.viewer(WORKER).account_id


async def test_without_a_category_nothing_is_accepted(street: Street) -> None:
    case_id = await registered(street, category_code=None)
    error = await refused(street, case_id, StateConflict, lambda tx: cases.accept(tx, case_id))
    assert error.value.state == "REGISTERED"
    assert "classify" in {action.name for action in error.value.allowed if action.allowed}


async def test_accepting_twice_is_refused_with_what_is_allowed(street: Street) -> None:
    case_id = await accepted(street)
    error = await refused(street, case_id, StateConflict, lambda tx: cases.accept(tx, case_id))
    assert "dispatch" in {action.name for action in error.value.allowed if action.allowed}


async def test_an_unknown_case_is_not_found(street: Street) -> None:
    with pytest.raises(NotFound):
        await do(street, lambda tx: cases.accept(tx, UUID(int=7)))


async def test_an_emergency_is_passed_to_its_line_and_the_clock_stops(street: Street) -> None:
    case_id = await registered(street)
    refuse = lambda tx: cases.refuse(  # noqa: E731 - used once
        tx, case_id, reason=NotAcceptedReason.EMERGENCY_LINE, explanation="火情请拨打119。", emergency_line="119"
    )
    outcome = await do(street, refuse)
    row = await case_row(street, case_id)
    assert outcome.emergency_line == row["emergency_line"] == "119"
    assert (row["state"], row["not_accepted_reason"]) == ("NOT_ACCEPTED", "EMERGENCY_LINE")
    assert (await clock(street, case_id, "HANDLING"))["state"] == "STOPPED"
    assert await stages(street, case_id) == []
    assert await messages(street, case_id) == ["RECEIPT", "NOT_ACCEPTED"]


@pytest.mark.parametrize(
    ("reason", "explanation", "line", "faulty"),
    [
        (NotAcceptedReason.EMERGENCY_LINE, "转专线", None, {"emergencyLine"}),
        (NotAcceptedReason.EMERGENCY_LINE, "转专线", "911", {"emergencyLine"}),
        (NotAcceptedReason.OUT_OF_SCOPE, "超出", "110", {"emergencyLine"}),
        (NotAcceptedReason.OUT_OF_SCOPE, "  ", None, {"explanation"}),
        (NotAcceptedReason.EMERGENCY_LINE, "", "999", {"explanation", "emergencyLine"}),
    ],
)
async def test_a_refusal_needs_its_explanation_and_its_line(
    street: Street, reason: NotAcceptedReason, explanation: str, line: str | None, faulty: set[str]
) -> None:
    case_id = await registered(street)
    step: Step = lambda tx: cases.refuse(tx, case_id, reason=reason, explanation=explanation, emergency_line=line)  # noqa: E731
    assert paths(await refused(street, case_id, InvalidInput, step)) == faulty


async def test_a_refusal_is_objected_to_once_and_the_clock_goes_on(street: Street) -> None:
    case_id = await registered(street, RESIDENT, reporter=None)
    due = (await case_row(street, case_id))["due_at"]

    def refuse(tx: Transaction) -> Awaitable[Outcome]:
        return cases.refuse(tx, case_id, reason=NotAcceptedReason.REPEAT_NO_NEW, explanation="无新情况。")

    def object_(tx: Transaction) -> Awaitable[Outcome]:
        return cases.object_to_refusal(tx, case_id, text="车辆又增加了。")

    await do(street, refuse)
    await refused(street, case_id, NotPermitted, object_, "P018")
    await do(street, object_, RESIDENT)
    row = await case_row(street, case_id)
    assert (row["state"], row["refusal_objected"], row["not_accepted_reason"], row["due_at"]) == (
        "REGISTERED",
        True,
        None,
        due,
    )
    assert (await clock(street, case_id, "HANDLING"))["state"] == "RUNNING"
    assert due in await stages(street, case_id)
    await do(street, refuse)
    await refused(street, case_id, StateConflict, object_, RESIDENT)


async def test_settling_at_once_closes_tells_and_owes_a_follow_up(street: Street) -> None:
    case_id = await registered(street, WORKER)
    await do(
        street,
        lambda tx: cases.settle_at_once(tx, case_id, result_text="已劝离。", close_kind=CloseKind.ANSWERED),
        WORKER,
    )
    row = await case_row(street, case_id)
    worker = street.viewer(WORKER).account_id
    assert (row["state"], row["close_kind"], row["settled_by_first_receiver"]) == ("CLOSED", "ANSWERED", True)
    assert (row["closed_by"], row["accepted_by"], row["closed_at"]) == (worker, worker, street.now)
    assert await messages(street, case_id) == ["RECEIPT", "RESULT"]
    assert (await clock(street, case_id, "FOLLOW_UP"))["state"] == "RUNNING"
    assert (await clock(street, case_id, "HANDLING"))["state"] == "STOPPED"


async def test_what_cannot_be_settled_at_once(street: Street) -> None:
    case_id = await registered(street, WORKER, urgency=Urgency.COMPLEX)

    def settle(tx: Transaction, kind: CloseKind = CloseKind.SOLVED, text: str = "已办。") -> Awaitable[Outcome]:
        return cases.settle_at_once(tx, case_id, result_text=text, close_kind=kind)

    await refused(street, case_id, StateConflict, settle, WORKER)
    await do(street, lambda tx: cases.classify(tx, case_id, urgency=Urgency.GENERAL))
    await refused(street, case_id, NotPermitted, settle, "吴示禾")
    error = await refused(street, case_id, InvalidInput, lambda tx: settle(tx, CloseKind.VOID), WORKER)
    assert paths(error) == {"closeKind"}
    error = await refused(street, case_id, InvalidInput, lambda tx: settle(tx, text=" "), WORKER)
    assert paths(error) == {"resultText"}


async def test_reporting_up_needs_the_initial_opinion(street: Street) -> None:
    case_id = await registered(street, WORKER, channel=Channel.GRID_PATROL)
    error = await refused(
        street, case_id, InvalidInput, lambda tx: cases.report_up(tx, case_id, initial_opinion=" "), WORKER
    )
    assert paths(error) == {"initialOpinion"}
    await do(street, lambda tx: cases.report_up(tx, case_id, initial_opinion="网格无执法权，建议转城管。"), WORKER)
    row = await case_row(street, case_id)
    assert (row["state"], row["level"], row["initial_opinion"]) == (
        "REGISTERED",
        "STREET",
        "网格无执法权，建议转城管。",
    )
    assert not (await last_event(street, case_id))["public"]
    await refused(
        street, case_id, StateConflict, lambda tx: cases.report_up(tx, case_id, initial_opinion="再次上报"), WORKER
    )


async def test_classifying_counts_the_due_anew_from_registration(street: Street) -> None:
    street.now = datetime(2026, 10, 9, 9, 12, tzinfo=SHANGHAI)
    case_id = await registered(street)
    street.now += timedelta(hours=3)
    await do(street, lambda tx: cases.classify(tx, case_id, urgency=Urgency.URGENT, category_code="A11"))
    row, handling = await case_row(street, case_id), await clock(street, case_id, "HANDLING")
    due = datetime(2026, 10, 10, 9, 12, tzinfo=SHANGHAI)
    assert (row["due_at"], row["category_code"], row["urgency"]) == (due, "A11", "URGENT")
    assert (handling["due_at"], handling["unit"], handling["amount"]) == (due, "CLOCK_HOUR", 24)
    assert "WORKING_DAY" in handling["history"]
    assert (await clock(street, case_id, "CONTACT"))["due_at"] == datetime(2026, 10, 9, 11, 12, tzinfo=SHANGHAI)
    assert due in await stages(street, case_id)
    assert datetime(2026, 10, 16, tzinfo=SHANGHAI) not in await stages(street, case_id)
    event = await last_event(street, case_id)
    assert "由“一般”改为“急办”" in event["text"]
    assert "由“A13”改为“A11”" in event["text"]


async def test_an_urgent_case_made_safe_counts_its_new_limit_from_then(street: Street) -> None:
    street.now = datetime(2026, 11, 13, 22, 10, tzinfo=SHANGHAI)
    case_id = await dispatched(street, urgency=Urgency.URGENT)
    street.now = datetime(2026, 11, 14, 10, 0, tzinfo=SHANGHAI)
    unreasoned: Step = lambda tx: cases.classify(tx, case_id, urgency=Urgency.GENERAL)  # noqa: E731
    assert paths(await refused(street, case_id, InvalidInput, unreasoned)) == {"reason"}
    await do(street, lambda tx: cases.classify(tx, case_id, urgency=Urgency.GENERAL, reason="险情已控"))
    assert (await case_row(street, case_id))["due_at"] == datetime(2026, 11, 21, tzinfo=SHANGHAI)
    handling = await clock(street, case_id, "HANDLING")
    assert handling["started_at"] == street.now
    assert "险情已控" in (await last_event(street, case_id))["text"]


async def test_classifying_needs_something_that_exists(street: Street) -> None:
    case_id = await registered(street)
    assert paths(await refused(street, case_id, InvalidInput, lambda tx: cases.classify(tx, case_id))) == {"urgency"}
    step: Step = lambda tx: cases.classify(tx, case_id, category_code="Z1", reason="\0")  # noqa: E731
    assert paths(await refused(street, case_id, InvalidInput, step)) == {"categoryCode", "reason"}
    await refused(street, case_id, NotPermitted, lambda tx: cases.classify(tx, case_id, urgency=Urgency.URGENT), WORKER)


async def test_dispatching_notifies_every_party_by_its_duty(street: Street) -> None:
    case_id = await dispatched(street)
    rows = await street.pool.fetch("SELECT * FROM assignment WHERE case_id = $1 ORDER BY organization_code", case_id)
    assert [(row["organization_code"], row["role"], row["state"], row["duty_basis"]) for row in rows] == [
        ("CG", "LEAD", "NOTIFIED", BASIS), ("JJ", "CO", "NOTIFIED", BASIS),
    ]  # fmt: skip
    assert (await case_row(street, case_id))["state"] == "ASSIGNED"
    heard = await street.pool.fetch(
        "SELECT organization_code, hook FROM delivery WHERE case_id = $1 ORDER BY 1", case_id
    )
    assert [tuple(row) for row in heard] == [("CG", "on_dispatch"), ("JJ", "on_dispatch")]


async def test_the_catalogues_own_limit_overrides_the_class(street: Street) -> None:
    row = await only_row(
        street, "SELECT code FROM catalogue_items WHERE limit_amount = 15 AND limit_unit = 'WORKING_DAY'"
    )
    assert row is not None
    street.now = datetime(2026, 11, 19, 9, 30, tzinfo=SHANGHAI)
    case_id = await accepted(street, category_code="A06", urgency=Urgency.COMPLEX)
    step: Step = lambda tx: cases.dispatch(  # noqa: E731
        tx, case_id, parties=[PartyInput("CG", LEAD)], duty_basis=BASIS, catalogue_code=row["code"]
    )
    await do(street, step)
    assert (await case_row(street, case_id))["due_at"] == datetime(2026, 12, 11, tzinfo=SHANGHAI)
    assert (await clock(street, case_id, "HANDLING"))["rule"] == f"catalogue.{row['code']}"


@pytest.mark.parametrize(
    ("parties", "basis", "catalogue", "faulty"),
    [
        ([], BASIS, None, {"parties"}),
        ([PartyInput("CG", CO)], BASIS, None, {"parties"}),
        ([PartyInput("CG", LEAD), PartyInput("JJ", LEAD)], BASIS, None, {"parties"}),
        ([PartyInput("CG", LEAD), PartyInput("CG", CO)], BASIS, None, {"parties.1.organizationCode"}),
        ([PartyInput("CG", LEAD), PartyInput("XX", CO)], BASIS, None, {"parties.1.organizationCode"}),
        ([PartyInput("TT", LEAD)], BASIS, None, {"parties.0.organizationCode"}),
        ([PartyInput("CG", LEAD)], " ", "none", {"dutyBasis", "catalogueCode"}),
    ],
)
async def test_a_faulty_dispatch_notifies_nobody(
    street: Street, parties: list[PartyInput], basis: str, catalogue: str | None, faulty: set[str]
) -> None:
    case_id = await accepted(street)
    step: Step = lambda tx: cases.dispatch(  # noqa: E731
        tx, case_id, parties=parties, duty_basis=basis, catalogue_code=catalogue
    )
    assert paths(await refused(street, case_id, InvalidInput, step)) == faulty


async def test_a_community_gets_what_its_duty_list_holds(street: Street) -> None:
    case_id = await accepted(street, category_code="A05")
    await do(
        street,
        lambda tx: cases.dispatch(
            tx, case_id, parties=[PartyInput("JD", LEAD), PartyInput("TT", CO)], duty_basis=BASIS
        ),
    )
    assert await street.pool.fetchval("SELECT count(*) FROM assignment WHERE case_id = $1", case_id) == 2


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
    await refused(street, case_id, NotPermitted, rate, RESIDENT)
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
