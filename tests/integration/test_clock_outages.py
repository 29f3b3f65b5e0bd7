"""The clock stands still while people go on: nothing that came due is lost, whoever acts first; and one broken stage stops nobody."""

import json
from contextlib import suppress
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from shaodao.commands import assignments, cases, verifications
from shaodao.delivery.clock import Clock, ClockRules, NothingDue, fire_due
from shaodao.domain.errors import StateConflict
from shaodao.domain.permissions import SYSTEM
from shaodao.domain.vocabulary import NotAcceptedReason, Urgency, VerificationMethod
from tests.integration.case_steps import dispatched, registered
from tests.integration.conftest import Street
from tests.integration.delivering import emergency
from tests.integration.test_delivery_clock import clock_of, run_out
from tests.integration.test_delivery_ladder import at, report, sign_for, taken
from tests.integration.whistle_steps import assignment_of, do, events, row

BREAK = "UPDATE deadline_stage SET stage = 'UNKNOWN' WHERE case_id = $1 AND stage = $2"


async def fired(street: Street, case_id: UUID) -> list[tuple[str, str, int]]:
    """What fired of the case's clocks: kind, stage, and how many seconds late."""
    rows = await street.pool.fetch(
        "SELECT kind, history FROM deadline WHERE case_id = $1 ORDER BY started_at, id", case_id
    )
    return [
        (row["kind"], entry["stage"], entry["late"])
        for row in rows for entry in json.loads(row["history"]) if "stage" in entry
    ]  # fmt: skip


async def waiting(street: Street, case_id: UUID) -> list[Any]:
    """The case's stages that wait, the oldest first."""
    return await street.pool.fetch("SELECT * FROM deadline_stage WHERE case_id = $1 ORDER BY due_at, stage", case_id)


async def act(street: Street, case_id: UUID, hour: int) -> None:
    """What people do about a case in the hours since it was dispatched, on Friday, 20 November."""
    lead, helper = await assignment_of(street, case_id, "CG"), await assignment_of(street, case_id, "JJ")
    match hour:
        case 24:
            await sign_for(street, case_id, "CG")
        case 102:
            await do(street, lambda tx: assignments.start(tx, lead), "CG")
        case 198 | 384:
            await report(street, case_id, "CG")
        case 258:
            await do(street, lambda tx: cases.classify(tx, case_id, urgency=Urgency.COMPLEX, reason="需施工"))
        case 282:
            await do(street, lambda tx: assignments.acknowledge(tx, helper, ["包示晨"]), "JJ")
            await report(street, case_id, "JJ")
        case 330:
            await do(street, lambda tx: verifications.return_report(tx, lead, VerificationMethod.ON_SITE, "未清"))


async def test_three_weeks_without_a_clock_are_as_three_weeks_with_one(street: Street) -> None:
    """Two cases to which the same is done: one has its clock all along, the other none before the end."""
    served, unserved = await dispatched(street), await dispatched(street)
    begun = street.now
    for hour in range(0, 504, 6):
        street.now = begun + timedelta(hours=hour)
        with suppress(NothingDue):
            await street.runner.run(fire_due(served), actor=SYSTEM, county=street.county, now=street.now)
        for case_id in (served, unserved):
            await act(street, case_id, hour)
    await run_out(clock_of(street))
    climbed = [[(clock, stage) for clock, stage, _ in await fired(street, case_id)] for case_id in (served, unserved)]
    assert climbed[0] == climbed[1]
    assert ("HANDLING", "WARN_COUNTY") in climbed[0]
    assert await taken(street, served) == await taken(street, unserved)
    assert max(late for _, _, late in await fired(street, served)) < 6 * 3600
    assert max(late for _, _, late in await fired(street, unserved)) > 24 * 3600


async def test_a_report_that_comes_before_the_clock_is_back_loses_no_stage(street: Street) -> None:
    """Down from Tuesday to Monday, due on Saturday: the report is late all the same, and the county hears of it."""
    case_id = await dispatched(street)
    for code in ("CG", "JJ"):
        await sign_for(street, case_id, code)
    street.now = at("2026-11-30 10:00")
    await report(street, case_id, "CG")
    climbed = ["REMIND HANDLING", "URGE HANDLING", "OVERDUE HANDLING", "WARN_COUNTY HANDLING"]
    assert await taken(street, case_id, "HANDLING") == climbed
    assert await taken(street, case_id, "RESULT") == [
        f"{stage} RESULT {code}" for stage in ("REMIND", "URGE", "OVERDUE") for code in ("CG", "JJ")
    ]
    assert (await row(street, "case_file", case_id))["county_informed_at"] == street.now
    assert (await row(street, "assignment", await assignment_of(street, case_id, "CG")))["late_report"] is True
    told = await events(street, case_id)
    assert told.index("deadlinePassed") < told.index("reportResult")
    before = await fired(street, case_id)
    assert ("HANDLING", "OVERDUE", round(timedelta(days=2, hours=10).total_seconds())) in before
    assert {
        record["actor_name"] for record in await street.pool.fetch(
            "SELECT actor_name FROM case_event WHERE case_id = $1 AND payload ? 'late_seconds'", case_id
        )
    } == {"系统"}  # fmt: skip
    await run_out(clock_of(street))
    assert await fired(street, case_id) == before


async def test_a_case_refused_before_the_clock_is_back_had_passed_its_due(street: Street) -> None:
    case_id = await registered(street)
    street.now = at("2026-11-30 10:00")
    await do(street, lambda tx: cases.refuse(tx, case_id, reason=NotAcceptedReason.OUT_OF_SCOPE, explanation="属另案"))
    assert [stage for _, stage, _ in await fired(street, case_id)].count("OVERDUE") == 2  # contact and handling
    assert (await row(street, "case_file", case_id))["county_informed_at"] == street.now


async def test_a_case_classed_anew_before_the_clock_is_back_keeps_what_was_due(street: Street) -> None:
    case_id = await dispatched(street)
    street.now = at("2026-11-30 10:00")
    await do(street, lambda tx: cases.classify(tx, case_id, urgency=Urgency.COMPLEX, reason="需施工"))
    assert await taken(street, case_id, "HANDLING") == [
        "REMIND HANDLING", "URGE HANDLING", "OVERDUE HANDLING", "WARN_COUNTY HANDLING",
    ]  # fmt: skip
    assert (await row(street, "case_file", case_id))["county_informed_at"] == street.now


async def test_what_goes_on_after_its_due_is_not_late_by_the_time_before(street: Street) -> None:
    """Reported in time, returned two weeks after the due, without any outage."""
    case_id = await dispatched(street)
    for code in ("CG", "JJ"):
        await sign_for(street, case_id, code)
        await report(street, case_id, code)
    lead = await assignment_of(street, case_id, "CG")
    street.now = at("2026-12-11 15:00")
    await run_out(clock_of(street))
    await do(street, lambda tx: verifications.return_report(tx, lead, VerificationMethod.ON_SITE, "仍有1辆"))
    street.now += timedelta(seconds=3)
    await run_out(clock_of(street))
    late = {(kind, stage): late for kind, stage, late in await fired(street, case_id) if kind in ("HANDLING", "RESULT")}
    assert late == {("HANDLING", "OVERDUE"): 3, ("HANDLING", "WARN_COUNTY"): 3, ("RESULT", "OVERDUE"): 3}
    street.now = at("2026-12-15 01:00")
    await run_out(clock_of(street))
    assert ("HANDLING", "SUPERVISE", 3600) in await fired(street, case_id)


async def test_a_stage_that_cannot_fire_keeps_nobody_from_working(street: Street) -> None:
    case_id = await dispatched(street)
    await sign_for(street, case_id, "CG")
    await street.pool.execute(BREAK + " AND assignment_id IS NULL", case_id, "REMIND")
    street.now = at("2026-11-30 10:00")
    lead = await assignment_of(street, case_id, "CG")
    await do(street, lambda tx: assignments.start(tx, lead), "CG")
    assert "OVERDUE RESULT CG" in await taken(street, case_id)
    [broken] = [one for one in await waiting(street, case_id) if one["failures"]]
    assert (broken["stage"], broken["failures"], broken["last_error"]) == ("UNKNOWN", 1, "KeyError: 'UNKNOWN'")
    assert broken["retry_at"] == street.now + timedelta(seconds=30)


async def test_broken_cases_do_not_fill_the_head_of_the_clocks_list(street: Street) -> None:
    """One case a look: the broken one, which came due first, is passed by until its time has come again."""
    broken, whole = await registered(street), await registered(street)
    await street.pool.execute(BREAK, broken, "REMIND")
    street.now = at("2026-11-28 00:00")
    clock = Clock(street.pool, street.runner, SYSTEM, lambda: street.now, ClockRules(batch=1))
    for _ in range(4):
        await clock.one_pass()
    assert "OVERDUE HANDLING" in await taken(street, whole)
    assert [one["failures"] for one in await waiting(street, broken) if one["stage"] == "UNKNOWN"] == [1]


async def test_one_broken_stage_leaves_the_other_clocks_of_its_case_alone_and_is_tried_again(street: Street) -> None:
    case_id = (await emergency(street, "CG", "XF")).case_id
    assert case_id is not None
    lead = await assignment_of(street, case_id, "CG")
    soon = street.now + timedelta(minutes=5)
    await street.pool.execute(
        BREAK + " AND assignment_id = $3 AND due_at <= $4", case_id, "OVERDUE", lead, soon
    )  # fmt: skip
    street.now += timedelta(minutes=31)
    await run_out(clock_of(street))
    assert "OVERDUE ARRIVE CG" in await taken(street, case_id)
    assert not [one for one in await taken(street, case_id) if one.endswith("ACKNOWLEDGE CG")]
    for failures, pause in ((2, 30), (3, 60), (4, 120)):
        street.now += timedelta(seconds=pause)
        await run_out(clock_of(street))
        [broken] = [one for one in await waiting(street, case_id) if one["stage"] == "UNKNOWN"]
        assert broken["failures"] == failures
    await street.pool.execute("UPDATE deadline_stage SET stage = 'OVERDUE' WHERE stage = 'UNKNOWN'")
    street.now += timedelta(hours=1)
    await run_out(clock_of(street))
    assert "OVERDUE ACKNOWLEDGE CG" in await taken(street, case_id)
    assert not [one for one in await waiting(street, case_id) if one["failures"]]


async def test_a_command_that_is_refused_fires_nothing(street: Street) -> None:
    case_id = await dispatched(street)
    street.now = at("2026-11-30 10:00")
    before = await events(street, case_id)
    with pytest.raises(StateConflict):
        await do(street, lambda tx: cases.accept(tx, case_id))
    assert await events(street, case_id) == before
