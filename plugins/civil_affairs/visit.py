"""The simulated visit 模拟入户 of demonstrations: an officer goes to the door, helps, and reports.

Each step looks at the assignment first: between two wake-ups a handler may have done it by hand, or the whistle was
withdrawn.
"""

from plugins.civil_affairs.form import AssistanceForm
from plugins.civil_affairs.rules import Rules
from shaodao.plugin import AssignmentState, AssignmentView, Desk, Report, ReportResult, WhistleKind

_ON_THE_WAY = (AssignmentState.NOTIFIED, AssignmentState.ACKNOWLEDGED)
_AT_WORK = (AssignmentState.ARRIVED, AssignmentState.HANDLING, AssignmentState.RETURNED)


def knows_whom(view: AssignmentView) -> bool:
    """Whether the case leads to a person or a door. In an emergency the officer goes all the same: 先到场、后核实."""
    emergency = view.whistle is not None and view.whistle.kind is WhistleKind.EMERGENCY
    return bool(emergency or view.case.reporter or view.case.address)


async def visit(desk: Desk) -> bool:
    """Report in with the point of the case, where it has one, and start. False when there is nothing to do any more."""
    if desk.view.state in _ON_THE_WAY and desk.view.arrival_required:
        await desk.arrive(desk.view.case.point)
    if desk.view.state in (AssignmentState.ACKNOWLEDGED, AssignmentState.ARRIVED):
        await desk.start()
    return desk.view.state is AssignmentState.HANDLING


async def report(desk: Desk, rules: Rules) -> None:
    """Report the help given; after a return, with what was found wanting put right."""
    view = desk.view
    if view.state not in _AT_WORK:
        return
    need = rules.need_of(view)
    await desk.report_result(
        Report(
            accepted_at=view.acknowledged_at or view.notified_at,
            talked_with=await _talked_with(desk),
            measures=await _measures(desk, need.help),
            solve_by=desk.now,
            result=ReportResult.SOLVED,
            fields=AssistanceForm(
                assistance=need.assistance,
                subject_number=str(await desk.recall("subject_number")),
                help_given=need.help,
                temporary=need.temporary,
            ),
        )
    )


async def _talked_with(desk: Desk) -> str:
    case = desk.view.case
    if whom := await desk.recall("whom"):
        return str(whom)
    return case.reporter.name if case.reporter else (case.on_site_contact.name if case.on_site_contact else "居民本人")


async def _measures(desk: Desk, help_given: str) -> str:
    done = f"{'、'.join(desk.view.persons)}上门：{help_given}"
    if reason := await desk.recall("returned_for"):
        return f"针对退回意见“{reason}”再次上门核实。{done}，并与网格员约定回访。"
    return f"{done}。"
