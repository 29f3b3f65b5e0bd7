"""Every close code as the npm client graphql-ws takes it: what is its program's fault ends, after the rest it tries again."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from api.websocket import SocketLimits
from shaodao.postgres.embedded import Cluster
from tests.clients.programs import node, run
from tests.integration.api_steps import Server, copied, execute, serving, settings_of
from tests.integration.database_gate import gate_to

pytestmark = pytest.mark.asyncio(loop_scope="module")

AGAIN = "tried again"
SUBSCRIBE = {
    "id": "1",
    "type": "subscribe",
    "payload": {"query": 'subscription { caseBoard(division: "990101001000") { cursor } }'},
}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def server(
    postgres: Cluster, street_template: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Server]:
    node()
    limits = SocketLimits(initialise_within=0.5)
    folder = tmp_path_factory.mktemp("data")
    async with copied(postgres, street_template) as dsn, serving(settings_of(dsn, folder), limits) as made:
        yield made


async def closed(server: Server, **more: str) -> tuple[list[int], Any]:
    """The codes that the client saw, and how its subscription ended."""
    address = f"ws://127.0.0.1:{server.port}/graphql"
    [line] = await run("closing.mjs", {"URL": address, "TOKEN": server.api.token(), **more})
    return line["closed"], line["ended"]


@pytest.mark.parametrize(
    ("code", "when", "messages"),
    [
        (4400, "connected", [{"type": "nonsense"}]),
        (4401, "opened", [SUBSCRIBE]),
        (4409, "connected", [SUBSCRIBE, SUBSCRIBE]),
        (4429, "connected", [{"type": "connection_init"}]),
    ],
)
async def test_what_is_the_programs_fault_is_not_tried_again(
    server: Server, code: int, when: str, messages: list[Any]
) -> None:
    assert await closed(server, WHEN=when, WRONG=json.dumps(messages)) == ([code], code)


async def test_a_message_too_long_is_not_tried_again(server: Server) -> None:
    assert await closed(server, WHEN="connected", WRONG="long") == ([1009], 1009)


async def test_no_subprotocol_is_not_tried_again(server: Server) -> None:
    assert await closed(server, PROTOCOL="none") == ([4406], 4406)


async def test_who_is_not_known_may_come_again_with_another_token(server: Server) -> None:
    assert await closed(server, TOKEN="garbage") == ([4403], AGAIN)


async def test_who_does_not_initialise_in_time_may_come_again(server: Server) -> None:
    assert await closed(server, WHEN="never") == ([4408], AGAIN)


async def test_who_comes_while_the_database_is_away_may_come_again(
    postgres: Cluster, street_template: str, tmp_path: Path, open_folder: Path
) -> None:
    async with (
        copied(postgres, street_template) as direct,
        gate_to(direct, open_folder) as (dsn, gate),
        serving(settings_of(dsn, tmp_path)) as server,
    ):
        await gate.shut()
        assert await closed(server, TOKEN=server.api.token("CG")) == ([1013], AGAIN)


async def test_a_failure_of_ours_ends_the_client(postgres: Cluster, street_template: str, tmp_path: Path) -> None:
    async with copied(postgres, street_template) as dsn, serving(settings_of(dsn, tmp_path)) as server:
        await execute(dsn, "ALTER TABLE accounts RENAME TO gone")
        assert await closed(server, TOKEN=server.api.token("CG")) == ([1011], 1011)
