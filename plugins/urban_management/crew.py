"""The simulated squad 模拟处置 of demonstrations: it arrives, takes photos before and after, and reports.

Each step looks at the assignment first: between two wake-ups a handler may have done it by hand, or the whistle was
withdrawn.
"""

from datetime import timedelta
from hashlib import sha256

from plugins.urban_management.form import EnforcementForm
from plugins.urban_management.rules import Rules
from shaodao.plugin import (
    AssignmentState,
    AssignmentView,
    AttachmentKind,
    AttachmentMetadata,
    Desk,
    Report,
    ReportResult,
    WhistleKind,
)

_ON_THE_WAY = (AssignmentState.NOTIFIED, AssignmentState.ACKNOWLEDGED)
_AT_WORK = (AssignmentState.ARRIVED, AssignmentState.HANDLING, AssignmentState.RETURNED)


def can_set_out(view: AssignmentView) -> bool:
    """Whether there is a place to go to. In an emergency the squad goes all the same: 先到场、后核实."""
    emergency = view.whistle is not None and view.whistle.kind is WhistleKind.EMERGENCY
    return bool(emergency or view.case.address or view.case.point or (view.whistle and view.whistle.place))


async def arrive(desk: Desk) -> bool:
    """Report in with the point of the case, where it has one, and start. False when there is nothing to do any more."""
    if desk.view.state in _ON_THE_WAY and desk.view.arrival_required:
        await desk.arrive(desk.view.case.point)
    if desk.view.state in (AssignmentState.ACKNOWLEDGED, AssignmentState.ARRIVED):
        await desk.start()
    return desk.view.state is AssignmentState.HANDLING


async def report(desk: Desk, rules: Rules) -> None:
    """Report the result; after a return, with what was found wanting put right."""
    if desk.view.state not in _AT_WORK:
        return
    view = desk.view
    cause = rules.cause_for(view.case.category_code)
    form = EnforcementForm(
        filing_number=str(await desk.recall("filing_number")),
        cause=cause.code,
        before_photos=(await _photograph(desk, AttachmentKind.BEFORE, "处置前"),),
        after_photos=(await _photograph(desk, AttachmentKind.AFTER, "处置后"),),
        document_number=f"{rules.filing_prefix}限改{view.case.number[-4:]}",
        rectify_by=(desk.now + timedelta(days=cause.rectify_days)).date(),
    )
    await desk.report_result(
        Report(
            accepted_at=view.acknowledged_at or view.notified_at,
            talked_with=view.case.on_site_contact.name if view.case.on_site_contact else "现场当事人",
            measures=await _measures(desk),
            solve_by=desk.now,
            result=ReportResult.SOLVED,
            fields=form,
        )
    )


async def _measures(desk: Desk) -> str:
    done = f"{await desk.recall('squad')}到场，就“{desk.view.case.title}”立案调查，责令限期整改并现场清理完毕"
    if reason := await desk.recall("returned_for"):
        return f"针对退回意见“{reason}”再次到场返工：{done}，已复查并重新拍照。"
    return f"{done}。"


async def _photograph(desk: Desk, kind: AttachmentKind, name: str) -> str:
    take = desk.view.returned_count + 1
    content = f"示例照片 {desk.view.case.number} {name} {take}".encode()
    photo = AttachmentMetadata(
        kind=kind, name=f"{name}{take}.jpg", media_type="image/jpeg", size=len(content), sha256=sha256(content).hexdigest(),
        taken_at=desk.now, point=desk.view.case.point,
    )  # fmt: skip
    return str(await desk.attach(photo))
