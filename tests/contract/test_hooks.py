"""Every hook fires when its specification says. A hook without a test of its name here fails ``test_every_hook_has_a_test``."""

import inspect
from collections.abc import Iterator
from datetime import timedelta

import pytest

from shaodao import hookspecs
from shaodao.departments import hook_names
from shaodao.plugin import (
    AssignmentState,
    CaseClosed,
    ClockKind,
    CloseKind,
    Dispatched,
    ExtensionDecided,
    ObjectionDecided,
    Overdue,
    QuestionAnswered,
    Report,
    ReportResult,
    ReportReturned,
    Urged,
    WhistleBlown,
    WhistleKind,
    Withdrawn,
    Woken,
)
from shaodao.testing import Assignment, Street, StreetDesk
from tests.contract import page
from tests.contract.departments import Form, Listener


@pytest.fixture
def listener() -> Listener:
    return Listener()


@pytest.fixture
def street(listener: Listener) -> Iterator[Street]:
    with Street(listener) as street:
        yield street


async def _reported(street: Street, assignment: Assignment) -> None:
    desk = await street.desk(assignment.view.assignment_id)
    await desk.acknowledge(["万示序"])
    if assignment.view.arrival_required:
        await desk.arrive()
    report = Report(
        accepted_at=street.now, talked_with="当事人", measures="清理", solve_by=street.now, result=ReportResult.SOLVED,
        fields=Form(),
    )  # fmt: skip
    await desk.report_result(report)


def _report(street: Street, assignment: Assignment) -> None:
    street.run(_reported(street, assignment))


def test_every_hook_has_a_test() -> None:
    assert {f"test_{name}" for name in hook_names()} <= set(globals())


def test_every_hook_is_documented_with_the_arguments_of_its_specification() -> None:
    documented = page.hooks()
    assert list(documented) == list(hook_names())
    for name, parameters in documented.items():
        specified = inspect.signature(getattr(hookspecs, name)).parameters.values()
        assert parameters == "(" + ", ".join(f"{one.name}: {one.annotation.__name__}" for one in specified) + ")", name


def test_every_hook_says_since_when() -> None:
    assert all("Since 0." in (inspect.getdoc(getattr(hookspecs, name)) or "") for name in hook_names())


def test_every_action_of_the_desk_is_documented_with_its_parameters() -> None:
    for name, parameters in page.actions().items():
        specified = [one for one in inspect.signature(getattr(StreetDesk, name)).parameters if one != "self"]
        assert parameters == specified, name
    actions = {name for name, value in vars(StreetDesk).items() if inspect.iscoroutinefunction(value)}
    assert set(page.actions()) == actions


def test_department(listener: Listener) -> None:
    Street(listener)
    assert listener.heard == ["department"]


def test_on_start(listener: Listener, street: Street) -> None:
    assert listener.heard == ["department", "on_start"]


def test_on_whistle(listener: Listener, street: Street) -> None:
    street.blow("XX", WhistleKind.EMERGENCY)
    (event,) = listener.events
    assert listener.heard[-1] == "on_whistle"
    assert isinstance(event, WhistleBlown)
    assert event.view.whistle is not None
    assert str(event.key) == "listener:XX:990101001-20261109-0001:1"


def test_on_dispatch(listener: Listener, street: Street) -> None:
    street.dispatch("XX")
    assert listener.heard[-1] == "on_dispatch"
    assert isinstance(listener.events[-1], Dispatched)
    assert listener.events[-1].view.whistle is None


def test_on_return(listener: Listener, street: Street) -> None:
    assignment = street.blow("XX")
    _report(street, assignment)
    assignment.return_report("未清理")
    event = listener.events[-1]
    assert listener.heard[-1] == "on_return"
    assert isinstance(event, ReportReturned)
    assert (event.reason, event.returned_count, event.view.state) == ("未清理", 1, AssignmentState.RETURNED)


def test_on_answer(listener: Listener, street: Street) -> None:
    assignment = street.blow("XX")
    street.run(_ask(street, assignment))
    assignment.answer("9幢")
    event = listener.events[-1]
    assert listener.heard[-1] == "on_answer"
    assert isinstance(event, QuestionAnswered)
    assert (event.question, event.answer) == ("哪幢？", "9幢")


async def _ask(street: Street, assignment: Assignment) -> None:
    await (await street.desk(assignment.view.assignment_id)).ask("哪幢？")


def test_on_urge(listener: Listener, street: Street) -> None:
    street.blow("XX").urge("请抓紧")
    assert listener.heard[-1] == "on_urge"
    assert isinstance(listener.events[-1], Urged)


def test_on_overdue(listener: Listener, street: Street) -> None:
    assignment = street.blow("XX", WhistleKind.EMERGENCY)
    street.pass_time(timedelta(hours=1))
    assert assignment.late == (ClockKind.ACKNOWLEDGE, ClockKind.ARRIVE)
    overdue = [event for event in listener.events if isinstance(event, Overdue)]
    assert listener.heard[-1] == "on_overdue"
    assert [(event.clock.value, event.no_show) for event in overdue] == [
        ("ACKNOWLEDGE", False), ("ARRIVE", False), ("ARRIVE", True),
    ]  # fmt: skip
    assert [event.at - event.view.notified_at for event in overdue] == [timedelta(minutes=m) for m in (5, 30, 60)]


def test_on_extension_decided(listener: Listener, street: Street) -> None:
    assignment = street.blow("XX")
    assignment.deliver(assignment.event(ExtensionDecided, granted=False, reason="急办不予延期"))
    assert listener.heard[-1] == "on_extension_decided"


def test_on_objection_decided(listener: Listener, street: Street) -> None:
    assignment = street.blow("XX")
    assignment.deliver(assignment.event(ObjectionDecided, accepted=False, reason="职责相符"))
    assert listener.heard[-1] == "on_objection_decided"


def test_on_withdrawn(listener: Listener, street: Street) -> None:
    street.blow("XX").withdraw("误报")
    event = listener.events[-1]
    assert listener.heard[-1] == "on_withdrawn"
    assert isinstance(event, Withdrawn)
    assert (event.reason, event.view.state) == ("误报", AssignmentState.WITHDRAWN)


def test_on_released(listener: Listener, street: Street) -> None:
    assignment = street.blow("XX")
    _report(street, assignment)
    assignment.verify()
    assignment.release()
    assert listener.heard[-1] == "on_released"
    assert listener.events[-1].view.state is AssignmentState.RELEASED


def test_on_case_closed(listener: Listener, street: Street) -> None:
    street.dispatch("XX").close(CloseKind.SOLVED, "已清理")
    event = listener.events[-1]
    assert listener.heard[-1] == "on_case_closed"
    assert isinstance(event, CaseClosed)
    assert event.result == "已清理"


def test_on_wake(listener: Listener, street: Street) -> None:
    assignment = street.blow("XX")
    street.wake(assignment, timedelta(minutes=3), "看一看")
    street.pass_time(timedelta(minutes=2, seconds=59))
    assert listener.heard[-1] == "on_whistle"
    street.pass_time(timedelta(seconds=1))
    event = listener.events[-1]
    assert isinstance(event, Woken)
    assert (event.note, event.at - event.view.notified_at) == ("看一看", timedelta(minutes=3))
