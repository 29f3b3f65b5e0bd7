"""Files 附件 that hang on a case or on an organization's assignment (reference C.1.4).

Their bytes lie with us, where they were uploaded, or in a department's own system: then only what is said of them is kept.
"""

import re
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from shaodao.commands.attaching import Place, Target, lock_place
from shaodao.commands.checking import check_past, checked_text
from shaodao.commands.history import Entry, record
from shaodao.commands.places import PointInput, canonical_point
from shaodao.commands.steps import assignment_outcome
from shaodao.commands.transaction import Outcome, Transaction
from shaodao.commands.uploads import check_sha256, take_upload
from shaodao.domain.coordinates import Point
from shaodao.domain.errors import Faults
from shaodao.domain.vocabulary import AttachmentKind

_ATTACH = """
INSERT INTO attachment (
    county_code, id, case_id, assignment_id, organization_code, kind, name, media_type, size, sha256, taken_at, point,
    uploader_id, created_at, stored
) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
"""
_MEDIA_TYPE = re.compile(r"[a-z]+/[a-z0-9][a-z0-9.+-]*")
_LONGEST_MEDIA_TYPE = 127


@dataclass(frozen=True)
class AttachmentInput:
    """What is known of a file. ``size`` in bytes, ``sha256`` as 64 lower-case hexadecimal digits.

    These and ``media_type`` are left out of a file that was uploaded: they are what was found.
    """

    kind: AttachmentKind
    name: str
    media_type: str = ""
    size: int = 0
    sha256: str = ""
    taken_at: datetime | None = None
    point: PointInput | None = None


async def attach(
    tx: Transaction, target: Target, given: AttachmentInput, *, upload_id: UUID | None = None,
    expected_version: int | None = None,
) -> Outcome:  # fmt: skip
    """Attach a file: to an assignment by its organization, to a case by its reporter or the street; ``upload_id`` where its
    bytes were uploaded.

    Raises InvalidInput at ``name``, ``mediaType``, ``size``, ``sha256``, ``takenAt``, ``point``; NotPermitted, StateConflict,
    NotFound for an upload that is not the actor's own or for something else.
    """
    place = await lock_place(tx, target, expected_version)
    if upload_id is not None:
        file = await take_upload(tx, upload_id, place)
        given = replace(given, media_type=file.media_type, size=file.size, sha256=file.sha256)
    identifier = await _attach(tx, place, given, upload_id)
    if place.assignment is not None:
        return await assignment_outcome(tx, place.assignment.id, identifier)
    case = place.case
    return Outcome(
        county_code=tx.county,
        case_id=case.id,
        case_number=case.number,
        case_state=str(case.state),
        record_id=identifier,
    )


async def add_attachment(
    tx: Transaction, assignment_id: UUID, given: AttachmentInput, *, upload_id: UUID | None = None,
    expected_version: int | None = None,
) -> Outcome:  # fmt: skip
    """Attach a file to an organization's assignment. Raises as ``attach``."""
    target = Target(assignment_id=assignment_id)
    return await attach(tx, target, given, upload_id=upload_id, expected_version=expected_version)


async def add_case_attachment(
    tx: Transaction, case_id: UUID, given: AttachmentInput, *, upload_id: UUID | None = None,
    expected_version: int | None = None,
) -> Outcome:  # fmt: skip
    """Attach a file to a case, by its reporter or the street. Raises as ``attach``."""
    target = Target(case_id=case_id)
    return await attach(tx, target, given, upload_id=upload_id, expected_version=expected_version)


async def _attach(tx: Transaction, place: Place, given: AttachmentInput, upload_id: UUID | None) -> UUID:
    """The attachment of an upload has its id: under it the bytes lie."""
    name, point = _checked(tx, given)
    case, assignment = place.case, place.assignment
    attachment_id = upload_id or tx.new_id()
    owner, organization = (assignment.id, assignment.organization_code) if assignment else (None, None)
    await tx.connection.execute(
        _ATTACH, tx.county, attachment_id, case.id, owner, organization, str(given.kind), name, given.media_type, given.size,
        given.sha256, given.taken_at, point and (point.longitude, point.latitude), tx.actor.account_id, tx.now,
        upload_id is not None,
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
    check_sha256(faults, given.sha256)
    check_past(faults, "takenAt", given.taken_at, tx.now)
    point = canonical_point(faults, "point", given.point)
    faults.check()
    return name, point
