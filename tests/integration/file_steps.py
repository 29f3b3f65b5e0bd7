"""Files for tests: small ones of real types, and an intake that keeps them in memory."""

import zlib
from io import BytesIO
from struct import pack
from zipfile import ZipFile

from obstore.store import MemoryStore

from shaodao.domain.permissions import SYSTEM
from shaodao.files import FileStore
from shaodao.intake import Intake
from tests.integration.conftest import Street

LONGEST = 100_000
"""Bytes of a file that the intake takes."""


def png(text: str = "", size: int = 0) -> bytes:
    """A PNG of one pixel with a comment in it; padded to at least so many bytes."""
    chunks = [(b"IHDR", pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0)), (b"tEXt", b"Comment\0" + text.encode() + b"." * size)]
    chunks += [(b"IDAT", zlib.compress(b"\0\xff\0\0")), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        pack(">I", len(body)) + name + body + pack(">I", zlib.crc32(name + body)) for name, body in chunks
    )


def pdf() -> bytes:
    """What begins as a PDF does."""
    return b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n<<>>\nendobj\n%%EOF\n"


def docx() -> bytes:
    """A document of an office program, with nothing in it."""
    file = BytesIO()
    with ZipFile(file, "w") as archive:
        for name in ("[Content_Types].xml", "_rels/.rels", "word/document.xml"):
            archive.writestr(name, "<x/>")
    return file.getvalue()


def intake_of(street: Street) -> Intake:
    """An intake on the street's database, with a store of its own."""
    store = FileStore(MemoryStore(), "memory")
    return Intake(street.runner, store, LONGEST, SYSTEM, lambda: street.now)
