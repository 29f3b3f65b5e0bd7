"""城管: the urban management squadron 综合行政执法局望潮中队, organization CG.

On a whistle it names the squad that its rules file sends, opens its own file 立案, and asks for the place when nobody
could find it. Arriving and reporting are the handler's, unless the host asks for a simulated crew.
"""

from plugins.urban_management.crew import arrive, can_set_out, report
from plugins.urban_management.form import EnforcementForm
from plugins.urban_management.rules import Rules, load_rules
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
        name="urban_management", title="城管", version="0.1.0", organizations=("CG",), form=EnforcementForm
    )


@hookimpl
async def on_whistle(event: WhistleBlown, desk: Desk) -> None:
    await _take_on(desk)


@hookimpl
async def on_dispatch(event: Dispatched, desk: Desk) -> None:
    await _take_on(desk)


@hookimpl
async def on_answer(event: QuestionAnswered, desk: Desk) -> None:
    # The answer is what the squad waited for, if it waited.
    if desk.settings.field_crew and not can_set_out(desk.view):
        await desk.wake_after(load_rules(desk.settings).crew.arrives_after, "arrive")


@hookimpl
async def on_return(event: ReportReturned, desk: Desk) -> None:
    await desk.remember("returned_for", event.reason)
    if desk.settings.field_crew:
        await desk.wake_after(load_rules(desk.settings).crew.reports_after, "report")


@hookimpl
async def on_withdrawn(event: Withdrawn, desk: Desk) -> None:
    # A wake-up may still come; it finds the assignment WITHDRAWN and does nothing.
    await desk.remember("ended", event.reason)


@hookimpl
async def on_wake(event: Woken, desk: Desk) -> None:
    rules = load_rules(desk.settings)
    if event.note == "arrive":
        if await arrive(desk):
            await desk.wake_after(rules.crew.reports_after, "report")
    elif event.note == "report":
        await report(desk, rules)


async def _take_on(desk: Desk) -> None:
    if desk.view.only_informed:
        await desk.read()
        return
    rules = load_rules(desk.settings)
    squad = rules.squad_for(desk.view, desk.now)
    if desk.view.state is AssignmentState.NOTIFIED:
        await desk.acknowledge(squad.persons)
    await desk.remember("filing_number", _filing_number(desk, rules))
    await desk.remember("squad", squad.name)
    if not can_set_out(desk.view):
        await desk.ask("请补充事发地点的详细地址或定位，以便执法人员到场。")
    elif desk.settings.field_crew:
        await desk.wake_after(rules.crew.arrives_after, "arrive")


def _filing_number(desk: Desk, rules: Rules) -> str:
    """The department's own number 立案号, made from the street's: one case, one file."""
    _, day, running = desk.view.case.number.split("-")
    return f"{rules.filing_prefix}〔{day[:4]}〕{day[4:]}{running}号"
