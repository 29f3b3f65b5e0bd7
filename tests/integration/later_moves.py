"""The actions of a case's later life as moves of the random walks; see ``machine_moves``."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from uuid import UUID

from shaodao.commands import (
    agents,
    archiving,
    campaigns,
    communications,
    deadlines,
    disclosure,
    escalations,
    exclusions,
    extensions,
    legal_ways,
    levels,
    meetings,
    merging,
    objections,
    promises,
    rating_objections,
    reopening,
    suspensions,
    voiding,
)
from shaodao.commands.deadlines import PauseInput
from shaodao.commands.evaluations import Judgement, Scores
from shaodao.commands.facts import read_whistle
from shaodao.commands.meetings import MeetingDecision, MeetingInput
from shaodao.commands.objections import Ruling
from shaodao.commands.suspensions import SuspensionInput
from shaodao.commands.transaction import Outcome, Transaction
from shaodao.domain.case_vocabulary import (
    CommunicationKind,
    ExclusionReason,
    PauseReason,
    ReviewDecision,
    SuspensionKind,
)
from shaodao.domain.deadlines import DeadlineUnit
from shaodao.domain.vocabulary import EvaluatorKind, ObjectionReason, Role

Command = Callable[[Transaction, UUID, int], Awaitable[Outcome]]
NOBODY = UUID(int=0)

_OTHER_CASE = """
SELECT id FROM case_file WHERE county_code = $1 AND id <> $2 AND merged_into IS NULL
    AND state IN ('REGISTERED', 'ACCEPTED') ORDER BY registered_at DESC, id DESC LIMIT 1
"""
_OTHER_CAMPAIGN = """
SELECT c.id FROM campaign c WHERE c.county_code = $1 AND c.state = 'RUNNING' AND NOT EXISTS (
    SELECT FROM campaign_case m WHERE m.county_code = $1 AND m.campaign_id = c.id AND m.case_id = $2
) ORDER BY c.started_at DESC, c.id DESC LIMIT 1
"""
_MEMBER = """
SELECT m.account_id FROM team_member m JOIN team t ON t.county_code = $1 AND t.id = m.team_id
JOIN case_file c ON c.county_code = $1 AND c.grid_code = t.grid_code JOIN account_roles r ON r.account_id = m.account_id
WHERE m.county_code = $1 AND c.id = $2 AND m.left_on IS NULL AND r.role = 'GRID_WORKER' ORDER BY m.id LIMIT 1
"""
_LEVEL = "SELECT level, category_code FROM case_file WHERE county_code = $1 AND id = $2"
_DUTY = """
SELECT code FROM duty_list_items WHERE holder_level = $1 AND category_code = $2 AND list <> 'TAKEN_BACK' ORDER BY code LIMIT 1
"""
_PROMISE = """
SELECT id FROM promise WHERE county_code = $1 AND case_id = $2 AND (state = 'IN_PROGRESS') = $3
ORDER BY made_at DESC, id DESC LIMIT 1
"""
_MEETING = "SELECT id FROM meeting WHERE county_code = $1 AND case_id = $2 AND decided_at IS NULL ORDER BY called_at, id LIMIT 1"
_DUE = "SELECT due_at FROM case_file WHERE county_code = $1 AND id = $2"


async def _find(tx: Transaction, statement: str, *keys: object) -> UUID:
    found: UUID | None = await tx.connection.fetchval(statement, tx.county, *keys)
    return found or NOBODY


async def appoint_agent(tx: Transaction, it: UUID, _: int) -> Outcome:
    return await agents.appoint_agent(tx, it, account_id=await _find(tx, _MEMBER, it))


async def merge(tx: Transaction, it: UUID, _: int) -> Outcome:
    return await merging.merge(tx, it, main_case_id=await _find(tx, _OTHER_CASE, it), reason="同一事项")


async def shorten(tx: Transaction, it: UUID, _: int) -> Outcome:
    due_at = await tx.connection.fetchval(_DUE, tx.county, it) or tx.now
    return await deadlines.shorten(tx, it, due_at=due_at - timedelta(hours=2), reason="汛期将至")


async def send_down(tx: Transaction, it: UUID, _: int) -> Outcome:
    case = await tx.connection.fetchrow(_LEVEL, tx.county, it)
    assert case is not None
    below = {"CITY": "COUNTY", "COUNTY": "STREET"}.get(case["level"], "COMMUNITY")
    code = await tx.connection.fetchval(_DUTY, below, case["category_code"])
    return await levels.send_down(tx, it, duty_item_code=code or "NONE", reason="属本级履职事项")


async def join_campaign(tx: Transaction, it: UUID, _: int) -> Outcome:
    return await campaigns.join(tx, it, campaign_id=await _find(tx, _OTHER_CAMPAIGN, it))


async def publish_promise(tx: Transaction, it: UUID, pick: int) -> Outcome:
    return await promises.publish(tx, await _find(tx, _PROMISE, it, pick % 2 == 0))


async def settle_promise(tx: Transaction, it: UUID, pick: int) -> Outcome:
    return await promises.settle(tx, await _find(tx, _PROMISE, it, True), fulfilled=pick % 2 == 0, text="已核实")


async def score_promise(tx: Transaction, it: UUID, _: int) -> Outcome:
    citizen = tx.actor.person_id is not None or bool(tx.actor.grants_of(Role.STREET_DISPATCHER, Role.FOLLOW_UP))
    return await promises.score(tx, await _find(tx, _PROMISE, it, False), score=88, citizen=citizen)


async def record_decision(tx: Transaction, it: UUID, _: int) -> Outcome:
    return await meetings.record_meeting_decision(tx, await _find(tx, _MEETING, it), MeetingDecision("由街道牵头推进"))


async def object_to_rating(tx: Transaction, it: UUID, _: int) -> Outcome:
    ratings = (await read_whistle(tx, it)).ratings
    own = [r.id for r in ratings if r.organization_code in tx.actor.organizations]
    county = [r.id for r in ratings if r.organization_code is None and not tx.actor.organizations]
    target = next(iter(own + county), NOBODY)
    return await rating_objections.object_to_rating(tx, it, evaluation_id=target, text="与事实不符")


async def decide_rating(tx: Transaction, it: UUID, pick: int) -> Outcome:
    ratings = (await read_whistle(tx, it)).ratings
    waiting = next((r for r in ratings if r.waits and r.evaluator_id != tx.actor.account_id), None)
    granted, street = pick % 2 == 0, waiting is not None and waiting.evaluator_kind is EvaluatorKind.STREET
    return await rating_objections.decide_rating_objection(
        tx, it, evaluation_id=waiting.id if waiting else NOBODY, granted=granted, text="经核实",
        scores=Scores(90, 90, 90) if granted and street else None, judgement=Judgement(True) if granted and not street else None,
    )  # fmt: skip


def meeting(tx: Transaction) -> MeetingInput:
    return MeetingInput("协调主办、协办分工", tx.now + timedelta(days=1), "街道会议室", ("CG", "JJ"))


def ruling(pick: int, organizations: tuple[str, ...]) -> Ruling:
    if pick % 2:
        return Ruling(False, "属你单位职责")
    return Ruling(True, "确非你单位职责", organizations[pick % len(organizations)])


def later_moves(organizations: tuple[str, ...]) -> dict[str, dict[str, Command]]:
    """By machine and action; ``organizations``: to whom an assignment may go on."""
    return {
        "case": {
            "appointAgent": appoint_agent,
            "requestExtension": lambda tx, it, pick: extensions.request(
                tx, it, unit=DeadlineUnit.WORKING_DAY, amount=1 + pick % 12, reason="需履行法定程序"
            ),
            "decideExtension": lambda tx, it, pick: extensions.decide(tx, it, granted=pick % 2 == 0, text="已核实"),
            "shortenDeadline": shorten,
            "suspend": lambda tx, it, _: suspensions.suspend(
                tx, it, SuspensionInput(SuspensionKind.ENGINEERING, "列入明年计划", "应急泵值守", 30)
            ),
            "reviewSuspension": lambda tx, it, _: suspensions.review(tx, it, text="仍待施工"),
            "resume": lambda tx, it, _: suspensions.resume(tx, it, reason="具备施工条件"),
            "pauseDeadline": lambda tx, it, _: deadlines.pause(
                tx, it, PauseInput(PauseReason.RESIDENT_MATERIAL, "等待产权证明")
            ),
            "resumeDeadline": lambda tx, it, _: deadlines.resume(tx, it, reason="材料已补齐"),
            "merge": merge,
            "unmerge": lambda tx, it, _: merging.unmerge(tx, it, reason="并非同一事项"),
            "proposeExclusion": lambda tx, it, _: exclusions.propose_exclusion(
                tx, it, kind=ExclusionReason.UNREASONABLE, reason="诉求不合理", evidence="通话录音"
            ),
            "decideExclusion": lambda tx, it, pick: exclusions.decide_exclusion(
                tx, it, granted=pick % 2 == 0, text="已核实"
            ),
            "reviewFollowUp": lambda tx, it, pick: reopening.review(
                tx, it, decision=list(ReviewDecision)[pick % 2], reason="已复核"
            ),
            "reopen": lambda tx, it, _: reopening.reopen(tx, it, reason="夜间反弹"),
            "archive": lambda tx, it, _: archiving.archive(tx, it),
            "raiseLevel": lambda tx, it, _: levels.raise_level(
                tx, it, tried="社区两次协调", why_not_here="无执法权", help_wanted="请街道牵头"
            ),
            "sendDown": send_down,
            "transferLegal": lambda tx, it, _: legal_ways.transfer_to_legal_way(
                tx, it, body="临澜区人民法院", number="(2026)示民初1号", explanation="已进入诉讼程序"
            ),
            "requestVoid": lambda tx, it, _: voiding.request_void(tx, it, reason="误登记"),
            "decideVoid": lambda tx, it, pick: voiding.decide_void(tx, it, granted=pick % 3 == 0, text="已核实"),
            "setDisclosure": lambda tx, it, pick: disclosure.set_disclosure(
                tx, it, public=pick % 2 == 0, reason="按规定公开"
            ),
            "recordCommunication": lambda tx, it, pick: communications.record_communication(
                tx, it, kind=list(CommunicationKind)[pick % 4], text="已与诉求人沟通"
            ),
            "putOnAgenda": lambda tx, it, _: meetings.put_on_agenda(tx, it, meeting(tx)),
            "recordMeetingDecision": record_decision,
            "growCampaign": lambda tx, it, _: campaigns.grow(
                tx, it, name="僵尸车专项整治", scope="全街道", starts_on=tx.today, ends_on=tx.today + timedelta(days=30)
            ),
            "joinCampaign": join_campaign,
            "makePromise": lambda tx, it, _: promises.make(
                tx, it, content="每日巡查两次", due_on=tx.today + timedelta(days=3)
            ),
            "publishPromise": publish_promise,
            "settlePromise": settle_promise,
            "scorePromise": score_promise,
        },
        "whistle": {
            "callJointMeeting": lambda tx, it, _: meetings.call_joint_meeting(tx, it, meeting(tx)),
            "escalate": lambda tx, it, _: escalations.escalate(tx, it, "部门意见不一"),
            "objectToRating": object_to_rating,
            "decideRatingObjection": decide_rating,
        },
        "assignment": {
            "raiseObjection": lambda tx, it, pick: objections.raise_objection(
                tx, it, reason_kind=list(ObjectionReason)[pick % 5], text="不属本单位职责"
            ),
            "decideObjection": lambda tx, it, pick: objections.decide_objection(tx, it, ruling(pick, organizations)),
        },
    }
