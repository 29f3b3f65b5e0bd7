"""HTTP answers of the GraphQL endpoint: what the client accepts, and one complete answer (design: http)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from operator import itemgetter
from typing import Any, Literal

import orjson
from starlette.types import Send

GRAPHQL_JSON: Literal["application/graphql-response+json"] = "application/graphql-response+json"
JSON: Literal["application/json"] = "application/json"
MediaType = Literal["application/graphql-response+json", "application/json"]
EVENT_STREAM = "text/event-stream"
UTF_8 = ("utf-8", "utf8")

_BY_PREFERENCE: Mapping[MediaType, tuple[MediaType, MediaType]] = {
    GRAPHQL_JSON: (GRAPHQL_JSON, JSON),
    JSON: (JSON, GRAPHQL_JSON),
}


@dataclass(frozen=True)
class Answer:
    """One complete answer."""

    status: int
    body: bytes
    media_type: MediaType
    headers: Mapping[str, str] = field(default_factory=dict)


@lru_cache(maxsize=256)
def acceptable(accept: str, preferred: MediaType = GRAPHQL_JSON) -> MediaType | None:
    """The media type to answer with, by the Accept header; None when the client accepts neither.

    Without a header, and for a wildcard, it is the preferred one. A client that names both alike knows the newer one.
    """
    if not accept.strip():
        return preferred
    weights = _weights(accept)
    order = _BY_PREFERENCE[GRAPHQL_JSON if GRAPHQL_JSON in weights else preferred]
    quality, best = max(((_quality(weights, name), name) for name in order), key=itemgetter(0))
    return best if quality > 0 else None


def accepts_events(accept: str) -> bool:
    """Whether an event stream is accepted, by its name; it is given to those alone who accept no JSON."""
    return _weights(accept).get(EVENT_STREAM, 0.0) > 0


def prefers_html(accept: str) -> bool:
    """Whether a browser asks for a page rather than for data."""
    weights = _weights(accept)
    return weights.get("text/html", 0.0) > max(weights.get(GRAPHQL_JSON, 0.0), weights.get(JSON, 0.0))


def prefers_english(accept_language: str) -> bool:
    """Whether English is asked for before Chinese, which messages are in otherwise."""
    best = {"en": 0.0, "zh": 0.0}
    for name, quality in _weights(accept_language).items():
        language = name.partition("-")[0]
        if language in best:
            best[language] = max(best[language], quality)
    return best["en"] > best["zh"]


def _weights(header: str) -> dict[str, float]:
    """The quality of each name in a header such as Accept."""
    return dict(_weight(part) for part in header.lower().split(","))


def _weight(part: str) -> tuple[str, float]:
    """A name with its quality: 0 for one that is no number, and for another charset than UTF-8."""
    name, *parameters = (piece.strip() for piece in part.split(";"))
    given = dict(parameter.partition("=")[::2] for parameter in parameters)
    if given.get("charset", "utf-8").strip('"') not in UTF_8:
        return name, 0.0
    try:
        return name, float(given.get("q", "1"))
    except ValueError:
        return name, 0.0


def _quality(weights: Mapping[str, float], name: str) -> float:
    for candidate in (name, "application/*", "*/*"):
        if candidate in weights:
            return weights[candidate]
    return 0.0


def errors_body(errors: Sequence[Mapping[str, Any]], request_id: str) -> bytes:
    """A response that is nothing but errors."""
    return orjson.dumps({"errors": list(errors), "extensions": {"requestId": request_id}})


def one_error(message: str, code: str) -> list[dict[str, Any]]:
    """A single error outside any field."""
    return [{"message": message, "extensions": {"code": code}}]


async def send_answer(send: Send, answer: Answer) -> None:
    """Send it; nobody may store it."""
    headers = {
        "content-type": f"{answer.media_type}; charset=utf-8",
        "content-length": str(len(answer.body)),
        "cache-control": "no-store",
        "vary": "accept, accept-language",
        **answer.headers,
    }
    encoded = [(name.encode(), value.encode()) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": answer.status, "headers": encoded})
    await send({"type": "http.response.body", "body": answer.body})
