"""Rows of a told case itself, its whistle, its history and its mergers."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from bench.city.dues import Dues
from bench.city.identifiers import EVENT, MERGE, identifier
from bench.city.people import Resident, reporter_in
from bench.city.plan import Fate, Part, Step, moment
from bench.city.telling import Event, Told
from bench.city.wording import ROADS, Pieces, closing
from shaodao.domain.channels import CHANNEL_GROUPS, first_level
from shaodao.domain.identity import mask_name, mask_phone
from shaodao.domain.vocabulary import (
    CaseState,
    Channel,
    CloseKind,
    NotAcceptedReason,
    Role,
    SolvingLevel,
    WhistleReason,
    WhistleState,
)
from shaodao.personal_data import PersonalDataCipher

Row = dict[str, Any]

MOST_EVENTS = 1024
_WORKER_CHANNELS = (Channel.GRID_PATROL, Channel.HOME_VISIT, Channel.WECHAT_GROUP)
_CENTER_CHANNELS = (Channel.HOTLINE, Channel.HOTLINE_12345, Channel.WECHAT, Channel.WEB, Channel.QUNGONG)
_ENDED = frozenset({CaseState.CLOSED, CaseState.FOLLOWED_UP, CaseState.ARCHIVED})
_DUTY = "部门职责与属地管理(本项目示例)"


@dataclass(frozen=True)
class Desk:
    """What rows are made with. ``now``: the present, in seconds since 1970; ``xid``: of a transaction that is over."""

    now: int
    dues: Dues
    cipher: PersonalDataCipher
    pieces: Pieces
    xid: int


def case_row(desk: Desk, story: Told) -> Row:
    """The row of ``case_file``."""
    draft, matter = story.draft, story.plan.matter
    return {
        "county_code": draft.county.code, "id": draft.id, "number": draft.number, "street_code": draft.street.code,
        "community_code": draft.grid.community, "grid_code": draft.grid.code, "kind": matter.kind,
        **_channel_columns(story), **_text_columns(desk, story), "category_code": matter.category,
        "urgency": matter.urgency, "state": story.case_state, **_reporter_columns(desk, story), **_progress_columns(desk, story),
        **_ending_columns(story), "merged_into": None, "repeat_count": 0, "last_seq": len(story.events),
        "version": len(story.events), "created_at": moment(draft.registered_at), "updated_at": moment(story.last_at),
    }  # fmt: skip


def merge_into(story: Told, row: Row, main: Row) -> Row:
    """Link a merged case to its main case 并单; answers the row of ``merge_link``."""
    row["merged_into"] = main["id"]
    main["repeat_count"] += 1
    at = story.case_times[CaseState.MERGED]
    return {
        "county_code": row["county_code"], "id": identifier(MERGE, story.draft.index, at), "case_id": row["id"],
        "main_case_id": main["id"], "reason": "同一事项重复反映", "state_before": CaseState.ACCEPTED,
        "merged_by": story.plan.dispatcher.id, "merged_at": moment(at),
    }  # fmt: skip


def whistle_rows(story: Told) -> list[Row]:
    """The row of ``whistle``, if one has been drafted."""
    if story.whistle_state is None:
        return []
    draft, matter, times, chief = story.draft, story.plan.matter, story.whistle_times, story.plan.dispatcher
    blown, leader = times.get(WhistleState.BLOWN), draft.street.deputy
    gathered = times.get(WhistleState.GATHERING, times.get(WhistleState.HANDLING))
    closed = times.get(WhistleState.CLOSED)
    return [{
        "county_code": draft.county.code, "id": draft.whistle_id, "case_id": draft.id, "number": f"{draft.number}-W1",
        "street_code": draft.street.code, "community_code": draft.grid.community, "grid_code": draft.grid.code,
        "kind": matter.whistle, "reason_kind": WhistleReason.SEVERAL_DEPARTMENTS,
        "reason": f"{matter.title}需多部门共同处置，街道多次劝导无效。", "self_effort": "街道已现场核实并劝导。", "duty_basis": _DUTY,
        "place": f"{draft.grid.name}", "state": story.whistle_state, "drafted_by": chief.id,
        "drafted_at": moment(times[WhistleState.DRAFTED]), "submitted_at": instant(times.get(WhistleState.PENDING_APPROVAL)),
        "decided_by": blown and leader.id, "decided_at": instant(blown), "blown_by": blown and leader.id,
        "blown_at": instant(blown), "gathered_at": instant(gathered), "reported_at": instant(times.get(WhistleState.REPORTED)),
        "verified_at": instant(times.get(WhistleState.VERIFIED)), "closed_by": closed and chief.id,
        "closed_at": instant(closed), "close_text": closed and matter.result, "version": len(times),
        "updated_at": moment(max(times.values())),
    }]  # fmt: skip


def party_rows(story: Told) -> list[Row]:
    """Rows of ``whistle_party``: whom the draft names."""
    if story.whistle_state is None:
        return []
    draft = story.draft
    return [
        {
            "county_code": draft.county.code, "whistle_id": draft.whistle_id, "organization_code": part.organization.code,
            "case_id": draft.id, "role": part.role,
        }
        for part in story.plan.parts
    ]  # fmt: skip


def event_rows(desk: Desk, story: Told) -> list[Row]:
    """Rows of ``case_event``."""
    return [_event_row(desk, story, event, seq) for seq, event in enumerate(story.events, 1)]


def instant(seconds: int | None) -> datetime | None:
    """An instant as the database takes it; None stays None."""
    return None if seconds is None else moment(seconds)


def reporter_of(story: Told) -> Resident | None:
    """Who reported the case: a head of a household of its grid, or nobody by name."""
    chance = story.draft.index * 0.6180339887 % 1
    return None if chance > 0.9 else reporter_in(story.draft.grid, chance / 0.9)


def _channel_columns(story: Told) -> Mapping[str, Any]:
    receiver, index = story.plan.receiver, story.draft.index
    channels = _WORKER_CHANNELS if receiver.grant.role is Role.GRID_WORKER else _CENTER_CHANNELS
    channel = channels[index % len(channels)]
    level = SolvingLevel.STREET if story.parts else first_level(channel, receiver.grant.role)
    return {
        "channel_group": CHANNEL_GROUPS[channel], "channel": channel, "level": level, "first_receiver_id": receiver.id,
        "source_reference": None if story.whole else f"OLD-{index + 1:07}",
    }  # fmt: skip


def _text_columns(desk: Desk, story: Told) -> Mapping[str, Any]:
    draft, matter, chance = story.draft, story.plan.matter, story.plan.chance
    road, house = chance.choice(ROADS), chance.randrange(1, 200)
    place, plea = f"{road}{house}号", closing(chance)
    title, address = f"{road}{matter.title}", f"{draft.street.name}{place}"
    longitude, latitude = draft.grid.corner
    point = (round(longitude + chance.random() * 0.006, 6), round(latitude + chance.random() * 0.006, 6))
    given = {"longitude": point[0], "latitude": point[1], "crs": "CGCS2000"}
    return {
        "title": title, "description": f"{place}附近，{matter.description}。{plea}", "address": address, "point": point,
        "point_given": orjson.dumps(given).decode(),
        "search_bigrams": desk.pieces.of(
            title, f"{place}附近", matter.description, plea, draft.street.name + place, *draft.number.split("-")
        ),
    }  # fmt: skip


def _reporter_columns(desk: Desk, story: Told) -> Mapping[str, Any]:
    reporter, own = reporter_of(story), story.draft.id.bytes
    name, phone = (reporter.name, reporter.phone) if reporter else (None, None)
    confidential = reporter is not None and story.draft.index % 37 == 0
    return {
        "visibility": "CONFIDENTIAL_REPORTER" if confidential else "NORMAL", "confidential": confidential,
        "reporter_anonymous": reporter is None, "reporter_person_id": reporter and reporter.id,
        "reporter_name_masked": name and mask_name(name),
        "reporter_name_sealed": name and desk.cipher.seal(name, b"case_file.reporter_name:" + own),
        "reporter_phone_masked": phone and mask_phone(phone),
        "reporter_phone_sealed": phone and desk.cipher.seal(phone, b"case_file.reporter_phone:" + own),
        "reporter_phone_hash": phone and desk.cipher.lookup_hash(phone),
    }  # fmt: skip


def _progress_columns(desk: Desk, story: Told) -> Mapping[str, Any]:
    draft, accepted = story.draft, story.case_times.get(CaseState.ACCEPTED)
    due = desk.dues.of(draft.registered_at, desk.dues.rulebook.case_limit(story.plan.matter.urgency))
    accepter = story.plan.receiver if story.plan.fate is Fate.AT_ONCE else story.plan.dispatcher
    worked_until = handling_ended(story) or desk.now
    informed = [at for at in (story.whistle_times.get(WhistleState.BLOWN), due if due <= worked_until else None) if at]
    return {
        "registered_at": moment(draft.registered_at), "accepted_at": instant(accepted), "first_contact_at": instant(accepted),
        "accepted_by": accepted and accepter.id, "due_at": moment(due), "county_informed_at": instant(min(informed, default=None)),
        "handled_at": instant(story.handled_at),
    }  # fmt: skip


def handling_ended(story: Told) -> int | None:
    """When the handling clock stopped."""
    times = story.case_times
    ends = (story.handled_at, story.closed_at, times.get(CaseState.MERGED), times.get(CaseState.NOT_ACCEPTED))
    return next((at for at in ends if at is not None), None)


def _ending_columns(story: Told) -> Mapping[str, Any]:
    state, plan, withdrawn = story.case_state, story.plan, story.case_state is CaseState.CANCELLED
    ended, refused = state in _ENDED, state is CaseState.NOT_ACCEPTED
    settled = ended and plan.fate is Fate.AT_ONCE
    closer = plan.receiver if settled else plan.dispatcher
    explained = "不属于街道职责范围，已告知反映渠道。" if refused else "问题已自行解决" if withdrawn else None
    return {
        "not_accepted_reason": NotAcceptedReason.OUT_OF_SCOPE if refused else None, "closed_at": instant(story.closed_at),
        "closed_by": closer.id if ended else None,
        "close_kind": CloseKind.WITHDRAWN if withdrawn else plan.close_kind if ended else None,
        "settled_by_first_receiver": settled, "result_text": plan.matter.result if ended else None, "explanation": explained,
        "archived_at": instant(story.case_times.get(CaseState.ARCHIVED)),
    }  # fmt: skip


def _event_row(desk: Desk, story: Told, event: Event, seq: int) -> Row:
    draft, step = story.draft, event.step
    actor = step.actor
    name = actor.name if actor else "诉求人" if step.type == "withdrawCase" else "系统"
    role = Role.RESIDENT if step.type == "withdrawCase" else step.role
    return {
        "county_code": draft.county.code, "case_id": draft.id, "seq": seq,
        "id": identifier(EVENT, draft.index * MOST_EVENTS + seq, step.at), "at": moment(step.at), "type": step.type,
        "actor_id": actor and actor.id, "actor_name": name, "actor_role": role,
        "organization_code": step.part and step.part.organization.code, "whistle_id": _whistle_of(story, step),
        "assignment_id": step.part and step.part.id, "from_state": event.before, "to_state": event.after, "text": step.text,
        "detail": step.detail, "public": step.public, "payload": "{}", "street_code": draft.street.code,
        "grid_code": draft.grid.code, "xid": desk.xid,
    }  # fmt: skip


def _whistle_of(story: Told, step: Step) -> UUID | None:
    part: Part | None = step.part
    if part is not None:
        return part.whistle
    return story.draft.whistle_id if step.whistle_state is not None else None
