"""The history of a case, told step by step: every step moves the states, and the computed steps follow by the platform's own rules.

So a loaded history is one that the transition tables could have written, and ends in the state that the data file names.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
import orjson

from shaodao.demo.copying import Row
from shaodao.demo.identifiers import account_id, case_id, whistle_id
from shaodao.demo.parts import Part
from shaodao.demo.source import Case
from shaodao.domain.case_machine import computed_case_state
from shaodao.domain.facts import AssignmentBrief
from shaodao.domain.permissions import county_of
from shaodao.domain.vocabulary import AssignmentState, CaseState, Role, WhistleState
from shaodao.domain.whistle_machine import computed_whistle_state

_INACTIVE = frozenset({AssignmentState.REASSIGNED, AssignmentState.EXCUSED, AssignmentState.WITHDRAWN})


@dataclass(frozen=True)
class Step:
    """One step of a history. ``actor`` is a staff's name, None for the system or a resident; states are those it leads to.

    ``text`` says who did what, ``detail`` why and how, as commands write them.
    """

    at: datetime
    type: str
    text: str
    detail: str | None = None
    actor: str | None = None
    role: Role = Role.SYSTEM
    public: bool = False
    organization: str | None = None
    part: Part | None = None
    notified: tuple[Part, ...] = ()
    case_state: CaseState | None = None
    whistle_state: WhistleState | None = None
    assignment_state: AssignmentState | None = None
    payload: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Event:
    """A step as it happened, with the states before and after of what it moved."""

    step: Step
    from_state: str | None
    to_state: str | None
    about_whistle: bool


@dataclass
class History:
    """A case's history in order, and where it left the case, its whistle and its assignments."""

    case: Case
    number: str
    events: list[Event] = field(default_factory=list)
    case_state: CaseState | None = None
    whistle_state: WhistleState | None = None
    briefs: dict[str, AssignmentBrief] = field(default_factory=dict)
    whistle_times: dict[WhistleState, datetime] = field(default_factory=dict)

    @property
    def last_at(self) -> datetime:
        """When the newest step happened."""
        return self.events[-1].step.at

    def steps_of(self, part: Part) -> int:
        """How many steps an assignment has seen."""
        return sum(event.step.part is not None and event.step.part.id == part.id for event in self.events)


def told(case: Case, number: str, steps: Iterable[Step]) -> History:
    """The history that the steps make, in the order of their times; steps of one moment keep the order given."""
    history = History(case, number)
    for step in sorted(steps, key=lambda step: step.at):
        _take(history, step)
        if step.assignment_state is not None and history.case_state is not None:
            _compute(history, step)
    return history


def event_rows(history: History, street_code: str, ids: Sequence[UUID], xid: int) -> list[Row]:
    """Rows of ``case_event``; ``ids`` ascend as the feed reads events of one transaction by them."""
    return [
        _event_row(history.case, event, street_code, {"seq": seq, "id": id_, "xid": xid})
        for seq, (event, id_) in enumerate(zip(history.events, ids, strict=True), 1)
    ]


def _take(history: History, step: Step) -> None:
    before: str | None = None
    after: str | None = None
    about_whistle = step.whistle_state is not None
    if step.case_state is not None:
        before, after = history.case_state, step.case_state
        history.case_state = step.case_state
    if step.whistle_state is not None:
        before, after = history.whistle_state, step.whistle_state
        _move_whistle(history, step.whistle_state, step.at)
    if step.assignment_state is not None and step.part is not None:
        after = step.assignment_state
        before = _move_assignment(history, step.part, after, step.at)
    for part in step.notified:
        _notify(history, part)
    history.events.append(Event(step, before, after, about_whistle))


def _move_whistle(history: History, state: WhistleState, at: datetime) -> None:
    history.whistle_state = state
    history.whistle_times[state] = at


def _notify(history: History, part: Part) -> None:
    called_by = None if part.whistle is None else whistle_id(part.whistle.id)
    history.briefs[part.organization] = AssignmentBrief(
        part.id, part.organization, part.role, AssignmentState.NOTIFIED, called_by, arrival_required=part.whistle is not None
    )  # fmt: skip


def _move_assignment(history: History, part: Part, state: AssignmentState, at: datetime) -> AssignmentState:
    """Move an assignment and answer the state that it left."""
    present = history.briefs[part.organization]
    history.briefs[part.organization] = msgspec.structs.replace(
        present, state=state,
        arrived_at=at if state is AssignmentState.ARRIVED else present.arrived_at,
        started_at=at if state is AssignmentState.HANDLING else present.started_at,
        reported_at=at if state is AssignmentState.REPORTED else present.reported_at,
    )  # fmt: skip
    return present.state


def _compute(history: History, step: Step) -> None:
    active = tuple(brief for brief in history.briefs.values() if brief.state not in _INACTIVE)
    called = tuple(brief for brief in active if brief.whistle_id is not None)
    if history.whistle_state is not None and called:
        whistle = computed_whistle_state(history.whistle_state, called, remote_allowed=False)
        if whistle is not history.whistle_state:
            text = f"哨 {history.number}-W1 进入“{whistle.label}”"
            _take(history, Step(step.at, "whistleProgressed", text, public=True, whistle_state=whistle))
    assert history.case_state is not None
    case = computed_case_state(history.case_state, active)
    if case is not history.case_state:
        _take(history, Step(step.at, "caseProgressed", f"案件进入“{case.label}”", public=True, case_state=case))


def _event_row(case: Case, event: Event, street_code: str, place: Mapping[str, Any]) -> Row:
    step = event.step
    about_case = step.case_state is not None
    by_whistle = event.about_whistle or (step.part is not None and step.part.whistle is not None)
    return {
        "county_code": county_of(street_code), "case_id": case_id(case.seq),
        **place, "at": step.at, "type": step.type, "actor_id": step.actor and account_id(step.actor),
        "actor_name": step.actor or ("诉求人" if step.role is Role.RESIDENT else "系统"), "actor_role": step.role,
        "organization_code": step.organization,
        "whistle_id": whistle_id(case.whistle) if by_whistle and case.whistle else None,
        "assignment_id": step.part.id if step.part and not event.about_whistle and not about_case else None,
        "from_state": event.from_state, "to_state": event.to_state, "text": step.text, "detail": step.detail, "public": step.public,
        "payload": orjson.dumps(dict(step.payload)).decode(), "street_code": street_code, "grid_code": case.grid,
    }  # fmt: skip
