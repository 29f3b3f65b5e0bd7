"""Sockets while the database is gone: what runs stays, what begins is sent away, and all goes on when it comes back."""

import asyncio
from pathlib import Path

from api.websocket import SocketLimits
from shaodao.postgres.embedded import Cluster
from tests.integration.api_steps import DISPATCHER, assert_masked, copied, logged, serving, settings_of
from tests.integration.database_gate import gate_to

VIEWER = "{ viewer { name } }"


async def test_a_socket_outlives_an_outage(
    postgres: Cluster, street_template: str, tmp_path: Path, open_folder: Path
) -> None:
    limits = SocketLimits(check_again=0.1)
    async with (
        copied(postgres, street_template) as direct,
        gate_to(direct, open_folder) as (dsn, gate),
        serving(settings_of(dsn, tmp_path), limits) as server,
        server.acknowledged() as early,
    ):
        with logged() as events:
            await gate.shut()
            await asyncio.sleep(0.3)
            async with server.connected() as late:
                token = server.api.token("CG")
                await late.send({"type": "connection_init", "payload": {"Authorization": f"Bearer {token}"}})
                assert await late.closed() == (1013, "Try again later")
            await early.subscribe("1", VIEWER)
            answer = await early.receive()
        request = {"requestId": answer["payload"][0]["extensions"]["requestId"]}
        assert_masked({"errors": answer["payload"], "extensions": request}, "UNAVAILABLE", events)
        await gate.open()
        await early.subscribe("2", VIEWER)
        assert (await early.receive())["payload"] == {"data": {"viewer": {"name": DISPATCHER}}}
