"""Rows by global id: ``node(id)``, ``nodes(ids)`` and the stored objects of payloads."""

from collections.abc import Callable, Sequence

from graphql import FieldNode

from schema.compiler.catalogue import MappedType
from schema.compiler.conditions import id_predicates, key_predicates
from schema.compiler.inputs import Input
from schema.compiler.objects import global_id_sql, object_json, row_json
from schema.compiler.parameters import Binding
from schema.compiler.rows import related
from schema.compiler.rules import conjunction
from schema.compiler.state import Compilation, Row
from schema.errors import ClientError
from schema.ids import GlobalId, decode_as, invalid_id, type_in

MAXIMUM_IDS = 100
Nodes = Sequence[FieldNode]


def node_json(compilation: Compilation, nodes: Nodes, given: Input) -> str:
    """The row of a global id; its type is part of the variables' shape, so the statement reads one table."""
    mapped = _node_type(compilation, str(given.value))
    row, predicates = related(compilation, mapped.table, None, {})
    predicates += id_predicates(compilation, row, mapped.type.name, given.label, given.slot)
    return row_json(compilation, row, mapped.type, nodes, predicates, unique=True)


def nodes_json(compilation: Compilation, nodes: Nodes, given: Input) -> str:
    """The rows of global ids in the order asked for, null where there is none that the viewer sees."""
    types = {type_in(str(value)): _node_type(compilation, str(value)) for value in given.value}
    asked = compilation.parameters.add(given.label, lambda binding: _checked(given, binding))
    if not types:
        return "'[]'::json"
    found = " UNION ALL ".join(_of_type(compilation, mapped, nodes, given) for _, mapped in sorted(types.items()))
    return (
        f"(SELECT json_agg(f.json ORDER BY i.place) FROM unnest({asked}::text[]) WITH ORDINALITY AS i (id, place) "
        f"LEFT JOIN ({found}) f ON f.id = i.id)"
    )


def stored_json(compilation: Compilation, mapped: MappedType, nodes: Nodes, read: Callable[[Binding], GlobalId]) -> str:
    """The row of a county and key as the viewer sees it, or null."""
    row, predicates = related(compilation, mapped.table, None, {})
    predicates += key_predicates(compilation, row, "id", read)
    return row_json(compilation, row, mapped.type, nodes, predicates, unique=True)


def _of_type(compilation: Compilation, mapped: MappedType, nodes: Nodes, given: Input) -> str:
    row, predicates = related(compilation, mapped.table, None, {})
    predicates += _any_of(compilation, row, mapped, given)
    identifier = global_id_sql(row, mapped.type.name)
    made = object_json(compilation, row, mapped.type, nodes)
    source = f"{mapped.table.name} {row.alias} WHERE {conjunction(predicates)}"
    return f"SELECT {identifier} AS id, {made} AS json FROM {source}"


def _any_of(compilation: Compilation, row: Row, mapped: MappedType, given: Input) -> list[str]:
    """Predicates by which the primary key finds the rows; the join on the whole id then pairs county and key."""

    def identifiers(binding: Binding) -> list[GlobalId]:
        name, shared = mapped.type.name, mapped.table.shared
        return [decode_as(text, name, shared) for text in given.slot(binding) if type_in(text) == name]

    key = compilation.parameters.add(
        given.label,
        lambda binding: [found.key.split(":")[0] for found in identifiers(binding)],
        lambda binding: invalid_id(", ".join(str(found) for found in identifiers(binding))),
    )
    predicates = [f"{row.alias}.{mapped.table.key[0]} = ANY({key})"]
    if not mapped.table.shared:
        county = compilation.parameters.add(
            given.label, lambda binding: [found.county for found in identifiers(binding)]
        )
        predicates.append(f"{row.alias}.county_code = ANY({county})")
    return predicates


def _node_type(compilation: Compilation, text: str) -> MappedType:
    mapped = compilation.catalogue.types.get(type_in(text))
    if mapped is None or not mapped.table.node:
        raise invalid_id(text)
    return mapped


def _checked(given: Input, binding: Binding) -> list[str]:
    identifiers: list[str] = given.slot(binding)
    if len(identifiers) > MAXIMUM_IDS:
        raise ClientError("INVALID_INPUT", f"ids 不能超过 {MAXIMUM_IDS} 个", f"ids must not exceed {MAXIMUM_IDS}")
    return identifiers
