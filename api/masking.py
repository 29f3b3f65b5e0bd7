"""Errors in the shape that clients may see: their own mistakes in full; ours are masked, and logged with the request's id."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, assert_never

import asyncpg
import structlog
from graphql import GraphQLError
from obstore.exceptions import BaseError as StoreError
from uuid_utils.compat import uuid7

from api.answers import prefers_english
from schema.errors import ClientError
from shaodao.postgres.errors import connection_lost

FailureCode = Literal["INTERNAL_ERROR", "TIMED_OUT", "UNAVAILABLE"]
"""``TIMED_OUT``: PostgreSQL gave up on a statement. ``UNAVAILABLE``: there is no database, or no store of files. Else a bug of ours."""


@dataclass(frozen=True)
class RequestFacts:
    """What of the request resolvers may need: its id and the language of messages, found when they are asked for."""

    accept_language: str = ""

    @cached_property
    def request_id(self) -> str:
        """Of logs and of answers with errors."""
        return uuid7().hex

    @cached_property
    def english(self) -> bool:
        """Whether messages are in English."""
        return prefers_english(self.accept_language)


@dataclass(frozen=True)
class Failure:
    """A failure of ours, as clients may see it."""

    code: FailureCode
    error: dict[str, Any]

    @property
    def status(self) -> int:
        """Of an answer that is nothing but this failure: 503 for what may go well at the next try."""
        match self.code:
            case "INTERNAL_ERROR":
                return 500
            case "TIMED_OUT" | "UNAVAILABLE":
                return 503
            case _:
                assert_never(self.code)


def masked(cause: BaseException, facts: RequestFacts, path: Sequence[str | int] | None = None) -> Failure:
    """Log the cause with the request's id, and tell no more than its kind."""
    structlog.get_logger("shaodao.graphql").error(
        "request_failed", request_id=facts.request_id, path=path, exc_info=cause
    )
    code = failure_code(cause)
    extensions = {"code": code, "requestId": facts.request_id}
    return Failure(code, {"message": _said(code, english=facts.english), "extensions": extensions})


def failure_code(cause: BaseException) -> FailureCode:
    """The kind of a failure."""
    match cause:
        case asyncpg.QueryCanceledError() | TimeoutError():
            return "TIMED_OUT"
        case StoreError():
            return "UNAVAILABLE"
        case _ if connection_lost(cause):
            return "UNAVAILABLE"
        case _:
            return "INTERNAL_ERROR"


def passing(errors: Sequence[GraphQLError]) -> bool:
    """Whether any part of an answer is missing because there was no database for it: it may be had at the next try."""
    return any(
        error.original_error is not None and failure_code(error.original_error) == "UNAVAILABLE" for error in errors
    )


def formatted(errors: Sequence[GraphQLError], facts: RequestFacts, longest: int) -> list[dict[str, Any]]:
    """The errors of an operation as clients may see them; ``longest``: characters of a message, which may quote the request."""
    return [_formatted(error, facts, longest) for error in errors]


def client_error(error: GraphQLError) -> ClientError | None:
    """The mistake of the client that an error tells of, if it is one."""
    for found in (error, error.original_error):
        if isinstance(found, ClientError):
            return found
    return None


def _formatted(error: GraphQLError, facts: RequestFacts, longest: int) -> dict[str, Any]:
    shown: dict[str, Any] = dict(error.formatted)
    mistake = client_error(error)
    if mistake is not None:
        shown["message"] = mistake.english if facts.english else mistake.message
        shown["extensions"] = dict(mistake.extensions or {})
    elif _is_our_failure(error):
        assert error.original_error is not None
        shown |= masked(error.original_error, facts, error.path).error
    shown["message"] = shown["message"][:longest]
    shown.setdefault("extensions", {"code": "BAD_USER_INPUT"})
    return shown


def _is_our_failure(error: GraphQLError) -> bool:
    """What a resolver raised; what has no path was found wrong in the request, such as a scalar that cannot be parsed."""
    cause = error.original_error
    return error.path is not None and cause is not None and not isinstance(cause, GraphQLError)


def _said(code: FailureCode, *, english: bool) -> str:
    match code:
        case "INTERNAL_ERROR":
            return "Something went wrong on our side." if english else "系统内部错误，请稍后再试"
        case "TIMED_OUT":
            return "This took too long: ask for less at once." if english else "处理超时，请缩小范围后再试"
        case "UNAVAILABLE":
            return "The service is not available now: try again soon." if english else "服务暂时不可用，请稍后再试"
        case _:
            assert_never(code)
