"""A GraphQL request with files in it: the GraphQL multipart request specification, read strictly (design: http).

``operations`` is the request as JSON, ``map`` tells for each file at which variables it stands, then come the files. A wrong map is
the client's mistake, and answered as one.
"""

from collections.abc import AsyncGenerator, Callable, Mapping
from typing import Any

from python_multipart.exceptions import MultipartParseError
from starlette.datastructures import Headers
from starlette.formparsers import MultiPartException, MultiPartParser

from api.bad_requests import BadRequestError
from api.sites import PREFLIGHT_HEADERS
from schema.uploaded import UploadedFile

MOST_FILES = 10
MOST_PLACES = 10
"""Files of a request, and variables at which one of them stands."""

Decode = Callable[[bytes | str], Any]
"""Strict JSON; raises BadRequestError."""


def is_multipart(headers: Mapping[bytes, bytes]) -> bool:
    """Whether the body is a form with files."""
    return headers.get(b"content-type", b"").partition(b";")[0].strip().lower() == b"multipart/form-data"


def check_preflight(headers: Mapping[bytes, bytes]) -> None:
    """Raise BadRequestError for a form that a page of another site could send without asking."""
    if not any(name in headers for name in PREFLIGHT_HEADERS):
        told = "multipart/form-data needs the header GraphQL-Require-Preflight."
        raise BadRequestError(403, told, "CROSS_SITE")


async def operations_of(body: bytes, headers: Mapping[bytes, bytes], decode: Decode) -> Any:
    """The JSON of ``operations``, with each file in its places. Raises BadRequestError."""
    parts = await _parts(body, headers)
    operations, places = (decode(_text(parts, name)) for name in ("operations", "map"))
    if not isinstance(operations, dict):
        raise BadRequestError(422, "operations must be a JSON object.")
    if not isinstance(places, dict):
        raise BadRequestError(422, "map must be a JSON object.")
    files = {name: value for name, value in parts.items() if isinstance(value, UploadedFile)}
    if files.keys() != places.keys() or len(files) + 2 != len(parts):
        raise BadRequestError(
            422, "The form must have operations, map, and every file that map names, and nothing else."
        )
    for name, paths in places.items():
        for path in _paths(name, paths):
            _put(operations, path, files[name])
    return operations


async def _parts(body: bytes, headers: Mapping[bytes, bytes]) -> dict[str, str | UploadedFile]:
    """The parts of the form, each name once."""

    async def stream() -> AsyncGenerator[bytes, None]:
        yield body

    given = Headers(raw=[(b"content-type", headers[b"content-type"])])
    parser = MultiPartParser(given, stream(), max_files=MOST_FILES, max_fields=2, max_part_size=len(body))
    try:
        form = await parser.parse()
    except (MultiPartException, MultipartParseError, UnicodeError, LookupError) as error:
        raise BadRequestError(400, f"This is no form of files: {error}", "MALFORMED_MULTIPART") from None
    pairs = form.multi_items()
    try:
        parts = {name: value if isinstance(value, str) else UploadedFile(await value.read()) for name, value in pairs}
    finally:
        await form.close()
    if len(parts) < len(pairs):
        raise BadRequestError(422, "A part of the form is given twice.")
    return parts


def _text(parts: Mapping[str, str | UploadedFile], name: str) -> str:
    value = parts.get(name)
    if not isinstance(value, str):
        raise BadRequestError(422, f"The form must have a field {name}, which is no file.")
    return value


def _paths(name: str, paths: Any) -> list[str]:
    if not isinstance(paths, list) or not 1 <= len(paths) <= MOST_PLACES or not all(isinstance(p, str) for p in paths):
        raise BadRequestError(422, f"map.{name} must be a list of 1 to {MOST_PLACES} paths.")
    return paths


def _put(operations: dict[str, Any], path: str, file: UploadedFile) -> None:
    """Put a file where ``null`` stands for it, in a variable."""
    first, *others = path.split(".")
    holder: Any = operations if first == "variables" and others else None
    for step in (first, *others[:-1]):
        holder = _member(holder, step)
    last = others[-1] if others else ""
    if _member(holder, last, missing=file) is not None:
        raise BadRequestError(422, f"map names {path[:80]}, where no null stands in the variables.")
    holder[int(last) if isinstance(holder, list) else last] = file


def _member(holder: Any, step: str, missing: Any = None) -> Any:
    """What stands in an object or a list under a name or an index; ``missing`` where nothing can."""
    if isinstance(holder, dict):
        return holder.get(step, missing)
    if isinstance(holder, list) and step.isascii() and step.isdigit() and len(step) <= 6 and int(step) < len(holder):
        return holder[int(step)]
    return missing
