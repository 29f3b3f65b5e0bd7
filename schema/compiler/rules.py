"""Row and field rules (``shaodao.domain.permissions``) as SQL predicates.

Each of the viewer's (role, level) pairs gives the predicate of its role; a row is visible when one of them holds. A
role that the rule does not name sees nothing.
"""

from collections.abc import Iterable
from dataclasses import replace
from typing import assert_never

from schema.compiler.parameters import Binding
from schema.compiler.shape import Pair
from schema.compiler.state import Compilation, Row
from shaodao.domain.permissions import (
    AllOf,
    AnyOf,
    Condition,
    Everything,
    InScope,
    Is,
    IsNot,
    Known,
    Linked,
    Mine,
    NotMine,
    Subject,
    Unknown,
    county_of,
    prefix_of,
)


def held_to(compilation: Compilation, row: Row, name: str) -> tuple[Row, str]:
    """The row as one that the rule lets through, and the predicate for that.

    The predicate is ``true`` when a row on which this one hangs has already been held to the same.
    """
    rule = _predicate(compilation, row, name, driving=False)
    inherited = any(ancestor.rule == rule for ancestor in row.ancestors())
    return replace(row, rule=rule), "true" if inherited else rule


def field_rule(compilation: Compilation, row: Row, name: str) -> str:
    """The predicate that shows a field of the row; ``true`` when the row has been held to the same already."""
    rule = _predicate(compilation, row, name, driving=False)
    return "true" if any(held.rule == rule for held in (row, *row.ancestors())) else rule


def driving_rule(compilation: Compilation, row: Row, name: str) -> str | None:
    """The predicate for a root list that must be driven from the table that its rule links to; None for other lists.

    A viewer whose only condition is a link to something of its own (a department: its assignments) has few rows among
    many. EXISTS leaves that to the planner, which walks the whole list in its order as soon as the plan is generic.
    """
    rule = compilation.catalogue.rules[name]
    conditions = {rule[pair.role] for pair in compilation.viewer.pairs if pair.role in rule}
    if len(conditions) != 1 or not _leads_to_own(next(iter(conditions))):
        return None
    return _predicate(compilation, row, name, driving=True)


def _leads_to_own(condition: Condition) -> bool:
    """Whether the condition demands a link that ends at a row of the viewer's own."""
    if isinstance(condition, AllOf):
        return any(_leads_to_own(part) for part in condition.parts)
    return isinstance(condition, Linked) and (_is_own(condition.condition) or _leads_to_own(condition.condition))


def _is_own(condition: Condition) -> bool:
    """Whether the condition demands that the row is the viewer's own."""
    if isinstance(condition, AllOf):
        return any(map(_is_own, condition.parts))
    return isinstance(condition, Mine)


def conjunction(parts: Iterable[str]) -> str:
    """All parts, as SQL."""
    kept = [part for part in dict.fromkeys(parts) if part != "true"]
    if "false" in kept:
        return "false"
    return " AND ".join(kept) or "true"


def disjunction(parts: Iterable[str]) -> str:
    """Any part, as SQL; in brackets when there are several."""
    kept = [part for part in dict.fromkeys(parts) if part != "false"]
    if "true" in kept:
        return "true"
    if len(kept) == 1:
        return kept[0]
    return f"({' OR '.join(f'({part})' for part in kept)})" if kept else "false"


def literal(value: str | bool) -> str:
    """A constant of our own code, never of a client, as SQL."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return "'" + value.replace("'", "''") + "'"


def _predicate(compilation: Compilation, row: Row, name: str, driving: bool) -> str:
    rule = compilation.catalogue.rules[name]
    pairs = [pair for pair in compilation.viewer.pairs if pair.role in rule]
    return disjunction(_condition(compilation, row, rule[pair.role], pair, driving) for pair in pairs)


def _ancestor(row: Row, column: str, link: Linked) -> Row | None:
    """The row in scope that the link means: one whose whole key the column was joined to, over any number of rows."""
    parent = row.parent
    if parent is None or column not in row.on:
        return None
    joined = row.on[column]
    if parent.table.name == link.table and parent.table.key == (link.theirs,) == (joined,):
        return parent
    return _ancestor(parent, joined, link)


def _condition(compilation: Compilation, row: Row, condition: Condition, pair: Pair, driving: bool) -> str:
    match condition:
        case Everything():
            return "true"
        case InScope():
            return _in_scope(compilation, row, pair)
        case Mine():
            return _mine(compilation, row, condition)
        case NotMine(column, subject):
            return f"({_mine(compilation, row, Mine(column, subject))}) IS NOT TRUE"
        case Is() | IsNot() | Known() | Unknown():
            return _constant(row, condition)
        case Linked():
            return _linked_once(compilation, row, condition, pair, driving)
        case AllOf(parts):
            return conjunction(_condition(compilation, row, part, pair, driving) for part in parts)
        case AnyOf(parts):
            return disjunction(_condition(compilation, row, part, pair, False) for part in parts)
        case _:
            assert_never(condition)


def _constant(row: Row, condition: Is | IsNot | Known | Unknown) -> str:
    column = f"{row.alias}.{condition.column}"
    match condition:
        case Is(values=values):
            return f"{column} IN ({', '.join(map(literal, values))})"
        case IsNot(values=values):
            return f"({column} IN ({', '.join(map(literal, values))})) IS NOT TRUE"
        case Known():
            return f"{column} IS NOT NULL"
        case Unknown():
            return f"{column} IS NULL"
        case _:
            assert_never(condition)


def _in_scope(compilation: Compilation, row: Row, pair: Pair) -> str:
    match pair.level:
        case "GRID" | "COMMUNITY" | "STREET":
            return _one_of(compilation, f"{row.alias}.{row.table.scope[pair.level]}", pair, "text")
        case "COUNTY":
            return _one_of(compilation, f"{row.alias}.{row.table.scope[pair.level]}", pair, "int")
        case "CITY" | "PROVINCE":
            return _in_counties(compilation, row, pair)
        case _:
            assert_never(pair.level)


def _in_counties(compilation: Compilation, row: Row, pair: Pair) -> str:
    """The row lies in a county that the scopes reach. Each is named: of what is computed the planner expects few rows."""

    def reached(binding: Binding) -> list[int]:
        prefixes = tuple(map(prefix_of, pair.scopes(binding.viewer)))
        return [county for county in binding.counties if str(county).startswith(prefixes)]

    counties = compilation.parameters.shared(("scope", pair.role, pair.level), reached)
    return f"{row.alias}.county_code = ANY({counties}::int[])"


def _one_of(compilation: Compilation, column: str, pair: Pair, type_name: str) -> str:
    """The column is one of the scopes of the pair: ``= $n`` for one, ``= ANY($n)`` for several."""

    def scopes(binding: Binding) -> list[str | int]:
        return [_scope_value(pair, code) for code in pair.scopes(binding.viewer)]

    key = ("scope", pair.role, pair.level)
    if pair.several:
        return f"{column} = ANY({compilation.parameters.shared(key, scopes)}::{type_name}[])"
    return f"{column} = {compilation.parameters.shared(key, lambda binding: scopes(binding)[0])}::{type_name}"


def _scope_value(pair: Pair, code: str) -> str | int:
    match pair.level:
        case "GRID" | "COMMUNITY" | "STREET":
            return code
        case _:
            return county_of(code)


def _mine(compilation: Compilation, row: Row, condition: Mine) -> str:
    shared = compilation.parameters.shared
    column = f"{row.alias}.{condition.column}"
    match condition.subject:
        case Subject.ACCOUNT:
            return f"{column} = {shared('account', lambda binding: binding.viewer.account_id)}::uuid"
        case Subject.PERSON:
            return f"{column} = {shared('person', lambda binding: binding.viewer.person_id)}::uuid"
        case Subject.ORGANIZATION if compilation.viewer.one_organization:
            return f"{column} = {shared('organization', lambda binding: binding.viewer.organizations[0])}::text"
        case Subject.ORGANIZATION:
            codes = shared("organizations", lambda binding: list(binding.viewer.organizations))
            return f"{column} = ANY({codes}::text[])"
        case _:
            assert_never(condition.subject)


def _linked_once(compilation: Compilation, row: Row, link: Linked, pair: Pair, driving: bool) -> str:
    """The link's predicate, the same text each time, so that equal rules compare equal."""
    key = (row.alias, link, pair, driving)
    if key not in compilation.links:
        compilation.links[key] = _linked(compilation, row, link, pair, driving)
    return compilation.links[key]


def _linked(compilation: Compilation, row: Row, link: Linked, pair: Pair, driving: bool) -> str:
    ancestor = _ancestor(row, link.ours, link)
    if ancestor is not None:
        return _condition(compilation, ancestor, link.condition, pair, False)
    table = compilation.catalogue.table(link.table)
    if driving:
        other = Row(compilation.alias(), table)
        where = conjunction([*compilation.bound(other), _condition(compilation, other, link.condition, pair, True)])
        keys = f"SELECT {other.alias}.{link.theirs} FROM {table.name} {other.alias} WHERE {where}"
        return f"{row.alias}.{link.ours} = ANY(ARRAY({keys}))"
    other = Row(compilation.alias(), table, row, {link.theirs: link.ours})
    joined = f"{other.alias}.{link.theirs} = {row.alias}.{link.ours}"
    where = conjunction(
        [*compilation.bound(other), joined, _condition(compilation, other, link.condition, pair, False)]
    )
    return f"EXISTS (SELECT FROM {table.name} {other.alias} WHERE {where})"
