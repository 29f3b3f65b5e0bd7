"""A GraphQL request out of an HTTP request: strict decoding with a status for everything that is wrong."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

import orjson
from starlette.types import Receive, Scope

BODY_LIMIT = 2_000_000


@dataclass(frozen=True)
class OperationRequest:
    """What a client asks for. ``document`` is GraphQL text."""

    document: str
    operation_name: str | None = None
    variables: Mapping[str, Any] | None = None


class BadRequestError(Exception):
    """The request is no GraphQL request; carries the status to answer with."""

    def __init__(
        self, status: int, message: str, code: str = "BAD_REQUEST", headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.headers = dict(headers or {})


async def read_request(scope: Scope, receive: Receive, headers: Mapping[bytes, bytes]) -> OperationRequest:
    """The GraphQL request of a GET or POST. Raises BadRequestError."""
    if scope["method"] == "GET":
        return _of_query_string(scope["query_string"])
    if scope["method"] != "POST":
        raise BadRequestError(405, "Use GET or POST.", "METHOD_NOT_ALLOWED", {"allow": "GET, POST"})
    _check_content_type(headers)
    return request_of(decode(await _body(receive, headers)))


def decode(body: bytes | str) -> Any:
    """Strict JSON: UTF-8, no NaN, no lone surrogates, bounded depth. Raises BadRequestError."""
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise BadRequestError(400, f"The body is not JSON: {error}", "MALFORMED_JSON") from None


def request_of(value: Any) -> OperationRequest:
    """The request parameters of a JSON object. Raises BadRequestError."""
    if not isinstance(value, dict):
        raise BadRequestError(400, "The body must be a JSON object.")
    document, name, variables, extensions = (
        value.get(key) for key in ("query", "operationName", "variables", "extensions")
    )
    if not isinstance(document, str) or not document:
        raise BadRequestError(400, "query must be a string.")
    if name is not None and not isinstance(name, str):
        raise BadRequestError(400, "operationName must be a string.")
    for key, part in (("variables", variables), ("extensions", extensions)):
        if part is not None and not isinstance(part, dict):
            raise BadRequestError(400, f"{key} must be an object.")
    _check_text("variables", variables)
    return OperationRequest(document, name or None, variables)


def _check_text(path: str, value: Any) -> None:
    """PostgreSQL cannot store U+0000: name the variable that holds one."""
    if isinstance(value, str) and "\x00" in value:
        raise BadRequestError(400, f"{path} holds a NUL character.", "INVALID_TEXT")
    if isinstance(value, dict):
        for key, part in value.items():
            _check_text(f"{path}.{key}", part)
    elif isinstance(value, list):
        for index, part in enumerate(value):
            _check_text(f"{path}.{index}", part)


def _of_query_string(query: bytes) -> OperationRequest:
    try:
        pairs = dict(parse_qsl(query.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=20))
    except (UnicodeDecodeError, ValueError):
        raise BadRequestError(400, "The query string cannot be decoded.") from None
    value: dict[str, Any] = dict(pairs)
    for key in ("variables", "extensions"):
        if pairs.get(key):
            value[key] = decode(pairs[key])
        else:
            value.pop(key, None)
    return request_of(value)


def _check_content_type(headers: Mapping[bytes, bytes]) -> None:
    media_type, *parameters = headers.get(b"content-type", b"").decode("latin-1").split(";")
    if media_type.strip().lower() != "application/json":
        raise BadRequestError(415, "Content-Type must be application/json.", "UNSUPPORTED_MEDIA_TYPE")
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "charset" and value.strip().strip('"').lower() not in ("utf-8", "utf8"):
            raise BadRequestError(415, "The charset must be UTF-8.", "UNSUPPORTED_MEDIA_TYPE")
    if headers.get(b"content-encoding", b"identity") != b"identity":
        raise BadRequestError(415, "Compressed bodies are not accepted.", "UNSUPPORTED_MEDIA_TYPE")


async def _body(receive: Receive, headers: Mapping[bytes, bytes]) -> bytes:
    length = headers.get(b"content-length", b"0")
    if not length.isdigit() or int(length) > BODY_LIMIT:
        raise BadRequestError(413, f"The body is over {BODY_LIMIT} bytes.", "BODY_TOO_LARGE")
    parts, size = [], 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise BadRequestError(400, "The client went away.")
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if size > BODY_LIMIT:
            raise BadRequestError(413, f"The body is over {BODY_LIMIT} bytes.", "BODY_TOO_LARGE")
        if not message.get("more_body"):
            return b"".join(parts)
