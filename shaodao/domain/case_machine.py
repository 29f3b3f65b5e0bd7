"""The case's transition table (reference C.3) and its computed steps."""

from shaodao.domain import case_guards as guards
from shaodao.domain.facts import AssignmentBrief, CaseFacts
from shaodao.domain.machine import Machine, Part, Step, is_account, party
from shaodao.domain.permissions import Viewer
from shaodao.domain.vocabulary import AssignmentRole, AssignmentState, CaseState, LeaderRank, Role

OPEN = frozenset(
    {
        CaseState.REGISTERED,
        CaseState.ACCEPTED,
        CaseState.ASSIGNED,
        CaseState.HANDLING,
        CaseState.SUSPENDED,
        CaseState.VERIFYING,
        CaseState.REOPENED,
    }
)
"""The states in which a case is open."""


def case_part(part: Part, facts: CaseFacts, viewer: Viewer) -> bool:
    """Whether the viewer has the part in this case."""
    if part is Part.FIRST_RECEIVER:
        return is_account(viewer, facts.first_receiver_id)
    if part is Part.REPORTER:
        return viewer.person_id is not None and viewer.person_id == facts.reporter_person_id
    if part is Part.ORGANIZATION:
        # Who is only informed 知会 has no part in the work, and is not told who reported.
        working = (a for a in facts.active if a.agent_id is None and a.role is not AssignmentRole.INFORM)
        return any(a.organization_code in viewer.organizations for a in working)
    if part is Part.LEAD:
        leads = (a for a in facts.active if a.role is AssignmentRole.LEAD and a.agent_id is None)
        return any(a.organization_code in viewer.organizations for a in leads)
    if part is Part.AGENT:
        return is_account(viewer, facts.agent_id)
    return False


_FIRST_RECEIVERS = (
    party(Role.GRID_WORKER, Part.FIRST_RECEIVER),
    party(Role.GRID_CHIEF, Part.FIRST_RECEIVER),
    party(Role.STREET_DISPATCHER, Part.FIRST_RECEIVER),
)
_DISPATCHER = (party(Role.STREET_DISPATCHER),)
_CHIEF = (party(Role.GRID_CHIEF),)
_LEADER = (party(Role.STREET_LEADER),)
_APPROVING = (party(Role.STREET_LEADER, None, LeaderRank.DEPUTY, LeaderRank.CHIEF),)
_COUNTY = (party(Role.COUNTY_GRID_OFFICE),)
_AGENT = (party(Role.GRID_WORKER, Part.AGENT), party(Role.GRID_CHIEF, Part.AGENT))
_IN_TOUCH = (
    *_DISPATCHER, *_CHIEF, party(Role.GRID_WORKER), party(Role.GRID_WORKER, Part.FIRST_RECEIVER), *_AGENT,
    party(Role.DEPT_HANDLER, Part.ORGANIZATION),
)  # fmt: skip
"""Who deals with the reporter."""
_WHISTLE_FROM = frozenset({CaseState.ACCEPTED, CaseState.ASSIGNED, CaseState.HANDLING, CaseState.REOPENED})
_ENDED = frozenset({CaseState.CLOSED, CaseState.FOLLOWED_UP})
_BEFORE_DISPATCH = frozenset({CaseState.REGISTERED, CaseState.ACCEPTED})
_PROMISED = OPEN | _ENDED | {CaseState.ARCHIVED, CaseState.MERGED}

CASE_MACHINE: Machine[CaseState, CaseFacts] = Machine(
    name="case",
    state_of=lambda facts: facts.state,
    case_of=lambda facts: facts,
    has_part=case_part,
    steps=(
        Step(
            "accept", "受理", frozenset({CaseState.REGISTERED}), CaseState.ACCEPTED,
            (party(Role.SYSTEM), *_DISPATCHER, *_FIRST_RECEIVERS), (guards.category_is_set,),
        ),
        Step("refuse", "不予受理", frozenset({CaseState.REGISTERED}), CaseState.NOT_ACCEPTED, _DISPATCHER),
        Step(
            "objectToRefusal", "对不予受理提出异议", frozenset({CaseState.NOT_ACCEPTED}), CaseState.REGISTERED,
            (party(Role.RESIDENT, Part.REPORTER), *_DISPATCHER), (guards.not_objected_before,),
        ),
        Step(
            "settleAtOnce", "即接即办", _BEFORE_DISPATCH, CaseState.CLOSED, _FIRST_RECEIVERS, (guards.category_is_set, guards.not_complex),
        ),
        Step("reportUp", "上报街道", _BEFORE_DISPATCH, None, _FIRST_RECEIVERS, (guards.below_street,)),
        Step("classify", "分类", OPEN, None, _DISPATCHER),
        Step(
            "dispatch", "派单", frozenset({CaseState.ACCEPTED, CaseState.REOPENED}), CaseState.ASSIGNED,
            (*_DISPATCHER, party(Role.SYSTEM)),
        ),
        Step(
            "draftWhistle", "起草吹哨", _WHISTLE_FROM, None,
            (
                *_DISPATCHER, party(Role.GRID_CHIEF), party(Role.GRID_WORKER), party(Role.GRID_WORKER, Part.FIRST_RECEIVER),
                party(Role.DEPT_HANDLER, Part.ORGANIZATION),
            ),
        ),
        Step(
            "blowEmergencyWhistle", "应急直吹", _WHISTLE_FROM | {CaseState.REGISTERED}, None, _DISPATCHER,
        ),
        Step(
            "close", "核查办结", frozenset({CaseState.VERIFYING}), CaseState.CLOSED, _DISPATCHER,
            (guards.not_a_handler, guards.no_open_whistle, guards.every_report_verified),
        ),
        Step(
            "recordFollowUp", "回访", frozenset({CaseState.CLOSED}), CaseState.FOLLOWED_UP,
            (party(Role.FOLLOW_UP),), (guards.neither_handler_nor_verifier,),
        ),
        Step(
            "rateResult", "评价结果", frozenset({CaseState.CLOSED, CaseState.FOLLOWED_UP, CaseState.ARCHIVED}), None,
            (party(Role.RESIDENT, Part.REPORTER),), (guards.not_rated_before,),
        ),
        Step("withdraw", "撤回", OPEN, CaseState.CANCELLED, (party(Role.RESIDENT, Part.REPORTER),)),
        Step(
            "appointAgent", "指定全程代办人", frozenset({CaseState.ACCEPTED, CaseState.ASSIGNED}), CaseState.HANDLING,
            (*_DISPATCHER, *_CHIEF), (guards.no_whistle_names_the_lead,),
        ),
        # The deadline (C.5 rules 7 to 10).
        Step(
            "requestExtension", "申请延期", OPEN, None, (party(Role.DEPT_HANDLER, Part.LEAD), *_AGENT, *_DISPATCHER),
            (guards.handling_clock_runs, guards.not_urgent, guards.no_extension_waits),
        ),
        Step(
            "decideExtension", "审批延期", OPEN, None, (*_APPROVING, *_COUNTY),
            (guards.an_extension_waits, guards.decides_the_extension),
        ),
        Step("shortenDeadline", "缩短时限", OPEN, None, (*_APPROVING, *_COUNTY), (guards.handling_clock_runs,)),
        Step(
            "suspend", "挂账", frozenset({CaseState.HANDLING}), CaseState.SUSPENDED, (*_APPROVING, *_COUNTY),
            (guards.approves_a_suspension, guards.handling_clock_runs),
        ),
        Step("reviewSuspension", "挂账复核", frozenset({CaseState.SUSPENDED}), None, (*_DISPATCHER, *_APPROVING, *_COUNTY)),
        Step(
            "resume", "恢复办理", frozenset({CaseState.SUSPENDED}), CaseState.HANDLING,
            (*_DISPATCHER, *_APPROVING, *_COUNTY, party(Role.SYSTEM)),
        ),
        Step(
            "pauseDeadline", "暂停计时", frozenset({CaseState.ASSIGNED, CaseState.HANDLING}), None, _DISPATCHER,
            (guards.handling_clock_runs,),
        ),
        Step(
            "resumeDeadline", "恢复计时", frozenset({CaseState.ASSIGNED, CaseState.HANDLING}), None, _DISPATCHER,
            (guards.handling_clock_paused,),
        ),
        # The same matter twice.
        Step("merge", "并单", OPEN, CaseState.MERGED, _DISPATCHER),
        Step("unmerge", "取消并单", frozenset({CaseState.MERGED}), CaseState.ACCEPTED, _DISPATCHER),
        # After closing.
        Step(
            "proposeExclusion", "申请剔除回访", _ENDED, None, (party(Role.FOLLOW_UP), *_DISPATCHER), (guards.something_to_exclude,),
        ),
        Step(
            "decideExclusion", "审批剔除", _ENDED, None, (*_LEADER, *_COUNTY),
            (guards.an_exclusion_waits, guards.not_the_excluder),
        ),
        Step("reviewFollowUp", "复核回访", frozenset({CaseState.FOLLOWED_UP}), None, _LEADER, (guards.a_review_is_due,)),
        Step("reopen", "重办", _ENDED, CaseState.REOPENED, _DISPATCHER, (guards.no_review_due, guards.not_reviewed_as_final)),
        Step(
            "archive", "归档", _ENDED, CaseState.ARCHIVED, (*_DISPATCHER, party(Role.SYSTEM)),
            (guards.no_review_due, guards.nothing_left_open),
        ),
        # Levels and ways out (C.6).
        Step("raiseLevel", "提级", OPEN, None, (*_DISPATCHER, *_CHIEF, *_COUNTY), (guards.may_be_raised,)),
        Step("sendDown", "下派", OPEN, None, (*_DISPATCHER, *_COUNTY), (guards.may_be_sent_down,)),
        Step("transferLegal", "移送法定途径", OPEN, CaseState.CLOSED, _DISPATCHER),
        Step("requestVoid", "申请作废", OPEN, None, (*_DISPATCHER, *_LEADER), (guards.no_void_waits,)),
        Step(
            "decideVoid", "审批作废", OPEN, CaseState.CANCELLED, _LEADER, (guards.a_void_waits, guards.not_the_voider),
        ),
        # What goes with it.
        Step("setDisclosure", "设定公开与保密", OPEN | _ENDED, None, _DISPATCHER),
        Step("recordCommunication", "记录沟通", OPEN | _ENDED, None, _IN_TOUCH, (guards.knows_the_reporter,)),
        Step("putOnAgenda", "提交研判", OPEN, None, (*_DISPATCHER, *_CHIEF, *_LEADER)),
        Step(
            "recordMeetingDecision", "记录会议决定", OPEN, None, (*_DISPATCHER, *_CHIEF, *_LEADER), (guards.a_meeting_is_open,),
        ),
        Step("growCampaign", "发起专项整治", OPEN | _ENDED, None, (*_DISPATCHER, *_LEADER)),
        Step("joinCampaign", "纳入专项整治", OPEN | _ENDED, None, (*_DISPATCHER, *_LEADER)),
        Step("makePromise", "作出承诺", OPEN | _ENDED, None, _IN_TOUCH),
        Step("publishPromise", "公开承诺", OPEN | _ENDED, None, _DISPATCHER, (guards.a_promise_was_made,)),
        # A promise is kept, and scored, whatever has become of its case (Z-49).
        Step("settlePromise", "确认承诺兑现情况", _PROMISED, None, _IN_TOUCH, (guards.a_promise_is_open,)),
        Step(
            "scorePromise", "评价承诺", _PROMISED, None,
            (*_IN_TOUCH, party(Role.FOLLOW_UP), party(Role.RESIDENT, Part.REPORTER)),
            (guards.a_promise_was_made,),
        ),
    ),
)  # fmt: skip
"""C.3 as one table; register has no source state and is decided by ``may_register``."""

_STARTED = frozenset(
    {
        AssignmentState.HANDLING,
        AssignmentState.REPORTED,
        AssignmentState.RETURNED,
        AssignmentState.VERIFIED,
        AssignmentState.RELEASED,
    }
)


def computed_case_state(state: CaseState, assignments: tuple[AssignmentBrief, ...]) -> CaseState:
    """Where the case stands after an assignment's step: the *computed* rows of C.3. ``assignments`` are the active ones."""
    if state is CaseState.ASSIGNED and any(a.state in _STARTED for a in assignments):
        state = CaseState.HANDLING
    if state not in (CaseState.HANDLING, CaseState.VERIFYING):
        return state
    return CaseState.VERIFYING if guards.all_reported(assignments) else CaseState.HANDLING


def may_register(viewer: Viewer, place: str | None) -> Role | None:
    """The role in which the viewer may register a case at ``place`` (a division or grid code; None: not known yet)."""
    for role in (
        Role.STREET_DISPATCHER,
        Role.GRID_CHIEF,
        Role.GRID_WORKER,
        Role.RESIDENT,
        Role.DEPT_HANDLER,
        Role.SYSTEM,
    ):
        for grant in viewer.grants_of(role):
            if place is None or role in (Role.RESIDENT, Role.GRID_WORKER, Role.GRID_CHIEF):
                return role
            if grant.covers(place):
                return role
    return None
