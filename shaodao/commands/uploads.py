"""Uploads 上传: an address is asked for, the bytes come, and the file is attached; what nobody attaches is thrown away (L-39)."""

import re
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from shaodao.commands.attaching import Place, Target, lock_place
from shaodao.commands.checking import checked_text
from shaodao.commands.transaction import Outcome, Transaction
from shaodao.domain.errors import Faults, NotFound, StateConflict
from shaodao.domain.files import StoredFile

_REQUEST = """
INSERT INTO upload (
    county_code, id, login, case_id, assignment_id, name, size, media_type, sha256, requested_at, attach_by
) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
"""
_RECEIVE = """
UPDATE upload SET media_type = $3, sha256 = $4, received_at = $5
WHERE county_code = $1 AND id = $2 AND received_at IS NULL AND attach_by > $5
"""
_LOCK = """
SELECT login, case_id, assignment_id, media_type, size, sha256, attach_by, received_at, attached_at FROM upload
WHERE county_code = $1 AND id = $2 FOR UPDATE
"""
_ATTACH = "UPDATE upload SET attached_at = $3 WHERE county_code = $1 AND id = $2"

SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class UploadInput:
    """What is announced of a file. ``size`` in bytes; the others are checked against what comes, where they are given."""

    name: str
    size: int
    media_type: str | None = None
    sha256: str | None = None


async def request_upload(
    tx: Transaction, target: Target, given: UploadInput, *, longest: int, expected_version: int | None = None
) -> Outcome:
    """Announce a file of at most ``longest`` bytes 申请上传; ``record_id`` names the upload.

    By whoever may attach it. Raises as ``lock_place``; InvalidInput at ``name``, ``size``, ``mediaType``, ``sha256``.
    """
    place = await lock_place(tx, target, expected_version)
    name, rules = _checked(tx, given, longest), tx.ground.rulebook.files
    identifier, attach_by = tx.new_id(), tx.now + timedelta(hours=rules.attach_hours)
    await tx.connection.execute(
        _REQUEST, tx.county, identifier, tx.actor.login, place.case.id, target.assignment_id, name, given.size, given.media_type,
        given.sha256, tx.now, attach_by,
    )  # fmt: skip
    return Outcome(
        county_code=tx.county, case_id=place.case.id, case_number=place.case.number, assignment_id=target.assignment_id,
        record_id=identifier,
    )  # fmt: skip


async def mark_received(tx: Transaction, upload_id: UUID, found: StoredFile) -> Outcome:
    """The bytes of an upload are stored. Raises StateConflict when other ones came first, or its time is over."""
    status = await tx.connection.execute(_RECEIVE, tx.county, upload_id, found.media_type, found.sha256, tx.now)
    if not status.endswith(" 1"):
        raise StateConflict("该上传已完成", "the bytes are there already", state="RECEIVED", version=1)
    return Outcome(county_code=tx.county, record_id=upload_id)


async def take_upload(tx: Transaction, upload_id: UUID, place: Place) -> StoredFile:
    """The file of the actor's own upload for this place, now attached.

    Raises NotFound for another person's upload, for one of another place and for one that was thrown away; StateConflict
    for one whose bytes have not come, and for one that is attached.
    """
    row = await tx.connection.fetchrow(_LOCK, tx.county, upload_id)
    own = row is not None and row["login"] == tx.actor.login and row["attach_by"] > tx.now
    assignment_id = place.assignment and place.assignment.id
    if row is None or not own or (row["case_id"], row["assignment_id"]) != (place.case.id, assignment_id):
        raise NotFound("Upload", str(upload_id))
    if row["received_at"] is None:
        raise StateConflict("文件尚未上传", "the bytes have not come yet", state="REQUESTED", version=1)
    if row["attached_at"] is not None:
        raise StateConflict("该文件已添加为附件", "the upload is attached already", state="ATTACHED", version=1)
    await tx.connection.execute(_ATTACH, tx.county, upload_id, tx.now)
    return StoredFile(row["media_type"], row["size"], row["sha256"])


def _checked(tx: Transaction, given: UploadInput, longest: int) -> str:
    faults, rulebook = Faults(), tx.ground.rulebook
    name = checked_text(faults, "name", given.name, rulebook.texts.title)
    if not 0 < given.size <= longest:
        faults.add("size", f"须为 1 至 {longest} 字节", f"must be 1 to {longest} bytes")
    if given.media_type is not None and given.media_type not in rulebook.files.media_types:
        allowed = ", ".join(rulebook.files.media_types)
        faults.add("mediaType", f"不支持此类文件，可上传：{allowed}", f"must be one of {allowed}")
    if given.sha256 is not None:
        check_sha256(faults, given.sha256)
    faults.check()
    return name


def check_sha256(faults: Faults, text: str) -> None:
    """Note a fault at ``sha256`` for what is no SHA-256."""
    if not SHA256.fullmatch(text):
        faults.add("sha256", "须为64位小写十六进制", "must be 64 lower-case hexadecimal digits")
