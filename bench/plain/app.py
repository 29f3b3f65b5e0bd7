"""The ASGI application: Strawberry's own view over one pool. Run by ``uvicorn bench.plain.app:app`` with BENCH_DSN set."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import orjson
import strawberry
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.websockets import WebSocket
from strawberry.asgi import GraphQL
from strawberry.extensions import ParserCache, ValidationCache

from bench.plain.context import Context
from bench.plain.loaders import Loaders
from bench.plain.query import Query
from bench.plain.viewer import viewer_of

CONNECTIONS = 16
"""Of the pool: as many as the server's by default."""


class PlainView(GraphQL[Context, None]):
    """Strawberry's view with a context of this application, and orjson to write the answer."""

    pool: "asyncpg.Pool[asyncpg.Record]"

    async def get_context(self, request: Request | WebSocket, response: Response | WebSocket) -> Context:
        """New loaders for each request."""
        viewer = viewer_of(request.headers.get("authorization", ""))
        return Context(self.pool, viewer, Loaders(self.pool, viewer))

    def encode_json(self, data: object) -> bytes:
        """The answer as JSON."""
        return orjson.dumps(data)


def create_app(dsn: str) -> Starlette:
    """The application over a database that the server has migrated."""
    schema = strawberry.Schema(Query, extensions=[ParserCache, ValidationCache])
    view: Any = PlainView(schema, graphql_ide=None)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        async with asyncpg.create_pool(dsn, min_size=1, max_size=CONNECTIONS) as view.pool:
            yield

    return Starlette(routes=[Route("/graphql", view)], lifespan=lifespan)


app = create_app(os.environ.get("BENCH_DSN", ""))
