"""The simulated crew 模拟处置 of demonstrations: it arrives, and reports the incident.

Each step looks at the assignment first: between two wake-ups a handler may have done it by hand, or the whistle was
withdrawn.
"""

from plugins.public_security.form import IncidentForm
from plugins.public_security.rules import Rules
from shaodao.plugin import AssignmentState, Desk, Report, ReportResult

_ON_THE_WAY = (AssignmentState.NOTIFIED, AssignmentState.ACKNOWLEDGED)
_AT_WORK = (AssignmentState.ARRIVED, AssignmentState.HANDLING, AssignmentState.RETURNED)


async def arrive(desk: Desk) -> bool:
    """Report in with the point of the case, where it has one, and start. False when there is nothing to do any more."""
    if desk.view.state in _ON_THE_WAY and desk.view.arrival_required:
        await desk.arrive(desk.view.case.point)
    if desk.view.state in (AssignmentState.ACKNOWLEDGED, AssignmentState.ARRIVED):
        await desk.start()
    return desk.view.state is AssignmentState.HANDLING


async def report(desk: Desk, rules: Rules) -> None:
    """Report the result; after a return, with what was found wanting put right."""
    view = desk.view
    if view.state not in _AT_WORK:
        return
    disposal = rules.disposal_for(view)
    await desk.report_result(
        Report(
            accepted_at=view.acknowledged_at or view.notified_at,
            talked_with=view.case.on_site_contact.name if view.case.on_site_contact else "现场群众",
            measures=await _measures(desk, disposal.label),
            solve_by=desk.now,
            result=ReportResult.SOLVED,
            fields=IncidentForm(
                incident_number=str(await desk.recall("incident_number")),
                disposal=disposal,
                officers=max(len(view.persons), 1),
                filed=False,
            ),
        )
    )


async def _measures(desk: Desk, disposal: str) -> str:
    done = f"{'、'.join(desk.view.persons)}到场处警，{disposal}，现场秩序已恢复"
    if told := await desk.recall("told"):
        done += f"；已按补充信息“{told}”核查"
    if reason := await desk.recall("returned_for"):
        return f"针对退回意见“{reason}”再次出警：{done}，并回头查看一次。"
    return f"{done}。"
