"""A case classed anew while departments are at work (C.5 rules 8, 10, 11): no due in the past, none earlier without notice."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from shaodao.commands import cases, deadlines, emergencies
from shaodao.commands.dispatching import PartyInput
from shaodao.commands.emergencies import EmergencyInput
from shaodao.domain.case_vocabulary import PauseReason
from shaodao.domain.vocabulary import Urgency
from tests.integration.case_steps import dispatched
from tests.integration.conftest import Street
from tests.integration.test_delivery_clock import clock_of, run_out
from tests.integration.test_delivery_ladder import at, sign_for, taken
from tests.integration.whistle_steps import BASIS, LEAD, accepted, assignment_of, do, registered, row


async def at_work(street: Street, urgency: Urgency) -> UUID:
    """A case of Friday, 20 November, 10:00, with two organizations that have signed for it."""
    case_id = await dispatched(street, urgency=urgency)
    for code in ("CG", "JJ"):
        await sign_for(street, case_id, code)
    return case_id


async def classed(street: Street, case_id: UUID, urgency: Urgency, moment: datetime) -> None:
    """The clock has run until a moment; then the case is classed anew, and the clock runs again."""
    street.now = moment
    await run_out(clock_of(street))
    await do(street, lambda tx: cases.classify(tx, case_id, urgency=urgency, reason="现场情况有变"))
    await run_out(clock_of(street))


async def dues(street: Street, case_id: UUID) -> list[datetime]:
    """When the case is due, and when the results of CG and JJ are."""
    results = [await row(street, "assignment", await assignment_of(street, case_id, code)) for code in ("CG", "JJ")]
    return [(await row(street, "case_file", case_id))["due_at"], *(result["result_due_at"] for result in results)]


async def told(street: Street, case_id: UUID) -> dict[str | None, str]:
    """What was written of a deadline: to an organization's duty phone by its code, to the reporter by None; once to each."""
    rows = await street.pool.fetch(
        "SELECT organization_code, text FROM message WHERE case_id = $1 AND kind = 'DEADLINE' ORDER BY id", case_id
    )
    found: dict[str | None, str] = {each["organization_code"]: each["text"] for each in rows}
    assert len(found) == len(rows)
    return found


async def histories(street: Street, case_id: UUID) -> list[Any]:
    rows = await street.pool.fetch(
        "SELECT history, due_at FROM deadline WHERE case_id = $1 AND kind IN ('HANDLING', 'RESULT')", case_id
    )
    return [tuple(each) for each in rows]


async def test_on_the_fourth_day_a_case_made_urgent_gets_its_day_from_then_on(street: Street) -> None:
    case_id = await at_work(street, Urgency.COMPLEX)
    await classed(street, case_id, Urgency.URGENT, at("2026-11-24 10:00"))
    assert await dues(street, case_id) == [at("2026-11-25 10:00")] * 3
    assert await taken(street, case_id) == []
    sent = await told(street, case_id)
    assert {*sent} == {None, "CG", "JJ"}
    assert "紧急程度由“复杂”改为“急办”，办理时限由12月4日前提前为11月25日10:00前" in sent["CG"]
    assert "办结反馈时限由12月4日前提前为11月25日10:00前" in sent["JJ"]
    assert sent[None].endswith("因紧急程度由“复杂”改为“急办”，预计11月25日10:00前办结。")
    street.now = at("2026-11-25 10:00")
    await run_out(clock_of(street))
    assert "OVERDUE HANDLING" in await taken(street, case_id)
    late = await street.pool.fetchval("SELECT max(late_seconds) FROM supervision WHERE case_id = $1", case_id)
    assert late == round(timedelta(hours=12).total_seconds())  # the reminder, for which the clock was looked at late


async def test_an_hour_that_the_registration_still_leaves_is_counted_from_it(street: Street) -> None:
    case_id = await at_work(street, Urgency.COMPLEX)
    await classed(street, case_id, Urgency.GENERAL, at("2026-11-24 10:00"))
    assert await dues(street, case_id) == [at("2026-11-28 00:00")] * 3
    assert {*await told(street, case_id)} == {None, "CG", "JJ"}


async def test_a_result_whose_own_limit_is_over_counts_from_then_on_too(street: Street) -> None:
    """On the seventh working day of ten a COMPLEX case becomes GENERAL: five days from then, for all of them."""
    case_id = await at_work(street, Urgency.COMPLEX)
    await classed(street, case_id, Urgency.GENERAL, at("2026-12-01 10:00"))
    assert await dues(street, case_id) == [at("2026-12-09 00:00")] * 3
    assert await told(street, case_id) == {}  # later: silently
    assert not [stage for stage in await taken(street, case_id) if "OVERDUE" in stage]


async def test_who_is_overdue_stays_so_whatever_the_class(street: Street) -> None:
    case_id = await at_work(street, Urgency.GENERAL)
    street.now = at("2026-12-10 10:00")
    await run_out(clock_of(street))
    before, climbed = await histories(street, case_id), await taken(street, case_id)
    for urgency in (Urgency.COMPLEX, Urgency.GENERAL):
        await classed(street, case_id, urgency, street.now)
    assert await histories(street, case_id) == before
    await classed(street, case_id, Urgency.URGENT, street.now)
    assert await dues(street, case_id) == [at("2026-11-28 00:00")] * 3
    assert (await taken(street, case_id), await told(street, case_id)) == (climbed, {})


async def test_a_paused_case_made_urgent_has_its_day_when_it_goes_on(street: Street) -> None:
    case_id = await at_work(street, Urgency.COMPLEX)
    waiting = deadlines.PauseInput(PauseReason.RESIDENT_MATERIAL, "待料")
    street.now = at("2026-11-24 10:00")
    await do(street, lambda tx: deadlines.pause(tx, case_id, waiting))
    await classed(street, case_id, Urgency.URGENT, at("2026-11-26 10:00"))
    street.now = at("2026-11-27 10:00")
    await do(street, lambda tx: deadlines.resume(tx, case_id, reason="已补"))
    await run_out(clock_of(street))
    assert await dues(street, case_id) == [at("2026-11-28 10:00")] * 3
    assert await taken(street, case_id) == []


async def test_an_urgent_case_made_safe_is_due_later_and_nobody_is_written_to(street: Street) -> None:
    case_id = await at_work(street, Urgency.URGENT)
    await classed(street, case_id, Urgency.GENERAL, at("2026-11-20 22:00"))
    assert await dues(street, case_id) == [at("2026-11-28 00:00")] * 3
    assert await told(street, case_id) == {}


async def test_a_shorter_limit_of_the_catalogue_is_told_and_lies_ahead(street: Street) -> None:
    """Dispatched on the fourth day by a rule of two working days, which have passed since the registration."""
    case_id = await accepted(street, urgency=Urgency.COMPLEX)
    await street.pool.execute("UPDATE routing_rule SET limit_amount = 2 WHERE code = 'C-0601'")
    street.now = at("2026-11-25 10:00")
    parties = [PartyInput("CG", LEAD)]
    await do(street, lambda tx: cases.dispatch(tx, case_id, parties=parties, duty_basis=BASIS, catalogue_code="C-0601"))
    assert (await row(street, "case_file", case_id))["due_at"] == at("2026-11-28 00:00")
    sent = await told(street, case_id)
    assert {*sent} == {None}  # the organization hears by its dispatch
    assert "预计11月27日前办结" in sent[None]


async def test_the_reporter_of_an_emergency_is_told_its_day_once(street: Street) -> None:
    case_id = await registered(street)
    given = EmergencyInput("路面塌陷", parties=[PartyInput("CG", LEAD)])
    await do(street, lambda tx: emergencies.blow_emergency(tx, case_id, None, given))
    assert await told(street, case_id) == {}
    accepted_text = await street.pool.fetchval(
        "SELECT text FROM message WHERE case_id = $1 AND kind = 'ACCEPTED'", case_id
    )
    assert "预计11月21日10:00前办结" in accepted_text
