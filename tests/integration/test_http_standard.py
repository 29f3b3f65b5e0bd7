"""GraphQL over HTTP, edition September 2026: a row for each rule that a server can be seen to keep, by its section.

The rules are told in our words. What is no part of the standard, such as limits, stands in test_http_requests.
"""

import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest
import pytest_asyncio

from shaodao.postgres.embedded import Cluster
from tests.integration.api_steps import DISPATCHER, Api, code_of, copied, opened, settings_of

pytestmark = pytest.mark.asyncio(loop_scope="module")

GRAPHQL_JSON = "application/graphql-response+json"
JSON = "application/json"
NONE: dict[str, Any] = {}

HELLO: dict[str, Any] = {"query": "{ viewer { name } }"}
PAGE = "query ($first: Int) { grids(first: $first) { nodes { code } } }"
NAMED = PAGE.replace("query", "query Page")
BOTH = "query A { viewer { name } } query B { viewer { login } }"
PARTLY = '{ viewer { name } explainRouting(category: "nothing") { __typename } }'
BOARD = 'subscription { caseBoard(division: "990101001000") { cursor } }'
ACCEPT = 'mutation M { acceptCase(input: {caseId: "x", idempotencyKey: "1"}) { __typename } }'


@dataclass(frozen=True)
class Row:
    """A rule and a request that shows it. ``content`` is a body, sent as JSON unless it is bytes, or a query string.

    ``code`` is that of the first error, None for an answer without one.
    """

    rule: str
    content: Any
    status: int = 200
    code: str | None = None
    media_type: str = GRAPHQL_JSON
    headers: Mapping[str, str] = field(default_factory=dict)
    answer_headers: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.rule


def accepting(accept: str) -> dict[str, str]:
    """The headers of a POST that accepts so."""
    return {"accept": accept}


def bodied(content_type: str, **more: str) -> dict[str, str]:
    """The headers of a POST of such a body."""
    return {"content-type": content_type, **more}


MEDIA_TYPES = [
    Row("Body: a server supports graphql-response+json", HELLO),
    Row("Body: and says that it is UTF-8", HELLO, headers=accepting(f"{GRAPHQL_JSON}; charset=utf-8")),
    Row("Body: a legacy client gets a success as application/json", HELLO, 200, None, JSON, accepting(JSON)),
    Row("Body: and a partial success", {"query": PARTLY}, 294, "INVALID_INPUT", JSON, accepting(JSON)),
    Row("Body: and a failure as graphql-response+json", {"query": "{ x }"}, 422, "GRAPHQL_VALIDATION_FAILED",
        headers=accepting(JSON)),
    Row("Body: whatever failed", b"{", 400, "MALFORMED_JSON", headers=accepting(JSON)),
    Row("Body: the highest priority is respected: json", HELLO, media_type=JSON,
        headers=accepting(f"{GRAPHQL_JSON};q=0.5, {JSON}")),
    Row("Body: the highest priority is respected: graphql", HELLO, headers=accepting(f"{JSON};q=0.9, {GRAPHQL_JSON}")),
    Row("Body: what is refused is not given", HELLO, media_type=JSON, headers=accepting(f"{GRAPHQL_JSON};q=0, */*")),
    Row("Accept: the header that the standard recommends", HELLO, headers=accepting(f"{GRAPHQL_JSON}, {JSON};q=0.9")),
    Row("Body: a wildcard takes the preferred type", HELLO, headers=accepting("*/*")),
    Row("Body: a wildcard within application", HELLO, headers=accepting("text/plain, application/*;q=0.1")),
    Row("Accept: without Accept the server chooses", HELLO, headers=accepting("")),
    Row("Body: names and parameters know no case", HELLO, media_type=JSON, headers=accepting("APPLICATION/JSON; Q=0.3")),
    Row("Body: a browser's POST is no navigation", HELLO, headers=accepting("text/html, */*;q=0.8")),
    Row("Status Codes: nothing acceptable", HELLO, 406, "NOT_ACCEPTABLE", headers=accepting("text/html")),
    Row("Status Codes: nothing acceptable: a draft's type", HELLO, 406, "NOT_ACCEPTABLE", headers=accepting("application/graphql+json")),
    Row("Status Codes: nothing acceptable: json of weight 0", HELLO, 406, "NOT_ACCEPTABLE", headers=accepting(f"{JSON};q=0")),
    Row("Status Codes: nothing acceptable: another charset", HELLO, 406, "NOT_ACCEPTABLE", headers=accepting(f"{JSON};charset=gbk")),
    Row("Status Codes: nothing acceptable: a weight that is none", HELLO, 406, "NOT_ACCEPTABLE", headers=accepting(f"{JSON};q=nan")),
]  # fmt: skip

BODIES = [
    Row("POST: without an encoding it is UTF-8", {"query": '{ __type(name: "哨") { name } }'}),
    Row("POST: UTF-8 may be named", HELLO, headers=bodied('Application/JSON; charset="UTF-8"')),
    Row("POST: no Content-Type", HELLO, 415, "UNSUPPORTED_MEDIA_TYPE", headers=bodied("")),
    Row("Status Codes: another Content-Type", HELLO, 415, "UNSUPPORTED_MEDIA_TYPE", headers=bodied("text/plain"),
        answer_headers={"accept": f"{JSON}, multipart/form-data"}),
    Row("Status Codes: a type for answers is none for requests", HELLO, 415, "UNSUPPORTED_MEDIA_TYPE", headers=bodied(GRAPHQL_JSON)),
    Row("Status Codes: GraphQL as text", HELLO, 415, "UNSUPPORTED_MEDIA_TYPE", headers=bodied("application/graphql")),
    Row("Security: a form needs no preflight", HELLO, 403, "CROSS_SITE", headers=bodied("multipart/form-data; boundary=x")),
    Row("Security: nor does an encoded one", HELLO, 415, "UNSUPPORTED_MEDIA_TYPE", headers=bodied("application/x-www-form-urlencoded")),
    Row("Status Codes: another charset", HELLO, 415, "UNSUPPORTED_MEDIA_TYPE", headers=bodied(f"{JSON}; charset=utf-16")),
    Row("Status Codes: compressed", HELLO, 415, "UNSUPPORTED_MEDIA_TYPE", headers=bodied(JSON, **{"content-encoding": "gzip"}),
        answer_headers={"accept-encoding": "identity"}),
    Row("Status Codes: compressed otherwise", HELLO, 415, "UNSUPPORTED_MEDIA_TYPE", headers=bodied(JSON, **{"content-encoding": "br"})),
    Row("Status Codes: JSON that cannot be parsed", b"NONSENSE", 400, "MALFORMED_JSON"),
    Row("Status Codes: JSON that ends too early", b'{"query":', 400, "MALFORMED_JSON"),
    Row("Status Codes: no body", b"", 400, "MALFORMED_JSON"),
]  # fmt: skip

PARAMETERS = [
    Row("Request Parameters: query is required", NONE, 422, "BAD_REQUEST"),
    Row("Examples: a misspelt query", {"Query": "{ __typename }"}, 422, "BAD_REQUEST"),
    *(Row(f"Request Parameters: query is a string, not {value!r}", {"query": value}, 422, "BAD_REQUEST")
      for value in ({"a": 1}, 0, False, ["a"])),
    *(Row(f"Request Parameters: operationName is a string, not {value!r}", HELLO | {"operationName": value}, 422, "BAD_REQUEST")
      for value in ({"a": 1}, 0, False, ["a"])),
    *(Row(f"Request Parameters: {name} is a map, not {value!r}", HELLO | {name: value}, 422, "BAD_REQUEST")
      for name in ("variables", "extensions") for value in ("a", 0, False, [7])),
    Row("JSON Encoding: null is as good as nothing", HELLO | {"operationName": None, "variables": None, "extensions": None}),
    Row("JSON Encoding: maps may be empty", HELLO | {"variables": {}, "extensions": {}}),
    Row("Request Parameters: extensions are the implementers'", HELLO | {"extensions": {"some": {"value": [1]}}}),
    Row("JSON Encoding: additional properties are ignored", HELLO | {"id": 7, "operation": "x", "_": None}),
    Row("JSON Encoding: the request is one map: a batch is none", [HELLO, HELLO], 422, "BAD_REQUEST"),
    Row("JSON Encoding: nor is an empty batch", [], 422, "BAD_REQUEST"),
    Row("JSON Encoding: nor a string", "{ viewer { name } }", 422, "BAD_REQUEST"),
    Row("Request Parameters: any string is a query, though it may not parse", {"query": ""}, 400, "SYNTAX_ERROR"),
]  # fmt: skip

OPERATIONS = [
    Row("Status Codes: data without errors", HELLO),
    Row("Status Codes: a refused mutation has data, and no errors", {"query": ACCEPT}),
    Row("Status Codes: data with errors", {"query": PARTLY}, 294, "INVALID_INPUT"),
    Row("Status Codes: the document cannot be parsed", {"query": "{"}, 400, "SYNTAX_ERROR"),
    Row("Status Codes: it does not validate", {"query": "{ nonsense }"}, 422, "GRAPHQL_VALIDATION_FAILED"),
    Row("Status Codes: a fragment is no operation", {"query": "fragment F on Query { serverTime }"}, 422, "GRAPHQL_VALIDATION_FAILED"),
    Row("Status Codes: a variable has another type", {"query": PAGE, "variables": {"first": "many"}}, 422, "BAD_USER_INPUT"),
    Row("Status Codes: a variable that must be is null", {"query": "query ($id: ID!) { node(id: $id) { id } }", "variables": {"id": None}},
        422, "BAD_USER_INPUT"),
    Row("Validation: a server may have rules of its own", {"query": PAGE, "variables": {"first": 0}}, 422, "INVALID_PAGE"),
    Row("Status Codes: of several operations none is named", {"query": BOTH}, 422, "INVALID_OPERATION"),
    Row("Status Codes: nor by null", {"query": BOTH, "operationName": None}, 422, "INVALID_OPERATION"),
    Row("Status Codes: nor by the empty string", {"query": BOTH, "operationName": ""}, 422, "INVALID_OPERATION"),
    Row("Status Codes: a name that is none of them", {"query": BOTH, "operationName": "C"}, 422, "INVALID_OPERATION"),
    Row("Status Codes: a name for an operation without one", HELLO | {"operationName": "A"}, 422, "INVALID_OPERATION"),
    Row("Request Parameters: the named one is run", {"query": BOTH, "operationName": "A"}),
    Row("Status Codes: a subscription by POST", {"query": BOARD}, 422, "INVALID_OPERATION"),
    Row("Status Codes: not permitted", HELLO, 401, "UNAUTHENTICATED", headers={"authorization": ""},
        answer_headers={"www-authenticate": "Bearer"}),
]  # fmt: skip

QUERY_STRINGS = [
    Row("GET: a query by GET", HELLO),
    Row("GET: with a name and variables", {"query": f"{BOTH} {NAMED}", "operationName": "Page", "variables": '{"first": 1}'}),
    Row("GET: empty parameters are as good as none", HELLO | {"operationName": "", "variables": "", "extensions": ""}),
    Row("GET: null is a name", {"query": "query null { viewer { name } }", "operationName": "null"}),
    Row("GET: and no other operation's", HELLO | {"operationName": "null"}, 422, "INVALID_OPERATION"),
    Row("GET: extensions as JSON", HELLO | {"extensions": '{"some": 1}'}),
    Row("JSON Encoding: the null of JSON", HELLO | {"variables": "null"}),
    Row("Request Parameters: additional parameters are ignored", HELLO | {"utm_source": "mail"}),
    Row("Request Parameters: query is required", NONE, 422, "BAD_REQUEST"),
    Row("GET: variables are a map", HELLO | {"variables": "[7]"}, 422, "BAD_REQUEST"),
    Row("GET: encoded as JSON", HELLO | {"variables": "{"}, 400, "MALFORMED_JSON"),
    Row("Status Codes: the document cannot be parsed", {"query": "{"}, 400, "SYNTAX_ERROR"),
    Row("Status Codes: it does not validate", {"query": "{ nonsense }"}, 422, "GRAPHQL_VALIDATION_FAILED"),
    Row("Status Codes: a subscription", {"query": BOARD}, 422, "INVALID_OPERATION"),
    Row("GET: no mutation by GET", {"query": ACCEPT}, 405, "METHOD_NOT_ALLOWED", answer_headers={"allow": "POST"}),
    Row("GET: nor as one of several operations", {"query": f"query A {{ serverTime }} {ACCEPT}", "operationName": "M"}, 405,
        "METHOD_NOT_ALLOWED", answer_headers={"allow": "POST"}),
    Row("GET: the query beside it is none", {"query": f"query A {{ serverTime }} {ACCEPT}", "operationName": "A"}),
    Row("Status Codes: data with errors", {"query": PARTLY}, 294, "INVALID_INPUT"),
]  # fmt: skip

POSTS = [*MEDIA_TYPES, *BODIES, *PARAMETERS, *OPERATIONS]

OLDER = [
    Row("200 for what does not parse, in application/json", {"query": "{"}, 200, "SYNTAX_ERROR", JSON, accepting(JSON)),
    Row("200 for what does not validate", {"query": "{ nonsense }"}, 200, "GRAPHQL_VALIDATION_FAILED", JSON, accepting(JSON)),
    Row("200 for data with errors", {"query": PARTLY}, 200, "INVALID_INPUT", JSON, accepting(JSON)),
    Row("application/json for who names none", HELLO, 200, None, JSON, accepting("")),
    Row("and for who takes all", HELLO, 200, None, JSON, accepting("*/*")),
    Row("400 for what does not validate", {"query": "{ nonsense }"}, 400, "GRAPHQL_VALIDATION_FAILED"),
    Row("400 for a page of no size", {"query": PAGE, "variables": {"first": 0}}, 400, "INVALID_PAGE"),
    Row("400 for what is no request", NONE, 400, "BAD_REQUEST"),
    Row("400 for it in application/json too", NONE, 400, "BAD_REQUEST", JSON, accepting(JSON)),
    Row("401 in application/json", HELLO, 401, "UNAUTHENTICATED", JSON, accepting(JSON) | {"authorization": ""}),
]  # fmt: skip


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def api(postgres: Cluster, street_template: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Api]:
    folder: Path = tmp_path_factory.mktemp("data")
    async with copied(postgres, street_template) as dsn, opened(settings_of(dsn, folder)) as made:
        yield made


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def older(
    postgres: Cluster, street_template: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Api]:
    settings = settings_of("", tmp_path_factory.mktemp("data"), invalid_status=400)
    async with copied(postgres, street_template) as dsn, opened(replace(settings, database_url=dsn)) as made:
        yield made


async def posted(api: Api, row: Row) -> httpx.Response:
    content = row.content if isinstance(row.content, bytes) else json.dumps(row.content).encode()
    headers = api.headers() | {"content-type": JSON} | dict(row.headers)
    return await api.client.post("/graphql", content=content, headers=headers)


def assert_as_told(answer: httpx.Response, row: Row) -> None:
    """Status, headers, and a body with exactly the members that its status allows."""
    body = answer.json()
    assert (answer.status_code, code_of(answer) if "errors" in body else None) == (row.status, row.code), answer.text
    assert answer.headers["content-type"] == f"{row.media_type}; charset=utf-8"
    assert answer.headers["cache-control"] == "no-store"
    assert {name: answer.headers[name] for name in row.answer_headers} == row.answer_headers
    assert body.get("errors", "left out") != []
    assert bool(row.code) == bool(body.get("extensions", {}).get("requestId"))


@pytest.mark.parametrize("row", POSTS, ids=str)
async def test_a_post_is_answered_by_the_standard(api: Api, row: Row) -> None:
    answer = await posted(api, row)
    assert_as_told(answer, row)
    assert ("data" in answer.json()) is (row.status in (200, 294))


@pytest.mark.parametrize("row", QUERY_STRINGS, ids=str)
async def test_a_get_is_answered_by_the_standard(api: Api, row: Row) -> None:
    address = f"/graphql?{urlencode(row.content)}"
    answer = await api.client.get(address, headers=api.headers())
    assert_as_told(answer, row)
    assert ("data" in answer.json()) is (row.status in (200, 294))
    head = await api.client.head(address, headers=api.headers())
    assert (head.status_code, head.headers["content-type"]) == (row.status, answer.headers["content-type"])


@pytest.mark.parametrize("row", OLDER, ids=str)
async def test_older_clients_are_answered_as_they_know_it(older: Api, row: Row) -> None:
    assert_as_told(await posted(older, row), row)


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "QUERY"])
async def test_another_method_is_405_and_is_told_which_there_are(api: Api, method: str) -> None:
    answer = await api.client.request(method, "/graphql", headers=api.headers())
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD, POST")
    assert code_of(answer) == "METHOD_NOT_ALLOWED"


async def test_the_operation_that_is_named_is_run_and_no_other(api: Api) -> None:
    answer = await api.ask(BOTH, operationName="A")
    assert answer.json() == {"data": {"viewer": {"name": DISPATCHER}}}


async def test_a_failed_field_is_null_and_named_beside_the_rest(api: Api) -> None:
    answer = await api.ask(PARTLY)
    assert answer.json()["data"] == {"viewer": {"name": DISPATCHER}, "explainRouting": None}
    assert answer.json()["errors"][0]["path"] == ["explainRouting"]
