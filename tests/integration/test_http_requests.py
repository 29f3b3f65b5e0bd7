"""GraphQL over HTTP: bodies, query strings and documents of every kind of badness."""

import asyncio
import gzip
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
    "body",
    [
        b"{",
        b"NaN",
        b'{"query": "{a}", "variables": {"a": NaN}}',
        b'{"query": "{a}", "variables": {"a": Infinity}}',
        b'{"query": "{a}", "variables": {"a": 1e999}}',
        b'{"query": "{a}", "variables": {"a": ' + b"9" * 5000 + b"}}",
        b'{"query": "{a}", "variables": {"a": "\\ud800"}}',
        b'{"query": "\xff"}',
        HELLO.encode("utf-16"),
        b"\xef\xbb\xbf" + HELLO.encode(),
        b"[" * 100_000 + b"]" * 100_000,
        b"[" * 70 + b"]" * 70,
        b'{"a":' * 100_000,
    ],
    ids=lambda body: repr(body[:40]),
)
async def test_a_body_that_is_no_json_is_400(api: Api, body: bytes) -> None:
    answer = await api.post(body)
    assert (answer.status_code, code_of(answer)) == (400, "MALFORMED_JSON"), answer.text
    await assert_alive(api)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"1", "BAD_REQUEST"),
        (b"null", "BAD_REQUEST"),
        (b'"x"', "BAD_REQUEST"),
        (b"[]", "BAD_REQUEST"),
        (b'{"query": null}', "BAD_REQUEST"),
        (b'{"query": "{a}", "variables": "{}"}', "BAD_REQUEST"),
        (b'{"query": "{a}", "variables": {"a": [{"b": "\\u0000"}]}}', "INVALID_TEXT"),
        (b'{"query": "{a}", "variables": {"a": {"\\u0000": 1}}}', "INVALID_TEXT"),
    ],
)
async def test_json_that_is_no_request_is_422(api: Api, body: bytes, code: str) -> None:
    answer = await api.post(body)
    assert (answer.status_code, code_of(answer)) == (422, code), answer.text
    await assert_alive(api)


async def test_a_batch_is_refused_whatever_is_in_it(api: Api) -> None:
    answer = await api.post(f"[{HELLO}, {HELLO}]".encode())
    assert (answer.status_code, code_of(answer)) == (422, "BAD_REQUEST")


@pytest.mark.parametrize(
    "document",
    ["{ ... @defer { serverTime } }", "{ cases { nodes @stream(initialCount: 0) { number } } }"],
)
async def test_results_in_parts_are_not_offered(api: Api, document: str) -> None:
    answer = await api.ask(document)
    assert (answer.status_code, code_of(answer)) == (422, "GRAPHQL_VALIDATION_FAILED")


@pytest.mark.parametrize("encoding", ["gzip", "br", "zstd", "nonsense"])
async def test_a_compressed_body_is_415(api: Api, encoding: str) -> None:
    answer = await api.post(gzip.compress(HELLO.encode()), content_encoding=encoding)
    assert (answer.status_code, code_of(answer)) == (415, "UNSUPPORTED_MEDIA_TYPE")
    assert answer.headers["accept-encoding"] == "identity"


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
        ("", 422),
        ("query=%ff", 400),
        ("query=%ed%a0%80", 400),
        ("query={a}&query={b}", 422),
        ("&".join(f"a{n}=1" for n in range(50)), 400),
        ("query=" + quote("{ viewer { name } }") + "&variables=null", 200),
        ("query=" + "%23" * 20_000, 414),
    ],
    ids=lambda value: str(value)[:30],
)
async def test_query_strings_of_every_kind(api: Api, query: str, status: int) -> None:
    answer = await api.client.get(f"/graphql?{query}", headers=api.headers())
    assert answer.status_code == status, answer.text


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
