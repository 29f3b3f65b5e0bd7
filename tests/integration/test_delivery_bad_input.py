"""Departments that answer what they should not: each is told so by a typed error, and its lane goes on."""

from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID

import pytest

from shaodao.commands import questions, whistle_closing
from shaodao.commands.transaction import Outcome
from shaodao.delivery.desks import Desks
from shaodao.departments import Departments
from shaodao.host import DepartmentForms
from shaodao.plugin import (
    Desk,
    DeskError,
    Event,
    InvalidInput,
    NotFound,
    Report,
    ReportResult,
    StateConflict,
    WhistleBlown,
    hookimpl,
)
from tests.integration.conftest import Street
from tests.integration.delivering import DISPATCHER, Deliveries, Form, Recorder, emergency, forward, serve, work_off
from tests.integration.file_steps import intake_of

TOO_LARGE = "长" * 3_500_000
"""10 MB."""


def report(desk: Desk, measures: str = "已处置", fields: object = None) -> Report:
    return Report(
        accepted_at=desk.now, talked_with="社区书记", measures=measures, solve_by=desk.now + timedelta(days=1),
        result=ReportResult.SOLVED, fields=Form() if fields is None else fields,
    )  # fmt: skip


async def assignment_of(street: Street, case_id: UUID | None, code: str) -> UUID:
    query = "SELECT id FROM assignment WHERE case_id = $1 AND organization_code = $2"
    found: UUID = await street.pool.fetchval(query, case_id, code)
    return found


def host(street: Street, departments: Departments, recorder: Recorder) -> object:
    desks = Desks(street.pool, street.runner, departments, lambda: street.now, intake_of(street))
    (declaration,) = (each for each in departments.declarations if each.name == recorder.name)
    return desks.host_of(declaration)


async def withdrawn(street: Street, deliveries: Deliveries, recorder: Recorder) -> Desk:
    """The desk of an assignment that was withdrawn after it was heard of."""
    outcome = await emergency(street, "CG")
    await work_off(deliveries.courier())
    assignment = await assignment_of(street, outcome.case_id, "CG")
    await street.pool.execute("UPDATE assignment SET state = 'WITHDRAWN' WHERE id = $1", assignment)
    desk: Desk = await host(street, deliveries.departments, recorder).desk(assignment, "their-4711")  # type: ignore[attr-defined]
    return desk


@contextmanager
def told_to(refused: list[DeskError]) -> Iterator[None]:
    """Notes the refusal that a hook is told, and lets it through."""
    try:
        yield
    except DeskError as error:
        refused.append(error)
        raise


async def asked_and_answered(street: Street, outcome: Outcome) -> None:
    """A second event in the lane: the organization asked by hand, and the street answered."""
    assignment_id = await assignment_of(street, outcome.case_id, "CG")
    asking = partial(questions.ask, assignment_id=assignment_id, text="几人受困？")
    await street.run(asking, street.department_viewer("CG"))
    answering = partial(questions.answer, assignment_id=assignment_id, question_id=None, text="两人")
    await street.run(answering, street.viewer(DISPATCHER))


async def lines(street: Street, kind: str) -> list[str]:
    rows = await street.pool.fetch("SELECT text FROM case_event WHERE type = $1 ORDER BY case_id, seq", kind)
    return [row["text"] for row in rows]


async def test_a_report_by_callback_after_withdrawal_is_refused_and_told_on_the_case_once(street: Street) -> None:
    recorder = Recorder("city", ("CG",))
    deliveries = serve(street, recorder)
    desk = await withdrawn(street, deliveries, recorder)
    with pytest.raises(StateConflict):
        await desk.report_result(report(desk))
    again: Desk = await host(street, deliveries.departments, recorder).desk(desk.view.assignment_id, "their-4711")  # type: ignore[attr-defined]
    with pytest.raises(StateConflict):
        await again.report_result(report(again))

    (told,) = await lines(street, "callbackRefused")
    assert "未被接受" in told
    assert await street.pool.fetchval("SELECT count(*) FROM report") == 0


async def twice(desk: Desk) -> None:
    await desk.acknowledge(["甲示一"])
    await desk.acknowledge(["甲示一"])


async def before_arriving(desk: Desk) -> None:
    await desk.acknowledge(["甲示一"])
    await desk.report_result(report(desk))


async def after_the_report(desk: Desk) -> None:
    await desk.acknowledge(["甲示一"])
    await desk.arrive()
    await desk.report_result(report(desk))
    await desk.report_progress("已处置")


@pytest.mark.parametrize(
    ("answer", "state"), [(twice, "ACKNOWLEDGED"), (before_arriving, "ACKNOWLEDGED"), (after_the_report, "REPORTED")]
)
async def test_a_hook_that_answers_twice_or_out_of_turn_is_told_and_its_lane_goes_on(
    street: Street, answer: Callable[[Desk], Awaitable[None]], state: str
) -> None:
    refused: list[DeskError] = []

    async def answer_badly(event: Event, desk: Desk) -> None:
        if isinstance(event, WhistleBlown):
            with told_to(refused):
                await answer(desk)

    recorder = Recorder("city", ("CG",), answer_badly)
    deliveries = serve(street, recorder)
    await asked_and_answered(street, await emergency(street, "CG"))
    await work_off(deliveries.courier())

    assert [type(error) for error in refused] == [StateConflict]
    assert [hook for _, _, hook in recorder.heard] == ["on_whistle", "on_answer"]
    assert (await deliveries.owed(), await deliveries.outcomes()) == (0, ["REFUSED", "DONE"])
    assert len(await lines(street, "deliveryDeclined")) == 1
    assert await street.pool.fetchval("SELECT state FROM assignment") == state


class Listener(Recorder):
    """A recorder that hears of a withdrawal, too."""

    @hookimpl
    async def on_withdrawn(self, event: Event, desk: Desk) -> None:
        await self._hear("on_withdrawn", event, desk)


@pytest.mark.parametrize("when", ["before it hears of it", "while its hook is at work"])
async def test_a_hook_that_answers_after_the_withdrawal_is_told_and_its_lane_goes_on(street: Street, when: str) -> None:
    refused: list[DeskError] = []

    async def withdraw() -> None:
        assert outcome.whistle_id is not None
        withdrawing = partial(whistle_closing.withdraw, whistle_id=outcome.whistle_id, reason="现场已解除危险")
        await street.run(withdrawing, street.viewer(DISPATCHER))

    async def answer_late(event: Event, desk: Desk) -> None:
        if isinstance(event, WhistleBlown):
            if when == "while its hook is at work":
                await withdraw()
            with told_to(refused):
                await desk.acknowledge(["甲示一"])

    recorder = Listener("city", ("CG",), answer_late)
    deliveries = serve(street, recorder)
    outcome = await emergency(street, "CG")
    if when == "before it hears of it":
        await withdraw()
    await work_off(deliveries.courier())

    assert [type(error) for error in refused] == [StateConflict]
    assert [hook for _, _, hook in recorder.heard] == ["on_whistle", "on_withdrawn"]
    assert (await deliveries.owed(), await deliveries.outcomes()) == (0, ["REFUSED", "DONE"])
    assert len(await lines(street, "deliveryDeclined")) == 1
    assert await street.pool.fetchval("SELECT state FROM assignment") == "WITHDRAWN"


async def test_a_hook_that_answers_for_another_department_is_told_and_its_lane_goes_on(street: Street) -> None:
    refused: list[DeskError] = []

    async def answer_for_another(event: Event, desk: Desk) -> None:
        if isinstance(event, WhistleBlown):
            other = await assignment_of(street, outcome.case_id, "SC")
            with told_to(refused):
                desk_of_another: Desk = await host(street, deliveries.departments, recorder).desk(other)  # type: ignore[attr-defined]
                await desk_of_another.acknowledge(["甲示一"])

    recorder = Recorder("city", ("CG",), answer_for_another)
    deliveries = serve(street, recorder, Recorder("market", ("SC",)))
    outcome = await emergency(street, "CG", "SC")
    await asked_and_answered(street, outcome)
    await work_off(deliveries.courier())

    assert [type(error) for error in refused] == [NotFound]
    assert [hook for _, _, hook in recorder.heard] == ["on_whistle", "on_answer"]
    assert await deliveries.owed() == 0
    assert sorted(await deliveries.outcomes()) == ["DONE", "DONE", "REFUSED"]
    assert len(await lines(street, "deliveryDeclined")) == 1
    states = await street.pool.fetch("SELECT state FROM assignment")
    assert {row["state"] for row in states} == {"NOTIFIED"}


@pytest.mark.parametrize("fields", [{"nothing": 1}, {"text": TOO_LARGE}], ids=["refused by the form", "10 MB"])
async def test_faulty_fields_are_refused_and_the_lane_goes_on(street: Street, fields: object) -> None:
    refused: list[DeskError] = []

    async def report_badly(event: Event, desk: Desk) -> None:
        if isinstance(event, WhistleBlown):
            await desk.acknowledge(["甲示一"])
            await desk.arrive()
            with told_to(refused):
                await desk.report_result(report(desk, fields=fields))

    recorder = Recorder("city", ("CG",), report_badly)
    deliveries = serve(street, recorder)
    first = await emergency(street, "CG")
    await asked_and_answered(street, first)
    await work_off(deliveries.courier())

    assert [type(error) for error in refused] == [InvalidInput]
    assert await street.pool.fetchval("SELECT count(*) FROM report") == 0
    assert [hook for _, _, hook in recorder.heard] == ["on_whistle", "on_answer"]
    assert (await deliveries.owed(), await deliveries.outcomes()) == (0, ["REFUSED", "DONE"])
    (told,) = await lines(street, "deliveryDeclined")
    assert len(told) < 700
    assert await street.pool.fetchval("SELECT state FROM assignment WHERE case_id = $1", first.case_id) == "ARRIVED"


@dataclass
class Filled:
    """An instance of a form."""

    text: str


@dataclass(frozen=True)
class WatchedForms(DepartmentForms):
    """Notes what is held against a form."""

    checked: list[object] = field(default_factory=list)

    def validate(self, organization_code: str, fields: Mapping[str, Any]) -> dict[str, Any]:
        self.checked.append(fields)
        return super().validate(organization_code, fields)


@pytest.mark.parametrize("fields", [{"text": TOO_LARGE}, Filled(TOO_LARGE)], ids=["mapping", "form"])
async def test_fields_of_10_mb_are_refused_before_the_form_and_the_next_event_comes(
    street: Street, fields: object
) -> None:
    refused: list[InvalidInput] = []

    async def report_badly(event: Event, desk: Desk) -> None:
        if isinstance(event, WhistleBlown):
            await desk.acknowledge(["甲示一"])
            await desk.arrive()
            with pytest.raises(InvalidInput) as caught:
                await desk.report_result(report(desk, fields=fields))
            refused.append(caught.value)
            raise caught.value

    recorder = Recorder("city", ("CG",), report_badly)
    deliveries = serve(street, recorder)
    forms = WatchedForms(deliveries.departments)
    street.serve_by(forms)
    await asked_and_answered(street, await emergency(street, "CG"))
    await work_off(deliveries.courier())

    ((fault,),) = [error.faults for error in refused]
    assert (fault.path, fault.english) == ("fields", "must not exceed 16384 bytes")
    assert forms.checked == []
    assert [hook for _, _, hook in recorder.heard] == ["on_whistle", "on_answer"]
    assert (await deliveries.owed(), await deliveries.outcomes()) == (0, ["REFUSED", "DONE"])


async def test_measures_of_10_mb_are_refused(street: Street) -> None:
    async def report_badly(event: Event, desk: Desk) -> None:
        await desk.acknowledge(["甲示一"])
        await desk.arrive()
        await desk.report_result(report(desk, measures=TOO_LARGE))

    deliveries = serve(street, Recorder("city", ("CG",), report_badly))
    await emergency(street, "CG")
    await work_off(deliveries.courier())
    assert (await deliveries.owed(), await deliveries.outcomes()) == (0, ["REFUSED"])


async def test_a_hook_whose_lease_was_taken_over_is_refused_what_the_other_did_not_do(street: Street) -> None:
    """The first worker stalls, the second does nothing but settle; what the first comes with then is a typed error to it."""
    stalled: list[Desk] = []
    refused: list[StateConflict] = []

    async def ask(event: Event, desk: Desk) -> None:
        if stalled:
            return
        stalled.append(desk)
        await forward(street, seconds=30)
        await work_off(deliveries.courier())
        try:
            await desk.ask("地下管线由谁管理？")
        except StateConflict as conflict:
            refused.append(conflict)
            raise

    deliveries = serve(street, Recorder("city", ("CG",), ask))
    await emergency(street, "CG")
    courier = deliveries.courier()
    await courier.one_pass()
    await courier.settled()

    assert [conflict.english for conflict in refused] == ["the delivery has passed to another worker, or was settled"]
    assert await street.pool.fetchval("SELECT count(*) FROM question") == 0
    assert await street.pool.fetchval("SELECT count(*) FROM case_event WHERE type = 'deliveryDeclined'") == 0
    assert sorted(await deliveries.outcomes()) == ["DONE", "FENCED", "LOST"]
    assert await deliveries.owed() == 0


async def test_a_hook_whose_lease_was_taken_over_does_nothing_twice(street: Street) -> None:
    """The first worker stalls, the second does the work; then the first goes on, and neither effect nor settling counts."""
    stalled: list[Desk] = []

    async def ask(event: Event, desk: Desk) -> None:
        if not stalled:
            stalled.append(desk)
            await forward(street, seconds=30)
            await work_off(deliveries.courier())
        await desk.ask("地下管线由谁管理？")

    deliveries = serve(street, Recorder("city", ("CG",), ask))
    await emergency(street, "CG")
    courier = deliveries.courier()
    await courier.one_pass()
    await courier.settled()

    assert await street.pool.fetchval("SELECT count(*) FROM question") == 1
    assert sorted(await deliveries.outcomes()) == ["DONE", "FENCED", "LOST"]
    assert await deliveries.owed() == 0
