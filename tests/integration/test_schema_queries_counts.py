"""Counts of cases, lists read from their ends, every type as a node, and viewers of more than one county."""

from collections import Counter
from typing import Any

import pytest
from graphql import GraphQLObjectType

from schema.compiler.catalogue import catalogue_of
from shaodao.domain.permissions import Grant, Viewer
from shaodao.domain.vocabulary import Role
from tests.integration.asking import Desk, desk_of
from tests.integration.conftest import Street

PEOPLE = (
    "dispatcher", "grid worker", "grid chief", "deputy leader", "follow-up caller", "county office", "handler of CG",
    "resident", "nobody",
)  # fmt: skip
CASES = """{ cases(first: 100) { nodes { state urgency registeredAt category { code } street { code } community { code }
  assignments { state agent { name } organization { code } } } } }"""
COUNTS = """query ($by: [CaseGroup!]!, $filter: CaseFilter) { caseCounts(groupBy: $by, filter: $filter) {
  count state urgency day category { code } street { code } community { code } organization { code } } }"""


@pytest.fixture
async def desk(street: Street) -> Desk:
    return await desk_of(street)


def group(case: dict[str, Any], name: str) -> list[Any]:
    """The groups of a kind that a case belongs to, as it was read."""
    match name:
        case "DAY":
            return [case["registeredAt"][:10]]
        case "STATE" | "URGENCY":
            return [case[name.lower()]]
        case "ORGANIZATION":
            parts = [part for part in case["assignments"] if part["state"] not in ("REASSIGNED", "WITHDRAWN")]
            return list({part["organization"]["code"] for part in parts if part["agent"] is None}) or [None]
        case _:
            return [case[name.lower()] and case[name.lower()]["code"]]


def told(count: dict[str, Any], name: str) -> Any:
    """The group that a count tells."""
    value = count[name.lower()]
    return value["code"] if isinstance(value, dict) else value


@pytest.mark.parametrize("who", PEOPLE)
async def test_counts_are_those_of_the_cases_that_the_viewer_sees(desk: Desk, who: str) -> None:
    viewer = desk.people[who]
    cases = (await desk.ask(CASES, viewer))["cases"]["nodes"]
    assert (await desk.ask(COUNTS, viewer, by=[]))["caseCounts"][0]["count"] == len(cases)
    for name in ("STATE", "URGENCY", "CATEGORY", "STREET", "COMMUNITY", "DAY", "ORGANIZATION"):
        if name == "ORGANIZATION" and who == "resident":
            continue  # who does not see assignments is told of none
        found = (await desk.ask(COUNTS, viewer, by=[name]))["caseCounts"]
        assert Counter({told(row, name): row["count"] for row in found}) == Counter(
            key for case in cases for key in group(case, name)
        ), name
        assert [row["count"] for row in found] == sorted((row["count"] for row in found), reverse=True)


async def test_a_resident_is_told_of_no_organization(desk: Desk) -> None:
    [row] = (await desk.ask(COUNTS, desk.people["resident"], by=["ORGANIZATION"]))["caseCounts"]
    assert (row["count"], row["organization"]) == (1, None)


async def test_counts_meet_a_filter_and_group_by_several(desk: Desk) -> None:
    found = (await desk.ask(COUNTS, by=["STATE", "URGENCY", "STATE"], filter={"open": True}))["caseCounts"]
    assert sum(row["count"] for row in found) == sum(
        row["count"] for row in (await desk.ask(COUNTS, by=["STATE"], filter={"open": True}))["caseCounts"]
    )
    assert len({(row["state"], row["urgency"]) for row in found}) == len(found)
    assert (await desk.ask(COUNTS, by=["DAY"], filter={"states": []}))["caseCounts"] == []
    assert (await desk.refusal(COUNTS, by=["DAY"], filter={"open": None}))[0] == "INVALID_INPUT"


async def test_the_last_page_is_the_end_of_the_whole_list(desk: Desk) -> None:
    query = "query ($last: Int, $before: String) { cases(orderBy: DUE, last: $last, before: $before, first: null) { nodes { number } pageInfo { hasPreviousPage startCursor } } }"
    whole = (await desk.ask("{ cases(orderBy: DUE, first: 100) { nodes { number } } }"))["cases"]["nodes"]
    found: list[Any] = []
    info = {"hasPreviousPage": True, "startCursor": None}
    while info["hasPreviousPage"]:
        page = (await desk.ask(query, last=10, before=info["startCursor"]))["cases"]
        found, info = page["nodes"] + found, page["pageInfo"]
    assert found == whole


async def test_a_scope_above_the_county_reaches_its_counties(desk: Desk) -> None:
    city, elsewhere = (
        Viewer("city", "示", (Grant(Role.STREET_DISPATCHER, scope),)) for scope in ("990100000000", "990200000000")
    )
    mine, county = await desk.ask(COUNTS, by=["STATE"]), await desk.ask(COUNTS, city, by=["STATE"])
    assert mine == county
    query = "{ cases(last: 3) { totalCount nodes { number grid { code } assignments { state } } } }"
    assert await desk.ask(query, city) == await desk.ask(query)
    assert (await desk.ask(query, elsewhere))["cases"]["totalCount"] == 0


async def test_every_type_is_found_by_its_id(desk: Desk) -> None:
    """Of every table that has rows: what a list shows by its id is the same row, alone and among others."""
    catalogue = catalogue_of(desk.service.graphql)
    node = desk.service.graphql.type_map["Node"]
    identifiers = []
    for name, mapped in sorted(catalogue.types.items()):
        assert isinstance(mapped.type, GraphQLObjectType)
        assert (node in mapped.type.interfaces) == mapped.table.node, name
        if mapped.table.node:
            key = " || ':' || ".join(f"t.{column}" for column in mapped.table.key)
            county = "''" if mapped.table.shared else "t.county_code"
            found = await desk.street.pool.fetchval(
                f"SELECT '{name}:' || {county} || ':' || {key} FROM {mapped.table.name} t LIMIT 1"
            )
            identifiers += [found] if found else []
    assert len(identifiers) > 15
    several = "query ($ids: [ID!]!) { nodes(ids: $ids) { __typename id } }"
    single = "query ($id: ID!) { node(id: $id) { ... on Node { id } __typename } }"
    for who in ("dispatcher", "handler of CG", "nobody"):
        viewer = desk.people[who]
        rows = (await desk.ask(several, viewer, ids=identifiers))["nodes"]
        alone = [(await desk.ask(single, viewer, id=identifier))["node"] for identifier in identifiers]
        assert rows == alone
        seen = [(row["__typename"], row["id"]) for row in rows if row]
        assert seen == [
            (identifier.split(":")[0], identifier) for identifier, row in zip(identifiers, rows, strict=True) if row
        ]
        assert bool(seen) == (who != "nobody")
