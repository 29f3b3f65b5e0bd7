"""Filters and arguments as SQL predicates; values are bound, and an absent field adds nothing."""

import unicodedata
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple, assert_never

from graphql import GraphQLInputObjectType, get_nullable_type

from schema.compiler.catalogue import condition_of
from schema.compiler.inputs import Input
from schema.compiler.parameters import Binding
from schema.compiler.rules import conjunction, field_rule, held_to
from schema.compiler.state import Compilation, Row
from schema.declarations import Argument, ById, ByKind, Condition, Exists, Flag, Fragment, Operator, Search, Seen, Where
from schema.errors import ClientError, invalid_input
from schema.ids import GlobalId, decode_as, invalid_id

MAXIMUM_SEARCH = 200
"""Characters of a text that is looked for."""
_COMPARISONS: Mapping[Operator, str] = {
    "eq": "= {}", "ne": "<> {}", "lt": "< {}", "lte": "<= {}", "gte": ">= {}", "gt": "> {}", "contains": "@> {}",
}  # fmt: skip


def argument_predicates(
    compilation: Compilation, row: Row, declared: Mapping[str, Argument], given: Mapping[str, Input], type_name: str
) -> list[str]:
    """The predicates of the given arguments, a filter's fields among them, on a row of the GraphQL type."""
    found: list[str] = []
    for name, argument in declared.items():
        graphql_name = _camel(name)
        if graphql_name in given:
            found += _predicates(compilation, row, argument.condition, given[graphql_name], type_name)
    filter_input = given.get("filter")
    if filter_input is not None and "filter" not in declared and not filter_input.null:
        found += _filter_predicates(compilation, row, filter_input, type_name)
    return found


def id_predicates(
    compilation: Compilation, row: Row, type_name: str, label: str, read: Callable[[Binding], str]
) -> list[str]:
    """The predicates that pick the row of a global id, which must be of the named type."""
    table = row.table

    def decoded(binding: Binding) -> GlobalId:
        return decode_as(read(binding), type_name, table.shared)

    return key_predicates(compilation, row, label, decoded)


def key_predicates(compilation: Compilation, row: Row, label: str, read: Callable[[Binding], GlobalId]) -> list[str]:
    """The predicates that pick the row of a county and a key; a key of several columns is parted by ``:``."""
    table = row.table
    found: list[str] = []

    def malformed(binding: Binding) -> ClientError:
        return invalid_id(str(read(binding)))

    if not table.shared:
        county = compilation.parameters.add(label, lambda binding: read(binding).county)
        found.append(f"{row.alias}.county_code = {county}")
    for index, name in enumerate(table.key):
        key = compilation.parameters.add(label, _key_part(read, index, len(table.key)), malformed)
        found.append(f"{row.alias}.{name} = {key}")
    return found


def _key_part(read: Callable[[Binding], GlobalId], index: int, width: int) -> Callable[[Binding], str]:
    def part(binding: Binding) -> str:
        identifier = read(binding)
        parts = identifier.key.split(":", width - 1)
        if len(parts) != width:
            raise invalid_id(str(identifier))
        return parts[index]

    return part


def _camel(name: str) -> str:
    head, *tail = name.split("_")
    return head + "".join(part.capitalize() for part in tail)


def _filter_predicates(compilation: Compilation, row: Row, given: Input, type_name: str) -> Iterator[str]:
    type_ = get_nullable_type(given.definition.type)
    assert isinstance(type_, GraphQLInputObjectType)
    for name, field in given.fields().items():
        condition = condition_of(type_.fields[name])
        assert condition is not None
        yield from _predicates(compilation, row, condition, field, type_name)


def _predicates(compilation: Compilation, row: Row, condition: Condition, given: Input, type_name: str) -> list[str]:
    if isinstance(condition, Seen):
        asked = _predicates(compilation, row, condition.condition, given, type_name)
        return [*asked, field_rule(compilation, row, condition.rule)]
    if given.null and not (isinstance(condition, Where) and condition.nullable):
        raise invalid_input(given.label, "不能为 null，请省略", "must not be null; leave it out")
    match condition:
        case Where(column, operator):
            return _compare(compilation, f"{row.alias}.{column}", operator, given)
        case Flag(sql):
            predicate = compilation.filled(sql, row)
            return [f"({predicate})" if given.value else f"({predicate}) IS NOT TRUE"]
        case Search():
            return _search(compilation, row, condition, given)
        case Exists():
            return [_exists(compilation, row, condition, given)]
        case Fragment(sql, bind):
            value = compilation.parameters.add(given.label, _bound_by(given, bind))
            return [f"({compilation.filled(sql, row).replace('{value}', value)})"]
        case ByKind(kind, conditions):
            chosen = conditions[compilation.looked_at(given, kind)]
            return _predicates(compilation, row, chosen, given, type_name)
        case ById():
            return id_predicates(compilation, row, type_name, given.label, given.slot)
        case _:
            assert_never(condition)


def _bound_by(given: Input, bind: Callable[[Any, Binding], Any] | None) -> Callable[[Binding], Any]:
    return given.slot if bind is None else lambda binding: bind(given.slot(binding), binding)


def _compare(compilation: Compilation, column: str, operator: Operator, given: Input) -> list[str]:
    if given.null:
        return [f"{column} IS NULL"]
    if operator == "is_null":
        return [f"{column} IS NULL" if given.value else f"{column} IS NOT NULL"]
    if operator == "prefix":
        return _prefix(compilation, column, given)
    if operator == "in":
        return [_one_of(compilation, column, given)]
    value = compilation.parameters.add(given.label, given.slot)
    return [f"{column} {_COMPARISONS[operator].format(value)}"]


def _one_of(compilation: Compilation, column: str, given: Input) -> str:
    """One of some values. Of a single one an index has the rows in the list's order; for none no row need be looked at."""
    match compilation.looked_at(given, lambda values: min(len(values), 2)):
        case 0:
            return "false"
        case 1:
            return f"{column} = {compilation.parameters.add(given.label, lambda binding: given.slot(binding)[0])}"
        case _:
            return f"{column} = ANY({compilation.parameters.add(given.label, given.slot)})"


def _prefix(compilation: Compilation, column: str, given: Input) -> list[str]:
    """A range instead of LIKE, so that an index serves a generic plan too. The database orders by bytes."""
    lower = compilation.parameters.add(given.label, given.slot)
    upper = compilation.parameters.add(given.label, lambda binding: _after_prefix(str(given.slot(binding))))
    return [f"{column} >= {lower}", f"{column} < {upper}"]


def _after_prefix(prefix: str) -> str:
    """The least text after everything with the prefix; after the empty prefix, one that no real text reaches."""
    kept = prefix.rstrip("\U0010ffff")
    if not kept:
        return "\U0010ffff" * (len(prefix) + 4)
    following = ord(kept[-1]) + 1
    return kept[:-1] + chr(0xE000 if following == 0xD800 else following)


def _search(compilation: Compilation, row: Row, condition: Search, given: Input) -> list[str]:
    """That the row has the text, said so that the planner sees whether it is rare; see ``words``."""
    pieces = compilation.parameters.add(given.label, lambda binding: _pieces(condition, given, binding))
    has = f"{row.alias}.{condition.column} @> {pieces}"
    contains = _contains(compilation, row, condition, given)
    words, table = compilation.words, row.table.name
    if not compilation.looked_at(given, lambda text: words.common(table, condition.pieces(str(text)[:MAXIMUM_SEARCH]))):
        # Said twice it is thought to be rare, and found by its own index alone, without one of the whole scope beside it.
        return [has, f"({conjunction([has, contains])})"]
    # Of a CASE the planner expects every other row, and no index serves it: where a page is cut, the list is walked in its order.
    found = f"({conjunction([has, contains])})"
    compilation.walked[found] = f"CASE WHEN {found} THEN true ELSE false END"
    return [found]


def _contains(compilation: Compilation, row: Row, condition: Search, given: Input) -> str:
    """That the row has the words whose pieces may stand apart in it; width and case do not matter, as with pieces.

    Letters have both, digits have width, Chinese characters neither: each look that is not needed costs as much as the row.
    """
    writing = compilation.looked_at(given, lambda value: _writing_of(condition, str(value)[:MAXIMUM_SEARCH]))
    if condition.recheck is None or not writing.parted:
        return "true"
    text, like = f"({compilation.filled(condition.recheck, row)})", "ILIKE" if writing.cased else "LIKE"

    def found(width: Callable[[str], str]) -> str:
        pattern = compilation.parameters.add(given.label, lambda binding: _containing(condition, given, binding, width))
        return f"{text} {like} ALL({pattern})"

    return f"({found(_half_width)} OR {found(_full_width)})" if writing.wide else found(_half_width)


class _Writing(NamedTuple):
    """Of a text to look for: whether a word's pieces may stand apart, whether it has case, and whether it has width."""

    parted: bool
    cased: bool
    wide: bool


def _writing_of(condition: Search, text: str) -> _Writing:
    half = _half_width(text)
    parted = any(condition.pieces(word) != [word] for word in half.split())
    return _Writing(parted, half.lower() != half.upper(), _full_width(half) != half)


def _half_width(text: str) -> str:
    return unicodedata.normalize("NFKC", text)


def _full_width(text: str) -> str:
    return text.translate(_WIDE)


def _pieces(condition: Search, given: Input, binding: Binding) -> list[str]:
    """The pieces of the text; one without any would be looked for in every row."""
    text = str(given.slot(binding))
    if len(text) > MAXIMUM_SEARCH:
        raise invalid_input(
            given.label, f"不能超过 {MAXIMUM_SEARCH} 字", f"must not be longer than {MAXIMUM_SEARCH} characters"
        )
    pieces = condition.pieces(text)
    if not pieces:
        raise invalid_input(given.label, "没有可检索的文字", "holds no letters or digits to look for")
    return pieces


_ESCAPED = str.maketrans({"\\": r"\\", "%": r"\%", "_": r"\_"})
_WIDE = {code: code + 0xFEE0 for code in range(0x21, 0x7F) if chr(code).isalnum()}
"""The letters and digits of ASCII as East Asian full-width forms (Unicode, U+FF01 and on)."""


def _containing(condition: Search, given: Input, binding: Binding, width: Callable[[str], str]) -> list[str]:
    """A pattern for each word whose pieces may stand apart in the row; a word that is a piece needs no second look."""
    words = _half_width(str(given.slot(binding))).split()
    return [f"%{width(word).translate(_ESCAPED)}%" for word in words if condition.pieces(word) != [word]]


def _exists(compilation: Compilation, row: Row, condition: Exists, given: Input) -> str:
    table = compilation.catalogue.table(condition.table)
    other = Row(compilation.alias(), table, row, condition.on)
    joined = [f"{other.alias}.{theirs} = {row.alias}.{ours}" for theirs, ours in condition.on.items()]
    compared = _compare(compilation, f"{other.alias}.{condition.column}", condition.operator, given)
    other, rule = held_to(compilation, other, table.rule)
    where = conjunction([*compilation.bound(other), *joined, *compared, rule])
    return "false" if where == "false" else f"EXISTS (SELECT FROM {table.name} {other.alias} WHERE {where})"
