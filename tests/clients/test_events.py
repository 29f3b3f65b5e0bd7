"""The npm client graphql-sse: events, refusals, and a server that restarts in the middle."""

import asyncio
from collections.abc import Mapping
from pathlib import Path

import pytest

from shaodao.postgres.embedded import Cluster
from tests.clients.programs import Line, node, run
from tests.integration.api_steps import Api, Server, copied, serving, settings_of
from tests.integration.graphql_steps import CAR

REGISTER = "mutation ($input: RegisterCaseInput!) { registerCase(input: $input) { ... on CasePayload { cursor case { id } } } }"


@pytest.fixture(autouse=True)
def _programs() -> None:
    node()


async def registered(api: Api, key: str) -> tuple[str, str]:
    """Id and cursor of a new case."""
    answer = await api.ask(REGISTER, {"input": CAR | {"idempotencyKey": key, "title": f"第{key}件"}})
    payload = answer.json()["data"]["registerCase"]
    return payload["case"]["id"], payload["cursor"]


def listening(server: Server, cursor: str, count: int, **more: str) -> "asyncio.Task[list[Line]]":
    """The client, at work, until it has heard so many events."""
    environment: Mapping[str, str] = {
        "URL": f"http://127.0.0.1:{server.port}/graphql", "TOKEN": server.api.token(), "CURSOR": cursor,
        "COUNT": str(count), **more,
    }  # fmt: skip
    return asyncio.create_task(run("events.mjs", environment))


async def test_events_go_on_through_a_restart(postgres: Cluster, street_template: str, tmp_path: Path) -> None:
    async with copied(postgres, street_template) as dsn:
        settings = settings_of(dsn, tmp_path)
        async with serving(settings) as server:
            _, cursor = await registered(server.api, "before")
            heard = listening(server, cursor, 6)
            cases = [(await registered(server.api, f"first-{number}"))[0] for number in range(3)]
            await asyncio.sleep(2)
        async with serving(settings, port=server.port) as server:
            cases += [(await registered(server.api, f"second-{number}"))[0] for number in range(3)]
            lines = await heard
    assert [line["id"] for line in lines if "id" in line] == cases
    assert [line for line in lines if "broken" in line] == [{"broken": "NetworkError", "status": None}]


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ({"CURSOR": "garbage"}, {"code": "INVALID_CURSOR"}),
        ({"TOKEN": "garbage"}, {"broken": "NetworkError", "status": 401}),
    ],
)
async def test_a_refusal_is_told(
    postgres: Cluster, street_template: str, tmp_path: Path, more: dict[str, str], told: Line
) -> None:
    async with copied(postgres, street_template) as dsn, serving(settings_of(dsn, tmp_path)) as server:
        assert await listening(server, "", 1, **more) == [told]
