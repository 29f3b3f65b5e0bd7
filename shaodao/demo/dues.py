"""The clocks of the demonstration street's cases, reckoned by the rules of C.5: with the times kept, the dues are the file's."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from shaodao.commands.promises import due_instant
from shaodao.demo.cast import decider, dispatcher
from shaodao.demo.identifiers import stable_id
from shaodao.demo.parts import Part, Scene, accepted_at, suspended_at
from shaodao.demo.promising import made_at, promises_of, settled_at
from shaodao.demo.source import Case, Promise, Whistle
from shaodao.demo.telling import extension_decided_at, followed_up_at, merged_at, was_closed
from shaodao.domain.clock_changes import decided_by
from shaodao.domain.deadlines import DeadlineUnit, Due, Limit, due, extended, overdue
from shaodao.domain.rulebook import WhistleLimits
from shaodao.domain.vocabulary import AssignmentRole, CaseState, ClockKind, ClockState, Urgency, WhistleKind


@dataclass(frozen=True)
class Clock:
    """A clock with its limit. ``stopped_at``: None while it runs or is paused."""

    kind: ClockKind
    case: Case
    started_at: datetime
    due: Due
    rule: str
    limit: Limit | None = None
    stopped_at: datetime | None = None
    paused_at: datetime | None = None
    round_number: int = 0
    part: Part | None = None
    whistle: Whistle | None = None
    promise: Promise | None = None
    changes: tuple[Mapping[str, Any], ...] = field(default_factory=tuple)

    @property
    def id(self) -> UUID:
        """Id of the deadline's row."""
        whose = self.part.organization if self.part else self.promise.id if self.promise else ""
        return stable_id("deadline", f"{self.case.seq}:{self.round_number}:{self.kind}:{whose}")

    @property
    def state(self) -> ClockState:
        """Where the clock stands."""
        if self.stopped_at is not None:
            return ClockState.STOPPED
        return ClockState.PAUSED if self.paused_at is not None else ClockState.RUNNING

    @property
    def late(self) -> bool:
        """Whether what it limits came too late."""
        return self.stopped_at is not None and overdue(self.stopped_at, self.due.at)

    def passed(self, now: datetime) -> bool:
        """Whether its due passed while it ran."""
        ended = self.stopped_at or self.paused_at or now
        return overdue(ended, self.due.at)


def handling_clocks(scene: Scene, case: Case) -> list[Clock]:
    """The case's handling clock 办理时限, and that of the round after a reopening; the last is the case's own due."""
    first = _handling(scene, case)
    if case.reopened_at is None:
        return [first]
    limit = scene.ground.rulebook.case_limit(case.urgency)
    return [first, Clock(
        ClockKind.HANDLING, case, case.reopened_at, reckoned(scene, case.reopened_at, limit), f"case_limits.{case.urgency}",
        limit, round_number=1,
    )]  # fmt: skip


def clocks_of(scene: Scene, case: Case, parts: tuple[Part, ...]) -> list[Clock]:
    """Every clock of the case, its whistle and its parts."""
    clocks = [
        *handling_clocks(scene, case),
        _contact(scene, case),
        *_confirmation(scene, case),
        *_after_work(scene, case),
        *_promised(scene, case),
    ]
    for part in parts:
        if part.role is not AssignmentRole.INFORM:
            clocks += part_clocks(scene, part)
    return clocks


def part_clocks(scene: Scene, part: Part) -> Iterator[Clock]:
    """The clocks of an assignment (C.5 rule 5); those still running pause with the case."""
    limits = scene.ground.rulebook.whistles.of(part.whistle.kind if part.whistle else WhistleKind.ROUTINE)
    rule = f"whistles.{part.whistle.kind}" if part.whistle else "dispatch"
    for kind, limit, stopped in _limited(scene, part, limits):
        if limit is not None:
            clock = Clock(
                kind, part.case, part.notified_at, reckoned(scene, part.notified_at, limit), f"{rule}.{kind.value.lower()}",
                limit, stopped or part.reassigned_at, suspended_at(part.case), part=part, whistle=part.whistle,
            )  # fmt: skip
            yield _of_the_case(scene, part, clock, limit) if kind is ClockKind.RESULT else clock


def _of_the_case(scene: Scene, part: Part, clock: Clock, limit: Limit) -> Clock:
    """A result clock follows the case: the extension of whoever asked for it, and a dispatch is never due after the case."""
    if part.organization == part.case.assignments[0].dept:
        clock = _extended(scene, clock, limit)
    case_due = _handling(scene, part.case).due
    if part.whistle is None and part.notified_at < case_due.at < clock.due.at:
        return replace(clock, due=case_due, limit=None, changes=())
    return clock


def reckoned(scene: Scene, start: datetime, limit: Limit) -> Due:
    """The due by the scene's calendar and work time."""
    return due(start, limit, scene.ground.calendar, scene.ground.rulebook.work_time)


def _handling(scene: Scene, case: Case) -> Clock:
    item, rulebook = scene.item(case), scene.ground.rulebook
    own = item.limit if item else None
    limit = rulebook.case_limit(case.urgency, own)
    rule = f"catalogue.{item.code}" if item and own else f"case_limits.{case.urgency}"
    start, changes = case.registered_at, list[Mapping[str, Any]]()
    at = reckoned(scene, start, limit)
    if case.reclassified is not None:
        by = decided_by(decider(scene, dispatcher(scene)))
        changes.append({**_before(limit, rule, start, at, case.reclassified.at), **by})
        start, limit = case.reclassified.at, rulebook.case_limit(case.reclassified.to)
        at, rule = reckoned(scene, start, limit), f"case_limits.{case.reclassified.to}"
    clock = Clock(
        ClockKind.HANDLING, case, start, at, rule, limit, _handling_ended(scene, case),
        suspended_at(case), changes=tuple(changes),
    )  # fmt: skip
    return _extended(scene, clock, limit)


def _extended(scene: Scene, clock: Clock, limit: Limit) -> Clock:
    """The clock with the extension that its case was granted 延期, if any; its history tells by how much."""
    asked, decided = clock.case.extension, extension_decided_at(clock.case)
    if asked is None or decided is None:
        return clock
    more = Limit(DeadlineUnit(asked.unit), asked.amount)
    before = _before(limit, clock.rule, clock.started_at, clock.due, decided)
    by = decided_by(decider(scene, asked.approved_by))
    change = {**before, "extended_by": {"unit": more.unit, "amount": more.amount}, **by}
    at = extended(clock.due.at, more, scene.ground.calendar, scene.ground.rulebook.work_time)
    return replace(clock, due=at, changes=(*clock.changes, change))


def _before(limit: Limit, rule: str, start: datetime, at: Due, changed_at: datetime) -> Mapping[str, Any]:
    """What a clock was before it was changed, as commands keep it in a deadline's history."""
    return {
        "unit": limit.unit, "amount": limit.amount, "rule": rule, "started_at": start, "due_at": at.at,
        "changed_at": changed_at,
    }  # fmt: skip


def _handling_ended(scene: Scene, case: Case) -> datetime | None:
    return merged_at(scene, case) if case.merged_into is not None else case.handled_at


def _contact(scene: Scene, case: Case) -> Clock:
    limit = scene.ground.rulebook.contact_limits.of(case.urgency)
    return Clock(
        ClockKind.CONTACT, case, case.registered_at, reckoned(scene, case.registered_at, limit),
        f"contact_limits.{case.urgency}", limit, accepted_at(scene, case) or case.closed_at,
    )  # fmt: skip


def _confirmation(scene: Scene, case: Case) -> list[Clock]:
    whistle, limit = scene.whistle(case), scene.ground.rulebook.confirmation_limit
    if whistle is None or whistle.kind is not WhistleKind.EMERGENCY:
        return []
    at = reckoned(scene, whistle.blown_at, limit)
    return [Clock(
        ClockKind.CONFIRMATION, case, whistle.blown_at, at, "confirmation", limit, whistle.confirmed_at, whistle=whistle
    )]  # fmt: skip


def _after_work(scene: Scene, case: Case) -> list[Clock]:
    """Verification 核查时限 while a case waits for it, and the follow-up 回访时限 once it was closed."""
    rulebook = scene.ground.rulebook
    if case.state is CaseState.VERIFYING and case.handled_at is not None:
        limit = rulebook.verification_limits.of(_urgency_now(case))
        at = reckoned(scene, case.handled_at, limit)
        return [Clock(ClockKind.VERIFICATION, case, case.handled_at, at, "verification", limit)]
    if not was_closed(case) or case.closed_at is None:
        return []
    reached = case.follow_up is not None and case.follow_up.contacted
    stopped = followed_up_at(scene, case) if reached else None
    at = reckoned(scene, case.closed_at, rulebook.follow_up_limit)
    return [Clock(ClockKind.FOLLOW_UP, case, case.closed_at, at, "follow_up", rulebook.follow_up_limit, stopped)]


def _promised(scene: Scene, case: Case) -> list[Clock]:
    """The clocks of the case's promises 承诺期限: each until the end of its day."""
    return [
        Clock(
            ClockKind.PROMISE, case, made_at(scene, case), Due(due_instant(promise.due), provisional=False, counted=()),
            "promise", stopped_at=settled_at(promise), promise=promise,
        )
        for promise in promises_of(scene, case)
    ]  # fmt: skip


def _urgency_now(case: Case) -> Urgency:
    return case.reclassified.to if case.reclassified else case.urgency


def _limited(scene: Scene, part: Part, limits: WhistleLimits) -> list[tuple[ClockKind, Limit | None, datetime | None]]:
    """The limits of an assignment, each with when what it limits was done."""
    reported = part.reported_at
    plan = [
        (ClockKind.ACKNOWLEDGE, limits.acknowledge, part.acknowledged_at),
        (ClockKind.RESULT, limits.result_for(_urgency_now(part.case)), reported),
    ]
    if part.whistle is None:
        return plan
    return [
        plan[0],
        (ClockKind.ARRIVE, _arrive_limit(scene, part, limits), part.arrived_at),
        (ClockKind.FIRST_REPORT, limits.first_report, part.progress_at or part.first_reported_at or reported),
        plan[1],
    ]


def _arrive_limit(scene: Scene, part: Part, limits: WhistleLimits) -> Limit | None:
    grid = next(grid for grid in scene.street.grids if grid.code == part.case.grid)
    sea_limit = Limit(DeadlineUnit.MINUTE, grid.arrive_minutes) if grid.arrive_minutes else None
    return limits.arrive_for(at_sea=grid.kind == "SEA", sea_grid_limit=sea_limit)
