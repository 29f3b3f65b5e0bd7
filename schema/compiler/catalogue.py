"""The mapped types of a schema, found once: by GraphQL name and by table."""

from collections.abc import Mapping
from dataclasses import dataclass

from graphql import GraphQLField, GraphQLInputField, GraphQLObjectType, GraphQLSchema
from strawberry.schema.schema_converter import GraphQLCoreConverter
from strawberry.types.base import StrawberryObjectDefinition
from strawberry.types.field import StrawberryField

from schema.declarations import Column, Condition, Declaration, Table
from schema.fields import DECLARATION
from shaodao.domain.permissions import Rule
from shaodao.domain.rules import RULES

_BACKREF = GraphQLCoreConverter.DEFINITION_BACKREF


@dataclass(frozen=True)
class MappedType:
    """An object type and the table it stands on."""

    type: GraphQLObjectType
    table: Table


@dataclass(frozen=True)
class Catalogue:
    """Every mapped type of a schema by GraphQL name, and the first of each table by the table's name."""

    schema: GraphQLSchema
    types: Mapping[str, MappedType]
    tables: Mapping[str, Table]
    rules: Mapping[str, Rule]

    def table(self, name: str) -> Table:
        """The mapping of a table; a table without a type is a growing one that nobody is shown."""
        return self.tables.get(name) or Table(name, rule="")


def catalogue_of(schema: GraphQLSchema, rules: Mapping[str, Rule] = RULES) -> Catalogue:
    """Find the mapped types of a schema; ``rules`` are what their rule names mean."""
    types: dict[str, MappedType] = {}
    tables: dict[str, Table] = {}
    for name, type_ in schema.type_map.items():
        if isinstance(type_, GraphQLObjectType) and (table := _table_of(type_)):
            types[name] = MappedType(type_, table)
            tables.setdefault(table.name, table)
    return Catalogue(schema, types, tables, rules)


def strawberry_field(field: GraphQLField | GraphQLInputField) -> StrawberryField | None:
    """The Strawberry field that a GraphQL field was made from."""
    found = field.extensions.get(_BACKREF)
    return found if isinstance(found, StrawberryField) else None


def declaration_of(field: GraphQLField) -> Declaration | None:
    """What the field declares; a plain field is the column of its Python name; None for one with a resolver."""
    definition = strawberry_field(field)
    if definition is None:
        return None
    declared: Declaration | None = definition.metadata.get(DECLARATION)
    if declared is None and definition.base_resolver is None:
        return Column(definition.python_name)
    return declared


def root_declaration(field: GraphQLField | None) -> Declaration | None:
    """What a root field declares; None for an ordinary resolver."""
    definition = field and strawberry_field(field)
    return definition.metadata.get(DECLARATION) if definition else None


def condition_of(field: GraphQLInputField) -> Condition | None:
    """What a field of a filter means."""
    definition = strawberry_field(field)
    return definition.metadata.get(DECLARATION) if definition else None


def _table_of(type_: GraphQLObjectType) -> Table | None:
    definition = type_.extensions.get(_BACKREF)
    if not isinstance(definition, StrawberryObjectDefinition):
        return None
    found = vars(definition.origin).get("__table__")
    return found if isinstance(found, Table) else None
