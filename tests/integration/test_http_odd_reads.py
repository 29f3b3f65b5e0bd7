"""Reads that the gate lets through or refuses, over HTTP: so many fields, so many root fields, values of other kinds."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from schema.schema import build_schema
from shaodao.postgres.embedded import Cluster
from tests.integration.api_steps import Api, code_of, copied, opened, settings_of
from tests.integration.odd_reads import FIELDS, ROOTS, many_fields, many_roots

pytestmark = pytest.mark.asyncio(loop_scope="module")

SCHEMA = build_schema()._schema
SIZED = "query ($size: Int) { cases(first: $size) { totalCount } }"
ORDERED = "query ($order: CaseOrder! = NEWEST) { cases(orderBy: $order) { totalCount } }"
NO_FILTERS: tuple[Any, ...] = ({"states": [None]}, {"nothing": 1}, {"open": 0}, [], "x")
FILTERED = "query ($filter: CaseFilter) { cases(filter: $filter) { totalCount } }"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def api(postgres: Cluster, street_template: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Api]:
    folder: Path = tmp_path_factory.mktemp("data")
    async with copied(postgres, street_template) as dsn, opened(settings_of(dsn, folder)) as made:
        yield made


async def test_two_thousand_fields_are_answered_and_one_more_is_refused(api: Api) -> None:
    answer = await api.ask(many_fields(SCHEMA, FIELDS))
    assert (answer.status_code, answer.json()) == (200, {"data": {"cases": {"nodes": []}}})
    refused = await api.ask(many_fields(SCHEMA, FIELDS + 1))
    assert (refused.status_code, code_of(refused)) == (422, "DOCUMENT_TOO_LARGE")


async def test_the_same_fields_a_thousand_times_are_refused_before_they_are_compared(api: Api) -> None:
    refused = await api.ask(f"{{ grids {{ nodes {{ {'code name ' * 1_000} }} }} }}")
    assert (refused.status_code, code_of(refused)) == (422, "DOCUMENT_TOO_LARGE")


@pytest.mark.parametrize("number", [1, ROOTS])
async def test_as_many_root_fields_as_allowed_are_answered(api: Api, number: int) -> None:
    answer = await api.ask(many_roots(number))
    assert (answer.status_code, answer.json()["data"]) == (200, {f"r{n}": {"nodes": []} for n in range(number)})


@pytest.mark.parametrize("number", [ROOTS + 1, 60])
async def test_more_root_fields_are_refused(api: Api, number: int) -> None:
    refused = await api.ask(many_roots(number))
    assert (refused.status_code, code_of(refused)) == (422, "DOCUMENT_TOO_LARGE")
    spread = await api.ask(f"query {{ ...F }} fragment F on Query {many_roots(number)}")
    assert code_of(spread) == "DOCUMENT_TOO_LARGE"


@pytest.mark.parametrize(
    ("document", "variables", "code"),
    [
        *((SIZED, {"size": size}, "INVALID_PAGE") for size in (0, -1, 101, 10**9)),
        *((SIZED, {"size": size}, "BAD_USER_INPUT") for size in (2**31, 10**18, 1.5, "20", True, [20])),
        *((ORDERED, {"order": order}, "BAD_USER_INPUT") for order in ("NOTHING", "newest", "", 0, None, ["NEWEST"])),
        *((FILTERED, {"filter": {name: None}}, "INVALID_INPUT") for name in ("states", "open", "text", "dueBefore")),
        *((FILTERED, {"filter": given}, "BAD_USER_INPUT") for given in NO_FILTERS),
        ("{ cases(orderBy: NOTHING) { totalCount } }", {}, "GRAPHQL_VALIDATION_FAILED"),
        ('{ cases(after: "x") { totalCount nodes { id } } }', {}, "INVALID_CURSOR"),
    ],
)  # fmt: skip
async def test_a_value_of_another_kind_is_refused_with_its_code(
    api: Api, document: str, variables: dict[str, Any], code: str
) -> None:
    answer = await api.ask(document, variables)
    assert (answer.status_code, code_of(answer)) == (422, code)
    assert "data" not in answer.json()


async def test_a_list_for_one_value_is_that_value(api: Api) -> None:
    """As GraphQL has it: one value stands for the list of it."""
    one = await api.ask(FILTERED, {"filter": {"states": "REGISTERED"}})
    assert one.json() == (await api.ask(FILTERED, {"filter": {"states": ["REGISTERED"]}})).json()
