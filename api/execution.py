"""Operations for every way in: the gate, the schema, and the body of the answer."""

from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from datetime import datetime
from time import monotonic
from typing import Any, cast

import orjson
from graphql import GraphQLError, OperationType
from strawberry import Schema

from api.allowances import Allowances
from api.authentication import Session
from api.costs import Costs
from api.gate import TooLargeError, gated_preparation
from api.masking import RequestFacts, client_error, formatted
from api.requests import OperationRequest
from api.subscriptions import Subscriptions
from api.trusted_documents import TrustedDocuments
from schema.documents import Document, Refused
from schema.execution import Context, Outcome, ReadService
from shaodao.limits import Limits
from shaodao.postgres.readers import Readers


@dataclass
class Operations:
    """Runs operations for a session. Subscriptions read by few connections of their own (docs/adr/0006-read-path.md)."""

    service: ReadService
    database: Readers
    feed_database: Readers
    services: Any
    now: Callable[[], datetime]
    limits: Limits
    trusted: TrustedDocuments = field(default_factory=TrustedDocuments)

    def __post_init__(self) -> None:
        self._costs = Costs(self.service.graphql)
        self._allowances = Allowances(self.limits.cost_per_second, self.limits.cost_burst)
        self._subscriptions = Subscriptions(self.limits.subscriptions)

    async def execute(
        self, document: Document, request: OperationRequest, session: Session, facts: RequestFacts
    ) -> Outcome:
        """One query or mutation."""
        context = self._context(session, facts, self.database)
        return await self.service.execute(document, context, request.variables, request.operation_name)

    def subscribe(
        self, document: Document, request: OperationRequest, session: Session, facts: RequestFacts
    ) -> AsyncGenerator[Outcome, None]:
        """A subscription's events."""
        context = self._context(session, facts, self.feed_database)
        events = self.service.subscribe(document, context, request.variables, request.operation_name)
        return cast(AsyncGenerator[Outcome, None], events)

    def document(self, request: OperationRequest) -> Document:
        """The document that the request brings or names. Raises Refused for one that is unknown, not trusted or not valid."""
        text = request.document
        if text is None or request.document_id is not None or self.trusted.only:
            text = self.trusted.text(request.document_id, text)
        return self.service.document(text)

    def admit(self, document: Document, request: OperationRequest, session: Session) -> None:
        """Take what the operation costs from its principal's bucket.

        Raises Refused for one over the limit of cost, and AllowanceSpent when the bucket does not hold as much.
        """
        self._allowances.spend(session.viewer.login, self.cost(document, request), monotonic())

    def cost(self, document: Document, request: OperationRequest) -> int:
        """What the operation costs. Raises Refused for one over the limit."""
        cost = self._costs.of(document, request.operation_name, request.variables or {})
        if cost > self.limits.cost:
            raise Refused("validate", (TooLargeError("cost", self.limits.cost),))
        return cost

    @contextmanager
    def admitted(self, document: Document, request: OperationRequest, session: Session) -> Iterator[None]:
        """As ``admit``; a subscription counts among its principal's while this lasts. Raises TooManySubscriptions, too."""
        subscribes = document.kind(request.operation_name) is OperationType.SUBSCRIPTION
        with self._subscriptions.one_more(session.viewer.login) if subscribes else nullcontext():
            self.admit(document, request, session)
            yield

    def body(self, outcome: Outcome, facts: RequestFacts) -> bytes:
        """The response: as PostgreSQL wrote it when there are no errors."""
        if not outcome.errors:
            return outcome.body()
        body: dict[str, Any] = {"errors": self.told(outcome.errors, facts)}
        if not was_refused(outcome):
            body["data"] = None if outcome.data is None else orjson.Fragment(outcome.data)
        body["extensions"] = {"requestId": facts.request_id}
        return orjson.dumps(body)

    def told(self, errors: Sequence[GraphQLError], facts: RequestFacts) -> list[dict[str, Any]]:
        """Errors as clients may see them."""
        return formatted(errors, facts, self.limits.message_characters)

    def _context(self, session: Session, facts: RequestFacts, database: Readers) -> Context:
        return Context(viewer=session.viewer, now=self.now(), database=database, request=facts, services=self.services)


def was_refused(outcome: Outcome) -> bool:
    """Whether nothing was executed for a mistake of the client: such an answer has no data at all."""
    if outcome.stage != "execute":
        return True
    return outcome.data is None and all(client_error(error) and error.path is None for error in outcome.errors)


def service_of(schema: Schema, limits: Limits) -> ReadService:
    """The service of a schema behind the gate."""
    return ReadService(schema, gated_preparation(schema._schema, limits))
