"""What the platform checks in the arguments of a desk's actions, before anything is written; alike in the test kit."""

from collections.abc import Sequence
from datetime import datetime
from hashlib import sha256
from mimetypes import guess_type

from shaodao.commands.checking import check_past, check_zone, checked_json, checked_text, optional_text
from shaodao.domain.deadlines import LONGEST_AMOUNT
from shaodao.domain.errors import Faults, InvalidInput
from shaodao.domain.rulebook import TextLimits
from shaodao.plugin import AttachmentKind, AttachmentMetadata, Json, Point, Report, ReportResult
from shaodao.testing.assignment import ProgressReport

_LARGEST_FACT = 4_096
_EXPLAINED = (ReportResult.UNSOLVED, ReportResult.LONG_TERM)
_HEXADECIMAL = frozenset("0123456789abcdef")


def check_persons(persons: Sequence[str], texts: TextLimits) -> None:
    """Who comes: at least one name. Raises InvalidInput."""
    faults = Faults()
    if not persons:
        faults.add("persons", "须写明到场人员", "at least one person must be named")
    for index, person in enumerate(persons):
        checked_text(faults, f"persons.{index}", person, texts.name)
    faults.check()


def check_progress(report: ProgressReport, texts: TextLimits, now: datetime) -> None:
    """A progress report. Raises InvalidInput, which names every fault."""
    faults = Faults()
    checked_text(faults, "measures", report.measures, texts.result)
    optional_text(faults, "talkedWith", report.talked_with, texts.reason)
    check_past(faults, "acceptedAt", report.accepted_at, now)
    check_zone(faults, "solveBy", report.solve_by)
    faults.check()


def check_result(
    report: Report, form_faults: InvalidInput | None, texts: TextLimits, now: datetime, *, photo_missing: bool = False
) -> None:
    """A result report, with what was found wrong in its form. Raises InvalidInput, which names every fault."""
    faults = Faults()
    check_past(faults, "acceptedAt", report.accepted_at, now)
    check_zone(faults, "solveBy", report.solve_by)
    checked_text(faults, "measures", report.measures, texts.result)
    checked_text(faults, "talkedWith", report.talked_with, texts.reason)
    optional_text(faults, "explanation", report.explanation, texts.explanation)
    if report.result in _EXPLAINED and not (report.explanation or "").strip():
        faults.add("explanation", "未解决须说明原因", "is required for a matter that is not solved")
    if photo_missing:
        faults.add(
            "attachments", "须先上传处置后照片", "a photo of the result is required: addAttachment of kind AFTER first"
        )
    faults.faults.extend(form_faults.faults if form_faults else ())
    faults.check()


def check_attachment(attachment: AttachmentMetadata, texts: TextLimits, now: datetime) -> None:
    """A file's metadata. Raises InvalidInput, which names every fault."""
    faults = Faults()
    checked_text(faults, "name", attachment.name, texts.title)
    if attachment.media_type.count("/") != 1:
        faults.add("mediaType", "媒体类型不正确", "must be a media type such as image/jpeg")
    if attachment.size <= 0:
        faults.add("size", "文件不能为空", "must be above zero")
    if len(attachment.sha256) != 64 or not _HEXADECIMAL.issuperset(attachment.sha256):
        faults.add("sha256", "须为64位小写十六进制", "must be 64 lower-case hexadecimal digits")
    check_past(faults, "takenAt", attachment.taken_at, now)
    faults.check()


def described(
    kind: AttachmentKind, name: str, content: bytes, taken_at: datetime | None, point: Point | None
) -> AttachmentMetadata:
    """The metadata of a file with its bytes. Its type is told by its name here; the platform looks at the content."""
    return AttachmentMetadata(
        kind=kind, name=name, media_type=guess_type(name)[0] or "application/octet-stream", size=len(content),
        sha256=sha256(content).hexdigest(), taken_at=taken_at, point=point,
    )  # fmt: skip


def check_extension(amount: int, reason: str, texts: TextLimits) -> None:
    """How much more time is asked for, and why. Raises InvalidInput, which names every fault."""
    faults = Faults()
    if not 1 <= amount <= LONGEST_AMOUNT:
        faults.add("amount", f"须在 1 到 {LONGEST_AMOUNT} 之间", f"must be 1 to {LONGEST_AMOUNT}")
    checked_text(faults, "reason", reason, texts.reason)
    faults.check()


def check_fact(name: str, value: Json, texts: TextLimits) -> None:
    """A remembered fact: a short name, and a JSON value of at most 4,096 bytes. Raises InvalidInput."""
    faults = Faults()
    checked_text(faults, "name", name, texts.name)
    checked_json(faults, "value", value, _LARGEST_FACT)
    faults.check()


def check_text(path: str, text: str, limit: int) -> None:
    """A single text. Raises InvalidInput."""
    faults = Faults()
    checked_text(faults, path, text, limit)
    faults.check()
