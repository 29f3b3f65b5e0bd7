"""The case's transition table (reference C.3) and its computed steps."""

from shaodao.domain.facts import REPORTED_OR_LATER, VERIFIED_OR_LATER, AssignmentBrief, CaseFacts
from shaodao.domain.machine import Machine, Part, Refusal, Step, is_account, party
from shaodao.domain.permissions import Viewer
from shaodao.domain.vocabulary import AssignmentRole, AssignmentState, CaseState, Role, SolvingLevel, Urgency

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


def category_is_set(facts: CaseFacts, _: Viewer) -> Refusal | None:
    """A case is accepted with a category (C.3 accept)."""
    return None if facts.category_code else Refusal("尚未确定诉求分类", "the category is not set")


def not_complex(facts: CaseFacts, _: Viewer) -> Refusal | None:
    """即接即办 is not for COMPLEX matters (C.3 settleAtOnce)."""
    return (
        Refusal("复杂诉求不能即接即办", "a COMPLEX case cannot be settled at once")
        if facts.urgency is Urgency.COMPLEX
        else None
    )


def below_street(facts: CaseFacts, _: Viewer) -> Refusal | None:
    """Only what still stands below the street is reported up (C.6)."""
    if facts.level in (SolvingLevel.GRID, SolvingLevel.COMMUNITY):
        return None
    return Refusal("已在街道层级", "the case already stands on street level")


def not_objected_before(facts: CaseFacts, _: Viewer) -> Refusal | None:
    """The reporter may object to a refusal once (C.3 refuse)."""
    return Refusal("不予受理只能异议一次", "a refusal can be objected to once") if facts.refusal_objected else None


def not_a_handler(facts: CaseFacts, viewer: Viewer) -> Refusal | None:
    """The handler never verifies their own work (C.9 point 4)."""
    if viewer.account_id in facts.handlers:
        return Refusal("经办人不能核查自己办理的事项", "a handler cannot verify their own work", permission=True)
    return None


def neither_handler_nor_verifier(facts: CaseFacts, viewer: Viewer) -> Refusal | None:
    """The follow-up caller is a third person (C.9 point 4)."""
    if (
        viewer.account_id in facts.handlers
        or viewer.account_id in facts.verifiers
        or is_account(viewer, facts.closed_by)
    ):
        return Refusal(
            "经办人、核查人不能回访", "the handler and the verifier cannot make the follow-up call", permission=True
        )
    return None


def every_report_verified(facts: CaseFacts, _: Viewer) -> Refusal | None:
    """A case closes when every report is verified (C.3 close)."""
    if all(a.state in VERIFIED_OR_LATER for a in owing(facts.active)):
        return None
    return Refusal("仍有反馈未核查通过", "a report is not verified yet")


def no_open_whistle(facts: CaseFacts, _: Viewer) -> Refusal | None:
    """With a whistle open, its 消哨 closes the case (C.3 close)."""
    return Refusal("请通过消哨办结", "the last whistle's closing closes the case") if facts.open_whistles else None


def not_rated_before(facts: CaseFacts, _: Viewer) -> Refusal | None:
    """The reporter rates the result once."""
    return Refusal("已评价过", "the result was rated already") if facts.rated else None


def owing(assignments: tuple[AssignmentBrief, ...]) -> tuple[AssignmentBrief, ...]:
    """The assignments that owe a report: INFORM never blocks (C.4 invariants)."""
    return tuple(a for a in assignments if a.role is not AssignmentRole.INFORM)


def case_part(part: Part, facts: CaseFacts, viewer: Viewer) -> bool:
    """Whether the viewer has the part in this case."""
    if part is Part.FIRST_RECEIVER:
        return is_account(viewer, facts.first_receiver_id)
    if part is Part.REPORTER:
        return viewer.person_id is not None and viewer.person_id == facts.reporter_person_id
    if part is Part.ORGANIZATION:
        return any(a.organization_code in viewer.organizations for a in facts.active)
    return False


_FIRST_RECEIVERS = (
    party(Role.GRID_WORKER, Part.FIRST_RECEIVER),
    party(Role.GRID_CHIEF, Part.FIRST_RECEIVER),
    party(Role.STREET_DISPATCHER, Part.FIRST_RECEIVER),
)
_DISPATCHER = (party(Role.STREET_DISPATCHER),)
_WHISTLE_FROM = frozenset({CaseState.ACCEPTED, CaseState.ASSIGNED, CaseState.HANDLING, CaseState.REOPENED})
_BEFORE_DISPATCH = frozenset({CaseState.REGISTERED, CaseState.ACCEPTED})

CASE_MACHINE: Machine[CaseState, CaseFacts] = Machine(
    name="case",
    state_of=lambda facts: facts.state,
    case_of=lambda facts: facts,
    has_part=case_part,
    steps=(
        Step(
            "accept", "受理", frozenset({CaseState.REGISTERED}), CaseState.ACCEPTED,
            (party(Role.SYSTEM), *_DISPATCHER, *_FIRST_RECEIVERS), (category_is_set,),
        ),
        Step("refuse", "不予受理", frozenset({CaseState.REGISTERED}), CaseState.NOT_ACCEPTED, _DISPATCHER),
        Step(
            "objectToRefusal", "对不予受理提出异议", frozenset({CaseState.NOT_ACCEPTED}), CaseState.REGISTERED,
            (party(Role.RESIDENT, Part.REPORTER), *_DISPATCHER), (not_objected_before,),
        ),
        Step(
            "settleAtOnce", "即接即办", _BEFORE_DISPATCH, CaseState.CLOSED, _FIRST_RECEIVERS, (category_is_set, not_complex),
        ),
        Step("reportUp", "上报街道", _BEFORE_DISPATCH, None, _FIRST_RECEIVERS, (below_street,)),
        Step("classify", "分类", OPEN, None, _DISPATCHER),
        Step(
            "dispatch", "派单", frozenset({CaseState.ACCEPTED, CaseState.REOPENED}), CaseState.ASSIGNED,
            (*_DISPATCHER, party(Role.SYSTEM)),
        ),
        Step(
            "draftWhistle", "起草吹哨", _WHISTLE_FROM, None,
            (*_DISPATCHER, party(Role.GRID_CHIEF), party(Role.GRID_WORKER), party(Role.GRID_WORKER, Part.FIRST_RECEIVER)),
        ),
        Step(
            "blowEmergencyWhistle", "应急直吹", _WHISTLE_FROM | {CaseState.REGISTERED}, None, _DISPATCHER,
        ),
        Step(
            "close", "核查办结", frozenset({CaseState.VERIFYING}), CaseState.CLOSED, _DISPATCHER,
            (not_a_handler, no_open_whistle, every_report_verified),
        ),
        Step(
            "recordFollowUp", "回访", frozenset({CaseState.CLOSED}), CaseState.FOLLOWED_UP,
            (party(Role.FOLLOW_UP),), (neither_handler_nor_verifier,),
        ),
        Step(
            "rateResult", "评价结果", frozenset({CaseState.CLOSED, CaseState.FOLLOWED_UP, CaseState.ARCHIVED}), None,
            (party(Role.RESIDENT, Part.REPORTER),), (not_rated_before,),
        ),
        Step("withdraw", "撤回", OPEN, CaseState.CANCELLED, (party(Role.RESIDENT, Part.REPORTER),)),
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
    due = owing(assignments)
    reported = bool(due) and all(a.state in REPORTED_OR_LATER for a in due)
    return CaseState.VERIFYING if reported else CaseState.HANDLING


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
