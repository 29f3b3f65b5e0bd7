"""Streamed results: a subscription never leads past an event that could not be read."""

from collections.abc import AsyncGenerator
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import asyncpg
import pytest
import structlog
from graphql import GraphQLError, OperationType

from api.endpoint import StreamedOperations
from api.masking import RequestFacts, formatted
from api.requests import OperationRequest
from api.websocket import OperationRefused
from schema.execution import Outcome

LOST = asyncpg.ConnectionDoesNotExistError("connection was closed in the middle of operation")


class Events:
    """Operations with one subscription, whose outcomes the test gives."""

    def __init__(self, *outcomes: Outcome) -> None:
        self._outcomes = outcomes

    def document(self, request: OperationRequest) -> "Events":
        return self

    def kind(self, name: str | None) -> OperationType:
        return OperationType.SUBSCRIPTION

    def admitted(self, *_: Any) -> AbstractContextManager[None]:
        """As much as one likes."""
        return nullcontext()

    async def subscribe(self, *_: Any) -> AsyncGenerator[Outcome, None]:
        for outcome in self._outcomes:
            yield outcome

    def body(self, outcome: Outcome, facts: RequestFacts) -> bytes:
        return outcome.body()

    def told(self, errors: tuple[GraphQLError, ...], facts: RequestFacts) -> list[dict[str, Any]]:
        return formatted(errors, facts, 500)


async def told(*outcomes: Outcome) -> tuple[list[bytes], list[str]]:
    """The results of a subscription, and the codes of the errors that it ended with."""
    results: list[bytes] = []
    streamed = StreamedOperations(Events(*outcomes))  # type: ignore[arg-type] # only what a stream asks
    with structlog.testing.capture_logs():
        try:
            async for result in streamed.stream(OperationRequest("subscription { a }"), None, "en"):  # type: ignore[arg-type]
                results.append(result)
        except OperationRefused as refused:
            return results, [error["extensions"]["code"] for error in refused.errors]
    return results, []


@pytest.mark.parametrize(("cause", "code"), [(LOST, ["UNAVAILABLE"]), (ZeroDivisionError("a bug"), [])])
async def test_an_event_without_a_database_ends_the_subscription(cause: Exception, code: list[str]) -> None:
    half = Outcome(b'{"b":null}', (GraphQLError("failed", path=["b"], original_error=cause),))
    results, codes = await told(Outcome(b'{"a":1}'), half, Outcome(b'{"c":3}'))
    assert codes == code
    assert results[0] == b'{"data":{"a":1}}'
    assert len(results) == (1 if code else 3)
