"""Errors as clients see them: their own mistakes in full, ours by their kind alone."""

from typing import Any

import asyncpg
import pytest
import structlog
from graphql import GraphQLError

from api.masking import FailureCode, RequestFacts, formatted, masked
from schema.errors import ClientError

CHINESE, ENGLISH = RequestFacts("zh"), RequestFacts("en")


@pytest.mark.parametrize(
    ("cause", "code", "status"),
    [
        (ZeroDivisionError("secret"), "INTERNAL_ERROR", 500),
        (asyncpg.UndefinedTableError("secret"), "INTERNAL_ERROR", 500),
        (asyncpg.QueryCanceledError("secret"), "TIMED_OUT", 503),
        (TimeoutError("secret"), "TIMED_OUT", 503),
        (asyncpg.TooManyConnectionsError("secret"), "UNAVAILABLE", 503),
        (asyncpg.AdminShutdownError("secret"), "UNAVAILABLE", 503),
        (asyncpg.ConnectionDoesNotExistError("secret"), "UNAVAILABLE", 503),
        (ConnectionRefusedError("secret"), "UNAVAILABLE", 503),
        (
            asyncpg.InternalClientError("cannot switch to state 12; another operation (2) is in progress"),
            "UNAVAILABLE",
            503,
        ),
        (
            asyncpg.InterfaceError("cannot call Transaction.__aexit__(): the underlying connection is closed"),
            "UNAVAILABLE",
            503,
        ),
        (asyncpg.InterfaceError("the server expects 2 arguments for this query, 1 was passed"), "INTERNAL_ERROR", 500),
    ],
)
def test_a_failure_tells_its_kind_and_its_request(cause: Exception, code: FailureCode, status: int) -> None:
    with structlog.testing.capture_logs() as events:
        failure = masked(cause, ENGLISH, ["a"])
    assert (failure.code, failure.status) == (code, status)
    assert failure.error["extensions"] == {"code": code, "requestId": ENGLISH.request_id}
    assert "secret" not in str(failure.error)
    assert [(event["request_id"], event["exc_info"], event["path"]) for event in events] == [
        (ENGLISH.request_id, cause, ["a"])
    ]


def test_every_failure_is_told_in_both_languages() -> None:
    for cause in (ValueError(), TimeoutError(), OSError()):
        with structlog.testing.capture_logs():
            assert masked(cause, ENGLISH).error["message"].isascii()
            assert not masked(cause, CHINESE).error["message"].isascii()


def only(error: GraphQLError, facts: RequestFacts = ENGLISH) -> dict[str, Any]:
    with structlog.testing.capture_logs():
        [shown] = formatted([error], facts, 500)
    return shown


def test_a_mistake_of_the_client_is_told_in_its_language() -> None:
    mistake = ClientError("INVALID_ID", "无效的标识", "not an identifier")
    wrapped = GraphQLError("无效的标识", path=["a", 1], original_error=mistake)
    for error in (mistake, wrapped):
        assert only(error)["message"] == "not an identifier"
        assert only(error, CHINESE)["message"] == "无效的标识"
        assert only(error)["extensions"] == {"code": "INVALID_ID"}
    assert only(wrapped)["path"] == ["a", 1]


def test_what_a_resolver_raised_is_masked_and_what_was_wrong_in_the_request_is_told() -> None:
    cause = ValueError("secret")
    assert only(GraphQLError("secret", path=["a"], original_error=cause))["extensions"]["code"] == "INTERNAL_ERROR"
    told = only(GraphQLError("Variable '$a' is no date.", original_error=cause))
    assert (told["message"], told["extensions"]) == ("Variable '$a' is no date.", {"code": "BAD_USER_INPUT"})


def test_long_messages_are_cut() -> None:
    assert len(only(GraphQLError("x" * 10_000))["message"]) == 500
