"""Declarations: how a GraphQL type stands on a table. See docs/reading.md for examples.

A type is its documentation, its SDL and its mapping at once. A plain annotated field is the column of the same name;
what is not a plain column says so with one of the functions here, which put the declaration into the field's
``metadata``. Strawberry still builds the schema and validates documents; the compiler reads the declarations.

SQL fragments are written by us, never by clients. In them ``{t}`` is the row's alias, ``{now}`` the request's time,
``{county}`` the comparison that binds a county (``x.county_code {county}``), ``{account}`` and ``{person}`` the
viewer's ids, ``{organizations}`` the codes of the viewer's organizations and ``{ranks}`` a leader's ranks as arrays,
``{yellow}`` and ``{yellow_urgent}`` the shares of a limit at which the light turns yellow, ``{similar_days}``,
``{similar_closed_days}`` and ``{similar_metres}`` how far similar cases lie apart, and in a condition ``{value}`` what
the client gave.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

import strawberry
from strawberry.types.arguments import StrawberryArgument

from schema.cost_directives import COUNTED, PAGE_SIZE, PARTS, SMALL_TABLE, listed, paged, weighing
from schema.declarations import (
    DEFAULT_SCOPE,
    Argument,
    Choice,
    Column,
    Condition,
    Counts,
    Derived,
    Embedded,
    Expression,
    Group,
    Groups,
    Many,
    NodeById,
    NodesByIds,
    One,
    Orders,
    Page,
    RootExpression,
    Single,
    Stored,
    Table,
    Term,
    TermSpec,
)
from schema.fields import DECLARATION, mapped_field, strawberry_argument
from shaodao.domain.permissions import Level

T = TypeVar("T")


def table(
    name: str,
    *,
    rule: str,
    shared: bool = False,
    key: tuple[str, ...] = ("id",),
    node: bool = False,
    view: bool = False,
    cut_first: bool = False,
    scope: Mapping[Level, str] | None = None,
) -> Callable[[type[T]], type[T]]:
    """Stand a Strawberry type on a table; goes on top of ``@strawberry.type``.

    ``rule`` names the row rule in ``rules.RULES``; ``scope`` renames scope columns; a ``node`` has a global id.
    """

    def decorate(cls: type[T]) -> type[T]:
        mapping = Table(name, rule, shared, key, node, view, cut_first, {**DEFAULT_SCOPE, **(scope or {})})
        setattr(cls, "__table__", mapping)  # noqa: B010 - the class does not declare it
        return cls

    return decorate


def orderings(name: str, description: str | None = None, /, **orders: Sequence[TermSpec]) -> Orders:
    """Named orderings and their GraphQL enum; the first is the default."""
    enum = _choices(name, description, {order: _in_words(specs) for order, specs in orders.items()})
    return Orders({order: ordering_terms(specs) for order, specs in orders.items()}, enum)


def _choices(name: str, description: str | None, values: Mapping[str, str]) -> Any:
    """A GraphQL enum of choices, each with its description."""
    make: Any = Choice
    enum = strawberry.enum(make(name, {value: value for value in values}), name=name, description=description)
    for value in enum.__strawberry_definition__.values:
        value.description = values[value.name]
    return enum


def ordering_terms(specs: Sequence[TermSpec]) -> tuple[Term, ...]:
    """The terms of an ordering such as ``[("due_at", "asc", "nullable"), ("number", "desc")]``."""
    return tuple(Term(spec[0], spec[1] == "desc", len(spec) == 3) for spec in specs)


def _in_words(specs: Sequence[TermSpec]) -> str:
    """An ordering as its value in the GraphQL enum is described."""
    terms = (f"{spec[0].replace('_', ' ')} {'descending' if spec[1] == 'desc' else 'ascending'}" for spec in specs)
    return f"By {', then '.join(terms)}."


def column(name: str, *, description: str | None = None, visible: str | None = None) -> Any:
    """A field that is a column of another name, or one that only the rule ``visible`` shows (else null)."""
    return mapped_field(Column(name, visible), description)


def expression(sql: str, *, description: str | None = None, visible: str | None = None) -> Any:
    """A field that is an SQL expression, such as ``{t}.due_at < {now}``."""
    return mapped_field(Expression(sql, visible), description)


def embedded(*, when: str | None = None, description: str | None = None, visible: str | None = None) -> Any:
    """An object type without a table whose fields are columns of this row."""
    return mapped_field(Embedded(when, visible), description)


def one(*, on: Mapping[str, str], description: str | None = None, visible: str | None = None) -> Any:
    """The row of the annotated type: ``on`` maps its columns to ours. Nullable when the viewer may not see it."""
    return mapped_field(One(on, visible), description)


def many(
    *,
    on: Mapping[str, str],
    order: Sequence[TermSpec] = (),
    where: str | None = None,
    arguments: Mapping[str, Argument] | None = None,
    description: str | None = None,
    visible: str | None = None,
) -> Any:
    """A plain list of the annotated type, ``[]`` when empty; ordered by ``order``, then the key."""
    declaration = Many(on, ordering_terms(order), where, arguments or {}, visible)
    size = listed(PARTS if on else SMALL_TABLE)
    return mapped_field(declaration, description, _declared(declaration.arguments), [size])


def page(
    *,
    on: Mapping[str, str],
    order: Orders | Sequence[TermSpec],
    filter: type | None = None,  # noqa: A002 - named as in the schema
    where: str | None = None,
    arguments: Mapping[str, Argument] | None = None,
    description: str | None = None,
    visible: str | None = None,
) -> Any:
    """A connection of the annotated type (``Connection[T]``): first, after, last, before, orderBy and filter."""
    orders = order if isinstance(order, Orders) else Orders({"DEFAULT": ordering_terms(order)})
    declaration = Page(on, orders, where, arguments or {}, visible)
    return mapped_field(declaration, description, _paging(declaration, filter), [paged()])


def derived(
    *,
    facts: str,
    compute: Callable[..., Any],
    description: str | None = None,
    visible: str | None = None,
    arguments: Sequence[StrawberryArgument] = (),
) -> Any:
    """A field that Python computes: ``compute(facts, binding, arguments) -> JSON value``; see ``Binding``.

    ``facts`` is an SQL expression giving JSON. Only a plan that selects such a field decodes its answer. Objects in
    the value carry all fields of the annotated type under their GraphQL names; the selection is applied to it.
    """
    return mapped_field(Derived(facts, compute, visible), description, arguments)


def root_one(*, arguments: Mapping[str, Argument], description: str | None = None) -> Any:
    """A root field: the visible row that the arguments name, or null."""
    return mapped_field(Single(arguments), description, _declared(arguments))


def root_many(
    *,
    order: Sequence[TermSpec] = (),
    where: str | None = None,
    arguments: Mapping[str, Argument] | None = None,
    description: str | None = None,
) -> Any:
    """A root field: every visible row as a plain list; meant for small tables."""
    return many(on={}, order=order, where=where, arguments=arguments, description=description)


def root_page(
    *,
    order: Orders | Sequence[TermSpec],
    filter: type | None = None,  # noqa: A002 - named as in the schema
    where: str | None = None,
    arguments: Mapping[str, Argument] | None = None,
    description: str | None = None,
) -> Any:
    """A root field: a connection over every visible row."""
    return page(on={}, order=order, filter=filter, where=where, arguments=arguments, description=description)


def groups(name: str, description: str, /, **named: Group) -> Groups:
    """What rows may be counted by, and the GraphQL enum of it."""
    return Groups(named, _choices(name, description, {key: group.description for key, group in named.items()}))


def root_counts(
    of: str,
    by: Groups,
    *,
    filter: type | None = None,  # noqa: A002 - named as in the schema
    description: str | None = None,
) -> Any:
    """A root field ``(groupBy, filter)``: a list of the annotated type, which has ``count`` and the groups' columns."""
    grouping = strawberry_argument("group_by", list[by.enum], "By what they are counted; nothing: all of them.")  # type: ignore[name-defined]
    costs = [weighing(COUNTED), listed(SMALL_TABLE)]
    return mapped_field(Counts(of, by), description, [grouping, *_filtering(filter)], costs)


def root_expression(sql: str, *, description: str | None = None) -> Any:
    """A root field that is an SQL expression without a row, such as ``{now}``."""
    return mapped_field(RootExpression(sql), description)


def root_node(*, description: str | None = None) -> Any:
    """``node(id: ID!): Node``."""
    return mapped_field(NodeById(), description, [strawberry_argument("id", strawberry.ID, None)])


def root_nodes(*, description: str | None = None) -> Any:
    """``nodes(ids: [ID!]!): [Node]!``."""
    arguments = [strawberry_argument("ids", list[strawberry.ID], None)]
    return mapped_field(NodesByIds(), description, arguments, [listed(PAGE_SIZE)])


def stored(*, description: str | None = None) -> Any:
    """A payload's stored object; the resolver puts a ``StoredRef`` (or None) there."""
    return strawberry.field(default=None, description=description, metadata={DECLARATION: Stored()})


def argument(annotation: Any, condition: Condition, description: str | None = None) -> Argument:
    """An argument: its Python annotation, what it means in SQL, its description."""
    return Argument(annotation, condition, description)


def filtered(condition: Condition, *, description: str | None = None) -> Any:
    """A field of a filter input; absent it adds nothing to the statement."""
    return strawberry.field(default=strawberry.UNSET, description=description, metadata={DECLARATION: condition})


def _declared(arguments: Mapping[str, Argument]) -> list[StrawberryArgument]:
    return [
        strawberry_argument(name, declared.annotation, declared.description) for name, declared in arguments.items()
    ]


def _paging(declaration: Page, filter_type: type | None) -> list[StrawberryArgument]:
    arguments = [
        strawberry_argument("first", int | None, "How many, 1 to 100; 20 unless `last` is given."),
        strawberry_argument("after", str | None, "The cursor after which the page begins."),
        strawberry_argument("last", int | None, "Instead of `first`: how many of the last ones, 1 to 100."),
        strawberry_argument("before", str | None, "The cursor before which the page ends."),
    ]
    if declaration.orders.enum is not None:
        default = declaration.orders.enum(declaration.orders.default)
        arguments.append(strawberry_argument("order_by", declaration.orders.enum, "The ordering.", default))
    return [*arguments, *_filtering(filter_type), *_declared(declaration.arguments)]


def _filtering(filter_type: type | None) -> list[StrawberryArgument]:
    if filter_type is None:
        return []
    return [strawberry_argument("filter", filter_type | None, "What the rows must meet.")]
