"""Dispatch objections 派单异议 (reference C.4 raiseObjection, C.5 rule 6): until when, who decides, what follows. Pure."""

from datetime import datetime

from shaodao.domain.calendar import Calendar
from shaodao.domain.case_vocabulary import Approver
from shaodao.domain.deadlines import Due, due
from shaodao.domain.explanation import due_moment
from shaodao.domain.facts import AssignmentFacts
from shaodao.domain.machine import Refusal
from shaodao.domain.rulebook import Rulebook
from shaodao.domain.vocabulary import AssignmentState, WhistleKind

FIRST_ROUND = 1


def window_begins(facts: AssignmentFacts, refused_at: datetime | None) -> datetime:
    """From when the objection window is counted: the notice, in an emergency the arrival 先到场、后争议.

    ``refused_at``: when an objection of the organization was refused last; it has the whole window to go to the county.
    """
    emergency = facts.whistle_kind is WhistleKind.EMERGENCY
    begins = facts.arrived_at if emergency and facts.arrived_at is not None else facts.notified_at
    return begins if refused_at is None else max(begins, refused_at)


def objection_window(
    facts: AssignmentFacts, rulebook: Rulebook, calendar: Calendar, refused_at: datetime | None = None
) -> Due:
    """Until when (exclusive) the organization may object to the assignment, by the urgency of its case (C.5 rule 6)."""
    limit = rulebook.objection_windows.of(facts.case.urgency)
    return due(window_begins(facts, refused_at), limit, calendar, rulebook.work_time)


def window_passed(until: datetime) -> Refusal:
    """Why an objection comes too late, naming until when it could be raised."""
    return Refusal(f"异议期限已过（{due_moment(until)}截止）", f"the objection window ended at {until.isoformat()}")


def arbiter_of(round_: int) -> Approver:
    """Who decides an objection of this round, counted from 1: the street, from the second on the county (C.4)."""
    return Approver.STREET if round_ == FIRST_ROUND else Approver.COUNTY_GRID_OFFICE


def state_after_refusal(facts: AssignmentFacts) -> AssignmentState:
    """Where an assignment stands whose objection was refused: signed for, or on the scene if it had come (C.4)."""
    return AssignmentState.ACKNOWLEDGED if facts.arrived_at is None else AssignmentState.ARRIVED
