"""Where the bytes of attachments lie: a folder, or an S3-compatible store (obstore). Keys are made by us, never by clients."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import IO, TYPE_CHECKING
from urllib.parse import urlsplit
from uuid import UUID, uuid4

import obstore
from obstore.exceptions import BaseError
from obstore.store import LocalStore, ObjectStore, S3Store

from shaodao.settings import Settings, StartError

if TYPE_CHECKING:
    from obstore import GetResult  # these are not there at run time
    from obstore.store import S3Config

FOLDER = "files"
"""Folder of the files in the data folder."""

CHUNK = 256 * 1024
_PATIENCE = timedelta(seconds=5)
"""How long a store that does not answer is tried again: a client waits meanwhile."""

PROBE = "probe"
"""Prefix of what is written to see whether the store can be written to."""


class FileStore:
    """Keeps files under keys. ``place`` is where, fit to be shown."""

    def __init__(self, store: ObjectStore, place: str) -> None:
        self._store = store
        self.place = place

    async def put(self, key: str, file: IO[bytes] | bytes) -> None:
        """Keep a file; what stood under the key is replaced, all at once."""
        await obstore.put_async(self._store, key, file)

    async def read(self, key: str, start: int, end: int) -> AsyncIterator[bytes]:
        """The bytes from ``start`` up to before ``end``. Raises FileNotFoundError before the first of them."""
        found = await obstore.get_async(self._store, key, options={"range": (start, end)})
        return _chunks(found)

    async def delete_below(self, prefix: str) -> None:
        """Delete all files whose keys begin with ``prefix``, a slash and more."""
        found = await obstore.list(self._store, prefix).collect_async()
        if found:
            await obstore.delete_async(self._store, [each["path"] for each in found])

    async def delete(self, key: str) -> None:
        """Delete a file."""
        await obstore.delete_async(self._store, key)

    async def check(self) -> None:
        """Write, read and delete something. Raises what the store raises."""
        key = f"{PROBE}/{uuid4().hex}"
        await self.put(key, b"shaodao")
        try:
            await obstore.get_async(self._store, key)
        finally:
            await self.delete(key)


def key_of(county: int, identifier: UUID, sha256: str) -> str:
    """The key of a file. Its content is part of it, so that two uploads at once cannot leave one with the other's bytes."""
    return f"{below(county, identifier)}/{sha256}"


def below(county: int, identifier: UUID) -> str:
    """The prefix of all that was uploaded under an id."""
    return f"{county}/{identifier.hex[-2:]}/{identifier}"


def file_store(settings: Settings) -> FileStore:
    """The store that the settings name. Raises StartError for a folder that cannot be made, and for settings that do not fit."""
    parts = urlsplit(settings.files)
    if parts.scheme == "s3":
        return FileStore(_s3(settings, parts.netloc, parts.path.strip("/")), settings.files)
    folder = Path(settings.files).expanduser() if settings.files else settings.data_dir / FOLDER
    return FileStore(LocalStore(_made(folder)), str(folder))


async def _chunks(found: "GetResult") -> AsyncIterator[bytes]:
    async for chunk in found.stream(CHUNK):
        yield bytes(chunk)


def _made(folder: Path) -> Path:
    """The folder, made so that its owner alone reads it; one that exists keeps its mode."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        reason = error.strerror or str(error)
        raise StartError(f"Cannot keep files in {folder}: {reason}. Choose another place with SHAODAO_FILES.") from None
    return folder.resolve()


def _s3(settings: Settings, bucket: str, prefix: str) -> S3Store:
    """Path-style addresses where an endpoint is named: S3-compatible stores in a house have no name for each bucket."""
    config: S3Config = {
        "region": settings.files_region,
        "virtual_hosted_style_request": not settings.files_endpoint,
    }
    if settings.files_endpoint:
        config["endpoint"] = settings.files_endpoint
    if settings.files_key_id:
        config["access_key_id"] = settings.files_key_id
    if settings.files_secret:
        config["secret_access_key"] = settings.files_secret
    plain = settings.files_endpoint.startswith("http://")
    try:
        return S3Store(
            bucket, prefix=prefix or None, config=config, client_options={"allow_http": plain, "connect_timeout": _PATIENCE},
            retry_config={"max_retries": 2, "retry_timeout": _PATIENCE},
        )  # fmt: skip
    except BaseError as error:
        reason = str(error).splitlines()[0]
        raise StartError(
            f"Cannot keep files in {settings.files}: {reason}. Mend the settings SHAODAO_FILES…."
        ) from None
