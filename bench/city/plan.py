"""The life of a case, planned whole: who does what and when. What lies after the present is cut off by whoever tells it."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from functools import cached_property
from typing import assert_never
from uuid import UUID

from bench.city.identifiers import ASSIGNMENT, CASE, WHISTLE, identifier
from bench.city.places import County, Grid, Organization, Staff, Street
from bench.city.wording import Matter, chosen_matter
from shaodao.domain.vocabulary import (
    AssignmentRole,
    AssignmentState,
    CaseState,
    CloseKind,
    NotAcceptedReason,
    Role,
    Urgency,
    WhistleState,
)

MOST_PARTS = 4
MINUTE, HOUR, DAY = 60, 3600, 86_400
_SHANGHAI = 8 * HOUR
_OPENS, _CLOSES = 8 * HOUR + 30 * MINUTE, 17 * HOUR + 30 * MINUTE
_LONG_EVERY, _LONG_AT = 400, 7
_ARCHIVED_AFTER = 30 * DAY
# Shortest and longest days from the beginning of the work to the report.
_PACE = {Urgency.URGENT: (0.1, 0.8), Urgency.GENERAL: (0.4, 5.0), Urgency.COMPLEX: (2.0, 13.0)}
_FATES = (("REFUSED", 20), ("MERGED", 20), ("WITHDRAWN", 10), ("AT_ONCE", 250), ("WHISTLED", 245), ("DISPATCHED", 455))


class Fate(StrEnum):
    """What becomes of a case."""

    REFUSED = "REFUSED"
    MERGED = "MERGED"
    WITHDRAWN = "WITHDRAWN"
    AT_ONCE = "AT_ONCE"
    WHISTLED = "WHISTLED"
    DISPATCHED = "DISPATCHED"


@dataclass(frozen=True, slots=True)
class Part:
    """An organization's part in a case: an assignment to be."""

    organization: Organization
    handler: Staff
    role: AssignmentRole
    number: int
    notified_at: int
    whistle: UUID | None
    id: UUID


@dataclass(frozen=True, slots=True)
class Step:
    """One step; states are those it leads to. ``main``: also records taken over from an earlier system have it."""

    at: int
    type: str
    text: str
    actor: Staff | None = None
    detail: str | None = None
    public: bool = False
    main: bool = False
    part: Part | None = None
    case_state: CaseState | None = None
    whistle_state: WhistleState | None = None
    part_state: AssignmentState | None = None

    @property
    def role(self) -> Role:
        """In which role the actor took it."""
        return Role.SYSTEM if self.actor is None else self.actor.grant.role


@dataclass(frozen=True)
class Draft:
    """A case as it comes in: the ``ordinal``-th of its street, the ``index``-th of the city.

    ``follows``: whether there is an earlier case at hand, into which it may be merged.
    """

    index: int
    ordinal: int
    number: str
    registered_at: int
    county: County
    street: Street
    grid: Grid
    seed: int
    follows: bool

    @cached_property
    def id(self) -> UUID:
        """Id of the case."""
        return identifier(CASE, self.index, self.registered_at)

    @cached_property
    def whistle_id(self) -> UUID:
        """Id of its whistle, if one is drafted."""
        return identifier(WHISTLE, self.index, self.registered_at)

    @property
    def is_long(self) -> bool:
        """One of the few whose history is long: many departments that report every few days."""
        return self.ordinal % _LONG_EVERY == _LONG_AT


@dataclass(frozen=True)
class Plan:
    """A case's life: its steps by time, and the parts that are called in the course of it."""

    draft: Draft
    matter: Matter
    fate: Fate
    chance: random.Random
    dispatcher: Staff
    receiver: Staff
    steps: tuple[Step, ...]
    parts: tuple[Part, ...]
    close_kind: CloseKind


def plan(draft: Draft) -> Plan:
    """What becomes of a case; the same for the same seed and index."""
    return _Planner(draft).planned()


def moment(seconds: int) -> datetime:
    """An instant as the database takes it."""
    return datetime.fromtimestamp(seconds, UTC)


class _Planner:
    def __init__(self, draft: Draft) -> None:
        self.draft = draft
        self.chance = random.Random(draft.seed * 10_000_019 + draft.index)  # noqa: S311 - chance that can be repeated
        self.matter = chosen_matter(self.chance)
        self.fate = self._fate()
        self.dispatcher = self.chance.choice(draft.street.dispatchers)
        self.receiver = draft.grid.worker if self.chance.random() < 0.6 else self.dispatcher
        self.close_kind = CloseKind.ANSWERED if self.matter.category == "A14" else CloseKind.SOLVED
        self.steps: list[Step] = []
        self.parts: list[Part] = []

    def planned(self) -> Plan:
        self._begin()
        steps = tuple(sorted(self.steps, key=lambda step: step.at))
        return Plan(
            self.draft, self.matter, self.fate, self.chance, self.dispatcher, self.receiver, steps, tuple(self.parts),
            self.close_kind,
        )  # fmt: skip

    def _fate(self) -> Fate:
        if self.draft.is_long:
            return Fate.WHISTLED
        names, shares = zip(*_FATES, strict=True)
        fate = Fate(self.chance.choices(names, shares)[0])
        return Fate.DISPATCHED if fate is Fate.MERGED and not self.draft.follows else fate

    def _later(self, since: int, shortest: float, longest: float) -> int:
        """Some seconds later, moved into the office hours; the bounds are in hours."""
        at = since + int(self.chance.uniform(shortest, longest) * HOUR)
        of_day = (at + _SHANGHAI) % DAY
        if of_day < _OPENS:
            return at - of_day + _OPENS + int(self.chance.random() * HOUR)
        if of_day > _CLOSES:
            return at - of_day + DAY + _OPENS + int(self.chance.random() * HOUR)
        return at

    def _begin(self) -> None:
        draft, receiver = self.draft, self.receiver
        self._add(
            draft.registered_at, "registerCase", f"{receiver.name}登记案件{draft.number}", receiver, public=True, main=True,
            case_state=CaseState.REGISTERED,
        )  # fmt: skip
        if self.fate is Fate.REFUSED:
            text = f"{self.dispatcher.name}不予受理：{NotAcceptedReason.OUT_OF_SCOPE.label}"
            at = self._later(draft.registered_at, 0.2, 5)
            self._add(
                at, "refuseCase", text, self.dispatcher, public=True, main=True, case_state=CaseState.NOT_ACCEPTED
            )
            return
        accepted = self._later(draft.registered_at, 0.02, 1.5 if self.matter.urgency is Urgency.URGENT else 6)
        accepter = receiver if self.fate is Fate.AT_ONCE else self.dispatcher
        self._add(
            accepted, "acceptCase", f"{accepter.name}受理案件", accepter, public=True, main=self.fate is not Fate.AT_ONCE,
            case_state=CaseState.ACCEPTED,
        )  # fmt: skip
        self._go_on(accepted)

    def _go_on(self, accepted: int) -> None:
        match self.fate:
            case Fate.MERGED:
                text = f"{self.dispatcher.name}将案件并入同一事项的在办案件"
                at = self._later(accepted, 0.1, 3)
                self._add(at, "mergeCase", text, self.dispatcher, public=True, main=True, case_state=CaseState.MERGED)
            case Fate.WITHDRAWN:
                at = self._later(accepted, 1, 30)
                self._add(at, "withdrawCase", "诉求人撤回诉求", public=True, main=True, case_state=CaseState.CANCELLED)
            case Fate.AT_ONCE:
                self._settle_at_once(accepted)
            case Fate.WHISTLED:
                self._whistle(accepted)
            case Fate.DISPATCHED:
                self._dispatch(accepted)
            case Fate.REFUSED:
                pass  # it was never accepted
            case _:
                assert_never(self.fate)

    def _settle_at_once(self, accepted: int) -> None:
        at = self._later(accepted, 0.2, 8)
        text = f"{self.receiver.name}即接即办（{self.close_kind.label}）"
        self._add(
            at, "settleCaseAtOnce", text, self.receiver, self.matter.result, public=True, main=True,
            case_state=CaseState.CLOSED,
        )  # fmt: skip
        self._look_back(at)

    def _dispatch(self, accepted: int) -> None:
        at = self._later(accepted, 0.1, 4)
        self._call(at, None)
        self._add(
            at, "dispatchCase", f"{self.dispatcher.name}派单：{self._described()}", self.dispatcher, "依据：部门职责与属地管理",
            public=True, main=True, case_state=CaseState.ASSIGNED,
        )  # fmt: skip
        self._close(max(self._work(part) for part in self.parts))

    def _whistle(self, accepted: int) -> None:
        drafted = self._later(accepted, 0.2, 6)
        submitted = drafted + int(self.chance.uniform(2, 15) * MINUTE)
        blown = self._later(submitted, 0.1, 5)
        name = f"{self.matter.whistle.label} {self.draft.number}-W1"
        self._call(blown, self.draft.whistle_id)
        self._add(
            drafted,
            "draftWhistle",
            f"{self.dispatcher.name}起草{name}",
            self.dispatcher,
            whistle_state=WhistleState.DRAFTED,
        )
        self._add(
            submitted, "submitWhistle", f"{self.dispatcher.name}将哨 {self.draft.number}-W1 报批", self.dispatcher,
            whistle_state=WhistleState.PENDING_APPROVAL,
        )  # fmt: skip
        leader = self.draft.street.deputy
        self._add(
            blown, "approveWhistle", f"{leader.name}批准{name}：{self._described()}", leader, public=True, main=True,
            case_state=CaseState.ASSIGNED, whistle_state=WhistleState.BLOWN,
        )  # fmt: skip
        self._close(max(self._work(part) for part in self.parts))

    def _call(self, at: int, whistle: UUID | None) -> None:
        """Whom the matter calls: its lead, others beside it, and sometimes one that is only informed."""
        county, letters = self.draft.county, list(self.matter.departments)
        others = [one for one in ("CG", "GA", "ZJ", "SC") if one not in letters]
        wanted = MOST_PARTS if self.draft.is_long else 3 if whistle else 1 + (self.chance.random() < 0.6)
        letters = (letters + others)[:wanted]
        roles = [AssignmentRole.LEAD] + [AssignmentRole.CO] * (len(letters) - 1)
        if len(letters) < MOST_PARTS and self.chance.random() < (0.1 if whistle else 0.25):
            letters.append(next(one for one in (*others, "XF") if one not in letters))
            roles.append(AssignmentRole.INFORM)
        for place, (one, role) in enumerate(zip(letters, roles, strict=True)):
            number = self.draft.index * MOST_PARTS + place
            id_ = identifier(ASSIGNMENT, number, at)
            self.parts.append(Part(county.departments[one], county.handlers[one], role, number, at, whistle, id_))

    def _work(self, part: Part) -> int:
        """What an organization does; answers when its report is verified."""
        who, handler = part.organization.name, part.handler
        if part.role is AssignmentRole.INFORM:
            at = self._later(part.notified_at, 0.5, 20)
            self._add(at, "readAssignment", f"{who}阅知", handler, part=part, part_state=AssignmentState.READ)
            return at
        at = self._later(part.notified_at, 0.1, 4.5)
        verb = "应哨" if part.whistle else "签收"
        self._add(at, "acknowledgeAssignment", who + verb, handler, f"到场人员：{handler.name}" if part.whistle else None, part=part,
                  part_state=AssignmentState.ACKNOWLEDGED)  # fmt: skip
        if part.whistle is not None:
            at = self._later(at, 0.3, 7)
            self._add(
                at,
                "arriveAtScene",
                f"{who}到场报到",
                handler,
                public=True,
                part=part,
                part_state=AssignmentState.ARRIVED,
            )
        at = self._later(at, 0.2, 3 if part.whistle else 16)
        self._add(at, "startHandling", f"{who}开始处置", handler, part=part, part_state=AssignmentState.HANDLING)
        return self._report(part, at)

    def _report(self, part: Part, begun: int) -> int:
        who, handler, lead = part.organization.name, part.handler, part.role is AssignmentRole.LEAD
        for at in self._progress(begun):
            begun = at
            self._add(at, "reportProgress", f"{who}阶段反馈", handler, "已到现场核实情况，正在处置。", part=part,
                      part_state=AssignmentState.HANDLING)  # fmt: skip
        result = self.matter.result if lead else "已配合主办单位处置。"
        reported = self._later(begun, *(hours * 24 for hours in self._pace()))
        if self.chance.random() < 0.05:
            returned = self._later(reported, 1, 20)
            self._add(
                reported,
                "reportResult",
                f"{who}反馈办结",
                handler,
                result,
                part=part,
                part_state=AssignmentState.REPORTED,
            )
            self._add(returned, "returnReport", f"{self.dispatcher.name}退回{who}的反馈", self.dispatcher, "现场仍有问题，请复核。",
                      part=part, part_state=AssignmentState.RETURNED)  # fmt: skip
            reported = self._later(returned, 4, 40)
        self._add(reported, "reportResult", f"{who}反馈办结", handler, result, main=lead, part=part,
                  part_state=AssignmentState.REPORTED)  # fmt: skip
        verified = self._later(reported, 0.5, 9)
        self._add(verified, "verifyReport", f"{self.dispatcher.name}核查通过{who}的反馈", self.dispatcher, part=part,
                  part_state=AssignmentState.VERIFIED)  # fmt: skip
        return verified

    def _progress(self, begun: int) -> Iterator[int]:
        """When an organization reports on the way."""
        if self.draft.is_long:
            for _ in range(9):
                begun = self._later(begun, 20, 60)
                yield begun
        elif self.chance.random() < 0.35:
            yield self._later(begun, 1, 20)

    def _pace(self) -> tuple[float, float]:
        shortest, longest = _PACE[self.matter.urgency]
        return (longest, longest * 4) if self.chance.random() < 0.04 else (shortest, longest)

    def _close(self, verified: int) -> None:
        at = self._later(verified, 0.3, 20)
        if self.fate is Fate.WHISTLED:
            text = f"{self.dispatcher.name}消哨 {self.draft.number}-W1"
            self._add(at, "closeWhistle", text, self.dispatcher, public=True, whistle_state=WhistleState.CLOSED)
        self._add(
            at, "closeCase", f"{self.dispatcher.name}核查办结（{self.close_kind.label}）", self.dispatcher, self.matter.result,
            public=True, main=True, case_state=CaseState.CLOSED,
        )  # fmt: skip
        self._look_back(at)

    def _look_back(self, closed: int) -> None:
        if self.chance.random() < 0.8:
            caller = self.draft.street.caller
            self._add(
                self._later(closed, 4, 60), "recordFollowUp", f"{caller.name}回访", caller, "诉求解决，满意", public=True,
                case_state=CaseState.FOLLOWED_UP,
            )  # fmt: skip
        if self.fate is Fate.WHISTLED:
            self._rate(closed)
        self._add(closed + _ARCHIVED_AFTER, "archiveCase", "系统归档案件", public=True, case_state=CaseState.ARCHIVED)

    def _rate(self, closed: int) -> None:
        """The street rates each department, then the county judges the whistle 双评价."""
        rated, leader = self._later(closed, 10, 60), self.draft.street.deputy
        for part in self.parts:
            if part.role is not AssignmentRole.INFORM:
                text = f"{leader.name}评价{part.organization.name}：{score_of(part)}分"
                self._add(rated, "rateDepartment", text, leader, part=part)
        judge = self.draft.county.officer
        text = f"{judge.name}评哨 {self.draft.number}-W1：吹哨适当"
        self._add(self._later(rated, 5, 40), "judgeWhistle", text, judge, whistle_state=WhistleState.EVALUATED)

    def _described(self) -> str:
        told = []
        for role in AssignmentRole:
            names = [part.organization.name for part in self.parts if part.role is role]
            if names:
                told.append(role.label + "、".join(names))
        return "，".join(told)

    def _add(
        self, at: int, type_: str, text: str, actor: Staff | None = None, detail: str | None = None, *, public: bool = False,
        main: bool = False, part: Part | None = None, case_state: CaseState | None = None,
        whistle_state: WhistleState | None = None, part_state: AssignmentState | None = None,
    ) -> None:  # fmt: skip
        self.steps.append(
            Step(at, type_, text, actor, detail, public, main, part, case_state, whistle_state, part_state)
        )


def score_of(part: Part) -> int:
    """How the street rates the part: 78 to 100."""
    return 78 + part.number * 7 % 23
