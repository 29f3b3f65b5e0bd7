"""Liveness and readiness, and what clients are told while the database is gone."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
import pytest_asyncio
from starlette.applications import Starlette

from api.health import Remark, health_routes
from shaodao.doctor import clock, connections
from shaodao.host import utc_now
from shaodao.postgres.embedded import Cluster
from shaodao.postgres.pool import connect
from tests.integration.api_steps import Api, assert_masked, copied, logged, opened, settings_of
from tests.integration.database_gate import gate_to

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def api(postgres: Cluster, street_template: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Api]:
    folder = tmp_path_factory.mktemp("data")
    async with copied(postgres, street_template) as dsn, opened(settings_of(dsn, folder)) as made:
        yield made


async def test_liveness_and_readiness(api: Api) -> None:
    assert (await api.client.get("/healthz")).text == "ok"
    answer = await api.client.get("/readyz")
    assert answer.status_code == 503
    checks = answer.json()["checks"]
    assert (checks["database"], checks["migrations"]) == ("ok", "ok")
    assert "shaodao work" in checks["workers"]


async def test_a_worker_elsewhere_makes_a_server_ready(api: Api) -> None:
    assert api.settings.database_url is not None
    connection = await connect(api.settings.database_url)
    beat = "INSERT INTO schedule (name, every, next_at) VALUES ('workers', $1, $2)"
    await connection.execute(beat, timedelta(seconds=20), utc_now() + timedelta(seconds=20))
    assert (await api.client.get("/readyz")).json() == {
        "ready": True, "checks": {"database": "ok", "migrations": "ok", "workers": "ok", "clock": "ok"},
    }  # fmt: skip
    await connection.execute("DELETE FROM schedule WHERE name = 'workers'")
    await connection.close()


@pytest.mark.parametrize("pool", [1, 1000])
async def test_doctor_tells_whether_another_server_finds_room(api: Api, pool: int) -> None:
    assert api.settings.database_url is not None
    connection = await connect(api.settings.database_url)
    finding = await connections(connection, replace(api.settings, pool_size=pool))
    used, most = (int(number) for number in finding.found.removesuffix(" in use").split(" of "))
    assert 1 < used < most < await connection.fetchval("SELECT current_setting('max_connections')::int")
    assert finding.mend is None if pool == 1 else "A server may open 1009: raise max_connections" in str(finding.mend)
    await connection.close()


async def test_a_stage_that_is_late_is_told_and_keeps_no_client_waiting(api: Api) -> None:
    assert api.settings.database_url is not None
    connection = await connect(api.settings.database_url)
    stage = """
        INSERT INTO deadline_stage (county_code, deadline_id, stage, case_id, due_at, not_before)
        VALUES (990101, gen_random_uuid(), 'WAKE', gen_random_uuid(), $1, $2)
    """
    await connection.execute(stage, utc_now() - timedelta(days=2), utc_now())
    assert (await api.client.get("/readyz")).json()["checks"]["clock"] == "ok"
    await connection.execute(stage, utc_now() - timedelta(days=1), utc_now() - timedelta(seconds=90))
    told = (await api.client.get("/readyz")).json()["checks"]["clock"]
    assert told.startswith("ok, but a deadline's stage is 9")
    [numbers] = [line for line in (await clock(connection)).found.splitlines() if line]
    assert numbers.startswith("a deadline's stage is 9")
    await connection.execute("UPDATE deadline_stage SET failures = 1, last_error = 'KeyError: 1'")
    assert (await clock(connection)).mend is not None
    await connection.execute("DELETE FROM deadline_stage")
    assert (await clock(connection)).found == "no deadline's stage is late"
    await connection.close()


async def test_a_department_that_nobody_serves_is_told_and_keeps_no_client_waiting() -> None:
    async def workers() -> str | None:
        return Remark("ok, but nobody serves city")

    app = Starlette(routes=health_routes({"workers": workers}))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://shaodao") as client:
        answer = await client.get("/readyz")
    assert (answer.status_code, answer.json()["checks"]["workers"]) == (200, "ok, but nobody serves city")


async def test_workers_of_its_own_make_a_server_ready(postgres: Cluster, street_template: str, tmp_path: Path) -> None:
    async with copied(postgres, street_template) as dsn, opened(settings_of(dsn, tmp_path, workers=True)) as api:
        assert (await api.client.get("/readyz")).status_code == 200


async def test_a_database_behind_the_code_is_not_ready(postgres: Cluster, street_template: str, tmp_path: Path) -> None:
    async with copied(postgres, street_template) as dsn, opened(settings_of(dsn, tmp_path)) as api:
        connection = await connect(dsn)
        ledger = "DELETE FROM migrations WHERE name = (SELECT max(name) FROM migrations)"
        await connection.execute(ledger)
        await connection.close()
        answer = await api.client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["checks"]["migrations"].startswith("pending: ")


async def test_a_database_that_is_gone_is_told_and_one_that_comes_back_is_used(
    postgres: Cluster, street_template: str, tmp_path: Path, open_folder: Path
) -> None:
    async with (
        copied(postgres, street_template) as direct,
        gate_to(direct, open_folder) as (dsn, gate),
        opened(settings_of(dsn, tmp_path)) as api,
    ):
        assert (await api.ask("{ serverTime }")).status_code == 200
        await gate.shut()
        ready = await api.client.get("/readyz")
        with logged() as events:
            answer = await api.ask("{ viewer { name } }", who="CG")
        assert (await api.client.get("/healthz")).status_code == 200
        await gate.open()
        assert (await api.ask("{ serverTime }")).status_code == 200
    assert ready.status_code == 503
    assert ready.json()["checks"]["database"].startswith("failed: ")
    assert str(open_folder) not in ready.text
    assert answer.status_code == 503
    assert_masked(answer.json(), "UNAVAILABLE", events)
