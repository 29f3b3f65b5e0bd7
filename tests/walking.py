"""Documents that ask for every field of every type below every root field."""

from collections.abc import Iterator

from graphql import (
    GraphQLField,
    GraphQLObjectType,
    GraphQLSchema,
    get_named_type,
    is_leaf_type,
    is_required_argument,
)

ARGUMENTS = {
    "case": '(number: "990101001-20261009-0001")',
    "division": '(code: "990101001000")',
    "grid": '(code: "990101001001001")',
    "gridAt": "(point: {longitude: 122.901, latitude: 28.22, crs: CGCS2000})",
    "caseCounts": "(groupBy: [STATE, URGENCY, CATEGORY, STREET, COMMUNITY, ORGANIZATION, DAY])",
    "similarCases": "(near: {longitude: 122.901, latitude: 28.22, crs: GCJ02})",
    "assignments": '(organization: "CG")',
    "evaluationSummary": '(from: "2026-10-01", to: "2026-11-30")',
    "objectionCounts": '(division: "990101000000", firstDay: "2026-10-01", lastDay: "2026-11-30")',
    "calendarDays": "(year: 2026)",
    "casesLike": '(matter: {title: "占道", gridCode: "990101001001001"})',
}
LENGTH = 20_000
"""Characters of a selection that stay below the limit of tokens."""
ELSEWHERE = {"node", "nodes", "explainDeadline", "dryRunRoutingRule"}


def every_document(schema: GraphQLSchema) -> Iterator[str]:
    """Every root field with everything below it, in documents that are not too long for the server."""
    query = schema.query_type
    assert query is not None
    for name, field in query.fields.items():
        if name not in ELSEWHERE:
            for chosen in selections(field):
                yield f"{{ {name}{ARGUMENTS.get(name, '')} {chosen} }}"


def selections(field: GraphQLField) -> Iterator[str]:
    """What of a root field's type is asked for at a time."""
    named = get_named_type(field.type)
    if not isinstance(named, GraphQLObjectType):
        yield ""
        return
    nodes = named.fields.get("nodes")
    if nodes is None:
        yield from (f"{{ __typename {part} }}" for part in parts(named))
        return
    yield f"{{ __typename {' '.join(fields(named, 0))} pageInfo {{ hasNextPage endCursor }} }}"
    node = get_named_type(nodes.type)
    assert isinstance(node, GraphQLObjectType)
    yield from (f"{{ nodes {{ __typename {part} }} }}" for part in parts(node))


def parts(named: GraphQLObjectType) -> Iterator[str]:
    """The fields of a type, as many at a time as fit into a document."""
    part = ""
    for each in fields(named, 2):
        if part and len(part) + len(each) > LENGTH:
            yield part
            part = ""
        part += f" {each}"
    yield part


def selection(field: GraphQLField, depth: int) -> str:
    named = get_named_type(field.type)
    if not isinstance(named, GraphQLObjectType):
        return ""
    inner = depth if {"nodes", "pageInfo"} & set(named.fields) else depth - 1
    return f"{{ __typename {' '.join(fields(named, inner))} }}"


def fields(named: GraphQLObjectType, depth: int) -> Iterator[str]:
    for name, field in named.fields.items():
        if any(is_required_argument(argument) for argument in field.args.values()) or name == "edges":
            continue
        if is_leaf_type(get_named_type(field.type)):
            yield name
        elif depth > 0:
            yield f"{name} {selection(field, depth)}"
