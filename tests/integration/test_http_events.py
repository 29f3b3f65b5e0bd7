"""Operations by server-sent events: chosen when no JSON is accepted, framed by the standard, resumed by cursor."""

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio

from api.websocket import SocketLimits
from shaodao.postgres.embedded import Cluster
from tests.integration.api_steps import DISPATCHER, Api, Json, Server, code_of, copied, execute, serving, settings_of
from tests.integration.graphql_steps import CAR

pytestmark = pytest.mark.asyncio(loop_scope="module")

EVENTS = {"accept": "text/event-stream"}
LIMITS = SocketLimits(check_again=0.3, ping_every=0.2)
HELLO = "{ viewer { name } }"
BOARD = """subscription ($after: String) {
    caseBoard(division: "990101001000", after: $after) { cursor change id case { number } } }"""
REGISTER = (
    "mutation ($input: RegisterCaseInput!) { registerCase(input: $input) { ... on CasePayload { case { id } } } }"
)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def server(
    postgres: Cluster, street_template: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Server]:
    folder = tmp_path_factory.mktemp("data")
    async with copied(postgres, street_template) as dsn, serving(settings_of(dsn, folder), LIMITS) as made:
        yield made


async def registered(api: Api, key: str) -> str:
    answer = await api.ask(REGISTER, {"input": CAR | {"idempotencyKey": key, "title": f"第{key}件"}})
    return str(answer.json()["data"]["registerCase"]["case"]["id"])


async def cursor_of(api: Api) -> str:
    return str((await api.ask("{ feedCursor }")).json()["data"]["feedCursor"])


class Stream:
    """The client's side of a stream; events are pairs of their kind and their data."""

    def __init__(self, answer: httpx.Response) -> None:
        self.answer = answer
        self.comments = 0
        self._blocks = self._read()

    async def _read(self) -> AsyncIterator[str]:
        text = ""
        async for piece in self.answer.aiter_text():
            assert "\r" not in piece
            text += piece
            while "\n\n" in text:
                block, _, text = text.partition("\n\n")
                yield block
        assert text == ""

    async def events(self) -> AsyncGenerator[tuple[str, Any], None]:
        """Until the stream ends."""
        async for block in self._blocks:
            if block == ":":
                self.comments += 1
                continue
            kind, *lines = block.split("\n")
            data = "\n".join(line.removeprefix("data:").removeprefix(" ") for line in lines)
            yield kind.removeprefix("event: "), json.loads(data) if data else None

    async def all(self) -> list[tuple[str, Any]]:
        async with asyncio.timeout(10):
            return [event async for event in self.events()]

    async def results(self, count: int) -> list[Json]:
        """The fields ``caseBoard`` of so many results."""
        found: list[Json] = []
        async with asyncio.timeout(10), aclosing(self.events()) as events:
            async for kind, data in events:
                assert kind == "next"
                found.append(data["data"]["caseBoard"])
                if len(found) == count:
                    break
        return found


@asynccontextmanager
async def streaming(
    server: Server, document: str, variables: Any = None, method: str = "POST", **headers: str
) -> AsyncIterator[Stream]:
    named = server.api.headers() | EVENTS | headers
    body = {"query": document, "variables": variables}
    sent: dict[str, Any] = {"json": body} if method == "POST" else {"params": {"query": document}}
    async with server.api.client.stream(method, "/graphql", headers=named, **sent) as answer:
        yield Stream(answer)


async def test_a_stream_is_named_and_kept_by_nobody(server: Server) -> None:
    async with streaming(server, HELLO) as stream:
        assert stream.answer.status_code == 200
        assert stream.answer.headers["content-type"] == "text/event-stream; charset=utf-8"
        assert stream.answer.headers["cache-control"] == "no-store"
        assert stream.answer.headers["x-accel-buffering"] == "no"
        assert "content-encoding" not in stream.answer.headers


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_a_query_is_one_result_and_its_end(server: Server, method: str) -> None:
    async with streaming(server, HELLO, method=method) as stream:
        assert await stream.all() == [("next", {"data": {"viewer": {"name": DISPATCHER}}}), ("complete", None)]


async def test_a_mutation_is_too(server: Server) -> None:
    given = CAR | {"idempotencyKey": "by-stream"}
    async with streaming(server, REGISTER, {"input": given}) as stream:
        [(_, result), (kind, _)] = await stream.all()
    assert (result["data"]["registerCase"]["case"]["id"][:5], kind) == ("Case:", "complete")


async def test_lines_of_a_result_are_each_marked(server: Server) -> None:
    async with streaming(server, "{ grids(first: 5) { nodes { code name } } }") as stream:
        [(_, result), _] = await stream.all()
    assert len(result["data"]["grids"]["nodes"]) == 5


@pytest.mark.parametrize(
    ("document", "code"),
    [
        ("{ viewer {", "SYNTAX_ERROR"),
        ("{ nonsense }", "GRAPHQL_VALIDATION_FAILED"),
        ("{ grids(first: 0) { totalCount } }", "INVALID_PAGE"),
        ('subscription { caseBoard(division: "990101001000", after: "x") { cursor } }', "INVALID_CURSOR"),
        ("query A { serverTime } query B { serverTime }", "INVALID_OPERATION"),
    ],
)
async def test_what_does_not_validate_is_told_in_the_stream(server: Server, document: str, code: str) -> None:
    async with streaming(server, document) as stream:
        assert stream.answer.status_code == 200
        [(kind, result), (last, _)] = await stream.all()
    assert (kind, last, result["errors"][0]["extensions"]["code"]) == ("next", "complete", code)
    assert "data" not in result


async def test_data_and_errors_come_together(server: Server) -> None:
    async with streaming(server, '{ viewer { name } explainRouting(category: "nothing") { __typename } }') as stream:
        [(_, result), _] = await stream.all()
    assert (result["data"]["viewer"]["name"], len(result["errors"])) == (DISPATCHER, 1)


@pytest.mark.parametrize(
    ("accept", "media_type"),
    [
        (
            "application/graphql-response+json, application/json, text/event-stream, multipart/mixed",
            "application/graphql",
        ),
        ("text/event-stream, application/json;q=0.1", "application/json"),
        ("text/event-stream, */*;q=0.1", "application/graphql"),
        ("text/event-stream", "text/event-stream"),
        ("text/event-stream; charset=utf-8, text/plain", "text/event-stream"),
        ("text/event-stream, application/json;q=0", "text/event-stream"),
    ],
)
async def test_json_is_given_to_whoever_accepts_it(server: Server, accept: str, media_type: str) -> None:
    async with streaming(server, HELLO, accept=accept) as stream:
        assert stream.answer.headers["content-type"].startswith(media_type)


@pytest.mark.parametrize("accept", ["text/*", "text/event-stream;q=0", "text/plain"])
async def test_a_stream_is_given_to_nobody_who_does_not_name_it(server: Server, accept: str) -> None:
    answer = await server.api.client.post("/graphql", json={"query": HELLO}, headers=server.api.headers(accept=accept))
    assert (answer.status_code, code_of(answer)) == (406, "NOT_ACCEPTABLE")


async def test_what_is_no_request_has_its_status(server: Server) -> None:
    post, headers = server.api.client.post, server.api.headers(**EVENTS)
    for answer, status in (
        (await post("/graphql", json={}, headers=headers), 422),
        (await post("/graphql", content=b"{", headers=headers | {"content-type": "application/json"}), 400),
        (await post("/graphql", content=b"x", headers=headers), 415),
        (await post("/graphql", json={"query": HELLO}, headers=headers | {"authorization": ""}), 401),
        (await server.api.client.get("/graphql", params={"query": REGISTER}, headers=headers), 405),
        (await server.api.client.head("/graphql", params={"query": HELLO}, headers=headers), 406),
        (await server.api.client.put("/graphql", json={"query": HELLO}, headers=headers), 406),
    ):
        assert answer.status_code == status, answer.text
        assert answer.headers["content-type"].startswith("application/graphql-response+json")


async def test_events_come_as_they_happen_and_signs_of_life_between_them(server: Server) -> None:
    async with streaming(server, BOARD, {"after": await cursor_of(server.api)}) as stream:
        for number in range(3):
            await asyncio.sleep(0.5)
            case = await registered(server.api, f"live-{number}")
            [event] = await stream.results(1)
            assert (event["id"], event["change"]) == (case, "ENTERED")
        assert stream.comments >= 3


async def test_a_stream_that_broke_goes_on_behind_its_cursor(server: Server) -> None:
    cursor = await cursor_of(server.api)
    cases = [await registered(server.api, f"resumed-{number}") for number in range(6)]
    found: list[Json] = []
    for count in (1, 3, 2):
        async with streaming(server, BOARD, {"after": cursor}) as stream:
            found += await stream.results(count)
        cursor = found[-1]["cursor"]
    assert [event["id"] for event in found] == cases


async def until_heard_by(server: Server, count: int) -> None:
    """Wait until so many subscribers hear what is written."""
    operations = server.api.application._graphql._operations  # type: ignore[attr-defined] # Served is a Starlette
    async with asyncio.timeout(5):
        while len(operations.services.feed._subscribers) != count:
            await asyncio.sleep(0.01)


async def test_a_client_that_leaves_ends_its_subscription(server: Server) -> None:
    await until_heard_by(server, 0)
    async with streaming(server, BOARD):
        await until_heard_by(server, 1)
    await until_heard_by(server, 0)


async def test_a_token_that_ends_ends_the_stream(server: Server) -> None:
    token = server.api.token(lifetime=timedelta(seconds=2))
    async with streaming(server, BOARD, authorization=f"Bearer {token}") as stream:
        [(kind, result), (last, _)] = await stream.all()
    assert (kind, last) == ("next", "complete")
    assert result["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"


async def test_an_account_that_is_disabled_ends_it_too(postgres: Cluster, street_template: str, tmp_path: Path) -> None:
    async with (
        copied(postgres, street_template) as dsn,
        serving(settings_of(dsn, tmp_path), LIMITS) as server,
        streaming(server, BOARD) as stream,
    ):
        await execute(dsn, "UPDATE accounts SET enabled = false")
        [(_, result), _] = await stream.all()
        assert result["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"


async def test_a_server_that_stops_breaks_streams_off_and_no_event_is_lost(
    postgres: Cluster, street_template: str, tmp_path: Path
) -> None:
    async with copied(postgres, street_template) as dsn:
        settings = settings_of(dsn, tmp_path)
        async with serving(settings, LIMITS) as server:
            cursor = await cursor_of(server.api)
            async with streaming(server, BOARD, {"after": cursor}) as stream:
                first = await registered(server.api, "first")
                [event] = await stream.results(1)
                begun = asyncio.get_running_loop().time()
                stopping = asyncio.create_task(server.stop())
                assert await stream.all() == []  # neither an event nor ``complete``
                await stopping
                assert asyncio.get_running_loop().time() - begun < 3
        async with serving(settings, LIMITS) as server:
            second = await registered(server.api, "second")
            async with streaming(server, BOARD, {"after": event["cursor"]}) as stream:
                [after] = await stream.results(1)
        assert [event["id"], after["id"]] == [first, second]
