"""A subscription that is broken in the middle goes on behind its last cursor: no event is lost, none comes twice."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import pytest
from websockets.exceptions import ConnectionClosed

from shaodao.postgres.embedded import Cluster
from tests.integration.api_steps import Api, Json, Server, copied, serving, settings_of
from tests.integration.graphql_steps import CAR

BOARD = """subscription ($after: String) {
    caseBoard(division: "990101001000", after: $after) { cursor change id case { number } event { text } } }"""
REGISTER = (
    "mutation ($input: RegisterCaseInput!) { registerCase(input: $input) { ... on CasePayload { case { id } } } }"
)
CHANGED = "subscription ($id: ID!) { caseChanged(id: $id) { cursor case { state } } }"
CASES = 24


@pytest.fixture
async def server(postgres: Cluster, street_template: str, tmp_path: Path) -> AsyncIterator[Server]:
    async with copied(postgres, street_template) as dsn, serving(settings_of(dsn, tmp_path)) as made:
        yield made


async def registered(api: Api, number: int) -> str:
    given = CAR | {"idempotencyKey": f"case-{number}", "title": f"第{number}件"}
    answer = await api.ask(REGISTER, {"input": given})
    return str(answer.json()["data"]["registerCase"]["case"]["id"])


async def write(api: Api) -> list[str]:
    """Register cases, some of them at the same time, so that commits do not come in the order of ids."""
    made: list[str] = []
    for first in range(0, CASES, 3):
        made += await asyncio.gather(*(registered(api, first + each) for each in range(3)))
        await asyncio.sleep(0.05)
    return made


async def heard(server: Server, after: str, breaks_after: int) -> tuple[list[Json], str]:
    """Events behind a cursor until the socket breaks, which it does after so many; and the last cursor."""
    events: list[Json] = []
    async with server.acknowledged() as opened_socket:
        await opened_socket.subscribe("board", BOARD, {"after": after})
        while len(events) < breaks_after:
            message = await opened_socket.receive(within=10)
            assert message["type"] == "next", message
            events.append(message["payload"]["data"]["caseBoard"])
        opened_socket.connection.transport.abort()
    return events, events[-1]["cursor"]


async def test_nothing_is_lost_and_nothing_comes_twice_when_sockets_break(server: Server) -> None:
    cursor = (await server.api.ask("{ feedCursor }")).json()["data"]["feedCursor"]
    writing = asyncio.create_task(write(server.api))
    events: list[Json] = []
    for breaks_after in (1, 4, 7, 2, CASES - 14):
        found, cursor = await heard(server, cursor, breaks_after)
        events += found
    assert sorted(event["id"] for event in events) == sorted(await writing)
    assert {event["change"] for event in events} == {"ENTERED"}
    assert all(event["case"]["number"] and event["event"]["text"] for event in events)
    again, _ = await heard(server, events[0]["cursor"], CASES - 1)
    assert [event["id"] for event in again] == [event["id"] for event in events[1:]]


async def test_an_operation_that_is_completed_is_heard_no_more(server: Server) -> None:
    async with server.acknowledged() as opened_socket:
        await opened_socket.subscribe("board", BOARD)
        await opened_socket.subscribe("ready", "{ serverTime }")
        assert [(await opened_socket.receive())["id"] for _ in range(2)] == ["ready", "ready"]
        case_id = await registered(server.api, 1)
        assert (await opened_socket.receive())["payload"]["data"]["caseBoard"]["id"] == case_id
        await opened_socket.send({"id": "board", "type": "complete"})
        await opened_socket.subscribe("one", CHANGED, {"id": case_id})
        await registered(server.api, 2)
        await accepted(server.api, case_id)
        message = await opened_socket.receive()
        assert (message["id"], message["payload"]["data"]["caseChanged"]["case"]["state"]) == ("one", "ACCEPTED")


async def accepted(api: Api, case_id: str) -> None:
    accept = "mutation ($input: AcceptCaseInput!) { acceptCase(input: $input) { __typename } }"
    answer = await api.ask(accept, {"input": {"caseId": case_id, "idempotencyKey": "accept"}})
    assert answer.json()["data"]["acceptCase"]["__typename"] == "CasePayload"


async def test_a_stopped_server_loses_no_event_for_who_comes_back(
    postgres: Cluster, street_template: str, tmp_path: Path
) -> None:
    async with copied(postgres, street_template) as dsn:
        settings = settings_of(dsn, tmp_path)
        async with serving(settings) as server, server.acknowledged() as opened_socket:
            cursor = (await server.api.ask("{ feedCursor }")).json()["data"]["feedCursor"]
            await opened_socket.subscribe("board", BOARD, {"after": cursor})
            first = await registered(server.api, 1)
            event = (await opened_socket.receive())["payload"]["data"]["caseBoard"]
            assert event["id"] == first
            second = await registered(server.api, 2)
            await server.stop()
            with suppress(ConnectionClosed):
                while True:
                    event = (await opened_socket.receive())["payload"]["data"]["caseBoard"]
        async with serving(settings) as server:
            cursor = event["cursor"]
            third = await registered(server.api, 3)
            expected = [third] if event["id"] == second else [second, third]
            found, _ = await heard(server, cursor, len(expected))
            assert [each["id"] for each in found] == expected
