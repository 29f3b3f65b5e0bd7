"""The server audits of the npm package graphql-http, which know the drafts before the September 2026 edition."""

from pathlib import Path
from typing import Any

import pytest

from shaodao.postgres.embedded import Cluster
from shaodao.settings import InvalidStatus
from tests.clients.programs import node, run
from tests.integration.api_steps import copied, serving, settings_of

AUDITS = 61


@pytest.fixture(autouse=True)
def _programs() -> None:
    node()


async def audited(postgres: Cluster, template: str, folder: Path, status: InvalidStatus) -> list[dict[str, Any]]:
    """What the audits find where that is the status of what does not validate."""
    async with (
        copied(postgres, template) as dsn,
        serving(settings_of(dsn, folder, invalid_status=status)) as server,
    ):
        address = f"http://127.0.0.1:{server.port}/graphql"
        return await run("audits.mjs", {"URL": address, "TOKEN": server.api.token()})


async def test_a_server_for_old_clients_passes_all(postgres: Cluster, street_template: str, tmp_path: Path) -> None:
    found = await audited(postgres, street_template, tmp_path, 400)
    assert [audit for audit in found if audit["status"] != "ok"] == []
    assert len(found) == AUDITS
