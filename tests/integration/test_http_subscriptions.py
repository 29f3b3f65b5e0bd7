"""How many subscriptions somebody may have at once, whatever the way in: beyond them a stream is 429, an operation an error."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import httpx
import pytest
import pytest_asyncio

from shaodao.limits import Limits
from shaodao.postgres.embedded import Cluster
from tests.integration.api_steps import Server, code_of, copied, serving, settings_of

pytestmark = pytest.mark.asyncio(loop_scope="module")

BOARD = 'subscription { caseBoard(division: "990101001000") { cursor } }'
MOST = 3


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def server(
    postgres: Cluster, street_template: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Server]:
    settings = {"limits": Limits(subscriptions=MOST)}
    async with (
        copied(postgres, street_template) as dsn,
        serving(settings_of(dsn, tmp_path_factory.mktemp("data"), **settings)) as made,
    ):
        yield made


@asynccontextmanager
async def streaming(server: Server, who: str, document: str = BOARD) -> AsyncIterator[httpx.Response]:
    headers = {"authorization": f"Bearer {server.api.token(who)}", "accept": "text/event-stream"}
    async with server.api.client.stream("POST", "/graphql", json={"query": document}, headers=headers) as answer:
        yield answer


async def until_none_runs(server: Server) -> None:
    """Wait until the server has noticed that its clients have left."""
    operations = server.api.application._graphql._operations  # type: ignore[attr-defined] # Served is a Starlette
    async with asyncio.timeout(5):
        while operations._subscriptions._running:
            await asyncio.sleep(0.01)


async def test_streams_and_sockets_are_counted_together_and_each_holder_for_itself(server: Server) -> None:
    who, other = "吕示衡", "张示远"
    async with AsyncExitStack() as open_streams, server.acknowledged(server.api.token(who)) as socket:
        for _ in range(MOST - 1):
            assert (await open_streams.enter_async_context(streaming(server, who))).status_code == 200
        await socket.subscribe("last", BOARD)
        await socket.subscribe("too many", BOARD)
        refused = await socket.receive()
        assert (refused["id"], refused["type"]) == ("too many", "error")
        assert refused["payload"][0]["extensions"]["code"] == "TOO_MANY_SUBSCRIPTIONS"
        async with streaming(server, who) as answer:
            await answer.aread()
        assert (answer.status_code, code_of(answer)) == (429, "TOO_MANY_SUBSCRIPTIONS")
        async with streaming(server, who, "{ serverTime }") as answer:
            assert answer.status_code == 200
        async with streaming(server, other) as answer:
            assert answer.status_code == 200
    await until_none_runs(server)


async def test_what_has_ended_counts_no_more(server: Server) -> None:
    async with server.acknowledged() as socket:
        for _ in range(2):
            for number in range(MOST):
                await socket.subscribe(str(number), BOARD)
            await socket.subscribe("query", "{ serverTime }")
            assert [(await socket.receive())["id"] for _ in range(2)] == ["query"] * 2
            for number in range(MOST):
                await socket.send({"type": "complete", "id": str(number)})
            await until_none_runs(server)
        await socket.subscribe("refused", 'subscription { caseBoard(division: "x") { cursor } }')
        assert (await socket.receive())["type"] == "error"
        await until_none_runs(server)
