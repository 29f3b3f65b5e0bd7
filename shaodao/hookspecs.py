"""The hooks of a department, for pluggy: when each fires and what it may do.

The host calls one department at a time, after the command that caused the event has committed, in the order of the
case's history and under a time limit (SHAODAO_HOOK_TIMEOUT). A hook is ``async def``, or plain ``def`` and then run in
a thread. It may use every action of the desk that the state allows, and leave out parameters that it does not need.
Raising ``TryLater`` or ``Refuse`` postpones or declines the event; a refusal StateConflict of the desk that the hook
lets through counts as Refuse, and any other exception is a failure that is delivered again. A hook that a department
does not implement is not missed.
"""

from collections.abc import Awaitable

import pluggy

from shaodao.plugin import (
    PROJECT,
    CaseClosed,
    Department,
    DepartmentSettings,
    Desk,
    Dispatched,
    Event,
    ExtensionDecided,
    Host,
    ObjectionDecided,
    Overdue,
    QuestionAnswered,
    Released,
    ReportReturned,
    Urged,
    WhistleBlown,
    Withdrawn,
    Woken,
)

hookspec = pluggy.HookspecMarker(PROJECT)
"""Marks a function as the specification of a hook."""


@hookspec(firstresult=True)
def department(settings: DepartmentSettings) -> Department | None:
    """Who the department is: called once when it is loaded, without a database; every department implements it.

    Since 0.1.
    """


@hookspec
def on_start(host: Host) -> Awaitable[None] | None:
    """A process that runs the department has started; keep ``host`` to open desks outside hooks. Since 0.1."""


@hookspec
def on_whistle(event: WhistleBlown, desk: Desk) -> Awaitable[None] | None:
    """A whistle was blown 吹哨 for the organization, or it was added to one 增派. Acknowledge, or object. Since 0.1."""


@hookspec
def on_dispatch(event: Dispatched, desk: Desk) -> Awaitable[None] | None:
    """The case was dispatched 派单 to the organization without a whistle. Acknowledge, or object. Since 0.1."""


@hookspec
def on_return(event: ReportReturned, desk: Desk) -> Awaitable[None] | None:
    """The street returned the report 退回重办. The assignment is RETURNED: handle it again and report. Since 0.1."""


@hookspec
def on_answer(event: QuestionAnswered, desk: Desk) -> Awaitable[None] | None:
    """The street answered a question that ``desk.ask`` put 答复. Since 0.1."""


@hookspec
def on_urge(event: Urged, desk: Desk) -> Awaitable[None] | None:
    """A limit is half used and nobody has begun, or nearly used up 催办, or it passed and you are supervised 督办. Since 0.1."""


@hookspec
def on_overdue(event: Overdue, desk: Desk) -> Awaitable[None] | None:
    """A deadline passed 超期, or the flag NO_SHOW 未报到 was set. Once for each deadline. Since 0.1."""


@hookspec
def on_extension_decided(event: ExtensionDecided, desk: Desk) -> Awaitable[None] | None:
    """A requested extension was granted or refused 延期审批. Since 0.1."""


@hookspec
def on_objection_decided(event: ObjectionDecided, desk: Desk) -> Awaitable[None] | None:
    """An objection was accepted, and the assignment is another's now, or refused, and it stands 异议裁定. Since 0.1."""


@hookspec
def on_withdrawn(event: Withdrawn, desk: Desk) -> Awaitable[None] | None:
    """The assignment is over without a report 撤回; every action but ``remember`` is refused from now on. Since 0.1."""


@hookspec
def on_released(event: Released, desk: Desk) -> Awaitable[None] | None:
    """The street released the organization 离场 after its report was verified. Since 0.1."""


@hookspec
def on_case_closed(event: CaseClosed, desk: Desk) -> Awaitable[None] | None:
    """The case was closed 办结; the last event of an assignment, unless the case is reopened. Since 0.1."""


@hookspec
def on_wake(event: Woken, desk: Desk) -> Awaitable[None] | None:
    """The time that ``desk.wake_after`` asked for has come.

    Look at ``desk.view`` first: much may have changed. Since 0.1.
    """


def hook_of(event: Event) -> str:
    """The name of the hook that an event is for."""
    return {
        WhistleBlown: "on_whistle",
        Dispatched: "on_dispatch",
        ReportReturned: "on_return",
        QuestionAnswered: "on_answer",
        Urged: "on_urge",
        Overdue: "on_overdue",
        ExtensionDecided: "on_extension_decided",
        ObjectionDecided: "on_objection_decided",
        Withdrawn: "on_withdrawn",
        Released: "on_released",
        CaseClosed: "on_case_closed",
        Woken: "on_wake",
    }[type(event)]
