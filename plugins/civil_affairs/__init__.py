"""民政: the civil affairs bureau 民政局, organization MZ.

On a whistle it names the officer for the kind of need that the case tells of, or the one on call outside office hours,
and asks who needs help when the case does not say. Visiting and reporting are the handler's, unless the host asks for
a simulated visit.
"""

from plugins.civil_affairs.form import AssistanceForm
from plugins.civil_affairs.rules import load_rules
from plugins.civil_affairs.visit import knows_whom, report, visit
from shaodao.plugin import (
    AssignmentState,
    Department,
    Desk,
    Dispatched,
    QuestionAnswered,
    ReportReturned,
    WhistleBlown,
    Withdrawn,
    Woken,
    hookimpl,
)


@hookimpl
def department() -> Department:
    return Department(name="civil_affairs", title="民政", version="0.1.0", organizations=("MZ",), form=AssistanceForm)


@hookimpl
async def on_whistle(event: WhistleBlown, desk: Desk) -> None:
    await _take_on(desk)


@hookimpl
async def on_dispatch(event: Dispatched, desk: Desk) -> None:
    await _take_on(desk)


@hookimpl
async def on_answer(event: QuestionAnswered, desk: Desk) -> None:
    await desk.remember("whom", event.answer)
    if desk.settings.field_crew:
        await desk.wake_after(load_rules(desk.settings).visits_after, "visit")


@hookimpl
async def on_return(event: ReportReturned, desk: Desk) -> None:
    await desk.remember("returned_for", event.reason)
    if desk.settings.field_crew:
        await desk.wake_after(load_rules(desk.settings).reports_after, "report")


@hookimpl
async def on_withdrawn(event: Withdrawn, desk: Desk) -> None:
    # A wake-up may still come; it finds the assignment WITHDRAWN and does nothing.
    await desk.remember("ended", event.reason)


@hookimpl
async def on_wake(event: Woken, desk: Desk) -> None:
    rules = load_rules(desk.settings)
    if event.note == "visit":
        if await visit(desk):
            await desk.wake_after(rules.reports_after, "report")
    elif event.note == "report":
        await report(desk, rules)


async def _take_on(desk: Desk) -> None:
    view = desk.view
    if view.only_informed:
        await desk.read()
        return
    rules = load_rules(desk.settings)
    need = rules.need_of(view)
    if view.state is AssignmentState.NOTIFIED:
        await desk.acknowledge(rules.officers_for(need, view, desk.now))
    await desk.remember("subject_number", rules.subject_number(need, view))
    if not knows_whom(view):
        await desk.ask("请补充需要帮助的居民姓名和住址，以便上门。")
    elif desk.settings.field_crew:
        await desk.wake_after(rules.visits_after, "visit")
