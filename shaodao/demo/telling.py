"""Tells a case of the demonstration street as steps: how it came in, was changed, ended and was looked back on."""

from dataclasses import replace
from datetime import datetime, timedelta

from shaodao.demo.calling import calling_steps
from shaodao.demo.campaigning import campaign_steps
from shaodao.demo.cast import accepter, by_staff, caller_of, dispatcher, first_receiver, judge_of, leader, person_of
from shaodao.demo.meeting_rows import meeting_steps
from shaodao.demo.parts import Part, Scene, accepted_at, settled_at_once
from shaodao.demo.promising import promise_steps
from shaodao.demo.source import Case
from shaodao.demo.story import Step
from shaodao.demo.suspending import review_steps
from shaodao.demo.timeline import between
from shaodao.demo.working import working_steps
from shaodao.domain.vocabulary import (
    CaseState,
    Channel,
    CloseKind,
    NotAcceptedReason,
    Role,
    WhistleState,
)

REOPEN_REASON = "回访反映问题反弹"
"""Why the one case that was reopened 重办 was."""

_LATER = timedelta(hours=20)
_EXTENSION_DECIDED_AFTER = timedelta(minutes=30)
_CLOSED_ON = frozenset({CaseState.CLOSED, CaseState.FOLLOWED_UP, CaseState.ARCHIVED, CaseState.REOPENED})
_REASONS = {"IN_LITIGATION": NotAcceptedReason.IN_LEGAL_PROCESS}


def steps_of(scene: Scene, case: Case, number: str, parts: tuple[Part, ...]) -> list[Step]:
    """Every step of the case but the computed ones and the passed deadlines, in the order of telling."""
    steps = [_registration(scene, case, number), *_admission(scene, case)]
    if not settled_at_once(case):
        steps += calling_steps(scene, case, number, parts)
        for part in parts:
            steps += working_steps(scene, part, parts)
    return [
        *steps, *_changes(scene, case), *_ending(scene, case, number), *_looking_back(scene, case, number, parts),
        *promise_steps(scene, case), *campaign_steps(scene, case), *meeting_steps(scene, case), *review_steps(scene, case),
    ]  # fmt: skip


def followed_up_at(scene: Scene, case: Case) -> datetime:
    """When the follow-up call 回访 was made."""
    return between(_closed(scene, case), _looked_back_until(scene, case), 0.4, _LATER)


def rated_at(scene: Scene, case: Case) -> datetime:
    """When the street rated the departments and the county judged the whistle 双评价."""
    return between(_closed(scene, case), _looked_back_until(scene, case), 0.6, 2 * _LATER)


def part_rated_at(scene: Scene, part: Part) -> datetime:
    """When the street rated one organization: with the others, or by itself where the case is still open."""
    if part.case.closed_at is not None or part.verified_at is None:
        return rated_at(scene, part.case)
    return between(part.verified_at, scene.told_until, 0.6, 2 * _LATER)


def reviewed_at(scene: Scene, case: Case) -> datetime:
    """When a leader looked at what the follow-up call heard 复核."""
    return followed_up_at(scene, case) + timedelta(hours=1)


def archived_at(scene: Scene, case: Case) -> datetime:
    """When an archived case was archived 归档."""
    return between(_closed(scene, case), scene.told_until, 0.9, 4 * _LATER)


def merged_at(scene: Scene, case: Case) -> datetime:
    """When a repeated report was merged 并单."""
    return between(case.registered_at, scene.told_until, 0.3, timedelta(minutes=30))


def extension_decided_at(case: Case) -> datetime | None:
    """When the extension 延期 was approved."""
    return None if case.extension is None else case.extension.requested_at + _EXTENSION_DECIDED_AFTER


def not_accepted_reason(case: Case) -> NotAcceptedReason | None:
    """The refusal's reason in the vocabulary's word."""
    return _REASONS[case.not_accepted_reason] if case.not_accepted_reason else None


def was_closed(case: Case) -> bool:
    """Whether the case was closed 办结 at least once."""
    return case.state in _CLOSED_ON


def close_kind(case: Case) -> CloseKind:
    """How the case was closed; the file tells it by the kind of case."""
    if case.mediation is not None:
        return CloseKind.MEDIATED
    if case.agent is not None:
        return CloseKind.AGENCY_DONE
    return CloseKind.ANSWERED if case.kind == "CONSULT" else CloseKind.SOLVED


def _closed(scene: Scene, case: Case) -> datetime:
    return case.closed_at or scene.told_until


def _looked_back_until(scene: Scene, case: Case) -> datetime:
    return case.reopened_at or scene.told_until


def _registration(scene: Scene, case: Case, number: str) -> Step:
    step = Step(
        case.registered_at, "registerCase", f"系统登记案件{number}（{case.channel.label}）", public=True,
        case_state=CaseState.REGISTERED, payload={"channel": case.channel, "urgency": case.urgency},
    )  # fmt: skip
    if case.channel is Channel.DEVICE:
        return step
    text = step.text.removeprefix("系统")
    if case.channel is Channel.WECHAT and person_of(scene, case) is not None:
        return replace(step, text=f"诉求人{text}", role=Role.RESIDENT)
    name = first_receiver(scene, case)
    return by_staff(scene, name, replace(step, text=f"{name}{text}"))


def _admission(scene: Scene, case: Case) -> list[Step]:
    chief, reason, accepted = dispatcher(scene), not_accepted_reason(case), accepted_at(scene, case)
    if reason is not None or accepted is None:
        step = Step(
            _closed(scene, case), "refuseCase", f"{chief}不予受理：{reason and reason.label}", case.result, public=True,
            case_state=CaseState.NOT_ACCEPTED, payload={"reason": reason},
        )  # fmt: skip
        return [by_staff(scene, chief, step)]
    name = accepter(scene, case)
    step = Step(accepted, "acceptCase", f"{name}受理案件", public=True, case_state=CaseState.ACCEPTED)
    return [by_staff(scene, name, step)]


def _changes(scene: Scene, case: Case) -> list[Step]:
    return [
        *_reclassification(scene, case),
        *_extension(scene, case),
        *_suspension(scene, case),
        *_merging(scene, case),
    ]


def _reclassification(scene: Scene, case: Case) -> list[Step]:
    change = case.reclassified
    if change is None:
        return []
    chief = dispatcher(scene)
    text = f"{chief}分类：紧急程度由“{change.from_.label}”改为“{change.to.label}”"
    why = f"原因：{change.reason}（{change.approved_by}同意）"
    payload = {"from": {"urgency": change.from_}, "to": {"urgency": change.to}}
    return [by_staff(scene, chief, Step(change.at, "classifyCase", text, why, public=True, payload=payload))]


def _extension(scene: Scene, case: Case) -> list[Step]:
    asked, decided = case.extension, extension_decided_at(case)
    if asked is None or decided is None:
        return []
    lead = case.assignments[0].dept
    handler = scene.handler(case, lead)
    what = f"{asked.amount}个工作日"
    request = Step(
        asked.requested_at, "requestExtension", f"{handler}申请延期{what}", asked.reason, organization=lead
    )  # fmt: skip
    decision = Step(decided, "decideExtension", f"{asked.approved_by}同意延期{what}", asked.reason, public=True)
    return [by_staff(scene, handler, request), by_staff(scene, asked.approved_by, decision)]


def _suspension(scene: Scene, case: Case) -> list[Step]:
    pause = case.suspension
    if pause is None:
        return []
    why = f"原因：{pause.reason}；临时措施：{case.interim_measure}"
    step = Step(
        pause.from_, "suspendCase", f"{pause.approved_by}批准挂账", why, public=True, case_state=CaseState.SUSPENDED
    )
    return [by_staff(scene, pause.approved_by, step)]


def _merging(scene: Scene, case: Case) -> list[Step]:
    if case.merged_into is None:
        return []
    chief = dispatcher(scene)
    text = f"{chief}将案件并入同一事项的在办案件"
    step = Step(merged_at(scene, case), "mergeCase", text, public=True, case_state=CaseState.MERGED)
    return [by_staff(scene, chief, step)]


def _ending(scene: Scene, case: Case, number: str) -> list[Step]:
    if not was_closed(case):
        return []
    at, kind, steps = _closed(scene, case), close_kind(case), []
    if case.whistle is not None:
        steps.append(
            Step(
                at,
                "closeWhistle",
                f"{dispatcher(scene)}消哨 {number}-W1",
                public=True,
                whistle_state=WhistleState.CLOSED,
            )
        )
    told = f"（{kind.label}）"
    if settled_at_once(case):
        name = first_receiver(scene, case)
        step = Step(
            at, "settleCaseAtOnce", f"{name}即接即办{told}", case.result, public=True, case_state=CaseState.CLOSED
        )
        return [by_staff(scene, name, step)]
    steps.append(
        Step(
            at, "closeCase", f"{dispatcher(scene)}核查办结{told}", case.result, public=True, case_state=CaseState.CLOSED
        )
    )
    return [by_staff(scene, dispatcher(scene), step) for step in steps]


def _looking_back(scene: Scene, case: Case, number: str, parts: tuple[Part, ...]) -> list[Step]:
    return [*_follow_up(scene, case), *_ratings(scene, case, number, parts), *_afterwards(scene, case)]


def _follow_up(scene: Scene, case: Case) -> list[Step]:
    heard = case.follow_up
    if heard is None:
        return []
    caller = caller_of(scene)
    if heard.solved is None or heard.satisfaction is None:
        step = Step(followed_up_at(scene, case), "recordFollowUp", f"{caller}回访：未联系上诉求人")
        return [by_staff(scene, caller, step)]
    said = f"诉求{heard.solved.label}，{heard.satisfaction.label}"
    step = Step(
        followed_up_at(scene, case),
        "recordFollowUp",
        f"{caller}回访",
        said,
        public=True,
        case_state=CaseState.FOLLOWED_UP,
    )
    return [by_staff(scene, caller, step)]


def _ratings(scene: Scene, case: Case, number: str, parts: tuple[Part, ...]) -> list[Step]:
    whistle = scene.whistle(case)
    if whistle is None:
        return []
    rater = leader(scene)
    steps = [
        by_staff(scene, rater, Step(
            part_rated_at(scene, part), "rateDepartment", f"{rater}评价{scene.name_of(part.organization)}：{part.score}分",
            organization=part.organization, part=part,
        ))
        for part in parts if part.score is not None
    ]  # fmt: skip
    if whistle.state is WhistleState.EVALUATED:
        judge = judge_of(scene)
        text = f"{judge}评哨 {number}-W1：吹哨适当"
        step = Step(rated_at(scene, case), "judgeWhistle", text, whistle_state=WhistleState.EVALUATED)
        steps.append(by_staff(scene, judge, step))
    return steps


def _afterwards(scene: Scene, case: Case) -> list[Step]:
    steps = []
    if case.review is not None:
        text = f"{case.review.by}复核回访：不再重办"
        at = reviewed_at(scene, case)
        steps.append(by_staff(scene, case.review.by, Step(at, "reviewFollowUp", text, case.review.reason)))
    if case.reopened_at is not None:
        chief = dispatcher(scene)
        step = Step(
            case.reopened_at,
            "reopenCase",
            f"{chief}重办",
            REOPEN_REASON,
            public=True,
            case_state=CaseState.REOPENED,
        )
        steps.append(by_staff(scene, chief, step))
    if case.state is CaseState.ARCHIVED:
        at = archived_at(scene, case)
        steps.append(Step(at, "archiveCase", "系统归档案件", public=True, case_state=CaseState.ARCHIVED))
    return steps
