"""Who was away, whose server lost its database, or who does not read: behind the last cursor nothing is missed."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from websockets.asyncio.client import connect as connect_socket
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from api.websocket import PROTOCOL, SocketLimits
from schema.ids import decode
from shaodao.commands.running import connection_of
from shaodao.commands.transaction import Ground
from shaodao.delivery.postgres_feed import FeedRules
from shaodao.demo.registers import load_registers
from shaodao.demo.source import load_street
from shaodao.limits import Limits
from shaodao.postgres.database import create_database
from shaodao.postgres.embedded import Cluster, running_cluster
from shaodao.postgres.migrations import migrations_folder
from shaodao.postgres.pool import connect
from shaodao.postgres.scratch import migrate
from tests.integration.api_steps import Json, Server, Socket, copied, execute, serving, settings_of
from tests.integration.test_websocket_resuming import BOARD, registered

FOLLOWED = (
    "subscription ($id: ID!, $after: String) { caseChanged(id: $id, after: $after) { cursor event { seq text } } }"
)
# Identifiers rise, as those of commands do; a step's text may be long.
_WRITE = """
INSERT INTO case_event (
    county_code, case_id, seq, id, at, type, actor_role, text, public, payload, street_code, grid_code, xid
)
SELECT county_code, case_id, seq + number, ('00000000-0000-7000-8000-' || lpad(to_hex(number), 12, '0'))::uuid, at, 'addAttachment', actor_role,
    'step ' || number || repeat('.', {length}), public, '{{}}', street_code, grid_code, pg_current_xact_id()
FROM case_event, generate_series({first}, {last}) AS number
WHERE case_id = '{case_id}' AND seq = 1
"""


async def write(dsn: str, case_id: str, first: int, last: int, length: int = 0) -> None:
    """Steps of a case, numbered, in one transaction; the announcer does not ring for them."""
    own = decode(case_id).key
    await execute(dsn, _WRITE.format(case_id=own, first=first, last=last, length=length))


async def cursor_of(server: Server) -> str:
    """The feed's cursor of now."""
    return str((await server.api.ask("{ feedCursor }")).json()["data"]["feedCursor"])


async def heard(opened_socket: Socket, count: int) -> list[Json]:
    """The next events of a socket's only subscription."""
    events: list[Json] = []
    while len(events) < count:
        message = await opened_socket.receive(within=30)
        assert message["type"] == "next", message
        events.append(next(iter(message["payload"]["data"].values())))
    return events


def numbers(events: list[Json]) -> list[int]:
    """Of the steps that were written."""
    return [event["event"]["seq"] - 1 for event in events]


@pytest.fixture
async def server(postgres: Cluster, street_template: str, tmp_path: Path) -> AsyncIterator[Server]:
    async with copied(postgres, street_template) as dsn, serving(settings_of(dsn, tmp_path)) as made:
        yield made


async def test_who_comes_back_after_many_events_hears_each_once_in_order(server: Server) -> None:
    rules, dsn = FeedRules(), str(server.api.settings.database_url)
    case_id = await registered(server.api, 1)
    cursor, missed = await cursor_of(server), 2 * rules.page + 7
    for first in range(1, missed, 100):
        await write(dsn, case_id, first, min(first + 99, missed))
    async with server.acknowledged() as opened_socket:
        await opened_socket.subscribe("1", FOLLOWED, {"id": case_id, "after": cursor})
        assert numbers(await heard(opened_socket, missed)) == [*range(1, missed + 1)]
        await write(dsn, case_id, missed + 1, missed + 1)
        assert numbers(await heard(opened_socket, 1)) == [missed + 1]


async def test_who_was_away_for_ten_minutes_of_fifty_events_a_second_hears_what_concerns_it(server: Server) -> None:
    dsn = str(server.api.settings.database_url)
    case_id, busy = await registered(server.api, 1), await registered(server.api, 2)
    cursor = await cursor_of(server)
    await write(dsn, case_id, 1, 1)
    await write(dsn, busy, 1, 10 * 60 * 50)
    await write(dsn, case_id, 2, 2)
    async with server.acknowledged() as opened_socket:
        await opened_socket.subscribe("1", FOLLOWED, {"id": case_id, "after": cursor})
        assert numbers(await heard(opened_socket, 2)) == [1, 2]


async def test_who_was_away_for_longer_than_the_feed_repeats_is_told(
    postgres: Cluster, street_template: str, tmp_path: Path
) -> None:
    limits = replace(Limits(), replay_events=1_000)
    async with copied(postgres, street_template) as dsn, serving(settings_of(dsn, tmp_path, limits=limits)) as server:
        await assert_too_old_is_told(server, limits.replay_events)


async def assert_too_old_is_told(server: Server, replayed: int) -> None:
    dsn = str(server.api.settings.database_url)
    case_id = await registered(server.api, 1)
    too_old = await cursor_of(server)
    await write(dsn, case_id, 1, 1)
    oldest = await cursor_of(server)
    await write(dsn, case_id, 2, replayed + 1)
    async with server.acknowledged() as opened_socket:
        await opened_socket.subscribe("1", FOLLOWED, {"id": case_id, "after": too_old})
        message = await opened_socket.receive()
        assert (message["type"], message["payload"][0]["extensions"]["code"]) == ("error", "CURSOR_EXPIRED")
        await opened_socket.subscribe("2", FOLLOWED, {"id": case_id, "after": oldest})
        assert (await opened_socket.receive())["type"] == "next"


@asynccontextmanager
async def street_of_its_own(folder: Path, ground: Ground) -> AsyncIterator[tuple[Cluster, str]]:
    """A cluster that no other test uses, with the street's registers; and the database's DSN."""
    with running_cluster(folder, throw_away=True) as cluster:
        connection = await connect(cluster.dsn("postgres"))
        await create_database(connection_of(connection), "street")
        await connection.close()
        dsn = cluster.dsn("street")
        await migrate(dsn, migrations_folder())
        connection = await connect(dsn)
        async with connection.transaction():
            await load_registers(connection_of(connection), ground.cipher, ground.rulebook, load_street().meta.as_of)
        await connection.close()
        yield cluster, dsn


async def test_subscriptions_outlive_a_restart_of_postgresql(tmp_path: Path, open_folder: Path, ground: Ground) -> None:
    async with (
        street_of_its_own(open_folder, ground) as (cluster, dsn),
        serving(settings_of(dsn, tmp_path)) as server,
        server.acknowledged() as staying,
    ):
        await staying.subscribe("1", BOARD, {"after": await cursor_of(server)})
        first = await registered(server.api, 1)
        [before] = await heard(staying, 1)
        assert before["id"] == first
        await asyncio.to_thread(cluster.stop)
        await asyncio.to_thread(cluster.start)
        ids = [await registered(server.api, number) for number in (2, 3)]
        assert [event["id"] for event in await heard(staying, 2)] == ids
        async with server.acknowledged() as returning:
            await returning.subscribe("1", BOARD, {"after": before["cursor"]})
            assert [event["id"] for event in await heard(returning, 2)] == ids


@asynccontextmanager
async def not_reading(server: Server) -> AsyncIterator[Socket]:
    """A socket whose client takes little from the network before it is asked for a message."""
    narrow = socket.socket()
    narrow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    narrow.connect(("127.0.0.1", server.port))
    async with connect_socket(
        f"ws://127.0.0.1:{server.port}/graphql", sock=narrow, subprotocols=[Subprotocol(PROTOCOL)], max_queue=1, proxy=None,
        close_timeout=0.1,
    ) as connection:  # fmt: skip
        opened_socket = Socket(connection)
        await opened_socket.initialise(server.api.token())
        yield opened_socket


async def rest_of(opened_socket: Socket) -> list[Json]:
    """What a socket still brings until the server closes it."""
    events: list[Json] = []
    with suppress(ConnectionClosed):
        while True:
            events += await heard(opened_socket, 1)
    return events


async def admitted(opened_socket: Socket, following: Json) -> Json:
    """The first event of a subscription, asked for until no other of the same principal is in its way."""
    async with asyncio.timeout(30):
        while True:
            await opened_socket.subscribe("1", FOLLOWED, following)
            message = await opened_socket.receive()
            if message["type"] == "next":
                return dict(message["payload"]["data"]["caseChanged"])
            assert message["payload"][0]["extensions"]["code"] == "TOO_MANY_SUBSCRIPTIONS"
            await asyncio.sleep(0.05)


async def test_a_subscriber_that_does_not_read_is_cut_and_holds_up_nobody(
    postgres: Cluster, street_template: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shaodao.host.FeedRules", partial(FeedRules, poll=0.05))
    steps, length = 600, 20_000
    async with (
        copied(postgres, street_template) as dsn,
        serving(
            settings_of(dsn, tmp_path, limits=replace(Limits(), subscriptions=2)), SocketLimits(send_within=0.5)
        ) as server,
        server.acknowledged() as reading,
        not_reading(server) as idle,
    ):
        case_id = await registered(server.api, 1)
        following = {"id": case_id, "after": await cursor_of(server)}
        for opened_socket in (reading, idle):
            await opened_socket.subscribe("1", FOLLOWED, following)
        await write(dsn, case_id, 1, steps, length)
        assert numbers(await heard(reading, steps)) == [*range(1, steps + 1)]
        async with server.acknowledged() as third:
            assert numbers([await admitted(third, following)]) == [1]
        told = await rest_of(idle)
        assert 0 < len(told) < steps
        assert idle.connection.close_code == 4430
        async with server.acknowledged() as returning:
            told.append(await admitted(returning, following | {"after": told[-1]["cursor"]}))
            told += await heard(returning, steps - len(told))
        assert numbers(told) == [*range(1, steps + 1)]


async def test_the_connection_of_who_never_reads_again_is_given_up(
    postgres: Cluster, street_template: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shaodao.sockets.LINGER_SECONDS", 0.2)
    async with (
        copied(postgres, street_template) as dsn,
        serving(settings_of(dsn, tmp_path), SocketLimits(send_within=0.2)) as server,
    ):
        case_id = await registered(server.api, 1)
        after = await cursor_of(server)
        await write(dsn, case_id, 1, 600, 20_000)
        await assert_given_up(server, {"id": case_id, "after": after})


async def assert_given_up(server: Server, following: Json) -> None:
    open_before = set(server.uvicorn.server_state.connections)
    async with not_reading(server) as idle:
        await idle.subscribe("1", FOLLOWED, following)
        [own] = server.uvicorn.server_state.connections - open_before
        async with asyncio.timeout(20):
            while own in server.uvicorn.server_state.connections:
                await asyncio.sleep(0.05)
