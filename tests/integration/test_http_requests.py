"""GraphQL over HTTP: media types, methods, statuses, and bodies of every kind of badness."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import quote

import pytest
import pytest_asyncio
from graphql import get_introspection_query

from shaodao.postgres.embedded import Cluster
from tests.integration.api_steps import DISPATCHER, Api, code_of, copied, opened, settings_of

pytestmark = pytest.mark.asyncio(loop_scope="module")

HELLO = '{"query": "{ viewer { name } }"}'
PAGE = "query ($first: Int) { grids(first: $first) { nodes { code } } }"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def api(postgres: Cluster, street_template: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Api]:
    folder: Path = tmp_path_factory.mktemp("data")
    async with copied(postgres, street_template) as dsn, opened(settings_of(dsn, folder)) as made:
        yield made


async def assert_alive(api: Api) -> None:
    """Whatever came before, the next request is answered."""
    answer = await api.ask("{ viewer { name } }")
    assert (answer.status_code, answer.json()) == (200, {"data": {"viewer": {"name": DISPATCHER}}})


@pytest.mark.parametrize(
    ("accept", "media_type"),
    [
        ("application/graphql-response+json", "application/graphql-response+json; charset=utf-8"),
        ("application/json", "application/json; charset=utf-8"),
        ("*/*", "application/graphql-response+json; charset=utf-8"),
        ("", "application/graphql-response+json; charset=utf-8"),
        ("application/json, application/graphql-response+json;q=0.5", "application/json; charset=utf-8"),
        ("text/event-stream, application/*;q=0.1", "application/graphql-response+json; charset=utf-8"),
        ("APPLICATION/JSON; Q=0.3, application/graphql-response+json;q=0", "application/json; charset=utf-8"),
    ],
)
async def test_the_answer_has_the_media_type_that_is_asked_for(api: Api, accept: str, media_type: str) -> None:
    answer = await api.post(HELLO.encode(), accept=accept)
    assert (answer.status_code, answer.headers["content-type"]) == (200, media_type)
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("accept", ["text/html", "image/png", "application/json;q=0", "application/xml;q=nan"])
async def test_what_cannot_be_accepted_is_406(api: Api, accept: str) -> None:
    answer = await api.post(HELLO.encode(), accept=accept)
    assert (answer.status_code, code_of(answer)) == (406, "NOT_ACCEPTABLE")


@pytest.mark.parametrize(
    ("document", "variables", "status", "code"),
    [
        ("{ viewer {", {}, 400, "SYNTAX_ERROR"),
        ("{ nonsense }", {}, 422, "GRAPHQL_VALIDATION_FAILED"),
        (PAGE, {"first": "many"}, 422, "BAD_USER_INPUT"),
        (PAGE, {"first": 0}, 422, "INVALID_PAGE"),
        ('subscription { caseBoard(division: "990101001000") { cursor } }', {}, 422, "INVALID_OPERATION"),
    ],
)
async def test_a_request_that_cannot_be_executed_has_its_status_and_no_data(
    api: Api, document: str, variables: dict[str, object], status: int, code: str
) -> None:
    answer = await api.ask(document, variables)
    assert (answer.status_code, code_of(answer)) == (status, code)
    assert "data" not in answer.json()
    assert answer.json()["extensions"]["requestId"]
    body = json.dumps({"query": document, "variables": variables})
    assert (await api.post(body.encode(), accept="application/json")).status_code == 200


async def test_an_answer_with_data_and_errors_is_294(api: Api) -> None:
    document = '{ viewer { name } explainRouting(category: "nothing") { __typename } }'
    answer = await api.ask(document)
    assert answer.status_code == 294
    assert answer.json()["data"] == {"viewer": {"name": DISPATCHER}, "explainRouting": None}
    assert answer.json()["errors"][0]["path"] == ["explainRouting"]
    assert (await api.post(json.dumps({"query": document}).encode(), accept="application/json")).status_code == 200


async def test_old_clients_get_400_for_what_does_not_validate(
    postgres: Cluster, street_template: str, tmp_path: Path
) -> None:
    async with copied(postgres, street_template) as dsn, opened(settings_of(dsn, tmp_path, invalid_status=400)) as api:
        assert (await api.ask("{ nonsense }")).status_code == 400
        assert (await api.ask(PAGE, {"first": 0})).status_code == 400


async def test_queries_come_by_get_and_mutations_do_not(api: Api) -> None:
    named = await api.get(
        query="query A { viewer { name } } query B($n: Int) { grids(first: $n) { nodes { code } } }",
        operationName="B", variables='{"n": 1}',
    )  # fmt: skip
    assert len(named.json()["data"]["grids"]["nodes"]) == 1
    mutation = 'mutation { acceptCase(input: {caseId: "x", idempotencyKey: "1"}) { __typename } }'
    refused = await api.get(query=mutation)
    assert (refused.status_code, refused.headers["allow"], code_of(refused)) == (405, "POST", "METHOD_NOT_ALLOWED")
    both = await api.get(
        query=f"query A {{ viewer {{ name }} }} {mutation.replace('mutation', 'mutation B', 1)}", operationName="B"
    )
    assert both.status_code == 405
    assert (await api.get(query='subscription { caseBoard(division: "990101001000") { cursor } }')).status_code == 422
    assert (await api.get(query="{ nonsense }")).status_code == 422


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "OPTIONS", "HEAD"])
async def test_other_methods_are_405(api: Api, method: str) -> None:
    answer = await api.client.request(method, "/graphql", headers=api.headers())
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, POST")


@pytest.mark.parametrize(
    "headers",
    [
        {"content_type": ""},
        {"content_type": "text/plain"},
        {"content_type": "application/graphql"},
        {"content_type": "multipart/form-data; boundary=x"},
        {"content_type": "application/json; charset=utf-16"},
        {"content_encoding": "gzip"},
        {"content_encoding": "br"},
    ],
)
async def test_another_kind_of_body_is_415(api: Api, headers: dict[str, str]) -> None:
    answer = await api.post(HELLO.encode(), **headers)
    assert (answer.status_code, code_of(answer)) == (415, "UNSUPPORTED_MEDIA_TYPE")


async def test_the_charset_may_be_named(api: Api) -> None:
    assert (await api.post(HELLO.encode(), content_type='Application/JSON; charset="UTF-8"')).status_code == 200


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "MALFORMED_JSON"),
        (b"{", "MALFORMED_JSON"),
        (b"1", "BAD_REQUEST"),
        (b"null", "BAD_REQUEST"),
        (b'"x"', "BAD_REQUEST"),
        (b"NaN", "MALFORMED_JSON"),
        (b"[]", "BAD_REQUEST"),
        (b"{}", "BAD_REQUEST"),
        (b'{"query": 1}', "BAD_REQUEST"),
        (b'{"query": ""}', "BAD_REQUEST"),
        (b'{"query": null}', "BAD_REQUEST"),
        (b'{"query": "{a}", "operationName": 1}', "BAD_REQUEST"),
        (b'{"query": "{a}", "variables": [1]}', "BAD_REQUEST"),
        (b'{"query": "{a}", "variables": "{}"}', "BAD_REQUEST"),
        (b'{"query": "{a}", "extensions": 1}', "BAD_REQUEST"),
        (b'{"query": "{a}", "variables": {"a": NaN}}', "MALFORMED_JSON"),
        (b'{"query": "{a}", "variables": {"a": Infinity}}', "MALFORMED_JSON"),
        (b'{"query": "{a}", "variables": {"a": 1e999}}', "MALFORMED_JSON"),
        (b'{"query": "{a}", "variables": {"a": ' + b"9" * 5000 + b"}}", "MALFORMED_JSON"),
        (b'{"query": "{a}", "variables": {"a": "\\ud800"}}', "MALFORMED_JSON"),
        (b'{"query": "\xff"}', "MALFORMED_JSON"),
        (HELLO.encode("utf-16"), "MALFORMED_JSON"),
        (b"\xef\xbb\xbf" + HELLO.encode(), "MALFORMED_JSON"),
        (b"[" * 100_000 + b"]" * 100_000, "MALFORMED_JSON"),
        (b"[" * 70 + b"]" * 70, "MALFORMED_JSON"),
        (b'{"a":' * 100_000, "MALFORMED_JSON"),
        (b'{"query": "{a}", "variables": {"a": [{"b": "\\u0000"}]}}', "INVALID_TEXT"),
        (b'{"query": "{a}", "variables": {"a": {"\\u0000": 1}}}', "INVALID_TEXT"),
    ],
    ids=lambda value: value if isinstance(value, str) else repr(value[:40]),
)
async def test_a_body_that_is_no_request_is_400(api: Api, body: bytes, code: str) -> None:
    answer = await api.post(body)
    assert (answer.status_code, code_of(answer)) == (400, code), answer.text
    await assert_alive(api)


async def test_a_nul_is_refused_with_the_name_of_its_variable(api: Api) -> None:
    answer = await api.ask("{ viewer { name } }", {"a": [{"b": "x\0"}]})
    assert answer.json()["errors"][0]["message"] == "variables.a.0.b holds a NUL character."


async def test_of_a_key_that_comes_twice_the_last_counts(api: Api) -> None:
    answer = await api.post(b'{"query": "{ nonsense }", "query": "{ viewer { name } }"}')
    assert answer.status_code == 200


async def test_a_body_over_the_limit_is_413_with_and_without_its_length(api: Api) -> None:
    body = json.dumps({"query": "#" * 3_000_000}).encode()

    async def pieces() -> AsyncIterator[bytes]:
        for start in range(0, len(body), 65_536):
            yield body[start : start + 65_536]

    headers = api.headers(content_type="application/json")
    for content in (body, pieces()):
        answer = await api.client.post("/graphql", content=content, headers=headers)
        assert (answer.status_code, code_of(answer)) == (413, "BODY_TOO_LARGE")
    many = await api.ask("{ viewer { name } }", {"a": [1] * 60_000})
    assert (many.status_code, code_of(many)) == (413, "BODY_TOO_LARGE")


@pytest.mark.parametrize(("length", "status"), [("9" * 5000, 413), ("x", 400), ("-1", 400)])
async def test_a_length_that_is_no_size_is_refused(api: Api, length: str, status: int) -> None:
    assert (await api.post(HELLO.encode(), content_length=length)).status_code == status


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("", 400),
        ("query=", 400),
        ("query=%ff", 400),
        ("query=%ed%a0%80", 400),
        ("query={a}&query={b}", 400),
        ("query={a}&variables={", 400),
        ("query={a}&variables=1", 400),
        ("&".join(f"a{n}=1" for n in range(50)), 400),
        ("query=" + quote("{ viewer { name } }") + "&variables=null", 200),
        ("query=" + "%23" * 20_000, 414),
    ],
    ids=lambda value: str(value)[:30],
)
async def test_query_strings_of_every_kind(api: Api, query: str, status: int) -> None:
    answer = await api.client.get(f"/graphql?{query}", headers=api.headers())
    assert answer.status_code == status, answer.text


async def test_several_operations_need_a_name(api: Api) -> None:
    document = "query A { viewer { name } } query B { serverTime }"
    for more in ({}, {"operationName": None}, {"operationName": "C"}):
        answer = await api.ask(document, **more)
        assert (answer.status_code, code_of(answer)) == (422, "INVALID_OPERATION"), more
    assert (await api.ask(document, operationName="A")).json()["data"] == {"viewer": {"name": DISPATCHER}}
    assert (await api.ask("fragment F on Query { serverTime }")).status_code == 422


FRAGMENTS = "".join(f"fragment F{n} on Query {{ ...F{n + 1} ...F{n + 1} }} " for n in range(58))
ROWS = " ".join
HOSTILE = {
    "doubling": f"{{ ...F0 }} {FRAGMENTS} fragment F58 on Query {{ serverTime }}",
    "doubling 60 times": f"{{ ...F0 }} {FRAGMENTS.replace('F', 'G')} {FRAGMENTS}",
    "10,000 aliases": "{" + ROWS(f"a{n}:serverTime" for n in range(10_000)) + "}",
    "700 aliases": "{ grids { nodes {" + ROWS(f"a{n}:code" for n in range(700)) + "} } }",
    "depth 10,000": "{a" * 10_000 + "}" * 10_000,
    "depth 1,500": "{a" * 1_500 + "}" * 1_500,
    "depth 50": "{a" * 50 + "}" * 50,
    "depth of a list": "{ cases(first: " + "[" * 1_900 + "]" * 1_900 + ") { totalCount } }",
    "conflicting fields": "{ grids { nodes {" + ROWS(f"x:{'code' if n % 2 else 'name'}" for n in range(1_000)) + "} } }",
    "conflicting arguments": "{ grids { nodes {" + ROWS(f"code(a:{n})" for n in range(600)) + "} } }",
    "conflicting below": "{ cases { nodes {" + ROWS(f"grid{{x:{'code' if n % 2 else 'name'}}}" for n in range(90)) + "} } }",
    "conflicting objects": "{ cases { nodes {" + ROWS("grid{code}" for n in range(900)) + "} } }",
    "circular": "{ ...A } fragment A on Query { ...B } fragment B on Query { ...A }",
    "circular alone": "{ ...A } fragment A on Query { ...A }",
    "integer": "{ grids(first: " + "9" * 5_000 + ") { totalCount } }",
    "number": "{ grids(first: 1e" + "9" * 5_000 + ") { totalCount } }",
    "variables": "query (" + ROWS(f"$a{n}: Int" for n in range(900)) + ") { serverTime }",
    "directives": "{ serverTime " + "@include(if: true)" * 200 + " }",
    "NUL": '{ case(number: "\\u0000") { id } }',
    "surrogate": '{ case(number: "\\ud800") { id } }',
    "introspection": "{ __schema { types { fields { type { fields { type { fields { name } } } } } } } }",
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
async def test_a_hostile_document_is_refused_soon(api: Api, name: str) -> None:
    begun = time.perf_counter()
    answer = await api.ask(HOSTILE[name])
    assert time.perf_counter() - begun < 3  # far above what it takes, far below what it took without limits
    assert answer.status_code in (400, 422)
    assert code_of(answer) in ("DOCUMENT_TOO_LARGE", "GRAPHQL_VALIDATION_FAILED", "SYNTAX_ERROR", "INVALID_TEXT")
    assert len(answer.content) < 20_000
    await assert_alive(api)


async def test_others_are_answered_between_hostile_documents(api: Api) -> None:
    hostile = [api.ask(document) for document in HOSTILE.values()]
    answers = await asyncio.gather(*hostile, assert_alive(api), return_exceptions=True)
    assert not [answer for answer in answers if isinstance(answer, BaseException)]


async def test_introspection_as_tools_ask_for_it_is_answered(api: Api) -> None:
    answer = await api.ask(get_introspection_query())
    assert answer.status_code == 200
    assert answer.json()["data"]["__schema"]["queryType"] == {"name": "Query", "kind": "OBJECT"}
