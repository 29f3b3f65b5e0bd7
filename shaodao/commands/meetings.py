"""Meetings that take up a case: 联席会议 of a whistle's departments, 民情研判 of the street (C.4, J-15 to J-17, J-20, L-21)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from shaodao.commands import messages
from shaodao.commands.case_steps import CaseStep, case_outcome, decide_case, record_case
from shaodao.commands.checking import check_future, checked_text, optional_text
from shaodao.commands.dispatching import STANDS_BACK, PartyInput
from shaodao.commands.facts import lock_case, lock_whistle, read_whistle
from shaodao.commands.steps import WhistleStep, record_whistle, whistle_outcome
from shaodao.commands.transaction import DutyCall, Outcome, Transaction
from shaodao.commands.whistle_parties import call_party, lead_of, party_of, replace_lead
from shaodao.domain.case_machine import CASE_MACHINE
from shaodao.domain.case_vocabulary import MeetingKind
from shaodao.domain.errors import Faults, NotFound, NotPermitted
from shaodao.domain.explanation import due_moment
from shaodao.domain.facts import CaseFacts, WhistleFacts
from shaodao.domain.vocabulary import AssignmentRole, MessageKind, Role
from shaodao.domain.whistle_machine import IN_THE_FIELD, WHISTLE_MACHINE

MOST_PARTICIPANTS = 50
"""Keeps a list of organizations within reason; a county has fewer departments."""

_CALL = """
INSERT INTO meeting (county_code, id, case_id, whistle_id, street_code, kind, topic, meets_at, place, called_by, called_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
"""
_INVITE = "INSERT INTO meeting_participant (county_code, meeting_id, organization_code) VALUES ($1, $2, $3)"
_INVITED = """
SELECT p.organization_code, o.name, o.duty_phone
FROM meeting_participant p JOIN organizations o ON o.code = p.organization_code
WHERE p.county_code = $1 AND p.meeting_id = $2 ORDER BY p.organization_code
"""
_ORGANIZATIONS = "SELECT code, name, duty_phone FROM organizations WHERE code = ANY($1::text[])"
_MEETING = """
SELECT id, case_id, whistle_id, kind, topic, decided_at FROM meeting WHERE county_code = $1 AND id = $2
"""
_DECIDED = """
UPDATE meeting SET decision = $3, lead_organization_code = $4, co_organization_codes = $5, decided_by = $6, decided_at = $7
WHERE county_code = $1 AND id = $2
"""
_CASE_CHANGED = "UPDATE case_file SET version = version + 1, updated_at = $3 WHERE county_code = $1 AND id = $2"
_WHISTLE_CHANGED = "UPDATE whistle SET version = version + 1, updated_at = $3 WHERE county_code = $1 AND id = $2"


@dataclass(frozen=True)
class MeetingInput:
    """A meeting: what about, when (in the future), where, and the codes of the organizations that are called to it."""

    topic: str
    meets_at: datetime
    place: str | None = None
    participants: Sequence[str] = ()


@dataclass(frozen=True)
class MeetingDecision:
    """What a meeting decided, and if it settled that, who leads 主办 and who helps 协办 from now on."""

    text: str
    lead_organization_code: str | None = None
    co_organization_codes: Sequence[str] = ()


@dataclass(frozen=True)
class _Checked:
    topic: str
    place: str | None
    meets_at: datetime
    calls: tuple[DutyCall, ...]


async def call_joint_meeting(
    tx: Transaction, whistle_id: UUID, given: MeetingInput, *, expected_version: int | None = None
) -> Outcome:
    """Call the departments of a whistle together 联席会议 when they dispute who leads and who helps (C.4).

    Each gets a message on its duty phone. The outcome's ``record_id`` is the meeting's. Raises InvalidInput at ``topic``,
    ``meetsAt``, ``place`` and ``participants`` (at least one), NotPermitted, StateConflict.
    """
    facts = await lock_whistle(tx, whistle_id, expected_version)
    WHISTLE_MACHINE.decide("callJointMeeting", facts, tx.actor)
    checked = await _checked(tx, facts.case, given, demanded=True)
    meeting_id = await _call(tx, facts.case, checked, MeetingKind.JOINT, whistle_id)
    await tx.connection.execute(_WHISTLE_CHANGED, tx.county, whistle_id, tx.now)
    text = f"{tx.actor.name}就哨 {facts.number} 召集联席会议：{checked.topic}"
    payload = {"meeting_id": str(meeting_id)}
    step = WhistleStep("callJointMeeting", "callJointMeeting", text, detail=_arrangement(checked), payload=payload)
    await record_whistle(tx, facts, step)
    outcome = await whistle_outcome(tx, whistle_id)
    outcome.record_id = meeting_id
    return outcome


async def put_on_agenda(
    tx: Transaction, case_id: UUID, given: MeetingInput, *, expected_version: int | None = None
) -> Outcome:
    """Put the case on the agenda of a study meeting 民情研判 (J-15, J-16), for what a team cannot solve alone.

    Organizations may be called to it, or none. The outcome's ``record_id`` is the meeting's. Raises InvalidInput at
    ``topic``, ``meetsAt``, ``place`` and ``participants``, NotPermitted, StateConflict.
    """
    facts = await decide_case(tx, "putOnAgenda", case_id, expected_version)
    checked = await _checked(tx, facts, given, demanded=False)
    meeting_id = await _call(tx, facts, checked, MeetingKind.STUDY, None)
    await tx.connection.execute(_CASE_CHANGED, tx.county, case_id, tx.now)
    text = f"{tx.actor.name}将案件提交民情研判：{checked.topic}"
    payload = {"meeting_id": str(meeting_id)}
    step = CaseStep("putOnAgenda", "putOnAgenda", text, public=False, detail=_arrangement(checked), payload=payload)
    await record_case(tx, facts, step)
    return await case_outcome(tx, case_id, meeting_id)


async def record_meeting_decision(
    tx: Transaction, meeting_id: UUID, given: MeetingDecision, *, expected_version: int | None = None
) -> Outcome:
    """Record what a meeting decided: it returns to the case (J-16), and those called to it are told.

    Named organizations take their parts at once in the whistle that the meeting was about, while that is in the field: the
    LEAD as by ``changeLead``, each further CO as by ``addDepartment``; nobody is sent away. For any other meeting they stand
    with its decision, for the dispatcher to act on. Only a dispatcher or a leader records who takes part. Raises
    InvalidInput at ``decision``, ``leadOrganizationCode`` and ``coOrganizationCodes.<index>``, NotFound, NotPermitted,
    StateConflict (also for a meeting that was decided).
    """
    row = await tx.connection.fetchrow(_MEETING, tx.county, meeting_id)
    if row is None:
        raise NotFound("Meeting", str(meeting_id))
    facts = await _lock_case_of(tx, meeting_id, row["case_id"], expected_version)
    CASE_MACHINE.decide("recordMeetingDecision", facts, tx.actor)
    if await _is_decided(tx, meeting_id):
        CASE_MACHINE.conflict("该会议已有决定", "the meeting's decision was recorded", facts, tx.actor)
    checked = await _checked_decision(tx, facts, given)
    await tx.connection.execute(
        _DECIDED, tx.county, meeting_id, checked.text, checked.lead_organization_code, list(checked.co_organization_codes),
        tx.actor.account_id, tx.now,
    )  # fmt: skip
    await tx.connection.execute(_CASE_CHANGED, tx.county, facts.id, tx.now)
    kind = MeetingKind[row["kind"]]
    text = f"{tx.actor.name}记录{kind.label}决定：{row['topic']}"
    step = CaseStep(
        "recordMeetingDecision", "recordMeetingDecision", text, public=False, detail=checked.text, payload={"meeting_id": str(meeting_id)}
    )  # fmt: skip
    await record_case(tx, facts, step)
    await _tell_decision(
        tx, facts, meeting_id, f"【{kind.label}决定】案件{facts.number}“{row['topic']}”：{checked.text}"
    )
    if row["whistle_id"] is not None:
        await _carry_out(tx, row["whistle_id"], checked)
    return await case_outcome(tx, facts.id, meeting_id)


async def _lock_case_of(tx: Transaction, meeting_id: UUID, case_id: UUID, expected_version: int | None) -> CaseFacts:
    """Lock the meeting's case; who does not see that hears of no meeting either, nor of the case's id."""
    try:
        return await lock_case(tx, case_id, expected_version)
    except NotFound:
        raise NotFound("Meeting", str(meeting_id)) from None


async def _checked(tx: Transaction, case: CaseFacts, given: MeetingInput, *, demanded: bool) -> _Checked:
    faults, texts = Faults(), tx.ground.rulebook.texts
    topic = checked_text(faults, "topic", given.topic, texts.title)
    place = optional_text(faults, "place", given.place, texts.address)
    check_future(faults, "meetsAt", given.meets_at, tx.now)
    if demanded and not given.participants:
        faults.add("participants", "须写明参会单位", "name at least one organization")
    if len(given.participants) > MOST_PARTICIPANTS:
        faults.add("participants", f"最多{MOST_PARTICIPANTS}个单位", f"at most {MOST_PARTICIPANTS} organizations")
    calls = await _known(tx, faults, case, "participants", given.participants[:MOST_PARTICIPANTS])
    faults.check()
    return _Checked(topic, place, given.meets_at, calls)


async def _known(
    tx: Transaction, faults: Faults, case: CaseFacts, path: str, codes: Sequence[str]
) -> tuple[DutyCall, ...]:
    """The organizations with their duty phones; a fault for each that is unknown, accused 被反映单位 or named twice."""
    rows = {row["code"]: row for row in await tx.connection.fetch(_ORGANIZATIONS, list(codes))}
    for index, code in enumerate(codes):
        if code not in rows:
            faults.add(f"{path}.{index}", f"没有代码为 {code} 的单位", f"there is no organization {code}")
        elif code in codes[:index]:
            faults.add(f"{path}.{index}", "同一单位只能列一次", "an organization is named once")
        elif code == case.accused_organization_code:
            faults.add(f"{path}.{index}", *STANDS_BACK)
    return tuple(DutyCall(code, row["name"], row["duty_phone"]) for code, row in rows.items())


async def _call(
    tx: Transaction, case: CaseFacts, checked: _Checked, kind: MeetingKind, whistle_id: UUID | None
) -> UUID:
    meeting_id = tx.new_id()
    await tx.connection.execute(
        _CALL, tx.county, meeting_id, case.id, whistle_id, case.street_code, str(kind), checked.topic, checked.meets_at,
        checked.place, tx.actor.account_id, tx.now,
    )  # fmt: skip
    invited = [(tx.county, meeting_id, call.organization_code) for call in checked.calls]
    await tx.connection.executemany(_INVITE, invited)
    text = f"【{kind.label}】案件{case.number}：{checked.topic}；{_arrangement(checked)}。请派员参加。"
    await _tell(tx, case, whistle_id, checked.calls, text)
    return meeting_id


def _arrangement(checked: _Checked) -> str:
    """When and where, and who is called."""
    parts = [f"时间：{due_moment(checked.meets_at)}"]
    if checked.place:
        parts.append(f"地点：{checked.place}")
    if checked.calls:
        parts.append(f"参会单位：{'、'.join(call.organization_name for call in checked.calls)}")
    return "；".join(parts)


async def _tell(
    tx: Transaction, case: CaseFacts, whistle_id: UUID | None, calls: Sequence[DutyCall], text: str
) -> None:
    told = text[: tx.ground.rulebook.texts.message]
    for call in calls:
        await messages.call_duty_phone(tx, case.id, whistle_id, call, told, MessageKind.MEETING)


async def _is_decided(tx: Transaction, meeting_id: UUID) -> bool:
    """Asked under the case's lock: somebody may have been faster."""
    row = await tx.connection.fetchrow(_MEETING, tx.county, meeting_id)
    return row is not None and row["decided_at"] is not None


async def _checked_decision(tx: Transaction, facts: CaseFacts, given: MeetingDecision) -> MeetingDecision:
    lead, cos = given.lead_organization_code, tuple(given.co_organization_codes)
    if lead is not None or cos:
        _check_names_parties(tx, facts)
    faults = Faults()
    text = checked_text(faults, "decision", given.text, tx.ground.rulebook.texts.explanation)
    if len(cos) > MOST_PARTICIPANTS:
        faults.add(
            "coOrganizationCodes", f"最多{MOST_PARTICIPANTS}个单位", f"at most {MOST_PARTICIPANTS} organizations"
        )
    await _known(tx, faults, facts, "coOrganizationCodes", cos[:MOST_PARTICIPANTS])
    if lead is not None and not await tx.connection.fetch(_ORGANIZATIONS, [lead]):
        faults.add("leadOrganizationCode", f"没有代码为 {lead} 的单位", f"there is no organization {lead}")
    if lead is not None and lead == facts.accused_organization_code:
        faults.add("leadOrganizationCode", *STANDS_BACK)
    if lead is not None and lead in cos:
        faults.add("leadOrganizationCode", "主办单位不能同时协办", "the LEAD is no CO besides")
    faults.check()
    return MeetingDecision(text, lead, cos)


def _check_names_parties(tx: Transaction, facts: CaseFacts) -> None:
    """Who takes part in a case is for a dispatcher or a leader to record, as it is theirs to dispatch."""
    deciding = tx.actor.grants_of(Role.STREET_DISPATCHER, Role.STREET_LEADER)
    if not any(grant.covers(facts.place) for grant in deciding):
        raise NotPermitted(
            "主办、协办单位须由指挥中心或街道领导记录", "only a dispatcher or a leader records who takes part"
        )


async def _tell_decision(tx: Transaction, facts: CaseFacts, meeting_id: UUID, text: str) -> None:
    rows = await tx.connection.fetch(_INVITED, tx.county, meeting_id)
    calls = [DutyCall(row["organization_code"], row["name"], row["duty_phone"]) for row in rows]
    await _tell(tx, facts, None, calls, text)


async def _carry_out(tx: Transaction, whistle_id: UUID, decision: MeetingDecision) -> None:
    """Put those named into their parts in the whistle; who has that part already is not called twice."""
    whistle = await read_whistle(tx, whistle_id)
    if whistle.state not in IN_THE_FIELD:
        return
    why = f"会议决定：{decision.text}"[: tx.ground.rulebook.texts.reason]
    lead, present = decision.lead_organization_code, lead_of(whistle)
    if lead is not None and (present is None or present.organization_code != lead):
        await replace_lead(tx, whistle, lead, why, path="leadOrganizationCode")
    for index, code in enumerate(decision.co_organization_codes):
        whistle = await read_whistle(tx, whistle_id)
        if not _at_work(whistle, code):
            party = PartyInput(code, AssignmentRole.CO)
            await call_party(tx, whistle, party, why, path=f"coOrganizationCodes.{index}")


def _at_work(whistle: WhistleFacts, code: str) -> bool:
    present = party_of(whistle, code)
    return present is not None and present.role is not AssignmentRole.INFORM
