"""The street of the test kit: it loads a department, blows whistles for it, and has a clock that the test moves."""

import asyncio
import heapq
from collections.abc import Callable, Coroutine, Sequence
from datetime import datetime, timedelta
from itertools import count
from types import TracebackType
from typing import Any, Self, TypeVar
from uuid import UUID, uuid4

from msgspec.structs import replace

from shaodao.commands.checking import only_json
from shaodao.departments import Departments, load_department
from shaodao.domain.calendar import SHANGHAI, Calendar
from shaodao.domain.deadlines import Limit, due, extended
from shaodao.domain.ladder import Ascent, no_show_at
from shaodao.domain.objections import objection_window
from shaodao.domain.rulebook import Rulebook, TextLimits
from shaodao.domain.vocabulary import ClockKind, WhistleState
from shaodao.hook_outcomes import Crashed, Declined, Handled, Outcome, Postponed, TimedOut
from shaodao.hookspecs import hook_of
from shaodao.plugin import (
    AssignmentDeadlines,
    AssignmentRole,
    AssignmentState,
    AssignmentView,
    DepartmentSettings,
    Desk,
    Dispatched,
    Event,
    NotFound,
    OtherOrganization,
    Overdue,
    Urgency,
    WhistleBlown,
    WhistleKind,
    WhistleReason,
    WhistleView,
    Woken,
)
from shaodao.presets import load_rulebook
from shaodao.testing.assignment import Assignment
from shaodao.testing.desk import StreetDesk
from shaodao.testing.samples import CaseSample

ResultT = TypeVar("ResultT")

FIRST_MORNING = datetime(2026, 11, 9, 9, tzinfo=SHANGHAI)
"""A Monday morning in work time, at which the kit's clock starts unless the test says otherwise."""


class HookFailed(AssertionError):
    """A hook crashed or ran over its time limit; the platform would deliver the event again. Carries the traceback."""


class Street:
    """A street with one department, as a context manager: ``with Street(my_department) as street``.

    ``plugin`` is the department's module or object. Deadlines follow ``rulebook`` (the shipped preset shimahe unless
    given) and ``calendar`` (weekdays are working days unless given). ``timeout`` limits each hook, in seconds. Raises
    DepartmentError for a department that the platform would not load.
    """

    def __init__(
        self,
        plugin: object,
        *,
        settings: DepartmentSettings | None = None,
        now: datetime = FIRST_MORNING,
        rulebook: Rulebook | None = None,
        calendar: Calendar | None = None,
        timeout: float = 5.0,
    ) -> None:
        self.settings = settings or DepartmentSettings()
        loaded = load_department(plugin, getattr(plugin, "__name__", type(plugin).__name__), self.settings)
        self.departments = Departments([loaded], self.settings)
        self.department = loaded.declaration
        self.assignments: list[Assignment] = []
        self._rulebook = rulebook or load_rulebook("shimahe")
        self._calendar = calendar or Calendar({})
        self._timeout = timeout
        self._now = now
        self._agenda: list[tuple[datetime, int, Callable[[], object]]] = []
        self._ticket = count()
        self._runner = asyncio.Runner()

    def __enter__(self) -> Self:
        self._runner.run(self.departments.start(self.department, self))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._runner.close()

    @property
    def now(self) -> datetime:
        """The street's time; only ``pass_time`` moves it."""
        return self._now

    @property
    def texts(self) -> TextLimits:
        """The longest texts that the platform takes."""
        return self._rulebook.texts

    @property
    def arrival_radius_metres(self) -> int:
        """How near to the case a point proves an arrival."""
        return self._rulebook.arrival_radius_metres

    def blow(
        self,
        organization_code: str,
        kind: WhistleKind = WhistleKind.ROUTINE,
        *,
        case: CaseSample | None = None,
        role: AssignmentRole = AssignmentRole.LEAD,
        reason: str = "街道无执法权",
        assemble_at: datetime | None = None,
        remote_allowed: bool = False,
        others: Sequence[OtherOrganization] = (),
    ) -> Assignment:
        """Blow a whistle 吹哨 for an organization of the department, and deliver it (``on_whistle``)."""
        case = case or CaseSample()
        number = f"{case.street_code[:9]}-S-{len(self.assignments) + 1:04}"
        whistle = WhistleView(
            number=number, kind=kind, reason_kind=WhistleReason.NO_POWER, reason=reason, blown_at=self.now, place=case.address,
            assemble_at=assemble_at, remote_allowed=remote_allowed,
        )  # fmt: skip
        assignment = self._assign(organization_code, case, role, whistle, others)
        assignment.deliver(assignment.event(WhistleBlown))
        return assignment

    def dispatch(
        self,
        organization_code: str,
        *,
        case: CaseSample | None = None,
        role: AssignmentRole = AssignmentRole.LEAD,
        others: Sequence[OtherOrganization] = (),
        evidence_required: bool = False,
    ) -> Assignment:
        """Dispatch a case 派单 to an organization of the department without a whistle, and deliver it (``on_dispatch``).

        ``evidence_required``: by the dispatch catalogue, the result is reported only with a photo of it 处置后照片.
        """
        assignment = self._assign(organization_code, case or CaseSample(), role, None, others)
        assignment.view = replace(assignment.view, evidence_required=evidence_required)
        assignment.deliver(assignment.event(Dispatched))
        return assignment

    def pass_time(self, length: timedelta) -> None:
        """Move the clock, and deliver on the way what comes due: wake-ups, passed deadlines, postponed events."""
        target = self.now + length
        while self._agenda and self._agenda[0][0] <= target:
            self._now, _, action = heapq.heappop(self._agenda)
            action()
        self._now = target

    def deliver(self, assignment: Assignment, event: Event) -> Outcome:
        """Call the department's hook for the event, and tell how it ended. Raises HookFailed for a failure."""
        if event not in assignment.events:
            assignment.events.append(event)
        desk = StreetDesk(self, assignment, str(event.key))
        call = self.departments.call(self.department, hook_of(event), event, desk, self._timeout)
        outcome = self._runner.run(call)
        assignment.outcomes.append(outcome)
        match outcome:
            case Postponed(delay=delay):
                self._plan(self.now + delay, lambda: self.deliver(assignment, event))
            case Crashed(trace=trace):
                raise HookFailed(f"{hook_of(event)} crashed\n{trace}")
            case TimedOut(seconds=seconds):
                raise HookFailed(f"{hook_of(event)} took more than {seconds} s")
            case Handled() | Declined():
                pass
        return outcome

    def run(self, action: Coroutine[Any, Any, ResultT]) -> ResultT:
        """Run a coroutine on the street's loop, such as an action of a desk that ``desk`` opened."""
        return self._runner.run(action)

    async def desk(self, assignment: UUID, key: str | None = None) -> Desk:
        """A desk outside a hook, as ``shaodao.plugin.Host`` gives it to ``on_start``. Raises NotFound."""
        for known in self.assignments:
            if known.view.assignment_id == assignment:
                return StreetDesk(self, known, f"callback:{key or uuid4()}")
        raise NotFound("任务", str(assignment))

    @property
    def objection_rounds(self) -> int:
        """How often may be objected to an assignment before it is directed 指定办理."""
        return self._rulebook.rounds.objection

    def objection_window(self, assignment: Assignment) -> datetime:
        """Until when (exclusive) its organization may object to the assignment (C.5 rule 6)."""
        return objection_window(assignment.facts(), self._rulebook, self._calendar, assignment.refused_at).at

    def await_arrival_anew(self, assignment: Assignment) -> None:
        """Await the organization on the scene from now, after an objection that was refused."""
        view = assignment.view
        arrive = self._deadlines(view.case.urgency, view.whistle).arrive
        assignment.view = replace(view, deadlines=replace(view.deadlines, arrive=arrive))
        self._watch_arrival(assignment)

    def wake(self, assignment: Assignment, delay: timedelta, note: str) -> None:
        """Plan a wake-up; the desk's ``wake_after`` comes here."""
        self._plan(self.now + delay, lambda: assignment.deliver(assignment.event(Woken, note=note)))

    def extend(self, assignment: Assignment, by: Limit) -> datetime:
        """Have the assignment's result due later by a limit 延期; answers the new due. Its old one passes unheard."""
        deadlines = assignment.view.deadlines
        old = deadlines.result or self.now
        later = extended(old, by, self._calendar, self._rulebook.work_time).at
        assignment.view = replace(assignment.view, deadlines=replace(deadlines, result=later))
        self._plan_overdue(assignment, ClockKind.RESULT, later, later, no_show=False)
        return later

    def validate(self, organization_code: str, fields: object) -> dict[str, Any]:
        """Report fields checked by their size, then by the department's form."""
        only_json("fields", fields, self._rulebook.report_fields_bytes)
        return self.departments.validate(organization_code, fields)

    def _plan(self, at: datetime, action: Callable[[], object]) -> None:
        heapq.heappush(self._agenda, (at, next(self._ticket), action))

    def _assign(
        self,
        organization_code: str,
        case: CaseSample,
        role: AssignmentRole,
        whistle: WhistleView | None,
        others: Sequence[OtherOrganization],
    ) -> Assignment:
        if organization_code not in self.department.organizations:
            raise NotFound("单位", organization_code)
        deadlines = AssignmentDeadlines() if role is AssignmentRole.INFORM else self._deadlines(case.urgency, whistle)
        view = AssignmentView(
            assignment_id=uuid4(), organization_code=organization_code, organization_name=f"{self.department.title}（{organization_code}）",
            role=role, state=AssignmentState.NOTIFIED, case=case.view(len(self.assignments) + 1, self.now), whistle=whistle,
            deadlines=deadlines, notified_at=self.now, others=tuple(others), duty_chief_phone="10000000016",
            arrival_required=whistle is not None and role is not AssignmentRole.INFORM,
        )  # fmt: skip
        state = None if whistle is None else WhistleState.BLOWN
        assignment = Assignment(self, self.department.name, view, state)
        self.assignments.append(assignment)
        self._watch(assignment)
        return assignment

    def _deadlines(self, urgency: Urgency, whistle: WhistleView | None) -> AssignmentDeadlines:
        """The limits of the whistle's kind; a dispatch has those of a ROUTINE whistle, without arrival (C.5 rule 5)."""
        limits = self._rulebook.whistles.of(WhistleKind.ROUTINE if whistle is None else whistle.kind)
        asked = {"acknowledge": limits.acknowledge, "result": limits.result_for(urgency)}
        if whistle is not None:
            asked |= {"arrive": limits.arrive, "first_report": limits.first_report}
        dues = {
            name: due(self.now, limit, self._calendar, self._rulebook.work_time).at
            for name, limit in asked.items()
            if limit is not None
        }
        assembly = None if whistle is None or not limits.arrive_at_assembly else whistle.assemble_at
        if assembly is not None and assembly > self.now:
            dues["arrive"] = assembly
        return AssignmentDeadlines(**dues)

    def _watch(self, assignment: Assignment) -> None:
        """Plan the clock's events 超期 and 未报到; each fires once, if the deadline was missed."""
        deadlines = assignment.view.deadlines
        for clock, due_at in (
            (ClockKind.ACKNOWLEDGE, deadlines.acknowledge),
            (ClockKind.FIRST_REPORT, deadlines.first_report),
            (ClockKind.RESULT, deadlines.result),
        ):
            if due_at is not None:
                self._plan_overdue(assignment, clock, due_at, due_at, no_show=False)
        self._watch_arrival(assignment)

    def _watch_arrival(self, assignment: Assignment) -> None:
        due_at, whistle = assignment.view.deadlines.arrive, assignment.view.whistle
        if due_at is None or whistle is None:
            return
        climbing = Ascent(
            ClockKind.ARRIVE, self.now, due_at, assignment.view.case.urgency, whistle.kind,
            appointed=due_at == whistle.assemble_at,
        )  # fmt: skip
        self._plan_overdue(assignment, ClockKind.ARRIVE, due_at, due_at, no_show=False)
        missed = no_show_at(climbing, self._rulebook, self._calendar)
        if missed is not None:
            self._plan_overdue(assignment, ClockKind.ARRIVE, due_at, missed, no_show=True)

    def _plan_overdue(
        self, assignment: Assignment, clock: ClockKind, due_at: datetime, at: datetime, *, no_show: bool
    ) -> None:
        def fire() -> None:
            if assignment.owes(clock) and _due(assignment, clock) == due_at:
                assignment.deliver(assignment.event(Overdue, clock=clock, due_at=due_at, no_show=no_show))

        self._plan(at, fire)


def _due(assignment: Assignment, clock: ClockKind) -> datetime | None:
    """When the assignment's clock is due by now."""
    deadlines = assignment.view.deadlines
    dues = {
        ClockKind.ACKNOWLEDGE: deadlines.acknowledge,
        ClockKind.ARRIVE: deadlines.arrive,
        ClockKind.FIRST_REPORT: deadlines.first_report,
        ClockKind.RESULT: deadlines.result,
    }
    return dues.get(clock)
