"""公安: the police station 望潮派出所 (GA) and the traffic police 交警大队 (JJ), one plugin for two organizations.

On a whistle it names the officers of the shift, more of them the more urgent it is, and opens an incident 接处警. The
traffic police ask for the plates of vehicles, and go meanwhile. Arriving and reporting are the handler's, unless the
host asks for a simulated crew.
"""

from plugins.public_security.crew import arrive, report
from plugins.public_security.form import IncidentForm
from plugins.public_security.rules import load_rules
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
    return Department(
        name="public_security", title="公安", version="0.1.0", organizations=("GA", "JJ"), form=IncidentForm
    )


@hookimpl
async def on_whistle(event: WhistleBlown, desk: Desk) -> None:
    await _take_on(desk)


@hookimpl
async def on_dispatch(event: Dispatched, desk: Desk) -> None:
    await _take_on(desk)


@hookimpl
async def on_answer(event: QuestionAnswered, desk: Desk) -> None:
    # What the officers asked goes into the report; they did not wait for it.
    await desk.remember("told", event.answer)


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
    if event.note == "arrive":
        if await arrive(desk):
            await desk.wake_after(rules.reports_after, "report")
    elif event.note == "report":
        await report(desk, rules)


async def _take_on(desk: Desk) -> None:
    view = desk.view
    if view.only_informed:
        await desk.read()
        return
    rules = load_rules(desk.settings)
    if view.state is AssignmentState.NOTIFIED:
        await desk.acknowledge(rules.officers_for(view, desk.now))
    await desk.remember("incident_number", rules.incident_number(view))
    if question := rules.question_for(view):
        await desk.ask(question)
    if desk.settings.field_crew:
        await desk.wake_after(rules.arrives_after, "arrive")
