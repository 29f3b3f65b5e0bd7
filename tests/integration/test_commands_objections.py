"""Dispatch objections 派单异议 by the real commands: window, rounds, arbiters, handing on (C.4, C.5 rule 6, L-21 to L-29)."""

from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from shaodao.commands import assignments, cases
from shaodao.commands.dispatching import PartyInput
from shaodao.commands.objection_counts import objections_by_organization
from shaodao.commands.objections import Ruling, decide_objection, raise_objection
from shaodao.commands.running import connection_of
from shaodao.domain.calendar import SHANGHAI
from shaodao.domain.errors import InvalidInput, NotFound, NotPermitted, StateConflict
from shaodao.domain.vocabulary import ObjectionReason, Urgency, WhistleKind
from tests.integration.conftest import Street
from tests.integration.test_delivery_clock import clock_of, run_out
from tests.integration.whistle_steps import (
    BASIS,
    CHIEF,
    CO,
    COUNTY,
    DISPATCHER,
    INFORM,
    LEAD,
    accepted,
    arrived,
    assignment_of,
    blown,
    do,
    hearings,
    paths,
    row,
    running,
)

WHY = "夜间施工噪声执法已划转综合执法"
AN_HOUR = timedelta(hours=1)


async def dispatched(street: Street, code: str = "HB", **changes: Any) -> tuple[UUID, UUID]:
    """A case dispatched to an organization, and its assignment."""
    case_id = await accepted(street, **changes)
    await do(street, lambda tx: cases.dispatch(tx, case_id, parties=[PartyInput(code, LEAD)], duty_basis=BASIS))
    return case_id, await assignment_of(street, case_id, code)


async def objected(street: Street, assignment_id: UUID, code: str, after: timedelta = AN_HOUR) -> UUID:
    """The organization objects; answers the objection's id."""
    outcome = await do(
        street,
        lambda tx: raise_objection(tx, assignment_id, reason_kind=ObjectionReason.NOT_OUR_DUTY, text=WHY),
        code,
        after,
    )
    assert outcome.record_id is not None
    return outcome.record_id


async def refused(street: Street, assignment_id: UUID, who: str = DISPATCHER) -> Any:
    """The objection is refused; answers the assignment's row."""
    await do(street, lambda tx: decide_objection(tx, assignment_id, Ruling(False, "三定方案未变")), who, AN_HOUR)
    return await row(street, "assignment", assignment_id)


async def granted(street: Street, assignment_id: UUID, taker: str, who: str = DISPATCHER) -> None:
    """The objection is granted, and another organization takes over."""
    await do(
        street, lambda tx: decide_objection(tx, assignment_id, Ruling(True, "情况属实", taker, BASIS)), who, AN_HOUR
    )


async def test_a_granted_objection_names_the_next_organization_in_the_same_step(street: Street) -> None:
    """Case 13 of D.6: HB objects, CG takes over; the case keeps its state and its clock (C.3, C.9 point 6)."""
    case_id, assignment_id = await dispatched(street)
    due_at = (await row(street, "case_file", case_id))["due_at"]
    objection_id = await objected(street, assignment_id, "HB")
    assert (await row(street, "assignment", assignment_id))["state"] == "OBJECTED"
    assert await running(street, case_id, assignment_id) == {"OBJECTION", "RESULT"}
    await granted(street, assignment_id, "CG")
    former = await row(street, "assignment", assignment_id)
    taken = await row(street, "assignment", await assignment_of(street, case_id, "CG"))
    assert (former["state"], taken["state"], taken["role"], taken["duty_basis"]) == (
        "REASSIGNED",
        "NOTIFIED",
        "LEAD",
        BASIS,
    )
    assert await running(street, case_id, assignment_id) == set()
    case = await row(street, "case_file", case_id)
    assert (case["state"], case["due_at"]) == ("ASSIGNED", due_at)
    objection = await row(street, "dispatch_objection", objection_id)
    assert (objection["decision"], objection["reassigned_to"], objection["arbiter"]) == ("GRANTED", "CG", "STREET")
    assert (await hearings(street, case_id))[-1] == ("CG", "on_dispatch")
    event = await street.pool.fetchrow("SELECT * FROM case_event WHERE case_id = $1 ORDER BY seq DESC LIMIT 1", case_id)
    assert event is not None
    assert (event["type"], event["public"]) == ("decideObjection", True)
    assert "改派主办" in event["text"]


async def test_who_was_only_informed_is_called_like_anybody_else(street: Street) -> None:
    case_id = await accepted(street)
    parties = [PartyInput("HB", LEAD), PartyInput("SC", INFORM)]
    await do(street, lambda tx: cases.dispatch(tx, case_id, parties=parties, duty_basis=BASIS))
    await objected(street, lead := await assignment_of(street, case_id, "HB"), "HB")
    await granted(street, lead, "SC")
    taken = await row(street, "assignment", await assignment_of(street, case_id, "SC"))
    assert (taken["role"], taken["state"], taken["notified_at"]) == ("LEAD", "NOTIFIED", street.now)
    assert await running(street, case_id, taken["id"]) == {"ACKNOWLEDGE", "RESULT"}


async def test_the_objector_hears_the_ruling_and_sees_the_case_no_more(street: Street) -> None:
    case_id, assignment_id = await dispatched(street, "CG")
    await objected(street, assignment_id, "CG")
    await granted(street, assignment_id, "HB")
    assert (await hearings(street, case_id))[-1] == ("CG", "on_objection_decided")
    with pytest.raises(NotFound):
        await do(street, lambda tx: cases.classify(tx, case_id, urgency=Urgency.URGENT), "CG")


@pytest.mark.parametrize(
    ("urgency", "in_time"),
    [
        (Urgency.URGENT, datetime(2026, 11, 20, 11, 59, tzinfo=SHANGHAI)),
        (Urgency.GENERAL, datetime(2026, 11, 23, 23, 59, tzinfo=SHANGHAI)),
    ],
)
async def test_after_the_window_nobody_objects_and_the_refusal_names_it(
    street: Street, urgency: Urgency, in_time: datetime
) -> None:
    """C.5 rule 6, notified on Friday at 10:00: two work hours when urgent, one working day otherwise."""
    _, late = await dispatched(street, urgency=urgency)
    _, other = await dispatched(street, urgency=urgency)
    street.now = in_time
    await objected(street, other, "HB", timedelta())
    street.now = in_time + timedelta(minutes=1)
    with pytest.raises(StateConflict, match="window ended") as conflict:
        await objected(street, late, "HB", timedelta())
    assert "异议期限已过" in conflict.value.message
    assert conflict.value.state == "NOTIFIED"


async def test_in_an_emergency_arrive_first_and_argue_later(street: Street) -> None:
    """先到场、后争议: the window runs from the arrival, and a refused objection leaves it on the scene."""
    case_id, _ = await blown(street, kind=WhistleKind.EMERGENCY)
    assignment_id = await assignment_of(street, case_id, "CG")
    with pytest.raises(StateConflict, match="arrive first"):
        await objected(street, assignment_id, "CG", timedelta())
    street.now += timedelta(days=3)
    await arrived(street, assignment_id, "CG")
    await objected(street, assignment_id, "CG", timedelta(minutes=30))
    stands = await refused(street, assignment_id)
    assert (stands["state"], stands["directed"]) == ("ARRIVED", False)
    assert "ARRIVE" not in await running(street, case_id, assignment_id)


async def test_at_most_two_rounds_then_it_is_directed_and_stands(street: Street) -> None:
    """The second round is the county's, which comes to see the case; a third is refused (C.4)."""
    case_id, assignment_id = await dispatched(street)
    await objected(street, assignment_id, "HB")
    first = await refused(street, assignment_id, CHIEF)
    assert (first["state"], first["directed"], first["acknowledged_at"]) == (
        "ACKNOWLEDGED", False, street.now - AN_HOUR,
    )  # fmt: skip
    assert (await row(street, "case_file", case_id))["county_informed_at"] is None
    street.now += timedelta(days=1)
    await objected(street, assignment_id, "HB")
    assert (await row(street, "case_file", case_id))["county_informed_at"] == street.now
    with pytest.raises(NotPermitted, match="county grid office decides"):
        await refused(street, assignment_id, DISPATCHER)
    assert (await refused(street, assignment_id, COUNTY))["directed"] is True
    with pytest.raises(StateConflict, match="directed"):
        await objected(street, assignment_id, "HB")
    await do(street, lambda tx: assignments.start(tx, assignment_id), "HB")


async def test_the_rounds_go_with_the_part_and_the_third_organization_is_directed(street: Street) -> None:
    """Nothing is handed round without end."""
    case_id, assignment_id = await dispatched(street)
    await objected(street, assignment_id, "HB")
    await granted(street, assignment_id, "CG")
    second = await assignment_of(street, case_id, "CG")
    await objected(street, second, "CG")
    await granted(street, second, "SC", COUNTY)
    third = await row(street, "assignment", await assignment_of(street, case_id, "SC"))
    assert (third["directed"], third["objection_rounds"]) == (True, 2)
    with pytest.raises(StateConflict, match="directed"):
        await objected(street, third["id"], "SC")


@pytest.mark.parametrize(
    ("ruling", "at"),
    [
        (Ruling(True, "情况属实", "HB", BASIS), ["reassignTo"]),
        (Ruling(True, "情况属实", "XX", BASIS), ["reassignTo"]),
        (Ruling(True, " "), ["text", "reassignTo", "dutyBasis"]),
        (Ruling(True, "情况属实", "990101001001", BASIS), ["reassignTo"]),
        (Ruling(False, "不属实", "CG"), ["reassignTo"]),
    ],
)
async def test_a_ruling_at_fault_names_every_field(street: Street, ruling: Ruling, at: list[str]) -> None:
    case_id, assignment_id = await dispatched(street)
    await objected(street, assignment_id, "HB")
    with pytest.raises(InvalidInput) as fault:
        await do(street, lambda tx: decide_objection(tx, assignment_id, ruling))
    assert paths(fault.value) == at
    assert (await row(street, "assignment", assignment_id))["state"] == "OBJECTED"
    assert await running(street, case_id, assignment_id) == {"OBJECTION", "RESULT"}


async def test_nobody_else_objects_or_decides(street: Street) -> None:
    _, assignment_id = await dispatched(street, "CG")
    for who, error in ((DISPATCHER, NotPermitted), ("HB", NotFound)):
        with pytest.raises(error):
            await objected(street, assignment_id, who)
    await objected(street, assignment_id, "CG")
    with pytest.raises(NotPermitted):
        await granted(street, assignment_id, "HB", "CG")
    with pytest.raises(InvalidInput):
        await do(
            street, lambda tx: decide_objection(tx, assignment_id, Ruling(True, "", "HB", BASIS)), DISPATCHER
        )  # fmt: skip


async def test_while_it_waits_nobody_is_awaited_on_the_scene_and_after_a_refusal_anew(street: Street) -> None:
    """C.4: refused it is signed for; the arrival's limit begins again, the result's ran on (C.5 rule 9)."""
    case_id, whistle_id = await blown(street, kind=WhistleKind.ROUTINE)
    assignment_id = await assignment_of(street, case_id, "CG")
    before = await row(street, "assignment", assignment_id)
    await objected(street, assignment_id, "CG", timedelta(hours=3))
    assert await running(street, case_id, assignment_id) == {"OBJECTION", "FIRST_REPORT", "RESULT"}
    street.now += timedelta(days=3)
    after = await refused(street, assignment_id)
    assert after["arrive_due_at"] == datetime(2026, 11, 25, tzinfo=SHANGHAI) > before["arrive_due_at"]
    assert after["result_due_at"] == before["result_due_at"]
    assert await running(street, case_id, assignment_id) == {"ARRIVE", "FIRST_REPORT", "RESULT"}
    assert (await row(street, "whistle", whistle_id))["state"] == "BLOWN"


async def test_in_a_whistle_the_next_one_is_called_to_the_scene(street: Street) -> None:
    case_id, whistle_id = await blown(
        street, parties=[PartyInput("HB", LEAD), PartyInput("JJ", CO), PartyInput("WG", INFORM)]
    )
    lead, co = await assignment_of(street, case_id, "HB"), await assignment_of(street, case_id, "JJ")
    await objected(street, co, "JJ", timedelta(minutes=5))
    with pytest.raises(InvalidInput, match="at work in the case already"):
        await granted(street, co, "HB")
    await granted(street, co, "GA")
    taken = await row(street, "assignment", await assignment_of(street, case_id, "GA"))
    assert (taken["role"], taken["whistle_id"], taken["arrival_required"]) == ("CO", whistle_id, True)
    assert (await hearings(street, case_id))[-1] == ("JJ", "on_objection_decided")
    assert ("GA", "on_whistle") in await hearings(street, case_id)
    await arrived(street, taken["id"], "GA")
    await objected(street, lead, "HB", timedelta(minutes=5))
    await granted(street, lead, "GA")
    leading = await row(street, "assignment", taken["id"])
    assert (leading["role"], leading["state"]) == ("LEAD", "ARRIVED")
    assert (await row(street, "assignment", lead))["state"] == "REASSIGNED"


async def test_a_late_ruling_is_the_arbiters_and_the_county_hears_of_it(street: Street) -> None:
    """The clock of the ruling belongs to the assignment; its department is not told that it is overdue (C.6)."""
    case_id, assignment_id = await dispatched(street, "CG")
    await objected(street, assignment_id, "CG")
    clock = await street.pool.fetchrow("SELECT * FROM deadline WHERE case_id = $1 AND kind = 'OBJECTION'", case_id)
    assert clock is not None
    assert clock["due_at"] == datetime(2026, 11, 24, tzinfo=SHANGHAI)
    street.now = clock["due_at"]
    await run_out(clock_of(street))
    event = await street.pool.fetchrow("SELECT * FROM case_event WHERE case_id = $1 ORDER BY seq DESC LIMIT 1", case_id)
    assert event is not None
    assert "派单异议的裁定" in event["text"]
    assert ("CG", "on_overdue") not in await hearings(street, case_id)
    assert (await row(street, "case_file", case_id))["county_informed_at"] == street.now


async def test_objections_are_counted_by_organization(street: Street) -> None:
    """L-21 to L-29: refusals to take work on are counted, by the day on which they were raised in Shanghai."""
    for taker in ("CG", None, "SC"):
        _, assignment_id = await dispatched(street)
        await objected(street, assignment_id, "HB")
        if taker is None:
            await refused(street, assignment_id)
        else:
            await granted(street, assignment_id, taker)
    _, waiting = await dispatched(street, "CG")
    await objected(street, waiting, "CG")

    async def counted(division: str, days: tuple[date, date]) -> list[tuple[str, int, int, int, int]]:
        async with street.pool.acquire() as lent:
            found = await objections_by_organization(connection_of(lent), division, days, street.now)
        return [(one.organization_code, one.raised, one.granted, one.refused, one.waiting) for one in found]

    today = street.now.astimezone(SHANGHAI).date()
    expected = [("HB", 3, 2, 1, 0), ("CG", 1, 0, 0, 1)]
    assert await counted("990101001000", (today, today)) == expected
    assert await counted("990101000000", (today, today)) == expected
    assert await counted("990101002000", (today, today)) == []
    assert await counted("990101001000", (date(2026, 1, 1), date(2026, 11, 19))) == []
