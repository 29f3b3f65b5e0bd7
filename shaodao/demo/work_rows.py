"""Rows of what organizations did in the demonstration street's cases, and of what was said of it afterwards."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from shaodao.demo.calling import duty_basis
from shaodao.demo.case_rows import closer
from shaodao.demo.cast import caller_of, dispatcher, judge_of, leader
from shaodao.demo.copying import Row
from shaodao.demo.dues import Clock, handling_clocks
from shaodao.demo.identifiers import account_id, assignment_id, case_id, stable_id, whistle_id
from shaodao.demo.parts import Part, Scene, settled_at_once
from shaodao.demo.source import Case
from shaodao.demo.story import History
from shaodao.demo.telling import (
    REOPEN_REASON,
    close_kind,
    extension_decided_at,
    followed_up_at,
    merged_at,
    part_rated_at,
    rated_at,
    reviewed_at,
)
from shaodao.demo.working import FIRST_RESULT, progress_reports, result_text
from shaodao.domain.case_vocabulary import Approver, Decision
from shaodao.domain.deadlines import due
from shaodao.domain.objections import FIRST_ROUND, arbiter_of
from shaodao.domain.permissions import county_of
from shaodao.domain.vocabulary import (
    CaseState,
    ClockKind,
    ClockState,
    EvaluatorKind,
    LeaderRank,
    ObjectionReason,
    ReportKind,
    ReportResult,
    Role,
    VerificationMethod,
    WhistleState,
)

_DECISIONS = {"APPROVED": Decision.GRANTED, "ACCEPTED": Decision.GRANTED}
"""The file's words for a decision."""

Clocks = Mapping[ClockKind, Clock]


def assignment_row(scene: Scene, part: Part, clocks: Clocks, history: History) -> Row:
    """The row of ``assignment``; lateness is reckoned from its clocks."""
    handler, checked = account_id(part.handler), account_id(dispatcher(scene))
    return {
        **_subject(part.case), "id": part.id, "whistle_id": part.whistle and whistle_id(part.whistle.id),
        "street_code": scene.street.code, "organization_code": part.organization, "role": part.role, "round": 0,
        "state": part.state, "duty_basis": duty_basis(scene, part.case), "arrival_required": part.whistle is not None,
        "notified_at": part.notified_at, "acknowledged_at": part.acknowledged_at,
        "acknowledged_by": handler if part.acknowledged_at else None,
        "persons": [part.handler] if part.acknowledged_at else [], "arrived_at": part.arrived_at,
        "arrived_by": handler if part.arrived_at else None, "arrival_proof": "POINT" if part.arrived_at else None,
        "started_at": part.started_at, "reported_at": part.reported_at, "reported_by": handler if part.reported_at else None,
        "verified_at": part.verified_at,
        "verified_by": checked if part.verified_at and not settled_at_once(part.case) else None,
        "returned_count": int(part.returned is not None), "objection_rounds": int(part.case.dispute is not None),
        **_due_columns(clocks), **_lateness_columns(scene, part, clocks),
        "version": 1 + history.steps_of(part), "updated_at": _updated_at(part),
    }  # fmt: skip


def report_rows(part: Part) -> list[Row]:
    """Rows of ``report``: on the way, returned, and in the end."""
    told = [
        *((at, ReportKind.PROGRESS, text) for at, text in progress_reports(part)),
        (part.first_reported_at, ReportKind.RESULT, FIRST_RESULT),
        (part.reported_at, ReportKind.RESULT, result_text(part)),
    ]
    return [
        {
            **_subject(part.case), "id": stable_id("report", f"{part.id}:{index}"), "assignment_id": part.id,
            "organization_code": part.organization, "kind": kind, "accepted_at": part.acknowledged_at,
            "talked_with": "诉求人", "measures": measures,
            "result": ReportResult.SOLVED if kind is ReportKind.RESULT else None,
            "reported_by": account_id(part.handler), "reported_at": at,
        }
        for index, (at, kind, measures) in enumerate(told) if at is not None
    ]  # fmt: skip


def verification_rows(scene: Scene, part: Part) -> list[Row]:
    """Rows of ``verification``: the return, if there was one, and what passed."""
    if settled_at_once(part.case):
        return []
    returned = part.returned
    checks = [
        (returned and returned.at, False, returned.reason if returned else ""),
        (part.verified_at, True, "现场核查,问题已处置到位。"),
    ]
    return [
        {
            **_subject(part.case), "id": stable_id("verification", f"{part.id}:{passed}"), "assignment_id": part.id,
            "organization_code": part.organization, "verifier_id": account_id(dispatcher(scene)),
            "method": VerificationMethod.ON_SITE, "passed": passed, "text": text, "verified_at": at,
        }
        for at, passed, text in checks if at is not None
    ]  # fmt: skip


def follow_up_rows(scene: Scene, case: Case) -> list[Row]:
    """The row of ``follow_up``, if there was a call."""
    heard = case.follow_up
    if heard is None:
        return []
    return [{
        **_subject(case), "id": stable_id("follow-up", str(case.seq)), "round": 0,
        "caller_id": account_id(caller_of(scene)), "channel": "电话", "called_at": followed_up_at(scene, case),
        "contacted": heard.contacted, "responded": heard.contacted or None, "solved": heard.solved,
        "satisfaction": heard.satisfaction, **_review_columns(scene, case),
    }]  # fmt: skip


def evaluation_rows(scene: Scene, case: Case, parts: tuple[Part, ...]) -> list[Row]:
    """Rows of ``evaluation``: the street rates each department, the county judges the whistle 双评价."""
    whistle = scene.whistle(case)
    if whistle is None:
        return []
    common = {**_subject(case), "whistle_id": whistle_id(whistle.id)}
    rows: list[Row] = [
        {
            **common, "id": stable_id("evaluation", str(part.id)), "assignment_id": part.id,
            "organization_code": part.organization, "evaluator_kind": EvaluatorKind.STREET,
            "evaluator_id": account_id(leader(scene)), "score": part.score, "proper": None,
            "comment": part.remark, "evaluated_at": part_rated_at(scene, part),
        }
        for part in parts if part.score is not None
    ]  # fmt: skip
    if whistle.state is WhistleState.EVALUATED:
        rows.append({
            **common, "id": stable_id("evaluation", whistle.id), "assignment_id": None, "organization_code": None,
            "evaluator_kind": EvaluatorKind.COUNTY_GRID_OFFICE, "evaluator_id": account_id(judge_of(scene)), "score": None,
            "proper": True, "comment": None, "evaluated_at": rated_at(scene, case),
        })  # fmt: skip
    return rows


def extension_rows(scene: Scene, case: Case) -> list[Row]:
    """The row of ``extension_request``, if there was one; told to the reporter when there is a phone."""
    asked, decided = case.extension, extension_decided_at(case)
    if asked is None:
        return []
    lead, clock = case.assignments[0].dept, handling_clocks(scene, case)[0]
    return [{
        **_subject(case), "id": stable_id("extension", str(case.seq)), "deadline_id": clock.id,
        "assignment_id": assignment_id(case.seq, lead), "organization_code": lead,
        "unit": asked.unit, "amount": asked.amount, "reason": asked.reason, "approver": _approver(scene, asked.approved_by),
        "requested_by": account_id(scene.handler(case, lead)), "requested_at": asked.requested_at,
        "decision": _DECISIONS[asked.state], "decided_by": account_id(asked.approved_by), "decided_at": decided,
        "told_reporter_at": decided, "due_before": clock.changes[-1]["due_at"], "due_after": clock.due.at,
    }]  # fmt: skip


def merge_rows(scene: Scene, case: Case) -> list[Row]:
    """The row of ``merge_link``, if the case was merged into another 并单."""
    if case.merged_into is None:
        return []
    return [{
        **_subject(case), "id": stable_id("merge", str(case.seq)), "main_case_id": case_id(case.merged_into),
        "reason": "同一事项重复反映", "state_before": CaseState.ACCEPTED, "merged_by": account_id(dispatcher(scene)),
        "merged_at": merged_at(scene, case),
    }]  # fmt: skip


def round_rows(scene: Scene, case: Case) -> list[Row]:
    """The row of ``case_round``, if the case was reopened: its first outcome is kept 重办."""
    if case.reopened_at is None:
        return []
    return [{
        **_subject(case), "round": 0, "due_at": handling_clocks(scene, case)[0].due.at, "handled_at": case.handled_at,
        "closed_at": case.closed_at, "closed_by": account_id(closer(scene, case)), "close_kind": close_kind(case),
        "result_text": case.result, "reopened_by": account_id(dispatcher(scene)), "reopened_at": case.reopened_at,
        "reopen_reason": REOPEN_REASON,
    }]  # fmt: skip


def objection_rows(scene: Scene, part: Part) -> list[Row]:
    """The row of ``dispatch_objection``, if the organization objected."""
    dispute = part.case.dispute
    if part.objected_at is None or dispute is None:
        return []
    taker = next(party.dept for party in part.case.assignments if party.dept != part.organization)
    rulebook, calendar = scene.ground.rulebook, scene.ground.calendar
    until = due(part.objected_at, rulebook.objection_decisions.of(part.case.urgency), calendar, rulebook.work_time).at
    return [{
        **_subject(part.case), "id": stable_id("objection", str(part.id)), "assignment_id": part.id,
        "organization_code": part.organization, "reason_kind": ObjectionReason.NOT_OUR_DUTY, "text": dispute.reason,
        "round": FIRST_ROUND, "arbiter": arbiter_of(FIRST_ROUND), "raised_by": account_id(part.handler),
        "raised_at": part.objected_at, "decision_due_at": until, "decision": _DECISIONS[dispute.decision],
        "decision_text": part.case.result,
        "decided_by": account_id(dispatcher(scene)), "decided_at": dispute.decided_at, "reassigned_to": taker,
    }]  # fmt: skip


def _review_columns(scene: Scene, case: Case) -> dict[str, Any]:
    """What a leader decided of an unsatisfied follow-up."""
    review = case.review
    return {
        "review_decision": review and review.decision, "review_reason": review and review.reason,
        "reviewed_by": review and account_id(review.by), "reviewed_at": reviewed_at(scene, case) if review else None,
    }  # fmt: skip


def _approver(scene: Scene, name: str) -> Approver:
    """On which level somebody decided."""
    staff = scene.street.member_of_staff(name)
    if staff.role == Role.COUNTY_GRID_OFFICE:
        return Approver.COUNTY_GRID_OFFICE
    return Approver.STREET_CHIEF if staff.rank is LeaderRank.CHIEF else Approver.STREET_DEPUTY


def _subject(case: Case) -> dict[str, Any]:
    return {"county_code": county_of(case.grid), "case_id": case_id(case.seq)}


def _due_columns(clocks: Clocks) -> dict[str, Any]:
    columns = {
        "acknowledge_due_at": ClockKind.ACKNOWLEDGE, "arrive_due_at": ClockKind.ARRIVE,
        "first_report_due_at": ClockKind.FIRST_REPORT, "result_due_at": ClockKind.RESULT,
    }  # fmt: skip
    # A clock that is paused with the case promises no due.
    going = {kind: clock for kind, clock in clocks.items() if clock.state is not ClockState.PAUSED}
    return {column: going[kind].due.at if kind in going else None for column, kind in columns.items()}


def _lateness_columns(scene: Scene, part: Part, clocks: Clocks) -> dict[str, bool]:
    """The flags that the clock would have set: also by a due that passed and still waits."""
    passed = {kind for kind, clock in clocks.items() if clock.passed(scene.now)}
    return {
        "late_acknowledge": ClockKind.ACKNOWLEDGE in passed, "late_arrive": ClockKind.ARRIVE in passed,
        "late_report": ClockKind.RESULT in passed, "no_show": _no_show(scene, part, clocks.get(ClockKind.ARRIVE)),
    }  # fmt: skip


def _no_show(scene: Scene, part: Part, clock: Clock | None) -> bool:
    if clock is None:
        return False
    factor = scene.ground.rulebook.whistle_ladder.no_show_factor
    return (part.arrived_at or scene.now) >= clock.started_at + (clock.due.at - clock.started_at) * factor


def _updated_at(part: Part) -> datetime:
    times = (
        part.notified_at, part.acknowledged_at, part.started_at, part.progress_at, part.latest_at, part.reported_at, part.verified_at,
        part.reassigned_at,
    )  # fmt: skip
    return max(moment for moment in times if moment)
