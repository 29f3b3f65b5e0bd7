"""Odd input of reads on the real schema: the right answer, or an error that says what is wrong. Plans: test_compiler_plans."""

import base64
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
import pytest_asyncio
from graphql import (
    FieldNode,
    GraphQLError,
    GraphQLInputObjectType,
    Node,
    OperationDefinitionNode,
    get_named_type,
    is_required_argument,
    parse,
    print_ast,
)

from api.gate import gated_preparation
from schema.compiler.catalogue import root_declaration
from schema.declarations import Many, Page, Single
from schema.execution import ReadService
from schema.schema import build_schema
from shaodao.commands.transaction import Ground
from shaodao.demo.source import load_street
from shaodao.domain.text import bigrams
from shaodao.limits import Limits
from shaodao.postgres.embedded import Cluster
from shaodao.postgres.pool import create_pool
from tests.integration.api_steps import copied
from tests.integration.asking import Desk, desk_of
from tests.integration.conftest import Street
from tests.integration.odd_reads import (
    ABSENT,
    ARGUMENTS,
    FIELDS,
    SELECTIONS,
    TWICE,
    WILD_CODES,
    WILD_TEXTS,
    empty_list,
    list_filters,
    literal,
    many_fields,
    many_roots,
    of_text,
)

pytestmark = pytest.mark.asyncio(loop_scope="module")

SCHEMA = build_schema()
QUERY = SCHEMA._schema.query_type
assert QUERY is not None
LISTS = [
    name for name, field in QUERY.fields.items()
    if isinstance(root_declaration(field), Page) and not any(map(is_required_argument, field.args.values()))
]  # fmt: skip
"""Root connections that need no argument."""
ORDERED = [name for name, field in QUERY.fields.items() if "orderBy" in field.args]
SIZES = (0, -1, 101, 10**9)
NOT_A_PAGE = [(end, size) for end in ("first", "last") for size in SIZES]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def desk(postgres: Cluster, street_template: str, ground: Ground) -> AsyncIterator[Desk]:
    """The street with its cases, whose texts hold what LIKE and SQL take for more than letters; read alone."""
    data = load_street()
    async with copied(postgres, street_template) as dsn:
        pool = await create_pool(dsn, 4)
        made = await desk_of(Street(pool, dsn, ground, data, data.meta.as_of))
        await write_wild_texts(made)
        service = ReadService(SCHEMA, gated_preparation(SCHEMA._schema, Limits()))
        yield Desk(made.street, service, made.services)
        await pool.close()


async def write_wild_texts(desk: Desk) -> None:
    """Each of the texts stands in a case and in a person's address, and what a LIKE would take for it in others."""
    texts = [*WILD_TEXTS, *(text.translate(LIKE) for text in WILD_TEXTS if text != text.translate(LIKE))]
    for table, column, parts in (("case_file", "description", CASE_PARTS), ("person", "address", PERSON_PARTS)):
        rows = await desk.street.pool.fetch(f"SELECT * FROM {table} ORDER BY id")
        for text, row in zip(texts, rows, strict=False):
            written = {**row, column: f"第一处 {text[:90]} 二处"}
            pieces = bigrams(joined(written, parts))
            update = f"UPDATE {table} SET {column} = $1, search_bigrams = $2 WHERE id = $3"
            await desk.street.pool.execute(update, written[column], pieces, row["id"])


LIKE = str.maketrans({"%": "甲乙", "_": "甲"})
CASE_PARTS, PERSON_PARTS = ("number", "title", "description", "address"), ("name", "address")


def joined(row: Any, parts: tuple[str, ...]) -> str:
    """What a text is looked for in."""
    return " ".join(row[part] for part in parts if row[part])


async def holding(desk: Desk, table: str, parts: tuple[str, ...], text: str) -> set[str]:
    """The keys of the rows that hold every word of a text, whatever its case."""
    rows = await desk.street.pool.fetch(f"SELECT * FROM {table}")
    words = text.casefold().split()
    return {str(row["id"]) for row in rows if all(word in joined(row, parts).casefold() for word in words)}


def keys(nodes: list[dict[str, str]]) -> set[str]:
    return {node["id"].rpartition(":")[2] for node in nodes}


@pytest.mark.parametrize("text", WILD_TEXTS)
async def test_a_text_finds_the_rows_that_hold_it_to_the_letter(desk: Desk, text: str) -> None:
    for root, table, parts in (("cases", "case_file", CASE_PARTS), ("people", "person", PERSON_PARTS)):
        found = (await desk.ask(of_text(root, text)))[root]
        assert keys(found["nodes"]) == await holding(desk, table, parts, text)
        assert found["totalCount"] == len(found["nodes"])


async def test_the_width_of_letters_does_not_matter(desk: Desk) -> None:
    assert len((await desk.ask(of_text("cases", "ＡｂＣ")))["cases"]["nodes"]) == 1


@pytest.mark.parametrize("text", ["", " ", "%", "_", "'", "\\", "。，", "水" * 201])
async def test_a_text_without_letters_or_too_long_is_refused(desk: Desk, text: str) -> None:
    for root in ("cases", "people"):
        assert (await desk.refusal(of_text(root, text)))[0] == "INVALID_INPUT"


@pytest.mark.parametrize("text", ["%", "_", "it's", "%积水%", "\\", ""])
async def test_a_part_of_an_address_is_found_to_the_letter(desk: Desk, text: str) -> None:
    rows = await desk.street.pool.fetch("SELECT id, address FROM household")
    found = await desk.ask(f"{{ households(first: 100, filter: {{address: {literal(text)}}}) {{ nodes {{ id }} }} }}")
    assert keys(found["households"]["nodes"]) == {str(row["id"]) for row in rows if text in row["address"]}


@pytest.mark.parametrize("code", WILD_CODES)
async def test_a_code_is_compared_to_the_letter(desk: Desk, code: str) -> None:
    given = literal(code)
    categorized = await desk.street.pool.fetchval("SELECT count(*) FROM case_file WHERE category_code IS NOT NULL")
    found = await desk.ask(
        f"""{{ a: cases(filter: {{category: {given}}}) {{ totalCount }} b: cases(filter: {{grid: {given}}}) {{ totalCount }}
        c: cases(filter: {{organization: {given}}}) {{ totalCount }} d: people(filter: {{grid: {given}}}) {{ totalCount }}
        e: assignments(organization: {given}) {{ totalCount }} case(number: {given}) {{ id }} division(code: {given}) {{ code }} }}"""
    )
    assert [found[key]["totalCount"] for key in "abcde"] == [0 if code else categorized, 0, 0, 0, 0]
    assert (found["case"], found["division"]) == (None, None)


@pytest.mark.parametrize("division", ["%", "99010100100%", "９９０１０１００１０００", "", "990101001000 "])
async def test_what_is_no_code_of_a_division_is_refused(desk: Desk, division: str) -> None:
    for root in ("cases", "people", "whistles", "households"):
        query = f"{{ {root}(filter: {{division: {literal(division)}}}) {{ totalCount }} }}"
        assert (await desk.refusal(query))[0] == "INVALID_INPUT"


@pytest.mark.parametrize(("root", "name"), list(list_filters(SCHEMA._schema)))
async def test_an_empty_list_finds_nothing(desk: Desk, root: str, name: str) -> None:
    found = (await desk.ask(empty_list(root, name)))[root]
    assert found in ([], {"totalCount": 0, "nodes": []})


async def test_an_empty_list_as_an_argument_finds_nothing(desk: Desk) -> None:
    found = await desk.ask(
        """{ a: organizations(codes: []) { code } b: organizations(kinds: []) { code } c: whistleListItems(kinds: []) { code }
        d: dutyListItems(kinds: []) { code } e: nodes(ids: []) { id } f: caseCounts(groupBy: []) { count } }"""
    )
    assert [found[key] for key in "abcde"] == [[]] * 5
    assert len(found["f"]) == 1


def filter_fields() -> Iterator[tuple[str, str]]:
    """Every field of every root list's filter."""
    assert QUERY is not None
    for root, field in QUERY.fields.items():
        named = get_named_type(field.args["filter"].type) if "filter" in field.args else None
        if isinstance(named, GraphQLInputObjectType):
            yield from ((root, name) for name in named.fields)


@pytest.mark.parametrize(("root", "name"), list(filter_fields()))
async def test_a_null_in_a_filter_is_refused(desk: Desk, root: str, name: str) -> None:
    """A filter that is not wanted is left out: a null could as well mean the rows without a value."""
    selection = SELECTIONS.get(root, "totalCount")
    query = f"{{ {root}({ARGUMENTS.get(root, '')}filter: {{{name}: null}}) {{ {selection} }} }}"
    code, message = await desk.refusal(query)
    assert (code, message.split(":")[0]) == ("INVALID_INPUT", f"filter.{name}")


def nullable_arguments() -> Iterator[tuple[str, str]]:
    """The arguments of root fields that are conditions and may be left out."""
    assert QUERY is not None
    for root, field in QUERY.fields.items():
        declaration = root_declaration(field)
        required = any(map(is_required_argument, field.args.values()))
        if isinstance(declaration, Many | Page | Single) and not required:
            yield from ((root, name) for name in declaration.arguments)


@pytest.mark.parametrize(("root", "name"), list(nullable_arguments()))
async def test_a_null_as_an_argument_is_refused(desk: Desk, root: str, name: str) -> None:
    assert (await desk.refusal(f"{{ {root}({name}: null) {{ __typename }} }}"))[0] == "INVALID_INPUT"


async def test_a_null_of_a_page_is_no_more_than_absence(desk: Desk) -> None:
    assert await desk.ask(ABSENT) == await desk.ask("{ cases { totalCount nodes { number } } }")
    query = "query ($a: String, $f: CaseFilter, $n: Int) { cases(after: $a, before: $a, filter: $f, first: $n, last: $n) { totalCount nodes { number } } }"
    assert await desk.ask(query, a=None, f=None, n=None) == await desk.ask(ABSENT)


@pytest.mark.parametrize(("end", "size"), NOT_A_PAGE)
async def test_a_size_that_is_no_page_is_refused_by_every_list(desk: Desk, end: str, size: int) -> None:
    for root in LISTS:
        for part in ("nodes { __typename }", "totalCount", "pageInfo { hasNextPage }", "__typename"):
            code, message = await desk.refusal(f"{{ {root}({end}: {size}) {{ {part} }} }}")
            assert (code, message.split(":")[0]) == ("INVALID_PAGE", f"{root}.{end}")
    below = f"query ($size: Int) {{ cases(first: 1) {{ nodes {{ history({end}: $size) {{ nodes {{ seq }} }} }} }} }}"
    code, message = await desk.refusal(below, size=size)
    assert (code, message.split(":")[0]) == ("INVALID_PAGE", f"cases.nodes.history.{end}")
    mine = f"{{ viewer {{ tasks({end}: {size}) {{ totalCount }} }} }}"
    assert (await desk.refusal(mine))[0] == "INVALID_PAGE"


async def test_both_ends_at_once_are_refused(desk: Desk) -> None:
    for root in LISTS:
        assert (await desk.refusal(f"{{ {root}(first: 1, last: 1) {{ nodes {{ __typename }} }} }}"))[
            0
        ] == "INVALID_PAGE"


@pytest.mark.parametrize("order", ["NOTHING", "newest", '"NEWEST"', "0", "null", "[NEWEST]", "{}"])
async def test_an_unknown_ordering_does_not_validate(desk: Desk, order: str) -> None:
    for root in ORDERED:
        outcome = await desk.outcome(
            f"{{ {root}({ARGUMENTS.get(root, '')}orderBy: {order}) {{ totalCount }} }}", desk.dispatcher
        )
        assert (outcome.data, outcome.stage, codes(outcome.errors)) == (None, "validate", {"GRAPHQL_VALIDATION_FAILED"})


@pytest.mark.parametrize("order", ["NOTHING", "newest", "", 0, None, ["NEWEST"]])
async def test_an_unknown_ordering_in_a_variable_is_refused(desk: Desk, order: Any) -> None:
    outcome = await desk.outcome("query ($o: CaseOrder!) { cases(orderBy: $o) { totalCount } }", order=order, o=order)
    assert (outcome.data, outcome.stage, len(outcome.errors)) == (None, "variables", 1)


def codes(errors: tuple[GraphQLError, ...]) -> set[Any]:
    return {(error.extensions or {}).get("code") for error in errors}


async def cursors(desk: Desk) -> dict[tuple[str, str], str]:
    """A cursor of each list in each of its orderings, as far as the street has rows."""
    assert QUERY is not None
    found = {}
    for root in LISTS:
        order = QUERY.fields[root].args.get("orderBy")
        for name in get_named_type(order.type).values if order else ("",):
            given = f", orderBy: {name}" if name else ""
            page = (await desk.ask(f"{{ {root}(first: 1{given}) {{ pageInfo {{ endCursor }} }} }}"))[root]
            if page["pageInfo"]["endCursor"]:
                found[root, name] = page["pageInfo"]["endCursor"]
    return found


async def test_a_cursor_of_another_list_or_ordering_is_refused(desk: Desk) -> None:
    known = await cursors(desk)
    assert len(known) > 12
    for root, name in known:
        given = f", orderBy: {name}" if name else ""
        query = f"query ($c: String) {{ {root}(after: $c{given}) {{ nodes {{ id }} }} }}"
        backwards = f"query ($c: String) {{ {root}(last: 1, before: $c{given}) {{ nodes {{ id }} }} }}"
        for place, cursor in known.items():
            if place == (root, name):
                await desk.ask(query, c=cursor)
            else:
                assert (await desk.refusal(query, c=cursor))[0] == "INVALID_CURSOR", (root, name, place)
                assert (await desk.refusal(backwards, c=cursor))[0] == "INVALID_CURSOR", (root, name, place)


async def test_a_cursor_that_was_changed_is_refused(desk: Desk) -> None:
    cursor = (await cursors(desk))["cases", "NEWEST"]
    query = "query ($c: String) { cases(after: $c) { nodes { id } } }"
    text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
    whole = [
        cursor[:-2],
        cursor[1:],
        cursor + "AAAA",
        "",
        " ",
        "%",
        "'",
        "=" * 8,
        "A" * 10_000,
        "水",
        cursor.swapcase(),
    ]
    values = [text.replace("2026", "20x6"), text[:-1], "[]", "{}", "null", text.replace(",", ",null,", 1), "[" * 500]
    for changed in (*whole, *map(encoded, values)):
        assert (await desk.refusal(query, c=changed))[0] == "INVALID_CURSOR", changed[:80]


def encoded(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


async def test_one_field_under_several_names_has_its_own_arguments(desk: Desk) -> None:
    """Each answer is the one that the field has alone."""
    found = await desk.ask(TWICE)
    open_ones = (await desk.ask("{ cases(first: 100, filter: {open: true}) { nodes { number } } }"))["cases"]["nodes"]
    closed = (await desk.ask("{ cases(first: 100, filter: {open: false}) { nodes { number } } }"))["cases"]["nodes"]
    numbers = {key: [{"number": row["number"]} for row in found[key]["nodes"]] for key in "abcd"}
    assert numbers == {"a": open_ones[:2], "b": open_ones[-2:], "c": open_ones[:-3:-1], "d": closed[:2]}
    for row in found["a"]["nodes"]:
        assert row["history"]["nodes"][0]["seq"] > row["h"]["nodes"][0]["seq"] == 1
    assert [row["action"] for row in found["viewer"]["urgent"]["nodes"]] == ["VERIFY"]


async def test_many_root_fields_are_each_answered_as_alone(desk: Desk) -> None:
    service = ReadService(SCHEMA)  # the gate lets 30 through; the compiler has no trouble with more
    plain = Desk(desk.street, service, desk.services)
    found = await plain.ask(many_roots(60))
    assert list(found) == [f"r{index}" for index in range(60)]
    for index in (0, 1, 7, 29, 30, 59):
        document = many_roots(60)[1:-1].split(f"r{index}: ")[1].split(f"r{index + 1}: ")[0]
        assert (await desk.ask(f"{{ {document} }}"))["cases"] == found[f"r{index}"]
    refused = await desk.outcome(many_roots(31))
    assert (refused.stage, codes(refused.errors)) == ("validate", {"DOCUMENT_TOO_LARGE"})


async def test_two_thousand_fields_are_each_answered_as_alone(desk: Desk) -> None:
    document = many_fields(SCHEMA._schema, FIELDS)
    [operation] = parse(document).definitions
    assert isinstance(operation, OperationDefinitionNode)
    [cases] = operation.selection_set.selections
    found = (await desk.ask(document))["cases"]["nodes"]
    assert len(found) == 3
    for field in selected(selected(cases)[0]):
        alone = (await desk.ask(f"{{ cases(first: 3) {{ nodes {{ {print_ast(field)} }} }} }}"))["cases"]["nodes"]
        name = field.name.value
        assert [row[name] for row in found] == [row[name] for row in alone], name
    refused = await desk.outcome(many_fields(SCHEMA._schema, FIELDS + 1))
    assert (refused.stage, codes(refused.errors)) == ("validate", {"DOCUMENT_TOO_LARGE"})


def selected(node: Node) -> list[FieldNode]:
    """The fields below a field."""
    assert isinstance(node, FieldNode)
    assert node.selection_set is not None
    return [field for field in node.selection_set.selections if isinstance(field, FieldNode)]


async def test_more_ids_than_allowed_and_ids_of_nothing_are_refused(desk: Desk) -> None:
    query = "query ($ids: [ID!]!) { nodes(ids: $ids) { id } }"
    assert (await desk.refusal(query, ids=[desk.case(1)] * 101))[0] == "INVALID_INPUT"
    assert len((await desk.ask(query, ids=[desk.case(1)] * 100))["nodes"]) == 100
    for identifier in (
        "",
        ":",
        "Case",
        "Case::1",
        "Case:990101:'",
        "Nothing:990101:1",
        f"Case:990101:{'9' * 1000}",
        "Viewer::x",
    ):
        assert (await desk.refusal(query, ids=[desk.case(1), identifier]))[0] == "INVALID_ID", identifier
        assert (await desk.refusal("query ($id: ID!) { node(id: $id) { id } }", id=identifier))[0] == "INVALID_ID"


async def test_values_that_fit_no_column_are_refused(desk: Desk) -> None:
    for given in ("dueWithinHours: -1", "openedWithinHours: 2147483647", 'text: "\\u0001"'):
        assert (await desk.refusal(f"{{ cases(filter: {{{given}}}) {{ totalCount }} }}"))[0] == "INVALID_INPUT", given
    nobody = await desk.ask('{ cases(filter: {reporterPhone: "%"}) { totalCount } }')
    assert nobody["cases"]["totalCount"] == 0
    near = "{longitude: 122.9, latitude: 28.2, crs: CGCS2000, radius: %s}"
    for radius in (0, -1, 50_001, 2_147_483_647):
        query = f"{{ similarCases(near: {near % radius}) {{ totalCount }} }}"
        assert (await desk.refusal(query))[0] == "INVALID_INPUT"
