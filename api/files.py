"""GET /files/{token}: the bytes of one attachment, by the link that ``requestDownloads`` gave to who sees it."""

import re
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from urllib.parse import quote

import asyncpg
import structlog
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from api.masking import RequestFacts
from api.refusals import UNSHARED, failed, refused, said
from schema.mutations.uploads import DOWNLOADS
from shaodao.domain.errors import NotFound
from shaodao.files import FileStore, key_of
from shaodao.links import LinkExpired, LinkInvalid, Links, Purpose

DOWNLOADS_PATH = DOWNLOADS + "{token}"

# An account that was disabled meanwhile reads nothing more, by whatever link.
_FILE = """
SELECT id, name, media_type, size, sha256 FROM attachment
WHERE county_code = $1 AND id = $2 AND stored
    AND NOT EXISTS (SELECT FROM accounts WHERE login = $3 AND NOT enabled)
"""
_RANGE = re.compile(r"bytes=(\d{0,15})-(\d{0,15})")
_HEADERS = {
    **UNSHARED,
    "accept-ranges": "bytes",
    "content-security-policy": "default-src 'none'; sandbox",
    "referrer-policy": "no-referrer",
}
_SHOWN = ("image/", "video/")
"""Beginnings of the types that a page may show; others are saved, for what opens them runs what is in them."""


class _RangeNotSatisfiable(Exception):
    """The file, of so many bytes, has none of the range."""

    def __init__(self, size: int) -> None:
        super().__init__(size)
        self.size = size


@dataclass(frozen=True)
class _Span:
    """The bytes of an answer: from ``start`` up to before ``end``, of a file of ``size``."""

    start: int
    end: int
    size: int

    @property
    def whole(self) -> bool:
        return self.end - self.start == self.size


@dataclass(frozen=True)
class DownloadEndpoint:
    """Serves files. Who has the link reads it: no token is asked for, since an image in a page sends none."""

    pool: "asyncpg.Pool[asyncpg.Record]"
    store: FileStore
    links: Links

    async def answer(self, request: Request) -> Response:
        """The file, or a part of it; else why not."""
        facts = RequestFacts(request.headers.get("accept-language", ""))
        try:
            return await self._file(request)
        except LinkInvalid:
            return refused(403, "LINK_INVALID", "This link was not given out here.", facts)
        except LinkExpired:
            return refused(410, "LINK_EXPIRED", "This link has ended: ask for a new one.", facts)
        except _RangeNotSatisfiable as error:
            told = {"content-range": f"bytes */{error.size}"}
            return refused(416, "RANGE_NOT_SATISFIABLE", "The file has no such bytes.", facts, told)
        except NotFound as error:
            return refused(404, error.code, said(error, facts), facts)
        except Exception as error:
            return failed(error, facts)

    async def _file(self, request: Request) -> Response:
        permission = self.links.read(Purpose.DOWNLOAD, request.path_params["token"])
        row = await self.pool.fetchrow(_FILE, permission.county, permission.id, permission.sub)
        if row is None:
            raise NotFound("Attachment", str(permission.id))
        span = _span(request.headers, row)
        key = key_of(permission.county, permission.id, row["sha256"])
        content = await self._content(key, span, head=request.method == "HEAD")
        return StreamingResponse(content, 200 if span.whole else 206, _headers(row, span), row["media_type"])

    async def _content(self, key: str, span: _Span, *, head: bool) -> AsyncIterator[bytes]:
        if head:
            return _nothing()
        try:
            return await self.store.read(key, span.start, span.end)
        except FileNotFoundError:
            structlog.get_logger(__name__).error("file_missing", key=key, place=self.store.place)
            raise NotFound("File", key) from None


def _span(headers: Mapping[str, str], row: asyncpg.Record) -> _Span:
    """The one range that is asked for; the whole file for none, several, or one of another version.

    Raises _RangeNotSatisfiable.
    """
    size = int(row["size"])
    asked = _RANGE.fullmatch(headers.get("range", "").strip())
    if asked is None or not any(asked.groups()) or headers.get("if-range", _tag(row)) != _tag(row):
        return _Span(0, size, size)
    first, last = asked.groups()
    start = int(first) if first else max(0, size - int(last))
    end = min(size, int(last) + 1) if first and last else size
    if start >= end:
        raise _RangeNotSatisfiable(size)
    return _Span(start, end, size)


def _headers(row: asyncpg.Record, span: _Span) -> dict[str, str]:
    how = "inline" if row["media_type"].startswith(_SHOWN) else "attachment"
    headers = {
        **_HEADERS,
        "content-length": str(span.end - span.start),
        "content-disposition": f"{how}; filename*=UTF-8''{quote(row['name'], safe='')}",
        "etag": _tag(row),
    }
    if not span.whole:
        headers["content-range"] = f"bytes {span.start}-{span.end - 1}/{span.size}"
    return headers


def _tag(row: asyncpg.Record) -> str:
    return f'"{row["sha256"]}"'


async def _nothing() -> AsyncIterator[bytes]:
    yield b""
