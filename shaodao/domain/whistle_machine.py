"""The whistle's transition table (reference C.4) and its computed steps."""

from shaodao.domain.case_machine import CASE_MACHINE, case_part
from shaodao.domain.facts import (
    REPORTED_OR_LATER,
    VERIFIED_OR_LATER,
    AssignmentBrief,
    CaseFacts,
    RatingBrief,
    WhistleFacts,
)
from shaodao.domain.machine import Machine, Part, Refusal, Step, is_account, party
from shaodao.domain.permissions import Viewer
from shaodao.domain.vocabulary import (
    AssignmentRole,
    EvaluatorKind,
    LeaderRank,
    Role,
    SolvingLevel,
    WhistleKind,
    WhistleState,
)

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


_ESCALATED = frozenset({SolvingLevel.COUNTY, SolvingLevel.CITY})


def _holds(role: Role, facts: WhistleFacts, viewer: Viewer) -> bool:
    return any(grant.covers(facts.case.place) for grant in viewer.grants_of(role))


def county_only_after_escalation(facts: WhistleFacts, viewer: Viewer) -> Refusal | None:
    """The county may take the lead over once the whistle was escalated 提级 (C.4 escalate)."""
    street = _holds(Role.STREET_LEADER, facts, viewer) or _holds(Role.STREET_DISPATCHER, facts, viewer)
    if street or facts.level in _ESCALATED:
        return None
    return Refusal(
        "哨提级后县(区)网格办方可接管", "the county takes over a whistle that was escalated", permission=True
    )


def dispatcher_only_in_emergency(facts: WhistleFacts, viewer: Viewer) -> Refusal | None:
    """Departments are added by the dispatcher in an emergency, else by a leader (C.4 addDepartment, changeLead).

    In an escalated whistle the county grid office may do it too.
    """
    if facts.kind is WhistleKind.EMERGENCY or _holds(Role.STREET_LEADER, facts, viewer):
        return None
    if facts.level in _ESCALATED and _holds(Role.COUNTY_GRID_OFFICE, facts, viewer):
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


def did_not_blow_it(facts: WhistleFacts, viewer: Viewer) -> Refusal | None:
    """The county judges the street's whistle: nobody their own 不得自评 (C.8 双考核)."""
    if is_account(viewer, facts.drafted_by) or is_account(viewer, facts.blown_by):
        return Refusal("起草人、吹哨人不能评自己的哨", "who drafted or blew it cannot judge it", permission=True)
    return None


def not_judged(facts: WhistleFacts, _: Viewer) -> Refusal | None:
    """The county judges a whistle once."""
    return Refusal("区网格办已评", "the county has judged the whistle already") if facts.judged else None


def below_the_city(facts: WhistleFacts, _: Viewer) -> Refusal | None:
    """The city is the highest level (C.4 escalate)."""
    if facts.level is SolvingLevel.CITY:
        return Refusal("已在最高层级", "the whistle already stands on the highest level")
    return None


def escalates_from_its_level(facts: WhistleFacts, viewer: Viewer) -> Refusal | None:
    """The street escalates to the county, and only the county to the city (C.6)."""
    if facts.level not in _ESCALATED or _holds(Role.COUNTY_GRID_OFFICE, facts, viewer):
        return None
    return Refusal("须由县(区)网格办再提级", "the county grid office escalates to the city", permission=True)


def may_object(rating: RatingBrief, facts: WhistleFacts, viewer: Viewer) -> bool:
    """Whether the rating is of the viewer's side: a department's own, or for a street leader the county's of the whistle."""
    if rating.evaluator_kind is EvaluatorKind.STREET:
        return rating.organization_code in viewer.organizations
    return any(grant.covers(facts.case.place) for grant in viewer.grants_of(Role.STREET_LEADER))


def something_to_object_to(facts: WhistleFacts, viewer: Viewer) -> Refusal | None:
    """There is a rating of the viewer's side to which nobody objected; each is objected to once."""
    own = [rating for rating in facts.ratings if may_object(rating, facts, viewer)]
    if not own:
        return Refusal("尚无对本方的评价", "nothing of your side was rated yet")
    if all(rating.objected for rating in own):
        return Refusal("已提出过评价异议", "a rating is objected to once")
    return None


def neither_rater_nor_objector(rating: RatingBrief, viewer: Viewer) -> bool:
    """An objection to a rating is decided by a third person."""
    return not (is_account(viewer, rating.evaluator_id) or is_account(viewer, rating.objected_by))


def an_objection_waits(facts: WhistleFacts, viewer: Viewer) -> Refusal | None:
    """There is an objection that somebody else than its rater and its objector may decide."""
    waiting = [rating for rating in facts.ratings if rating.waits]
    if not waiting:
        return Refusal("没有待裁定的评价异议", "no objection to a rating waits")
    if not any(neither_rater_nor_objector(rating, viewer) for rating in waiting):
        return Refusal(
            "评价人、异议人不能裁定该异议", "the rater and the objector cannot decide the objection", permission=True
        )
    return None


def whistle_part(part: Part, facts: WhistleFacts, viewer: Viewer) -> bool:
    """Whether the viewer has the part in this whistle."""
    if part is Part.DRAFTER:
        return is_account(viewer, facts.drafted_by)
    if part is Part.ORGANIZATION:  # of this whistle, whatever round the case is in now
        return any(a.organization_code in viewer.organizations for a in facts.active)
    return case_part(part, facts.case, viewer)


_DRAFTERS = (
    party(Role.STREET_DISPATCHER, Part.DRAFTER),
    party(Role.GRID_CHIEF, Part.DRAFTER),
    party(Role.GRID_WORKER, Part.DRAFTER),
    party(Role.DEPT_HANDLER, Part.DRAFTER),
)
_DISPATCHER = (party(Role.STREET_DISPATCHER),)
_LEADER = (party(Role.STREET_LEADER),)
_APPROVERS = (party(Role.STREET_LEADER, None, LeaderRank.DEPUTY, LeaderRank.CHIEF),)
_COUNTY = (party(Role.COUNTY_GRID_OFFICE),)
_CHANGING = (*_LEADER, *_DISPATCHER, *_COUNTY)
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
        Step("addDepartment", "增派", IN_THE_FIELD, None, _CHANGING, (county_only_after_escalation, dispatcher_only_in_emergency)),
        Step("changeLead", "变更主办", IN_THE_FIELD, None, _CHANGING, (county_only_after_escalation, dispatcher_only_in_emergency)),
        Step("callJointMeeting", "召集联席会议", OPEN, None, (*_LEADER, *_DISPATCHER)),
        Step("escalate", "提级", IN_THE_FIELD, None, (*_LEADER, *_DISPATCHER, *_COUNTY), (below_the_city, escalates_from_its_level)),
        Step(
            "withdraw", "撤哨", frozenset({WhistleState.DRAFTED, WhistleState.PENDING_APPROVAL, WhistleState.BLOWN}),
            WhistleState.WITHDRAWN, (*_DRAFTERS, *_LEADER), (nobody_arrived,),
        ),
        Step("close", "消哨", frozenset({WhistleState.VERIFIED}), WhistleState.CLOSED, _DISPATCHER, (closer_is_no_handler,)),
        Step("rateDepartment", "街道评部门", _ENDED, None, _LEADER, (a_department_to_rate,)),
        Step("judge", "区网格办评哨", _ENDED, None, _COUNTY, (did_not_blow_it, not_judged)),
        Step(
            "objectToRating", "对评价提出异议", _ENDED, None, (party(Role.DEPT_HANDLER, Part.ORGANIZATION), *_LEADER),
            (something_to_object_to,),
        ),
        Step("decideRatingObjection", "裁定评价异议", _ENDED, None, _COUNTY, (an_objection_waits,)),
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
