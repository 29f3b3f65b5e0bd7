"""The clock: every stage fires once, in order, whatever races and however late."""

import asyncio
from datetime import timedelta
from functools import partial
from typing import Any

import asyncpg
import pytest

from shaodao.commands import assignments, cases, desk_facts
from shaodao.commands.dispatching import PartyInput
from shaodao.commands.registration import CaseInput, register
from shaodao.commands.running import Command, CommandRunner
from shaodao.commands.transaction import Outcome
from shaodao.delivery.clock import Clock
from shaodao.domain.permissions import SYSTEM
from shaodao.domain.vocabulary import AssignmentRole, CaseKind, Channel
from tests.integration.conftest import Street
from tests.integration.delivering import DISPATCHER, Recorder, emergency, forward, serve, work_off


def clock_of(street: Street) -> Clock:
    return Clock(street.pool, street.runner, SYSTEM, lambda: street.now)


async def fired(street: Street) -> list[str]:
    rows = await street.pool.fetch(
        "SELECT type, payload ->> 'clock' AS clock FROM case_event WHERE type IN ('deadlinePassed', 'noShow', 'wakeUp')"
        " ORDER BY case_id, seq"
    )
    return [f"{row['type']} {row['clock']}" for row in rows]


async def run_out(*clocks: Clock) -> None:
    """Let racing clocks fire until nothing is due."""
    for _ in range(50):
        pauses = await asyncio.gather(*(clock.one_pass() for clock in clocks))
        if all(pause > 0.5 for pause in pauses):
            return
    raise AssertionError("the clocks never came to rest")


async def test_three_racing_clocks_fire_each_stage_once(street: Street) -> None:
    for _ in range(5):
        await emergency(street, "CG", "XF")
    await forward(street, minutes=31)

    await run_out(clock_of(street), clock_of(street), clock_of(street))

    assert await fired(street) == ["deadlinePassed ACKNOWLEDGE", "deadlinePassed ACKNOWLEDGE",
                                   "deadlinePassed ARRIVE", "deadlinePassed ARRIVE"] * 5  # fmt: skip
    flags = await street.pool.fetch(
        "SELECT DISTINCT late_acknowledge, late_arrive, late_report, no_show FROM assignment"
    )
    assert [tuple(row) for row in flags] == [(True, True, False, False)]


async def test_nothing_fires_before_its_time_or_after_it_was_met(street: Street) -> None:
    outcome = await emergency(street, "CG")
    await run_out(clock_of(street))
    assert await fired(street) == []

    assignment_id = await street.pool.fetchval("SELECT id FROM assignment WHERE case_id = $1", outcome.case_id)
    arrive = partial(assignments.arrive, assignment_id=assignment_id)
    await street.run(arrive, street.department_viewer("CG"))
    await forward(street, minutes=61)
    await run_out(clock_of(street))
    assert await fired(street) == []


async def test_after_an_outage_the_stages_fire_late_but_in_order(street: Street) -> None:
    await emergency(street, "CG")
    await forward(street, minutes=90)
    await run_out(clock_of(street))

    assert await fired(street) == ["deadlinePassed ACKNOWLEDGE", "deadlinePassed ARRIVE", "noShow ARRIVE"]
    assert await street.pool.fetchval("SELECT no_show FROM assignment") is True
    late = await street.pool.fetchval(
        "SELECT history -> 0 ->> 'late' FROM deadline WHERE kind = 'ACKNOWLEDGE' AND assignment_id IS NOT NULL"
    )
    assert int(late) == 85 * 60


async def test_the_department_hears_that_it_is_overdue_and_that_it_did_not_show(street: Street) -> None:
    recorder = Recorder("city", ("CG",))
    deliveries = serve(street, recorder)
    await emergency(street, "CG")
    await forward(street, minutes=90)
    await run_out(clock_of(street))
    await work_off(deliveries.courier())

    assert [hook for _, _, hook in recorder.heard] == ["on_whistle", "on_overdue", "on_overdue", "on_overdue"]


async def test_a_case_over_its_handling_limit_is_told_to_the_county(street: Street) -> None:
    case = CaseInput(
        kind=CaseKind.COMPLAINT, channel=Channel.HOTLINE, title="占道", description="占道", category_code="A02",
        division_code="990101001000",
    )  # fmt: skip
    viewer = street.viewer(DISPATCHER)
    outcome = await street.run(partial(register, given=case), viewer)
    assert outcome.case_id is not None
    await street.run(partial(cases.accept, case_id=outcome.case_id), viewer)
    parties = [PartyInput("CG", AssignmentRole.LEAD)]
    await street.run(partial(cases.dispatch, case_id=outcome.case_id, parties=parties, duty_basis="权责清单"), viewer)
    recorder = Recorder("city", ("CG",))
    deliveries = serve(street, recorder)
    await forward(street, days=40)
    await run_out(clock_of(street))
    await work_off(deliveries.courier())

    informed = await street.pool.fetchval("SELECT county_informed_at FROM case_file WHERE id = $1", outcome.case_id)
    assert informed == street.now
    assert "deadlinePassed HANDLING" in await fired(street)
    assert "on_overdue" in [hook for _, _, hook in recorder.heard]


async def test_a_department_is_woken_when_it_asked_for_it(street: Street) -> None:
    recorder = Recorder("city", ("CG",))
    deliveries = serve(street, recorder)
    outcome = await emergency(street, "CG")
    assignment_id = await street.pool.fetchval("SELECT id FROM assignment WHERE case_id = $1", outcome.case_id)
    wake = partial(desk_facts.wake_after, assignment_id=assignment_id, delay=timedelta(minutes=3), note="再看一次")
    await street.run(wake, street.department_viewer("CG"))
    await forward(street, minutes=3)
    await run_out(clock_of(street), clock_of(street))
    await work_off(deliveries.courier())

    assert [hook for _, _, hook in recorder.heard] == ["on_whistle", "on_wake"]
    public = await street.pool.fetchval("SELECT public FROM case_event WHERE type = 'wakeUp'")
    assert public is False


async def test_a_paused_deadline_does_not_fire(street: Street) -> None:
    await emergency(street, "CG")
    await street.pool.execute("UPDATE deadline SET state = 'PAUSED'")
    await forward(street, days=1)
    await run_out(clock_of(street))

    assert await fired(street) == []


async def test_a_case_that_is_being_worked_on_is_passed_by(street: Street) -> None:
    await emergency(street, "CG")
    await emergency(street, "XF")
    await forward(street, minutes=6)
    async with street.pool.acquire() as connection, connection.transaction():
        await connection.execute("SELECT FROM case_file ORDER BY id LIMIT 1 FOR UPDATE")
        assert await clock_of(street).one_pass() < 1
        assert len(await fired(street)) == 1
    await run_out(clock_of(street))
    assert len(await fired(street)) == 2


async def test_a_stage_that_cannot_be_fired_stops_no_other_case(street: Street) -> None:
    broken = await emergency(street, "CG")
    await emergency(street, "XF")
    await street.pool.execute(
        "UPDATE deadline_stage SET stage = 'UNKNOWN' WHERE case_id = $1 AND stage = 'OVERDUE'", broken.case_id
    )
    await forward(street, minutes=6)
    clock = clock_of(street)
    await clock.one_pass()
    await clock.one_pass()

    assert await fired(street) == ["deadlinePassed ACKNOWLEDGE"]
    assert await street.pool.fetchval("SELECT count(*) FROM deadline_stage WHERE stage = 'UNKNOWN'") > 0


class Losing:
    """A runner that loses its connection at the first command."""

    def __init__(self, runner: CommandRunner) -> None:
        self._runner = runner
        self._lost = False

    async def run(self, command: Command, **given: Any) -> Outcome:
        if not self._lost:
            self._lost = True
            raise asyncpg.ConnectionDoesNotExistError("connection was closed in the middle of operation")
        return await self._runner.run(command, **given)


async def test_a_lost_connection_holds_up_no_deadline(street: Street) -> None:
    await emergency(street, "CG")
    await forward(street, minutes=6)
    clock = Clock(street.pool, Losing(street.runner), SYSTEM, lambda: street.now)  # type: ignore[arg-type] # runs commands
    with pytest.raises(asyncpg.ConnectionDoesNotExistError):
        await clock.one_pass()
    await clock.one_pass()

    assert await fired(street) == ["deadlinePassed ACKNOWLEDGE"]
