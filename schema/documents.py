"""Documents: parsed, checked and validated once, and kept."""

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from graphql import (
    DocumentNode,
    FragmentDefinitionNode,
    GraphQLError,
    GraphQLSchema,
    OperationDefinitionNode,
    OperationType,
    parse,
    specified_rules,
    validate,
)

from schema.errors import ClientError

Stage = Literal["parse", "validate", "variables", "execute"]
"""How far a request came: the HTTP status of a refusal depends on it."""


class Refused(Exception):
    """The request was not executed; ``stage`` says how far it came."""

    def __init__(self, stage: Stage, errors: tuple[GraphQLError, ...]) -> None:
        super().__init__(stage)
        self.stage = stage
        self.errors = errors


@dataclass(frozen=True, eq=False)
class Document:
    """A valid document: its operations by name (None for an anonymous one) and its fragments.

    ``memory`` holds what others have worked out of it, as long as it is kept.
    """

    text: str
    node: DocumentNode
    operations: Mapping[str | None, OperationDefinitionNode]
    fragments: Mapping[str, FragmentDefinitionNode]
    memory: dict[Hashable, Any] = field(default_factory=dict)

    def operation(self, name: str | None) -> OperationDefinitionNode:
        """The named operation, or the only one. Raises Refused when that is not exactly one."""
        found = self.operations.get(name) if name is not None else None
        if name is None and len(self.operations) == 1:
            found = next(iter(self.operations.values()))
        if found is None:
            error = ClientError("INVALID_OPERATION", "未指明要执行的操作", "operationName must name one operation")
            raise Refused("validate", (error,))
        return found

    def kind(self, name: str | None) -> OperationType:
        """Whether the operation is a query, a mutation or a subscription. Raises Refused as ``operation`` does."""
        return self.operation(name).operation


Prepare = Callable[[str], DocumentNode]
"""Parses, checks and validates a document. Raises Refused."""


def document_of(text: str, node: DocumentNode) -> Document:
    """A valid document's parts by name."""
    operations: dict[str | None, OperationDefinitionNode] = {}
    fragments: dict[str, FragmentDefinitionNode] = {}
    for definition in node.definitions:
        if isinstance(definition, OperationDefinitionNode):
            operations[definition.name.value if definition.name else None] = definition
        elif isinstance(definition, FragmentDefinitionNode):
            fragments[definition.name.value] = definition
    return Document(text, node, operations, fragments)


def plain_preparation(schema: GraphQLSchema) -> Prepare:
    """Parsing and validation by the standard's rules and nothing else; the HTTP layer passes its gate instead."""

    def prepare(text: str) -> DocumentNode:
        try:
            node = parse(text, max_tokens=4_000)
        except GraphQLError as error:
            raise Refused("parse", (error,)) from error
        errors = validate(schema, node, specified_rules, max_errors=10)
        if errors:
            raise Refused("validate", tuple(errors))
        return node

    return prepare
