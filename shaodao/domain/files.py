"""Files 附件 as they come in: what is refused of their bytes."""

from dataclasses import dataclass
from enum import StrEnum

from shaodao.domain.errors import DomainError


class FileFault(StrEnum):
    """What is wrong with the bytes of an upload."""

    TOO_LARGE = "FILE_TOO_LARGE"
    NOT_ALLOWED = "FILE_TYPE_NOT_ALLOWED"
    MISMATCH = "FILE_MISMATCH"
    CONFLICT = "UPLOAD_CONFLICT"


class FileRefused(DomainError):
    """The bytes are not taken: they are too many, of no allowed type, not what was announced, or others are there already."""

    def __init__(self, fault: FileFault, message: str, english: str) -> None:
        super().__init__(message, english)
        self.fault = fault
        self.code = str(fault)


@dataclass(frozen=True)
class StoredFile:
    """What the bytes of a file are: ``media_type`` by their content, ``size`` in bytes, ``sha256`` as 64 hexadecimal digits."""

    media_type: str
    size: int
    sha256: str


def too_large(most: int) -> FileRefused:
    """The refusal of a file over ``most`` bytes."""
    return FileRefused(FileFault.TOO_LARGE, f"文件超过{most}字节", f"the file is over {most} bytes")


def check_announced(found: StoredFile, *, size: int, media_type: str | None, sha256: str | None) -> None:
    """Raise FileRefused for bytes that are not what was announced; None was not announced."""
    if found.size != size:
        _mismatch("文件大小与申报不符", f"{size} bytes were announced, {found.size} came")
    if sha256 is not None and found.sha256 != sha256:
        _mismatch("文件内容与申报的SHA-256不符", "the SHA-256 is not the announced one")
    if media_type is not None and found.media_type != media_type:
        _mismatch(f"文件实为{found.media_type}", f"{media_type} was announced, the content is {found.media_type}")


def _mismatch(message: str, english: str) -> None:
    raise FileRefused(FileFault.MISMATCH, message, english)
