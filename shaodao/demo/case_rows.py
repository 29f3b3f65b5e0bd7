"""Rows of the demonstration street's cases and whistles themselves."""

from datetime import datetime
from typing import Any

import orjson

from shaodao.demo.calling import drafted_at, duty_basis, submitted_at
from shaodao.demo.cast import accepter, dispatcher, first_receiver, person_of
from shaodao.demo.copying import Row
from shaodao.demo.dues import handling_clocks
from shaodao.demo.identifiers import account_id, case_id, person_id, vessel_id, whistle_id
from shaodao.demo.parts import Part, Scene, accepted_at, settled_at_once
from shaodao.demo.source import Case, Whistle
from shaodao.demo.story import History
from shaodao.demo.telling import archived_at, close_kind, extension_decided_at, not_accepted_reason, was_closed
from shaodao.demo.whistle_list import item_code
from shaodao.domain.channels import first_level
from shaodao.domain.identity import mask_name, mask_phone
from shaodao.domain.permissions import county_of
from shaodao.domain.text import bigrams
from shaodao.domain.vocabulary import (
    AssignmentRole,
    CaseState,
    CaseVisibility,
    Channel,
    ClockKind,
    Role,
    SolvingLevel,
    WhistleKind,
    WhistleReason,
    WhistleState,
)

_REASON_KINDS = {
    WhistleKind.EMERGENCY: WhistleReason.EMERGENCY,
    WhistleKind.ROUTINE: WhistleReason.LONG_UNSOLVED,
    WhistleKind.JOINT_ENFORCEMENT: WhistleReason.SEVERAL_DEPARTMENTS,
}
_SELF_EFFORT = "街道已现场核实并劝导。"


def case_row(scene: Scene, history: History, number: str, parts: tuple[Part, ...]) -> Row:
    """The row of ``case_file``, as the case stands at the end of its history."""
    case = history.case
    return {
        **_identity_columns(scene, case, number), **_place_columns(scene, case), **reporter_columns(scene, case),
        **_people_columns(scene, case), **_progress_columns(scene, case), **_ending_columns(scene, case),
        "state": history.case_state, "level": _level(scene, case, parts),
        "last_seq": len(history.events), "version": len(history.events), "created_at": case.registered_at,
        "updated_at": history.last_at, "round": 0 if case.reopened_at is None else 1, "rework_count": case.rework_count,
    }  # fmt: skip


def whistle_row(scene: Scene, history: History, number: str, whistle: Whistle) -> Row:
    """The row of ``whistle``, with the times at which its history moved it."""
    case, times = history.case, history.whistle_times
    emergency = whistle.kind is WhistleKind.EMERGENCY
    blown_by = account_id(whistle.approved_by)
    return {
        "county_code": county_of(case.grid), "id": whistle_id(whistle.id), "case_id": case_id(case.seq),
        "number": f"{number}-W1", "street_code": scene.street.code, "community_code": case.grid[:12],
        "grid_code": case.grid, "kind": whistle.kind, "reason_kind": _REASON_KINDS[whistle.kind],
        "reason": whistle.reason, "self_effort": None if emergency else _SELF_EFFORT,
        "duty_basis": duty_basis(scene, case), "place": _address(scene, case), "complex": False,
        "state": history.whistle_state, "drafted_by": account_id(whistle.drafted_by),
        "drafted_at": drafted_at(scene, case, whistle),
        "submitted_at": None if emergency else submitted_at(scene, case, whistle),
        "decided_by": None if emergency else blown_by, "decided_at": None if emergency else whistle.blown_at,
        "decision_text": None, "blown_by": blown_by, "blown_at": whistle.blown_at,
        "confirmed_by": whistle.confirmed_by and account_id(whistle.confirmed_by), "confirmed_at": whistle.confirmed_at,
        "gathered_at": times.get(WhistleState.GATHERING, times.get(WhistleState.HANDLING)),
        "reported_at": times.get(WhistleState.REPORTED), "verified_at": times.get(WhistleState.VERIFIED),
        "closed_by": account_id(dispatcher(scene)) if WhistleState.CLOSED in times else None,
        "closed_at": times.get(WhistleState.CLOSED), "close_text": case.result if WhistleState.CLOSED in times else None,
        "version": 1 + len(times), "updated_at": max(times.values()),
        "list_item_code": item_code(whistle.kind, case.category, lead_of(whistle)),
    }  # fmt: skip


def lead_of(whistle: Whistle) -> str:
    """Code of the organization that leads the whistle 主办."""
    return next(party.dept for party in whistle.assignments if party.role is AssignmentRole.LEAD)


def party_rows(whistle: Whistle, county: int) -> list[Row]:
    """Rows of ``whistle_party``: the organizations that the draft named."""
    return [
        {
            "county_code": county, "whistle_id": whistle_id(whistle.id), "organization_code": party.dept,
            "case_id": case_id(whistle.case_seq), "role": party.role,
        }
        for party in whistle.assignments
    ]  # fmt: skip


def reporter_columns(scene: Scene, case: Case) -> dict[str, Any]:
    """The reporter's columns: a resident's name and phone, a member of staff's name, or nobody's."""
    person = next((one for one in scene.street.people if one.id == case.reporter), None)
    staff = next((one for one in scene.street.staff if one.name == case.reporter), None)
    name = person.name if person else staff and staff.name
    phone = person.phone if person else None
    cipher, own = scene.ground.cipher, case_id(case.seq).bytes
    return {
        "reporter_anonymous": name is None, "reporter_name_masked": name and mask_name(name),
        "reporter_name_sealed": name and cipher.seal(name, b"case_file.reporter_name:" + own),
        "reporter_phone_masked": phone and mask_phone(phone),
        "reporter_phone_sealed": phone and cipher.seal(phone, b"case_file.reporter_phone:" + own),
        "reporter_phone_hash": phone and cipher.lookup_hash(phone),
        "reporter_person_id": person and person_id(person.id), "reporter_account_id": staff and account_id(staff.name),
    }  # fmt: skip


def closer(scene: Scene, case: Case) -> str:
    """Who closed the case: the first receiver who settled it at once, else the duty chief."""
    return first_receiver(scene, case) if settled_at_once(case) else dispatcher(scene)


def _identity_columns(scene: Scene, case: Case, number: str) -> dict[str, Any]:
    text = "\n".join((case.title, case.description, _address(scene, case)))
    return {
        "county_code": county_of(case.grid), "id": case_id(case.seq), "number": number, "kind": case.kind,
        "channel_group": case.channel_group, "channel": case.channel, "title": case.title,
        "description": case.description, "category_code": case.category,
        "component_code": case.component_code and case.component_code.partition("(")[0],
        "urgency": case.reclassified.to if case.reclassified else case.urgency, "visibility": case.visibility,
        "confidential": case.visibility is CaseVisibility.CONFIDENTIAL_REPORTER,
        "registered_at": case.registered_at, "search_bigrams": sorted({*bigrams(text), *bigrams(number)}),
    }  # fmt: skip


def _place_columns(scene: Scene, case: Case) -> dict[str, Any]:
    """The file knows the grid alone; the case is put in its middle."""
    grid = next(grid for grid in scene.street.grids if grid.code == case.grid)
    corners = grid.boundary["coordinates"][0][:-1]
    longitude, latitude = (round(sum(corner[axis] for corner in corners) / len(corners), 6) for axis in (0, 1))
    given = {"longitude": longitude, "latitude": latitude, "crs": "CGCS2000"}
    return {
        "street_code": scene.street.code, "community_code": grid.community, "grid_code": grid.code,
        "address": _address(scene, case), "point": (longitude, latitude), "point_given": orjson.dumps(given).decode(),
    }  # fmt: skip


def _level(scene: Scene, case: Case, parts: tuple[Part, ...]) -> SolvingLevel:
    """The street's once organizations were called; before that, the level of whoever took the case in (C.6)."""
    if parts:
        return SolvingLevel.STREET
    return first_level(case.channel, Role[scene.street.member_of_staff(first_receiver(scene, case)).role])


def _address(scene: Scene, case: Case) -> str:
    """What the grid's name says in brackets, such as 望海里."""
    name = next(grid.name for grid in scene.street.grids if grid.code == case.grid)
    return name.partition("(")[2].rstrip(")") or name


def _people_columns(scene: Scene, case: Case) -> dict[str, Any]:
    receiver = account_id(first_receiver(scene, case))
    by_resident = case.channel is Channel.WECHAT and person_of(scene, case) is not None
    return {
        "subject_person_id": case.person and person_id(case.person), "vessel_id": case.vessel and vessel_id(case.vessel),
        "first_receiver_id": receiver, "agent_id": case.agent and account_id(case.agent),
        "created_by": None if by_resident or case.channel is Channel.DEVICE else receiver,
    }  # fmt: skip


def _progress_columns(scene: Scene, case: Case) -> dict[str, Any]:
    accepted, clock = accepted_at(scene, case), handling_clocks(scene, case)[-1]
    return {
        "accepted_at": accepted, "accepted_by": accepted and account_id(accepter(scene, case)), "first_contact_at": accepted,
        "not_accepted_reason": not_accepted_reason(case),
        # A paused clock promises no due: it is reckoned anew when the case is resumed.
        "due_at": None if case.state is CaseState.SUSPENDED else clock.due.at, "due_provisional": clock.due.provisional,
        "county_informed_at": _county_informed_at(scene, case),
        "merged_into": case_id(case.merged_into) if case.merged_into else None,
        "repeat_count": sum(other.merged_into == case.seq for other in scene.street.cases),
    }  # fmt: skip


def _county_informed_at(scene: Scene, case: Case) -> datetime | None:
    """When the county's grid office came to know: by a whistle (C.9 point 3), an overdue case (C.6), or its own decision."""
    whistle, clock = scene.whistle(case), handling_clocks(scene, case)[0]
    known = [
        whistle and whistle.blown_at,
        clock.due.at if clock.kind is ClockKind.HANDLING and clock.passed(scene.now) else None,
        extension_decided_at(case), case.suspension and case.suspension.from_,
    ]  # fmt: skip
    return min((moment for moment in known if moment), default=None)


def _ending_columns(scene: Scene, case: Case) -> dict[str, Any]:
    """What a closed case holds; one that was reopened is open again, its first result stands in the history."""
    closed = was_closed(case) and case.state is not CaseState.REOPENED
    settled = closed and settled_at_once(case)
    refused = case.state is CaseState.NOT_ACCEPTED
    return {
        "handled_at": case.handled_at if closed or case.state is CaseState.VERIFYING else None,
        "closed_at": case.closed_at if closed else None, "closed_by": account_id(closer(scene, case)) if closed else None,
        "close_kind": close_kind(case) if closed else None, "settled_by_first_receiver": settled,
        "result_text": case.result if closed else None, "explanation": case.result if refused else None,
        "archived_at": archived_at(scene, case) if case.state is CaseState.ARCHIVED else None, "reopened_at": case.reopened_at,
    }  # fmt: skip
