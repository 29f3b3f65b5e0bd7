"""The demonstration street's suspension 挂账: its reviews that came due, and what the clock has still to fire of it."""

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from typing import Any

from shaodao.demo.copying import Row
from shaodao.demo.identifiers import account_id, case_id, stable_id
from shaodao.demo.parts import Scene
from shaodao.demo.source import Case, Suspension
from shaodao.demo.story import Step
from shaodao.domain.calendar import SHANGHAI
from shaodao.domain.permissions import county_of
from shaodao.domain.vocabulary import EscalationStage


def suspension_rows(scene: Scene, case: Case) -> list[Row]:
    """The row of ``suspension``, if the case is suspended; told to the reporter at once."""
    pause = case.suspension
    if pause is None:
        return []
    return [{
        **_subject(case), "id": stable_id("suspension", str(case.seq)), "kind": pause.kind, "reason": pause.reason,
        "interim_measure": case.interim_measure, "approved_by": account_id(pause.approved_by), "suspended_at": pause.from_,
        "review_cycle_days": pause.review_every_days, "planned_resume": pause.planned_resume,
        "review_due_at": next(_reviews(scene, pause)), "told_reporter_at": pause.from_,
    }]  # fmt: skip


def review_steps(scene: Scene, case: Case) -> Iterator[Step]:
    """The steps by which the clock called for a review."""
    pause = case.suspension
    if pause is None:
        return
    suspension_id = stable_id("suspension", str(case.seq))
    for due_at in _reviews(scene, pause):
        if due_at > scene.now:
            return
        payload = {"suspension_id": str(suspension_id), "review_due_at": due_at}
        yield Step(due_at, "suspensionReviewDue", f"挂账满{pause.review_every_days}天，须复核", payload=payload)


def suspension_stage_rows(scene: Scene, case: Case) -> list[Row]:
    """Rows of ``deadline_stage``: the next review, and the planned resumption."""
    pause = case.suspension
    if pause is None:
        return []
    following = next(due_at for due_at in _reviews(scene, pause) if due_at > scene.now)
    resumed = datetime.combine(pause.planned_resume, time.min, SHANGHAI)
    common = {**_subject(case), "deadline_id": stable_id("suspension", str(case.seq)), "assignment_id": None}
    return [
        {**common, "stage": EscalationStage.REVIEW, "due_at": following},
        {**common, "stage": EscalationStage.RESUME, "due_at": resumed},
    ]


def _reviews(scene: Scene, pause: Suspension) -> Iterator[datetime]:
    """When it is to be reviewed, without end: each cycle after the review before, when a working day begins."""
    day = pause.from_.astimezone(SHANGHAI).date()
    while True:
        day = _working_day(scene, day + timedelta(days=pause.review_every_days))
        yield datetime.combine(day, scene.ground.rulebook.work_time.periods[0].begins, SHANGHAI)


def _working_day(scene: Scene, day: date) -> date:
    calendar = scene.ground.calendar
    return day if calendar.is_working_day(day) else calendar.next_working_day(day)


def _subject(case: Case) -> dict[str, Any]:
    return {"county_code": county_of(case.grid), "case_id": case_id(case.seq)}
