"""The gate that every document passes before validation: parsed with limits, counted in one linear pass (design: http)."""

from dataclasses import dataclass, field

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    GraphQLSyntaxError,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
    StringValueNode,
    Visitor,
    parse,
    visit,
)


@dataclass(frozen=True)
class Limits:
    """What a document may hold; the defaults let real tools through, introspection included."""

    characters: int = 60_000
    tokens: int = 4_000
    depth: int = 15
    aliases: int = 100
    fields: int = 2_000
    fragments: int = 60
    root_fields: int = 30


@dataclass(frozen=True)
class Size:
    """What a selection set holds with its fragments unfolded."""

    depth: int = 0
    fields: int = 0
    aliases: int = 0

    def beside(self, other: "Size") -> "Size":
        """Both in one selection set."""
        return Size(max(self.depth, other.depth), self.fields + other.fields, self.aliases + other.aliases)


class TooLargeError(GraphQLError):
    """The document is over a limit."""

    def __init__(self, what: str, limit: int) -> None:
        super().__init__(
            f"The document is over the limit of {limit} {what}.", extensions={"code": "DOCUMENT_TOO_LARGE"}
        )


def parse_document(text: str, limits: Limits) -> DocumentNode:
    """The parsed document. Raises GraphQLError for a syntax error, or one that is over a limit."""
    if len(text) > limits.characters:
        raise TooLargeError("characters", limits.characters)
    try:
        return parse(text, max_tokens=limits.tokens)
    except RecursionError:
        raise TooLargeError("levels", limits.depth) from None
    except GraphQLSyntaxError as error:
        error.extensions = {"code": "SYNTAX_ERROR"}
        raise


def check_document(document: DocumentNode, limits: Limits) -> None:
    """Raise GraphQLError when the document is over a limit or holds a NUL; its cost is linear in the document."""
    fragments = {node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)}
    if len(fragments) > limits.fragments:
        raise TooLargeError("fragments", limits.fragments)
    try:
        visit(document, _NoNul())
        measure = _Measure(fragments)
        for node in document.definitions:
            if isinstance(node, OperationDefinitionNode):
                _check_operation(node, measure, limits)
    except RecursionError:
        raise TooLargeError("levels", limits.depth) from None


def _check_operation(operation: OperationDefinitionNode, measure: "_Measure", limits: Limits) -> None:
    if len(operation.selection_set.selections) > limits.root_fields:
        raise TooLargeError("root fields", limits.root_fields)
    size = measure.of(operation.selection_set)
    for what, value, limit in (
        ("levels", size.depth, limits.depth),
        ("fields", size.fields, limits.fields),
        ("aliases", size.aliases, limits.aliases),
    ):
        if value > limit:
            raise TooLargeError(what, limit)


@dataclass
class _Measure:
    """Measures selection sets; a fragment is measured once, however often it is spread."""

    fragments: dict[str, FragmentDefinitionNode]
    known: dict[str, Size] = field(default_factory=dict)

    def of(self, selection_set: SelectionSetNode | None) -> Size:
        total = Size()
        for node in selection_set.selections if selection_set else ():
            if isinstance(node, FieldNode):
                inner = self.of(node.selection_set)
                total = total.beside(
                    Size(inner.depth + 1, inner.fields + 1, inner.aliases + int(node.alias is not None))
                )
            elif isinstance(node, InlineFragmentNode):
                total = total.beside(self.of(node.selection_set))
            elif isinstance(node, FragmentSpreadNode):
                total = total.beside(self._fragment(node.name.value))
        return total

    def _fragment(self, name: str) -> Size:
        if name not in self.known:
            # A fragment that spreads itself is refused by validation; here it must only come to an end.
            self.known[name] = Size()
            if (fragment := self.fragments.get(name)) is not None:
                self.known[name] = self.of(fragment.selection_set)
        return self.known[name]


class _NoNul(Visitor):
    """PostgreSQL cannot store U+0000, and a lone surrogate is no text."""

    def enter_string_value(self, node: StringValueNode, *_: object) -> None:
        if "\x00" in node.value or any("\ud800" <= character <= "\udfff" for character in node.value):
            raise GraphQLError(
                "A string holds a NUL or a lone surrogate.", nodes=[node], extensions={"code": "INVALID_TEXT"}
            )
