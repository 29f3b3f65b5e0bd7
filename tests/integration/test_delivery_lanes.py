"""Lanes and courier: what a department is owed comes, in order, and what is stuck holds up nobody else."""

import asyncio
from datetime import timedelta
from functools import partial
from uuid import UUID

import pytest

from shaodao.commands import questions
from shaodao.commands.transaction import Outcome, Transaction
from shaodao.domain.errors import StateConflict
from shaodao.plugin import AnswersFor, Desk, Event, Refuse, TryLater, WhistleKind
from tests.integration.conftest import Street
from tests.integration.delivering import DISPATCHER, Recorder, emergency, emergency_command, forward, serve, work_off


async def acknowledge(event: Event, desk: Desk) -> None:
    await desk.acknowledge(["甲示一"])


async def ask_and_answer(street: Street, assignment_id: UUID, number: int = 1) -> None:
    """What the department is then owed is the answer."""
    question = partial(questions.ask, assignment_id=assignment_id, text=f"问题{number}")
    await street.run(question, street.department_viewer("CG"))
    answer = partial(questions.answer, assignment_id=assignment_id, question_id=None, text=f"答复{number}")
    await street.run(answer, street.viewer(DISPATCHER))


async def test_a_whistle_reaches_the_department_and_its_answer_the_case(street: Street) -> None:
    recorder = Recorder("city", ("CG",), acknowledge)
    deliveries = serve(street, recorder)
    outcome = await emergency(street, "CG")

    await work_off(deliveries.courier())

    assert [hook for _, _, hook in recorder.heard] == ["on_whistle"]
    state = await street.pool.fetchval("SELECT state FROM assignment WHERE case_id = $1", outcome.case_id)
    assert state == "ACKNOWLEDGED"
    assert (await deliveries.owed(), await deliveries.lanes(), await deliveries.outcomes()) == (0, 0, ["DONE"])


async def test_a_rolled_back_command_delivers_nothing(street: Street) -> None:
    recorder = Recorder("city", ("CG",))
    deliveries = serve(street, recorder)

    async def failing(tx: Transaction) -> Outcome:
        await emergency_command("CG")(tx)
        raise RuntimeError

    with pytest.raises(RuntimeError):
        await street.run(failing, street.viewer(DISPATCHER))
    await work_off(deliveries.courier())

    assert recorder.heard == []
    assert await deliveries.owed() == 0


@pytest.mark.parametrize(("kind", "times"), [(WhistleKind.ROUTINE, 0), (WhistleKind.EMERGENCY, 1)])
async def test_a_department_hears_only_what_it_declares_to_answer(
    street: Street, kind: WhistleKind, times: int
) -> None:
    recorder = Recorder("city", ("CG",), answers_for=AnswersFor(whistle_kinds=(kind,)))
    deliveries = serve(street, recorder)
    await emergency(street, "CG")
    await work_off(deliveries.courier())

    assert [hook for _, _, hook in recorder.heard] == ["on_whistle"] * times


async def test_what_came_before_the_failure_stands_once(street: Street) -> None:
    calls = 0

    async def fail_once(event: Event, desk: Desk) -> None:
        nonlocal calls
        calls += 1
        await desk.ask(f"第{calls}次询问")
        if calls == 1:
            raise RuntimeError("after the effect")

    deliveries = serve(street, Recorder("city", ("CG",), fail_once))
    await emergency(street, "CG")
    courier = deliveries.courier()
    await work_off(courier)
    assert await deliveries.outcomes() == ["FAILED"]
    assert "after the effect" in await street.pool.fetchval("SELECT last_error FROM delivery")

    await forward(street, minutes=1)
    await work_off(courier)

    assert calls == 2
    assert await deliveries.outcomes() == ["FAILED", "DONE"]
    assert [row["text"] for row in await street.pool.fetch("SELECT text FROM question")] == ["第1次询问"]


async def test_a_parked_lane_holds_only_its_own_case(street: Street) -> None:
    broken: list[UUID] = []

    async def fail_for_one(event: Event, desk: Desk) -> None:
        if event.view.assignment_id in broken:
            raise RuntimeError("always")

    recorder = Recorder("city", ("CG",), fail_for_one)
    deliveries = serve(street, recorder)
    first = await emergency(street, "CG")
    broken.append(await street.pool.fetchval("SELECT id FROM assignment WHERE case_id = $1", first.case_id))
    courier = deliveries.courier(attempt_limit=2)
    for _ in range(4):
        await work_off(courier)
        await forward(street, minutes=20)
    await emergency(street, "CG")
    await work_off(courier)

    parked = await street.pool.fetch("SELECT case_id FROM lane WHERE parked")
    assert [row["case_id"] for row in parked] == [first.case_id]
    assert await deliveries.outcomes() == ["FAILED", "PARKED", "DONE"]


async def test_another_time_uses_up_no_attempt(street: Street) -> None:
    async def later(event: Event, desk: Desk) -> None:
        raise TryLater(timedelta(minutes=5), "系统维护")

    deliveries = serve(street, Recorder("city", ("CG",), later))
    await emergency(street, "CG")
    courier = deliveries.courier(attempt_limit=1)
    for _ in range(3):
        await work_off(courier)
        await forward(street, minutes=5)

    row = await street.pool.fetchrow("SELECT attempts FROM delivery")
    assert row is not None
    assert row["attempts"] == 0
    assert await deliveries.outcomes() == ["LATER"] * 3


async def test_a_refusal_stands_on_the_case_and_the_lane_goes_on(street: Street) -> None:
    async def refuse(event: Event, desk: Desk) -> None:
        raise Refuse("不属本单位职责")

    deliveries = serve(street, Recorder("city", ("CG",), refuse))
    outcome = await emergency(street, "CG")
    await work_off(deliveries.courier())

    event = await street.pool.fetchrow(
        "SELECT organization_code, text FROM case_event WHERE case_id = $1 AND type = 'deliveryDeclined'",
        outcome.case_id,
    )
    assert event is not None
    assert event["organization_code"] == "CG"
    assert "不属本单位职责" in event["text"]
    assert (await deliveries.owed(), await deliveries.outcomes()) == (0, ["REFUSED"])


async def test_racing_couriers_deliver_each_event_once_and_in_order(street: Street) -> None:
    async def slow(event: Event, desk: Desk) -> None:
        await asyncio.sleep(0.001)

    recorder = Recorder("city", ("CG",), slow)
    deliveries = serve(street, recorder)
    cases = [await emergency(street, "CG") for _ in range(3)]
    ids = [await street.pool.fetchval("SELECT id FROM assignment WHERE case_id = $1", case.case_id) for case in cases]

    async def write() -> None:
        for number in range(10):
            for assignment_id in ids:
                await ask_and_answer(street, assignment_id, number)

    async def deliver() -> None:
        courier = deliveries.courier()
        while not writing.done() or await deliveries.owed():
            await courier.one_pass()
            await asyncio.sleep(0.002)
        await courier.settled()

    writing = asyncio.create_task(write())
    await asyncio.gather(writing, deliver(), deliver(), deliver())

    for assignment_id in ids:
        seqs = [seq for heard, seq, _ in recorder.heard if heard == assignment_id]
        assert len(seqs) == 11
        assert seqs == sorted(set(seqs))
    assert await deliveries.lanes() == 0


async def test_a_department_runs_within_its_limit(street: Street) -> None:
    running = most = 0
    two_at_once = asyncio.Event()

    async def count(event: Event, desk: Desk) -> None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        if most == 2:
            two_at_once.set()
        await asyncio.wait_for(two_at_once.wait(), 10)
        await asyncio.sleep(0.02)
        running -= 1

    deliveries = serve(street, Recorder("city", ("CG",), count))
    for _ in range(6):
        await emergency(street, "CG")
    one, other = deliveries.courier(in_flight_limit=2), deliveries.courier(in_flight_limit=2)
    while await deliveries.owed():
        await asyncio.gather(one.one_pass(), other.one_pass())
        await asyncio.sleep(0.01)
    await asyncio.gather(one.settled(), other.settled())

    assert most == 2


async def test_a_department_that_fails_everywhere_is_left_alone_for_a_while(street: Street) -> None:
    async def down(event: Event, desk: Desk) -> None:
        raise ConnectionError("down")

    recorder = Recorder("city", ("CG",), down)
    deliveries = serve(street, recorder)
    for _ in range(3):
        await emergency(street, "CG")
    courier = deliveries.courier(breaker_failures=2, attempt_limit=3)
    for _ in range(40):
        await work_off(courier)
        await forward(street, seconds=10)

    assert await street.pool.fetchval("SELECT count(*) FROM lane WHERE parked") == 0
    assert await street.pool.fetchval("SELECT open_until IS NOT NULL FROM lane_state") is True
    assert len(recorder.heard) < 40


async def test_a_dead_worker_uses_up_attempts_until_the_lane_is_parked(street: Street) -> None:
    recorder = Recorder("city", ("CG",))
    deliveries = serve(street, recorder)
    await emergency(street, "CG")
    await street.pool.execute("UPDATE lane SET holder = 'dead', token = 1")
    await street.pool.execute("UPDATE delivery SET attempts = 2")
    await work_off(deliveries.courier(attempt_limit=2))

    assert recorder.heard == []
    assert await deliveries.outcomes() == ["PARKED"]
    assert await street.pool.fetchval("SELECT parked FROM lane") is True


async def test_a_delivery_without_a_lane_is_found(street: Street) -> None:
    recorder = Recorder("city", ("CG",))
    deliveries = serve(street, recorder)
    await emergency(street, "CG")
    await street.pool.execute("DELETE FROM lane")
    await work_off(deliveries.courier())

    assert len(recorder.heard) == 1


async def test_a_stopped_worker_gives_its_deliveries_back(street: Street) -> None:
    async def hang(event: Event, desk: Desk) -> None:
        await asyncio.sleep(60)

    deliveries = serve(street, Recorder("city", ("CG",), hang))
    await emergency(street, "CG")
    courier = deliveries.courier(stopping=0.05)
    await courier.one_pass()
    await asyncio.sleep(0.05)
    await courier.finish()

    lane = await street.pool.fetchrow("SELECT holder, due_at FROM lane")
    assert lane is not None
    assert (lane["holder"], lane["due_at"]) == (None, street.now)


async def test_a_hook_that_hangs_is_ended_by_the_time_limit(street: Street) -> None:
    async def hang(event: Event, desk: Desk) -> None:
        await asyncio.sleep(60)

    deliveries = serve(street, Recorder("city", ("CG",), hang))
    await emergency(street, "CG")
    await work_off(deliveries.courier(hook_timeout=0.05))

    assert "0.05 s" in await street.pool.fetchval("SELECT last_error FROM delivery")


async def test_what_ends_after_its_lease_has_no_say_any_more(street: Street) -> None:
    slow = asyncio.Event()

    async def first_slow(event: Event, desk: Desk) -> None:
        await desk.ask("几人受困")
        if len(recorder.heard) == 1:
            await slow.wait()
            raise RuntimeError("too late to matter")

    recorder = Recorder("city", ("CG",), first_slow)
    deliveries = serve(street, recorder)
    await emergency(street, "CG")
    stalled, other = deliveries.courier(), deliveries.courier()
    await stalled.one_pass()
    while not recorder.heard:
        await asyncio.sleep(0.01)
    await forward(street, seconds=5)
    assert await stalled.one_pass() > 0  # not from itself
    await work_off(other)
    slow.set()
    await stalled.settled()

    assert sorted(await deliveries.outcomes()) == ["DONE", "FENCED", "LOST"]
    assert (await deliveries.owed(), await deliveries.lanes()) == (0, 0)
    assert await street.pool.fetchval("SELECT count(*) FROM question") == 1


async def test_a_lease_of_a_lane_that_came_back_has_no_say_over_the_new_one(street: Street) -> None:
    """The lane is settled and dropped while a worker stalls, and the case's next event makes another: not the stalled one's."""
    slow, held = asyncio.Event(), asyncio.Event()
    refused: list[StateConflict] = []

    async def each(event: Event, desk: Desk) -> None:
        match len(recorder.heard):
            case 1:
                await slow.wait()
                try:
                    await desk.ask("几人受困")
                except StateConflict as conflict:
                    refused.append(conflict)
            case 3:
                await held.wait()

    recorder = Recorder("city", ("CG",), each)
    deliveries = serve(street, recorder)
    case = await emergency(street, "CG")
    stalled, other = deliveries.courier(), deliveries.courier()
    await stalled.one_pass()
    while not recorder.heard:
        await asyncio.sleep(0.01)
    await forward(street, seconds=5)
    await work_off(other)
    assert await deliveries.lanes() == 0
    assignment_id = await street.pool.fetchval("SELECT id FROM assignment WHERE case_id = $1", case.case_id)
    await ask_and_answer(street, assignment_id)
    await other.one_pass()
    while len(recorder.heard) < 3:
        await asyncio.sleep(0.01)
    slow.set()
    await stalled.settled()
    running = await street.pool.fetchval("SELECT state FROM lane")
    held.set()
    await other.settled()

    assert (len(refused), running) == (1, "RUNNING")
    assert sorted(await deliveries.outcomes()) == ["DONE", "DONE", "FENCED", "LOST"]
    assert (await deliveries.owed(), await deliveries.lanes()) == (0, 0)


async def test_a_lease_that_is_renewed_is_not_taken_over(street: Street) -> None:
    release = asyncio.Event()

    async def slow(event: Event, desk: Desk) -> None:
        await release.wait()

    deliveries = serve(street, Recorder("city", ("CG",), slow))
    await emergency(street, "CG")
    holder, other = deliveries.courier(lease=timedelta(seconds=0.2)), deliveries.courier()
    await holder.one_pass()
    keeping = asyncio.create_task(holder.keep_leases())
    for _ in range(10):
        await forward(street, seconds=0.1)
        await asyncio.sleep(0.1)
        await other.one_pass()
    release.set()
    await holder.settled()
    keeping.cancel()

    assert await deliveries.outcomes() == ["DONE"]
