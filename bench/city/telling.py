"""Tells a planned case up to the present: which of its steps have happened, and where they left it.

Computed steps follow by the platform's own rules, so that every state is one that the transition tables could have made.
"""

from dataclasses import dataclass, field

from bench.city.plan import Draft, Part, Plan, Step, moment
from shaodao.domain.case_machine import computed_case_state
from shaodao.domain.facts import AssignmentBrief
from shaodao.domain.vocabulary import AssignmentRole, AssignmentState, CaseState, WhistleState
from shaodao.domain.whistle_machine import computed_whistle_state

_MOVES_NOTHING = frozenset({AssignmentState.ACKNOWLEDGED, AssignmentState.READ})


@dataclass(frozen=True, slots=True)
class Event:
    """A step that happened, with the states before and after of what it moved."""

    step: Step
    before: str | None
    after: str | None


@dataclass
class Told:
    """A case as it stands; times are seconds since 1970. ``whole``: whether its history tells every step."""

    plan: Plan
    whole: bool
    events: list[Event] = field(default_factory=list)
    case_state: CaseState = CaseState.REGISTERED
    case_times: dict[CaseState, int] = field(default_factory=dict)
    whistle_state: WhistleState | None = None
    whistle_times: dict[WhistleState, int] = field(default_factory=dict)
    part_states: dict[int, AssignmentState] = field(default_factory=dict)
    part_times: dict[tuple[int, AssignmentState], int] = field(default_factory=dict)
    part_steps: dict[int, list[Step]] = field(default_factory=dict)
    follow_up_at: int | None = None
    last_at: int = 0

    @property
    def draft(self) -> Draft:
        """The case as it came in."""
        return self.plan.draft

    @property
    def parts(self) -> tuple[Part, ...]:
        """The parts that have been called."""
        return tuple(part for part in self.plan.parts if part.number in self.part_states)

    @property
    def owing(self) -> tuple[Part, ...]:
        """Those of them that owe a report."""
        return tuple(part for part in self.parts if part.role is not AssignmentRole.INFORM)

    @property
    def closed_at(self) -> int | None:
        """When it was closed."""
        return self.case_times.get(CaseState.CLOSED, self.case_times.get(CaseState.CANCELLED))

    @property
    def handled_at(self) -> int | None:
        """When the last report came in 办结时间; what is open again has none."""
        verifying = self.case_times.get(CaseState.VERIFYING)
        if self.plan.parts:
            return None if self.case_state is CaseState.HANDLING else verifying
        return self.case_times.get(CaseState.CLOSED)

    def part_time(self, part: Part, state: AssignmentState) -> int | None:
        """When the part came into the state, last."""
        return self.part_times.get((part.number, state))


def told(plan: Plan, now: int, *, whole: bool) -> Told:
    """The case as of ``now``."""
    story = Told(plan, whole)
    for step in plan.steps:
        if step.at > now:
            break
        _take(story, step)
        if step.part_state is not None and step.part_state not in _MOVES_NOTHING:
            _compute(story, step.at)
    return story


def _take(story: Told, step: Step) -> None:
    before: str | None = None
    after: str | None = None
    if step.case_state is not None:
        before, after = (story.case_state if story.case_times else None), step.case_state
        story.case_state = step.case_state
        story.case_times[step.case_state] = step.at
    if step.whistle_state is not None:
        before, after = story.whistle_state, step.whistle_state
        story.whistle_state = step.whistle_state
        story.whistle_times[step.whistle_state] = step.at
    if step.part is not None:
        story.part_steps.setdefault(step.part.number, []).append(step)
        if step.part_state is not None:
            before, after = story.part_states[step.part.number], step.part_state
            story.part_states[step.part.number] = step.part_state
            story.part_times[step.part.number, step.part_state] = step.at
    if step.case_state is CaseState.ASSIGNED and step.actor is not None:
        story.part_states.update({part.number: AssignmentState.NOTIFIED for part in story.plan.parts})
    if step.type == "recordFollowUp":
        story.follow_up_at = step.at
    story.last_at = step.at
    if story.whole or step.main:
        story.events.append(Event(step, before, after))


def _compute(story: Told, at: int) -> None:
    briefs = tuple(_brief(story, part) for part in story.plan.parts)
    if story.whistle_state is not None:
        whistle = computed_whistle_state(story.whistle_state, briefs, remote_allowed=False)
        if whistle is not story.whistle_state:
            text = f"哨 {story.draft.number}-W1 进入“{whistle.label}”"
            _take(story, Step(at, "whistleProgressed", text, public=True, whistle_state=whistle))
    case = computed_case_state(story.case_state, briefs)
    if case is not story.case_state:
        _take(story, Step(at, "caseProgressed", f"案件进入“{case.label}”", public=True, case_state=case))


def _brief(story: Told, part: Part) -> AssignmentBrief:
    arrived = story.part_time(part, AssignmentState.ARRIVED)
    return AssignmentBrief(
        part.id, part.organization.code, part.role, story.part_states[part.number], part.whistle,
        arrival_required=part.whistle is not None, arrived_at=None if arrived is None else moment(arrived),
    )  # fmt: skip
