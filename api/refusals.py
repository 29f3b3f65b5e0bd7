"""JSON answers of what is fetched and sent beside GraphQL, exports and files: refusals in the shape of GraphQL errors."""

from collections.abc import Mapping
from typing import Any

from starlette.responses import JSONResponse, Response

from api.masking import RequestFacts, masked

UNSHARED = {"cache-control": "no-store", "x-content-type-options": "nosniff"}
"""Headers of every answer: nobody else may keep it, and nothing is taken for what it does not say it is."""


def refused(
    status: int, code: str, message: str, facts: RequestFacts, headers: Mapping[str, str] | None = None
) -> Response:
    """A refusal."""
    body: dict[str, Any] = {
        "errors": [{"message": message, "extensions": {"code": code}}],
        "extensions": {"requestId": facts.request_id},
    }
    return JSONResponse(body, status, {**UNSHARED, **(headers or {})})


def failed(error: Exception, facts: RequestFacts) -> Response:
    """The last net, as in the GraphQL endpoint: everything unforeseen is masked."""
    failure = masked(error, facts)
    return refused(failure.status, failure.code, failure.error["message"], facts)


def said(error: Any, facts: RequestFacts) -> str:
    """A domain error's message in the language of the request."""
    return str(error.english if facts.english else error.message)
