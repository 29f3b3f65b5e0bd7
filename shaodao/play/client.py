"""A client of the public API, as any frontend would be: GraphQL over HTTP, subscriptions over WebSocket."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import httpx
import orjson
from websockets.asyncio.client import connect
from websockets.typing import Subprotocol

Json = dict[str, Any]


class RefusedByApi(Exception):
    """The API answered a step with a problem or an error; the message says which."""


class Api:
    """The API as one person uses it, with that person's token."""

    def __init__(self, url: str, token: str, http: httpx.AsyncClient) -> None:
        self._url = f"{url.rstrip('/')}/graphql"
        self._authorization = f"Bearer {token}"
        self._http = http

    async def query(self, document: str, **variables: Any) -> Json:
        """The data of an operation. Raises RefusedByApi for any error."""
        answer = await self._http.post(
            self._url,
            json={"query": document, "variables": variables},
            headers={"Authorization": self._authorization, "Accept": "application/graphql-response+json"},
        )
        body: Json = orjson.loads(answer.content)
        if body.get("errors"):
            raise RefusedByApi("; ".join(f"{e['message']} {e.get('path', '')}" for e in body["errors"]))
        data: Json = body["data"]
        return data

    async def mutate(self, document: str, given: Mapping[str, Any]) -> Json:
        """The payload of a document with one mutation over ``$input``. Raises RefusedByApi for a problem."""
        data = await self.query(document, input=dict(given))
        (payload,) = data.values()
        result: Json = payload
        if "cursor" not in result:
            faults = "; ".join(f"{fault['path']}: {fault['message']}" for fault in result.get("faults", ()))
            raise RefusedByApi(f"{result.get('code')}: {result.get('message')} {faults}".strip())
        return result

    @asynccontextmanager
    async def subscribe(self, document: str, **variables: Any) -> AsyncIterator[AsyncIterator[Json]]:
        """The events of a subscription; entered once the server has acknowledged the connection."""
        url = self._url.replace("http", "ws", 1)
        async with connect(url, subprotocols=[Subprotocol("graphql-transport-ws")]) as socket:
            await socket.send(_text({"type": "connection_init", "payload": {"authorization": self._authorization}}))
            acknowledged = orjson.loads(await socket.recv())
            if acknowledged["type"] != "connection_ack":
                raise RefusedByApi(str(acknowledged))
            payload = {"query": document, "variables": variables}
            await socket.send(_text({"id": "1", "type": "subscribe", "payload": payload}))
            yield _events(socket)


async def _events(socket: Any) -> AsyncIterator[Json]:
    async for text in socket:
        message = orjson.loads(text)
        match message["type"]:
            case "next":
                yield message["payload"]["data"]
            case "ping":
                await socket.send(_text({"type": "pong"}))
            case "error":
                raise RefusedByApi(str(message["payload"]))
            case "complete":
                return


def _text(message: Json) -> str:
    return orjson.dumps(message).decode()


async def reachable(url: str, http: httpx.AsyncClient, patience: float = 3.0) -> bool:
    """Whether a server answers at the address."""
    for _ in range(max(1, round(patience / 0.5))):
        try:
            return (await http.get(f"{url.rstrip('/')}/healthz")).status_code == 200
        except httpx.HTTPError:
            await asyncio.sleep(0.5)
    return False
