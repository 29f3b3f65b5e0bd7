"""Rows of what organizations did in a told case and of what was said of it afterwards, with its clocks and messages."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import orjson

from bench.city.case_rows import Desk, Row, handling_ended, instant, reporter_of
from bench.city.identifiers import (
    DEADLINE,
    EVALUATION,
    FOLLOW_UP,
    MESSAGE,
    REPORT,
    VERIFICATION,
    identifier,
)
from bench.city.plan import MOST_PARTS, Part, Step, moment, score_of
from bench.city.telling import Told
from shaodao.domain.deadlines import Limit
from shaodao.domain.identity import mask_phone
from shaodao.domain.vocabulary import (
    AssignmentRole,
    AssignmentState,
    CaseState,
    ClockKind,
    ClockState,
    EscalationStage,
    EvaluatorKind,
    MessageKind,
    MessageState,
    ReportKind,
    ReportResult,
    VerificationMethod,
    WhistleKind,
    WhistleState,
)

_STEPS_OF_PART = 64
_DUTY = "部门职责与属地管理(本项目示例)"


@dataclass(frozen=True, slots=True)
class Clock:
    """A clock with its limit, if it has one of its own; times are seconds since 1970."""

    kind: ClockKind
    limit: Limit | None
    rule: str
    started_at: int
    due_at: int
    stopped_at: int | None
    part: Part | None = None

    def passed(self, now: int) -> bool:
        """Whether its due passed while it ran."""
        return (self.stopped_at or now) >= self.due_at


def clocks_of(desk: Desk, story: Told) -> list[Clock]:
    """The clocks of a case; of an abridged one the handling clock and those of the results."""
    clocks = [_case_clock(desk, story)]
    if story.whole:
        clocks += _other_clocks(desk, story)
    for part in story.owing:
        clocks += _part_clocks(desk, story, part, clocks[0].due_at)
    return clocks


def assignment_rows(desk: Desk, story: Told, clocks: list[Clock]) -> list[Row]:
    """Rows of ``assignment``."""
    return [
        _assignment_row(desk, story, part, {clock.kind: clock for clock in clocks if clock.part is part})
        for part in story.parts
    ]


def report_rows(story: Told) -> list[Row]:
    """Rows of ``report``; of an abridged case the last of each part."""
    kinds = {"reportProgress": ReportKind.PROGRESS, "reportResult": ReportKind.RESULT}
    return [
        {
            **_subject(story), "id": identifier(REPORT, _place(step.part, place), step.at), "assignment_id": step.part.id,
            "organization_code": step.part.organization.code, "kind": kinds[step.type],
            "accepted_at": instant(story.part_time(step.part, AssignmentState.ACKNOWLEDGED)), "talked_with": "诉求人",
            "measures": step.detail, "result": ReportResult.SOLVED if step.type == "reportResult" else None,
            "reported_by": step.part.handler.id, "reported_at": moment(step.at),
        }
        for step, place in _part_steps(story, *kinds) if step.part
    ]  # fmt: skip


def verification_rows(story: Told) -> list[Row]:
    """Rows of ``verification``."""
    return [
        {
            **_subject(story), "id": identifier(VERIFICATION, _place(step.part, place), step.at), "assignment_id": step.part.id,
            "organization_code": step.part.organization.code, "verifier_id": story.plan.dispatcher.id,
            "method": VerificationMethod.ON_SITE, "passed": step.type == "verifyReport",
            "text": step.detail or "现场核查，问题已处置到位。", "verified_at": moment(step.at),
        }
        for step, place in _part_steps(story, "verifyReport", "returnReport") if step.part
    ]  # fmt: skip


def follow_up_rows(story: Told) -> list[Row]:
    """The row of ``follow_up``, if there was a call."""
    at = story.follow_up_at
    if at is None:
        return []
    satisfaction = ("VERY_SATISFIED", "SATISFIED", "SATISFIED", "BASICALLY_SATISFIED")[story.draft.index % 4]
    return [{
        **_subject(story), "id": identifier(FOLLOW_UP, story.draft.index, at), "round": 0,
        "caller_id": story.draft.street.caller.id, "channel": "PHONE", "called_at": moment(at), "contacted": True,
        "responded": True, "solved": "SOLVED", "satisfaction": satisfaction,
    }]  # fmt: skip


def evaluation_rows(story: Told) -> list[Row]:
    """Rows of ``evaluation`` 双评价: the street rates each department, the county judges the whistle."""
    rows = [
        _evaluation_row(story, EvaluatorKind.STREET, step.part, step.at)
        for part in story.owing for step in story.part_steps.get(part.number, ()) if step.type == "rateDepartment"
    ]  # fmt: skip
    judged = story.whistle_times.get(WhistleState.EVALUATED)
    return rows if judged is None else [*rows, _evaluation_row(story, EvaluatorKind.COUNTY_GRID_OFFICE, None, judged)]


def deadline_rows(desk: Desk, story: Told, clocks: list[Clock]) -> list[Row]:
    """Rows of ``deadline``."""
    return [
        {
            **_subject(story), "id": _clock_id(story, place), "whistle_id": clock.part and clock.part.whistle,
            "assignment_id": clock.part and clock.part.id, "organization_code": clock.part and clock.part.organization.code,
            "kind": clock.kind, "unit": clock.limit and clock.limit.unit, "amount": clock.limit and clock.limit.amount, "rule": clock.rule,
            "started_at": moment(clock.started_at), "due_at": moment(clock.due_at), "provisional": False,
            "state": ClockState.RUNNING if clock.stopped_at is None else ClockState.STOPPED,
            "stopped_at": instant(clock.stopped_at), "history": _past(desk, clock),
        }
        for place, clock in enumerate(clocks)
    ]  # fmt: skip


def stage_rows(desk: Desk, story: Told, clocks: list[Clock]) -> list[Row]:
    """Rows of ``deadline_stage``: what each running clock fires next."""
    following = [
        (place, clock, next(((stage, at) for stage, at in _stages(clock) if at > desk.now), None))
        for place, clock in enumerate(clocks) if clock.stopped_at is None
    ]  # fmt: skip
    return [
        {
            "county_code": story.draft.county.code, "deadline_id": _clock_id(story, place), "stage": stage[0],
            "case_id": story.draft.id, "assignment_id": clock.part and clock.part.id, "due_at": moment(stage[1]),
        }
        for place, clock, stage in following if stage is not None
    ]  # fmt: skip


def message_rows(desk: Desk, story: Told, case: Row, main: Row | None) -> list[Row]:
    """Rows of ``message``, all of them sent: to the reporter, and to the duty phones; of an abridged case its result.

    ``main``: the row of the case that it was merged into, whose result its reporter hears.
    """
    rows = [] if reporter_of(story) is None else [
        {
            **_sent(story, kind, at, text), "id": identifier(MESSAGE, story.draft.index * 16 + place, at), "whistle_id": None,
            "organization_code": None, "recipient_masked": case["reporter_phone_masked"],
            "recipient_sealed": case["reporter_phone_sealed"],
        }
        for place, (kind, at, text) in enumerate(_to_reporter(story, case, main))
    ]  # fmt: skip
    return rows + [_duty_row(desk, story, part, case) for part in story.parts if story.whole]


def _case_clock(desk: Desk, story: Told) -> Clock:
    urgency, start = story.plan.matter.urgency, story.draft.registered_at
    limit = desk.dues.rulebook.case_limit(urgency)
    due = desk.dues.of(start, limit)
    return Clock(ClockKind.HANDLING, limit, f"case_limits.{urgency}", start, due, handling_ended(story))


def _other_clocks(desk: Desk, story: Told) -> Iterator[Clock]:
    rulebook, urgency, start = desk.dues.rulebook, story.plan.matter.urgency, story.draft.registered_at
    contact, check, call = (
        rulebook.contact_limits.of(urgency),
        rulebook.verification_limits.of(urgency),
        rulebook.follow_up_limit,
    )
    contacted = story.case_times.get(CaseState.ACCEPTED, handling_ended(story))
    yield Clock(ClockKind.CONTACT, contact, f"contact_limits.{urgency}", start, desk.dues.of(start, contact), contacted)
    handled, closed = story.handled_at, story.case_times.get(CaseState.CLOSED)
    if handled is not None and story.plan.parts:
        yield Clock(ClockKind.VERIFICATION, check, "verification", handled, desk.dues.of(handled, check), closed)
    if closed is not None:
        yield Clock(ClockKind.FOLLOW_UP, call, "follow_up", closed, desk.dues.of(closed, call), _called_at(story))


def _called_at(story: Told) -> int | None:
    return story.follow_up_at or story.case_times.get(CaseState.ARCHIVED)


def _part_clocks(desk: Desk, story: Told, part: Part, case_due: int) -> Iterator[Clock]:
    """The clocks of an assignment (C.5 rule 5)."""
    kind = story.plan.matter.whistle if part.whistle else WhistleKind.ROUTINE
    limits, rule = desk.dues.rulebook.whistles.of(kind), f"whistles.{kind}" if part.whistle else "dispatch"
    reported = story.part_time(part, AssignmentState.REPORTED)
    if story.part_states[part.number] in (AssignmentState.RETURNED, AssignmentState.HANDLING):
        reported = None
    first = next((step.at for step in story.part_steps.get(part.number, ()) if step.type.startswith("report")), None)
    plan = [(ClockKind.RESULT, limits.result_for(story.plan.matter.urgency), reported)]
    if story.whole:
        plan.append((ClockKind.ACKNOWLEDGE, limits.acknowledge, story.part_time(part, AssignmentState.ACKNOWLEDGED)))
        if part.whistle is not None:
            plan.append((ClockKind.ARRIVE, limits.arrive, story.part_time(part, AssignmentState.ARRIVED)))
            plan.append((ClockKind.FIRST_REPORT, limits.first_report, first))
    for clock, limit, stopped in plan:
        if limit is not None:
            due, name = desk.dues.of(part.notified_at, limit), f"{rule}.{clock.value.lower()}"
            if part.whistle is None and part.notified_at < case_due < due:  # a dispatch is never due after its case
                yield Clock(clock, None, name, part.notified_at, case_due, stopped, part)
            else:
                yield Clock(clock, limit, name, part.notified_at, due, stopped, part)


def _assignment_row(desk: Desk, story: Told, part: Part, clocks: dict[ClockKind, Clock]) -> Row:
    steps = story.part_steps.get(part.number, [])
    acknowledged = story.part_time(part, AssignmentState.ACKNOWLEDGED)
    arrived = story.part_time(part, AssignmentState.ARRIVED)
    reported = story.part_time(part, AssignmentState.REPORTED)
    verified = story.part_time(part, AssignmentState.VERIFIED)
    dues = {kind: moment(clock.due_at) for kind, clock in clocks.items()}
    late = {kind for kind, clock in clocks.items() if clock.passed(desk.now)}
    begun = next((step.at for step in steps if step.part_state is AssignmentState.HANDLING), None)
    handler = part.handler.id
    return {
        **_subject(story), "id": part.id, "whistle_id": part.whistle, "street_code": story.draft.street.code,
        "organization_code": part.organization.code, "role": part.role, "round": 0, "state": story.part_states[part.number],
        "duty_basis": _DUTY, "arrival_required": part.whistle is not None and part.role is not AssignmentRole.INFORM,
        "notified_at": moment(part.notified_at), "acknowledge_due_at": dues.get(ClockKind.ACKNOWLEDGE),
        "acknowledged_at": instant(acknowledged), "acknowledged_by": acknowledged and handler,
        "persons": [part.handler.name] if acknowledged else [], "arrive_due_at": dues.get(ClockKind.ARRIVE),
        "arrived_at": instant(arrived), "arrived_by": arrived and handler, "arrival_proof": "POINT" if arrived else None,
        "started_at": instant(begun), "first_report_due_at": dues.get(ClockKind.FIRST_REPORT),
        "result_due_at": dues.get(ClockKind.RESULT), "reported_at": instant(reported), "reported_by": reported and handler,
        "verified_at": instant(verified), "verified_by": verified and story.plan.dispatcher.id,
        "returned_count": sum(step.part_state is AssignmentState.RETURNED for step in steps),
        "late_acknowledge": ClockKind.ACKNOWLEDGE in late, "late_arrive": ClockKind.ARRIVE in late,
        "late_report": ClockKind.RESULT in late, "version": 1 + len(steps),
        "updated_at": moment(max((step.at for step in steps), default=part.notified_at)),
    }  # fmt: skip


def _part_steps(story: Told, *types: str) -> Iterator[tuple[Step, int]]:
    for part in story.owing:
        found = [
            (step, place) for place, step in enumerate(story.part_steps.get(part.number, ())) if step.type in types
        ]
        yield from found if story.whole else found[-1:]


def _place(part: Part, place: int) -> int:
    return part.number * _STEPS_OF_PART + place


def _evaluation_row(story: Told, kind: EvaluatorKind, part: Part | None, at: int) -> Row:
    judge = story.draft.street.deputy if part else story.draft.county.officer
    number = part.number + 1 if part else 0
    return {
        **_subject(story), "id": identifier(EVALUATION, story.draft.index * MOST_PARTS * 2 + number % MOST_PARTS + (4 if part else 0), at),
        "whistle_id": story.draft.whistle_id, "assignment_id": part and part.id,
        "organization_code": part and part.organization.code, "evaluator_kind": kind, "evaluator_id": judge.id,
        "score": score_of(part) if part else None, "proper": None if part else True, "evaluated_at": moment(at),
    }  # fmt: skip


def _to_reporter(story: Told, case: Row, main: Row | None) -> Iterator[tuple[MessageKind, int, str]]:
    subject, times = f"您反映的“{case['title']}”（编号{story.draft.number}）", story.case_times
    if story.whole:
        yield (
            MessageKind.RECEIPT,
            story.draft.registered_at,
            f"您反映的“{case['title']}”已登记，编号{story.draft.number}。",
        )
        if CaseState.ACCEPTED in times:
            yield MessageKind.ACCEPTED, times[CaseState.ACCEPTED], f"{subject}已受理，正在办理。"
    if CaseState.NOT_ACCEPTED in times:
        yield MessageKind.NOT_ACCEPTED, times[CaseState.NOT_ACCEPTED], f"{subject}不予受理：{case['explanation']}"
    if CaseState.MERGED in times:
        yield MessageKind.MERGED, times[CaseState.MERGED], f"{subject}已并入同一事项的案件一并办理。"
    if CaseState.CLOSED in times:
        yield MessageKind.RESULT, times[CaseState.CLOSED], f"{subject}已办结：{story.plan.matter.result}"
    if main is not None and main["result_text"] is not None:
        at = max(times[CaseState.MERGED], int(main["closed_at"].timestamp()))
        yield MessageKind.RESULT, at, f"{subject}已办结：{main['result_text']}"


def _duty_row(desk: Desk, story: Told, part: Part, case: Row) -> Row:
    id_ = identifier(MESSAGE, story.draft.index * 16 + 8 + part.number % MOST_PARTS, part.notified_at)
    what = story.plan.matter.whistle.label if part.whistle else "派单"
    text = f"【{what}】案件{story.draft.number}：{case['title']}；贵单位为{part.role.label}单位。"
    phone = part.organization.duty_phone
    return {
        **_sent(story, MessageKind.WHISTLE, part.notified_at, text), "id": id_, "whistle_id": part.whistle,
        "organization_code": part.organization.code, "recipient_masked": mask_phone(phone),
        "recipient_sealed": desk.cipher.seal(phone, b"message.recipient:" + id_.bytes),
    }  # fmt: skip


def _sent(story: Told, kind: MessageKind, at: int, text: str) -> dict[str, Any]:
    told_at = moment(at)
    return {
        **_subject(story), "kind": kind, "text": text, "state": MessageState.SENT, "attempts": 1, "next_at": told_at,
        "created_at": told_at, "sent_at": told_at,
    }  # fmt: skip


def _subject(story: Told) -> dict[str, Any]:
    return {"county_code": story.draft.county.code, "case_id": story.draft.id}


def _clock_id(story: Told, place: int) -> Any:
    return identifier(DEADLINE, story.draft.index * 32 + place, story.draft.registered_at)


def _stages(clock: Clock) -> Iterator[tuple[EscalationStage, int]]:
    if clock.kind in (ClockKind.HANDLING, ClockKind.RESULT):
        yield EscalationStage.REMIND, (clock.started_at + clock.due_at) // 2
        yield EscalationStage.URGE, clock.due_at - (clock.due_at - clock.started_at) // 5
    yield EscalationStage.OVERDUE, clock.due_at
    if clock.kind is ClockKind.ARRIVE:
        yield EscalationStage.NO_SHOW, 2 * clock.due_at - clock.started_at


def _past(desk: Desk, clock: Clock) -> str:
    """What the clock has fired, as its history keeps it."""
    if not clock.passed(desk.now):
        return "[]"
    return orjson.dumps([{"stage": EscalationStage.OVERDUE, "at": moment(clock.due_at)}]).decode()
