"""The npm clients graphql-sse and graphql-ws: events, refusals, pings, and a server that restarts in the middle."""

import asyncio
from collections.abc import Mapping
from pathlib import Path

import pytest

from shaodao.postgres.embedded import Cluster
from tests.clients.programs import Line, node, run
from tests.integration.api_steps import Api, Server, copied, serving, settings_of
from tests.integration.graphql_steps import CAR

EVENTS, SOCKETS = "events.mjs", "sockets.mjs"
REGISTER = "mutation ($input: RegisterCaseInput!) { registerCase(input: $input) { ... on CasePayload { cursor case { id } } } }"


@pytest.fixture(autouse=True)
def _programs() -> None:
    node()


async def registered(api: Api, key: str) -> tuple[str, str]:
    """Id and cursor of a new case."""
    answer = await api.ask(REGISTER, {"input": CAR | {"idempotencyKey": key, "title": f"第{key}件"}})
    payload = answer.json()["data"]["registerCase"]
    return payload["case"]["id"], payload["cursor"]


def listening(program: str, server: Server, cursor: str, count: int, **more: str) -> "asyncio.Task[list[Line]]":
    """The client, at work, until it has heard so many events."""
    scheme = "ws" if program == SOCKETS else "http"
    environment: Mapping[str, str] = {
        "URL": f"{scheme}://127.0.0.1:{server.port}/graphql", "TOKEN": server.api.token(), "CURSOR": cursor,
        "COUNT": str(count), **more,
    }  # fmt: skip
    return asyncio.create_task(run(program, environment))


@pytest.mark.parametrize(
    ("program", "broken"),
    [
        (EVENTS, {"broken": "NetworkError", "status": None}),
        (SOCKETS, {"broken": 1001, "reason": "The server stops"}),
    ],
)
async def test_events_go_on_through_a_restart(
    postgres: Cluster, street_template: str, tmp_path: Path, program: str, broken: Line
) -> None:
    async with copied(postgres, street_template) as dsn:
        settings = settings_of(dsn, tmp_path)
        async with serving(settings) as server:
            _, cursor = await registered(server.api, "before")
            heard = listening(program, server, cursor, 6)
            cases = [(await registered(server.api, f"first-{number}"))[0] for number in range(3)]
            await asyncio.sleep(2)
        async with serving(settings, port=server.port) as server:
            cases += [(await registered(server.api, f"second-{number}"))[0] for number in range(3)]
            lines = await heard
    assert [line["id"] for line in lines if "id" in line] == cases
    assert [line for line in lines if "broken" in line] == [broken]


async def test_the_pings_of_a_client_are_answered(postgres: Cluster, street_template: str, tmp_path: Path) -> None:
    async with copied(postgres, street_template) as dsn, serving(settings_of(dsn, tmp_path)) as server:
        _, cursor = await registered(server.api, "before")
        heard = listening(SOCKETS, server, cursor, 1)
        await asyncio.sleep(2)
        await registered(server.api, "after")
        [_, told] = await heard
    assert told["pongs"] >= 3


@pytest.mark.parametrize(
    ("program", "more", "told"),
    [
        (EVENTS, {"CURSOR": "garbage"}, {"code": "INVALID_CURSOR"}),
        (EVENTS, {"TOKEN": "garbage"}, {"broken": "NetworkError", "status": 401}),
        (SOCKETS, {"CURSOR": "garbage"}, {"code": "INVALID_CURSOR"}),
        (SOCKETS, {"TOKEN": "garbage"}, {"broken": 4403}),
    ],
)
async def test_a_refusal_is_told(
    postgres: Cluster, street_template: str, tmp_path: Path, program: str, more: dict[str, str], told: Line
) -> None:
    async with copied(postgres, street_template) as dsn, serving(settings_of(dsn, tmp_path)) as server:
        [line] = await listening(program, server, "", 1, **more)
    assert line | told == line
