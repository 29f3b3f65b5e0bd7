"""Errors over HTTP: the client's mistakes are named, ours are masked; the explorer is for browsers."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import pytest_asyncio

from shaodao.limits import Limits
from shaodao.postgres.embedded import Cluster
from shaodao.postgres.pool import connect
from tests.integration.api_steps import Api, assert_masked, code_of, copied, execute, logged, opened, settings_of

pytestmark = pytest.mark.asyncio(loop_scope="module")

GRIDS = "query ($first: Int, $after: String) { grids(first: $first, after: $after) { nodes { code } pageInfo { endCursor } } }"
ACCEPT = """mutation ($input: AcceptCaseInput!) { acceptCase(input: $input) {
    __typename ... on Problem { code message } ... on InvalidInput { faults { path message } } } }"""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def api(postgres: Cluster, street_template: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Api]:
    folder = tmp_path_factory.mktemp("data")
    async with copied(postgres, street_template) as dsn, opened(settings_of(dsn, folder)) as made:
        yield made


async def refusal(api: Api, document: str, **variables: Any) -> tuple[str, str]:
    """Code and English message of a request that is refused whole."""
    body = {"query": document, "variables": variables}
    answer = await api.client.post("/graphql", json=body, headers=api.headers(accept_language="en"))
    assert answer.status_code == 422, answer.text
    assert "data" not in answer.json()
    return code_of(answer), answer.json()["errors"][0]["message"]


@pytest.mark.parametrize(
    "identifier", ["", "x", "Case", "Case:990101:x", "Case:9:x", "Case::x", "Case:990101:", "例" * 5000]
)
async def test_a_malformed_id_is_told(api: Api, identifier: str) -> None:
    code, message = await refusal(api, "query ($id: ID!) { node(id: $id) { id } }", id=identifier)
    assert code == "INVALID_ID"
    assert "not an identifier of this server" in message


async def test_an_id_of_nothing_is_null(api: Api) -> None:
    ids = [f"Case:990101:{uuid4()}", f"Person:110101:{uuid4()}"]
    answer = await api.ask("query ($ids: [ID!]!) { nodes(ids: $ids) { id } }", {"ids": ids})
    assert answer.json() == {"data": {"nodes": [None, None]}}
    assert (await refusal(api, "query ($ids: [ID!]!) { nodes(ids: $ids) { id } }", ids=ids * 60))[0] == "INVALID_INPUT"


@pytest.mark.parametrize("first", [0, -1, 101, 10**9])
async def test_a_page_of_no_size_is_told(api: Api, first: int) -> None:
    code, message = await refusal(api, GRIDS, first=first)
    assert (code, "first" in message) == ("INVALID_PAGE", True)


@pytest.mark.parametrize("cursor", ["", "x", "====", "é", "bnVsbA", "W10", "WyJ4Il0", "A" * 10_000])
async def test_a_garbage_cursor_is_told(api: Api, cursor: str) -> None:
    assert (await refusal(api, GRIDS, after=cursor))[0] == "INVALID_CURSOR"


async def test_a_cursor_of_another_list_is_told(api: Api) -> None:
    end = (await api.ask(GRIDS, {"first": 2})).json()["data"]["grids"]["pageInfo"]["endCursor"]
    assert (await api.ask(GRIDS, {"first": 2, "after": end})).json()["data"]["grids"]["nodes"]
    people = "query ($after: String) { people(after: $after) { nodes { id } } }"
    assert (await refusal(api, people, after=end))[0] == "INVALID_CURSOR"
    other_order = "query ($after: String) { cases(after: $after) { nodes { id } } }"
    assert (await refusal(api, other_order, after=end))[0] == "INVALID_CURSOR"


@pytest.mark.parametrize(
    ("declared", "used", "value", "named"),
    [
        ("$v: Int", "grids(first: $v) { totalCount }", "ten", "$v"),
        ("$v: Int", "grids(first: $v) { totalCount }", 2**40, "$v"),
        ("$v: Int", "grids(first: $v) { totalCount }", 10**20, "$v"),
        ("$v: ID!", "node(id: $v) { id }", None, "$v"),
        ("$v: ID!", "node(id: $v) { id }", {"a": 1}, "$v"),
        ("$v: [ID!]!", "nodes(ids: $v) { id }", [1, None], "$v"),
        ("$v: CaseFilter", "cases(filter: $v) { totalCount }", {"states": ["NONSENSE"]}, "states"),
        ("$v: CaseFilter", "cases(filter: $v) { totalCount }", {"nonsense": 1}, "nonsense"),
        ("$v: CaseFilter", "cases(filter: $v) { totalCount }", {"dueBefore": "gestern"}, "dueBefore"),
        ("$v: CaseFilter", "cases(filter: $v) { totalCount }", {"overdue": "yes"}, "overdue"),
        ("$v: CaseFilter", "cases(filter: $v) { totalCount }", [], "$v"),
        ("$v: PointInput!", "gridAt(point: $v) { code }", {"longitude": "east", "latitude": 1, "crs": "WGS84"}, "longitude"),
        ("$v: PointInput!", "gridAt(point: $v) { code }", {"longitude": 1, "latitude": 1, "crs": "MARS"}, "crs"),
    ],
)  # fmt: skip
async def test_a_variable_of_a_wrong_type_is_named(api: Api, declared: str, used: str, value: Any, named: str) -> None:
    code, message = await refusal(api, f"query ({declared}) {{ {used} }}", v=value)
    assert code == "BAD_USER_INPUT"
    assert named in message
    assert "Traceback" not in message


@pytest.mark.parametrize(
    ("document", "named"),
    [
        ("{ grids(first: \"ten\") { totalCount } }", "Int"),
        ("{ cases(filter: {states: [NONSENSE]}) { totalCount } }", "NONSENSE"),
        ("{ cases(filter: {dueBefore: \"gestern\"}) { totalCount } }", "gestern"),
        ("{ cases(nonsense: 1) { totalCount } }", "nonsense"),
        ("{ node { id } }", "id"),
    ],
)  # fmt: skip
async def test_a_literal_of_a_wrong_type_is_named(api: Api, document: str, named: str) -> None:
    code, message = await refusal(api, document)
    assert code == "GRAPHQL_VALIDATION_FAILED"
    assert named in message


async def test_no_more_errors_are_told_than_help_and_names_are_not_suggested(api: Api) -> None:
    answer = await api.ask("{" + " ".join(f"viewers{number}" for number in range(30)) + "}")
    assert len(answer.json()["errors"]) <= 11
    assert "Did you mean" not in answer.text


async def test_a_mutation_tells_its_problem_in_its_result(api: Api) -> None:
    answer = await api.ask(ACCEPT, {"input": {"idempotencyKey": "", "caseId": "?"}})
    assert answer.status_code == 200
    problem = answer.json()["data"]["acceptCase"]
    assert (problem["__typename"], problem["code"]) == ("InvalidInput", "INVALID_INPUT")
    assert problem["faults"][0]["path"] == "idempotencyKey"


@pytest.mark.parametrize(
    ("language", "english"),
    [
        ("en", True),
        ("en-GB,en;q=0.9", True),
        ("zh-CN,zh;q=0.9,en;q=0.8", False),
        ("zh;q=0.4, en", True),
        ("fr", False),
        ("", False),
    ],
)
async def test_messages_are_english_if_that_is_asked_for_before_chinese(api: Api, language: str, english: bool) -> None:
    headers = api.headers(accept_language=language)
    body = {"query": ACCEPT, "variables": {"input": {"idempotencyKey": "1", "caseId": "?"}}}
    answer = await api.client.post("/graphql", json=body, headers=headers)
    assert answer.json()["data"]["acceptCase"]["faults"][0]["message"].isascii() is english
    page = await api.client.post("/graphql", json={"query": "{ grids(first: 0) { nodes { code } } }"}, headers=headers)
    assert page.json()["errors"][0]["message"].isascii() is english


async def test_what_fails_in_a_resolver_is_masked(
    api: Api, postgres: Cluster, street_template: str, tmp_path: Path
) -> None:
    async with copied(postgres, street_template) as dsn, opened(settings_of(dsn, tmp_path)) as broken:
        await execute(dsn, "ALTER TABLE command_outcome RENAME TO secret_table")
        register = """mutation { registerCase(input: {idempotencyKey: "1", kind: COMPLAINT, channel: HOTLINE, title: "a",
            description: "b", categoryCode: "A13", gridCode: "990101001001001"}) { __typename } }"""
        with logged() as events:
            answer = await broken.ask(register)
    assert_masked(answer.json(), "INTERNAL_ERROR", events)
    assert answer.json()["errors"][0]["path"] == ["registerCase"]


async def test_what_fails_in_a_read_is_masked(postgres: Cluster, street_template: str, tmp_path: Path) -> None:
    async with copied(postgres, street_template) as dsn, opened(settings_of(dsn, tmp_path)) as broken:
        await execute(dsn, "ALTER TABLE grid RENAME TO secret_table")
        with logged() as events:
            answer = await broken.ask("{ grids { nodes { code } } }")
    assert answer.status_code == 500
    assert_masked(answer.json(), "INTERNAL_ERROR", events)
    assert "data" not in answer.json()


async def test_a_read_that_takes_too_long_is_told_so_and_frees_its_connection(
    postgres: Cluster, street_template: str, tmp_path: Path
) -> None:
    limits = Limits(query_seconds=0.3)
    async with (
        copied(postgres, street_template) as dsn,
        opened(settings_of(dsn, tmp_path, limits=limits, read_connections=2)) as api,
    ):
        connection = await connect(dsn)
        with logged() as events:
            async with connection.transaction():
                await connection.execute("LOCK TABLE grid IN ACCESS EXCLUSIVE MODE")
                answers = await asyncio.gather(*(api.ask("{ grids { nodes { code } } }") for _ in range(5)))
                assert (await api.ask("{ cases { totalCount } }")).status_code == 200
        await connection.close()
        for answer in answers:
            assert answer.status_code == 503
            assert_masked(answer.json(), "TIMED_OUT", events)
        assert (await api.ask("{ grids { nodes { code } } }")).status_code == 200


BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"


async def test_a_browser_gets_the_explorer_under_its_policy(api: Api) -> None:
    for method in ("GET", "HEAD"):
        page = await api.client.request(method, "/graphql", headers={"accept": BROWSER})
        assert page.status_code == 200
        assert page.headers["content-type"].startswith("text/html")
        assert "default-src 'none'" in page.headers["content-security-policy"]
        assert page.headers["x-frame-options"] == "DENY"
    for headers in (
        {"accept": "*/*"},
        {"accept": "application/json"},
        {"accept": "application/json, text/html;q=0.5"},
        {},
    ):
        answer = await api.client.get("/graphql", headers=headers)
        assert answer.status_code == 401
    assert (await api.client.post("/graphql", headers={"accept": BROWSER})).status_code == 401


async def test_the_demonstrations_tokens_are_a_demonstrations_alone(
    api: Api, postgres: Cluster, street_template: str, tmp_path: Path
) -> None:
    assert (await api.client.get("/explorer/demo.json")).status_code == 404
    async with copied(postgres, street_template) as dsn, opened(settings_of(dsn, tmp_path, demo=True)) as demonstration:
        offered = (await demonstration.client.get("/explorer/demo.json")).json()
        headers = {"authorization": f"Bearer {offered['tokens'][0]['token']}"}
        answer = await demonstration.client.post("/graphql", json={"query": "{ viewer { name } }"}, headers=headers)
    assert len(offered["operations"]) == 10
    assert answer.json()["data"]["viewer"]["name"] in offered["tokens"][0]["label"]
