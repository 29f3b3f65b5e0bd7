"""The sub-protocol graphql-transport-ws, spoken to the server over real sockets."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from api.websocket import PROTOCOL, SocketLimits
from shaodao.postgres.embedded import Cluster
from tests.integration.api_steps import (
    DISPATCHER,
    Server,
    Socket,
    assert_masked,
    copied,
    execute,
    logged,
    serving,
    settings_of,
)

pytestmark = pytest.mark.asyncio(loop_scope="module")

LIMITS = SocketLimits(initialise_within=1.0, operations=5, check_again=0.3)
VIEWER = "{ viewer { name } }"
BOARD = 'subscription { caseBoard(division: "990101001000") { cursor change id } }'


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def server(
    postgres: Cluster, street_template: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Server]:
    folder = tmp_path_factory.mktemp("data")
    async with copied(postgres, street_template) as dsn, serving(settings_of(dsn, folder), LIMITS) as made:
        yield made


async def assert_open(opened_socket: Socket) -> None:
    """Whatever came before, the socket still answers."""
    await opened_socket.send({"type": "ping"})
    assert await opened_socket.receive() == {"type": "pong"}


@pytest.mark.parametrize("subprotocol", [None, "graphql-ws", "chat"])
async def test_another_subprotocol_closes_with_4406(server: Server, subprotocol: str | None) -> None:
    async with server.connected(subprotocol if subprotocol != "chat" else None) as opened_socket:
        assert (await opened_socket.closed())[0] == 4406


async def test_the_subprotocol_is_told(server: Server) -> None:
    async with server.connected() as opened_socket:
        assert opened_socket.connection.subprotocol == PROTOCOL


async def test_who_does_not_initialise_is_closed_with_4408(server: Server) -> None:
    async with server.connected() as opened_socket:
        await assert_open(opened_socket)
        assert await opened_socket.closed() == (4408, "Connection initialisation timeout")


async def test_who_initialises_twice_is_closed_with_4429(server: Server) -> None:
    async with server.acknowledged() as opened_socket:
        await opened_socket.send({"type": "connection_init"})
        assert await opened_socket.closed() == (4429, "Too many initialisation requests")


async def test_who_subscribes_before_the_acknowledgement_is_closed_with_4401(server: Server) -> None:
    async with server.connected() as opened_socket:
        await opened_socket.subscribe("1", VIEWER)
        assert await opened_socket.closed() == (4401, "Unauthorized")


async def test_an_id_in_use_closes_with_4409_and_a_free_one_may_come_again(server: Server) -> None:
    async with server.acknowledged() as opened_socket:
        for _ in range(2):
            await opened_socket.subscribe("1", VIEWER)
            assert (await opened_socket.receive())["type"] == "next"
            assert await opened_socket.receive() == {"id": "1", "type": "complete"}
        for _ in range(2):
            await opened_socket.subscribe("例" * 100, BOARD)
        code, reason = await opened_socket.closed()
        assert (code, "already exists" in str(reason) or "例" in str(reason)) == (4409, True)


@pytest.mark.parametrize(
    "message",
    [
        "", "{", "1", "null", '"x"', "[]", "{}", "NaN", '{"type": 1}', '{"type": "nonsense"}', '{"type": "start"}',
        '{"type": "connection_ack"}', "[" * 10_000, b"\x00\x01", b'{"type": "ping"}', '{"type": "\\ud800"}',
        {"type": "connection_init", "payload": 1}, {"type": "complete"}, {"type": "complete", "id": 7},
    ],
    ids=lambda message: repr(message)[:40],
)  # fmt: skip
async def test_a_malformed_message_closes_with_4400(server: Server, message: Any) -> None:
    async with server.connected() as opened_socket:
        await opened_socket.send(message)
        assert (await opened_socket.closed())[0] == 4400


@pytest.mark.parametrize(
    "message",
    [
        {"type": "subscribe"},
        {"type": "subscribe", "id": 1, "payload": {"query": VIEWER}},
        {"type": "subscribe", "id": "", "payload": {"query": VIEWER}},
        {"type": "subscribe", "id": "1", "payload": None},
        {"type": "subscribe", "id": "1", "payload": {"query": 1}},
        {"type": "subscribe", "id": "1", "payload": {"query": VIEWER, "variables": []}},
        {"type": "subscribe", "id": "1", "payload": {"query": VIEWER, "operationName": 1}},
    ],
)
async def test_a_malformed_subscription_closes_with_4400(server: Server, message: Any) -> None:
    async with server.acknowledged() as opened_socket:
        await opened_socket.send(message)
        assert (await opened_socket.closed())[0] == 4400


async def test_a_message_over_the_limit_closes_with_1009(server: Server) -> None:
    async with server.connected() as opened_socket:
        await opened_socket.send("#" * 1_100_000)
        assert (await opened_socket.closed())[0] == 1009


@pytest.mark.parametrize(
    "payload", [None, {}, {"Authorization": 1}, {"authorization": "Bearer x"}, {"Authorization": "Basic x"}]
)
async def test_who_is_not_known_is_closed_with_4403(server: Server, payload: Any) -> None:
    async with server.connected() as opened_socket:
        await opened_socket.send({"type": "connection_init", "payload": payload})
        code, reason = await opened_socket.closed()
        assert (code, str(reason).startswith("Forbidden: ")) == (4403, True)


async def test_a_token_that_ends_while_it_is_used_closes_with_4403(server: Server) -> None:
    token = server.api.token(lifetime=timedelta(seconds=2))
    async with server.acknowledged(token) as opened_socket:
        await opened_socket.subscribe("1", BOARD)
        assert await opened_socket.closed() == (4403, "Forbidden: the token has expired")


async def test_an_account_that_is_disabled_meanwhile_closes_with_4403(server: Server) -> None:
    assert server.api.settings.database_url is not None
    async with server.acknowledged(server.api.token("张示远")) as opened_socket:
        await assert_open(opened_socket)
        await execute(server.api.settings.database_url, "UPDATE accounts SET enabled = false WHERE name = '张示远'")
        assert await opened_socket.closed() == (4403, "Forbidden: the account is disabled")


async def test_ping_and_pong_are_taken_at_any_time(server: Server) -> None:
    async with server.connected() as opened_socket:
        await opened_socket.send({"type": "ping", "payload": {"a": 1}})
        assert (await opened_socket.receive())["type"] == "pong"
        await opened_socket.send({"type": "pong"})
        await opened_socket.initialise(server.api.token())
        await assert_open(opened_socket)


async def test_queries_and_mutations_are_answered(server: Server) -> None:
    accept = """mutation { acceptCase(input: {idempotencyKey: "1", caseId: "?"}) {
        ... on InvalidInput { faults { path message } } } }"""
    async with server.acknowledged(accept_language="en") as opened_socket:
        await opened_socket.subscribe("q", VIEWER)
        assert await opened_socket.receive() == {
            "id": "q", "type": "next", "payload": {"data": {"viewer": {"name": DISPATCHER}}},
        }  # fmt: skip
        assert await opened_socket.receive() == {"id": "q", "type": "complete"}
        await opened_socket.subscribe("m", accept)
        fault = (await opened_socket.receive())["payload"]["data"]["acceptCase"]["faults"][0]
        assert (fault["path"], fault["message"].isascii()) == ("caseId", True)


async def test_a_result_with_errors_has_its_data_and_its_request_id(server: Server) -> None:
    async with server.acknowledged() as opened_socket:
        await opened_socket.subscribe("1", '{ viewer { name } explainRouting(category: "nothing") { __typename } }')
        answer = await opened_socket.receive()
        assert answer["type"] == "next"
        assert answer["payload"]["data"] == {"viewer": {"name": DISPATCHER}, "explainRouting": None}
        assert answer["payload"]["errors"][0]["extensions"]["code"] == "INVALID_INPUT"
        assert answer["payload"]["extensions"]["requestId"]


async def test_the_language_may_be_told_at_the_beginning(server: Server) -> None:
    async with server.connected(accept_language="zh") as opened_socket:
        payload = {"Authorization": f"Bearer {server.api.token()}", "Accept-Language": "en"}
        await opened_socket.send({"type": "connection_init", "payload": payload})
        await opened_socket.receive()
        await opened_socket.subscribe("1", "{ grids(first: 0) { nodes { id } } }")
        assert (await opened_socket.receive())["payload"][0]["message"].isascii()


@pytest.mark.parametrize(
    ("document", "variables", "code"),
    [
        ("{ nonsense }", {}, "GRAPHQL_VALIDATION_FAILED"),
        ("{ viewer", {}, "SYNTAX_ERROR"),
        ("query A { serverTime } query B { serverTime }", {}, "INVALID_OPERATION"),
        ("{ a" * 100 + "}" * 100, {}, "DOCUMENT_TOO_LARGE"),
        ("query ($v: Int!) { grids(first: $v) { nodes { id } } }", {"v": "ten"}, "BAD_USER_INPUT"),
        ("query ($v: Int!) { grids(first: $v) { nodes { id } } }", {"v": 0}, "INVALID_PAGE"),
        ("query ($v: ID!) { node(id: $v) { id } }", {"v": "\0"}, "INVALID_TEXT"),
        ('subscription { caseBoard(division: "x") { cursor } }', {}, "INVALID_INPUT"),
        ('subscription { caseBoard(division: "110101001000") { cursor } }', {}, "NOT_PERMITTED"),
        ('subscription { assignmentInbox(organization: "CG") { cursor } }', {}, "NOT_PERMITTED"),
        ('subscription { caseChanged(id: "x") { cursor } }', {}, "INVALID_ID"),
        ('subscription { caseChanged(id: "Case:990101:00000000-0000-0000-0000-000000000000") { cursor } }', {}, "NOT_FOUND"),
        ('subscription { caseBoard(division: "990101001000", after: "x") { cursor } }', {}, "INVALID_CURSOR"),
    ],
)  # fmt: skip
async def test_what_is_refused_leaves_the_socket_open(
    server: Server, document: str, variables: dict[str, Any], code: str
) -> None:
    async with server.acknowledged() as opened_socket:
        await opened_socket.subscribe("1", document, variables)
        answer = await opened_socket.receive()
        assert (answer["id"], answer["type"]) == ("1", "error")
        assert answer["payload"][0]["extensions"]["code"] == code
        await assert_open(opened_socket)


async def test_a_socket_runs_so_many_operations_and_no_more(server: Server) -> None:
    async with server.acknowledged() as opened_socket:
        for number in range(LIMITS.operations + 1):
            await opened_socket.subscribe(str(number), BOARD)
        refused = await opened_socket.receive()
        assert (refused["id"], refused["payload"][0]["extensions"]["code"]) == ("5", "TOO_MANY_OPERATIONS")
        await opened_socket.send({"id": "0", "type": "complete"})
        await opened_socket.send({"id": "never begun", "type": "complete"})
        await opened_socket.subscribe("again", VIEWER)
        assert (await opened_socket.receive())["id"] == "again"


async def test_what_fails_is_masked_and_leaves_the_socket_open(
    postgres: Cluster, street_template: str, tmp_path: Path
) -> None:
    async with (
        copied(postgres, street_template) as dsn,
        serving(settings_of(dsn, tmp_path)) as broken,
        broken.acknowledged() as opened_socket,
    ):
        await execute(dsn, "ALTER TABLE grid RENAME TO secret_table")
        with logged() as events:
            await opened_socket.subscribe("1", "{ grids { nodes { code } } }")
            answer = await opened_socket.receive()
        request = {"requestId": answer["payload"][0]["extensions"]["requestId"]}
        assert_masked({"errors": answer["payload"], "extensions": request}, "INTERNAL_ERROR", events)
        await assert_open(opened_socket)


async def test_a_server_that_stops_says_so(postgres: Cluster, street_template: str, tmp_path: Path) -> None:
    async with (
        copied(postgres, street_template) as dsn,
        serving(settings_of(dsn, tmp_path)) as stopping,
        stopping.acknowledged() as opened_socket,
    ):
        await opened_socket.subscribe("1", BOARD)
        async with asyncio.timeout(5):
            await stopping.stop()
        assert await opened_socket.closed() == (1001, "The server stops")


async def test_a_client_that_leaves_ends_what_it_began(server: Server) -> None:
    before = len(asyncio.all_tasks())
    async with server.acknowledged() as opened_socket:
        for number in range(3):
            await opened_socket.subscribe(str(number), BOARD)
        await assert_open(opened_socket)
        opened_socket.connection.transport.abort()
    async with asyncio.timeout(5):
        while len(asyncio.all_tasks()) > before:
            await asyncio.sleep(0.02)


async def test_messages_come_as_they_are_though_many_are_sent_at_once(server: Server) -> None:
    async with server.acknowledged() as opened_socket:
        pings = [json.dumps({"type": "ping"})] * 200
        await asyncio.gather(*(opened_socket.send(ping) for ping in pings))
        for _ in pings:
            assert await opened_socket.receive() == {"type": "pong"}
