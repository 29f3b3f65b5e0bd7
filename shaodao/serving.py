"""Running the server: first the socket is bound, then the database starts, then the application."""

import asyncio
import importlib
import resource
import signal
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import uvicorn
import uvloop

from shaodao.connections import bounded_connections
from shaodao.garbage import look_seldom
from shaodao.limits import Limits
from shaodao.postgres.embedded import DSN, Say, embedded_server, running_dsn
from shaodao.postgres.errors import PendingMigrations
from shaodao.postgres.migrations import Migration, apply, migrations_folder, pending
from shaodao.postgres.pool import connect
from shaodao.settings import Settings, SettingsError, StartError
from shaodao.sockets import ClosableSocket

Prepare = Callable[[DSN], Awaitable[None]]

BEFORE_SHUTDOWN = "before_shutdown"
"""Name in the state of an application's lifespan: an async function that ends what the application itself keeps open."""

GRACEFUL_SECONDS = 5

OPEN_FILES = 65_536
"""Files, which connections count among, that a server asks the system for at most."""


def run_until_stopped(main: Coroutine[Any, Any, None]) -> None:
    """Run a program that is meant to run for ever; Ctrl-C and SIGTERM end it by way of its own clean-up."""
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(_until_terminated(main))
    except (KeyboardInterrupt, asyncio.CancelledError):
        pass


async def _until_terminated(main: Coroutine[Any, Any, None]) -> None:
    """Run ``main``; SIGTERM cancels it, so that every ``finally`` runs, where by default it kills.

    uvicorn hands a signal back when it has shut down, so it may come twice. SIGINT cannot stand in for it: whoever is started in
    the background of a script has that ignored.
    """
    task, loop = asyncio.current_task(), asyncio.get_running_loop()
    assert task is not None

    def cancel() -> None:
        if not task.cancelling():
            task.cancel()

    signal.signal(signal.SIGTERM, lambda number, frame: loop.call_soon_threadsafe(cancel))
    await main


async def serve(
    settings: Settings, *, say: Say, prepare: Prepare | None = None, ready: Callable[[], None] | None = None
) -> None:
    """Serve the application of SHAODAO_APP until told to stop.

    ``prepare`` gets the migrated database before the server starts; ``ready`` is called when requests are answered.
    Raises StartError.
    """
    allow_open_files()
    with listening_socket(settings.host, settings.port) as bound:
        async with database(settings, say=say) as dsn:
            if prepare is not None:
                await prepare(dsn)
            await _serve(server_of(application(settings, dsn), settings.limits), bound, ready)


@asynccontextmanager
async def database(settings: Settings, *, say: Say) -> AsyncIterator[DSN]:
    """The migrated database: that of SHAODAO_DATABASE_URL, which must be up to date, or the embedded one, brought there."""
    if settings.database_url is not None:
        await refuse_pending(settings.database_url)
        yield settings.database_url
        return
    async with embedded_server(settings.data_dir, say=say) as dsn:
        await migrate(dsn, say=say)
        yield dsn


@asynccontextmanager
async def any_database(settings: Settings, *, say: Say) -> AsyncIterator[DSN]:
    """The database as it stands, for commands beside a server: if that holds the embedded one, its socket is used."""
    if settings.database_url is not None:
        yield settings.database_url
        return
    running = running_dsn(settings.data_dir)
    if running is not None:
        yield running
        return
    async with embedded_server(settings.data_dir, say=say) as dsn:
        yield dsn


async def migrate(dsn: DSN, *, say: Say) -> list[Migration]:
    """Apply what is pending and say each name."""
    connection = await connect(dsn)
    try:
        return await apply(connection, migrations_folder(), lambda migration: say(f"Migration {migration.name}"))
    finally:
        await connection.close()


async def waiting_migrations(dsn: DSN) -> list[Migration]:
    """What is pending; raises MigrationError where code and database do not fit."""
    connection = await connect(dsn)
    try:
        return await pending(connection, migrations_folder())
    finally:
        await connection.close()


async def refuse_pending(dsn: DSN) -> None:
    """Raise PendingMigrations if the database waits for any: someone else's database is migrated on purpose only."""
    waiting = await waiting_migrations(dsn)
    if waiting:
        raise PendingMigrations([migration.name for migration in waiting])


def application(settings: Settings, dsn: DSN) -> Any:
    """The ASGI application that SHAODAO_APP names, made by its factory from settings and DSN."""
    return from_application_module(settings, settings.app.partition(":")[2])(settings, dsn)


def from_application_module(settings: Settings, attribute: str) -> Any:
    """An attribute of the module that SHAODAO_APP names; raises SettingsError if there is none."""
    module = settings.app.partition(":")[0]
    try:
        return getattr(importlib.import_module(module), attribute)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{module}.".startswith(f"{error.name}."):
            raise
        reason = f"there is no module {error.name} here; run in the checkout, or name another application"
        raise SettingsError("SHAODAO_APP", settings.app, reason) from None
    except AttributeError:
        raise SettingsError("SHAODAO_APP", settings.app, f"{module} has no {attribute}") from None


def listening_socket(host: str, port: int) -> socket.socket:
    """A bound socket; raises StartError if the address is taken or not ours."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        bound = socket.socket(family, kind, protocol)
    except OSError as error:
        raise SettingsError("SHAODAO_HOST", host, f"it is no address of this machine ({error.strerror})") from None
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind(address)
    except OSError as error:
        bound.close()
        raise StartError(
            f"Cannot listen on {host}:{port}: {error.strerror}. Stop what uses it, or choose another with SHAODAO_PORT."
        ) from None
    return bound


class Server(uvicorn.Server):
    """Lets the application close its sockets before uvicorn cuts them; requests get GRACEFUL_SECONDS to finish.

    The application is asked by the function that its lifespan offers as BEFORE_SHUTDOWN, if it offers one.
    """

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Take no more connections, ask the application, then end as uvicorn does."""
        for listening in self.servers:
            listening.close()
        before_shutdown = self.lifespan.state.get(BEFORE_SHUTDOWN)
        if before_shutdown is not None:
            await before_shutdown()
        await super().shutdown(sockets)


def server_of(app: Any, limits: Limits) -> Server:
    """The server of an ASGI application, to be run on a socket that is bound already."""
    return Server(
        uvicorn.Config(
            app,
            http=bounded_connections(limits),
            ws=ClosableSocket,
            lifespan="on",
            log_config=None,
            access_log=False,
            server_header=False,
            ws_max_size=limits.socket_message_bytes,
            # What compresses takes 40 kB for each socket, and the processor's time for each message; they are short.
            ws_per_message_deflate=False,
            timeout_graceful_shutdown=GRACEFUL_SECONDS,
        )
    )


def allow_open_files() -> None:
    """Let this process have as many connections as it may: a soft limit is often 1,024, which sockets that idle use up."""
    soft, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = OPEN_FILES if most == resource.RLIM_INFINITY else min(OPEN_FILES, most)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, most))


async def _serve(server: Server, bound: socket.socket, ready: Callable[[], None] | None) -> None:
    beside = asyncio.create_task(_once_started(server, ready))
    try:
        await server.serve(sockets=[bound])
    finally:
        beside.cancel()
    if not server.started:
        raise StartError("The application did not start; the lines above say why.")


async def _once_started(server: uvicorn.Server, ready: Callable[[], None] | None) -> None:
    """Tell that requests are answered, then look after the process's garbage."""
    while not server.started:  # noqa: ASYNC110 - uvicorn has no event for it
        await asyncio.sleep(0.02)
    if ready is not None:
        ready()
    await look_seldom()
