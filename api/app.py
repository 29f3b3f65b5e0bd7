"""The composition root: from settings and a database to the ASGI application."""

import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.authentication import Authenticator
from api.clock_numbers import ClockNumbers
from api.compression import compressing
from api.conventions import Conventions
from api.demo import demo_catalogue
from api.endpoint import GraphQLEndpoint
from api.execution import Operations, service_of
from api.explorer import DemoCatalogue, explorer_routes
from api.exports import EXPORTS_PATH, ExportDownloads
from api.files import DOWNLOADS_PATH, DownloadEndpoint
from api.health import Check, Remark, health_routes
from api.lane_numbers import LaneNumbers
from api.metrics import Metrics, Numbers
from api.requests import RequestReader
from api.sites import Sites
from api.trusted_documents import load_trusted_documents, warn_of_unfit
from api.uploads import UPLOADS_PATH, UploadEndpoint
from api.websocket import SocketLimits
from api.word_statistics import WordStatistics
from schema.schema import build_schema
from schema.schema import sdl as sdl
from shaodao.commands.running import connection_of
from shaodao.delivery.late_stages import lateness
from shaodao.delivery.supervisor import start_supervised
from shaodao.delivery.work import Workers, served_by_nobody, start_workers, workers_alive
from shaodao.demo.clock import DemoClock, kept_clock
from shaodao.host import Platform, kept_fresh, open_platform, utc_now
from shaodao.postgres.pool import connect
from shaodao.postgres.readers import open_readers
from shaodao.serving import BEFORE_SHUTDOWN, waiting_migrations
from shaodao.settings import Settings, StartError
from shaodao.tokens import verification_keys

GRAPHQL_PATH = "/graphql"


class _Answering(Protocol):
    """What answers requests beside GraphQL."""

    async def answer(self, request: Request) -> Response: ...


@dataclass
class Application:
    """What lives as long as the server: opened by its lifespan, asked by its routes."""

    settings: Settings
    dsn: str
    socket_limits: SocketLimits
    _endpoint: GraphQLEndpoint | None = None
    _operations: Operations | None = None
    _exports: ExportDownloads | None = None
    _platform: Platform | None = None
    _workers: Workers | None = None
    _numbers: Sequence[Numbers] = ()

    @asynccontextmanager
    async def lifespan(self, _: Starlette) -> AsyncIterator[Mapping[str, Callable[[], Awaitable[None]]]]:
        """Open the platform, start the workers unless they run elsewhere, and offer the server to close the sockets."""
        async with AsyncExitStack() as stack:
            now = await demonstration_clock(self.dsn) if self.settings.demo else utc_now
            platform = await stack.enter_async_context(open_platform(self.settings, self.dsn, now=now))
            if self.settings.workers:
                # A demonstration's time can be moved, and is this process's.
                started = start_workers(platform) if self.settings.demo else start_supervised(platform)
                self._workers = await stack.enter_async_context(started)
            authenticator = self._authenticator_of(platform)
            limits = self.settings.limits
            readers, feed_readers = [
                await stack.enter_async_context(open_readers(self.dsn, count, seconds=limits.query_seconds))
                for count in (self.settings.read_connections, self.settings.feed_connections)
            ]
            service = service_of(build_schema(), limits)
            trusted = load_trusted_documents(self.settings.trusted_documents, only=self.settings.trusted_only)
            warn_of_unfit(trusted, service.preparation)
            operations = Operations(service, readers, feed_readers, platform, platform.now, limits, trusted)
            await stack.enter_async_context(kept_fresh(WordStatistics(operations.service.words, readers)))
            self._platform, self._endpoint = platform, self._endpoint_of(operations, authenticator)
            self._operations = operations
            self._exports = ExportDownloads(platform, operations.service, authenticator)
            lanes, clock = LaneNumbers(platform.pool, platform.now), ClockNumbers(platform.pool, platform.now)
            for numbers in (lanes, clock):
                await stack.enter_async_context(kept_fresh(numbers))
            self._numbers = lanes, clock
            yield {BEFORE_SHUTDOWN: self._endpoint.close}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """/graphql by any way in."""
        assert self._endpoint is not None, "the lifespan has begun"
        await self.metrics.measured(self._endpoint, scope, receive, send)

    @cached_property
    def metrics(self) -> Metrics:
        """What /metrics tells."""
        return Metrics(lambda: self._operations, lambda: self._numbers)

    def checks(self) -> Mapping[str, Check]:
        """What /readyz asks."""
        return {
            "database": self._check_database, "migrations": self._check_migrations, "workers": self._check_workers,
            "clock": self._check_clock,
        }  # fmt: skip

    def catalogue(self) -> DemoCatalogue:
        """What the explorer of a demonstration offers, with tokens that begin now."""
        return demo_catalogue(self.settings, utc_now())

    def exports(self) -> ExportDownloads:
        """What answers for the files of exports."""
        assert self._exports is not None, "the lifespan has begun"
        return self._exports

    def uploads(self) -> UploadEndpoint:
        """What takes files in."""
        platform = self._open_platform()
        return UploadEndpoint(platform.intake, platform.links)

    def downloads(self) -> DownloadEndpoint:
        """What serves files."""
        platform = self._open_platform()
        return DownloadEndpoint(platform.pool, platform.files, platform.links)

    def _authenticator_of(self, platform: Platform) -> Authenticator:
        settings = self.settings
        # Tokens end by the machine's time, however far a demonstration's clock was moved.
        return Authenticator(verification_keys(settings), settings.issuer, settings.audience, utc_now, platform.pool)

    def _endpoint_of(self, operations: Operations, authenticator: Authenticator) -> GraphQLEndpoint:
        settings = self.settings
        conventions = Conventions(settings.invalid_status)
        reader = RequestReader(settings.limits, Sites.of(settings.origins))
        return GraphQLEndpoint(operations, authenticator, conventions, reader, self.socket_limits)

    async def _check_database(self) -> str | None:
        await self._open_platform().pool.fetchval("SELECT 1")
        return None

    async def _check_migrations(self) -> str | None:
        waiting = await waiting_migrations(self.dsn)
        return f"pending: {', '.join(migration.name for migration in waiting)}" if waiting else None

    async def _check_workers(self) -> str | None:
        platform = self._open_platform()
        if self._workers is not None:
            if not self._workers.alive():
                return "courier or clock of this process has stopped"
        elif not await workers_alive(platform.pool, platform.now()):
            return "no process runs courier and clock: start `shaodao work`"
        return await self._remark_on_departments(platform)

    async def _remark_on_departments(self, platform: Platform) -> Remark | None:
        waiting = await served_by_nobody(platform.pool, platform.departments.sources, platform.now())
        found = {"nobody serves": waiting, "nothing is known of": platform.departments.undeclared}
        told = [f"{what} {', '.join(names)}" for what, names in found.items() if names]
        return Remark(f"ok, but {' and '.join(told)}") if told else None

    async def _check_clock(self) -> str | None:
        """A stage that is late keeps no client waiting; somebody should look."""
        platform = self._open_platform()
        found = await lateness(platform.pool, platform.now())
        return Remark(f"ok, but {found}") if found.worth_a_word else None

    def _open_platform(self) -> Platform:
        assert self._platform is not None, "the lifespan has begun"
        return self._platform


class Served(Starlette):
    """Starlette for all paths but /graphql, which it would take a twentieth of an answer's time to find.

    Its answers are compressed by a middleware, those of /graphql by its endpoint.
    """

    def __init__(self, graphql: ASGIApp, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._graphql = graphql

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """A request, a socket or the lifespan."""
        application = self._graphql if scope.get("path") == GRAPHQL_PATH else super().__call__
        await application(scope, receive, _plainly(send) if scope["type"] == "lifespan" else send)


def _late(endpoint: Callable[[], _Answering]) -> Callable[[Request], Awaitable[Response]]:
    """An endpoint that is asked for at each request, for the platform opens after the routes."""

    async def answer(request: Request) -> Response:
        return await endpoint().answer(request)

    return answer


def _plainly(send: Send) -> Send:
    """What keeps the server from starting is told in its one line, not in a traceback of the line that found it."""

    async def plain(message: Message) -> None:
        error = sys.exception()
        if message["type"] == "lifespan.startup.failed" and isinstance(error, StartError):
            message = {**message, "message": str(error)}
        await send(message)

    return plain


def create_app(settings: Settings, dsn: str, socket_limits: SocketLimits | None = None) -> Starlette:
    """The ASGI application on a migrated database. Its lifespan raises StartError for what must be mended."""
    application = Application(settings, dsn, socket_limits or SocketLimits.of(settings.limits))
    routes = [
        Route(EXPORTS_PATH, _late(application.exports), methods=["GET"]),
        Route(UPLOADS_PATH, _late(application.uploads), methods=["PUT"]),
        Route(DOWNLOADS_PATH, _late(application.downloads), methods=["GET"]),
        *health_routes(application.checks()),
        application.metrics.route(),
        *explorer_routes(application.catalogue if settings.demo else None),
    ]
    return Served(application, routes=routes, lifespan=application.lifespan, middleware=[Middleware(compressing)])


async def demonstration_clock(dsn: str) -> DemoClock:
    """The demonstration's clock as it was left."""
    connection = await connect(dsn)
    try:
        return await kept_clock(connection_of(connection))
    finally:
        await connection.close()
