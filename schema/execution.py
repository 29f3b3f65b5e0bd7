"""Running an operation: documents and plans are kept; a query over stored data is one statement whose text is sent on.

A query with resolvers among its root fields, mutations and subscriptions run in graphql-core's executor. There the
stored root fields are one statement too, and a payload's stored object is read by the same compiler after commit;
both come as JSON fragments, which orjson writes as they are.
"""

from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field
from inspect import isawaitable
from typing import Any, cast

import orjson
from graphql import ExecutionResult, GraphQLError, OperationType, execute, get_variable_values, subscribe
from strawberry import Schema
from strawberry.execution import optimized_is_awaitable

from schema.compiler.catalogue import catalogue_of
from schema.compiler.operation import Statement, compile_roots, compile_whole, is_stored_root
from schema.compiler.selections import collect_sets
from schema.compiler.state import Compilation
from schema.compiler.words import Words
from schema.documents import Document, Prepare, Refused, Stage, document_of, plain_preparation
from schema.errors import ClientError
from schema.executor import StoredExecutor
from schema.lru import Lru
from schema.plans import Plans
from schema.reading import Context, Reading
from shaodao.domain.permissions import Rule
from shaodao.domain.rules import RULES

__all__ = ["Context", "Outcome", "ReadService"]


DOCUMENT_CHARACTERS = 1_000_000
"""Of all documents kept; a parsed one takes up to a hundred bytes for each of them."""


@dataclass(frozen=True)
class Outcome:
    """An answer: ``data`` is the JSON text of that member (None when nothing was executed or all of it failed)."""

    data: bytes | None
    errors: tuple[GraphQLError, ...] = ()
    stage: Stage = "execute"

    def body(self) -> bytes:
        """The whole response when there are no errors."""
        return b'{"data":' + (self.data or b"null") + b"}"


@dataclass
class ReadService:
    """Runs operations against a schema; one a process."""

    schema: Schema
    prepare: Prepare | None = None
    rules: Mapping[str, Rule] = field(default_factory=lambda: RULES)
    documents_kept: int = 1_000
    plans_kept: int = 2_000
    words: Words = field(default_factory=Words)

    def __post_init__(self) -> None:
        self.graphql = self.schema._schema
        self.catalogue = catalogue_of(self.graphql, self.rules)
        self.preparation = self.prepare or plain_preparation(self.graphql)
        self.documents: Lru[Document] = Lru(self.documents_kept, DOCUMENT_CHARACTERS)
        self.plans = Plans(self.plans_kept)

    def document(self, text: str) -> Document:
        """The valid document of a text. Raises Refused."""
        found = self.documents.get(text)
        if found is None:
            found = document_of(text, self.preparation(text))
            self.documents.put(text, found, len(text))
        return found

    async def execute(
        self, document: str | Document, context: Context, variables: Mapping[str, Any] | None = None,
        name: str | None = None,
    ) -> Outcome:  # fmt: skip
        """Run a query or a mutation; ``name`` is the operation's, for a document of several.

        The client's mistakes are in ``errors``, as is what a resolver raised; what PostgreSQL raises in a query of
        stored fields is raised.
        """
        given = variables or {}
        try:
            found = self.document(document) if isinstance(document, str) else document
            await context.find_counties()
            reading = self._reading(found, name, context, given)
            match reading.operation.operation:
                case OperationType.QUERY:
                    return await self._query(reading, given)
                case OperationType.MUTATION:
                    return await self._in_executor(reading, given, {})
                case OperationType.SUBSCRIPTION:
                    error = ClientError(
                        "INVALID_OPERATION", "订阅须经流式连接", "a subscription needs a streaming connection"
                    )
                    return Outcome(None, (error,), "validate")
        except Refused as refused:
            return Outcome(None, refused.errors, refused.stage)
        except GraphQLError as error:
            return Outcome(None, (error,))

    async def subscribe(
        self, document: str | Document, context: Context, variables: Mapping[str, Any] | None = None,
        name: str | None = None,
    ) -> AsyncIterator[Outcome]:  # fmt: skip
        """Run a subscription: an outcome for each event; a refusal is the only outcome.

        A resolver that waits sets ``context.now`` before each event that it yields.
        """
        given = variables or {}
        try:
            found = self.document(document) if isinstance(document, str) else document
            await context.find_counties()
            reading = self._reading(found, name, context, given)
        except Refused as refused:
            yield Outcome(None, refused.errors, refused.stage)
            return
        source = subscribe(self.graphql, found.node, **self._arguments(reading, given, {}))
        events = await source if isawaitable(source) else source
        if isinstance(events, ExecutionResult):
            yield _outcome(events)
            return
        async with aclosing(cast(AsyncGenerator[ExecutionResult], events)) as stream:
            try:
                async for event in stream:
                    yield _outcome(event)
            except GraphQLError as error:  # the source itself ended with a mistake of the client
                yield Outcome(None, (error,))

    def _reading(self, document: Document, name: str | None, context: Context, given: Mapping[str, Any]) -> Reading:
        operation = document.operation(name)
        values = get_variable_values(self.graphql, operation.variable_definitions or (), dict(given))
        if isinstance(values, list):
            raise Refused("variables", tuple(values))
        return Reading(self.catalogue, self.plans, self.words, document, operation, context, values.coerced)

    async def _query(self, reading: Reading, given: Mapping[str, Any]) -> Outcome:
        """A query of stored fields alone is sent on as PostgreSQL wrote it; others run in the executor."""
        plan = reading.plan("whole", lambda compilation: self._compile_query(reading, compilation))
        found = await plan.run(reading.context.database, reading.binding()) if plan else {}
        if "" in found:
            return Outcome(found[""])
        fragments = {name: None if text is None else orjson.Fragment(text) for name, text in found.items()}
        return await self._in_executor(reading, given, fragments)

    def _compile_query(self, reading: Reading, compilation: Compilation) -> Statement | None:
        type_ = self.graphql.query_type
        assert type_ is not None
        fields = collect_sets(compilation, type_, [reading.operation.selection_set])
        stored = {key: nodes for key, nodes in fields.items() if is_stored_root(type_, nodes)}
        if len(stored) == len(fields):
            return compile_whole(compilation, type_, fields)
        return compile_roots(compilation, type_, stored) if stored else None

    async def _in_executor(self, reading: Reading, given: Mapping[str, Any], fragments: Mapping[str, Any]) -> Outcome:
        result = execute(self.graphql, reading.document.node, **self._arguments(reading, given, fragments))
        return _outcome(await result if isawaitable(result) else result)

    def _arguments(self, reading: Reading, given: Mapping[str, Any], fragments: Mapping[str, Any]) -> dict[str, Any]:
        name = reading.operation.name
        return {
            "context_value": reading.context,
            "variable_values": dict(given),
            "operation_name": name.value if name else None,
            "executor_class": StoredExecutor,
            "is_awaitable": optimized_is_awaitable,
            "reading": reading,
            "fragments_by_name": fragments,
        }


def _outcome(result: ExecutionResult) -> Outcome:
    data = None if result.data is None else orjson.dumps(result.data)
    return Outcome(data, tuple(result.errors or ()))
