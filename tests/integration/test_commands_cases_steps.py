"""A case's steps up to its dispatch: what each writes, whom it tells, and that a refusal leaves nothing behind (C.3)."""

from collections.abc import Awaitable
from datetime import datetime, timedelta
from uuid import UUID

import pytest

from shaodao.commands import cases
from shaodao.commands.dispatching import PartyInput
from shaodao.commands.transaction import Outcome, Transaction
from shaodao.domain.calendar import SHANGHAI
from shaodao.domain.errors import InvalidInput, NotFound, NotPermitted, StateConflict
from shaodao.domain.vocabulary import (
    Channel,
    CloseKind,
    NotAcceptedReason,
    Urgency,
)
from tests.integration.case_steps import (
    BASIS,
    CO,
    DISPATCHER,
    LEAD,
    RESIDENT,
    WORKER,
    Step,
    accepted,
    case_row,
    clock,
    dispatched,
    do,
    last_event,
    messages,
    only_row,
    paths,
    refused,
    registered,
    stages,
)
from tests.integration.conftest import Street


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
    await refused(street, case_id, NotFound, object_, "P018")
    await do(street, object_, RESIDENT)
    row = await case_row(street, case_id)
    assert (row["state"], row["refusal_objected"], row["not_accepted_reason"], row["due_at"]) == (
        "REGISTERED",
        True,
        None,
        due,
    )
    assert (await clock(street, case_id, "HANDLING"))["state"] == "RUNNING"
    assert street.now + (due - street.now) / 2 in await stages(street, case_id)
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
    await refused(street, case_id, NotFound, settle, "吴示禾")
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
    # Two hours from the registration are over: from now.
    assert (await clock(street, case_id, "CONTACT"))["due_at"] == street.now + timedelta(hours=2)
    assert datetime(2026, 10, 9, 21, 12, tzinfo=SHANGHAI) in await stages(street, case_id)  # half of the new limit
    assert len(await stages(street, case_id)) == 2
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
    assert (await last_event(street, case_id))["detail"] == "险情已控"


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
    row = await only_row(street, "SELECT code FROM routing_rule WHERE limit_amount = 15 AND limit_unit = 'WORKING_DAY'")
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
