"""Random lives of clocks: what fired stays as it fired, what had come due fires whoever acts first, what is to come is as
computed afresh, no due is moved into the past, and none is moved earlier unsaid.
"""

from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
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
from shaodao.domain.ladder import Ascent, Rung, rungs
from shaodao.domain.permissions import SYSTEM
from shaodao.domain.vocabulary import ClockKind, Urgency, VerificationMethod, WhistleKind
from tests.integration.case_steps import dispatched
from tests.integration.conftest import Street
from tests.integration.test_delivery_clock import clock_of, run_out
from tests.integration.whistle_steps import CHIEF, assignment_of, do, report_input

CLOCKS = """
SELECT d.*, c.urgency, (SELECT w.kind FROM whistle w WHERE w.id = d.whistle_id) AS whistle_kind
FROM deadline d JOIN case_file c ON c.id = d.case_id WHERE d.case_id = $1
"""
STEPS = (
    "wait", "wait", "wait", "outage", "outage", "outage", "pause", "go on", "extend", "shorten", "urgent", "complex", "suspend", "resume",
    "report", "co reports", "return", "return", "holiday", "workday",
)  # fmt: skip


async def change_calendar(street: Street, offset: int, *, is_workday: bool) -> None:
    """A day to come becomes a working day, or a holiday, and the open clocks are counted anew."""
    day = street.now.date() + timedelta(days=1 + offset)
    entered = CalendarDay(day, is_workday, "临时调休", "test", provisional=False)
    street.ground = replace(street.ground, calendar=Calendar({**street.ground.calendar.days, day: entered}))
    await recount_open_clocks(street.pool, street.runner, SYSTEM, street.now)


@dataclass(frozen=True)
class Work:
    """A case and the assignments of its LEAD and of the organization that helps."""

    case_id: UUID
    lead: UUID
    helper: UUID


def command_of(step: str, amount: int, work: Work, now: Any) -> tuple[Command, str]:
    """The command of a step, and who gives it."""
    case_id, lead = work.case_id, work.lead
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
        "co reports": (partial(reports.report_result, assignment_id=work.helper, given=report_input(now)), "JJ"),
        "return": (partial(verifications.return_report, assignment_id=lead, method=VerificationMethod.ON_SITE, text="未清"), "吕示衡"),
    }  # fmt: skip
    return commands[step]


@dataclass(frozen=True)
class Seen:
    """The case's clocks by id, the stages that have come due, and how much was written to whom about deadlines."""

    clocks: dict[UUID, Any]
    due: list[Any]
    written: Counter[str | None]


async def look(street: Street, case_id: UUID) -> Seen:
    clocks = {row["id"]: row for row in await street.pool.fetch(CLOCKS, case_id)}
    due = await street.pool.fetch(
        "SELECT * FROM deadline_stage WHERE case_id = $1 AND due_at <= $2 ORDER BY due_at", case_id, street.now
    )
    messages = await street.pool.fetch(
        "SELECT organization_code FROM message WHERE case_id = $1 AND kind = 'DEADLINE'", case_id
    )
    return Seen(clocks, due, Counter(row["organization_code"] for row in messages))


async def take(street: Street, step: str, amount: int, work: Work) -> bool:
    """A step; whether it was allowed now. The clock runs at the end of a wait alone."""
    if step in ("wait", "outage"):
        street.now += timedelta(hours=amount)
    elif step in ("holiday", "workday"):
        await change_calendar(street, amount % 10, is_workday=step == "workday")
    else:
        try:
            await do(street, *command_of(step, amount, work, street.now))
        except DomainError:
            return False
        if step == "extend":
            with suppress(DomainError):  # another level's to decide
                await do(street, partial(extensions.decide, case_id=work.case_id, granted=True, text="可"), CHIEF)
    if step == "wait":
        await run_out(clock_of(street))
    return True


def fired_of(row: Any) -> list[Any]:
    return [entry for entry in orjson.loads(row["history"]) if "stage" in entry]


def ascent_of(row: Any) -> Ascent:
    return Ascent(
        ClockKind[row["kind"]], row["started_at"], row["due_at"], Urgency[row["urgency"]],
        row["whistle_kind"] and WhistleKind[row["whistle_kind"]], row["ladder_since"], row["ladder_used"],
    )  # fmt: skip


def standing(row: Any) -> tuple[Any, ...]:
    """What of a clock is changed by what is done to it, and by no stage."""
    return tuple(
        row[name] for name in ("state", "started_at", "due_at", "provisional", "unit", "amount", "ladder_since")
    )


class Walk:
    """A life of a case's clocks, with what a reader of its history may expect of each step."""

    def __init__(self, street: Street, work: Work) -> None:
        self.street = street
        self.work = work
        self.changed: dict[UUID, datetime] = {}

    async def go(self, step: str, amount: int) -> None:
        """A step, and everything that must hold after it."""
        before = await look(self.street, self.work.case_id)
        if not await take(self.street, step, amount, self.work):
            return
        after = await look(self.street, self.work.case_id)
        for identifier, row in after.clocks.items():
            self._check_fired(before.clocks.get(identifier), row)
        if step not in ("wait", "outage"):
            self._check_dues(before, after)
            self._check_caught_up(before, after, everything=step not in ("holiday", "workday"))
        for identifier, row in after.clocks.items():
            if identifier in before.clocks and standing(before.clocks[identifier]) != standing(row):
                self.changed[identifier] = self.street.now
            await self._check_waiting(row)

    def _check_fired(self, before: Any, row: Any) -> None:
        """What fired is as it was, with more behind it, each as late as its instant or the clock's last change makes it."""
        known, fired = [] if before is None else fired_of(before), fired_of(row)
        assert fired[: len(known)] == known
        if before is None:
            return
        instants = {str(rung.stage): rung.at for rung in self._rungs(before)}
        for entry in fired[len(known) :]:
            since = max(instants[entry["stage"]], self.changed.get(row["id"], before["started_at"]))
            assert entry["late"] == max(0, round((self.street.now - since).total_seconds()))

    async def _check_waiting(self, row: Any) -> None:
        """Each running clock waits for the stage that a fresh count names, after all before it fired for the present due."""
        waiting = await self.street.pool.fetch(
            "SELECT stage, due_at FROM deadline_stage WHERE deadline_id = $1", row["id"]
        )
        if row["state"] != "RUNNING":
            assert waiting == []
            return
        afresh = self._rungs(row)
        names = [rung.stage for rung in afresh]
        reached = names.index(waiting[0]["stage"]) if waiting else len(names)
        fired = {entry["stage"]: datetime.fromisoformat(entry["at"]) for entry in fired_of(row)}
        assert {*names[:reached]} <= {*fired}
        changed = self.changed.get(row["id"], row["started_at"])
        for rung in afresh[:reached]:
            assert min(rung.at, row["due_at"]) <= changed or fired[rung.stage] > changed
        assert [(one["stage"], one["due_at"]) for one in waiting] == [
            (r.stage, r.at) for r in afresh[reached : reached + 1]
        ]

    def _check_caught_up(self, before: Seen, after: Seen, *, everything: bool) -> None:
        """Whatever a clock's time had come for fired before it was stopped or changed, or with any command on the case."""
        for one in before.due:
            row = after.clocks.get(one["deadline_id"])
            touched = row is not None and standing(before.clocks[row["id"]]) != standing(row)
            if row is not None and (everything or touched):
                new = fired_of(row)[len(fired_of(before.clocks[row["id"]])) :]
                assert one["stage"] in [entry["stage"] for entry in new]

    def _check_dues(self, before: Seen, after: Seen) -> None:
        """No due is moved into the past; an earlier one is told to whom it binds, and the case's to the reporter."""
        written = after.written - before.written
        for identifier, row in after.clocks.items():
            was = before.clocks.get(identifier)
            if was is None or row["state"] != "RUNNING" or row["due_at"] == was["due_at"]:
                continue
            assert row["due_at"] > self.street.now
            if was["state"] == "RUNNING" and row["due_at"] < was["due_at"]:
                bound = {"HANDLING": ["CG", None], "RESULT": [row["organization_code"]]}.get(row["kind"], [])
                assert all(written[each] for each in bound)

    def _rungs(self, row: Any) -> tuple[Rung, ...]:
        return rungs(ascent_of(row), self.street.ground.rulebook, self.street.ground.calendar)


@settings(
    max_examples=60, deadline=None, derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)  # fmt: skip
@given(steps=st.lists(st.tuples(st.sampled_from(STEPS), st.integers(1, 120)), min_size=4, max_size=14))
async def test_what_fired_stays_and_what_is_to_come_is_as_computed_afresh(
    street: Street, steps: list[tuple[str, int]]
) -> None:
    first = street.ground.calendar
    case_id = await dispatched(street)
    work = Work(case_id, await assignment_of(street, case_id, "CG"), await assignment_of(street, case_id, "JJ"))
    for one, code in ((work.lead, "CG"), (work.helper, "JJ")):
        await do(street, partial(assignments.acknowledge, assignment_id=one, persons=["姜示序"]), code)
    await do(street, partial(assignments.start, assignment_id=work.lead), "CG")
    walk = Walk(street, work)
    for step, amount in (*steps, ("wait", 0)):
        await walk.go(step, amount)
    late = await street.pool.fetchval("SELECT count(*) FROM deadline_stage WHERE due_at <= $1", street.now)
    assert late == 0
    street.now, street.ground = street.data.meta.as_of, replace(street.ground, calendar=first)
    await street.pool.execute("DELETE FROM deadline_stage")  # the next life begins at the same hour
