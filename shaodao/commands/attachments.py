"""Metadata of files 附件 that hang on a case or on an organization's assignment (reference C.1.4); the bytes lie elsewhere."""

import re
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from shaodao.commands.checking import check_past, checked_text
from shaodao.commands.facts import lock_assignment, lock_case
from shaodao.commands.history import Entry, record
from shaodao.commands.places import PointInput, canonical_point
from shaodao.commands.steps import assignment_outcome
from shaodao.commands.transaction import Outcome, Transaction
from shaodao.domain.assignment_machine import ASSIGNMENT_MACHINE, OPEN
from shaodao.domain.case_machine import CASE_MACHINE
from shaodao.domain.coordinates import Point
from shaodao.domain.errors import Faults, NotPermitted, StateConflict
from shaodao.domain.facts import AssignmentFacts, CaseFacts
from shaodao.domain.machine import Part, Step, party
from shaodao.domain.vocabulary import AssignmentState, AttachmentKind, CaseState, Role

_ATTACH = """
INSERT INTO attachment (
    county_code, id, case_id, assignment_id, organization_code, kind, name, media_type, size, sha256, taken_at, point,
    uploader_id, created_at
) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
"""
_SHA256 = re.compile(r"[0-9a-f]{64}")
_MEDIA_TYPE = re.compile(r"[a-z]+/[a-z0-9][a-z0-9.+-]*")
_LONGEST_MEDIA_TYPE = 127
_OVER = frozenset({CaseState.MERGED, CaseState.CANCELLED, CaseState.ARCHIVED})

_TO_CASE: Step[CaseState, CaseFacts] = Step(
    "addAttachment", "添加附件", frozenset(CaseState) - _OVER, None,
    (
        party(Role.RESIDENT, Part.REPORTER), party(Role.STREET_DISPATCHER), party(Role.GRID_CHIEF), party(Role.GRID_WORKER),
        party(Role.GRID_WORKER, Part.FIRST_RECEIVER), party(Role.STREET_LEADER), party(Role.SYSTEM),
    ),
)  # fmt: skip
_TO_ASSIGNMENT: Step[AssignmentState, AssignmentFacts] = Step(
    "addAttachment", "添加附件", OPEN | {AssignmentState.VERIFIED}, None, (party(Role.DEPT_HANDLER, Part.ORGANIZATION),)
)


@dataclass(frozen=True)
class AttachmentInput:
    """What is known of a file. ``size`` in bytes, ``sha256`` as 64 lower-case hexadecimal digits."""

    kind: AttachmentKind
    name: str
    media_type: str
    size: int
    sha256: str
    taken_at: datetime | None = None
    point: PointInput | None = None


async def add_attachment(
    tx: Transaction, assignment_id: UUID, given: AttachmentInput, *, attachment_id: UUID | None = None,
    expected_version: int | None = None,
) -> Outcome:  # fmt: skip
    """Attach a file to an organization's assignment; ``attachment_id`` where the file was stored under an id already.

    Raises InvalidInput at ``name``, ``mediaType``, ``size``, ``sha256``, ``takenAt``, ``point``; NotPermitted, StateConflict.
    """
    facts = await lock_assignment(tx, assignment_id, expected_version)
    if not ASSIGNMENT_MACHINE.permits(_TO_ASSIGNMENT, facts, tx.actor):
        raise NotPermitted("只能为本单位的任务添加附件", "files are attached to the own organization's assignment")
    if facts.state not in _TO_ASSIGNMENT.sources:
        raise StateConflict("任务已结束", "the assignment is over", state=str(facts.state), version=facts.version)
    identifier = await _attach(tx, facts.case, given, attachment_id, assignment=facts)
    return await assignment_outcome(tx, assignment_id, identifier)


async def add_case_attachment(
    tx: Transaction, case_id: UUID, given: AttachmentInput, *, attachment_id: UUID | None = None,
    expected_version: int | None = None,
) -> Outcome:  # fmt: skip
    """Attach a file to a case, by its reporter or the street. Raises as ``add_attachment``."""
    facts = await lock_case(tx, case_id, expected_version)
    if not CASE_MACHINE.permits(_TO_CASE, facts, tx.actor):
        raise NotPermitted("您的角色或范围不能为此案件添加附件", "your role or scope does not permit addAttachment")
    if facts.state not in _TO_CASE.sources:
        raise StateConflict("案件已结束", "the case is over", state=str(facts.state), version=facts.version)
    identifier = await _attach(tx, facts, given, attachment_id)
    return Outcome(
        county_code=tx.county,
        case_id=case_id,
        case_number=facts.number,
        case_state=str(facts.state),
        record_id=identifier,
    )


async def _attach(
    tx: Transaction,
    case: CaseFacts,
    given: AttachmentInput,
    identifier: UUID | None,
    assignment: AssignmentFacts | None = None,
) -> UUID:
    name, point = _checked(tx, given)
    attachment_id = identifier or tx.new_id()
    owner, organization = (assignment.id, assignment.organization_code) if assignment else (None, None)
    await tx.connection.execute(
        _ATTACH, tx.county, attachment_id, case.id, owner, organization, str(given.kind), name, given.media_type, given.size,
        given.sha256, given.taken_at, point and (point.longitude, point.latitude), tx.actor.account_id, tx.now,
    )  # fmt: skip
    entry = Entry(
        "addAttachment", f"{tx.actor.name}添加{given.kind.label}附件：{name}", organization_code=organization,
        whistle_id=assignment.whistle_id if assignment else None, assignment_id=owner,
        payload={"attachment_id": str(attachment_id)},
    )  # fmt: skip
    await record(tx, case.id, entry)
    return attachment_id


def _checked(tx: Transaction, given: AttachmentInput) -> tuple[str, Point | None]:
    faults = Faults()
    name = checked_text(faults, "name", given.name, tx.ground.rulebook.texts.title)
    if len(given.media_type) > _LONGEST_MEDIA_TYPE or not _MEDIA_TYPE.fullmatch(given.media_type):
        faults.add("mediaType", "媒体类型不正确", "must be a media type such as image/jpeg")
    if given.size <= 0:
        faults.add("size", "文件不能为空", "must be above zero")
    if not _SHA256.fullmatch(given.sha256):
        faults.add("sha256", "须为64位小写十六进制", "must be 64 lower-case hexadecimal digits")
    check_past(faults, "takenAt", given.taken_at, tx.now)
    point = canonical_point(faults, "point", given.point)
    faults.check()
    return name, point
