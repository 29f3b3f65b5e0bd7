"""Random selections on the mini schema, as the interpreter takes them; ``mini_writing`` writes them as GraphQL.

They are drawn from the schema itself, so that a field that is added to it occurs.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeAlias
from uuid import UUID

from graphql import GraphQLObjectType, GraphQLSchema, get_named_type, is_leaf_type
from hypothesis import strategies as st

from tests.mini_interpreter import Selected
from tests.mini_schema import mini_schema
from tests.mini_worlds import COUNTIES, ME, NOW, organizations

Selection: TypeAlias = tuple[Selected, ...]
SCHEMA: GraphQLSchema = mini_schema()._schema
ORDERS, GROUPS = ("NEWEST", "DUE", "BEST"), ("STATE", "AREA", "ORGANIZATION", "STEP", "DAY")
NODES = ("Permit", "Visit", "Note", "Step", "Area")
FOUND = ("Permit", "Visit", "Area")


@dataclass(frozen=True)
class Cursor:
    """The cursor of some row of a list in an ordering: what the viewer's answer has at this place, round and round."""

    place: str
    index: int


def objects(name: str) -> GraphQLObjectType:
    """An object type of the schema."""
    found = SCHEMA.type_map[name]
    assert isinstance(found, GraphQLObjectType)
    return found


def leaves_of(name: str) -> tuple[str, ...]:
    """The fields of a type that are not objects."""
    return tuple(key for key, field in objects(name).fields.items() if is_leaf_type(get_named_type(field.type)))


def fields_of(name: str, *wanted: str) -> Iterator[tuple[str, GraphQLObjectType]]:
    """The fields of a type that are objects, each with its type; only the wanted ones, if any are named."""
    for key, field in objects(name).fields.items():
        named = get_named_type(field.type)
        if isinstance(named, GraphQLObjectType) and (not wanted or key in wanted):
            yield key, named


def is_connection(type_: GraphQLObjectType) -> bool:
    """Whether a type is one of Relay's connections."""
    return "pageInfo" in type_.fields


LEAVES = {name: ("__typename", *leaves_of(name)) for name in (*NODES, "Times", "Place", "Action", "Me", "PermitCount")}
ROOTS = list(fields_of("Query", "permits", "visits", "steps", "areas", "me"))
LINKS = {name: list(fields_of(name)) for name in LEAVES}

flags = st.sampled_from((None, None, None, None, True, False))
VISIT_FILTER: Mapping[str, st.SearchStrategy[Any]] = {
    "organization": organizations,
    "ratings": st.lists(st.integers(0, 2), max_size=2),
    "noted": st.sampled_from(("早", "晚")),
}
PERMIT_FILTER: Mapping[str, st.SearchStrategy[Any]] = {
    "state": st.sampled_from(("OPEN", "DRAFT")),
    "states": st.lists(st.sampled_from(("OPEN", "DRAFT", "CLOSED")), max_size=2),
    "place": st.sampled_from(("E", "W", "33", "330902002", "34")),
    "titleStarts": st.sampled_from(("", "电", "电梯", "a%")),
    "stepOf": organizations,
    "titleNot": st.just("电梯"),
    "hasOwner": st.booleans(),
    "owner": st.sampled_from((None, str(ME))),
    "undated": st.booleans(),
    "overdue": st.booleans(),
    "openedBefore": st.just(NOW.isoformat()),
    "openedFrom": st.just(NOW.isoformat()),
    "scoreUpTo": st.integers(0, 1),
    "scoreAbove": st.integers(0, 1),
    "tagged": st.lists(st.sampled_from(("甲", "乙")), max_size=2),
    "longerThan": st.integers(0, 3),
    "phone": st.just("100****0001"),
    "rated": st.integers(0, 2),
    "text": st.sampled_from(("电梯", "积水", "电梯故障", "a%b", "a_b", "a%", "it's")),
    "visitedBy": organizations,
}
FILTERS = {"PermitFilter": PERMIT_FILTER, "VisitFilter": VISIT_FILTER}
identifiers = st.one_of(
    st.builds("Permit:{}:{}".format, st.sampled_from(COUNTIES), st.integers(100, 107).map(lambda n: UUID(int=n))),
    st.builds("Visit:{}:{}".format, st.sampled_from(COUNTIES), st.integers(200, 206).map(lambda n: UUID(int=n))),
    st.builds("Note:{}:{}".format, st.sampled_from(COUNTIES), st.integers(300, 303).map(lambda n: UUID(int=n))),
    st.builds(
        "Step:{}:{}:{}".format,
        st.sampled_from(COUNTIES), st.integers(100, 107).map(lambda n: UUID(int=n)), st.integers(0, 4),
    ),
    st.sampled_from(("Area::E", "Area::W", "Area::N")),
)  # fmt: skip


@st.composite
def filters(draw: st.DrawFn, fields: Mapping[str, st.SearchStrategy[Any]]) -> dict[str, Any]:
    """A filter of few fields, for one of many finds nothing."""
    chosen = draw(st.lists(st.sampled_from(sorted(fields)), max_size=2, unique=True))
    return {name: draw(fields[name]) for name in chosen}


@st.composite
def selections(draw: st.DrawFn, name: str, depth: int) -> Selection:
    """A selection on a type, no deeper than ``depth``; each response name stands for one field."""
    leaves = draw(st.lists(st.sampled_from(LEAVES[name]), min_size=1, max_size=4, unique=True))
    found = [Selected(draw(st.sampled_from((leaf, f"x{leaf}"))), leaf, draw(arguments(name, leaf))) for leaf in leaves]
    if depth and LINKS[name]:
        chosen = draw(st.lists(st.sampled_from(LINKS[name]), min_size=1, max_size=3))
        found += [draw(links(name, link, inner, depth - 1, f"l{index}")) for index, (link, inner) in enumerate(chosen)]
    return tuple(replace(each, when=draw(flags)) for each in found)


def everything(name: str, depth: int) -> Selection:
    """Every field of a type, and of those that it leads to, without arguments."""
    found = [Selected(leaf, leaf) for leaf in LEAVES[name]]
    if depth:
        found += [Selected(key, key, {}, whole(inner, depth - 1)) for key, inner in LINKS[name]]
    return tuple(found)


def whole(type_: GraphQLObjectType, depth: int) -> Selection:
    """Everything of an object, or of the rows of a connection."""
    if not is_connection(type_):
        return everything(type_.name, depth)
    rows = everything(get_named_type(type_.fields["nodes"].type).name, depth)
    return (
        Selected("nodes", "nodes", {}, rows),
        Selected("totalCount", "totalCount"),
        Selected("pageInfo", "pageInfo"),
    )


@st.composite
def links(draw: st.DrawFn, parent: str, name: str, inner: GraphQLObjectType, depth: int, key: str) -> Selected:
    """A field that leads to an object or a list."""
    given = draw(arguments(parent, name))
    if not is_connection(inner):
        return Selected(key, name, given, draw(selections(inner.name, depth)))
    row = get_named_type(inner.fields["nodes"].type).name
    parts = draw(st.lists(st.sampled_from(("nodes", "edges", "pageInfo", "totalCount")), min_size=1, unique=True))
    return Selected(
        key, name, given,
        tuple(
            Selected(part, part, {}, draw(selections(row, depth)) if part in ("nodes", "edges") else (), when=draw(flags))
            for part in parts
        ),
    )  # fmt: skip


@st.composite
def arguments(draw: st.DrawFn, parent: str, name: str) -> dict[str, Any]:
    """Arguments of a field; absent ones are as often left out as not."""
    declared = objects(parent).fields[name].args if name != "__typename" else {}
    given: dict[str, Any] = {}
    if "first" in declared:
        given = draw(paging(f"{parent}.{name}", "orderBy" in declared))
    for key, argument in declared.items():
        fields = FILTERS.get(get_named_type(argument.type).name)
        if fields is not None and draw(st.booleans()):
            given[key] = draw(filters(fields))
        elif key in OTHERS and draw(st.booleans()):
            given[key] = draw(OTHERS[key])
    return given


OTHERS: Mapping[str, st.SearchStrategy[Any]] = {
    "organization": organizations,
    "word": st.sampled_from(("甲", "it's", '"')),
    "codes": st.lists(st.sampled_from(("E", "W")), max_size=2),
}


@st.composite
def paging(draw: st.DrawFn, place: str, ordered: bool) -> dict[str, Any]:
    """From which end, how many, in which order, between which cursors."""
    given: dict[str, Any] = {}
    order = draw(st.sampled_from((None, *ORDERS))) if ordered else None
    if order is not None:
        given["orderBy"] = order
    end = draw(st.sampled_from((None, "first", "last")))
    if end is not None:
        given[end] = draw(st.integers(1, 4))
    for side in ("after", "before"):
        if draw(st.integers(0, 3)) == 0:
            given[side] = Cursor(f"{place}:{order or 'NEWEST'}" if ordered else place, draw(st.integers(0, 7)))
    return given


@st.composite
def one_by_one(draw: st.DrawFn) -> Selection:
    """Every list whole, then by each field of its filter alone, and the counts by each group alone."""
    rows = (Selected("nodes", "nodes", {}, (Selected("id", "id"),)),)
    lists: tuple[tuple[str, Mapping[str, st.SearchStrategy[Any]]], ...]
    lists = (("permits", PERMIT_FILTER), ("visits", VISIT_FILTER), ("steps", {}))
    found = [Selected(root, root, {"first": 100}, rows) for root, _ in lists]
    found += [
        Selected(f"{root}_{name}", root, {"first": 100, "filter": {name: draw(fields[name])}}, rows)
        for root, fields in lists
        for name in fields
    ]
    parts = tuple(Selected(leaf, leaf) for leaf in LEAVES["PermitCount"])
    return (*found, *(Selected(group, "permitCounts", {"groupBy": [group]}, parts) for group in GROUPS))


@st.composite
def counts(draw: st.DrawFn) -> Selected:
    """Counts of permits by some groups."""
    given: dict[str, Any] = {"groupBy": draw(st.lists(st.sampled_from(GROUPS), max_size=3))}
    if draw(st.booleans()):
        given["filter"] = draw(filters(PERMIT_FILTER))
    return Selected("n", "permitCounts", given, draw(selections("PermitCount", 1)))


@st.composite
def on_types(draw: st.DrawFn, names: tuple[str, ...]) -> Selection:
    """A selection on an interface or a union: something of each type, under response names that tell them apart."""
    found: list[Selected] = []
    for name in draw(st.lists(st.sampled_from(names), min_size=1, unique=True)):
        chosen = draw(selections(name, 1))
        found += [replace(each, key=f"{name.lower()}_{each.key}", on=name) for each in chosen]
    return (Selected("__typename", "__typename"), *found)


@st.composite
def documents(draw: st.DrawFn) -> Selection:
    """A whole query: lists twice under two names, rows by their ids, counts, and what stands on no row."""
    roots = draw(st.lists(st.sampled_from(ROOTS), min_size=1, max_size=3))
    found = [draw(links("Query", name, inner, 2, f"r{index}")) for index, (name, inner) in enumerate(roots)]
    permit = identifiers.filter(lambda identifier: identifier.startswith("Permit"))
    others = (
        st.builds(Selected, st.just("node"), st.just("node"), giving(id=identifiers), on_types(NODES)),
        st.builds(Selected, st.just("nodes"), st.just("nodes"), giving(ids=st.lists(identifiers)), on_types(NODES)),
        st.builds(Selected, st.just("permit"), st.just("permit"), giving(id=permit), selections("Permit", 2)),
        st.builds(Selected, st.just("found"), st.just("pick"), giving(identifier=identifiers.filter(_may_be_found)), on_types(FOUND)),
        st.just(Selected("time", "serverTime")),
        st.just(Selected("__typename", "__typename")),
        st.just(Selected("hello", "greeting", {"name": "您好"})),
        counts(),
    )  # fmt: skip
    chosen = draw(st.lists(st.sampled_from(others), max_size=3, unique=True))
    return tuple(replace(each, when=draw(flags)) for each in (*found, *map(draw, chosen)))


def giving(**values: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Arguments."""
    return st.fixed_dictionaries(values)


def _may_be_found(identifier: str) -> bool:
    return identifier.split(":")[0] in FOUND
