"""Counts of rows by groups: one GROUP BY over the rows that the viewer sees, whose groups are then objects like rows."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from schema.compiler.conditions import argument_predicates
from schema.compiler.objects import Place, select_list
from schema.compiler.rows import Listing, listing, source
from schema.compiler.rules import conjunction, held_to
from schema.compiler.state import NO_ROW, Compilation, Row
from schema.declarations import Counts, Group, Through

MAXIMUM_GROUPS = 1_000


def counts_json(compilation: Compilation, declaration: Counts, place: Place) -> str:
    """The JSON array of the counts, the largest first; what was not grouped by is null."""
    mapped = compilation.catalogue.types[declaration.of]
    listed = listing(compilation, mapped.table, None, {}, (), None)
    chosen = argument_predicates(compilation, listed.row, declaration.arguments, place.given, mapped.type.name)
    listed = replace(listed, predicates=(*listed.predicates, *chosen))
    groups = declaration.groups.groups
    asked = [groups[str(name)] for name in dict.fromkeys(place.given["groupBy"].value)]
    row = replace(NO_ROW, alias=compilation.alias())
    fields = select_list(compilation, row, place.type, place.nodes)
    grouped = _grouped(compilation, listed, asked, groups.values())
    order = ", ".join([f"{row.alias}.count DESC", *(f"{row.alias}.{group.column}" for group in asked)])
    found = f"SELECT {fields} FROM ({grouped}) {row.alias} ORDER BY {order} LIMIT {MAXIMUM_GROUPS}"
    return f"""(SELECT coalesce(json_agg("#"), '[]') FROM ({found}) "#")"""


def _grouped(compilation: Compilation, listed: Listing, asked: Sequence[Group], groups: Iterable[Group]) -> str:
    """The SELECT of the groups under their columns' names, null for those not asked for."""
    row = listed.row
    throughs = dict.fromkeys(group.through for group in asked if group.through is not None)
    others = {through: _other(compilation, row, through) for through in throughs}
    columns = [_group_sql(group, others[group.through] if group.through else row) for group in asked]
    columns += [f"NULL AS {group.column}" for group in groups if group not in asked]
    columns.append(f"count({f'DISTINCT {row.alias}.{row.table.key[0]}' if others else '*'}) AS count")
    joins = "".join(_join(compilation, row, other, through) for through, other in others.items())
    by = f" GROUP BY {', '.join(str(index + 1) for index in range(len(asked)))}" if asked else ""
    rows = f"(SELECT {row.alias}.* FROM {source(compilation, listed)}) {row.alias}"
    return f"SELECT {', '.join(columns)} FROM {rows}{joins}{by}"


def _group_sql(group: Group, row: Row) -> str:
    sql = (group.sql or f"{{t}}.{group.column}").replace("{t}", row.alias)
    return f"{sql} AS {group.column}"


def _other(compilation: Compilation, row: Row, through: Through) -> Row:
    return Row(compilation.alias(), compilation.catalogue.table(through.table), row, through.on)


def _join(compilation: Compilation, row: Row, other: Row, through: Through) -> str:
    """Rows without another one stay, in the group of null."""
    other, rule = held_to(compilation, other, other.table.rule)
    joined = [f"{other.alias}.{theirs} = {row.alias}.{ours}" for theirs, ours in through.on.items()]
    where = [f"({compilation.filled(through.where, other)})"] if through.where else []
    return f" LEFT JOIN {other.table.name} {other.alias} ON {conjunction([*compilation.bound(other), *joined, *where, rule])}"
