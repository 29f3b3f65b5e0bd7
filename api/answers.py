"""HTTP answers of the GraphQL endpoint: media type and status by the standard (design: http)."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import orjson
from starlette.types import Send

GRAPHQL_JSON: Literal["application/graphql-response+json"] = "application/graphql-response+json"
JSON: Literal["application/json"] = "application/json"
MediaType = Literal["application/graphql-response+json", "application/json"]


def acceptable(accept: str) -> MediaType | None:
    """The media type to answer with, by the Accept header; None when the client accepts neither.

    Without a header, and for a wildcard, it is graphql-response+json.
    """
    if not accept.strip():
        return GRAPHQL_JSON
    weights = dict(_weight(part) for part in accept.split(","))
    ranked = [(_quality(weights, name), name) for name in (GRAPHQL_JSON, JSON)]
    quality, best = max(ranked, key=lambda pair: pair[0])
    return best if quality > 0 else None


def _weight(part: str) -> tuple[str, float]:
    name, *parameters = (piece.strip() for piece in part.split(";"))
    quality = next((p[2:] for p in parameters if p.startswith("q=")), "1")
    try:
        return name.lower(), float(quality)
    except ValueError:
        return name.lower(), 0.0


def _quality(weights: Mapping[str, float], name: str) -> float:
    for candidate in (name, "application/*", "*/*"):
        if candidate in weights:
            return weights[candidate]
    return 0.0


def prefers_html(accept: str) -> bool:
    """Whether a browser asks for a page rather than for data."""
    weights = dict(_weight(part) for part in accept.split(","))
    return weights.get("text/html", 0.0) > max(weights.get(GRAPHQL_JSON, 0.0), weights.get(JSON, 0.0))


def errors_body(errors: Sequence[Mapping[str, Any]], request_id: str | None = None) -> bytes:
    """A response that is nothing but errors."""
    body: dict[str, Any] = {"errors": list(errors)}
    if request_id is not None:
        body["extensions"] = {"requestId": request_id}
    return orjson.dumps(body)


def one_error(message: str, code: str) -> list[dict[str, Any]]:
    """A single error outside any field."""
    return [{"message": message, "extensions": {"code": code}}]


async def send_body(
    send: Send, status: int, body: bytes, media_type: str, headers: Mapping[str, str] | None = None
) -> None:
    """One complete answer."""
    sent = [
        (b"content-type", f"{media_type}; charset=utf-8".encode()),
        (b"content-length", str(len(body)).encode()),
        (b"cache-control", b"no-store"),
        (b"vary", b"accept"),
        *((name.encode(), value.encode()) for name, value in (headers or {}).items()),
    ]
    await send({"type": "http.response.start", "status": status, "headers": sent})
    await send({"type": "http.response.body", "body": body})
