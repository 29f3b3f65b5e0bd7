"""A server of trusted documents only: each way in runs what the manifest has, by its identifier, and nothing else."""

from collections.abc import AsyncIterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest
import pytest_asyncio
from starlette.types import Message

from api.app import create_app
from shaodao.postgres.embedded import Cluster
from shaodao.settings import Settings, StartError
from tests.integration.api_steps import STANDARD, Server, code_of, copied, logged, opened, serving, settings_of

pytestmark = pytest.mark.asyncio(loop_scope="module")

VIEWER = "query Viewer { viewer { name } }"
BOARD = 'subscription Board { caseBoard(division: "990101001000") { cursor } }'
REGISTER = "mutation Register($input: RegisterCaseInput!) { registerCase(input: $input) { __typename } }"
OLD = "query Old { gone }"
MANIFEST = {"viewer": VIEWER, "board": BOARD, "register": REGISTER, "old": OLD}


def trusting(dsn: str, folder: Path, **changes: Any) -> Settings:
    manifest = folder / "manifest.json"
    manifest.write_bytes(orjson.dumps(MANIFEST))
    return settings_of(dsn, folder, **{"trusted_documents": (manifest,), "trusted_only": True} | changes)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def server(
    postgres: Cluster, street_template: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Server]:
    folder = tmp_path_factory.mktemp("data")
    async with copied(postgres, street_template) as dsn, serving(trusting(dsn, folder)) as made:
        yield made


async def posted(server: Server, **body: Any) -> httpx.Response:
    return await server.api.post(orjson.dumps(body))


def apollo(identifier: Any, version: Any = 1) -> dict[str, Any]:
    return {"persistedQuery": {"version": version, "sha256Hash": identifier}}


@pytest.mark.parametrize(
    "body",
    [
        {"documentId": "viewer"}, {"documentId": "viewer", "extensions": {"persistedQuery": None}},
        {"documentId": f"sha256:{sha256(VIEWER.encode()).hexdigest()}"}, {"extensions": apollo("viewer")},
        {"extensions": apollo(sha256(VIEWER.encode()).hexdigest())}, {"query": VIEWER},
        {"documentId": "viewer", "query": VIEWER},
        {"documentId": "viewer", "query": ""},
    ],
)  # fmt: skip
async def test_a_trusted_document_is_run_however_it_is_named(server: Server, body: dict[str, Any]) -> None:
    answer = await posted(server, **body)
    assert answer.json() == {"data": {"viewer": {"name": "吕示衡"}}}


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"query": "{ viewer { name } }"}, "DOCUMENT_NOT_TRUSTED"),
        ({"query": VIEWER + " "}, "DOCUMENT_NOT_TRUSTED"),
        ({"query": "{ __typename }"}, "DOCUMENT_NOT_TRUSTED"),
        ({"documentId": "none"}, "PERSISTED_QUERY_NOT_FOUND"),
        ({"extensions": apollo("none")}, "PERSISTED_QUERY_NOT_FOUND"),
        ({"documentId": "viewer", "query": "{ viewer { name } }"}, "PERSISTED_QUERY_MISMATCH"),
        ({"documentId": "old"}, "GRAPHQL_VALIDATION_FAILED"),
        ({"documentId": "viewer", "operationName": "Other"}, "INVALID_OPERATION"),
        ({"documentId": "board"}, "INVALID_OPERATION"),
        ({"documentId": "register"}, "BAD_USER_INPUT"),
        ({}, "BAD_REQUEST"),
        ({"documentId": ""}, "BAD_REQUEST"),
        ({"documentId": 1}, "BAD_REQUEST"),
        ({"documentId": "x" * 257}, "BAD_REQUEST"),
        ({"documentId": "viewer", "query": 1}, "BAD_REQUEST"),
        ({"extensions": apollo("viewer", 2)}, "BAD_REQUEST"),
        ({"extensions": apollo(None)}, "BAD_REQUEST"),
        ({"extensions": {"persistedQuery": "viewer"}}, "BAD_REQUEST"),
    ],
)
async def test_everything_else_is_refused(server: Server, body: dict[str, Any], code: str) -> None:
    answer = await posted(server, **body)
    assert (answer.status_code, code_of(answer)) == (422, code)
    assert "data" not in answer.json()


async def test_a_get_names_documents_too(server: Server) -> None:
    assert (await server.api.get(documentId="viewer")).json()["data"]["viewer"]["name"] == "吕示衡"
    assert (await server.api.get(extensions=orjson.dumps(apollo("viewer")).decode())).status_code == 200
    refused = await server.api.get(documentId="register")
    assert (refused.status_code, code_of(refused)) == (405, "METHOD_NOT_ALLOWED")


async def test_a_socket_does(server: Server) -> None:
    async with server.acknowledged() as opened_socket:
        await opened_socket.send({"id": "1", "type": "subscribe", "payload": {"documentId": "viewer"}})
        assert (await opened_socket.receive())["payload"]["data"]["viewer"]["name"] == "吕示衡"
        assert (await opened_socket.receive())["type"] == "complete"
        await opened_socket.send({"id": "2", "type": "subscribe", "payload": {"query": "{ viewer { name } }"}})
        assert (await opened_socket.receive())["payload"][0]["extensions"]["code"] == "DOCUMENT_NOT_TRUSTED"


async def test_an_event_stream_does(server: Server) -> None:
    headers = server.api.headers(accept="text/event-stream", content_type="application/json")
    url = f"http://127.0.0.1:{server.port}/graphql"
    async with httpx.AsyncClient() as client:
        told = (await client.post(url, content=orjson.dumps({"documentId": "viewer"}), headers=headers)).text
        refused = (await client.post(url, content=orjson.dumps({"query": "{ viewer { name } }"}), headers=headers)).text
    assert "吕示衡" in told
    assert "DOCUMENT_NOT_TRUSTED" in refused


async def test_beside_trusted_documents_others_run_unless_only_they_may(
    postgres: Cluster, street_template: str, tmp_path: Path
) -> None:
    text = "{ viewer { name } }"
    async with copied(postgres, street_template) as dsn, opened(trusting(dsn, tmp_path, trusted_only=False)) as api:
        assert (await api.ask(text)).status_code == 200
        assert (await api.client.post("/graphql", json={"documentId": "viewer"}, headers=api.headers())).json()["data"]
        known = apollo(sha256(text.encode()).hexdigest())
        first = await api.client.post("/graphql", json={"extensions": known}, headers=api.headers() | STANDARD)
        assert code_of(first) == "PERSISTED_QUERY_NOT_FOUND"
        assert (await api.ask(text, extensions=known)).status_code == 200


async def test_a_document_that_does_not_fit_the_schema_is_logged_at_the_start(
    postgres: Cluster, street_template: str, tmp_path: Path
) -> None:
    async with copied(postgres, street_template) as dsn:
        with logged() as events:
            async with opened(trusting(dsn, tmp_path)):
                pass
    [warning] = [event for event in events if event["event"] == "trusted_document_unfit"]
    assert warning["identifier"] == "old"
    assert "gone" in warning["error"]


async def test_what_keeps_the_server_from_starting_is_told_in_one_line(
    postgres: Cluster, street_template: str, tmp_path: Path
) -> None:
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "lifespan.startup"}

    async def send(message: Message) -> None:
        sent.append(message)

    async with copied(postgres, street_template) as dsn:
        application = create_app(settings_of(dsn, tmp_path, trusted_only=True), dsn)
        with pytest.raises(StartError):
            await application({"type": "lifespan", "state": {}}, receive, send)
    [failed] = sent
    assert failed["message"] == "SHAODAO_TRUSTED_ONLY needs manifests: name them with SHAODAO_TRUSTED_DOCUMENTS."
