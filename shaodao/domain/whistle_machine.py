"""The whistle's transition table (reference C.4) and its computed steps."""

from shaodao.domain.case_machine import CASE_MACHINE, case_part
from shaodao.domain.facts import REPORTED_OR_LATER, VERIFIED_OR_LATER, AssignmentBrief, CaseFacts, WhistleFacts
from shaodao.domain.machine import Machine, Part, Refusal, Step, is_account, party
from shaodao.domain.permissions import Viewer
from shaodao.domain.vocabulary import AssignmentRole, LeaderRank, Role, SolvingLevel, WhistleKind, WhistleState

IN_THE_FIELD = frozenset(
    {WhistleState.BLOWN, WhistleState.GATHERING, WhistleState.HANDLING, WhistleState.REPORTED, WhistleState.VERIFIED}
)
"""Blown and not yet closed."""

OPEN = IN_THE_FIELD | {WhistleState.DRAFTED, WhistleState.PENDING_APPROVAL}
"""The states in which a whistle is open."""

_DEPUTY_MAY_APPROVE = frozenset({WhistleKind.ROUTINE, WhistleKind.JOINT_ENFORCEMENT})


def not_the_drafter(facts: WhistleFacts, viewer: Viewer) -> Refusal | None:
    """Nobody approves what they drafted (C.7)."""
    if is_account(viewer, facts.drafted_by):
        return Refusal("起草人不能审批自己的哨", "the drafter cannot approve the whistle", permission=True)
    return None


def rank_suffices(facts: WhistleFacts, viewer: Viewer) -> Refusal | None:
    """A DEPUTY approves ROUTINE and JOINT_ENFORCEMENT, the CHIEF every kind (decision 4)."""
    ranks = {grant.rank for grant in viewer.grants_of(Role.STREET_LEADER) if grant.covers(facts.case.place)}
    if LeaderRank.CHIEF in ranks or (LeaderRank.DEPUTY in ranks and facts.kind in _DEPUTY_MAY_APPROVE):
        return None
    return Refusal(
        "该类哨须由更高职级的街道领导审批", "this kind of whistle needs a leader of higher rank", permission=True
    )


def is_emergency(facts: WhistleFacts, _: Viewer) -> Refusal | None:
    """Direct blowing and later confirmation are for EMERGENCY only (C.4)."""
    return None if facts.kind is WhistleKind.EMERGENCY else Refusal("仅限应急哨", "only for an EMERGENCY whistle")


def not_the_issuer(facts: WhistleFacts, viewer: Viewer) -> Refusal | None:
    """An emergency is confirmed by somebody else than its issuer (C.4 confirm)."""
    if is_account(viewer, facts.blown_by):
        return Refusal("吹哨人不能补批自己的哨", "the issuer cannot confirm the whistle", permission=True)
    return None


def not_confirmed(facts: WhistleFacts, _: Viewer) -> Refusal | None:
    """A whistle is confirmed once."""
    return Refusal("已补批", "the whistle was confirmed already") if facts.confirmed_at else None


def case_takes_a_whistle(facts: WhistleFacts, _: Viewer) -> Refusal | None:
    """The case may have moved on since the draft (C.3 blowWhistle)."""
    if facts.case.state in CASE_MACHINE.step("draftWhistle").sources:
        return None
    return Refusal(
        f"案件已是“{facts.case.state.label}”，不能再吹哨", f"the case is {facts.case.state} and takes no whistle"
    )


def dispatcher_only_in_emergency(facts: WhistleFacts, viewer: Viewer) -> Refusal | None:
    """Departments are added by the dispatcher in an emergency, else by a leader (C.4 addDepartment, changeLead)."""
    leader = any(grant.covers(facts.case.place) for grant in viewer.grants_of(Role.STREET_LEADER))
    if leader or facts.kind is WhistleKind.EMERGENCY:
        return None
    return Refusal(
        "非应急哨须由街道领导增派或变更主办", "only a leader changes the departments of this kind", permission=True
    )


def nobody_arrived(facts: WhistleFacts, _: Viewer) -> Refusal | None:
    """A blown whistle is withdrawn only while none has arrived (C.4 withdraw)."""
    return (
        Refusal("已有部门到场，不能撤哨", "a department has arrived")
        if any(a.arrived_at for a in facts.active)
        else None
    )


def closer_is_no_handler(facts: WhistleFacts, viewer: Viewer) -> Refusal | None:
    """消哨 is done by another person than any handler (C.4 close)."""
    if viewer.account_id in facts.case.handlers:
        return Refusal("经办人不能消哨", "a handler cannot close the whistle", permission=True)
    return None


def a_department_to_rate(facts: WhistleFacts, _: Viewer) -> Refusal | None:
    """The street rates each department that owed a report once."""
    if all(a.organization_code in facts.rated_organizations for a in facts.owing):
        return Refusal("各单位均已评价", "every department was rated already")
    return None


def not_judged(facts: WhistleFacts, _: Viewer) -> Refusal | None:
    """The county judges a whistle once."""
    return Refusal("区网格办已评", "the county has judged the whistle already") if facts.judged else None


def below_the_city(facts: WhistleFacts, _: Viewer) -> Refusal | None:
    """The city is the highest level (C.4 escalate)."""
    if facts.level is SolvingLevel.CITY:
        return Refusal("已在最高层级", "the whistle already stands on the highest level")
    return None


def something_was_rated(facts: WhistleFacts, _: Viewer) -> Refusal | None:
    """There is a rating to object to."""
    if facts.judged or facts.rated_organizations:
        return None
    return Refusal("尚无评价", "nothing was rated yet")


def an_objection_waits(facts: WhistleFacts, _: Viewer) -> Refusal | None:
    """There is an objection to decide."""
    return None if facts.open_objections else Refusal("没有待裁定的评价异议", "no objection to a rating waits")


def whistle_part(part: Part, facts: WhistleFacts, viewer: Viewer) -> bool:
    """Whether the viewer has the part in this whistle."""
    if part is Part.DRAFTER:
        return is_account(viewer, facts.drafted_by)
    return case_part(part, facts.case, viewer)


_DRAFTERS = (
    party(Role.STREET_DISPATCHER, Part.DRAFTER),
    party(Role.GRID_CHIEF, Part.DRAFTER),
    party(Role.GRID_WORKER, Part.DRAFTER),
)
_DISPATCHER = (party(Role.STREET_DISPATCHER),)
_LEADER = (party(Role.STREET_LEADER),)
_APPROVERS = (party(Role.STREET_LEADER, None, LeaderRank.DEPUTY, LeaderRank.CHIEF),)
_COUNTY = (party(Role.COUNTY_GRID_OFFICE),)
_PENDING = frozenset({WhistleState.PENDING_APPROVAL})
_DRAFTED = frozenset({WhistleState.DRAFTED})
_ENDED = frozenset({WhistleState.CLOSED, WhistleState.EVALUATED})


def _case_of(facts: WhistleFacts) -> CaseFacts:
    return facts.case


WHISTLE_MACHINE: Machine[WhistleState, WhistleFacts] = Machine(
    name="whistle",
    state_of=lambda facts: facts.state,
    case_of=_case_of,
    has_part=whistle_part,
    steps=(
        Step("revise", "修改", _DRAFTED, None, _DRAFTERS),
        Step("submit", "报批", _DRAFTED, WhistleState.PENDING_APPROVAL, (*_DRAFTERS, *_DISPATCHER)),
        Step(
            "approve", "批准吹哨", _PENDING, WhistleState.BLOWN, _APPROVERS,
            (not_the_drafter, rank_suffices, case_takes_a_whistle),
        ),
        Step("reject", "驳回", _PENDING, WhistleState.REJECTED, _APPROVERS, (not_the_drafter, rank_suffices)),
        Step("sendBack", "退回修改", _PENDING, WhistleState.DRAFTED, _APPROVERS, (not_the_drafter, rank_suffices)),
        Step("blowEmergency", "应急直吹", _DRAFTED, WhistleState.BLOWN, _DISPATCHER, (is_emergency, case_takes_a_whistle)),
        Step(
            "confirm", "补批", IN_THE_FIELD | _ENDED, None, _APPROVERS, (is_emergency, not_the_issuer, not_confirmed),
        ),
        Step("addDepartment", "增派", IN_THE_FIELD, None, (*_LEADER, *_DISPATCHER), (dispatcher_only_in_emergency,)),
        Step("changeLead", "变更主办", IN_THE_FIELD, None, (*_LEADER, *_DISPATCHER), (dispatcher_only_in_emergency,)),
        Step("callJointMeeting", "召集联席会议", OPEN, None, (*_LEADER, *_DISPATCHER)),
        Step("escalate", "提级", IN_THE_FIELD, None, (*_LEADER, *_DISPATCHER, *_COUNTY), (below_the_city,)),
        Step(
            "withdraw", "撤哨", frozenset({WhistleState.DRAFTED, WhistleState.PENDING_APPROVAL, WhistleState.BLOWN}),
            WhistleState.WITHDRAWN, (*_DRAFTERS, *_LEADER), (nobody_arrived,),
        ),
        Step("close", "消哨", frozenset({WhistleState.VERIFIED}), WhistleState.CLOSED, _DISPATCHER, (closer_is_no_handler,)),
        Step("rateDepartment", "街道评部门", _ENDED, None, _LEADER, (a_department_to_rate,)),
        Step("judge", "区网格办评哨", _ENDED, None, _COUNTY, (not_judged,)),
        Step(
            "objectToRating", "对评价提出异议", _ENDED, None, (party(Role.DEPT_HANDLER, Part.ORGANIZATION), *_LEADER),
            (something_was_rated,),
        ),
        Step("decideRatingObjection", "裁定评价异议", _ENDED, None, (*_LEADER, *_COUNTY), (an_objection_waits,)),
    ),
)  # fmt: skip
"""C.4, whistle, as one table; draft has no source state and is the case's step draftWhistle."""


def computed_whistle_state(
    state: WhistleState, assignments: tuple[AssignmentBrief, ...], remote_allowed: bool
) -> WhistleState:
    """Where a whistle in the field stands after an assignment's step: the *computed* rows of C.4."""
    if state not in IN_THE_FIELD:
        return state
    owing = tuple(a for a in assignments if a.role is not AssignmentRole.INFORM)
    if owing and all(a.state in VERIFIED_OR_LATER for a in owing):
        return WhistleState.VERIFIED
    if owing and all(a.state in REPORTED_OR_LATER for a in owing):
        return WhistleState.REPORTED
    present = [_is_present(a, remote_allowed) for a in owing]
    if present and all(present):
        return WhistleState.HANDLING
    return WhistleState.GATHERING if any(present) else WhistleState.BLOWN


def _is_present(assignment: AssignmentBrief, remote_allowed: bool) -> bool:
    """Arrived, or at work from afar where the whistle allows it."""
    if assignment.arrived_at is not None:
        return True
    return (remote_allowed or not assignment.arrival_required) and assignment.started_at is not None


def is_evaluated(facts: WhistleFacts) -> bool:
    """EVALUATED 已评价: the street has rated each department that owed a report, and the county has judged the whistle."""
    return facts.judged and all(a.organization_code in facts.rated_organizations for a in facts.owing)
