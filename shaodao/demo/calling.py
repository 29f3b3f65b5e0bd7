"""How organizations were called into a case: a dispatch 派单, or a whistle 吹哨 from draft to confirmation."""

from datetime import datetime, timedelta

from shaodao.demo.cast import by_staff, dispatcher
from shaodao.demo.parts import Part, Scene, accepted_at
from shaodao.demo.source import Case, Whistle
from shaodao.demo.story import Step
from shaodao.domain.vocabulary import AssignmentRole, AssignmentState, CaseState, WhistleKind, WhistleState

_DUTY = "部门职责与属地管理(本项目示例)"
_TO_DRAFT = timedelta(minutes=20)
_TO_DECIDE = timedelta(minutes=10)


def calling_steps(scene: Scene, case: Case, number: str, parts: tuple[Part, ...]) -> list[Step]:
    """The steps by which the parts were notified: the whistle's first, then a dispatch of those that it does not call."""
    called = tuple(part for part in parts if part.whistle is not None)
    whistle = scene.whistle(case)
    steps = [] if whistle is None else _whistle_steps(scene, case, number, whistle, called)
    first = tuple(part for part in parts if part.whistle is None and not _took_over(case, part))
    if first:
        steps.append(_dispatch(scene, case, first, beside=bool(called)))
    if case.agent is not None and first:
        text = f"{case.agent}全程代办"
        steps.append(by_staff(scene, dispatcher(scene), Step(first[0].notified_at, "appointAgent", text, public=True)))
    return steps


def duty_basis(scene: Scene, case: Case) -> str:
    """On what duty the organizations were called: the catalogue item's duty, else the example's own sentence."""
    item = scene.item(case)
    return next((duty.legal_basis for duty in scene.catalogue.duties if item and duty.code == item.duty), _DUTY)


def drafted_at(scene: Scene, case: Case, whistle: Whistle) -> datetime:
    """When the whistle was drafted 起草: an emergency's at once, else shortly before it was blown."""
    if whistle.kind is WhistleKind.EMERGENCY:
        return whistle.blown_at
    return max(whistle.blown_at - _TO_DRAFT, accepted_at(scene, case) or case.registered_at)


def submitted_at(scene: Scene, case: Case, whistle: Whistle) -> datetime:
    """When the whistle was submitted for approval 报批."""
    return max(whistle.blown_at - _TO_DECIDE, drafted_at(scene, case, whistle))


def _took_over(case: Case, part: Part) -> bool:
    return case.dispute is not None and part.state is not AssignmentState.REASSIGNED


def _dispatch(scene: Scene, case: Case, parts: tuple[Part, ...], *, beside: bool) -> Step:
    chief = dispatcher(scene)
    text, basis = f"{chief}派单：{_described(scene, parts)}", f"依据：{duty_basis(scene, case)}"
    step = Step(
        parts[0].notified_at, "dispatchCase", text, basis, public=True, notified=parts,
        case_state=None if beside else CaseState.ASSIGNED,
    )  # fmt: skip
    return by_staff(scene, chief, step)


def _whistle_steps(scene: Scene, case: Case, number: str, whistle: Whistle, called: tuple[Part, ...]) -> list[Step]:
    name, who = f"{number}-W1", _described(scene, called)
    if whistle.kind is WhistleKind.EMERGENCY:
        return _emergency(scene, whistle, name, who, called)
    drafter, approver = whistle.drafted_by, whistle.approved_by
    drafted, submitted = drafted_at(scene, case, whistle), submitted_at(scene, case, whistle)
    draft = Step(
        drafted, "draftWhistle", f"{drafter}起草{whistle.kind.label} {name}", whistle_state=WhistleState.DRAFTED
    )
    submission = Step(
        submitted, "submitWhistle", f"{drafter}将哨 {name} 报批", whistle_state=WhistleState.PENDING_APPROVAL
    )  # fmt: skip
    blown = Step(
        whistle.blown_at, "approveWhistle", f"{approver}批准{whistle.kind.label} {name}：{who}", public=True, notified=called,
        case_state=CaseState.ASSIGNED, whistle_state=WhistleState.BLOWN,
    )  # fmt: skip
    return [by_staff(scene, drafter, draft), by_staff(scene, drafter, submission), by_staff(scene, approver, blown)]


def _emergency(scene: Scene, whistle: Whistle, name: str, who: str, called: tuple[Part, ...]) -> list[Step]:
    chief = whistle.approved_by
    text = f"{chief}直接吹响{whistle.kind.label} {name}：{who}"
    blown = Step(
        whistle.blown_at, "blowEmergencyWhistle", text, f"{whistle.drafted_by}报告险情", public=True, notified=called,
        case_state=CaseState.ASSIGNED, whistle_state=WhistleState.BLOWN,
    )  # fmt: skip
    steps = [by_staff(scene, chief, blown)]
    if whistle.confirmed_by is not None and whistle.confirmed_at is not None:
        confirmation = Step(whistle.confirmed_at, "confirmWhistle", f"{whistle.confirmed_by}补批应急哨 {name}")
        steps.append(by_staff(scene, whistle.confirmed_by, confirmation))
    return steps


def _described(scene: Scene, parts: tuple[Part, ...]) -> str:
    shown = []
    for role in AssignmentRole:
        names = [scene.name_of(part.organization) for part in parts if part.role is role]
        if names:
            shown.append(role.label + "、".join(names))
    return "，".join(shown)
