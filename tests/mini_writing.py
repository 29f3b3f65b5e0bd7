"""Writes selections as GraphQL documents in one of their many ways: literals or variables, fragments, directives.

What the interpreter is given stays the same: a value may be bound, a field may stand in a fragment on its type, on the
interface or on the union, and beside it there may stand what does not apply or is left out.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Any

from graphql import (
    GraphQLArgument,
    GraphQLEnumType,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLNamedType,
    GraphQLObjectType,
    Undefined,
    get_named_type,
    get_nullable_type,
    is_list_type,
    is_non_null_type,
)

from tests.mini_documents import FOUND, NODES, SCHEMA, Cursor, Selection
from tests.mini_interpreter import Selected

ABSTRACT = {"Node": NODES, "Found": FOUND}
MAY_BE_NULL = ("first", "last", "after", "before", "filter")
"""Arguments of which null says no more than their absence."""
SHOWN = ("", "", "@include(if: true)", "@skip(if: false)", "@include(if: $yes)", "@skip(if: $no)")
LEFT_OUT = ("@include(if: false)", "@skip(if: true)", "@skip(if: $yes)", "@include(if: $no)")
WHEN = {
    None: SHOWN,
    True: ("@include(if: $flag)", "@skip(if: $hidden)"),
    False: ("@skip(if: $flag)", "@include(if: $hidden)"),
}
DECLARED = ("$flag: Boolean!", "$hidden: Boolean!", "$yes: Boolean!", "$no: Boolean = false")
UNSEEN = " ".join(
    f"z{index}: __typename {directives}"
    for index, directives in enumerate(
        ("@include(if: $flag) @skip(if: $yes)", "@include(if: $hidden) @skip(if: $yes)", "@include(if: $no)")
    )
)
"""Uses every variable of ``DECLARED``, for an unused one is refused, and shows nothing."""
Given = Mapping[str, Any]


@dataclass(frozen=True)
class Written:
    """A document, its variables but for ``$flag`` and ``$hidden``, and which of them are cursors."""

    text: str
    variables: Given
    cursors: Mapping[str, Cursor]

    def given(self, flag: bool, cursors: Given) -> dict[str, Any]:
        """The variables of a request; cursors that the viewer has not are null."""
        return {**self.variables, **dict.fromkeys(self.cursors), **cursors, "flag": flag, "hidden": not flag}


@dataclass
class Writer:
    """Writes one document; ``random`` decides between ways that mean the same."""

    random: Random
    declared: list[str] = field(default_factory=lambda: list(DECLARED))
    variables: dict[str, Any] = field(default_factory=lambda: {"yes": True})
    cursors: dict[str, Cursor] = field(default_factory=dict)
    fragments: list[str] = field(default_factory=list)
    names: int = 0

    def document(self, selected: Selection) -> Written:
        """The document."""
        body = self.selection(SCHEMA.type_map["Query"], selected)
        text = f"query ({', '.join(self.declared)}) {{ {body} {UNSEEN} }} {' '.join(self.fragments)}"
        return Written(text, self.variables, self.cursors)

    def name(self, letter: str) -> str:
        """A name that is not yet used."""
        self.names += 1
        return f"{letter}{self.names}"

    def selection(self, type_: GraphQLNamedType, selected: Selection) -> str:
        """What is inside the braces of a selection on an object type, an interface or a union."""
        found = [self.placed(type_, chosen) for chosen in selected]
        if isinstance(type_, GraphQLObjectType) and self.random.random() < 0.2:
            found.append(self.decoy(type_))
        return " ".join(found)

    def placed(self, type_: GraphQLNamedType, chosen: Selected) -> str:
        """A field where it may stand: bare, or in fragments that apply; sometimes twice, with the parts of its selection."""
        inside = SCHEMA.type_map[chosen.on] if chosen.on else type_
        if isinstance(inside, GraphQLObjectType):
            written = self.field(inside, chosen)
        else:
            written = f"{_alias(chosen)}{chosen.name} {self.directive(chosen)}"
        if isinstance(inside, GraphQLObjectType) and (chosen.on or self.random.random() < 0.4):
            return self.in_fragment(inside, written)
        return written

    def in_fragment(self, type_: GraphQLObjectType, written: str) -> str:
        """Fields of a type inside a fragment, or inside one that stands in one on the interface or the union."""
        abstract = [(name, names) for name, names in ABSTRACT.items() if type_.name in names]
        if abstract and self.random.random() < 0.4:
            name, names = self.random.choice(abstract)
            key, other = self.name("o"), self.random.choice(names)
            beside = f"... on {other} {{ {key}: __typename @include(if: $no) }}"
            return self.fragment(name, f"{beside} ... on {type_.name} {{ {written} }}")
        return self.fragment(type_.name, written)

    def fragment(self, name: str, written: str) -> str:
        """An inline or a named fragment."""
        return f"... on {name} {{ {written} }}" if self.random.random() < 0.5 else self.spread(name, written)

    def spread(self, name: str, written: str) -> str:
        """The spread of a named fragment, sometimes twice."""
        fragment = self.name("F")
        self.fragments.append(f"fragment {fragment} on {name} {{ {written} }}")
        return f"...{fragment} " * self.random.choice((1, 1, 2))

    def decoy(self, type_: GraphQLObjectType) -> str:
        """A field that is left out."""
        key = self.name("d")
        return f"{key}: __typename {self.random.choice(LEFT_OUT)}"

    def field(self, type_: GraphQLObjectType, chosen: Selected) -> str:
        """A field with its arguments, directive and selection; sometimes as two that are to be merged."""
        if chosen.name == "__typename":
            return f"{_alias(chosen)}__typename {self.directive(chosen)}"
        definition = type_.fields[chosen.name]
        given = self.arguments(definition.args, chosen.arguments)
        head = f"{_alias(chosen)}{chosen.name}{f'({given})' if given else ''}"
        if not chosen.below and chosen.name != "pageInfo":
            return f"{head} {self.directive(chosen)}"
        parts = [chosen.below]
        if len(chosen.below) > 1 and self.random.random() < 0.2:
            parts = [chosen.below[:1], chosen.below[1:]]
        inner = get_named_type(definition.type)
        return " ".join(f"{head} {self.directive(chosen)} {{ {self.below(inner, chosen, part)} }}" for part in parts)

    def below(self, inner: GraphQLNamedType, chosen: Selected, part: Selection) -> str:
        """What is selected below a field; of edges the node, of page information what the interpreter tells."""
        if chosen.name == "pageInfo":
            return "hasNextPage hasPreviousPage"
        if chosen.name == "edges" and isinstance(inner, GraphQLObjectType):
            return f"node {{ {self.selection(get_named_type(inner.fields['node'].type), part)} }}"
        return self.selection(inner, part)

    def directive(self, chosen: Selected) -> str:
        """A directive that lets the field through when the flag has its value."""
        return self.random.choice(WHEN[chosen.when])

    def arguments(self, declared: Mapping[str, GraphQLArgument], given: Given) -> str:
        """The arguments; one that is absent may be a variable that is absent, or null where that means the same."""
        found = []
        for name, argument in declared.items():
            if name in given:
                found.append(f"{name}: {self.value(argument.type, given[name])}")
            elif not is_non_null_type(argument.type) or argument.default_value is not Undefined:
                found += self.absent(name, argument)
        return ", ".join(found)

    def absent(self, name: str, declared: GraphQLArgument | GraphQLInputField) -> list[str]:
        """One of the ways of not giving an argument."""
        nullable = name in MAY_BE_NULL and isinstance(declared, GraphQLArgument)
        ways = ["nothing", "nothing", "nothing", "variable", *(["null", "null variable"] if nullable else [])]
        way = self.random.choice(ways)
        if way == "nothing":
            return []
        if way == "null":
            return [f"{name}: null"]
        variable = self.declare(get_nullable_type(declared.type))
        if way == "null variable":
            self.variables[variable] = None
        return [f"{name}: ${variable}"]

    def declare(self, type_: Any, default: str = "") -> str:
        """A new variable of a type."""
        variable = self.name("v")
        self.declared.append(f"${variable}: {type_}{default}")
        return variable

    def value(self, type_: Any, value: Any) -> str:
        """A value as a literal or as a variable."""
        if isinstance(value, Cursor):
            variable = self.declare("String")
            self.cursors[variable] = value
            return f"${variable}"
        way = self.random.random()
        if way < 0.6:
            return self.literal(type_, value)
        if way < 0.7:
            return f"${self.declare(type_, f' = {_constant(type_, value)}')}"
        variable = self.declare(type_)
        self.variables[variable] = value
        return f"${variable}"

    def literal(self, type_: Any, value: Any) -> str:
        """A value as a literal, in which there may be variables."""
        inner = get_nullable_type(type_)
        if value is None:
            return "null"
        if is_list_type(inner):
            return f"[{', '.join(self.value(inner.of_type, item) for item in value)}]"
        if isinstance(inner, GraphQLInputObjectType):
            parts = [f"{key}: {self.value(inner.fields[key].type, item)}" for key, item in value.items()]
            others = [key for key in inner.fields if key not in value]
            parts += self.absent(other := self.random.choice(others), inner.fields[other]) if others else []
            return f"{{{', '.join(parts)}}}"
        return str(value) if isinstance(inner, GraphQLEnumType) else json.dumps(value)


def _alias(chosen: Selected) -> str:
    return "" if chosen.key == chosen.name else f"{chosen.key}: "


def _constant(type_: Any, value: Any) -> str:
    """A value as a literal without variables."""
    inner = get_nullable_type(type_)
    if value is None:
        return "null"
    if is_list_type(inner):
        return f"[{', '.join(_constant(inner.of_type, item) for item in value)}]"
    if isinstance(inner, GraphQLInputObjectType):
        return f"{{{', '.join(f'{key}: {_constant(inner.fields[key].type, item)}' for key, item in value.items())}}}"
    return str(value) if isinstance(inner, GraphQLEnumType) else json.dumps(value)
