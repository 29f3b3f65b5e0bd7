"""What is wrong with a schema's mapping, found by a test instead of by a request."""

from collections.abc import Iterator

from graphql import (
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLObjectType,
    get_named_type,
    is_non_null_type,
)

from schema.compiler.catalogue import Catalogue, MappedType, condition_of, declaration_of, root_declaration
from schema.declarations import (
    NOWHERE,
    Column,
    Counts,
    Embedded,
    Exists,
    Many,
    One,
    Page,
    RowDeclaration,
    Seen,
    Single,
    Table,
)
from shaodao.domain.permissions import Everything


def mapping_faults(catalogue: Catalogue) -> list[str]:
    """Every fault, as a sentence that begins with the type's and the field's name."""
    found: list[str] = []
    for name, mapped in catalogue.types.items():
        if mapped.table.rule not in catalogue.rules:
            found.append(f"{name}: unknown rule {mapped.table.rule!r}")
            continue
        for field_name, field in mapped.type.fields.items():
            found += (f"{name}.{field_name}: {fault}" for fault in _field_faults(catalogue, mapped, field_name, field))
    query = catalogue.schema.query_type
    for field_name, field in (query.fields if query else {}).items():
        found += (f"Query.{field_name}: {fault}" for fault in _root_faults(catalogue, field))
    return found


def _field_faults(catalogue: Catalogue, mapped: MappedType, name: str, field: GraphQLField) -> Iterator[str]:
    if name == "id" and mapped.table.node:
        return
    declaration = declaration_of(field)
    if not isinstance(declaration, RowDeclaration):
        yield "a type on a table has no resolvers and no root or payload fields"
        return
    if declaration.visible is not None:
        yield from _mask_faults(catalogue, field, declaration.visible)
    if isinstance(declaration, Embedded) and declaration.when and is_non_null_type(field.type):
        yield "must be nullable, for it has a condition"
    if isinstance(declaration, One | Many | Page):
        yield from _target_faults(catalogue, mapped.table, declaration, field)


def _mask_faults(catalogue: Catalogue, field: GraphQLField, rule: str) -> Iterator[str]:
    if rule not in catalogue.rules:
        yield f"unknown rule {rule!r}"
    if is_non_null_type(field.type):
        yield "must be nullable, for a rule may hide it"


def _target_faults(
    catalogue: Catalogue, parent: Table, declaration: One | Many | Page, field: GraphQLField
) -> Iterator[str]:
    target = _target(catalogue, field)
    if target is None:
        yield "does not lead to a type on a table"
        return
    if parent.shared and not target.shared and parent.name != NOWHERE:
        yield "a shared row has no growing ones below it"
    if isinstance(declaration, One) and is_non_null_type(field.type) and _may_hide(catalogue, parent, target):
        yield "must be nullable, for the viewer may not see the row"
    yield from _filter_faults(catalogue, field)


def _root_faults(catalogue: Catalogue, field: GraphQLField) -> Iterator[str]:
    declaration = root_declaration(field)
    if isinstance(declaration, Single | Many | Page) and _target(catalogue, field) is None:
        yield "does not lead to a type on a table"
    if isinstance(declaration, Single) and is_non_null_type(field.type):
        yield "must be nullable, for the viewer may not see the row"
    if isinstance(declaration, Counts):
        yield from _count_faults(catalogue, declaration)
    yield from _filter_faults(catalogue, field)


def _count_faults(catalogue: Catalogue, declaration: Counts) -> Iterator[str]:
    """A count by what is hidden would tell it; and what is joined to must have a rule."""
    counted = catalogue.types.get(declaration.of)
    if counted is None:
        yield f"counts {declaration.of!r}, which stands on no table"
        return
    hidden = {
        each.name
        for each in map(declaration_of, counted.type.fields.values())
        if isinstance(each, Column) and each.visible is not None
    }
    for name, group in declaration.groups.groups.items():
        if group.through is None and group.column in hidden:
            yield f"group {name} stands on a column that a rule may hide"
        if group.through is not None and group.through.table not in catalogue.tables:
            yield f"group {name} leads to a table without a type, and so without a rule"


def _target(catalogue: Catalogue, field: GraphQLField) -> Table | None:
    named = get_named_type(field.type)
    if named.name not in catalogue.types and isinstance(named, GraphQLObjectType) and "nodes" in named.fields:
        named = get_named_type(named.fields["nodes"].type)
    mapped = catalogue.types.get(named.name)
    return mapped.table if mapped else None


def _may_hide(catalogue: Catalogue, parent: Table, target: Table) -> bool:
    rule = catalogue.rules.get(target.rule, {})
    return any(rule.get(role) != Everything() for role in catalogue.rules[parent.rule])


def _filter_faults(catalogue: Catalogue, field: GraphQLField) -> Iterator[str]:
    argument = field.args.get("filter")
    named = get_named_type(argument.type) if argument else None
    if not isinstance(named, GraphQLInputObjectType):
        return
    for name, entry in named.fields.items():
        condition = condition_of(entry)
        if condition is None:
            yield f"filter field {name} has no condition"
        if isinstance(condition, Seen):
            if condition.rule not in catalogue.rules:
                yield f"filter field {name}: unknown rule {condition.rule!r}"
            condition = condition.condition
        if isinstance(condition, Exists) and condition.table not in catalogue.tables:
            yield f"filter field {name} asks a table without a type, and so without a rule"
