"""Operations for every way in: the gate, the schema, and errors in the shape that clients may see."""

from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
import structlog
from graphql import DocumentNode, GraphQLError, GraphQLSchema, specified_rules, validate
from strawberry import Schema
from uuid_utils.compat import uuid7

from api.authentication import Session
from api.gate import Limits, check_document, parse_document
from api.requests import OperationRequest
from schema.documents import Prepare, Refused
from schema.errors import ClientError
from schema.execution import Context, Outcome, ReadService

MAXIMUM_ERRORS = 10


@dataclass(frozen=True)
class RequestFacts:
    """What of the request resolvers may need: its id and the language of messages."""

    request_id: str
    english: bool


def new_request(accept_language: str = "") -> RequestFacts:
    """The facts of a request that has just come in. Messages are Chinese unless English is asked for first."""
    return RequestFacts(uuid7().hex, accept_language.strip().lower().startswith("en"))


def gated_preparation(schema: GraphQLSchema, limits: Limits) -> Prepare:
    """Parsing, the gate and validation, in this order (design: http, One gate for every way in)."""

    def prepare(text: str) -> DocumentNode:
        try:
            document = parse_document(text, limits)
        except GraphQLError as error:
            raise Refused("parse", (error,)) from error
        try:
            check_document(document, limits)
        except GraphQLError as error:
            raise Refused("validate", (error,)) from error
        errors = validate(schema, document, specified_rules, max_errors=MAXIMUM_ERRORS, hide_suggestions=True)
        if errors:
            raise Refused("validate", tuple(_invalid(error) for error in errors))
        return document

    return prepare


def _invalid(error: GraphQLError) -> GraphQLError:
    error.extensions = {"code": "GRAPHQL_VALIDATION_FAILED", **(error.extensions or {})}
    return error


@dataclass
class Operations:
    """Runs operations for a session."""

    service: ReadService
    database: Any
    services: Any
    now: Callable[[], datetime]

    async def execute(self, request: OperationRequest, session: Session, facts: RequestFacts) -> Outcome:
        """One query or mutation."""
        return await self.service.execute(
            request.document, self._context(session, facts), request.variables, request.operation_name
        )

    async def subscribe(
        self, request: OperationRequest, session: Session, facts: RequestFacts
    ) -> AsyncIterator[Outcome]:
        """A subscription's events."""
        context = self._context(session, facts)
        async for outcome in self.service.subscribe(
            request.document, context, request.variables, request.operation_name
        ):
            yield outcome

    def is_subscription(self, request: OperationRequest) -> bool:
        """Whether the request asks for a stream. Raises Refused for a document that is not valid."""
        return self.service.document(request.document).kind(request.operation_name).value == "subscription"

    def _context(self, session: Session, facts: RequestFacts) -> Context:
        return Context(
            viewer=session.viewer, now=self.now(), database=self.database, request=facts, services=self.services
        )


def body_of(outcome: Outcome, facts: RequestFacts) -> bytes:
    """The response: as PostgreSQL wrote it when there are no errors."""
    if not outcome.errors:
        return outcome.body()
    body: dict[str, Any] = {"errors": formatted(outcome.errors, facts)}
    if outcome.stage == "execute":
        body["data"] = None if outcome.data is None else orjson.Fragment(outcome.data)
    body["extensions"] = {"requestId": facts.request_id}
    return orjson.dumps(body)


def formatted(errors: tuple[GraphQLError, ...], facts: RequestFacts) -> list[dict[str, Any]]:
    """The errors as clients may see them: the client's own mistakes in full, everything else masked and logged."""
    return [_formatted(error, facts) for error in errors]


def _formatted(error: GraphQLError, facts: RequestFacts) -> dict[str, Any]:
    cause = error.original_error
    client_error = error if isinstance(error, ClientError) else cause if isinstance(cause, ClientError) else None
    shown: dict[str, Any] = dict(error.formatted)
    if client_error is not None:
        shown["message"] = (client_error.english if facts.english else client_error.message)[:500]
        shown["extensions"] = dict(client_error.extensions or {})
    elif cause is None or isinstance(cause, GraphQLError):
        shown["message"] = error.message[:500]
        shown.setdefault("extensions", {"code": "BAD_USER_INPUT"})
    else:
        structlog.get_logger("shaodao.graphql").error(
            "a resolver failed", request_id=facts.request_id, path=error.path, exc_info=cause
        )
        shown["message"] = masked_message(facts)
        shown["extensions"] = {"code": "INTERNAL_ERROR", "requestId": facts.request_id}
    return shown


def masked_message(facts: RequestFacts) -> str:
    """What is said of a failure of ours."""
    return "Something went wrong on our side." if facts.english else "系统内部错误，请稍后再试"


def internal_error(facts: RequestFacts, cause: BaseException) -> Mapping[str, Any]:
    """One masked error for a failure outside any field, logged with the request's id."""
    structlog.get_logger("shaodao.graphql").error("a request failed", request_id=facts.request_id, exc_info=cause)
    return {
        "message": masked_message(facts),
        "extensions": {"code": "INTERNAL_ERROR", "requestId": facts.request_id},
    }


def service_of(schema: Schema, limits: Limits) -> ReadService:
    """The service of a schema behind the gate."""
    return ReadService(schema, gated_preparation(schema._schema, limits))
