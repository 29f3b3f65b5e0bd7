"""Every row of the case's transition table: where it is allowed, who may, and what its guards refuse (C.3)."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec
import pytest

from shaodao.domain.case_machine import CASE_MACHINE, OPEN, computed_case_state, may_register
from shaodao.domain.case_vocabulary import Approver, ReviewDecision
from shaodao.domain.errors import NotPermitted, StateConflict
from shaodao.domain.facts import AssignmentBrief, CaseFacts, ExtensionBrief, FollowUpBrief
from shaodao.domain.permissions import Grant, Viewer
from shaodao.domain.vocabulary import (
    AssignmentRole,
    AssignmentState,
    CaseState,
    CaseVisibility,
    ClockState,
    LeaderRank,
    Role,
    Satisfaction,
    SolvedLevel,
    SolvingLevel,
    Urgency,
)

STREET, COMMUNITY, GRID, OTHER_STREET = "990101001000", "990101001001", "990101001001001", "990101002000"
ME, SOMEBODY, PERSON = UUID(int=1), UUID(int=2), UUID(int=3)
S = CaseState


def viewer(
    role: Role, scope: str = STREET, *, person: UUID | None = None, organization: str | None = None,
    rank: LeaderRank | None = None,
) -> Viewer:  # fmt: skip
    return Viewer("login", "名", (Grant(role, scope, organization, rank),), account_id=ME, person_id=person)


def facts(state: CaseState, **changes: Any) -> CaseFacts:
    case = CaseFacts(
        id=UUID(int=9), county_code=990101, number="n", state=state, version=4, street_code=STREET, urgency=Urgency.GENERAL,
        level=SolvingLevel.COMMUNITY, visibility=CaseVisibility.NORMAL, round=0, registered_at=datetime(2026, 10, 9, tzinfo=UTC),
        community_code=COMMUNITY, grid_code=GRID, category_code="A13", first_receiver_id=SOMEBODY, reporter_person_id=PERSON,
    )  # fmt: skip
    return msgspec.structs.replace(case, **changes)


def assignment(state: AssignmentState, role: AssignmentRole = AssignmentRole.LEAD) -> AssignmentBrief:
    return AssignmentBrief(UUID(int=5), "CG", role, state)


DISPATCHER = viewer(Role.STREET_DISPATCHER)
REPORTER = viewer(Role.RESIDENT, person=PERSON)
CALLER = viewer(Role.FOLLOW_UP)
WORKER = viewer(Role.GRID_WORKER, GRID)
CHIEF = viewer(Role.GRID_CHIEF, COMMUNITY)
SYSTEM = viewer(Role.SYSTEM)
LEADER = viewer(Role.STREET_LEADER, rank=LeaderRank.CHIEF)
DEPUTY = viewer(Role.STREET_LEADER, rank=LeaderRank.DEPUTY)
HANDLER = viewer(Role.DEPT_HANDLER, "990101000000", organization="CG")
COUNTY = viewer(Role.COUNTY_GRID_OFFICE, "990101000000")
RESIDENT = viewer(Role.RESIDENT, person=UUID(int=4))
EVERYBODY = {
    "dispatcher": DISPATCHER, "reporter": REPORTER, "caller": CALLER, "worker": WORKER, "chief": CHIEF, "system": SYSTEM,
    "leader": LEADER, "handler": HANDLER, "county": COUNTY, "resident": RESIDENT,
}  # fmt: skip


@dataclass(frozen=True)
class Row:
    """A row of C.3 as the reference tells it. ``receiver``: the first receiver may, whichever of the three roles.

    ``needs``: how things must stand for it.
    """

    action: str
    sources: frozenset[CaseState]
    target: CaseState | None
    who: frozenset[str]
    receiver: bool = False
    needs: dict[str, Any] = field(default_factory=dict)


def row(
    action: str,
    sources: set[CaseState] | frozenset[CaseState],
    target: CaseState | None,
    *who: str,
    receiver: bool = False,
    **needs: Any,
) -> Row:
    return Row(action, frozenset(sources), target, frozenset(who), receiver, needs)


def extension(approver: Approver, by: UUID = SOMEBODY) -> ExtensionBrief:
    return ExtensionBrief(UUID(int=6), approver, by)


def follow_up(**answers: Any) -> FollowUpBrief:
    return FollowUpBrief(UUID(int=7), **answers)


UNSOLVED = follow_up(solved=SolvedLevel.UNSOLVED)
PROPOSED = follow_up(exclusion_proposed_by=SOMEBODY)
AT_WORK = (assignment(AssignmentState.HANDLING),)
RUNNING: dict[str, Any] = {"handling_clock": ClockState.RUNNING}


ENDED = {S.CLOSED, S.FOLLOWED_UP}
PROMISED = OPEN | ENDED | {S.ARCHIVED, S.MERGED}
IN_TOUCH = ("dispatcher", "chief", "worker", "handler")
WHISTLE_FROM = {S.ACCEPTED, S.ASSIGNED, S.HANDLING, S.REOPENED}
TABLE = (
    row("accept", {S.REGISTERED}, S.ACCEPTED, "dispatcher", "system", receiver=True),
    row("refuse", {S.REGISTERED}, S.NOT_ACCEPTED, "dispatcher"),
    row("objectToRefusal", {S.NOT_ACCEPTED}, S.REGISTERED, "reporter", "dispatcher"),
    row("settleAtOnce", {S.REGISTERED, S.ACCEPTED}, S.CLOSED, receiver=True),
    row("reportUp", {S.REGISTERED, S.ACCEPTED}, None, receiver=True),
    row("classify", OPEN, None, "dispatcher"),
    row("dispatch", {S.ACCEPTED, S.REOPENED}, S.ASSIGNED, "dispatcher", "system"),
    row("draftWhistle", WHISTLE_FROM, None, "dispatcher", "chief", "worker", receiver=True),
    row("blowEmergencyWhistle", {S.REGISTERED, *WHISTLE_FROM}, None, "dispatcher"),
    row("close", {S.VERIFYING}, S.CLOSED, "dispatcher"),
    row("recordFollowUp", {S.CLOSED}, S.FOLLOWED_UP, "caller"),
    row("rateResult", {S.CLOSED, S.FOLLOWED_UP, S.ARCHIVED}, None, "reporter"),
    row("withdraw", OPEN, S.CANCELLED, "reporter"),
    row("appointAgent", {S.ACCEPTED, S.ASSIGNED}, S.HANDLING, "dispatcher", "chief"),
    row("requestExtension", OPEN, None, "dispatcher", "handler", assignments=AT_WORK, **RUNNING),
    row("decideExtension", OPEN, None, "leader", extension=extension(Approver.STREET_CHIEF)),
    row("shortenDeadline", OPEN, None, "leader", "county", **RUNNING),
    row("suspend", {S.HANDLING}, S.SUSPENDED, "leader", "county", **RUNNING),
    row("reviewSuspension", {S.SUSPENDED}, None, "dispatcher", "leader", "county"),
    row("resume", {S.SUSPENDED}, S.HANDLING, "dispatcher", "leader", "county", "system"),
    row("pauseDeadline", {S.ASSIGNED, S.HANDLING}, None, "dispatcher", **RUNNING),
    row("resumeDeadline", {S.ASSIGNED, S.HANDLING}, None, "dispatcher", handling_clock=ClockState.PAUSED),
    row("merge", OPEN, S.MERGED, "dispatcher"),
    row("unmerge", {S.MERGED}, S.ACCEPTED, "dispatcher"),
    row("proposeExclusion", ENDED, None, "caller", "dispatcher", follow_up=UNSOLVED),
    row("decideExclusion", ENDED, None, "leader", "county", follow_up=PROPOSED),
    row("reviewFollowUp", {S.FOLLOWED_UP}, None, "leader", follow_up=UNSOLVED),
    row("reopen", ENDED, S.REOPENED, "dispatcher"),
    row("archive", ENDED, S.ARCHIVED, "dispatcher", "system"),
    row("raiseLevel", OPEN, None, "dispatcher", "chief", "county"),
    row("sendDown", OPEN, None, "dispatcher", "county"),
    row("transferLegal", OPEN, S.CLOSED, "dispatcher"),
    row("requestVoid", OPEN, None, "dispatcher", "leader"),
    row("decideVoid", OPEN, S.CANCELLED, "leader", void_requested_by=SOMEBODY),
    row("setDisclosure", OPEN | ENDED, None, "dispatcher"),
    row("recordCommunication", OPEN | ENDED, None, *IN_TOUCH, receiver=True, assignments=AT_WORK),
    row("putOnAgenda", OPEN, None, "dispatcher", "chief", "leader"),
    row("recordMeetingDecision", OPEN, None, "dispatcher", "chief", "leader", open_meetings=1),
    row("growCampaign", OPEN | ENDED, None, "dispatcher", "leader"),
    row("joinCampaign", OPEN | ENDED, None, "dispatcher", "leader"),
    row("makePromise", OPEN | ENDED, None, *IN_TOUCH, receiver=True, assignments=AT_WORK),
    row("publishPromise", OPEN | ENDED, None, "dispatcher", promises=1),
    row("settlePromise", PROMISED, None, *IN_TOUCH, receiver=True, assignments=AT_WORK, open_promises=1),
    row(
        "scorePromise", PROMISED, None, *IN_TOUCH, "caller", "reporter", receiver=True, assignments=AT_WORK, promises=1
    ),
)
ROWS = pytest.mark.parametrize("row", TABLE, ids=lambda row: row.action)


def test_the_table_has_exactly_the_rows_of_this_test() -> None:
    known = {step.action for step in CASE_MACHINE.steps}
    assert {each.action for each in TABLE} <= known
    assert known - {each.action for each in TABLE} == set()


def test_open_is_what_the_reference_calls_open() -> None:
    assert set(CaseState) - OPEN == {S.NOT_ACCEPTED, S.CLOSED, S.FOLLOWED_UP, S.MERGED, S.CANCELLED, S.ARCHIVED}


def somebody_who_may(row: Row) -> tuple[Viewer, dict[str, Any]]:
    if row.who:
        return EVERYBODY[min(row.who)], {}
    return DISPATCHER, {"first_receiver_id": ME}


@ROWS
@pytest.mark.parametrize("state", list(CaseState))
def test_a_step_is_allowed_from_its_states_and_no_other(row: Row, state: CaseState) -> None:
    actor, changes = somebody_who_may(row)
    case = facts(state, **changes, **row.needs)
    if state in row.sources:
        assert CASE_MACHINE.decide(row.action, case, actor).target is row.target
        return
    with pytest.raises(StateConflict) as error:
        CASE_MACHINE.decide(row.action, case, actor)
    assert (error.value.state, error.value.version) == (state, 4)
    assert row.action not in {action.name for action in error.value.allowed}


@ROWS
@pytest.mark.parametrize("name", EVERYBODY)
def test_a_step_is_for_its_parties_and_nobody_else(row: Row, name: str) -> None:
    case = facts(min(row.sources), **row.needs)
    if name in row.who:
        CASE_MACHINE.decide(row.action, case, EVERYBODY[name])
        return
    with pytest.raises(NotPermitted):
        CASE_MACHINE.decide(row.action, case, EVERYBODY[name])


@ROWS
@pytest.mark.parametrize("name", ["worker", "chief", "dispatcher"])
def test_the_first_receiver_keeps_a_part(row: Row, name: str) -> None:
    case = facts(min(row.sources), first_receiver_id=ME, **row.needs)
    if row.receiver:
        CASE_MACHINE.decide(row.action, case, EVERYBODY[name])
    elif name not in row.who:
        with pytest.raises(NotPermitted):
            CASE_MACHINE.decide(row.action, case, EVERYBODY[name])


@ROWS
def test_another_streets_people_may_nothing(row: Row) -> None:
    case = facts(min(row.sources), **row.needs)
    for role in (
        Role.STREET_DISPATCHER,
        Role.STREET_LEADER,
        Role.GRID_CHIEF,
        Role.GRID_WORKER,
        Role.FOLLOW_UP,
        Role.SYSTEM,
    ):
        with pytest.raises(NotPermitted):
            CASE_MACHINE.decide(row.action, case, viewer(role, OTHER_STREET))
    with pytest.raises(NotPermitted):
        CASE_MACHINE.decide(row.action, case, Viewer("nobody", "无"))


@pytest.mark.parametrize(
    ("action", "state", "actor", "changes"),
    [
        ("accept", S.REGISTERED, DISPATCHER, {"category_code": None}),
        ("objectToRefusal", S.NOT_ACCEPTED, REPORTER, {"refusal_objected": True}),
        ("settleAtOnce", S.REGISTERED, WORKER, {"category_code": None, "first_receiver_id": ME}),
        ("settleAtOnce", S.ACCEPTED, WORKER, {"urgency": Urgency.COMPLEX, "first_receiver_id": ME}),
        ("reportUp", S.REGISTERED, WORKER, {"level": SolvingLevel.STREET, "first_receiver_id": ME}),
        ("reportUp", S.REGISTERED, WORKER, {"level": SolvingLevel.COUNTY, "first_receiver_id": ME}),
        ("close", S.VERIFYING, DISPATCHER, {"open_whistles": 1}),
        ("close", S.VERIFYING, DISPATCHER, {"assignments": (assignment(AssignmentState.REPORTED),)}),
        ("rateResult", S.CLOSED, REPORTER, {"rated": True}),
        ("requestExtension", S.HANDLING, DISPATCHER, {}),
        ("requestExtension", S.HANDLING, DISPATCHER, {"urgency": Urgency.URGENT, **RUNNING}),
        ("requestExtension", S.HANDLING, DISPATCHER, {"extension": extension(Approver.STREET_DEPUTY), **RUNNING}),
        ("decideExtension", S.HANDLING, LEADER, {}),
        ("shortenDeadline", S.SUSPENDED, LEADER, {"handling_clock": ClockState.PAUSED}),
        ("suspend", S.HANDLING, LEADER, {"handling_clock": ClockState.PAUSED}),
        ("pauseDeadline", S.HANDLING, DISPATCHER, {"handling_clock": ClockState.PAUSED}),
        ("resumeDeadline", S.HANDLING, DISPATCHER, RUNNING),
        ("proposeExclusion", S.CLOSED, DISPATCHER, {}),
        ("proposeExclusion", S.FOLLOWED_UP, DISPATCHER, {"follow_up": PROPOSED}),
        ("proposeExclusion", S.FOLLOWED_UP, DISPATCHER, {"follow_up": follow_up(excluded=True)}),
        ("decideExclusion", S.FOLLOWED_UP, LEADER, {"follow_up": UNSOLVED}),
        ("reviewFollowUp", S.FOLLOWED_UP, LEADER, {"follow_up": follow_up(solved=SolvedLevel.SOLVED)}),
        ("reviewFollowUp", S.FOLLOWED_UP, LEADER, {"follow_up": follow_up(solved=SolvedLevel.UNSOLVED, excluded=True)}),
        ("reopen", S.FOLLOWED_UP, DISPATCHER, {"follow_up": follow_up(review_decision=ReviewDecision.NO_REOPEN)}),
        ("archive", S.FOLLOWED_UP, DISPATCHER, {"follow_up": follow_up(satisfaction=Satisfaction.DISSATISFIED)}),
        ("archive", S.CLOSED, SYSTEM, {"open_promises": 1}),
        ("archive", S.CLOSED, SYSTEM, {"open_objections": 1}),
        ("raiseLevel", S.HANDLING, COUNTY, {"level": SolvingLevel.CITY}),
        ("sendDown", S.HANDLING, DISPATCHER, {"level": SolvingLevel.GRID}),
        ("requestVoid", S.HANDLING, DISPATCHER, {"void_requested_by": SOMEBODY}),
        ("decideVoid", S.HANDLING, LEADER, {}),
        ("recordMeetingDecision", S.HANDLING, DISPATCHER, {}),
        ("publishPromise", S.HANDLING, DISPATCHER, {}),
        ("settlePromise", S.HANDLING, DISPATCHER, {"promises": 1}),
        ("scorePromise", S.HANDLING, DISPATCHER, {}),
    ],
)
def test_a_guard_refuses_by_the_state_of_things(
    action: str, state: CaseState, actor: Viewer, changes: dict[str, Any]
) -> None:
    with pytest.raises(StateConflict) as error:
        CASE_MACHINE.decide(action, facts(state, **changes), actor)
    refused = {allowed.name: allowed for allowed in error.value.allowed}[action]
    assert (refused.allowed, bool(refused.reason)) == (False, True)


@pytest.mark.parametrize(
    ("action", "state", "actor", "changes"),
    [
        ("close", S.VERIFYING, DISPATCHER, {"handlers": (ME,)}),
        ("recordFollowUp", S.CLOSED, CALLER, {"handlers": (ME,)}),
        ("recordFollowUp", S.CLOSED, CALLER, {"verifiers": (ME,)}),
        ("recordFollowUp", S.CLOSED, CALLER, {"closed_by": ME}),
        ("decideExtension", S.HANDLING, LEADER, {"extension": extension(Approver.STREET_CHIEF, ME)}),
        ("decideExclusion", S.FOLLOWED_UP, LEADER, {"follow_up": follow_up(exclusion_proposed_by=ME)}),
        ("decideVoid", S.HANDLING, LEADER, {"void_requested_by": ME}),
    ],
)
def test_nobody_decides_on_their_own_work(
    action: str, state: CaseState, actor: Viewer, changes: dict[str, Any]
) -> None:
    with pytest.raises(NotPermitted):
        CASE_MACHINE.decide(action, facts(state, **changes), actor)


@pytest.mark.parametrize(
    ("action", "state", "actor", "changes"),
    [
        ("decideExtension", S.HANDLING, DEPUTY, {"extension": extension(Approver.STREET_CHIEF)}),
        ("decideExtension", S.HANDLING, LEADER, {"extension": extension(Approver.COUNTY_GRID_OFFICE)}),
        ("decideExtension", S.HANDLING, COUNTY, {"extension": extension(Approver.STREET_DEPUTY)}),
        ("suspend", S.HANDLING, DEPUTY, {"urgency": Urgency.COMPLEX, **RUNNING}),
        ("suspend", S.HANDLING, viewer(Role.STREET_LEADER, rank=LeaderRank.LINK), RUNNING),
        ("raiseLevel", S.HANDLING, CHIEF, {"level": SolvingLevel.STREET}),
        ("raiseLevel", S.HANDLING, DISPATCHER, {"level": SolvingLevel.COUNTY}),
        ("sendDown", S.HANDLING, DISPATCHER, {"level": SolvingLevel.COUNTY}),
    ],
)
def test_a_level_decides_what_is_its_own(action: str, state: CaseState, actor: Viewer, changes: dict[str, Any]) -> None:
    """C.5 rule 7, C.3 suspend, C.6."""
    with pytest.raises(NotPermitted):
        CASE_MACHINE.decide(action, facts(state, **changes), actor)


def test_the_agent_asks_for_an_extension_and_the_lead_does_and_no_other_department() -> None:
    """C.3 requestExtension: the LEAD, which may be a 全程代办人."""
    CASE_MACHINE.decide("requestExtension", facts(S.HANDLING, agent_id=ME, **RUNNING), WORKER)
    helping = facts(S.HANDLING, assignments=(assignment(AssignmentState.HANDLING, AssignmentRole.CO),), **RUNNING)
    with pytest.raises(NotPermitted):
        CASE_MACHINE.decide("requestExtension", helping, HANDLER)


def test_inform_and_inactive_assignments_never_keep_a_case_open() -> None:
    done = (
        assignment(AssignmentState.VERIFIED),
        assignment(AssignmentState.NOTIFIED, AssignmentRole.INFORM),
        assignment(AssignmentState.EXCUSED, AssignmentRole.CO),
    )
    CASE_MACHINE.decide("close", facts(S.VERIFYING, assignments=done), DISPATCHER)


def test_available_actions_are_told_with_their_reasons() -> None:
    available = {action.name: action for action in CASE_MACHINE.available(facts(S.REGISTERED), DISPATCHER)}
    assert available["accept"].allowed
    assert not available["settleAtOnce"].allowed
    assert available["settleAtOnce"].reason
    assert "close" not in available
    assert CASE_MACHINE.acting_role("accept", facts(S.REGISTERED), DISPATCHER) is Role.STREET_DISPATCHER
    assert CASE_MACHINE.acting_role("accept", facts(S.REGISTERED), RESIDENT) is None


@pytest.mark.parametrize(
    ("state", "assignments", "expected"),
    [
        (S.ASSIGNED, (AssignmentState.NOTIFIED,), S.ASSIGNED),
        (S.ASSIGNED, (AssignmentState.HANDLING, AssignmentState.NOTIFIED), S.HANDLING),
        (S.ASSIGNED, (AssignmentState.REPORTED,), S.VERIFYING),
        (S.HANDLING, (AssignmentState.REPORTED, AssignmentState.HANDLING), S.HANDLING),
        (S.HANDLING, (AssignmentState.REPORTED, AssignmentState.RELEASED), S.VERIFYING),
        (S.VERIFYING, (AssignmentState.RETURNED, AssignmentState.VERIFIED), S.HANDLING),
        (S.HANDLING, (), S.HANDLING),
        (S.ACCEPTED, (AssignmentState.HANDLING,), S.ACCEPTED),
        (S.CLOSED, (AssignmentState.RETURNED,), S.CLOSED),
    ],
)
def test_the_computed_rows(state: CaseState, assignments: tuple[AssignmentState, ...], expected: CaseState) -> None:
    assert computed_case_state(state, tuple(map(assignment, assignments))) is expected


@pytest.mark.parametrize(
    ("actor", "place", "role"),
    [
        (DISPATCHER, GRID, Role.STREET_DISPATCHER),
        (DISPATCHER, OTHER_STREET, None),
        (DISPATCHER, None, Role.STREET_DISPATCHER),
        (WORKER, OTHER_STREET, Role.GRID_WORKER),
        (RESIDENT, GRID, Role.RESIDENT),
        (HANDLER, GRID, Role.DEPT_HANDLER),
        (LEADER, GRID, None),
        (Viewer("nobody", "无"), GRID, None),
    ],
)
def test_who_registers_where(actor: Viewer, place: str | None, role: Role | None) -> None:
    assert may_register(actor, place) is role
