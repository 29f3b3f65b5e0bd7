"""A state machine as one table of steps: states, action, next state, who may do it, guards (reference C.3, C.4)."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, NamedTuple, NoReturn, Protocol, TypeVar
from uuid import UUID

from shaodao.domain.errors import AllowedAction, NotPermitted, StateConflict
from shaodao.domain.facts import CaseFacts
from shaodao.domain.permissions import Viewer
from shaodao.domain.vocabulary import LeaderRank, Role, Term


class Part(StrEnum):
    """A part in this very case that an action asks for, instead of a scope."""

    FIRST_RECEIVER = "FIRST_RECEIVER"
    REPORTER = "REPORTER"
    DRAFTER = "DRAFTER"
    ORGANIZATION = "ORGANIZATION"
    LEAD = "LEAD"
    AGENT = "AGENT"


@dataclass(frozen=True)
class Party:
    """Who may act: a role, of one of the ranks if any are named, in scope or by a part in the case."""

    role: Role
    part: Part | None = None
    ranks: tuple[LeaderRank, ...] = ()


class Refusal(NamedTuple):
    """Why a guard refuses, in Chinese and in English; ``permission`` tells a person's part from the state of things."""

    message: str
    english: str
    permission: bool = False


class Subject(Protocol):
    """What every machine's facts have in common."""

    @property
    def version(self) -> int: ...


StateT = TypeVar("StateT", bound=Term)
FactsT = TypeVar("FactsT", bound=Subject)


@dataclass(frozen=True)
class Step(Generic[StateT, FactsT]):
    """One row of a transition table. ``target`` None keeps the state."""

    action: str
    label: str
    sources: frozenset[StateT]
    target: StateT | None
    who: tuple[Party, ...]
    guards: tuple[Callable[[FactsT, Viewer], Refusal | None], ...] = ()


@dataclass(frozen=True)
class Machine(Generic[StateT, FactsT]):
    """A machine: its steps and how it reads its facts."""

    name: str
    steps: tuple[Step[StateT, FactsT], ...]
    state_of: Callable[[FactsT], StateT]
    case_of: Callable[[FactsT], CaseFacts]
    has_part: Callable[[Part, FactsT, Viewer], bool]

    def step(self, action: str) -> Step[StateT, FactsT]:
        """The row of an action; KeyError when the machine has none of that name."""
        for step in self.steps:
            if step.action == action:
                return step
        raise KeyError(action)

    def permits(self, step: Step[StateT, FactsT], facts: FactsT, viewer: Viewer) -> bool:
        """Whether the viewer's role and scope, or part in the case, fit the step."""
        return any(self._is_party(party, facts, viewer) for party in step.who)

    def acting_role(self, action: str, facts: FactsT, viewer: Viewer) -> Role | None:
        """The role in which the viewer does the action: the first party of the step that fits."""
        return next((party.role for party in self.step(action).who if self._is_party(party, facts, viewer)), None)

    def _is_party(self, party: Party, facts: FactsT, viewer: Viewer) -> bool:
        grants = viewer.grants_of(party.role)
        if party.ranks:
            grants = tuple(grant for grant in grants if grant.rank in party.ranks)
        if not grants:
            return False
        if party.part is not None:
            return self.has_part(party.part, facts, viewer)
        return any(grant.covers(self.case_of(facts).place) for grant in grants)

    def decide(self, action: str, facts: FactsT, viewer: Viewer) -> Step[StateT, FactsT]:
        """The step, when it is allowed now.

        Raises NotPermitted (role, scope, part) or StateConflict (state or guard), the latter with what is allowed.
        """
        step = self.step(action)
        if not self.permits(step, facts, viewer):
            raise NotPermitted(f"您的角色或范围不能执行“{step.label}”", f"your role or scope does not permit {action}")
        state = self.state_of(facts)
        if state not in step.sources:
            self.conflict(
                f"“{state.label}”状态下不能“{step.label}”", f"{action} is not allowed in state {state}", facts, viewer
            )
        for guard in step.guards:
            refusal = guard(facts, viewer)
            if refusal is None:
                continue
            if refusal.permission:
                raise NotPermitted(refusal.message, refusal.english)
            self.conflict(refusal.message, refusal.english, facts, viewer)
        return step

    def expect(self, version: int | None, facts: FactsT, viewer: Viewer) -> None:
        """Raise StateConflict, with what is allowed, when the caller has seen another version; None: not asked."""
        if version is not None and version != facts.version:
            message = f"内容已被他人更新（现为第 {facts.version} 版）"
            self.conflict(message, f"changed by someone else (now version {facts.version})", facts, viewer)

    def conflict(self, message: str, english: str, facts: FactsT, viewer: Viewer) -> NoReturn:
        """Raise StateConflict with what is allowed: for a guard that needs the time or the rulebook, and so stands in a command."""
        allowed = self.available(facts, viewer)
        state = str(self.state_of(facts))
        raise StateConflict(message, english, state=state, version=facts.version, allowed=allowed, machine=self.name)

    def available(self, facts: FactsT, viewer: Viewer) -> tuple[AllowedAction, ...]:
        """What the state knows for the viewer's roles, whether this viewer may do it now, and if not, why (in Chinese)."""
        state = self.state_of(facts)
        known = (step for step in self.steps if state in step.sources and _concerns(step, viewer))
        return tuple(self._availability(step, facts, viewer) for step in known)

    def _availability(self, step: Step[StateT, FactsT], facts: FactsT, viewer: Viewer) -> AllowedAction:
        if not self.permits(step, facts, viewer):
            return AllowedAction(step.action, False, "您的角色或范围不能执行此操作")
        for guard in step.guards:
            if (refusal := guard(facts, viewer)) is not None:
                return AllowedAction(step.action, False, refusal.message)
        return AllowedAction(step.action, True)


def _concerns(step: Step[StateT, FactsT], viewer: Viewer) -> bool:
    """Whether the step is for any of the viewer's roles: a resident is not told what the street's staff do."""
    return any(viewer.grants_of(party.role) for party in step.who)


def is_account(viewer: Viewer, account_id: UUID | None) -> bool:
    """Whether the viewer is that account; somebody without an account is nobody's, and nobody is no account."""
    return account_id is not None and viewer.account_id == account_id


def party(role: Role, part: Part | None = None, *ranks: LeaderRank) -> Party:
    """Short for Party in the tables."""
    return Party(role, part, ranks)
