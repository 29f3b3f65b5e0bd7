"""GraphQL over HTTP at one path: POST and GET, subscriptions over WebSocket and SSE, the explorer for browsers (design: http)."""

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import ExitStack, aclosing, nullcontext
from dataclasses import dataclass
from typing import Any

from graphql import OperationType
from starlette.types import Receive, Scope, Send

from api.allowances import AllowanceSpent
from api.answers import (
    GRAPHQL_JSON,
    Answer,
    MediaType,
    acceptable,
    accepts_events,
    errors_body,
    one_error,
    prefers_html,
    send_answer,
)
from api.authentication import Authenticator, Session, Unauthenticated
from api.bad_requests import BadRequestError
from api.compression import SMALLEST_BYTES, compressing
from api.conventions import Conventions
from api.events import EventStreams, Listener
from api.execution import Operations
from api.explorer import explorer_page_response
from api.masking import RequestFacts, masked, passing
from api.requests import SAFE_METHODS, OperationRequest, RequestReader
from api.subscriptions import TooManySubscriptions
from api.websocket import OperationRefused, SocketLimits, SubscriptionEndpoint
from schema.documents import Refused
from schema.execution import Outcome

ANSWER = "shaodao.answer"
"""Where a scope holds the answer that is to be compressed."""


class GraphQLEndpoint:
    """The ASGI application of /graphql."""

    def __init__(
        self,
        operations: Operations,
        authenticator: Authenticator,
        conventions: Conventions,
        reader: RequestReader,
        socket_limits: SocketLimits | None = None,
    ) -> None:
        self._operations = operations
        self._authenticator = authenticator
        self._conventions = conventions
        self._preferred = conventions.preferred
        self._reader = reader
        self._compressing = compressing(_send_kept)
        limits = socket_limits or SocketLimits()
        self._sockets = SubscriptionEndpoint(StreamedOperations(operations), authenticator, limits, reader)
        self._streams = EventStreams(StreamedOperations(operations, admitted=True), authenticator, limits)

    async def close(self) -> None:
        """Close sockets and event streams, and those that still come: the server stops."""
        await asyncio.gather(self._sockets.close(), self._streams.close())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await self._sockets(scope, receive, send)
            return
        headers = dict(scope["headers"])
        accept = headers.get(b"accept", b"").decode("latin-1")
        if scope["method"] in SAFE_METHODS and prefers_html(accept):
            await explorer_page_response()(scope, receive, send)
            return
        accepted = acceptable(accept, self._preferred)
        if accepted is None and scope["method"] in ("GET", "POST") and accepts_events(accept):
            await self._stream(scope, receive, send, headers)
            return
        answer = await self._answer(scope, receive, headers, accepted)
        if b"accept-encoding" in headers and len(answer.body) >= SMALLEST_BYTES:
            await self._compressing({**scope, ANSWER: answer}, receive, send)
        else:
            await send_answer(send, answer)

    async def _answer(
        self, scope: Scope, receive: Receive, headers: Mapping[bytes, bytes], accepted: MediaType | None
    ) -> Answer:
        facts = _facts(headers)
        media_type = accepted or GRAPHQL_JSON
        try:
            if accepted is None:
                raise BadRequestError(406, f"Accept must allow {GRAPHQL_JSON} or application/json.", "NOT_ACCEPTABLE")
            session = await self._authenticator.authenticate(_authorization(headers))
            request = await self._reader.read(scope, receive, headers)
            outcome = await self._run(scope["method"], request, session, facts)
            body = self._operations.body(outcome, facts)
            return (
                self._conventions.failure(outcome, body, media_type)
                if outcome.errors
                else Answer(200, body, media_type)
            )
        except asyncio.CancelledError:  # the server stops, and has waited as long as it can
            return self._failed(ConnectionAbortedError("the server stops"), media_type, facts)
        except Exception as error:
            return self._failed(error, media_type, facts)

    async def _stream(self, scope: Scope, receive: Receive, send: Send, headers: Mapping[bytes, bytes]) -> None:
        """Results as events; what is no request, nobody's, or too much for now gets its status as elsewhere."""
        facts, authorization = _facts(headers), _authorization(headers)
        with ExitStack() as admission:
            try:
                session = await self._authenticator.authenticate(authorization)
                request = await self._reader.read(scope, receive, headers)
                document = self._operations.document(request)
                _check_method(scope["method"], document.kind(request.operation_name))
                admission.enter_context(self._operations.admitted(document, request, session))
            except Refused as refused:
                await self._streams.refuse(self._operations.told(refused.errors, facts), send)
                return
            except Exception as error:
                await send_answer(send, self._failed(error, GRAPHQL_JSON, facts))
                return
            await self._streams.run(Listener(request, session, authorization, facts.accept_language), receive, send)

    def _failed(self, error: Exception, accepted: MediaType, facts: RequestFacts) -> Answer:
        """The answer to a request that could not be executed; everything unforeseen is masked."""
        match error:
            case BadRequestError():
                return self._refused(error.status, one_error(str(error), error.code), accepted, facts, error.headers)
            case AllowanceSpent():
                return self._refused(429, one_error(str(error), "RATE_LIMITED"), accepted, facts, error.headers)
            case TooManySubscriptions():
                return self._refused(429, one_error(str(error), "TOO_MANY_SUBSCRIPTIONS"), accepted, facts)
            case Unauthenticated():
                told = one_error(f"Unauthenticated: {error}.", "UNAUTHENTICATED")
                return self._refused(401, told, accepted, facts, {"www-authenticate": "Bearer"})
            case _:
                failure = masked(error, facts)
                return self._refused(failure.status, [failure.error], accepted, facts)

    def _refused(
        self, status: int, errors: Sequence[Mapping[str, Any]], accepted: MediaType, facts: RequestFacts,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:  # fmt: skip
        return self._conventions.refusal(status, errors_body(errors, facts.request_id), accepted, headers)

    async def _run(self, method: str, request: OperationRequest, session: Session, facts: RequestFacts) -> Outcome:
        try:
            document = self._operations.document(request)
            _check_method(method, document.kind(request.operation_name))
            self._operations.admit(document, request, session)
        except Refused as refused:
            return Outcome(None, refused.errors, refused.stage)
        return await self._operations.execute(document, request, session, facts)


def _check_method(method: str, kind: OperationType) -> None:
    if method != "POST" and kind is OperationType.MUTATION:
        raise BadRequestError(405, "Mutations need POST.", "METHOD_NOT_ALLOWED", {"allow": "POST"})


def _facts(headers: Mapping[bytes, bytes]) -> RequestFacts:
    return RequestFacts(headers.get(b"accept-language", b"").decode("latin-1"))


def _authorization(headers: Mapping[bytes, bytes]) -> str:
    return headers.get(b"authorization", b"").decode("latin-1")


async def _send_kept(scope: Scope, receive: Receive, send: Send) -> None:
    """The application behind the compression."""
    await send_answer(send, scope[ANSWER])


@dataclass(frozen=True)
class StreamedOperations:
    """Operations as sockets and event streams need them: results as JSON objects; refusals, and what failed outside any field, as errors."""

    operations: Operations
    admitted: bool = False
    """Whether they were admitted before, so that they are not counted again."""

    async def stream(
        self, request: OperationRequest, session: Session, accept_language: str
    ) -> AsyncGenerator[bytes, None]:
        """The results of an operation. Raises OperationRefused when it cannot be started, or not go on."""
        facts = RequestFacts(accept_language)
        try:
            async with aclosing(self._outcomes(request, session, facts)) as outcomes:
                async for outcome in outcomes:
                    if outcome.errors and outcome.data is None:
                        raise OperationRefused(self.operations.told(outcome.errors, facts))
                    yield self.operations.body(outcome, facts)
        except OperationRefused:
            raise
        except AllowanceSpent as error:
            raise OperationRefused(one_error(str(error), "RATE_LIMITED")) from None
        except TooManySubscriptions as error:
            raise OperationRefused(one_error(str(error), "TOO_MANY_SUBSCRIPTIONS")) from None
        except Refused as refused:
            raise OperationRefused(self.operations.told(refused.errors, facts)) from None
        except Exception as error:
            raise OperationRefused([masked(error, facts).error]) from None

    async def _outcomes(
        self, request: OperationRequest, session: Session, facts: RequestFacts
    ) -> AsyncGenerator[Outcome, None]:
        document = self.operations.document(request)
        with nullcontext() if self.admitted else self.operations.admitted(document, request, session):
            if document.kind(request.operation_name) is not OperationType.SUBSCRIPTION:
                yield await self.operations.execute(document, request, session, facts)
                return
            async with aclosing(self.operations.subscribe(document, request, session, facts)) as events:
                async for outcome in events:
                    if passing(outcome.errors):
                        # Its cursor would lead past what could not be read; after the last one told, nothing is missed.
                        raise OperationRefused(self.operations.told(outcome.errors, facts))
                    yield outcome
