"""Random lives of clocks: whatever is done to them, what fired stays as it fired, and what is to come is as computed afresh."""

from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID

import orjson
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shaodao.calendar_days import recount_open_clocks
from shaodao.commands import assignments, cases, deadlines, extensions, reports, suspensions, verifications
from shaodao.commands.running import Command
from shaodao.domain.calendar import Calendar, CalendarDay
from shaodao.domain.case_vocabulary import PauseReason, SuspensionKind
from shaodao.domain.deadlines import DeadlineUnit
from shaodao.domain.errors import DomainError
from shaodao.domain.ladder import Ascent, rungs
from shaodao.domain.vocabulary import ClockKind, Urgency, VerificationMethod, WhistleKind
from shaodao.host import SYSTEM
from tests.integration.case_steps import dispatched
from tests.integration.conftest import Street
from tests.integration.test_delivery_clock import clock_of, run_out
from tests.integration.whistle_steps import CHIEF, assignment_of, do, report_input

CLOCKS = """
SELECT d.*, c.urgency, (SELECT w.kind FROM whistle w WHERE w.id = d.whistle_id) AS whistle_kind
FROM deadline d JOIN case_file c ON c.id = d.case_id WHERE d.case_id = $1
"""
STEPS = (
    "wait", "wait", "wait", "outage", "pause", "go on", "extend", "shorten", "urgent", "complex", "suspend", "resume",
    "report", "return", "return", "holiday", "workday",
)  # fmt: skip


async def change_calendar(street: Street, offset: int, *, is_workday: bool) -> None:
    """A day to come becomes a working day, or a holiday, and the open clocks are counted anew."""
    day = street.now.date() + timedelta(days=1 + offset)
    entered = CalendarDay(day, is_workday, "临时调休", "test", provisional=False)
    street.ground = replace(street.ground, calendar=Calendar({**street.ground.calendar.days, day: entered}))
    await recount_open_clocks(street.pool, street.runner, SYSTEM, street.now)


def command_of(step: str, amount: int, case_id: UUID, lead: UUID, now: Any) -> tuple[Command, str]:
    """The command of a step, and who gives it."""
    waiting = suspensions.SuspensionInput(SuspensionKind.SEASON, "雨季", "围挡", review_cycle_days=80)
    commands: dict[str, tuple[Command, str]] = {
        "pause": (partial(deadlines.pause, case_id=case_id, given=deadlines.PauseInput(PauseReason.RESIDENT_MATERIAL, "待料")), "吕示衡"),
        "go on": (partial(deadlines.resume, case_id=case_id, reason="已补"), "吕示衡"),
        "extend": (partial(extensions.request, case_id=case_id, unit=DeadlineUnit.WORKING_DAY, amount=1 + amount % 5, reason="待料"), "CG"),
        "shorten": (partial(deadlines.shorten, case_id=case_id, due_at=now + timedelta(hours=1 + amount), reason="加急"), CHIEF),
        "urgent": (partial(cases.classify, case_id=case_id, urgency=Urgency.URGENT, reason="险情"), "吕示衡"),
        "complex": (partial(cases.classify, case_id=case_id, urgency=Urgency.COMPLEX, reason="需施工"), "吕示衡"),
        "suspend": (partial(suspensions.suspend, case_id=case_id, given=waiting), CHIEF),
        "resume": (partial(suspensions.resume, case_id=case_id, reason="雨停"), CHIEF),
        "report": (partial(reports.report_result, assignment_id=lead, given=report_input(now)), "CG"),
        "return": (partial(verifications.return_report, assignment_id=lead, method=VerificationMethod.ON_SITE, text="未清"), "吕示衡"),
    }  # fmt: skip
    return commands[step]


async def take(street: Street, step: str, amount: int, case_id: UUID, lead: UUID) -> None:
    """A step, if it is allowed now; the clock runs at its end, but in an outage."""
    if step in ("wait", "outage"):
        street.now += timedelta(hours=amount)
    elif step in ("holiday", "workday"):
        await change_calendar(street, amount % 10, is_workday=step == "workday")
    else:
        try:
            await do(street, *command_of(step, amount, case_id, lead, street.now))
            if step == "extend":
                await do(street, partial(extensions.decide, case_id=case_id, granted=True, text="可"), CHIEF)
        except DomainError:
            return
    if step == "wait":
        await run_out(clock_of(street))


def fired_of(row: Any) -> list[Any]:
    return [entry for entry in orjson.loads(row["history"]) if "stage" in entry]


async def check(street: Street, case_id: UUID, before: dict[UUID, list[Any]]) -> dict[UUID, list[Any]]:
    """What fired is as it was, with more behind it; each running clock waits for the stage that a fresh count names."""
    after = {}
    for row in await street.pool.fetch(CLOCKS, case_id):
        fired = after[row["id"]] = fired_of(row)
        known = before.get(row["id"], [])
        assert fired[: len(known)] == known
        waiting = await street.pool.fetch("SELECT stage, due_at FROM deadline_stage WHERE deadline_id = $1", row["id"])
        if row["state"] != "RUNNING":
            assert waiting == []
            continue
        ascent = Ascent(
            ClockKind[row["kind"]], row["started_at"], row["due_at"], Urgency[row["urgency"]],
            row["whistle_kind"] and WhistleKind[row["whistle_kind"]], row["ladder_since"], row["ladder_used"],
        )  # fmt: skip
        afresh = rungs(ascent, street.ground.rulebook, street.ground.calendar)
        names = [rung.stage for rung in afresh]
        reached = names.index(waiting[0]["stage"]) if waiting else len(names)
        assert {*names[:reached]} <= {entry["stage"] for entry in fired}
        assert [(one["stage"], one["due_at"]) for one in waiting] == [
            (r.stage, r.at) for r in afresh[reached : reached + 1]
        ]
    return after


@settings(
    max_examples=40, deadline=None, derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)  # fmt: skip
@given(steps=st.lists(st.tuples(st.sampled_from(STEPS), st.integers(1, 120)), min_size=4, max_size=14))
async def test_what_fired_stays_and_what_is_to_come_is_as_computed_afresh(
    street: Street, steps: list[tuple[str, int]]
) -> None:
    first = street.ground.calendar
    case_id = await dispatched(street)
    lead = await assignment_of(street, case_id, "CG")
    await do(street, partial(assignments.acknowledge, assignment_id=lead, persons=["姜示序"]), "CG")
    await do(street, partial(assignments.start, assignment_id=lead), "CG")
    fired = await check(street, case_id, {})
    for step, amount in steps:
        await take(street, step, amount, case_id, lead)
        fired = await check(street, case_id, fired)
    await run_out(clock_of(street))
    await check(street, case_id, fired)
    late = await street.pool.fetchval("SELECT count(*) FROM deadline_stage WHERE due_at <= $1", street.now)
    assert late == 0
    street.now, street.ground = street.data.meta.as_of, replace(street.ground, calendar=first)
    await street.pool.execute("DELETE FROM deadline_stage")  # the next life begins at the same hour
