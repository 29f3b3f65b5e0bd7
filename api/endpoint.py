"""GraphQL over HTTP at one path: POST and GET, subscriptions over WebSocket, the explorer for browsers (design: http)."""

from collections.abc import Mapping
from dataclasses import dataclass

from graphql import GraphQLError
from starlette.types import Receive, Scope, Send

from api.answers import GRAPHQL_JSON, MediaType, acceptable, errors_body, one_error, prefers_html, send_body
from api.authentication import Authenticator, Session, Unauthenticated
from api.execution import Operations, RequestFacts, body_of, formatted, internal_error, new_request
from api.explorer import explorer_page_response
from api.requests import BadRequestError, OperationRequest, read_request
from api.websocket import OperationRefused, SubscriptionEndpoint
from schema.documents import Refused
from schema.errors import ClientError
from schema.execution import Outcome

PARTLY_FAILED = 294
"""The status of an answer with data and errors."""


@dataclass
class GraphQLEndpoint:
    """The ASGI application of /graphql. ``invalid_status`` answers a document or variables that do not validate."""

    operations: Operations
    authenticator: Authenticator
    invalid_status: int

    def __post_init__(self) -> None:
        self.subscriptions = SubscriptionEndpoint(SocketOperations(self.operations), self.authenticator)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await self.subscriptions(scope, receive, send)
            return
        headers = dict(scope["headers"])
        accept = headers.get(b"accept", b"").decode("latin-1")
        if scope["method"] in ("GET", "HEAD") and prefers_html(accept):
            await explorer_page_response()(scope, receive, send)
            return
        await self._answer(scope, receive, send, headers, accept)

    async def _answer(
        self, scope: Scope, receive: Receive, send: Send, headers: Mapping[bytes, bytes], accept: str
    ) -> None:
        facts = new_request(headers.get(b"accept-language", b"").decode("latin-1"))
        media_type = acceptable(accept)
        try:
            if media_type is None:
                raise BadRequestError(406, f"Accept must allow {GRAPHQL_JSON} or application/json.", "NOT_ACCEPTABLE")
            session = await self.authenticator.authenticate(headers.get(b"authorization", b"").decode("latin-1"))
            request = await read_request(scope, receive, headers)
            outcome = await self._run(scope["method"], request, session, facts)
            await send_body(send, self._status(outcome, media_type), body_of(outcome, facts), media_type)
        except BadRequestError as error:
            body = errors_body(one_error(str(error), error.code), facts.request_id)
            await send_body(send, error.status, body, media_type or GRAPHQL_JSON, error.headers)
        except Unauthenticated as error:
            body = errors_body(one_error(f"Unauthenticated: {error}.", "UNAUTHENTICATED"), facts.request_id)
            await send_body(send, 401, body, media_type or GRAPHQL_JSON, {"www-authenticate": "Bearer"})
        except Exception as error:  # the last net: everything unforeseen is masked
            body = errors_body([internal_error(facts, error)], facts.request_id)
            await send_body(send, 500, body, media_type or GRAPHQL_JSON)

    async def _run(self, method: str, request: OperationRequest, session: Session, facts: RequestFacts) -> Outcome:
        if method == "GET":
            try:
                kind = self.operations.service.document(request.document).kind(request.operation_name)
            except Refused as refused:
                return Outcome(None, refused.errors, refused.stage)
            if kind.value == "mutation":
                raise BadRequestError(405, "Mutations need POST.", "METHOD_NOT_ALLOWED", {"allow": "POST"})
        return await self.operations.execute(request, session, facts)

    def _status(self, outcome: Outcome, media_type: MediaType) -> int:
        """By the standard: application/json is 200 for every well-formed request, graphql-response+json tells."""
        if not outcome.errors:
            return 200
        match outcome.stage:
            case "parse":
                return 400 if media_type == GRAPHQL_JSON else 200
            case "validate" | "variables":
                return self.invalid_status if media_type == GRAPHQL_JSON else 200
            case "execute":
                return self._executed_status(outcome, media_type)

    def _executed_status(self, outcome: Outcome, media_type: MediaType) -> int:
        if media_type != GRAPHQL_JSON:
            return 200
        if outcome.data is not None:
            return PARTLY_FAILED
        return self.invalid_status if all(_is_clients(error) for error in outcome.errors) else 200


def _is_clients(error: GraphQLError) -> bool:
    return isinstance(error, ClientError) or isinstance(error.original_error, ClientError)


@dataclass(frozen=True)
class SocketOperations:
    """Operations as a socket needs them: results as JSON objects, refusals as errors."""

    operations: Operations

    async def stream(self, request: OperationRequest, session: Session):  # type: ignore[no-untyped-def]
        """The results of an operation. Raises OperationRefused when it cannot be started."""
        facts = new_request()
        try:
            streamed = self.operations.is_subscription(request)
        except Refused as refused:
            raise OperationRefused(formatted(refused.errors, facts)) from None
        if not streamed:
            yield self._result(await self.operations.execute(request, session, facts), facts)
            return
        async for outcome in self.operations.subscribe(request, session, facts):
            yield self._result(outcome, facts)

    @staticmethod
    def _result(outcome: Outcome, facts: RequestFacts) -> bytes:
        """A result; what never began to execute is a refusal."""
        if outcome.errors and outcome.data is None:
            raise OperationRefused(formatted(outcome.errors, facts))
        return body_of(outcome, facts)
