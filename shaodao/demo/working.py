"""What an organization did after it was called: 应哨, 到场, 处置, 反馈, and how its report was checked."""

from datetime import datetime

from shaodao.demo.cast import by_staff, dispatcher
from shaodao.demo.parts import Part, Scene
from shaodao.demo.story import Step
from shaodao.domain.vocabulary import AssignmentState, ObjectionReason

FIRST_RESULT = "已劝离占道摊贩。"
"""What a report said that was returned: the only one is case 8's."""


def working_steps(scene: Scene, part: Part, parts: tuple[Part, ...]) -> list[Step]:
    """The steps of an assignment after its notice, in order; ``parts`` are all of the case's."""
    if part.objected_at is not None:
        return _objection(scene, part, parts)
    return [*_coming(scene, part), *_reporting(scene, part), *_checking(scene, part)]


def _coming(scene: Scene, part: Part) -> list[Step]:
    who = scene.name_of(part.organization)
    told = [
        (
            part.acknowledged_at,
            "acknowledgeAssignment",
            f"{who}{'应哨' if part.whistle else '签收'}",
            f"到场人员：{part.handler}" if part.whistle else None,
            AssignmentState.ACKNOWLEDGED,
        ),
        (part.arrived_at, "arriveAtScene", f"{who}到场报到", None, AssignmentState.ARRIVED),
        (part.started_at, "startHandling", f"{who}开始处置", None, AssignmentState.HANDLING),
        *(
            (at, "reportProgress", f"{who}阶段反馈", text, AssignmentState.HANDLING)
            for at, text in progress_reports(part)
        ),
    ]
    return [
        by_staff(scene, part.handler, Step(
            at, type_, text, detail, public=type_ == "arriveAtScene", organization=part.organization, part=part,
            assignment_state=state,
        ))
        for at, type_, text, detail, state in told if at is not None
    ]  # fmt: skip


def _reporting(scene: Scene, part: Part) -> list[Step]:
    reports = [(part.first_reported_at, FIRST_RESULT), (part.reported_at, result_text(part))]
    return [
        by_staff(scene, part.handler, Step(
            at, "reportResult", f"{scene.name_of(part.organization)}反馈办结", text, organization=part.organization,
            part=part, assignment_state=AssignmentState.REPORTED,
        ))
        for at, text in reports if at is not None
    ]  # fmt: skip


def _checking(scene: Scene, part: Part) -> list[Step]:
    chief, who, steps = dispatcher(scene), scene.name_of(part.organization), []
    if part.returned is not None:
        text = f"{chief}退回{who}的反馈"
        steps.append(Step(
            part.returned.at, "returnReport", text, part.returned.reason, organization=part.organization, part=part,
            assignment_state=AssignmentState.RETURNED,
        ))  # fmt: skip
    if part.verified_at is not None:
        steps.append(Step(
            part.verified_at, "verifyReport", f"{chief}核查通过{who}的反馈", organization=part.organization, part=part,
            assignment_state=AssignmentState.VERIFIED,
        ))  # fmt: skip
    return [by_staff(scene, chief, step) for step in steps]


def _objection(scene: Scene, part: Part, parts: tuple[Part, ...]) -> list[Step]:
    """An accepted objection; the organization that takes over is notified by the same decision."""
    dispute, chief, who = part.case.dispute, dispatcher(scene), scene.name_of(part.organization)
    assert dispute is not None
    assert part.objected_at is not None
    taker = next(one for one in parts if one.state is not AssignmentState.REASSIGNED)
    raised = Step(
        part.objected_at, "raiseObjection", f"{who}提出派单异议", dispute.reason, organization=part.organization, part=part,
        assignment_state=AssignmentState.OBJECTED, payload={"reason": ObjectionReason.NOT_OUR_DUTY},
    )  # fmt: skip
    decided = Step(
        dispute.decided_at, "decideObjection", f"{chief}同意{who}的异议，改派{scene.name_of(taker.organization)}", public=True,
        organization=part.organization, part=part, notified=(taker,), assignment_state=AssignmentState.REASSIGNED,
    )  # fmt: skip
    return [by_staff(scene, part.handler, raised), by_staff(scene, chief, decided)]


def progress_reports(part: Part) -> list[tuple[datetime, str]]:
    """What an organization said on the way, and when; the last is the file's own words for a case still open."""
    reports = []
    if part.progress_at is not None:
        reports.append((part.progress_at, "已到现场核实情况，正在处置。"))
    if part.latest_at is not None and part.case.result is not None:
        reports.append((part.latest_at, part.case.result))
    return reports


def result_text(part: Part) -> str:
    """What an organization reported in the end."""
    own = part.case.result if part.role == "LEAD" else None
    return own or "已配合主办单位处置。"
