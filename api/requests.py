"""A GraphQL request out of an HTTP request: strict decoding with a status for everything that is wrong."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

import orjson
from starlette.types import Receive, Scope

from api.answers import UTF_8
from api.bad_requests import BadRequestError
from api.multipart import check_preflight, is_multipart, operations_of
from api.sites import Sites, was_preflighted
from shaodao.limits import Limits

SAFE_METHODS = ("GET", "HEAD")
DOCUMENT_ID_CHARACTERS = 256
LENGTH_DIGITS = 18
"""Digits of a Content-Length that is worth reading as a number."""


@dataclass(frozen=True)
class OperationRequest:
    """What a client asks for. ``document`` is GraphQL text; ``document_id`` names one, instead of the text or beside it."""

    document: str | None
    operation_name: str | None = None
    variables: Mapping[str, Any] | None = None
    document_id: str | None = None


@dataclass(frozen=True)
class RequestReader:
    """Reads requests within limits; ``sites`` tells whose pages may ask."""

    limits: Limits
    sites: Sites

    async def read(self, scope: Scope, receive: Receive, headers: Mapping[bytes, bytes]) -> OperationRequest:
        """The GraphQL request of a GET or POST. Raises BadRequestError."""
        if scope["method"] in SAFE_METHODS:
            self._check_site(headers)
            return self._of_query_string(scope["query_string"])
        if scope["method"] != "POST":
            raise BadRequestError(405, "Use GET or POST.", "METHOD_NOT_ALLOWED", {"allow": "GET, HEAD, POST"})
        if is_multipart(headers):
            check_preflight(headers)
            return request_of(await operations_of(await self._body(receive, headers), headers, self.decode))
        _check_content_type(headers)
        return request_of(self.decode(await self._body(receive, headers)))

    def decode(self, text: bytes | str) -> Any:
        """Strict JSON: UTF-8, no NaN, no lone surrogates, bounded depth and size. Raises BadRequestError."""
        try:
            value = orjson.loads(text)
        except orjson.JSONDecodeError as error:
            raise BadRequestError(400, f"This is not JSON: {error}", "MALFORMED_JSON") from None
        self._check_size(value)
        return value

    def _check_site(self, headers: Mapping[bytes, bytes]) -> None:
        """A page of another site must have asked before, for whoever reads here may be somebody else."""
        if self.sites.foreign(headers) and not was_preflighted(headers):
            told = "A page of another site must send POST, or the header GraphQL-Require-Preflight."
            raise BadRequestError(403, told, "CROSS_SITE")

    def _check_size(self, value: Any) -> None:
        """Level by level, so that it costs no stack."""
        deepest, most = self.limits.json_depth, self.limits.json_members
        level, depth, members = [value], 0, 0
        while level := [each for each in level if isinstance(each, dict | list)]:
            depth += 1
            members += sum(map(len, level))
            if depth > deepest:
                raise BadRequestError(400, f"The JSON is nested deeper than {deepest} levels.", "MALFORMED_JSON")
            if members > most:
                raise BadRequestError(413, f"The JSON has more than {most} members.", "BODY_TOO_LARGE")
            level = [member for each in level for member in (each.values() if isinstance(each, dict) else each)]

    def _of_query_string(self, query: bytes) -> OperationRequest:
        longest = self.limits.query_string_bytes
        if len(query) > longest:
            raise BadRequestError(414, f"The query string is over {longest} bytes: use POST.", "URI_TOO_LONG")
        value = _parameters(query)
        for key in ("variables", "extensions"):
            text = value.pop(key, "")
            if text:
                value[key] = self.decode(text)
        return request_of(value)

    async def _body(self, receive: Receive, headers: Mapping[bytes, bytes]) -> bytes:
        length = headers.get(b"content-length", b"0")
        if not length.isdigit():
            raise BadRequestError(400, "Content-Length must be a number.")
        if len(length) > LENGTH_DIGITS or int(length) > self.limits.body_bytes:
            raise self._too_large()
        parts, size = [], 0
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise BadRequestError(400, "The client went away.")
            parts.append(message.get("body", b""))
            size += len(parts[-1])
            if size > self.limits.body_bytes:
                raise self._too_large()
            if not message.get("more_body"):
                return b"".join(parts)

    def _too_large(self) -> BadRequestError:
        return BadRequestError(413, f"The body is over {self.limits.body_bytes} bytes.", "BODY_TOO_LARGE")


def request_of(value: Any) -> OperationRequest:
    """The request parameters of a JSON object. Raises BadRequestError, with code INVALID_TEXT for a NUL in a variable."""
    if not isinstance(value, dict):
        raise BadRequestError(422, "The request must be a JSON object.")
    document, name, variables, extensions = (
        value.get(key) for key in ("query", "operationName", "variables", "extensions")
    )
    if name is not None and not isinstance(name, str):
        raise BadRequestError(422, "operationName must be a string.")
    for key, part in (("variables", variables), ("extensions", extensions)):
        if part is not None and not isinstance(part, dict):
            raise BadRequestError(422, f"{key} must be an object.")
    identifier = _document_id(value.get("documentId"), (extensions or {}).get("persistedQuery"))
    if not isinstance(document, str) and (document is not None or identifier is None):
        raise BadRequestError(422, "query must be a string.")
    _check_text("variables", variables)
    if identifier is not None:
        document = document or None  # the npm client graphql-ws must send a text, so with an identifier it is empty
    return OperationRequest(document, name or None, variables, identifier)


def _document_id(given: Any, persisted: Any) -> str | None:
    """The identifier of a trusted document, by ``documentId`` or in Apollo's way. Raises BadRequestError."""
    if given is None and persisted is not None:
        if not isinstance(persisted, dict) or persisted.get("version") != 1:
            raise BadRequestError(422, "extensions.persistedQuery must be an object with version 1.")
        given = persisted.get("sha256Hash", "")
    if given is not None and (not isinstance(given, str) or not 0 < len(given) <= DOCUMENT_ID_CHARACTERS):
        raise BadRequestError(422, f"An identifier of a document has 1 to {DOCUMENT_ID_CHARACTERS} characters.")
    return given


def _check_text(path: str, value: Any) -> None:
    """PostgreSQL cannot store U+0000: name the variable that holds one."""
    if isinstance(value, str) and "\x00" in value:
        raise BadRequestError(422, f"{path} holds a NUL character.", "INVALID_TEXT")
    if isinstance(value, dict):
        for key, part in value.items():
            _check_text(path, key)
            _check_text(f"{path}.{key}", part)
    elif isinstance(value, list):
        for index, part in enumerate(value):
            _check_text(f"{path}.{index}", part)


def _parameters(query: bytes) -> dict[str, Any]:
    """The parameters of a query string, each given once. Raises BadRequestError."""
    try:
        pairs = parse_qsl(query.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=20)
    except ValueError:
        raise BadRequestError(400, "The query string cannot be decoded.") from None
    value: dict[str, Any] = dict(pairs)
    if len(value) < len(pairs):
        raise BadRequestError(422, "A parameter of the query string is given twice.")
    return value


def _check_content_type(headers: Mapping[bytes, bytes]) -> None:
    media_type, *parameters = headers.get(b"content-type", b"").decode("latin-1").split(";")
    if media_type.strip().lower() != "application/json":
        told = "Content-Type must be application/json, or multipart/form-data for a request with files."
        raise _unsupported(told, {"accept": "application/json, multipart/form-data"})
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "charset" and value.strip().strip('"').lower() not in UTF_8:
            raise _unsupported("The charset must be UTF-8.", {"accept": "application/json; charset=utf-8"})
    if headers.get(b"content-encoding", b"identity").strip().lower() != b"identity":
        raise _unsupported("Compressed bodies are not accepted.", {"accept-encoding": "identity"})


def _unsupported(message: str, headers: Mapping[str, str]) -> BadRequestError:
    return BadRequestError(415, message, "UNSUPPORTED_MEDIA_TYPE", headers)
