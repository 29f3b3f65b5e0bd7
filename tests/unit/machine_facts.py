"""Facts and viewers for the tests of the whistle's and the assignment's tables."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid5

import msgspec

from shaodao.domain.facts import AssignmentBrief, AssignmentFacts, CaseFacts, WhistleFacts
from shaodao.domain.permissions import Grant, Viewer
from shaodao.domain.vocabulary import (
    AssignmentRole,
    AssignmentState,
    CaseState,
    CaseVisibility,
    LeaderRank,
    Role,
    SolvingLevel,
    Urgency,
    WhistleKind,
    WhistleState,
)

STREET, OTHER_STREET, COUNTY = "990101001000", "990101002000", "990101000000"
GRID = "990101001001001"
NOW = datetime(2026, 11, 20, 2, tzinfo=UTC)
_NAMES = UUID("99010100-0000-7000-8000-000000000000")


def account(name: str) -> UUID:
    """The account of somebody, always the same one."""
    return uuid5(_NAMES, name)


def viewer(name: str, *grants: Grant) -> Viewer:
    """Somebody with these grants."""
    return Viewer(name, name, grants, account(name))


DISPATCHER = viewer("吕示衡", Grant(Role.STREET_DISPATCHER, STREET))
WORKER = viewer("周示岚", Grant(Role.GRID_WORKER, GRID))
LINK = viewer("施示正", Grant(Role.STREET_LEADER, STREET, rank=LeaderRank.LINK))
DEPUTY = viewer("张示远", Grant(Role.STREET_LEADER, STREET, rank=LeaderRank.DEPUTY))
CHIEF = viewer("孔示明", Grant(Role.STREET_LEADER, STREET, rank=LeaderRank.CHIEF))
OFFICE = viewer("曹示度", Grant(Role.COUNTY_GRID_OFFICE, COUNTY))
HANDLER = viewer("姜示序", Grant(Role.DEPT_HANDLER, COUNTY, "CG"))
STRANGER = viewer("别示处", Grant(Role.STREET_DISPATCHER, OTHER_STREET))


def brief(
    code: str,
    role: AssignmentRole = AssignmentRole.CO,
    state: AssignmentState = AssignmentState.NOTIFIED,
    **changes: Any,
) -> AssignmentBrief:
    """One assignment as case and whistle see it."""
    return AssignmentBrief(account(code), code, role, state, **changes)


def case(state: CaseState = CaseState.ASSIGNED, **changes: Any) -> CaseFacts:
    """A case of the street."""
    given: dict[str, Any] = {
        "id": account("case"), "county_code": 990101, "number": "990101001-20261120-0001", "state": state, "version": 1,
        "street_code": STREET, "grid_code": GRID, "urgency": Urgency.GENERAL, "level": SolvingLevel.STREET,
        "visibility": CaseVisibility.NORMAL, "round": 0, "registered_at": NOW,
    }  # fmt: skip
    return CaseFacts(**given | changes)


def whistle(state: WhistleState, kind: WhistleKind = WhistleKind.ROUTINE, **changes: Any) -> WhistleFacts:
    """A whistle that the grid worker drafted."""
    given: dict[str, Any] = {
        "id": account("whistle"), "case": case(), "number": "990101001-20261120-0001-W1", "kind": kind, "state": state,
        "version": 1, "remote_allowed": False, "drafted_by": WORKER.account_id,
    }  # fmt: skip
    return WhistleFacts(**given | changes)


def assignment(state: AssignmentState, role: AssignmentRole = AssignmentRole.LEAD, **changes: Any) -> AssignmentFacts:
    """The assignment of the handler's organization in a blown whistle."""
    given: dict[str, Any] = {
        "id": account("assignment"), "case": case(), "organization_code": "CG", "role": role, "state": state, "version": 1,
        "round": 0, "arrival_required": True, "notified_at": NOW, "whistle_id": account("whistle"),
        "whistle_kind": WhistleKind.ROUTINE, "whistle_state": WhistleState.BLOWN,
    }  # fmt: skip
    return AssignmentFacts(**given | changes)


@dataclass(frozen=True)
class Handled:
    """A case that somebody handled."""

    by: Viewer

    def of(self, facts: CaseFacts) -> CaseFacts:
        """The facts with the handler."""
        assert self.by.account_id is not None
        return msgspec.structs.replace(facts, handlers=(self.by.account_id,))
