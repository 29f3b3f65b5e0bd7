"""The assignment's transition table 报到 (reference C.4)."""

from shaodao.domain.case_machine import case_part
from shaodao.domain.case_vocabulary import Approver
from shaodao.domain.facts import AssignmentFacts, CaseFacts
from shaodao.domain.machine import Machine, Part, Refusal, Step, is_account, party
from shaodao.domain.permissions import Viewer
from shaodao.domain.vocabulary import AssignmentRole, AssignmentState, Role, WhistleKind, WhistleState

OPEN = frozenset(
    {
        AssignmentState.NOTIFIED,
        AssignmentState.ACKNOWLEDGED,
        AssignmentState.OBJECTED,
        AssignmentState.ARRIVED,
        AssignmentState.HANDLING,
        AssignmentState.REPORTED,
        AssignmentState.RETURNED,
    }
)
"""The states in which an assignment is open."""

STARTABLE = frozenset({AssignmentState.ACKNOWLEDGED, AssignmentState.ARRIVED, AssignmentState.RETURNED})
"""The states from which handling starts; a report implies the start."""

_NOT_RELEASED_BEFORE = frozenset({WhistleState.VERIFIED, WhistleState.CLOSED, WhistleState.EVALUATED})


def owes_a_report(facts: AssignmentFacts, _: Viewer) -> Refusal | None:
    """INFORM is read, not handled (C.2.3)."""
    return (
        Refusal("知会单位只需阅知", "an INFORM assignment is only read")
        if facts.role is AssignmentRole.INFORM
        else None
    )


def is_inform(facts: AssignmentFacts, _: Viewer) -> Refusal | None:
    """阅知 is for INFORM only."""
    return (
        None
        if facts.role is AssignmentRole.INFORM
        else Refusal("主办、协办单位须应哨", "LEAD and CO acknowledge instead")
    )


def arrived_if_demanded(facts: AssignmentFacts, _: Viewer) -> Refusal | None:
    """Handling starts without arrival only where none is demanded (C.4 start)."""
    if facts.arrived_at is None and facts.arrival_required and not facts.remote_allowed:
        return Refusal("须先到场报到", "arrival comes first")
    return None


def no_lead(facts: AssignmentFacts, _: Viewer) -> Refusal | None:
    """LEAD cannot be excused without changeLead (C.4 invariants)."""
    if facts.role is AssignmentRole.LEAD:
        return Refusal("主办单位不能免予反馈，请先变更主办", "the LEAD cannot be excused; change the lead first")
    return None


def verifier_is_no_handler(facts: AssignmentFacts, viewer: Viewer) -> Refusal | None:
    """The handler never verifies their own work, nor that of the organization that they act for (C.9 point 4)."""
    own = facts.agent_id is None and facts.organization_code in viewer.organizations
    if own or viewer.account_id in facts.case.handlers:
        return Refusal("经办人不能核查自己办理的事项", "a handler cannot verify their own work", permission=True)
    return None


def nobody_leaves_before_verified(facts: AssignmentFacts, _: Viewer) -> Refusal | None:
    """事不完、人不撤: nobody is released before the whistle is VERIFIED (C.4 close)."""
    if facts.whistle_state is None or facts.whistle_state in _NOT_RELEASED_BEFORE:
        return None
    return Refusal("事不完、人不撤：全部核查通过前不能离场", "nobody is released before every report is verified")


def a_question_waits(facts: AssignmentFacts, _: Viewer) -> Refusal | None:
    """There is something to answer."""
    return None if facts.open_questions else Refusal("没有待答复的问题", "no question waits for an answer")


def declared_arrival(facts: AssignmentFacts, _: Viewer) -> Refusal | None:
    """The street confirms an arrival that nothing else proves (C.4 arrive)."""
    if facts.arrived_at is not None and facts.arrival_proof == "DECLARED":
        return None
    return Refusal("没有待确认的到场", "no arrival waits for confirmation")


def not_directed(facts: AssignmentFacts, _: Viewer) -> Refusal | None:
    """After two rounds of objection it is directed and stands (C.4 raiseObjection)."""
    return Refusal("已指定办理，不能再提异议", "the assignment was directed and stands") if facts.directed else None


def arrive_first(facts: AssignmentFacts, _: Viewer) -> Refusal | None:
    """Emergency: 先到场、后争议. Elsewhere who has arrived has taken the matter on (C.4 raiseObjection)."""
    emergency = facts.whistle_kind is WhistleKind.EMERGENCY
    if emergency and facts.arrived_at is None:
        return Refusal("应急哨先到场、后争议", "in an emergency arrive first, argue later")
    if not emergency and facts.state is AssignmentState.ARRIVED:
        return Refusal("已到场，不能再提派单异议", "who has arrived has taken the matter on")
    return None


def decides_the_objection(facts: AssignmentFacts, viewer: Viewer) -> Refusal | None:
    """The street on the first round, the county on the second; never the objector (C.4 decideObjection)."""
    if is_account(viewer, facts.objected_by) or facts.organization_code in viewer.organizations:
        return Refusal("异议人及其单位不能裁定自己的异议", "the objector cannot decide", permission=True)
    county = any(grant.covers(facts.case.place) for grant in viewer.grants_of(Role.COUNTY_GRID_OFFICE))
    needs_county = facts.objection_arbiter is Approver.COUNTY_GRID_OFFICE
    if county is needs_county:
        return None
    who = "县(区)网格办" if needs_county else "街道"
    english = "the county grid office decides" if needs_county else "the street decides"
    return Refusal(f"该异议由{who}裁定", english, permission=True)


def assignment_part(part: Part, facts: AssignmentFacts, viewer: Viewer) -> bool:
    """Whether the viewer has the part in this assignment."""
    if part is Part.ORGANIZATION:
        return facts.agent_id is None and facts.organization_code in viewer.organizations
    if part is Part.AGENT:
        return is_account(viewer, facts.agent_id)
    return case_part(part, facts.case, viewer)


_OWN = (
    party(Role.DEPT_HANDLER, Part.ORGANIZATION),
    party(Role.GRID_WORKER, Part.AGENT),
    party(Role.GRID_CHIEF, Part.AGENT),
)
_OBJECTING = (party(Role.DEPT_HANDLER, Part.ORGANIZATION),)
_DISPATCHER = (party(Role.STREET_DISPATCHER),)
_OWN_OR_PHONED = (*_OWN, *_DISPATCHER)
_LEADER = (party(Role.STREET_LEADER),)
_ANSWERERS = (
    *_DISPATCHER,
    party(Role.GRID_CHIEF),
    party(Role.GRID_WORKER),
    party(Role.GRID_WORKER, Part.FIRST_RECEIVER),
    party(Role.STREET_LEADER),
)
_NOTIFIED = frozenset({AssignmentState.NOTIFIED})
_REPORTED = frozenset({AssignmentState.REPORTED})
_AT_WORK = STARTABLE | {AssignmentState.HANDLING}


def _case_of(facts: AssignmentFacts) -> CaseFacts:
    return facts.case


ASSIGNMENT_MACHINE: Machine[AssignmentState, AssignmentFacts] = Machine(
    name="assignment",
    state_of=lambda facts: facts.state,
    case_of=_case_of,
    has_part=assignment_part,
    steps=(
        Step("acknowledge", "应哨", _NOTIFIED, AssignmentState.ACKNOWLEDGED, _OWN_OR_PHONED, (owes_a_report,)),
        Step("read", "阅知", _NOTIFIED, AssignmentState.READ, _OWN, (is_inform,)),
        Step(
            "arrive", "到场报到", frozenset({AssignmentState.NOTIFIED, AssignmentState.ACKNOWLEDGED}), AssignmentState.ARRIVED,
            _OWN_OR_PHONED, (owes_a_report,),
        ),
        Step(
            "raiseObjection", "派单异议",
            frozenset({AssignmentState.NOTIFIED, AssignmentState.ACKNOWLEDGED, AssignmentState.ARRIVED}), AssignmentState.OBJECTED,
            _OBJECTING, (owes_a_report, not_directed, arrive_first),
        ),
        Step(
            "decideObjection", "裁定异议", frozenset({AssignmentState.OBJECTED}), None,
            (*_DISPATCHER, *_LEADER, party(Role.COUNTY_GRID_OFFICE)), (decides_the_objection,),
        ),
        Step("confirmArrival", "确认到场", OPEN, None, _DISPATCHER, (declared_arrival,)),
        Step("start", "开始处置", STARTABLE, AssignmentState.HANDLING, _OWN, (owes_a_report, arrived_if_demanded)),
        Step("reportProgress", "阶段反馈", _AT_WORK, AssignmentState.HANDLING, _OWN, (owes_a_report, arrived_if_demanded)),
        Step("reportResult", "反馈办结", _AT_WORK, AssignmentState.REPORTED, _OWN, (owes_a_report, arrived_if_demanded)),
        Step(
            "fileFieldCheck", "现场核查", _REPORTED, None,
            (party(Role.GRID_WORKER), party(Role.GRID_CHIEF)), (verifier_is_no_handler,),
        ),
        Step("verify", "核查通过", _REPORTED, AssignmentState.VERIFIED, _DISPATCHER, (verifier_is_no_handler,)),
        Step("returnReport", "退回重办", _REPORTED, AssignmentState.RETURNED, _DISPATCHER, (verifier_is_no_handler,)),
        Step("excuse", "免予反馈", OPEN, AssignmentState.EXCUSED, _LEADER, (no_lead,)),
        Step("ask", "补充信息", OPEN, None, _OWN),
        Step("answer", "答复", OPEN, None, _ANSWERERS, (a_question_waits,)),
        Step(
            "release", "离场", frozenset({AssignmentState.VERIFIED}), AssignmentState.RELEASED, _DISPATCHER,
            (nobody_leaves_before_verified,),
        ),
    ),
)  # fmt: skip
"""C.4, assignment, as one table; notify has no source state and comes with a dispatch or a whistle."""
