"""Limits are those of the settings: what is just within is answered, what is beyond is told with the limit."""

import json
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from shaodao.limits import Limits
from shaodao.postgres.embedded import Cluster
from tests.integration.api_steps import Server, code_of, copied, serving, settings_of

pytestmark = pytest.mark.asyncio(loop_scope="module")

HELLO = "{ viewer { name } }"
SMALL = Limits(
    depth=2, aliases=2, body_bytes=1_000, query_string_bytes=200, json_depth=3, json_members=20, message_characters=40,
    socket_message_bytes=500, socket_operations=1,
)  # fmt: skip


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def server(
    postgres: Cluster, street_template: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Server]:
    folder = tmp_path_factory.mktemp("data")
    async with copied(postgres, street_template) as dsn, serving(settings_of(dsn, folder, limits=SMALL)) as made:
        yield made


@pytest.mark.parametrize(
    ("request_body", "status", "code"),
    [
        ({"query": HELLO, "variables": {"a": [1]}}, 200, None),
        ({"query": HELLO, "variables": {"a": [[1]]}}, 400, "MALFORMED_JSON"),
        ({"query": HELLO, "variables": {"a": [1] * 17}}, 200, None),
        ({"query": HELLO, "variables": {"a": [1] * 18}}, 413, "BODY_TOO_LARGE"),
        ({"query": HELLO + "#" * 900}, 200, None),
        ({"query": HELLO + "#" * 1_000}, 413, "BODY_TOO_LARGE"),
        ({"query": "{ grids { nodes { code } } }"}, 422, "DOCUMENT_TOO_LARGE"),
        ({"query": "{ viewer { a: name b: name } }"}, 200, None),
        ({"query": "{ viewer { a: name b: name c: name } }"}, 422, "DOCUMENT_TOO_LARGE"),
    ],
)
async def test_a_body_is_measured_by_the_settings(
    server: Server, request_body: dict[str, object], status: int, code: str | None
) -> None:
    answer = await server.api.post(json.dumps(request_body).encode())
    assert answer.status_code == status, answer.text
    assert code is None or code_of(answer) == code


async def test_a_query_string_is(server: Server) -> None:
    assert (await server.api.get(query=HELLO)).status_code == 200
    assert (await server.api.get(query=HELLO + "#" * 60)).status_code == 414


async def test_messages_are_cut(server: Server) -> None:
    answer = await server.api.ask("{ " + "x" * 100 + " }")
    assert len(answer.json()["errors"][0]["message"]) == 40


async def test_a_socket_is(server: Server) -> None:
    board = 'subscription { caseBoard(division: "990101001000") { cursor } }'
    async with server.acknowledged() as opened_socket:
        await opened_socket.subscribe("1", board)
        await opened_socket.subscribe("2", board)
        assert (await opened_socket.receive())["payload"][0]["extensions"]["code"] == "TOO_MANY_OPERATIONS"
        await opened_socket.subscribe("3", HELLO + "#" * 500)
        assert (await opened_socket.closed())[0] == 1009
