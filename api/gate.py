"""The gate that every document passes: parsed with limits, counted in one linear pass, then validated (design: http)."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from graphql import (
    DirectiveNode,
    DocumentNode,
    FieldNode,
    FloatValueNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    GraphQLSchema,
    GraphQLSyntaxError,
    InlineFragmentNode,
    IntValueNode,
    OperationDefinitionNode,
    OverlappingFieldsCanBeMergedRule,
    SelectionSetNode,
    StringValueNode,
    ValidationContext,
    Visitor,
    parse,
    specified_rules,
    validate,
    visit,
)
from graphql.language.parser import MAX_NESTING_DEPTH

from schema.documents import Prepare, Refused
from shaodao.limits import Limits


class TooLargeError(GraphQLError):
    """The document is over a limit."""

    def __init__(self, what: str, limit: int) -> None:
        super().__init__(
            f"The document is over the limit of {limit} {what}.", extensions={"code": "DOCUMENT_TOO_LARGE"}
        )


def gated_preparation(schema: GraphQLSchema, limits: Limits) -> Prepare:
    """Parsing, counting and validation, in this order."""
    rules = [_bounded(limits) if rule is OverlappingFieldsCanBeMergedRule else rule for rule in specified_rules]

    def prepare(text: str) -> DocumentNode:
        try:
            document = parse_document(text, limits)
        except GraphQLError as error:
            raise Refused("parse", (error,)) from error
        try:
            check_document(document, limits)
        except GraphQLError as error:
            raise Refused("validate", (error,)) from error
        errors = validate(schema, document, rules, max_errors=limits.errors, hide_suggestions=True)
        if errors:
            raise Refused("validate", tuple(_invalid(error, limits) for error in errors))
        return document

    return prepare


def parse_document(text: str, limits: Limits) -> DocumentNode:
    """The parsed document. Raises GraphQLError for a syntax error, or one that is over a limit."""
    if len(text) > limits.characters:
        raise TooLargeError("characters", limits.characters)
    try:
        return parse(text, max_tokens=limits.tokens)
    except GraphQLSyntaxError as error:
        # graphql-core tells these two apart by their message alone.
        if f"more than {limits.tokens} tokens" in error.message:
            raise TooLargeError("tokens", limits.tokens) from None
        if "nested too deeply" in error.message:
            raise TooLargeError("levels", MAX_NESTING_DEPTH) from None
        error.extensions = {"code": "SYNTAX_ERROR"}
        raise


def check_document(document: DocumentNode, limits: Limits) -> None:
    """Raise GraphQLError for a document over a limit, or with what cannot be stored; the cost is linear in the document."""
    fragments = {node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)}
    if len(fragments) > limits.fragments:
        raise TooLargeError("fragments", limits.fragments)
    visit(document, _Inspection(limits))
    measure = _Measure(fragments)
    try:
        for node in document.definitions:
            if isinstance(node, OperationDefinitionNode):
                _check_operation(node, measure, limits)
    except RecursionError:  # the parser limits the nesting of each fragment, not of a chain of them
        raise TooLargeError("levels", limits.depth) from None


def _bounded(limits: Limits) -> type[OverlappingFieldsCanBeMergedRule]:
    """graphql-core's rule with a budget of our own: its default lets one document hold the event loop for seconds."""

    class BoundedOverlappingFieldsRule(OverlappingFieldsCanBeMergedRule):
        def __init__(self, context: ValidationContext) -> None:
            super().__init__(context)
            self.rule_context.remaining_complexity_budget = limits.comparisons

    return BoundedOverlappingFieldsRule


def _invalid(error: GraphQLError, limits: Limits) -> GraphQLError:
    if error.message.startswith("Validation aborted"):
        return TooLargeError("comparisons of fields", limits.comparisons)
    error.extensions = {"code": "GRAPHQL_VALIDATION_FAILED", **(error.extensions or {})}
    return error


def _check_operation(operation: OperationDefinitionNode, measure: "_Measure", limits: Limits) -> None:
    variables = len(operation.variable_definitions or ())
    for what, value, limit in (
        ("variables", variables, limits.variables),
        *measure.of(operation.selection_set).against(limits),
    ):
        if value > limit:
            raise TooLargeError(what, limit)


@dataclass(frozen=True)
class Size:
    """What a selection set holds with its fragments unfolded; ``breadth`` is its own fields, without those below."""

    depth: int = 0
    breadth: int = 0
    fields: int = 0
    aliases: int = 0

    def beside(self, other: "Size") -> "Size":
        """Both in one selection set."""
        return Size(
            max(self.depth, other.depth),
            self.breadth + other.breadth,
            self.fields + other.fields,
            self.aliases + other.aliases,
        )

    def below(self, node: FieldNode) -> "Size":
        """A field with this selection set."""
        return Size(self.depth + 1, 1, self.fields + 1, self.aliases + int(node.alias is not None))

    def against(self, limits: Limits) -> Iterator[tuple[str, int, int]]:
        """What is counted of an operation, with its limit."""
        yield "levels", self.depth, limits.depth
        yield "root fields", self.breadth, limits.root_fields
        yield "fields", self.fields, limits.fields
        yield "aliases", self.aliases, limits.aliases


@dataclass
class _Measure:
    """Measures selection sets; a fragment is measured once, however often it is spread."""

    fragments: dict[str, FragmentDefinitionNode]
    known: dict[str, Size] = field(default_factory=dict)

    def of(self, selection_set: SelectionSetNode | None) -> Size:
        total = Size()
        for node in selection_set.selections if selection_set else ():
            if isinstance(node, FieldNode):
                total = total.beside(self.of(node.selection_set).below(node))
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


class _Inspection(Visitor):
    """Counts directives, and looks at every literal: PostgreSQL cannot store U+0000, and Python reads no endless number."""

    def __init__(self, limits: Limits) -> None:
        super().__init__()
        self.limits = limits
        self.directives = 0

    def enter_directive(self, *_: DirectiveNode) -> None:
        self.directives += 1
        if self.directives > self.limits.directives:
            raise TooLargeError("directives", self.limits.directives)

    def enter_string_value(self, node: StringValueNode, *_: object) -> None:
        if "\x00" in node.value:
            raise GraphQLError("A string holds a NUL character.", nodes=[node], extensions={"code": "INVALID_TEXT"})

    def enter_int_value(self, node: IntValueNode, *_: object) -> None:
        self._check_digits(node)

    def enter_float_value(self, node: FloatValueNode, *_: object) -> None:
        self._check_digits(node)

    def _check_digits(self, node: IntValueNode | FloatValueNode) -> None:
        if len(node.value) > self.limits.digits:
            raise TooLargeError("digits in a number", self.limits.digits)
