"""Takes the bytes of uploads in: counted, hashed and looked at before any of them is stored, and stored once (L-39)."""

import hashlib
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from tempfile import SpooledTemporaryFile
from typing import IO, Any
from uuid import UUID

import asyncpg
import msgspec

from shaodao.commands.attaching import Target
from shaodao.commands.running import CommandRunner, Repetition
from shaodao.commands.uploads import UploadInput, mark_received, request_upload
from shaodao.domain.errors import NotFound, StateConflict
from shaodao.domain.files import FileFault, FileRefused, StoredFile, check_announced, too_large
from shaodao.domain.permissions import Viewer
from shaodao.file_types import HEAD_BYTES, detected_type
from shaodao.files import FileStore, key_of

_EXPECTED = """
SELECT size, media_type, sha256, received_at, attach_by FROM upload WHERE county_code = $1 AND id = $2
"""
_IN_MEMORY = 1_000_000
"""Bytes of a file on its way that are held in memory; of a longer one all go to a temporary file."""


@dataclass
class _Arriving:
    """A file on its way."""

    file: IO[bytes]
    size: int = 0
    head: bytes = b""
    digest: Any = field(default_factory=hashlib.sha256)

    def add(self, chunk: bytes) -> None:
        """The next bytes."""
        self.file.write(chunk)
        self.digest.update(chunk)
        self.size += len(chunk)
        if len(self.head) < HEAD_BYTES:
            self.head += chunk[: HEAD_BYTES - len(self.head)]


@dataclass(frozen=True)
class Intake:
    """``longest``: bytes of a file. ``system`` acts when bytes come, for who sends them has shown no more than an address."""

    runner: CommandRunner
    store: FileStore
    longest: int
    system: Viewer
    now: Callable[[], datetime]

    async def receive(self, county: int, upload_id: UUID, chunks: AsyncIterator[bytes]) -> StoredFile:
        """Store the bytes of an upload; the same bytes again change nothing.

        Raises NotFound for an upload that is none or whose time is over, and FileRefused; then nothing is stored.
        """
        expected = await self._expected(county, upload_id)
        with SpooledTemporaryFile(max_size=_IN_MEMORY) as file:
            arriving = await self._arrive(file, chunks, expected["size"])
            found = self._found(arriving)
            if expected["received_at"] is not None:
                return _same(found, expected["sha256"])
            check_announced(found, size=expected["size"], media_type=expected["media_type"], sha256=expected["sha256"])
            file.seek(0)
            await self.store.put(key_of(county, upload_id, found.sha256), file)
        return await self._received(county, upload_id, found)

    async def take(self, actor: Viewer, county: int, target: Target, name: str, content: bytes, key: str) -> UUID:
        """Upload bytes that are here already, for the actor; gives the upload's id, the same one for the same key and file.

        Raises as ``request_upload`` and ``receive``.
        """
        given = UploadInput(name, len(content), sha256=hashlib.sha256(content).hexdigest())
        # What the key stands for is said by the command that attaches: refused there, it may come again with another file.
        alike = hashlib.sha256(msgspec.json.encode([target, given])).hexdigest()
        outcome = await self.runner.run(
            partial(request_upload, target=target, given=given, longest=self.longest), actor=actor, county=county, now=self.now(),
            repetition=Repetition(f"{key}:{alike}", "takeUpload", None),
        )  # fmt: skip
        assert outcome.record_id is not None, "an upload has an id"
        # A repeated key may mean an upload that was attached, and forgotten since: to attach it again gives the first outcome.
        with suppress(NotFound):
            await self.receive(county, outcome.record_id, _once(content))
        return outcome.record_id

    async def _expected(self, county: int, upload_id: UUID) -> asyncpg.Record:
        row = await self.runner.pool.fetchrow(_EXPECTED, county, upload_id)
        if row is None or row["attach_by"] <= self.now():
            raise NotFound("Upload", str(upload_id))
        return row

    async def _arrive(self, file: IO[bytes], chunks: AsyncIterator[bytes], announced: int) -> _Arriving:
        """All bytes, unless they are more than may come: what is too long is not read to its end."""
        arriving = _Arriving(file)
        async for chunk in chunks:
            arriving.add(chunk)
            if arriving.size > self.longest:
                raise too_large(self.longest)
            if arriving.size > announced:
                raise FileRefused(
                    FileFault.MISMATCH, "文件大小与申报不符", f"{announced} bytes were announced, more came"
                )
        return arriving

    def _found(self, arriving: _Arriving) -> StoredFile:
        allowed = self.runner.ground().rulebook.files.media_types
        return StoredFile(detected_type(arriving.head, allowed), arriving.size, arriving.digest.hexdigest())

    async def _received(self, county: int, upload_id: UUID, found: StoredFile) -> StoredFile:
        """Of two that came at once the first one stays; what the other one stored is removed."""
        command = partial(mark_received, upload_id=upload_id, found=found)
        try:
            await self.runner.run(command, actor=self.system, county=county, now=self.now())
        except StateConflict:
            first = (await self._expected(county, upload_id))["sha256"]
            if first != found.sha256:
                await self.store.delete(key_of(county, upload_id, found.sha256))
            return _same(found, first)
        return found


def _same(found: StoredFile, sha256: str) -> StoredFile:
    if found.sha256 != sha256:
        raise FileRefused(FileFault.CONFLICT, "该上传已收到其他内容", "other bytes came for this upload before")
    return found


async def _once(content: bytes) -> AsyncIterator[bytes]:
    yield content
