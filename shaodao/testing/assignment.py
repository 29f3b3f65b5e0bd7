"""An assignment 报到 in the test kit: what the department has done with it, and the street's side to play."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NoReturn, Protocol, TypeVar
from uuid import UUID, uuid4

from msgspec.structs import replace

from shaodao.domain.assignment_machine import ASSIGNMENT_MACHINE, OPEN
from shaodao.domain.case_machine import CASE_MACHINE, computed_case_state
from shaodao.domain.case_vocabulary import Approver
from shaodao.domain.deadlines import Limit, overdue
from shaodao.domain.facts import INACTIVE, AssignmentBrief, AssignmentFacts, CaseFacts, ExtensionBrief, WhistleFacts
from shaodao.domain.objections import arbiter_of, state_after_refusal
from shaodao.domain.permissions import Grant, Viewer, county_of
from shaodao.domain.vocabulary import CaseState, CaseVisibility, ClockKind, ClockState, Role, SolvingLevel, WhistleState
from shaodao.domain.whistle_machine import WHISTLE_MACHINE, computed_whistle_state
from shaodao.hook_outcomes import Outcome
from shaodao.plugin import (
    AssignmentState,
    AssignmentView,
    AttachmentKind,
    AttachmentMetadata,
    CaseClosed,
    CloseKind,
    DeliveryKey,
    Event,
    ExtensionDecided,
    Json,
    ObjectionDecided,
    ObjectionReason,
    Overdue,
    QuestionAnswered,
    Released,
    Report,
    ReportReturned,
    StateConflict,
    Urged,
    Withdrawn,
)

EventT = TypeVar("EventT", bound=Event)

_AT_WORK = (CaseState.ASSIGNED, CaseState.HANDLING)
DISPATCHER = "吕示衡"
LEADER = "孔示明"
COUNTY_OFFICER = "曹示度"


@dataclass(frozen=True)
class Done:
    """One action of the department: its name as on the Desk, its arguments, and when."""

    action: str
    arguments: Mapping[str, Any]
    at: datetime


@dataclass(frozen=True)
class ProgressReport:
    """A progress report 阶段反馈 as it was filed."""

    measures: str
    talked_with: str | None
    accepted_at: datetime | None
    solve_by: datetime | None


@dataclass
class Question:
    """A question of the department 补充信息 and the street's answer, if there is one yet."""

    text: str
    answer: str | None = None


@dataclass
class ExtensionAsked:
    """A request for extension 延期 and the street's decision, if there is one yet."""

    limit: Limit
    reason: str
    granted: bool | None = None


@dataclass
class Objection:
    """An objection of the department 派单异议, in which round, and the ruling; ``granted`` None: it waits."""

    reason_kind: ObjectionReason
    text: str
    round: int
    raised_at: datetime
    granted: bool | None = None
    decided_at: datetime | None = None


class Deliverer(Protocol):
    """What an assignment needs of its street: the time and the numbers, to have an event delivered, to be given more time."""

    @property
    def now(self) -> datetime: ...

    @property
    def objection_rounds(self) -> int: ...

    def await_arrival_anew(self, assignment: "Assignment") -> None: ...

    def extend(self, assignment: "Assignment", by: Limit) -> datetime: ...

    def deliver(self, assignment: "Assignment", event: Event) -> Outcome: ...


@dataclass
class Assignment:
    """One assignment of one organization: its state and everything that its department did.

    ``actions`` holds what was done, in order; ``reports`` the result reports, with their fields as plain JSON values in
    ``report_fields``; ``files`` the bytes of the attachments that came with theirs, by the attachment's id. The methods play the street and refuse what the platform refuses (StateConflict, NotPermitted).
    """

    street: Deliverer
    department: str
    view: AssignmentView
    whistle_state: WhistleState | None
    id: UUID = field(default_factory=uuid4)
    case_state: CaseState = CaseState.ASSIGNED
    actions: list[Done] = field(default_factory=list)
    progress: list[ProgressReport] = field(default_factory=list)
    reports: list[Report] = field(default_factory=list)
    report_fields: list[dict[str, Any]] = field(default_factory=list)
    questions: list[Question] = field(default_factory=list)
    objections: list[Objection] = field(default_factory=list)
    extensions: list[ExtensionAsked] = field(default_factory=list)
    attachments: list[AttachmentMetadata] = field(default_factory=list)
    files: dict[UUID, bytes] = field(default_factory=dict)
    memory: dict[str, Json] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)
    outcomes: list[Outcome] = field(default_factory=list)
    arrival_proof: str | None = None
    done_keys: dict[str, Any] = field(default_factory=dict)
    whistle_id: UUID = field(default_factory=uuid4)
    version: int = 1
    directed: bool = False

    @property
    def state(self) -> AssignmentState:
        """Where the assignment stands."""
        return self.view.state

    @property
    def photo_missing(self) -> bool:
        """Whether a photo of the result 处置后照片 is required and not attached yet."""
        return self.view.evidence_required and all(file.kind is not AttachmentKind.AFTER for file in self.attachments)

    @property
    def names_of_actions(self) -> tuple[str, ...]:
        """The names of the department's actions, in order, without ``remember`` and ``wake_after``."""
        return tuple(done.action for done in self.actions if done.action not in ("remember", "wake_after"))

    @property
    def late(self) -> tuple[ClockKind, ...]:
        """The deadlines that were missed, in the order in which they passed."""
        return tuple(event.clock for event in self.events if isinstance(event, Overdue) and not event.no_show)

    @property
    def waiting_objection(self) -> Objection | None:
        """The objection that waits for its ruling."""
        return next((one for one in self.objections if one.granted is None), None)

    @property
    def refused_at(self) -> datetime | None:
        """When an objection was refused last."""
        return max((one.decided_at for one in self.objections if one.decided_at), default=None)

    def owes(self, clock: ClockKind) -> bool:
        """Whether what the clock limits is still to be done; nobody is awaited while an objection waits."""
        held = self.state is AssignmentState.OBJECTED and clock in (ClockKind.ACKNOWLEDGE, ClockKind.ARRIVE)
        if held or self.state not in OPEN:
            return False
        met = {
            ClockKind.ACKNOWLEDGE: self.view.acknowledged_at,
            ClockKind.ARRIVE: self.view.arrived_at,
            ClockKind.FIRST_REPORT: self.progress or self.view.reported_at,
            ClockKind.RESULT: self.view.reported_at,
        }
        return not met.get(clock)

    # The street's side.

    def return_report(self, reason: str) -> Outcome:
        """The dispatcher returns the report 退回重办."""
        self.take("returnReport", dispatcher(self.view))
        self.view = replace(self.view, returned_count=self.view.returned_count + 1, reported_at=None)
        self.settle()
        return self._deliver(ReportReturned, reason=reason, returned_count=self.view.returned_count)

    def answer(self, text: str) -> Outcome:
        """The dispatcher answers the oldest open question 答复."""
        self.take("answer", dispatcher(self.view))
        question = next(question for question in self.questions if question.answer is None)
        question.answer = text
        return self._deliver(QuestionAnswered, question=question.text, answer=text)

    def decide_extension(self, granted: bool, reason: str = "情况属实") -> Outcome:
        """Whoever decides it by level grants or refuses the extension 延期 that was asked for.

        Granted, the result is due later by it, and the event tells when. Raises StateConflict when none waits.
        """
        asked = next((asked for asked in self.extensions if asked.granted is None), None)
        if asked is None:
            self._conflict("没有待审批的延期申请", "no request for extension waits")
        asked.granted = granted
        due_at = self.street.extend(self, asked.limit) if granted else None
        return self._deliver(ExtensionDecided, granted=granted, reason=reason, due_at=due_at)

    def decide_objection(self, granted: bool, text: str) -> Outcome:
        """The street decides the objection 裁定异议, the county the second one.

        Granted, the assignment is another's. Refused, it stands, after the last round for good 指定办理.
        """
        objection = self.waiting_objection
        first = objection is None or arbiter_of(objection.round) is Approver.STREET
        self.take("decideObjection", dispatcher(self.view) if first else county_office(self.view))
        assert objection is not None, "the transition table demands one"
        objection.granted, objection.decided_at = granted, self.street.now
        if granted:
            self.view = replace(self.view, state=AssignmentState.REASSIGNED)
        else:
            self._stand(objection)
        self.settle()
        return self._deliver(ObjectionDecided, accepted=granted, reason=text)

    def urge(self, text: str = "请抓紧办理") -> Outcome:
        """The street urges 催办."""
        return self._deliver(Urged, text=text)

    def verify(self) -> None:
        """The dispatcher verifies the report 核查通过; the department hears of it with the release."""
        self.take("verify", dispatcher(self.view))
        self.settle()

    def release(self) -> Outcome:
        """The dispatcher releases the organization 离场."""
        self.take("release", dispatcher(self.view))
        return self._deliver(Released)

    def close(self, close_kind: CloseKind = CloseKind.SOLVED, result: str | None = None) -> Outcome:
        """The case is closed 办结."""
        self.case_state = CaseState.CLOSED
        return self._deliver(CaseClosed, close_kind=close_kind, result=result)

    def withdraw(self, reason: str) -> Outcome:
        """A leader withdraws the whistle 撤哨, which is possible while none has arrived.

        A dispatch ends with its case.
        """
        if self.whistle_state is not None:
            WHISTLE_MACHINE.decide("withdraw", self._whistle_facts(self.whistle_state), leader(self.view))
            self.whistle_state = WhistleState.WITHDRAWN
        self.view = replace(self.view, state=AssignmentState.WITHDRAWN)
        return self._deliver(Withdrawn, reason=reason)

    def excuse(self, reason: str) -> Outcome:
        """A leader excuses the organization 免予反馈."""
        self.take("excuse", leader(self.view))
        self.settle()
        return self._deliver(Withdrawn, reason=reason)

    def acknowledge_by_phone(self, person: str) -> None:
        """The dispatcher acknowledges for an organization that she phoned 代签; no hook fires."""
        self.take("acknowledge", dispatcher(self.view))
        self.view = replace(self.view, acknowledged_at=self.street.now, persons=(person,))

    # The department's side that the case's own machine decides.

    def decide_request(self) -> None:
        """Whether the organization may ask for more time: the LEAD alone, before its result is due, not when URGENT."""
        CASE_MACHINE.decide("requestExtension", self._case_facts(), handler(self.view))
        due_at = self.view.deadlines.result
        if due_at is not None and overdue(self.street.now, due_at):
            self._conflict("已超过办理期限，不能申请延期", "extending after the due time")

    def _conflict(self, message: str, english: str) -> NoReturn:
        raise StateConflict(message, english, state=str(self.case_state), version=self.version)

    # Events.

    def event(self, kind: type[EventT], **fields: Any) -> EventT:
        """An event of any kind, with key, time and view; ``fields`` are its own."""
        key = DeliveryKey(self.department, self.view.organization_code, self.view.case.number, len(self.events) + 1)
        return kind(key=key, at=self.street.now, view=self.view, **fields)

    def deliver(self, event: Event) -> Outcome:
        """Deliver an event through the platform's call path."""
        return self.street.deliver(self, event)

    def redeliver(self) -> Outcome:
        """Deliver the last event again, as after a crash of the platform: the effect has to stand once."""
        return self.deliver(self.events[-1])

    def _deliver(self, kind: type[EventT], **fields: Any) -> Outcome:
        return self.deliver(self.event(kind, **fields))

    def _stand(self, objection: Objection) -> None:
        """As after a refused objection: it counts as signed for, and arriving is awaited anew."""
        acknowledged = self.view.acknowledged_at or objection.raised_at
        self.view = replace(self.view, state=state_after_refusal(self.facts()), acknowledged_at=acknowledged)
        self.directed = objection.round >= self.street.objection_rounds
        if self.view.arrived_at is None:
            self.street.await_arrival_anew(self)

    # The machine.

    def take(self, action: str, actor: Viewer) -> None:
        """Move by the transition table. Raises NotPermitted, or StateConflict with what is allowed."""
        step = ASSIGNMENT_MACHINE.decide(action, self.facts(), actor)
        if step.target is not None:
            self.view = replace(self.view, state=step.target)
        self.version += 1

    def facts(self) -> AssignmentFacts:
        """The assignment as the transition table sees it."""
        view, whistle, objection = self.view, self.view.whistle, self.waiting_objection
        return AssignmentFacts(
            id=view.assignment_id, case=self._case_facts(), organization_code=view.organization_code, role=view.role,
            state=view.state, version=self.version, round=1, arrival_required=view.arrival_required, notified_at=view.notified_at,
            whistle_id=self.whistle_id if whistle else None, whistle_kind=whistle.kind if whistle else None,
            whistle_state=self.whistle_state, remote_allowed=whistle.remote_allowed if whistle else False,
            acknowledged_at=view.acknowledged_at, arrived_at=view.arrived_at, arrival_proof=self.arrival_proof,
            started_at=view.started_at, reported_at=view.reported_at, result_due_at=view.deadlines.result,
            returned_count=view.returned_count, open_questions=sum(question.answer is None for question in self.questions),
            directed=self.directed, objection_arbiter=None if objection is None else arbiter_of(objection.round),
        )  # fmt: skip

    def settle(self) -> None:
        """Move the whistle and the case to where their assignments have brought them.

        The *computed* rows of C.3 and C.4.
        """
        active = tuple(brief for brief in self._briefs() if brief.state not in INACTIVE)
        whistle = self.view.whistle
        if whistle is not None and self.whistle_state is not None:
            self.whistle_state = computed_whistle_state(self.whistle_state, active, whistle.remote_allowed)
        self.case_state = computed_case_state(self.case_state, active)

    def _briefs(self) -> tuple[AssignmentBrief, ...]:
        view = self.view
        own = AssignmentBrief(
            view.assignment_id, view.organization_code, view.role, view.state, self.whistle_id, view.arrival_required,
            view.arrived_at, view.started_at, view.reported_at,
        )  # fmt: skip
        return (own, *(AssignmentBrief(uuid4(), other.code, other.role, other.state) for other in view.others))

    def _case_facts(self) -> CaseFacts:
        case, waits = self.view.case, any(asked.granted is None for asked in self.extensions)
        return CaseFacts(
            id=self.id, county_code=county_of(case.street_code), number=case.number, state=self.case_state, version=1,
            street_code=case.street_code, urgency=case.urgency, level=SolvingLevel.STREET, visibility=CaseVisibility.NORMAL,
            round=1, registered_at=case.registered_at, community_code=case.community_code, grid_code=case.grid_code,
            category_code=case.category_code, assignments=self._briefs(),
            handling_clock=ClockState.RUNNING if self.case_state in _AT_WORK else ClockState.STOPPED,
            extension=ExtensionBrief(uuid4(), Approver.STREET_DEPUTY) if waits else None,
        )  # fmt: skip

    def _whistle_facts(self, state: WhistleState) -> WhistleFacts:
        whistle = self.view.whistle
        if whistle is None:
            raise ValueError("a plain dispatch has no whistle")
        return WhistleFacts(
            id=self.whistle_id, case=self._case_facts(), number=whistle.number, kind=whistle.kind, state=state, version=1,
            remote_allowed=whistle.remote_allowed, drafted_by=uuid4(), assignments=self._briefs(),
        )  # fmt: skip


def dispatcher(view: AssignmentView) -> Viewer:
    """The street's dispatcher 值班长."""
    return Viewer("dispatcher", DISPATCHER, (Grant(Role.STREET_DISPATCHER, view.case.street_code),), uuid4())


def county_office(view: AssignmentView) -> Viewer:
    """The county grid office 县(区)网格办."""
    county = f"{view.case.street_code[:6]}000000"
    return Viewer("county", COUNTY_OFFICER, (Grant(Role.COUNTY_GRID_OFFICE, county),), uuid4())


def leader(view: AssignmentView) -> Viewer:
    """A street leader 街道领导."""
    return Viewer("leader", LEADER, (Grant(Role.STREET_LEADER, view.case.street_code),), uuid4())


def handler(view: AssignmentView) -> Viewer:
    """The organization's own hand 部门经办人, in which the platform runs a desk's actions."""
    county = f"{view.case.street_code[:6]}000000"
    grant = Grant(Role.DEPT_HANDLER, county, view.organization_code)
    return Viewer(f"department:{view.organization_code}", view.organization_name, (grant,), uuid4())
