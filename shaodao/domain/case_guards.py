"""The guards of the case's transition table (reference C.3): each says in Chinese and in English why it refuses."""

from shaodao.domain.case_vocabulary import Approver, ReviewDecision
from shaodao.domain.facts import REPORTED_OR_LATER, VERIFIED_OR_LATER, AssignmentBrief, CaseFacts
from shaodao.domain.machine import Refusal, is_account
from shaodao.domain.permissions import Viewer
from shaodao.domain.vocabulary import (
    AssignmentRole,
    ClockState,
    LeaderRank,
    Role,
    Satisfaction,
    SolvedLevel,
    SolvingLevel,
    Urgency,
)


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


def knows_the_reporter(facts: CaseFacts, viewer: Viewer) -> Refusal | None:
    """A department is not told who reported in confidence, and so was in touch with nobody (C.7 guardrail 5)."""
    others = (grant for grant in viewer.grants if grant.role is not Role.DEPT_HANDLER)
    own = is_account(viewer, facts.first_receiver_id) or is_account(viewer, facts.agent_id)
    if not facts.confidential or own or any(grant.covers(facts.place) for grant in others):
        return None
    return Refusal(
        "诉求人保密，由街道与其沟通", "the reporter is confidential: the street is in touch", permission=True
    )


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


def no_whistle_names_the_lead(facts: CaseFacts, _: Viewer) -> Refusal | None:
    """全程代办 is for general matters (Z-32): where a whistle is open, that names who leads."""
    return Refusal("哨未销，不能指定全程代办人", "an open whistle names the LEAD") if facts.open_whistles else None


def not_rated_before(facts: CaseFacts, _: Viewer) -> Refusal | None:
    """The reporter rates the result once."""
    return Refusal("已评价过", "the result was rated already") if facts.rated else None


def owing(assignments: tuple[AssignmentBrief, ...]) -> tuple[AssignmentBrief, ...]:
    """The assignments that owe a report: INFORM never blocks (C.4 invariants)."""
    return tuple(a for a in assignments if a.role is not AssignmentRole.INFORM)


def all_reported(assignments: tuple[AssignmentBrief, ...]) -> bool:
    """Whether there is a report to wait for, and none is missing."""
    due = owing(assignments)
    return bool(due) and all(a.state in REPORTED_OR_LATER for a in due)


def handling_clock_runs(facts: CaseFacts, _: Viewer) -> Refusal | None:
    """Only a clock that runs is extended, shortened or paused (C.5 rules 7, 9, 10)."""
    if facts.handling_clock is ClockState.RUNNING:
        return None
    return Refusal("办理时限未在计时", "the handling clock does not run")


def handling_clock_paused(facts: CaseFacts, _: Viewer) -> Refusal | None:
    """Only a clock that pauses goes on (C.5 rule 9)."""
    if facts.handling_clock is ClockState.PAUSED:
        return None
    return Refusal("办理时限未暂停", "the handling clock is not paused")


def not_urgent(facts: CaseFacts, _: Viewer) -> Refusal | None:
    """An urgent case is not extended but reclassified (C.5 rule 7)."""
    if facts.urgency is Urgency.URGENT:
        return Refusal("急办件不能延期，请重新分类", "an URGENT case is not extended; reclassify it")
    return None


def no_extension_waits(facts: CaseFacts, _: Viewer) -> Refusal | None:
    """One request at a time."""
    return Refusal("已有延期申请待审批", "a request for extension waits already") if facts.extension else None


def an_extension_waits(facts: CaseFacts, _: Viewer) -> Refusal | None:
    """There is something to decide."""
    return None if facts.extension else Refusal("没有待审批的延期申请", "no request for extension waits")


def decides_the_extension(facts: CaseFacts, viewer: Viewer) -> Refusal | None:
    """The approver by level, and never who asked for it (C.5 rule 7)."""
    if facts.extension is None:
        return None
    leads = (a.organization_code for a in facts.active if a.role is AssignmentRole.LEAD and a.agent_id is None)
    if is_account(viewer, facts.extension.requested_by) or any(code in viewer.organizations for code in leads):
        return Refusal("申请人及主办单位不能审批自己的延期", "who asked for it cannot decide it", permission=True)
    if facts.extension.approver in approvers(facts, viewer):
        return None
    return Refusal(
        f"该延期须由{facts.extension.approver.label}审批",
        f"{facts.extension.approver} decides this extension",
        permission=True,
    )


def approves_a_suspension(facts: CaseFacts, viewer: Viewer) -> Refusal | None:
    """挂账 is approved by level: GENERAL by a deputy, the others by the chief or the county (C.3 suspend)."""
    needed = Approver.STREET_DEPUTY if facts.urgency is Urgency.GENERAL else Approver.STREET_CHIEF
    found = approvers(facts, viewer)
    if needed in found or Approver.COUNTY_GRID_OFFICE in found:
        return None
    return Refusal(f"该案件挂账须由{needed.label}审批", f"{needed} approves this suspension", permission=True)


def approvers(facts: CaseFacts, viewer: Viewer) -> frozenset[Approver]:
    """As which approvers the viewer may decide on this case. A chief decides what a deputy may."""
    ranks = {grant.rank for grant in viewer.grants_of(Role.STREET_LEADER) if grant.covers(facts.place)}
    county = any(grant.covers(facts.place) for grant in viewer.grants_of(Role.COUNTY_GRID_OFFICE))
    found = {Approver.COUNTY_GRID_OFFICE} if county else set()
    if LeaderRank.CHIEF in ranks:
        found |= {Approver.STREET_CHIEF, Approver.STREET_DEPUTY}
    elif LeaderRank.DEPUTY in ranks:
        found.add(Approver.STREET_DEPUTY)
    return frozenset(found)


def something_to_exclude(facts: CaseFacts, _: Viewer) -> Refusal | None:
    """A follow-up of this round that still counts, and no proposal waits (B.2 剔除)."""
    call = facts.follow_up
    if call is None or call.excluded or call.exclusion_proposed_by is not None:
        return Refusal("没有可剔除的回访", "there is no follow-up to exclude")
    return None


def an_exclusion_waits(facts: CaseFacts, _: Viewer) -> Refusal | None:
    """There is a proposal to decide."""
    call = facts.follow_up
    if call is None or call.exclusion_proposed_by is None or call.excluded:
        return Refusal("没有待审批的剔除申请", "no exclusion waits for a decision")
    return None


def not_the_excluder(facts: CaseFacts, viewer: Viewer) -> Refusal | None:
    """剔除 takes two people (B.2)."""
    if facts.follow_up is not None and is_account(viewer, facts.follow_up.exclusion_proposed_by):
        return Refusal("提出人不能审批自己的剔除申请", "who proposed it cannot decide it", permission=True)
    return None


def review_is_due(facts: CaseFacts) -> bool:
    """Whether the newest follow-up says unsolved, solved in part or dissatisfied, and nobody has reviewed it (C.3 reopen)."""
    call = facts.follow_up
    if call is None or call.excluded or call.review_decision is not None:
        return False
    unsolved = call.solved in (SolvedLevel.UNSOLVED, SolvedLevel.PARTIAL)
    return unsolved or call.satisfaction is Satisfaction.DISSATISFIED


def a_review_is_due(facts: CaseFacts, _: Viewer) -> Refusal | None:
    """A review answers an unsolved or dissatisfied follow-up."""
    return None if review_is_due(facts) else Refusal("没有待复核的回访", "no follow-up waits for a review")


def not_reviewed_as_final(facts: CaseFacts, _: Viewer) -> Refusal | None:
    """Where the review decided NO_REOPEN the case stays closed (C.9 point 11)."""
    if facts.follow_up is not None and facts.follow_up.review_decision is ReviewDecision.NO_REOPEN:
        return Refusal("复核已决定不重办", "the review has decided not to reopen")
    return None


def no_review_due(facts: CaseFacts, _: Viewer) -> Refusal | None:
    """An unsolved or dissatisfied answer is reviewed before the case is reopened or archived (C.3 reopen, archive)."""
    return Refusal("回访未解决或不满意，须先复核", "a review is due") if review_is_due(facts) else None


def nothing_left_open(facts: CaseFacts, _: Viewer) -> Refusal | None:
    """No open promise and no open objection (C.3 archive)."""
    if facts.open_promises:
        return Refusal("仍有履行中的承诺", "a promise is open")
    return Refusal("仍有未裁定的异议", "an objection is open") if facts.open_objections else None


def may_be_raised(facts: CaseFacts, viewer: Viewer) -> Refusal | None:
    """A level raises to the next one: the community to the street, the street to the county, the county to the city (C.6)."""
    if facts.level is SolvingLevel.CITY:
        return Refusal("已在最高层级", "the case already stands on the highest level")
    below = {SolvingLevel.GRID, SolvingLevel.COMMUNITY}
    county = any(grant.covers(facts.place) for grant in viewer.grants_of(Role.COUNTY_GRID_OFFICE))
    street = any(grant.covers(facts.place) for grant in viewer.grants_of(Role.STREET_DISPATCHER))
    if county or facts.level in below or (street and facts.level is SolvingLevel.STREET):
        return None
    raiser = "街道指挥中心" if facts.level is SolvingLevel.STREET else "县(区)网格办"
    return Refusal(
        f"已在{facts.level.label}层级，须由{raiser}提级",
        "the level on which the case stands raises it",
        permission=True,
    )


def may_be_sent_down(facts: CaseFacts, viewer: Viewer) -> Refusal | None:
    """The level on which the case stands, or one above it, sends it down (C.6)."""
    if facts.level is SolvingLevel.GRID:
        return Refusal("已在网格层级", "the case already stands on grid level")
    if facts.level in (SolvingLevel.COUNTY, SolvingLevel.CITY) and not any(
        grant.covers(facts.place) for grant in viewer.grants_of(Role.COUNTY_GRID_OFFICE)
    ):
        return Refusal("须由县(区)网格办下派", "the county grid office sends this case down", permission=True)
    return None


def no_void_waits(facts: CaseFacts, _: Viewer) -> Refusal | None:
    """One request at a time."""
    return Refusal("已有作废申请待审批", "a request to void waits") if facts.void_requested_by else None


def a_void_waits(facts: CaseFacts, _: Viewer) -> Refusal | None:
    """There is something to decide."""
    return None if facts.void_requested_by else Refusal("没有待审批的作废申请", "no request to void waits")


def not_the_voider(facts: CaseFacts, viewer: Viewer) -> Refusal | None:
    """作废 takes a leader and a second person (C.3 void)."""
    if is_account(viewer, facts.void_requested_by):
        return Refusal("申请人不能审批自己的作废申请", "who asked to void cannot decide it", permission=True)
    return None


def a_meeting_is_open(facts: CaseFacts, _: Viewer) -> Refusal | None:
    """There is a meeting whose decision is awaited."""
    return None if facts.open_meetings else Refusal("没有待作出决定的会议", "no meeting awaits its decision")


def a_promise_is_open(facts: CaseFacts, _: Viewer) -> Refusal | None:
    """There is a promise that is neither kept nor broken."""
    return None if facts.open_promises else Refusal("没有履行中的承诺", "no promise is open")


def a_promise_was_made(facts: CaseFacts, _: Viewer) -> Refusal | None:
    """There is a promise."""
    return None if facts.promises else Refusal("没有承诺", "there is no promise")
