"""What a state machine needs to know of a case, a whistle or an assignment to say which steps are allowed.

The shapes are read from the database as JSON by the expressions in ``shaodao.commands.facts``, alike under a command's row
lock and for ``availableActions`` in a query.
"""

from datetime import datetime
from uuid import UUID

import msgspec

from shaodao.domain.case_vocabulary import Approver, ReviewDecision
from shaodao.domain.vocabulary import (
    AssignmentRole,
    AssignmentState,
    CaseKind,
    CaseState,
    CaseVisibility,
    ClockState,
    EvaluatorKind,
    Satisfaction,
    SolvedLevel,
    SolvingLevel,
    Urgency,
    WhistleKind,
    WhistleState,
)


class AssignmentBrief(msgspec.Struct, frozen=True):
    """One assignment of the case's present round, as the case and the whistle see it."""

    id: UUID
    organization_code: str
    role: AssignmentRole
    state: AssignmentState
    whistle_id: UUID | None = None
    arrival_required: bool = True
    arrived_at: datetime | None = None
    started_at: datetime | None = None
    reported_at: datetime | None = None
    agent_id: UUID | None = None


class Involvement(msgspec.Struct, frozen=True):
    """That an organization had an assignment of the case, in whatever round, or an agent of that organization had one."""

    organization_code: str
    role: AssignmentRole
    state: AssignmentState
    agent_id: UUID | None = None


class ExtensionBrief(msgspec.Struct, frozen=True):
    """A request for extension 延期 that waits for its decision."""

    id: UUID
    approver: Approver
    requested_by: UUID | None = None


class FollowUpBrief(msgspec.Struct, frozen=True):
    """The newest follow-up of the present round, and what became of it. ``contacted``: whether it reached the reporter."""

    id: UUID
    contacted: bool = True
    solved: SolvedLevel | None = None
    satisfaction: Satisfaction | None = None
    excluded: bool = False
    exclusion_proposed_by: UUID | None = None
    review_decision: ReviewDecision | None = None


class CaseFacts(msgspec.Struct, frozen=True):
    """A case for its machine (C.3). ``handlers``, ``verifiers`` and ``involved`` took those parts in any round."""

    id: UUID
    county_code: int
    number: str
    state: CaseState
    version: int
    street_code: str
    urgency: Urgency
    level: SolvingLevel
    visibility: CaseVisibility
    round: int
    registered_at: datetime
    community_code: str | None = None
    grid_code: str | None = None
    category_code: str | None = None
    first_receiver_id: UUID | None = None
    reporter_person_id: UUID | None = None
    reporter_account_id: UUID | None = None
    refusal_objected: bool = False
    confidential: bool = False
    closed_at: datetime | None = None
    closed_by: UUID | None = None
    rework_count: int = 0
    county_informed_at: datetime | None = None
    handlers: tuple[UUID, ...] = ()
    verifiers: tuple[UUID, ...] = ()
    assignments: tuple[AssignmentBrief, ...] = ()
    involved: tuple[Involvement, ...] = ()
    open_whistles: int = 0
    solved: SolvedLevel | None = None
    rated: bool = False
    agent_id: UUID | None = None
    accused_organization_code: str | None = None
    due_at: datetime | None = None
    handling_clock: ClockState | None = None
    extension: ExtensionBrief | None = None
    follow_up: FollowUpBrief | None = None
    void_requested_by: UUID | None = None
    merged_into: UUID | None = None
    promises: int = 0
    open_promises: int = 0
    open_meetings: int = 0
    open_objections: int = 0
    """Objections to a rating that nobody has decided."""
    kind: CaseKind | None = None

    @property
    def place(self) -> str:
        """The narrowest code that is known: grid, community or street."""
        return self.grid_code or self.community_code or self.street_code

    @property
    def active(self) -> tuple[AssignmentBrief, ...]:
        """The assignments that still count (C.4 invariants)."""
        return active(self.assignments)


class RatingBrief(msgspec.Struct, frozen=True):
    """An evaluation 评价 of a whistle, as who disputes it sees it. ``organization_code``: the department that was rated."""

    id: UUID
    evaluator_kind: EvaluatorKind
    evaluated_at: datetime
    evaluator_id: UUID | None = None
    organization_code: str | None = None
    objected_by: UUID | None = None
    objected: bool = False
    decided: bool = False

    @property
    def waits(self) -> bool:
        """Whether an objection to it waits for its decision."""
        return self.objected and not self.decided


class WhistleFacts(msgspec.Struct, frozen=True):
    """A whistle for its machine (C.4), with the case it stands on and its own assignments."""

    id: UUID
    case: CaseFacts
    number: str
    kind: WhistleKind
    state: WhistleState
    version: int
    remote_allowed: bool
    drafted_by: UUID
    blown_by: UUID | None = None
    blown_at: datetime | None = None
    confirmed_at: datetime | None = None
    assignments: tuple[AssignmentBrief, ...] = ()
    level: SolvingLevel = SolvingLevel.STREET
    rated_organizations: tuple[str, ...] = ()
    judged: bool = False
    open_objections: int = 0
    """Objections to a rating of this whistle that nobody has decided."""
    ratings: tuple[RatingBrief, ...] = ()
    """The street's of departments and the county's of the whistle; a resident's is of the case's result."""
    drafted_for: str | None = None
    """Code of the organization whose whistle it is 部门哨; None: the street's."""

    @property
    def active(self) -> tuple[AssignmentBrief, ...]:
        """The assignments of this whistle that still count."""
        return active(self.assignments)

    @property
    def owing(self) -> tuple[AssignmentBrief, ...]:
        """The active assignments that owe a report: every one that is not INFORM."""
        return tuple(a for a in self.active if a.role is not AssignmentRole.INFORM)


class AssignmentFacts(msgspec.Struct, frozen=True):
    """An assignment for its machine (C.4), with its case and, if it came by whistle, the whistle's kind and state."""

    id: UUID
    case: CaseFacts
    organization_code: str
    role: AssignmentRole
    state: AssignmentState
    version: int
    round: int
    arrival_required: bool
    notified_at: datetime
    whistle_id: UUID | None = None
    whistle_kind: WhistleKind | None = None
    whistle_state: WhistleState | None = None
    remote_allowed: bool = False
    agent_id: UUID | None = None
    acknowledged_at: datetime | None = None
    acknowledge_due_at: datetime | None = None
    arrived_at: datetime | None = None
    arrive_due_at: datetime | None = None
    arrival_proof: str | None = None
    started_at: datetime | None = None
    reported_at: datetime | None = None
    result_due_at: datetime | None = None
    returned_count: int = 0
    open_questions: int = 0
    directed: bool = False
    """指定办理: the rounds of objection are used up, and the assignment stands."""
    objected_by: UUID | None = None
    objection_arbiter: Approver | None = None
    """Who decides the objection that waits; None: none waits."""
    called: str | None = None
    """The name of the organization or of its agent 代办人, for a sentence of the history; read for a command alone."""


INACTIVE = frozenset({AssignmentState.REASSIGNED, AssignmentState.EXCUSED, AssignmentState.WITHDRAWN})
REPORTED_OR_LATER = frozenset({AssignmentState.REPORTED, AssignmentState.VERIFIED, AssignmentState.RELEASED})
VERIFIED_OR_LATER = frozenset({AssignmentState.VERIFIED, AssignmentState.RELEASED})


def active(assignments: tuple[AssignmentBrief, ...]) -> tuple[AssignmentBrief, ...]:
    """Those of the assignments that still count (C.4 invariants)."""
    return tuple(a for a in assignments if a.state not in INACTIVE)
