"""What a file is by its content 按内容识别, never by its name or by what a client says. Archives are not opened."""

from collections.abc import Collection

import filetype

from shaodao.domain.files import FileFault, FileRefused

HEAD_BYTES = 8_192
"""First bytes of a file that tell its type."""


def detected_type(head: bytes, allowed: Collection[str]) -> str:
    """The media type of a file that begins so. Raises FileRefused for one that is unknown or not allowed."""
    kind = filetype.guess(head[:HEAD_BYTES])
    media_type = "" if kind is None else str(kind.mime)
    if media_type not in allowed:
        found = media_type or "unknown"
        raise FileRefused(FileFault.NOT_ALLOWED, "不支持此类文件", f"files of this type are not taken ({found})")
    return media_type
