"""Cost at the door: too much in one operation is refused, too much in a time must wait, each principal for itself."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from shaodao.limits import Limits
from shaodao.postgres.embedded import Cluster
from tests.integration.api_steps import Server, code_of, copied, serving, settings_of

pytestmark = pytest.mark.asyncio(loop_scope="module")

TWENTY = "{ cases { nodes { number } } }"
"""Costs 21."""
SMALL = Limits(cost=100, cost_per_second=1, cost_burst=90)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def server(
    postgres: Cluster, street_template: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Server]:
    folder = tmp_path_factory.mktemp("data")
    async with copied(postgres, street_template) as dsn, serving(settings_of(dsn, folder, limits=SMALL)) as made:
        yield made


async def test_an_operation_over_the_cost_is_refused_by_the_size_asked_for(server: Server) -> None:
    text = "query ($n: Int) { cases(first: $n) { nodes { number } } }"
    answer = await server.api.ask(text, {"n": 100})
    assert (answer.status_code, code_of(answer)) == (422, "DOCUMENT_TOO_LARGE")
    assert "100 cost" in answer.json()["errors"][0]["message"]
    assert (await server.api.ask(text, {"n": 1})).status_code == 200


async def test_who_has_asked_for_too_much_waits_and_nobody_else(server: Server) -> None:
    answers = [await server.api.ask(TWENTY, who="CG") for _ in range(5)]
    assert [answer.status_code for answer in answers] == [200] * 4 + [429]
    refused = answers[-1]
    seconds = refused.headers["retry-after"]
    assert 10 <= int(seconds) <= 15
    assert (code_of(refused), refused.headers["ratelimit"]) == ("RATE_LIMITED", f'"cost";r=0;t={seconds}')
    assert refused.headers["ratelimit-policy"] == '"cost";q=90;w=90'
    assert "data" not in refused.json()
    assert (await server.api.ask(TWENTY, who="JJ")).status_code == 200
    assert (await server.api.ask("{ serverTime }", who="CG")).status_code == 200


async def test_an_event_stream_is_refused_before_it_begins(server: Server) -> None:
    headers = server.api.headers(authorization=f"Bearer {server.api.token('GA')}", accept="text/event-stream")
    body = {"query": TWENTY}
    answers = [await server.api.client.post("/graphql", json=body, headers=headers) for _ in range(5)]
    assert [answer.status_code for answer in answers] == [200] * 4 + [429]
    assert [answer.text.count("event: next") for answer in answers[:4]] == [1] * 4
    refused = answers[-1]
    assert (code_of(refused), refused.headers["content-type"][:19]) == ("RATE_LIMITED", "application/graphql")
    assert 10 <= int(refused.headers["retry-after"]) <= 15


async def test_what_costs_too_much_is_told_in_the_stream(server: Server) -> None:
    headers = server.api.headers(accept="text/event-stream")
    body = {"query": "{ cases(first: 100) { nodes { number } } }"}
    answer = await server.api.client.post("/graphql", json=body, headers=headers)
    assert (answer.status_code, "DOCUMENT_TOO_LARGE" in answer.text) == (200, True)
    assert answer.text.count("event: ") == 2


async def test_over_a_socket_the_operation_is_refused_and_the_socket_stays(server: Server) -> None:
    async with server.acknowledged(server.api.token(who="MZ")) as socket:
        for number in range(5):
            await socket.subscribe(str(number), TWENTY)
        messages = [await socket.receive() for _ in range(9)]
        [refused] = [message for message in messages if message["type"] == "error"]
        assert refused["payload"][0]["extensions"]["code"] == "RATE_LIMITED"
        await socket.subscribe("again", "{ serverTime }")
        assert (await socket.receive())["type"] == "next"
