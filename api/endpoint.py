"""GraphQL over HTTP at one path: POST and GET, subscriptions over WebSocket, the explorer for browsers (design: http)."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from typing import assert_never

from graphql import OperationType
from starlette.types import Receive, Scope, Send

from api.answers import GRAPHQL_JSON, Answer, MediaType, acceptable, errors_body, one_error, prefers_html, send_answer
from api.authentication import Authenticator, Session, Unauthenticated
from api.execution import Operations, body_of, was_refused
from api.explorer import explorer_page_response
from api.masking import RequestFacts, formatted, masked
from api.requests import BadRequestError, OperationRequest, read_request
from api.websocket import OperationRefused, SocketLimits, SubscriptionEndpoint
from schema.documents import Refused
from schema.execution import Outcome

PARTLY_FAILED = 294
"""The status of an answer with data and errors."""


class GraphQLEndpoint:
    """The ASGI application of /graphql. ``invalid_status`` answers a document or variables that do not validate."""

    def __init__(
        self,
        operations: Operations,
        authenticator: Authenticator,
        invalid_status: int,
        socket_limits: SocketLimits | None = None,
    ) -> None:
        self._operations = operations
        self._authenticator = authenticator
        self._invalid_status = invalid_status
        self._sockets = SubscriptionEndpoint(
            SocketOperations(operations), authenticator, socket_limits or SocketLimits()
        )

    async def close(self) -> None:
        """Close the sockets, and those that still come: the server stops."""
        await self._sockets.close()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await self._sockets(scope, receive, send)
            return
        headers = dict(scope["headers"])
        accept = headers.get(b"accept", b"").decode("latin-1")
        if scope["method"] in ("GET", "HEAD") and prefers_html(accept):
            await explorer_page_response()(scope, receive, send)
            return
        await send_answer(send, await self._answer(scope, receive, headers, acceptable(accept)))

    async def _answer(
        self, scope: Scope, receive: Receive, headers: Mapping[bytes, bytes], accepted: MediaType | None
    ) -> Answer:
        facts = RequestFacts(headers.get(b"accept-language", b"").decode("latin-1"))
        media_type = accepted or GRAPHQL_JSON
        try:
            if accepted is None:
                raise BadRequestError(406, f"Accept must allow {GRAPHQL_JSON} or application/json.", "NOT_ACCEPTABLE")
            session = await self._authenticator.authenticate(headers.get(b"authorization", b"").decode("latin-1"))
            request = await read_request(scope, receive, headers)
            outcome = await self._run(scope["method"], request, session, facts)
            return Answer(self._status(outcome, media_type), body_of(outcome, facts), media_type)
        except BadRequestError as error:
            body = errors_body(one_error(str(error), error.code), facts.request_id)
            return Answer(error.status, body, media_type, error.headers)
        except Unauthenticated as error:
            body = errors_body(one_error(f"Unauthenticated: {error}.", "UNAUTHENTICATED"), facts.request_id)
            return Answer(401, body, media_type, {"www-authenticate": "Bearer"})
        except Exception as error:  # the last net: everything unforeseen is masked
            failure = masked(error, facts)
            return Answer(failure.status, errors_body([failure.error], facts.request_id), media_type)

    async def _run(self, method: str, request: OperationRequest, session: Session, facts: RequestFacts) -> Outcome:
        try:
            document = self._operations.document(request)
            kind = document.kind(request.operation_name)
        except Refused as refused:
            return Outcome(None, refused.errors, refused.stage)
        if method == "GET" and kind is OperationType.MUTATION:
            raise BadRequestError(405, "Mutations need POST.", "METHOD_NOT_ALLOWED", {"allow": "POST"})
        return await self._operations.execute(document, request, session, facts)

    def _status(self, outcome: Outcome, media_type: MediaType) -> int:
        """By the standard: application/json is 200 for every well-formed request, graphql-response+json tells."""
        if not outcome.errors or media_type != GRAPHQL_JSON:
            return 200
        match outcome.stage:
            case "parse":
                return 400
            case "validate" | "variables":
                return self._invalid_status
            case "execute":
                return self._invalid_status if was_refused(outcome) else PARTLY_FAILED
            case _:
                assert_never(outcome.stage)


@dataclass(frozen=True)
class SocketOperations:
    """Operations as a socket needs them: results as JSON objects; refusals, and what failed outside any field, as errors."""

    operations: Operations

    async def stream(
        self, request: OperationRequest, session: Session, accept_language: str
    ) -> AsyncGenerator[bytes, None]:
        """The results of an operation. Raises OperationRefused when it cannot be started, or not go on."""
        facts = RequestFacts(accept_language)
        try:
            async with aclosing(self._outcomes(request, session, facts)) as outcomes:
                async for outcome in outcomes:
                    if outcome.errors and outcome.data is None:
                        raise OperationRefused(formatted(outcome.errors, facts))
                    yield body_of(outcome, facts)
        except OperationRefused:
            raise
        except Refused as refused:
            raise OperationRefused(formatted(refused.errors, facts)) from None
        except Exception as error:
            raise OperationRefused([masked(error, facts).error]) from None

    async def _outcomes(
        self, request: OperationRequest, session: Session, facts: RequestFacts
    ) -> AsyncGenerator[Outcome, None]:
        document = self.operations.document(request)
        if document.kind(request.operation_name) is not OperationType.SUBSCRIPTION:
            yield await self.operations.execute(document, request, session, facts)
            return
        async with aclosing(self.operations.subscribe(document, request, session, facts)) as events:
            async for outcome in events:
                yield outcome
